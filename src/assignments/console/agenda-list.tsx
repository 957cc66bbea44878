import { Badge, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { PageLink } from '#platform/console'
import classes from './agenda.module.css'
import { type AgendaItem, keyOfItem } from './agenda.ts'
import { timesOf } from './board.ts'
import { longDay, periodInWords } from './days.ts'
import { nameOfRound, stateColors, stateNames, stateOf } from './round-words.ts'

type AgendaListProps = {
  label: string
  items: readonly AgendaItem[]
  /** What it is about, and who else is on it. */
  what: (item: AgendaItem) => ReactNode
  note: (item: AgendaItem) => string | undefined
  /** Rounds are pages that not everybody may open. */
  isLinked?: boolean
  action?: (item: AgendaItem) => ReactNode
}

/** What there is, day after day. */
export function AgendaList({ label, items, what, note, isLinked = true, action }: AgendaListProps) {
  return (
    <ul className={classes.list} aria-label={label}>
      {items.map(item => {
        const round = { ...item.assignment, assignmentDate: item.assignment.startsOn }
        return (
          <li key={keyOfItem(item)} className={classes.item}>
            <div className={classes.when}>
              <span>{whenOf(item)}</span>
              {timesOf(item) && <span className={`figures ${classes.clock}`}>{timesOf(item)}</span>}
            </div>
            <div className={classes.what}>
              <span className={classes.name}>{what(item)}</span>
              {note(item) && (
                <Text size="sm" c="dimmed">
                  {note(item)}
                </Text>
              )}
              {isLinked && (
                <Text size="xs">
                  <PageLink to={`/assignments/${round.id}`} className={classes.round}>
                    {nameOfRound(round)}
                  </PageLink>
                </Text>
              )}
            </div>
            <div className={classes.side}>
              {stateOf(round) === 'draft' && (
                <Badge size="sm" variant="light" color={stateColors.draft} tt="none">
                  {stateNames.draft}
                </Badge>
              )}
              {action?.(item)}
            </div>
          </li>
        )
      })}
    </ul>
  )
}

/** Of what is on no certain day the days of its round. */
const whenOf = ({ date, assignment: { startsOn, endsOn } }: AgendaItem): string =>
  date === null && startsOn !== endsOn ? periodInWords(startsOn, endsOn) : longDay(date ?? startsOn)
