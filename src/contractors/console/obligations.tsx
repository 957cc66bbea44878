import { Anchor, Skeleton, Text, Title, useComputedColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { ErrorState, formatAmount, formatCompactAmount, formatCount, sumAmounts } from '#platform/console'
import classes from './contractor.module.css'
import { type AwardTotal, awardTotalsQuery } from './contractors.ts'

/** Dollars obligated by the year of signing, as a drawing or as a table. */
export function Obligations({ contractorId }: { contractorId: string }) {
  const { data, isPending, error, refetch } = useQuery(awardTotalsQuery(contractorId))
  const [asTable, setAsTable] = useState(false)
  const id = useId()
  if (isPending) return <Skeleton height={220} />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  const totals = data.items
  return (
    <section aria-labelledby={id} style={{ minWidth: 0 }}>
      <div style={{ display: 'flex', justifyContent: 'space-between', alignItems: 'baseline', gap: 12 }}>
        <Title order={2} id={id}>
          Obligated by year of signing
        </Title>
        {totals.length > 0 && (
          <Anchor component="button" type="button" size="sm" onClick={() => setAsTable(!asTable)}>
            {asTable ? 'Show as a chart' : 'Show as a table'}
          </Anchor>
        )}
      </div>
      {totals.length === 0 ? (
        <Text c="dimmed" size="sm" py={48} ta="center">
          There are no awards to draw.
        </Text>
      ) : asTable ? (
        <Table totals={totals} />
      ) : (
        <Bars totals={totals} />
      )}
    </section>
  )
}

function Bars({ totals }: { totals: readonly AwardTotal[] }) {
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  const [hovered, setHovered] = useState<number>()
  const { early, years } = useMemo(() => divide(totals), [totals])

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
            incrs: [1, 2, 5, 10],
            values: (_, marks) => marks.map(mark => (Number.isInteger(mark) ? `${mark}` : '')),
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
      [years.map(total => total.year), years.map(total => Number(total.obligated))],
      element,
    )
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: 190 }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.destroy()
    }
  }, [scheme, years])

  const shown = hovered === undefined ? undefined : years[hovered]
  return (
    <>
      <div ref={place} role="img" aria-label={describe(totals)} />
      <Text size="xs" c="dimmed" className="figures" mih={18} aria-hidden="true">
        {shown
          ? `${shown.year}: ${formatAmount(shown.obligated)} in ${formatCount(shown.awards)} ${shown.awards === 1 ? 'award' : 'awards'}`
          : `Point at or tap a year for its exact amount.${early}`}
      </Text>
    </>
  )
}

function Table({ totals }: { totals: readonly AwardTotal[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section tabIndex={0} aria-label="Table of obligations by year" className={classes.table}>
      <table className="data">
        <thead>
          <tr>
            <th>Year</th>
            <th className="number">Awards</th>
            <th className="number">Obligated</th>
          </tr>
        </thead>
        <tbody>
          {totals.map(total => (
            <tr key={total.year}>
              <td>{total.year}</td>
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
function divide(totals: readonly AwardTotal[]): { early: string; years: AwardTotal[] } {
  const highest = Math.max(...totals.map(heightOf))
  const begin = Math.max(
    totals.findIndex(total => heightOf(total) >= highest / 200),
    0,
  )
  const shown = new Map(totals.slice(begin).map(total => [total.year, total]))
  const first = totals[begin]?.year ?? 0
  const last = totals.at(-1)?.year ?? first
  const years = Array.from({ length: last - first + 1 }, (_, i) => {
    return shown.get(first + i) ?? { year: first + i, awards: 0, obligated: '0' }
  })
  const hidden = totals.slice(0, begin)
  const count = hidden.reduce((sum, total) => sum + total.awards, 0)
  const amount = formatAmount(sumAmounts(hidden.map(total => total.obligated)))
  const early = ` Before ${first}: ${amount} in ${formatCount(count)} ${count === 1 ? 'award' : 'awards'}.`
  return { early: hidden.length > 0 ? early : '', years }
}

const heightOf = (total: AwardTotal) => Math.abs(Number(total.obligated))

function describe(totals: readonly AwardTotal[]): string {
  return `Dollars obligated by year of signing. ${totals
    .map(total => `${total.year}: ${formatAmount(total.obligated)}`)
    .join('. ')}.`
}
