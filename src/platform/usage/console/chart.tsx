import { Anchor, Text, Title, useComputedColorScheme } from '@mantine/core'
import { useEffect, useId, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useBrand } from '#platform/console'
import classes from './usage.module.css'
import {
  formatMark,
  formatPeriod,
  formatShortPeriod,
  formatUsed,
  type Period,
  type Point,
  type Series,
} from './usage.ts'

/** What was used of a metric, period by period, as a drawing or as a table. */
export function Chart({ series, by }: { series: Series; by: Period }) {
  const [asTable, setAsTable] = useState(false)
  const id = useId()
  return (
    <section aria-labelledby={id} className={`panel ${classes.chart}`}>
      <div className={classes.chartHead}>
        <Title order={3} size="h5" id={id}>
          {series.description}
        </Title>
        <Anchor component="button" type="button" size="sm" onClick={() => setAsTable(!asTable)} aria-describedby={id}>
          {asTable ? 'Show as a chart' : 'Show as a table'}
        </Anchor>
      </div>
      {asTable ? <Table series={series} by={by} /> : <Drawing series={series} by={by} />}
    </section>
  )
}

function Drawing({ series, by }: { series: Series; by: Period }) {
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  const brand = useBrand()?.colors.primary
  const [hovered, setHovered] = useState<number>()
  const { points, unit, kind } = series

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page; scheme and brand change them
  useEffect(() => {
    const element = place.current
    if (!element) return
    const style = getComputedStyle(element)
    const bar = style.getPropertyValue('--ch-chart')
    const axis = {
      stroke: style.getPropertyValue('--mantine-color-dimmed'),
      font: `12px ${style.fontFamily}`,
      ticks: { show: false },
    }
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: 180,
        legend: { show: false },
        padding: [14, 8, 0, 0],
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        scales: {
          x: { time: false, range: (_, min, max) => [min - 0.6, max + 0.6] },
          y: { range: (_, _min, max) => [0, Math.max(max, 0) * 1.08 || 1] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            space: 58,
            grid: { show: false },
            incrs: [1, 2, 3, 4, 6, 7, 12, 14, 24],
            values: (_, marks) => marks.map(mark => (points[mark] ? formatShortPeriod(points[mark].start, by) : '')),
          },
          {
            ...axis,
            size: 62,
            grid: { stroke: style.getPropertyValue('--ch-line'), width: 1 },
            incrs: wholeSteps,
            values: (_, marks) => marks.map(mark => formatMark(mark, unit)),
          },
        ],
        series: [
          {},
          kind === 'flow'
            ? {
                fill: bar,
                stroke: bar,
                width: 0,
                points: { show: false },
                paths: uPlot.paths.bars?.({ size: [0.7, 40], radius: 0.1 }),
              }
            : {
                stroke: bar,
                width: 2,
                fill: `color-mix(in srgb, ${bar} 16%, transparent)`,
                points: { show: points.filter(({ highest }) => highest !== null).length < 2, size: 6, fill: bar },
                paths: uPlot.paths.stepped?.({ align: 1 }),
              },
        ],
        hooks: { setCursor: [each => setHovered(each.cursor.idx ?? undefined)] },
      },
      [points.map((_, index) => index), points.map(drawnOf(kind))],
      element,
    )
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: 180 }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.destroy()
    }
  }, [scheme, brand, series, by])

  const shown = hovered === undefined ? undefined : points[hovered]
  return (
    <>
      <div ref={place} role="img" aria-label={summaryOf(series, by)} />
      <Text size="xs" c="dimmed" className="figures" mih={18} aria-hidden="true">
        {shown
          ? `${formatPeriod(shown.start, by)}: ${wordsOf(shown, series)}`
          : kind === 'flow'
            ? `Point at or tap a bar for its exact value.`
            : `The highest value of each ${by}. Point or tap for the exact one.`}
      </Text>
    </>
  )
}

function Table({ series, by }: { series: Series; by: Period }) {
  const { points, unit, kind, description } = series
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section tabIndex={0} aria-label={`Table of ${description}`} className={classes.table}>
      <table className="data">
        <thead>
          <tr>
            <th>{{ hour: 'Hour', day: 'Day', month: 'Month' }[by]}</th>
            <th className="number">{kind === 'flow' ? 'Used' : 'At the end'}</th>
            {kind === 'gauge' && <th className="number">Highest</th>}
          </tr>
        </thead>
        <tbody>
          {points.toReversed().map(({ start, value, highest }) => (
            <tr key={start}>
              <td>{formatPeriod(start, by)}</td>
              <td className="number">{value === null ? 'not known' : formatUsed(value, unit)}</td>
              {kind === 'gauge' && <td className="number">{highest === null ? '' : formatUsed(highest, unit)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const wholeSteps = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map(step => step * 10 ** power)).flat()

const drawnOf = (kind: Series['kind']) => (point: Point) => (kind === 'flow' ? point.value : point.highest)

function wordsOf({ value, highest }: Point, { unit, kind }: Series): string {
  if (value === null) return 'not known'
  const last = formatUsed(value, unit)
  return kind === 'flow' || highest === null || highest === value
    ? last
    : `${last} at the end, ${formatUsed(highest, unit)} at most`
}

function summaryOf(series: Series, by: Period): string {
  const known = series.points.filter(({ value }) => value !== null)
  const [first, last] = [known[0], known.at(-1)]
  if (!first || !last) return `${series.description}: nothing is known yet.`
  const highest = known.reduce((high, point) =>
    (drawnOf(series.kind)(point) ?? 0) > (drawnOf(series.kind)(high) ?? 0) ? point : high,
  )
  return (
    `${series.description} by ${by}, from ${formatPeriod(first.start, by)} to ${formatPeriod(last.start, by)}. ` +
    `Last: ${wordsOf(last, series)}. Highest: ${formatPeriod(highest.start, by)}, ${formatUsed(drawnOf(series.kind)(highest) ?? 0, series.unit)}.`
  )
}
