import { Anchor, NativeSelect, Skeleton, Text, Title, useComputedColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { ErrorState, formatAmount, formatCompactAmount, formatCount, sumAmounts } from '#platform/console'
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
  const [asTable, setAsTable] = useState(false)
  const id = useId()
  const totals = useMemo(() => (data?.items ?? []).map(withLabel), [data])
  if (isPending) return <Skeleton height={220} />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <section aria-labelledby={id} style={{ minWidth: 0 }}>
      <div
        style={{ display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', alignItems: 'center', gap: 12 }}
      >
        <Title order={2} size="h4" id={id}>
          Obligated by {titles[by]} of signing
        </Title>
        {totals.length > 0 && (
          <div style={{ display: 'flex', gap: 12, alignItems: 'center' }}>
            {withPeriods && (
              <NativeSelect
                size="xs"
                aria-label="By what periods"
                value={by}
                data={periods}
                onChange={event => setBy(event.currentTarget.value as By)}
              />
            )}
            <Anchor component="button" type="button" size="sm" onClick={() => setAsTable(!asTable)}>
              {asTable ? 'Show as a chart' : 'Show as a table'}
            </Anchor>
          </div>
        )}
      </div>
      {totals.length === 0 ? (
        <Text c="dimmed" size="sm" py={48} ta="center">
          There are no awards to draw.
        </Text>
      ) : asTable ? (
        <Table totals={totals} by={by} />
      ) : (
        <Bars totals={totals} />
      )}
    </section>
  )
}

/** `place` is on an axis of whole steps: years, or quarters since year 0. */
type Total = AwardTotal & { place: number }

const withLabel = (total: AwardTotal): Total => ({
  ...total,
  place: total.quarter === undefined ? total.year : total.year * 4 + total.quarter - 1,
})

const nameOf = ({ year, quarter }: AwardTotal) => (quarter === undefined ? `${year}` : `Q${quarter} ${year}`)

function Bars({ totals }: { totals: readonly Total[] }) {
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  const [hovered, setHovered] = useState<number>()
  const { early, years } = useMemo(() => divide(totals), [totals])
  const isQuarterly = totals[0]?.quarter !== undefined

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page, which the scheme changes
  useEffect(() => {
    const element = place.current
    if (!element) return
    const style = getComputedStyle(element)
    const ink = style.getPropertyValue('--mantine-color-dimmed')
    const line = style.getPropertyValue('--ch-line')
    const bar = style.getPropertyValue('--ch-chart')
    const axis = { stroke: ink, font: `12px ${style.fontFamily}`, ticks: { show: false } }
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: 190,
        legend: { show: false },
        padding: [14, 8, 0, 0],
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        scales: {
          x: { time: false, range: (_, min, max) => [min - 0.6, max + 0.6] },
          y: { range: (_, min, max) => [Math.min(0, min), Math.max(0, max) * 1.06 || 1] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            grid: { show: false },
            incrs: isQuarterly ? [4, 8, 20, 40, 80] : [1, 2, 5, 10],
            values: (_, marks) => marks.map(mark => (Number.isInteger(mark) ? `${isQuarterly ? mark / 4 : mark}` : '')),
          },
          {
            ...axis,
            size: 62,
            grid: { stroke: line, width: 1 },
            values: (_, marks) => marks.map(mark => formatCompactAmount(String(mark))),
          },
        ],
        series: [
          {},
          {
            fill: bar,
            stroke: bar,
            width: 0,
            points: { show: false },
            paths: uPlot.paths.bars?.({ size: [0.68, 46], radius: 0.12 }),
          },
        ],
        hooks: { setCursor: [each => setHovered(each.cursor.idx ?? undefined)] },
      },
      // Lengths of bars: the one place where amounts may become floats.
      [years.map(total => total.place), years.map(total => Number(total.obligated))],
      element,
    )
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: 190 }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.destroy()
    }
  }, [scheme, years, isQuarterly])

  const shown = hovered === undefined ? undefined : years[hovered]
  return (
    <>
      <div ref={place} role="img" aria-label={describe(totals)} />
      <Text size="xs" c="dimmed" className="figures" mih={18} aria-hidden="true">
        {shown
          ? `${nameOf(shown)}: ${formatAmount(shown.obligated)} in ${formatCount(shown.awards)} ${shown.awards === 1 ? 'award' : 'awards'}`
          : `Point at or tap a bar for its exact amount.${early}`}
      </Text>
    </>
  )
}

function Table({ totals, by }: { totals: readonly Total[]; by: By }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section tabIndex={0} aria-label="Table of obligations by year" className={classes.table}>
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
    </section>
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
