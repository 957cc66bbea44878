import { PageLink, ScrollRegion } from '#platform/console'
import classes from './board.module.css'
import { type Board, type BoardTarget, missingIn, type Occurrence, timesOf } from './board.ts'
import { type Cell, cellsOf } from './board-cells.ts'
import { dayNumber, isWeekend, longDay, weekdayAndNumber, weekdayLetter } from './days.ts'
import { inDomain } from './domain-choice.tsx'
import { emptyPlaces } from './round-words.ts'
import type { Domain } from './wire-types.ts'
import { capital } from './words.ts'

/** Targets as rows, days as columns; what is on no certain day lies across the days of its round. */
export function BoardTable({ board, domain, isMonth, today }: BoardProps) {
  return (
    <ScrollRegion label="Board" className={`panel ${classes.region}`}>
      <table className={classes.table} data-month={isMonth || undefined}>
        <thead>
          <tr>
            <th scope="col" className={classes.corner}>
              {capital(domain.words.target.singular)}
            </th>
            {board.days.map(day => (
              <th
                key={day}
                scope="col"
                data-weekend={isWeekend(day) || undefined}
                aria-current={day === today ? 'date' : undefined}
              >
                {isMonth ? (
                  <>
                    <span aria-hidden="true">
                      {weekdayLetter(day)}
                      <br />
                      {dayNumber(day)}
                    </span>
                    <span className="visually-hidden">{longDay(day)}</span>
                  </>
                ) : (
                  weekdayAndNumber(day)
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {board.targets.map(target => (
            <Row key={target.id} target={target} board={board} domain={domain} isMonth={isMonth} today={today} />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

export type BoardProps = { board: Board; domain: Domain; isMonth: boolean; today: string }

function Row({ target, board, domain, isMonth }: BoardProps & { target: BoardTarget }) {
  return (
    <tr>
      <th scope="row" className={classes.target}>
        <PageLink to="/assignments/targets/$id" params={{ id: target.id }} search={inDomain(domain)} className="plain">
          {target.name}
        </PageLink>
      </th>
      {cellsOf(target, board).map(cell => {
        const day = board.days[cell.start] ?? ''
        return (
          <td
            key={day}
            colSpan={cell.length}
            data-weekend={(cell.length === 1 && isWeekend(day)) || undefined}
            data-filled={cell.occurrences.length > 0 || undefined}
          >
            {cell.occurrences.map(occurrence => (
              <Filled
                key={`${occurrence.assignmentId} ${occurrence.date} ${occurrence.startsAt}`}
                occurrence={occurrence}
                isDense={isMonth && cell.length < 3}
                {...{ target, cell, domain, board }}
              />
            ))}
          </td>
        )
      })}
    </tr>
  )
}

function Filled({ occurrence, target, domain, board, isDense }: FilledProps) {
  const { people, minimum, assignmentId, date } = occurrence
  const missing = missingIn(occurrence)
  const round = board.rounds.find(({ id }) => id === assignmentId)
  const names = people.map(({ name }) => name)
  const said = [
    target.name,
    date ? longDay(date) : 'all days',
    timesOf(occurrence),
    names.join(', ') || 'nobody',
    missing > 0 && emptyPlaces(missing),
  ]
    .filter(Boolean)
    .join(', ')
  return (
    <PageLink
      to="/assignments/$id"
      params={{ id: assignmentId }}
      search={inDomain(domain)}
      className={classes.cell}
      data-short={missing > 0 || undefined}
      data-draft={round?.publishedAt === null || undefined}
      title={isDense ? said : undefined}
    >
      <span className="visually-hidden">{said}</span>
      <span aria-hidden="true" className={classes.seen}>
        {isDense ? (
          <span className="figures">
            {people.length}/{minimum}
          </span>
        ) : (
          <>
            {timesOf(occurrence) && <span className={classes.times}>{timesOf(occurrence)}</span>}
            {people.map(person => (
              <span key={person.detailId} className={classes.name}>
                {person.name}
              </span>
            ))}
            {missing > 0 && <span className={classes.missing}>{emptyPlaces(missing)}</span>}
          </>
        )}
      </span>
    </PageLink>
  )
}

type FilledProps = {
  occurrence: Occurrence
  target: BoardTarget
  cell: Cell
  domain: Domain
  board: Board
  isDense: boolean
}
