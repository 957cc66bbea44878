import { useMemo } from 'react'
import { Chart, ChartFrame, type ChartPlan, formatAmount, formatCompactAmount, ScrollRegion } from '#platform/console'
import classes from './compare.module.css'
import type { AwardTotal } from './contractors.ts'

export type Line = { id: string; name: string; totals: readonly AwardTotal[] }

/** Each beside its colour differs in its dashes too. */
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4]]

/** Dollars obligated by year of signing, of each contractor over the other; as a drawing or as a table. */
export function CompareChart({ lines }: { lines: readonly Line[] }) {
  const years = useMemo(() => yearsOf(lines), [lines])
  const plan = useMemo(() => planOf(lines, drawnOf(lines, years)), [lines, years])
  if (years.length === 0) return null
  return (
    <ChartFrame
      title="Obligated by year of signing"
      className={`panel ${classes.chart}`}
      chart={<Chart plan={plan} />}
      table={<Table lines={lines} years={years} />}
    >
      <ul className={classes.legend}>
        {lines.map(({ id, name }, index) => (
          <li key={id}>
            <span className={classes.swatch} data-line={index} aria-hidden="true" />
            {name}
          </li>
        ))}
      </ul>
    </ChartFrame>
  )
}

function planOf(lines: readonly Line[], years: readonly number[]): ChartPlan {
  const wordsOf = (year: number) =>
    lines.map(line => `${line.name} ${formatAmount(obligatedIn(line, year) ?? '0')}`).join(', ')
  const last = years.at(-1) ?? 0
  return {
    label: `Obligated from ${years[0]} to ${last}. In ${last}: ${wordsOf(last)}`,
    height: 240,
    places: years,
    series: lines.map((line, index) => ({
      shape: 'line',
      values: years.map(year => Number(obligatedIn(line, year) ?? 0)),
      color: `--line-${index}`,
      dash: dashes[index] ?? [],
    })),
    across: { steps: [1, 2, 5, 10], text: String },
    up: { text: value => formatCompactAmount(String(value)) },
    wordsAt: index => (years[index] === undefined ? undefined : `${years[index]}: ${wordsOf(years[index])}`),
    hint: 'Point at or tap a year for its exact amounts. Earlier years of nothing or next to nothing are in the table.',
  }
}

function Table({ lines, years }: { lines: readonly Line[]; years: readonly number[] }) {
  return (
    <ScrollRegion label="Table of obligations by year">
      <table className="data">
        <thead>
          <tr>
            <th>Year</th>
            {lines.map(({ id, name }) => (
              <th key={id} className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {years.map(year => (
            <tr key={year}>
              <td>{year}</td>
              {lines.map(line => (
                <td key={line.id} className="number">
                  {formatAmount(obligatedIn(line, year) ?? '0')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

const obligatedIn = ({ totals }: Line, year: number) => totals.find(total => total.year === year)?.obligated

/** Decades of trifles would press the lines together: from the year before the first that can be seen beside the highest. */
function drawnOf(lines: readonly Line[], years: readonly number[]): readonly number[] {
  const heightOf = (year: number) => Math.max(...lines.map(line => Math.abs(Number(obligatedIn(line, year) ?? 0))))
  const highest = Math.max(...years.map(heightOf))
  const begin = years.findIndex(year => heightOf(year) >= highest / 200)
  return years.slice(Math.max(begin - 1, 0))
}

/** Of all together, those between without awards too. */
function yearsOf(lines: readonly Line[]): number[] {
  const known = lines.flatMap(({ totals }) => totals.map(({ year }) => year))
  if (known.length === 0) return []
  const first = Math.min(...known)
  return Array.from({ length: Math.max(...known) - first + 1 }, (_, index) => first + index)
}
