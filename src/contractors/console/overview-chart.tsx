import { Anchor, Text } from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import {
  Chart,
  ChartFrame,
  type ChartPlan,
  formatAmount,
  formatCompactAmount,
  formatCount,
  PageLink,
  ScrollRegion,
} from '#platform/console'
import classes from './overview.module.css'
import type { Bar, Count, Measure } from './overview.ts'

type CountsProps = {
  title: string
  note?: string
  /** What a row is, for the head of the table: `Agency`. */
  noun: string
  rows: readonly Bar[]
  by: Measure
  isWide?: boolean
  children?: ReactNode
  /** How many of the rows are drawn; the table has all. */
  drawn?: number
}

/** A part of the overview: bars, of which each leads to what it counts, or the same as a table. */
export function Counts({ title, note, noun, rows, by, isWide = false, children, drawn = 8 }: CountsProps) {
  const isEmpty = rows.length === 0
  return (
    <ChartFrame
      title={title}
      note={note}
      className={`panel ${classes.chart} ${isWide ? classes.wide : ''}`}
      isEmpty={isEmpty}
      chart={
        isEmpty ? (
          <Text c="dimmed" size="sm" py={32} ta="center">
            Nothing is known of this yet.
          </Text>
        ) : (
          (children ?? <Bars rows={rows} by={by} drawn={drawn} />)
        )
      }
      table={<Table title={title} noun={noun} rows={rows} />}
    />
  )
}

// Lengths of bars: the one place where amounts may become floats.
export const lengthOf = (count: Count, by: Measure): number =>
  by === 'contractors' ? (count.profiles ?? 0) : Math.max(0, Number(count.obligated))

export const shownValue = (count: Count, by: Measure): string =>
  by === 'contractors' ? formatCount(count.profiles ?? 0) : formatCompactAmount(count.obligated)

export function Bars({ rows, by, drawn }: { rows: readonly Bar[]; by: Measure; drawn: number }) {
  const longest = Math.max(...rows.map(row => lengthOf(row, by)), 1)
  // Sizes have an order of their own, all others the greatest first.
  const shown = rows.slice(0, drawn)
  return (
    <div style={{ minWidth: 0 }}>
      <ul className={classes.bars}>
        {shown.map(row => {
          const content = (
            <>
              <span className={classes.name} title={row.name}>
                {row.name}
              </span>
              <span className="figures" title={wordsOf(row)}>
                {shownValue(row, by)}
              </span>
              <span className={classes.track} aria-hidden="true">
                <span className={classes.fill} style={{ width: `${(lengthOf(row, by) / longest) * 100}%` }} />
              </span>
            </>
          )
          return (
            <li key={row.key}>
              {row.link ? (
                <PageLink className={classes.bar} {...row.link}>
                  {content}
                </PageLink>
              ) : (
                <div className={classes.bar}>{content}</div>
              )}
            </li>
          )
        })}
      </ul>
      {rows.length > shown.length && (
        <Text size="xs" c="dimmed" mt={6}>
          {formatCount(rows.length - shown.length)} more in the table
        </Text>
      )}
    </div>
  )
}

/** All that is known of a row in a line. */
export const wordsOf = ({ profiles, awards, obligated }: Count): string =>
  [
    profiles !== null && `${formatCount(profiles)} ${profiles === 1 ? 'contractor' : 'contractors'}`,
    `${formatCount(awards)} ${awards === 1 ? 'award' : 'awards'}`,
    formatAmount(obligated),
  ]
    .filter(Boolean)
    .join(', ')

function Table({ title, noun, rows }: { title: string; noun: string; rows: readonly Bar[] }) {
  const hasProfiles = rows.some(({ profiles }) => profiles !== null)
  return (
    <ScrollRegion label={`Table: ${title}`} className={classes.table}>
      <table className="data">
        <thead>
          <tr>
            <th>{noun}</th>
            {hasProfiles && <th className="number">Contractors</th>}
            <th className="number">Awards</th>
            <th className="number">Active awards</th>
            <th className="number">Obligated</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, link, profiles, awards, activeAwards, obligated }) => (
            <tr key={key}>
              <td>
                {link ? (
                  <Anchor component={PageLink} {...link} size="sm">
                    {name}
                  </Anchor>
                ) : (
                  name
                )}
              </td>
              {hasProfiles && <td className="number">{profiles === null ? '' : formatCount(profiles)}</td>}
              <td className="number">{formatCount(awards)}</td>
              <td className="number">{formatCount(activeAwards)}</td>
              <td className="number">{formatAmount(obligated)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

/** Bars over fiscal years, from the first one that can be seen beside the highest: decades of trifles would press the others. */
export function Years({ rows, by }: { rows: readonly Bar[]; by: Measure }) {
  const plan = useMemo(() => planOf(rows, by), [rows, by])
  return <Chart plan={plan} />
}

const heightOf = ({ obligated, awards }: Bar, by: Measure) =>
  by === 'obligated' ? Math.abs(Number(obligated)) : awards

function seenOf(rows: readonly Bar[], by: Measure): readonly Bar[] {
  const highest = Math.max(...rows.map(row => heightOf(row, by)))
  const first = rows.findIndex(row => heightOf(row, by) >= highest / 200)
  return rows.slice(Math.max(first, 0))
}

function planOf(all: readonly Bar[], by: Measure): ChartPlan {
  const rows = seenOf(all, by)
  const isMoney = by === 'obligated'
  const said = rows.map(row => `${row.key}: ${wordsOf(row)}`).join('. ')
  return {
    label: `${isMoney ? 'Dollars obligated' : 'Awards'} by fiscal year of signing. ${said}.`,
    height: 220,
    places: rows.map(({ key }) => Number(key)),
    series: [
      {
        shape: 'bars',
        values: rows.map(({ obligated, awards }) => (isMoney ? Number(obligated) : awards)),
        color: '--ch-chart',
      },
    ],
    across: { steps: [1, 2, 5, 10], text: String },
    up: { text: value => (isMoney ? formatCompactAmount(String(value)) : formatCount(value)) },
    wordsAt: index => rows[index] && `Fiscal year ${rows[index].key}: ${wordsOf(rows[index])}`,
    hint: `Point at or tap a year for its exact amount.${rows.length < all.length ? ' Earlier years of nothing or next to nothing are in the table.' : ''}`,
  }
}
