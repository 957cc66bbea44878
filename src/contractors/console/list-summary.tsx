import { Anchor, Group, Skeleton, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { formatAmount, formatCompactAmount, formatCount, ScrollRegion } from '#platform/console'
import classes from './lists.module.css'
import { type ItemFilters, type List, type ListSummary, priorities, priorityNames, summaryQuery } from './lists.ts'

type Share = ListSummary['states'][number]

/** What the contractors of a list have in common, in three short charts; a share of a state or priority filters by it. */
export function SummaryLine({ list, filters, change }: SummaryProps) {
  const { data } = useQuery(summaryQuery(list.id))
  const [asTable, setAsTable] = useState(false)
  // On a phone the charts would fill the first screen, and the contractors stand below it.
  const isNarrow = useMediaQuery('(max-width: 47.99em)', false, { getInitialValueInEffect: false })
  const [isAsked, setAsked] = useState(false)
  const isOpen = !isNarrow || isAsked
  if (!data) return <Skeleton height={isNarrow ? 42 : 112} mb="md" />
  const ordered = [...priorities, ''].flatMap(value => data.priorities.find(each => each.value === value) ?? [])
  const charts = [
    {
      title: 'By state',
      shares: data.states,
      label: (value: string) => value || 'Abroad or unknown',
      press: (value: string) => value !== '' && change({ state: filters.state.includes(value) ? [] : [value] }),
      isOn: (value: string) => filters.state.includes(value),
    },
    { title: 'By industry', shares: data.naics, label: (value: string) => (value ? `NAICS ${value}` : 'Unknown') },
    {
      title: 'By priority',
      shares: ordered,
      label: (value: string) => priorityNames[value as keyof typeof priorityNames] ?? 'None',
      press: (value: string) => value !== '' && change({ priority: filters.priority.includes(value) ? [] : [value] }),
      isOn: (value: string) => filters.priority.includes(value),
    },
  ]
  return (
    <section aria-label="Summary" className={`panel ${classes.summary}`} data-tables={asTable ? '' : undefined}>
      {isOpen && charts.map(chart => <Chart key={chart.title} {...chart} total={list.itemCount} asTable={asTable} />)}
      <Group gap="md" className={classes.summaryFoot}>
        {isOpen && (
          <Anchor component="button" type="button" size="xs" onClick={() => setAsTable(!asTable)}>
            {asTable ? 'Show as charts' : 'Show as tables'}
          </Anchor>
        )}
        {isNarrow && (
          <Anchor component="button" type="button" size="xs" aria-expanded={isOpen} onClick={() => setAsked(!isOpen)}>
            {isOpen ? 'Hide the summary' : 'By state, industry and priority'}
          </Anchor>
        )}
      </Group>
    </section>
  )
}

type SummaryProps = { list: List; filters: ItemFilters; change: (filters: Partial<ItemFilters>) => void }

type ChartProps = {
  title: string
  shares: readonly Share[]
  total: number
  asTable: boolean
  label: (value: string) => string
  press?: (value: string) => void
  isOn?: (value: string) => boolean
}

function Chart({ title, shares, total, asTable, label, press, isOn }: ChartProps) {
  const shown = asTable ? shares : shares.slice(0, 4)
  const rest = shares.length - shown.length
  if (asTable) {
    return (
      <ScrollRegion label={title}>
        <table className="data">
          <caption className="visually-hidden">{title}</caption>
          <thead>
            <tr>
              <th>{title}</th>
              <th className="number">Contractors</th>
              <th className="number">Contract value</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ value, count, totalValue }) => (
              <tr key={value}>
                <td>{label(value)}</td>
                <td className="number">{formatCount(count)}</td>
                <td className="number">{formatAmount(totalValue)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    )
  }
  return (
    <div>
      <Text component="h2" size="xs" c="dimmed" fw={550} mb={4}>
        {title}
      </Text>
      <ul className={classes.bars}>
        {shown.map(({ value, count, totalValue }) => {
          const content = (
            <>
              <span className={classes.barName}>
                {press && value && <span className="visually-hidden">Only </span>}
                {label(value)}
              </span>
              <span className={classes.barTrack} aria-hidden="true">
                <span style={{ width: `${total === 0 ? 0 : (100 * count) / total}%` }} />
              </span>
              <span className="figures">{formatCount(count)}</span>
            </>
          )
          const said = `${label(value)}: ${formatCount(count)}, ${formatCompactAmount(totalValue)}`
          return (
            <li key={value}>
              {press && value ? (
                <button
                  type="button"
                  className={classes.bar}
                  aria-pressed={isOn?.(value) ?? false}
                  title={said}
                  onClick={() => press(value)}
                >
                  {content}
                </button>
              ) : (
                <div className={classes.bar} title={said}>
                  {content}
                </div>
              )}
            </li>
          )
        })}
      </ul>
      {rest > 0 && (
        <Text size="xs" c="dimmed">
          and {formatCount(rest)} more
        </Text>
      )}
    </div>
  )
}
