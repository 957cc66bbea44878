import { Anchor, Text, Title, useComputedColorScheme } from '@mantine/core'
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatAmount, formatCompactAmount, formatCount, PageLink, useBrand } from '#platform/console'
import classes from './overview.module.css'
import type { Bar, Count, Measure } from './overview.ts'

type ChartProps = {
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
export function Chart({ title, note, noun, rows, by, isWide = false, children, drawn = 8 }: ChartProps) {
  const [asTable, setAsTable] = useState(false)
  const id = useId()
  return (
    <section aria-labelledby={id} className={`panel ${classes.chart} ${isWide ? classes.wide : ''}`}>
      <div className={classes.head}>
        <div>
          <Title order={2} size="h4" id={id}>
            {title}
          </Title>
          {note && (
            <Text size="sm" c="dimmed">
              {note}
            </Text>
          )}
        </div>
        {rows.length > 0 && (
          <Anchor component="button" type="button" size="sm" onClick={() => setAsTable(!asTable)} aria-describedby={id}>
            {asTable ? 'Show as a chart' : 'Show as a table'}
          </Anchor>
        )}
      </div>
      {rows.length === 0 ? (
        <Text c="dimmed" size="sm" py={32} ta="center">
          Nothing is known of this yet.
        </Text>
      ) : asTable ? (
        <Table title={title} noun={noun} rows={rows} />
      ) : (
        (children ?? <Bars rows={rows} by={by} drawn={drawn} />)
      )}
    </section>
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
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section tabIndex={0} aria-label={`Table: ${title}`} className={classes.table}>
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
    </section>
  )
}

/** Bars over fiscal years. */
export function Years({ rows, by }: { rows: readonly Bar[]; by: Measure }) {
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  const brand = useBrand()?.colors.primary
  const [hovered, setHovered] = useState<number>()

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
        height: 220,
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
            grid: { stroke: style.getPropertyValue('--ch-line'), width: 1 },
            values: (_, marks) =>
              marks.map(mark => (by === 'obligated' ? formatCompactAmount(String(mark)) : formatCount(mark))),
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
      [
        rows.map(({ key }) => Number(key)),
        rows.map(({ obligated, awards }) => (by === 'obligated' ? Number(obligated) : awards)),
      ],
      element,
    )
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: 220 }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.destroy()
    }
  }, [scheme, brand, rows, by])

  const shown = hovered === undefined ? undefined : rows[hovered]
  const label = `${by === 'obligated' ? 'Dollars obligated' : 'Awards'} by fiscal year of signing. ${rows
    .map(row => `${row.key}: ${wordsOf(row)}`)
    .join('. ')}.`
  return (
    <>
      <div ref={place} role="img" aria-label={label} />
      <Text size="xs" c="dimmed" className="figures" mih={18} aria-hidden="true">
        {shown ? `Fiscal year ${shown.key}: ${wordsOf(shown)}` : 'Point at or tap a year for its exact amount.'}
      </Text>
    </>
  )
}
