import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Chart, ChartFrame, type ChartPlan, formatDay, ScrollRegion } from '#platform/console'
import classes from './agenda.module.css'
import { today } from './agenda.ts'
import { formatLoad, loadsQuery, type ParticipantLoads, periodOf } from './fairness.ts'
import type { Domain, Participant } from './wire-types.ts'
import { capital } from './words.ts'

/** What somebody has done up to each round of a year, and what would have been his fair share. */
export function PersonLoad({ participant, domain }: { participant: Participant; domain: Domain }) {
  const { data } = useQuery(loadsQuery(participant.id, periodOf('364', today())))
  const rounds = data?.rounds ?? noRounds
  const plan = useMemo(() => planOf(rounds), [rounds])
  if (rounds.length === 0) return null
  return (
    <ChartFrame
      title="Load and fair share over a year"
      note={`${capital(domain.words.target.plural)} done, added up round after round, beside the fair share.`}
      className={`panel ${classes.load}`}
      chart={
        <>
          <Chart plan={plan} />
          <ul className={classes.legend}>
            <li>
              <span className={classes.doneLine} aria-hidden="true" /> done
            </li>
            <li>
              <span className={classes.shareLine} aria-hidden="true" /> fair share
            </li>
          </ul>
        </>
      }
      table={
        <ScrollRegion label="Table of load and fair share" className={classes.table}>
          <table className="data">
            <thead>
              <tr>
                <th>Up to the round of</th>
                <th className="number">Done</th>
                <th className="number">Fair share</th>
              </tr>
            </thead>
            <tbody>
              {rounds.map(({ id, date, load, fairShare }) => (
                <tr key={id}>
                  <td>{formatDay(date)}</td>
                  <td className="number">{formatLoad(load)}</td>
                  <td className="number">{formatLoad(fairShare)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      }
    />
  )
}

type Rounds = ParticipantLoads['rounds']
const noRounds: Rounds = []

function planOf(rounds: Rounds): ChartPlan {
  const wordsAt = (index: number) => {
    const round = rounds[index]
    return (
      round && `${formatDay(round.date)}: ${formatLoad(round.load)} done, fair share ${formatLoad(round.fairShare)}`
    )
  }
  return {
    label: `Load and fair share after ${rounds.length} rounds. ${wordsAt(rounds.length - 1)}.`,
    height: 190,
    places: rounds.map((_, index) => index),
    series: [
      { shape: 'line', values: rounds.map(({ load }) => load), color: '--ch-chart' },
      {
        shape: 'line',
        values: rounds.map(({ fairShare }) => fairShare),
        color: '--mantine-color-dimmed',
        dash: [6, 4],
      },
    ],
    across: {
      steps: [1, 2, 4, 5, 10, 20],
      space: 78,
      text: index => (rounds[index] ? shortDay(rounds[index].date) : ''),
    },
    up: { text: formatLoad },
    wordsAt,
    hint: 'Point at or tap a round for its exact values.',
  }
}

const shortDay = (date: string) => formatDay(date).replace(/ \d{4}$/, '')
