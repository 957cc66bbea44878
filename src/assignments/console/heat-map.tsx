import { SegmentedControl, Skeleton, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type CSSProperties, useLayoutEffect, useRef, useState } from 'react'
import { ChartFrame, ErrorState, formatCount, formatDay, ScrollRegion } from '#platform/console'
import { periodInWords } from './days.ts'
import classes from './fairness.module.css'
import { formatLoad, type Heat, type HeatBy, heatQuery } from './fairness.ts'
import { useFirst } from './found-rows.tsx'
import { Nothing } from './load-chart.tsx'

type HeatMapProps = {
  domainId: string
  period: { from: string; to: string }
  by: HeatBy
  change: (by: HeatBy) => void
  noun: string
}

/** Who did how much when: a square for each person and week, the darker the more; or the same as a table. */
export function HeatMap({ domainId, period, by, change, noun }: HeatMapProps) {
  const { data, error, isPlaceholderData, refetch } = useQuery({
    ...heatQuery(domainId, by, period),
    placeholderData: keepPreviousData,
  })
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton height={240} mb="md" />
  const isEmpty = data.periods.length === 0 || data.participants.length === 0
  return (
    <ChartFrame
      title="Load over time"
      note="The darker a square, the more somebody did then."
      className={`panel ${classes.part}`}
      isEmpty={isEmpty}
      actions={
        <SegmentedControl
          size="xs"
          aria-label="A square for each"
          value={by}
          data={[
            { value: 'week', label: 'Weeks' },
            { value: 'round', label: 'Rounds' },
          ]}
          onChange={value => change(value as HeatBy)}
        />
      }
      chart={isEmpty ? <Nothing /> : <Squares heat={data} isFading={isPlaceholderData} />}
      table={<Table heat={data} noun={noun} />}
    />
  )
}

function Squares({ heat, isFading }: { heat: Heat; isFading: boolean }) {
  const { shown: participants, more } = useFirst(heat.participants, 60)
  const periods = placed(heat)
  const [pointed, setPointed] = useState<string>()
  const drawing = useRef<HTMLDivElement>(null)
  // Where there is no room for all, the latest are looked for.
  // biome-ignore lint/correctness/useExhaustiveDependencies: other periods are the reason to go there
  useLayoutEffect(() => {
    const region = drawing.current?.parentElement
    if (region) region.scrollLeft = region.scrollWidth
  }, [heat.periods])
  const highest = Math.max(1, ...heat.participants.map(({ loads }) => Math.max(0, ...loads)))
  const steps = Math.min(4, highest)
  const most = heat.participants.reduce((most, each) => (sumOf(each.loads) > sumOf(most.loads) ? each : most))
  return (
    <>
      <ScrollRegion label="Map of load over time" className={`scroll-x ${classes.heatRegion}`}>
        <div
          ref={drawing}
          className={classes.heat}
          style={{
            gridTemplateColumns: `minmax(84px, max-content) repeat(${periods.length}, minmax(13px, 1fr))`,
            maxWidth: 150 + 46 * periods.length,
          }}
          data-fading={isFading || undefined}
          role="img"
          aria-label={`Load of ${heat.participants.length} people in ${periods.length} periods, at most ${formatLoad(highest)} in one. Most of all: ${most.name}, ${formatLoad(sumOf(most.loads))}. The table has every figure.`}
        >
          <span className={classes.corner} />
          {periods.map(period => (
            <span key={period.key} className={classes.month}>
              {beginsMonth(periods, period.place) && monthOf(period.from)}
            </span>
          ))}
          {participants.map(({ id, name, loads }) => [
            <span key={id} className={classes.heatName} title={name}>
              {name}
            </span>,
            ...periods.map(period => {
              const load = loads[period.place] ?? 0
              const words = `${name}, ${wordsOf(period)}: ${formatLoad(load)}`
              return (
                <span
                  key={`${id} ${period.key}`}
                  className={classes.square}
                  style={shadeOf(load / highest)}
                  title={words}
                  onPointerEnter={() => setPointed(words)}
                />
              )
            }),
          ])}
        </div>
      </ScrollRegion>
      {more}
      <div className={classes.scale}>
        <Text size="xs" c="dimmed" className="figures" mih={18} aria-hidden="true">
          {pointed ?? 'Point at or tap a square for its value.'}
        </Text>
        <span className={classes.ramp} aria-hidden="true">
          0
          {Array.from({ length: steps + 1 }, (_, step) => step / steps).map(share => (
            <span key={share} className={classes.square} style={shadeOf(share)} />
          ))}
          {formatLoad(highest)}
        </span>
      </div>
    </>
  )
}

function Table({ heat, noun }: { heat: Heat; noun: string }) {
  const { shown, more } = useFirst(heat.participants, 100)
  const periods = placed(heat)
  return (
    <>
      <ScrollRegion label="Table of load over time" className={classes.table}>
        <table className="data">
          <thead>
            <tr>
              <th>{noun}</th>
              {periods.map(period => (
                <th key={period.key} className="number">
                  {period.name ?? shortDay(period.from)}
                </th>
              ))}
              <th className="number">All</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ id, name, loads }) => (
              <tr key={id}>
                <th scope="row" className={classes.rowHead}>
                  {name}
                </th>
                {periods.map(period => (
                  <td key={period.key} className="number">
                    {formatCount(loads[period.place] ?? 0)}
                  </td>
                ))}
                <td className="number">{formatCount(sumOf(loads))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {more}
    </>
  )
}

/** What is next to nothing is still told from nothing. */
const shadeOf = (share: number) => ({ '--share': `${share === 0 ? 0 : 18 + share * 82}%` }) as CSSProperties

/** Two rounds may begin on one day. */
const placed = ({ periods }: Heat) =>
  periods.map((period, place) => ({ ...period, place, key: `${period.from} ${place}` }))

const sumOf = (loads: readonly number[]) => loads.reduce((sum, load) => sum + load, 0)
const shortDay = (date: string) => formatDay(date).replace(/ \d{4}$/, '')
const monthOf = (date: string) => formatDay(date).split(' ')[1]
const beginsMonth = (periods: Heat['periods'], index: number) =>
  index === 0 || periods[index - 1]?.from.slice(0, 7) !== periods[index]?.from.slice(0, 7)
const wordsOf = ({ from, to, name }: Heat['periods'][number]) => name ?? periodInWords(from, to)
