import { ActionIcon, Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, Icon, PageLink } from '#platform/console'
import classes from './agenda.module.css'
import {
  type AgendaItem,
  type AgendaPath,
  agendaQuery,
  dayOfItem,
  keyOfItem,
  lastDayOf,
  today,
  weeksOf,
} from './agenda.ts'
import { timesOf } from './board.ts'
import { addMonths, dayNumber, daysBetween, longDay, mondayOf, monthName, monthOf } from './days.ts'

/** A month with what is in an agenda on its days. `wordsOf` says it in a few words. */
export function MonthCalendar({ path, wordsOf }: { path: AgendaPath; wordsOf: (item: AgendaItem) => string }) {
  const [month, setMonth] = useState(monthOf(today()).from)
  const period = weeksOf(month)
  const { data, error, isPlaceholderData, refetch } = useQuery(agendaQuery(path, period))
  const days = daysBetween(period.from, period.to)
  const weeks = Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7))
  return (
    <div className={classes.calendar} aria-busy={isPlaceholderData}>
      <Group justify="space-between" gap="xs" mb="xs" wrap="nowrap">
        <Text fw={600} aria-live="polite">
          {monthName(month)}
        </Text>
        <Group gap={4} wrap="nowrap" className="off-paper">
          <ActionIcon
            variant="default"
            size="lg"
            aria-label="The month before"
            onClick={() => setMonth(addMonths(month, -1))}
          >
            <Icon name="chevronRight" style={{ transform: 'scaleX(-1)' }} />
          </ActionIcon>
          <Button variant="default" size="xs" h={34} onClick={() => setMonth(monthOf(today()).from)}>
            Today
          </Button>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label="The month after"
            onClick={() => setMonth(addMonths(month, 1))}
          >
            <Icon name="chevronRight" />
          </ActionIcon>
        </Group>
      </Group>
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : (
        <table className={classes.month} aria-label={monthName(month)}>
          <thead>
            <tr>
              {weekdays.map(([short, long]) => (
                <th key={long} abbr={long}>
                  {short}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weeks.map(week => (
              <tr key={week[0]}>
                {week.map(day => (
                  <Day
                    key={day}
                    day={day}
                    isOutside={!day.startsWith(month.slice(0, 7))}
                    items={itemsOn(day, data?.items ?? [])}
                    wordsOf={wordsOf}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

const weekdays = [
  ['Mon', 'Monday'],
  ['Tue', 'Tuesday'],
  ['Wed', 'Wednesday'],
  ['Thu', 'Thursday'],
  ['Fri', 'Friday'],
  ['Sat', 'Saturday'],
  ['Sun', 'Sunday'],
] as const

/** What lies across the whole of its round comes first, so that its parts stand beside each other. */
function itemsOn(day: string, items: readonly AgendaItem[]): readonly AgendaItem[] {
  const found = items.filter(item => dayOfItem(item) <= day && day <= lastDayOf(item))
  return found.toSorted((a, b) => Number(b.date === null) - Number(a.date === null))
}

type DayProps = {
  day: string
  isOutside: boolean
  items: readonly AgendaItem[]
  wordsOf: (item: AgendaItem) => string
}

function Day({ day, isOutside, items, wordsOf }: DayProps) {
  return (
    <td className={classes.day} data-outside={isOutside || undefined} data-today={day === today() || undefined}>
      <span aria-hidden="true" className={classes.number}>
        {dayNumber(day)}
      </span>
      <span className="visually-hidden">{longDay(day)}</span>
      {items.map(item =>
        day === dayOfItem(item) || day === mondayOf(day) ? (
          <PageLink
            key={keyOfItem(item)}
            to={`/assignments/${item.assignment.id}`}
            className={classes.entry}
            data-part={partOf(item, day)}
            data-draft={item.assignment.publishedAt === null || undefined}
            title={saidOf(item, wordsOf)}
          >
            {item.startsAt && <span className={classes.time}>{item.startsAt} </span>}
            {wordsOf(item)}
          </PageLink>
        ) : (
          <span
            key={keyOfItem(item)}
            aria-hidden="true"
            className={classes.entry}
            data-part={partOf(item, day)}
            data-draft={item.assignment.publishedAt === null || undefined}
            title={saidOf(item, wordsOf)}
          />
        ),
      )}
    </td>
  )
}

const saidOf = (item: AgendaItem, wordsOf: DayProps['wordsOf']) =>
  [timesOf(item), wordsOf(item), item.assignment.publishedAt === null && 'draft'].filter(Boolean).join(', ')

/** Of what goes on for several days the sides to which it goes on. */
function partOf(item: AgendaItem, day: string): string | undefined {
  const [isFirst, isLast] = [day === dayOfItem(item), day === lastDayOf(item)]
  if (isFirst && isLast) return undefined
  return isFirst ? 'first' : isLast ? 'last' : 'middle'
}
