import { Anchor, Group, Text, Title, useComputedColorScheme } from '@mantine/core'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatAmount, formatCompactAmount } from '#platform/console'
import classes from './compare.module.css'
import type { AwardTotal } from './contractors.ts'

type Line = { id: string; name: string; totals: readonly AwardTotal[] }

/** Each beside its colour differs in its dashes too. */
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4]]

/** Dollars obligated by year of signing, of each contractor over the other; as a drawing or as a table. */
export function CompareChart({ lines }: { lines: readonly Line[] }) {
  const [asTable, setAsTable] = useState(false)
  const id = useId()
  const years = useMemo(() => yearsOf(lines), [lines])
  if (years.length === 0) return null
  return (
    <section className={`panel ${classes.chart}`} aria-labelledby={id}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4" id={id}>
          Obligated by year of signing
        </Title>
        <Anchor
          component="button"
          type="button"
          size="sm"
          className={classes.actions}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? 'Show as a chart' : 'Show as a table'}
        </Anchor>
      </Group>
      {asTable ? <Table lines={lines} years={years} /> : <Drawing lines={lines} years={years} />}
      <ul className={classes.legend}>
        {lines.map(({ id, name }, index) => (
          <li key={id}>
            <span className={classes.swatch} data-line={index} aria-hidden="true" />
            {name}
          </li>
        ))}
      </ul>
    </section>
  )
}

type Part = { lines: readonly Line[]; years: readonly number[] }

function Drawing({ lines, years }: Part) {
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  const [hovered, setHovered] = useState<number>()
  // Drawn again when the amounts are others, not with each drawing of the page.
  const drawn = JSON.stringify(lines.map(line => years.map(year => Number(obligatedIn(line, year) ?? 0))))

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page, which the scheme changes
  useEffect(() => {
    const element = place.current
    if (!element) return
    const style = getComputedStyle(element)
    const axis = {
      stroke: style.getPropertyValue('--mantine-color-dimmed'),
      font: `12px ${style.fontFamily}`,
      ticks: { show: false },
    }
    const amounts = JSON.parse(drawn) as number[][]
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: 240,
        legend: { show: false },
        padding: [14, 8, 0, 0],
        cursor: { y: false, drag: { x: false, y: false } },
        scales: {
          x: { time: false, range: (_, min, max) => [min - 0.3, max + 0.3] },
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
            grid: { stroke: style.getPropertyValue('--ch-line'), width: 1 },
            values: (_, marks) => marks.map(mark => formatCompactAmount(String(mark))),
          },
        ],
        series: [
          {},
          ...amounts.map((_, index) => ({
            stroke: style.getPropertyValue(`--line-${index}`),
            dash: dashes[index] ?? [],
            width: 2,
            points: { size: 5 },
          })),
        ],
        hooks: { setCursor: [each => setHovered(each.cursor.idx ?? undefined)] },
      },
      [[...years], ...amounts],
      element,
    )
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: 240 }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.destroy()
    }
  }, [scheme, drawn, years])

  const year = hovered === undefined ? undefined : years[hovered]
  const says = (each: number) =>
    lines.map(line => `${line.name} ${formatAmount(obligatedIn(line, each) ?? '0')}`).join(', ')
  return (
    <>
      <div
        ref={place}
        className={classes.lines}
        role="img"
        aria-label={`Obligated from ${years[0]} to ${years.at(-1)}. In ${years.at(-1)}: ${says(years.at(-1) ?? 0)}`}
      />
      <Text size="xs" c="dimmed" className="figures" mih={18} aria-hidden="true">
        {year === undefined ? 'Point at or tap a year for its exact amounts.' : `${year}: ${says(year)}`}
      </Text>
    </>
  )
}

function Table({ lines, years }: Part) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section tabIndex={0} aria-label="Table of obligations by year" style={{ overflowX: 'auto' }}>
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
    </section>
  )
}

const obligatedIn = ({ totals }: Line, year: number) => totals.find(total => total.year === year)?.obligated

/** Of all together, those between without awards too. */
function yearsOf(lines: readonly Line[]): number[] {
  const known = lines.flatMap(({ totals }) => totals.map(({ year }) => year))
  if (known.length === 0) return []
  const first = Math.min(...known)
  return Array.from({ length: Math.max(...known) - first + 1 }, (_, index) => first + index)
}
