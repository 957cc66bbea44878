import { Text } from '@mantine/core'
import { useMemo } from 'react'
import { Chart, ChartFrame, type ChartPlan, ScrollRegion } from '#platform/console'
import { useFirst } from './found-rows.tsx'
import { percent, points } from './round-words.ts'
import type { Progress } from './runs.ts'

const most = 240

/** Of a tenth of a second, or as much longer as keeps the drawing small; such that the times below it are round. */
const steps = [1, 2, 5, 10, 20, 50, 100, 300, 600, 3_000].map(tenths => tenths * 100)

/** The best plan and what no plan can be better than, over time: where they meet, it is proved. */
export function RunChart({ progress }: { progress: readonly Progress[] }) {
  const plan = useMemo(() => planOf(progress), [progress])
  const isEmpty = progress.every(({ cost, lowerBound }) => cost === null && lowerBound === null)
  return (
    <ChartFrame
      title="How the search goes"
      note="Above the best plan found so far, below it what no plan can be better than. Where they meet, the best is proved."
      isEmpty={isEmpty}
      chart={
        isEmpty ? (
          <Text c="dimmed" size="sm" py={32} ta="center">
            Nothing has been found yet.
          </Text>
        ) : (
          <Chart plan={plan} />
        )
      }
      table={<Table progress={progress} />}
    />
  )
}

function planOf(progress: readonly Progress[]): ChartPlan {
  const last = progress.at(-1)?.elapsedMs ?? 0
  const step = steps.find(step => last / step <= most) ?? last / most
  const time = timesUpTo(last)
  const places = Array.from({ length: Math.max(2, Math.ceil(last / step) + 1) }, (_, index) => index)
  const costs = places.map(place => knownAt(progress, place * step, 'cost'))
  const bounds = places.map(place => knownAt(progress, place * step, 'lowerBound'))
  const now = progress.at(-1)
  return {
    label: `Best cost and bound over time. ${now ? inWords(now, time) : 'Nothing yet.'}`,
    height: 240,
    places,
    series: [
      { shape: 'line', values: costs, color: '--ch-chart' },
      { shape: 'line', values: bounds, color: '--ch-star', dash: [6, 4] },
    ],
    across: { steps: [1, 2, 5, 10, 20, 50, 100], text: place => time(place * step), space: 60 },
    up: {
      text: value => new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 }).format(value),
      isClose: true,
    },
    wordsAt: index => {
      const [cost = null, lowerBound = null] = [costs[index], bounds[index]]
      return inWords({ elapsedMs: index * step, cost, lowerBound }, time)
    },
    hint: 'Solid: the best plan. Dashed: the bound. Point at or tap a time for its figures.',
  }
}

/** What was known when so much time had passed. */
function knownAt(progress: readonly Progress[], elapsedMs: number, of: 'cost' | 'lowerBound'): number | null {
  // The first is known within the first step.
  return (
    progress.findLast((each, index) => each[of] !== null && (each.elapsedMs <= elapsedMs || index === 0))?.[of] ?? null
  )
}

/** All of a drawing in one unit: a search may take a second or some hours. */
function timesUpTo(longest: number): (ms: number) => string {
  const [unit, inMs] = longest < 300_000 ? ['s', 1_000] : longest < 10_800_000 ? ['min', 60_000] : ['h', 3_600_000]
  return ms => `${new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(ms / (inMs as number))} ${unit}`
}

const inWords = ({ elapsedMs, cost, lowerBound }: Omit<Progress, 'gap'>, time: (ms: number) => string) =>
  `After ${time(elapsedMs)}: best plan ${cost === null ? 'none yet' : points(cost)}, bound ${lowerBound === null ? 'none yet' : points(lowerBound)}.`

function Table({ progress }: { progress: readonly Progress[] }) {
  const { shown, more } = useFirst(progress, 200)
  const time = timesUpTo(progress.at(-1)?.elapsedMs ?? 0)
  return (
    <>
      <ScrollRegion label="Table: How the search goes">
        <table className="data">
          <thead>
            <tr>
              <th className="number">Time</th>
              <th className="number">Best cost</th>
              <th className="number">Bound</th>
              <th className="number">Gap</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ elapsedMs, cost, lowerBound, gap }) => (
              <tr key={elapsedMs}>
                <td className="number">{time(elapsedMs)}</td>
                <td className="number">{cost === null ? '' : points(cost)}</td>
                <td className="number">{lowerBound === null ? '' : points(lowerBound)}</td>
                <td className="number">{gap === null ? '' : percent(gap)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {more}
    </>
  )
}
