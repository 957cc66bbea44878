import { Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import classes from './charts.module.css'
import type { ChartPlan, ChartSeries } from './charts.tsx'

export function Drawing({ plan }: { plan: ChartPlan }) {
  const place = useRef<HTMLDivElement>(null)
  const [hovered, setHovered] = useState<number>()
  const { label, height, hint, wordsAt } = plan

  useEffect(() => {
    const element = place.current
    if (!element) return
    const size = () => ({ width: element.clientWidth, height: plan.height })
    const values = plan.series.map(series => [...series.values])
    const options = { ...size(), ...optionsOf(plan, getComputedStyle(element), setHovered) }
    const chart = new uPlot(options, [[...plan.places], ...values], element)
    const watch = new ResizeObserver(() => chart.setSize(size()))
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.destroy()
      setHovered(undefined)
    }
  }, [plan])

  return (
    <>
      <div ref={place} className={classes.canvas} style={{ height }} role="img" aria-label={label} />
      <Text size="xs" c="dimmed" className="figures" mih={18} aria-hidden="true">
        {(hovered !== undefined && wordsAt(hovered)) || hint}
      </Text>
    </>
  )
}

function optionsOf(
  { series, across, up }: ChartPlan,
  style: CSSStyleDeclaration,
  point: (index: number | undefined) => void,
): Omit<uPlot.Options, 'width' | 'height'> {
  const colorOf = (name: string) => style.getPropertyValue(name)
  const axis = { stroke: colorOf('--mantine-color-dimmed'), font: `12px ${style.fontFamily}`, ticks: { show: false } }
  const isLines = series.every(({ shape }) => shape === 'line')
  // Bars stand to both sides of their place.
  const beside = isLines ? 0.3 : 0.6
  return {
    legend: { show: false },
    padding: [14, 18, 0, 0],
    cursor: { y: false, points: { show: isLines }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: (_, min, max) => [min - beside, max + beside] },
      y: {
        range: (_, min, max) => (up.isClose ? closeTo(min, max) : [Math.min(0, min), Math.max(0, max) * 1.06 || 1]),
      },
    },
    axes: [
      {
        ...axis,
        size: 26,
        ...(across.space && { space: across.space }),
        grid: { show: false },
        incrs: [...across.steps],
        values: (_, marks) => marks.map(mark => (Number.isInteger(mark) ? across.text(mark) : '')),
      },
      {
        ...axis,
        size: 62,
        grid: { stroke: colorOf('--ch-line'), width: 1 },
        ...(up.steps && { incrs: [...up.steps] }),
        values: (_, marks) => marks.map(up.text),
      },
    ],
    series: [{}, ...series.map(each => shapeOf(each, colorOf(each.color)))],
    hooks: { setCursor: [({ cursor }) => point(cursor.idx ?? undefined)] },
  }
}

/** With some air, also where all values are one. */
function closeTo(min: number, max: number): [number, number] {
  const air = (max - min) * 0.08 || Math.abs(max) * 0.02 || 1
  return [min - air, max + air]
}

function shapeOf({ shape, values, dash }: ChartSeries, color: string): uPlot.Series {
  if (shape === 'bars') {
    const paths = uPlot.paths.bars?.({ size: [0.68, 46], radius: 0.12 })
    return { fill: color, stroke: color, width: 0, points: { show: false }, ...(paths && { paths }) }
  }
  if (shape === 'line') return { stroke: color, dash: [...(dash ?? [])], width: 2, points: { size: 5 } }
  const paths = uPlot.paths.stepped?.({ align: 1 })
  // One value alone makes no step that could be seen.
  const isAlone = values.filter(value => value !== null).length < 2
  return {
    stroke: color,
    width: 2,
    fill: `color-mix(in srgb, ${color} 16%, transparent)`,
    points: { show: isAlone, size: 6, fill: color },
    ...(paths && { paths }),
  }
}
