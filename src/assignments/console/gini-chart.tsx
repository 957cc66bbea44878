import { useMemo } from 'react'
import { Chart, ChartFrame, type ChartPlan, formatDay, ScrollRegion } from '#platform/console'
import classes from './fairness.module.css'
import { evennessOf, formatGini, type RoundOfLoads } from './fairness.ts'
import { Nothing } from './load-chart.tsx'

/** How even loads were after each round: 0 when everybody has done the same part of his share. */
export function GiniChart({ rounds }: { rounds: readonly RoundOfLoads[] }) {
  return (
    <ChartFrame
      title="Unevenness, round after round"
      note="Gini coefficient: 0 when all have done the same part of their share, 1 when one does everything."
      className={`panel ${classes.part}`}
      isEmpty={rounds.length === 0}
      chart={rounds.length === 0 ? <Nothing /> : <Line rounds={rounds} />}
      table={
        <ScrollRegion label="Table of unevenness by round" className={classes.table}>
          <table className="data">
            <thead>
              <tr>
                <th>Round</th>
                <th className="number">Gini</th>
                <th>In words</th>
              </tr>
            </thead>
            <tbody>
              {rounds.map(({ id, name, date, gini }) => (
                <tr key={id}>
                  <td>
                    {formatDay(date)}
                    {name && `, ${name}`}
                  </td>
                  <td className="number">{formatGini(gini)}</td>
                  <td>{evennessOf(gini)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      }
    />
  )
}

function Line({ rounds }: { rounds: readonly RoundOfLoads[] }) {
  const plan = useMemo(() => planOf(rounds), [rounds])
  return <Chart plan={plan} />
}

function planOf(rounds: readonly RoundOfLoads[]): ChartPlan {
  const wordsAt = (index: number) => {
    const round = rounds[index]
    return round && `${formatDay(round.date)}: ${formatGini(round.gini)}, ${evennessOf(round.gini).toLowerCase()}`
  }
  const [first, last] = [wordsAt(0), wordsAt(rounds.length - 1)]
  return {
    label: `Unevenness after each of ${rounds.length} rounds. ${first === last ? first : `${first}; ${last}`}.`,
    height: 200,
    places: rounds.map((_, index) => index),
    series: [{ shape: 'line', values: rounds.map(({ gini }) => gini), color: '--ch-chart' }],
    across: {
      steps: [1, 2, 4, 5, 10, 20],
      space: 78,
      text: index => (rounds[index] ? shortDay(rounds[index].date) : ''),
    },
    up: { text: value => String(Math.round(value * 1000) / 1000) },
    wordsAt,
    hint: 'Point at or tap a round for its exact value.',
  }
}

const shortDay = (date: string) => formatDay(date).replace(/ \d{4}$/, '')
