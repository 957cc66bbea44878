import { NativeSelect, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import {
  Chart,
  ChartFrame,
  type ChartPlan,
  ErrorState,
  formatAmount,
  formatCompactAmount,
  formatCount,
  ScrollRegion,
  sumAmounts,
} from '#platform/console'
import classes from './contractor.module.css'
import type { AwardTotal } from './contractors.ts'
import { totalsQuery } from './profile-queries.ts'

type By = 'year' | 'quarter' | 'fiscal_year'

const periods = [
  { value: 'year', label: 'Calendar years' },
  { value: 'fiscal_year', label: 'Fiscal years' },
  { value: 'quarter', label: 'Quarters' },
] as const satisfies readonly { value: By; label: string }[]

const titles = { year: 'year', fiscal_year: 'fiscal year', quarter: 'quarter' } as const

/** Dollars obligated by when awards were signed, as a drawing or as a table; `withPeriods` lets one choose by what. */
export function Obligations({ contractorId, withPeriods }: { contractorId: string; withPeriods?: boolean }) {
  const [by, setBy] = useState<By>('year')
  const { data, isPending, error, refetch } = useQuery({
    ...totalsQuery(contractorId, by),
    placeholderData: last => last,
  })
  const totals = useMemo(() => (data?.items ?? []).map(withPlace), [data])
  if (isPending) return <Skeleton height={220} />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  const isEmpty = totals.length === 0
  return (
    <ChartFrame
      title={`Obligated by ${titles[by]} of signing`}
      isEmpty={isEmpty}
      actions={
        withPeriods && (
          <NativeSelect
            size="xs"
            aria-label="By what periods"
            value={by}
            data={periods}
            onChange={event => setBy(event.currentTarget.value as By)}
          />
        )
      }
      chart={
        isEmpty || totals.every(total => heightOf(total) === 0) ? (
          <Text c="dimmed" size="sm" py={48} ta="center">
            {isEmpty ? 'No award with a date of signing is known.' : 'No dollars are obligated in its awards.'}
          </Text>
        ) : (
          <Bars totals={totals} />
        )
      }
      table={<Table totals={totals} by={by} />}
    />
  )
}

/** `place` is on an axis of whole steps: years, or quarters since year 0. */
type Total = AwardTotal & { place: number }

const withPlace = (total: AwardTotal): Total => ({
  ...total,
  place: total.quarter === undefined ? total.year : total.year * 4 + total.quarter - 1,
})

const nameOf = ({ year, quarter }: AwardTotal) => (quarter === undefined ? `${year}` : `Q${quarter} ${year}`)

function Bars({ totals }: { totals: readonly Total[] }) {
  const plan = useMemo(() => planOf(totals), [totals])
  return <Chart plan={plan} />
}

function planOf(totals: readonly Total[]): ChartPlan {
  const { early, years } = divide(totals)
  const isQuarterly = totals[0]?.quarter !== undefined
  return {
    label: describe(totals),
    height: 190,
    places: years.map(({ place }) => place),
    // Lengths of bars: the one place where amounts may become floats.
    series: [{ shape: 'bars', values: years.map(({ obligated }) => Number(obligated)), color: '--ch-chart' }],
    across: {
      steps: isQuarterly ? [4, 8, 20, 40, 80] : [1, 2, 5, 10],
      text: place => `${isQuarterly ? place / 4 : place}`,
    },
    up: { text: value => formatCompactAmount(String(value)) },
    wordsAt: index => years[index] && wordsOf(years[index]),
    hint: `Point at or tap a bar for its exact amount.${early}`,
  }
}

const wordsOf = (total: Total) =>
  `${nameOf(total)}: ${formatAmount(total.obligated)} in ${formatCount(total.awards)} ${total.awards === 1 ? 'award' : 'awards'}`

function Table({ totals, by }: { totals: readonly Total[]; by: By }) {
  return (
    <ScrollRegion label={`Table of obligations by ${titles[by]}`} className={classes.table}>
      <table className="data">
        <thead>
          <tr>
            <th>{by === 'quarter' ? 'Quarter' : by === 'year' ? 'Year' : 'Fiscal year'}</th>
            <th className="number">Awards</th>
            <th className="number">Obligated</th>
          </tr>
        </thead>
        <tbody>
          {totals.map(total => (
            <tr key={total.place}>
              <td>{nameOf(total)}</td>
              <td className="number">{formatCount(total.awards)}</td>
              <td className="number">{formatAmount(total.obligated)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

/**
 * The years to draw, and a sentence on those before them. Decades of trifles would press the bars that matter together:
 * drawing begins with the first year that can be seen beside the highest. In between, a year without awards is a gap.
 */
function divide(totals: readonly Total[]): { early: string; years: Total[] } {
  const highest = Math.max(...totals.map(heightOf))
  const begin = Math.max(
    totals.findIndex(total => heightOf(total) >= highest / 200),
    0,
  )
  const shown = new Map(totals.slice(begin).map(total => [total.place, total]))
  const start = totals[begin]
  const first = start?.place ?? 0
  const last = totals.at(-1)?.place ?? first
  const years = Array.from({ length: last - first + 1 }, (_, i) => shown.get(first + i) ?? nothingAt(first + i, start))
  const hidden = totals.slice(0, begin)
  const count = hidden.reduce((sum, total) => sum + total.awards, 0)
  const amount = formatAmount(sumAmounts(hidden.map(total => total.obligated)))
  const early = ` Before ${start ? nameOf(start) : ''}: ${amount} in ${formatCount(count)} ${count === 1 ? 'award' : 'awards'}.`
  return { early: hidden.length > 0 ? early : '', years }
}

function nothingAt(place: number, like: Total | undefined): Total {
  const none = { place, awards: 0, obligated: '0' }
  if (like?.quarter === undefined) return { ...none, year: place }
  return { ...none, year: Math.floor(place / 4), quarter: (place % 4) + 1 }
}

const heightOf = (total: AwardTotal) => Math.abs(Number(total.obligated))

function describe(totals: readonly Total[]): string {
  return `Dollars obligated by when the awards were signed. ${totals
    .map(total => `${nameOf(total)}: ${formatAmount(total.obligated)}`)
    .join('. ')}.`
}
