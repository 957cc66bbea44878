import { Text } from '@mantine/core'
import { PageLink } from '#platform/console'
import classes from './board.module.css'
import { type BoardTarget, missingIn, type Occurrence, timesOf } from './board.ts'
import type { BoardProps } from './board-table.tsx'
import { longDay } from './days.ts'
import { inDomain } from './domain-choice.tsx'
import { emptyPlaces, nameOfRound } from './round-words.ts'
import type { Domain } from './wire-types.ts'

type Entry = { target: BoardTarget; occurrence: Occurrence }

/** The board for a narrow window: first what is on no certain day, round by round, then day after day. */
export function BoardDays({ board, domain, isMonth, today }: BoardProps) {
  const entries = board.targets.flatMap(target => target.occurrences.map(occurrence => ({ target, occurrence })))
  const ofRounds = board.rounds
    .map(round => ({
      key: round.id,
      title: nameOfRound({ name: round.name, assignmentDate: round.startsOn, endsOn: round.endsOn }),
      note: 'on all days',
      entries: entries.filter(({ occurrence }) => occurrence.date === null && occurrence.assignmentId === round.id),
    }))
    .filter(each => each.entries.length > 0)
  const ofDays = board.days
    .map(day => ({
      key: day,
      title: longDay(day),
      note: day === today ? 'today' : '',
      entries: entries
        .filter(({ occurrence }) => occurrence.date === day)
        .toSorted((one, other) => (one.occurrence.startsAt ?? '').localeCompare(other.occurrence.startsAt ?? '')),
    }))
    // Of a month only the days that have something; of a week all, unless none has: then they have nothing to say.
    .filter((each, _, all) => each.entries.length > 0 || (!isMonth && all.some(day => day.entries.length > 0)))
  return (
    <div className={classes.days}>
      {[...ofRounds, ...ofDays].map(({ key, title, note, entries }) => (
        <section key={key} aria-label={title} className="panel">
          <h3 className={classes.day}>
            {title}
            <Text span size="sm" c="dimmed" fw={400}>
              {[note, entries.length === 0 && 'nothing'].filter(Boolean).join(', ')}
            </Text>
          </h3>
          {entries.length > 0 && (
            <ul className={classes.entries}>
              {entries.map(entry => (
                <Line
                  key={`${entry.target.id} ${entry.occurrence.assignmentId} ${entry.occurrence.startsAt}`}
                  {...entry}
                  domain={domain}
                />
              ))}
            </ul>
          )}
        </section>
      ))}
    </div>
  )
}

function Line({ target, occurrence, domain }: Entry & { domain: Domain }) {
  const missing = missingIn(occurrence)
  return (
    <li>
      <PageLink
        to="/assignments/$id"
        params={{ id: occurrence.assignmentId }}
        search={inDomain(domain)}
        className={classes.line}
      >
        <span className={classes.lineHead}>
          <span className={classes.lineTarget}>{target.name}</span>
          <span className={classes.times}>{timesOf(occurrence)}</span>
        </span>
        <span className={classes.linePeople}>{occurrence.people.map(({ name }) => name).join(', ')}</span>
        {missing > 0 && <span className={classes.missing}>{emptyPlaces(missing)}</span>}
      </PageLink>
    </li>
  )
}
