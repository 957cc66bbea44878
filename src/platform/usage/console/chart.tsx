import { useMemo } from 'react'
import { Chart, ChartFrame, type ChartPlan, ScrollRegion } from '#platform/console'
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
export function UsageChart({ series, by }: { series: Series; by: Period }) {
  const plan = useMemo(() => planOf(series, by), [series, by])
  return (
    <ChartFrame
      title={series.description}
      order={3}
      className={`panel ${classes.chart}`}
      chart={<Chart plan={plan} />}
      table={<Table series={series} by={by} />}
    />
  )
}

function planOf(series: Series, by: Period): ChartPlan {
  const { points, unit, kind } = series
  return {
    label: summaryOf(series, by),
    height: 180,
    places: points.map((_, index) => index),
    series: [{ shape: kind === 'flow' ? 'bars' : 'steps', values: points.map(drawnOf(kind)), color: '--ch-chart' }],
    across: {
      steps: [1, 2, 3, 4, 6, 7, 12, 14, 24],
      space: 58,
      text: index => (points[index] ? formatShortPeriod(points[index].start, by) : ''),
    },
    up: { steps: wholeSteps, text: value => formatMark(value, unit) },
    wordsAt: index => points[index] && `${formatPeriod(points[index].start, by)}: ${wordsOf(points[index], series)}`,
    hint:
      kind === 'flow'
        ? 'Point at or tap a bar for its exact value.'
        : `The highest value of each ${by}. Point or tap for the exact one.`,
  }
}

function Table({ series, by }: { series: Series; by: Period }) {
  const { points, unit, kind, description } = series
  return (
    <ScrollRegion label={`Table of ${description}`} className={classes.table}>
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
    </ScrollRegion>
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
