import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { formatAmount, formatCompactAmount, formatCount, PageLink, TableSwitch } from '#platform/console'
import classes from './profile.module.css'
import { Loaded, Part, Table } from './profile-part.tsx'
import { type AwardBreakdown, breakdownQuery } from './profile-queries.ts'

const titles = {
  agency: { title: 'By agency', column: 'Agency', filter: 'agencyId', rest: 'agencies' },
  naics: { title: 'By industry of the award', column: 'Industry', filter: 'naics', rest: 'industries' },
  kind: { title: 'By kind', column: 'Kind', filter: 'kind', rest: 'kinds' },
} as const

/** The ten largest shares of the awards as bars or as a table; each leads to its awards. */
export function Breakdown({ contractorId, by }: { contractorId: string; by: keyof typeof titles }) {
  const query = useQuery(breakdownQuery(contractorId, by))
  const [isTable, setTable] = useState(false)
  const { title, column, filter, rest } = titles[by]
  return (
    <Part
      title={title}
      note="Dollars obligated, the ten largest"
      actions={
        query.data && query.data.items.length > 0 && <TableSwitch title={title} isTable={isTable} change={setTable} />
      }
    >
      <Loaded
        query={query}
        height={220}
        isEmpty={({ items }) => items.length === 0}
        empty={{ icon: 'chart', title: 'No award is known', text: 'There is nothing to sum up.' }}
      >
        {data => {
          const shares = sharesOf(data, rest)
          const linkOf = (key: string | null) =>
            key === null
              ? undefined
              : { to: `/contractors/${contractorId}`, search: { section: 'awards', [filter]: key } }
          return isTable ? (
            <Table
              label={`Table of awards ${title.toLowerCase()}`}
              head={
                <tr>
                  <th>{column}</th>
                  <th className="number">Awards</th>
                  <th className="number">Active</th>
                  <th className="number">Obligated</th>
                </tr>
              }
            >
              {shares.map(({ key, label, awards, active, obligated }) => (
                <tr key={key ?? label}>
                  <td>
                    {label}
                    {key && by === 'naics' && <span className="code"> ({key})</span>}
                  </td>
                  <td className="number">{formatCount(awards)}</td>
                  <td className="number">{formatCount(active)}</td>
                  <td className="number">{obligated === null ? 'not known' : formatAmount(obligated)}</td>
                </tr>
              ))}
            </Table>
          ) : (
            <Bars shares={shares} linkOf={linkOf} withCodes={by === 'naics'} />
          )
        }}
      </Loaded>
    </Part>
  )
}

type Share = AwardBreakdown['items'][number] & { isRest?: boolean }

function sharesOf({ items, others }: AwardBreakdown, noun: string): Share[] {
  if (!others) return [...items]
  return [...items, { key: null, label: `${formatCount(others.count)} other ${noun}`, isRest: true, ...others }]
}

type LinkOf = (key: string | null) => { to: string; search: Record<string, string> } | undefined

/** Industries of two editions may have one title: they are told apart by their codes. */
function Bars({ shares, linkOf, withCodes }: { shares: readonly Share[]; linkOf: LinkOf; withCodes: boolean }) {
  // Lengths of bars: the one place where amounts may become floats.
  const longest = Math.max(...shares.map(({ obligated }) => Number(obligated)), 1)
  return (
    <ul className={classes.bars}>
      {shares.map(share => {
        const { key, label, awards, obligated, isRest } = share
        const link = linkOf(key)
        const content = (
          <>
            <span className={classes.barName} title={label}>
              {label}
              {withCodes && key && (
                <Text span c="dimmed" inherit className="code">
                  {' '}
                  {key}
                </Text>
              )}
            </span>
            <span className={classes.barValue} title={obligated === null ? undefined : formatAmount(obligated)}>
              {obligated === null ? 'not known' : formatCompactAmount(obligated)}
              <span className="visually-hidden">
                {' '}
                in {formatCount(awards)} {awards === 1 ? 'award' : 'awards'}
              </span>
            </span>
            <span className={classes.barTrack} aria-hidden="true">
              <span
                className={classes.barFill}
                data-rest={isRest || undefined}
                style={{ width: `${Math.max(0, (Number(obligated) / longest) * 100)}%` }}
              />
            </span>
          </>
        )
        return (
          <li key={key ?? label}>
            {link ? (
              <PageLink className={classes.bar} {...link}>
                {content}
              </PageLink>
            ) : (
              <div className={classes.bar}>{content}</div>
            )}
          </li>
        )
      })}
    </ul>
  )
}
