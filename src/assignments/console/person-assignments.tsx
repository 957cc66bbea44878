import { Button, Group, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, Icon, useSession } from '#platform/console'
import classes from './agenda.module.css'
import { type AgendaItem, agendaQuery, aroundToday, lastDayOf, today } from './agenda.ts'
import { AgendaList } from './agenda-list.tsx'
import { CalendarFeed } from './calendar-feed.tsx'
import { MonthCalendar } from './month-calendar.tsx'
import { PersonLoad } from './person-load.tsx'
import type { Domain, Participant } from './wire-types.ts'
import { counted } from './words.ts'

/** What somebody is on, was on and how much that is: a tab of his page. */
export function PersonAssignments({ participant, domain }: { participant: Participant; domain: Domain }) {
  const path = `/participants/${participant.id}/assignments` as const
  const { data, error, refetch } = useQuery(agendaQuery(path, aroundToday()))
  const { can } = useSession()
  const [isFeedOpen, setFeedOpen] = useState(false)
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <LoadingAgenda />
  const { coming, past } = splitAgenda(data.items)
  const { target } = domain.words
  return (
    <>
      <Group justify="space-between" align="baseline" gap="xs" mb="sm">
        <Title order={2} size="h4">
          {coming.length === 0 ? `No ${target.plural} ahead` : `${counted(coming.length, target)} ahead`}
        </Title>
        {can('assignments.participants.write') && (
          <Button
            variant="default"
            size="xs"
            leftSection={<Icon name="clock" size={15} />}
            onClick={() => setFeedOpen(true)}
          >
            Calendar feed
          </Button>
        )}
      </Group>
      <Halves path={path} wordsOf={({ target }) => target.name}>
        {coming.length > 0 && (
          <AgendaList
            label="Ahead"
            items={coming}
            what={({ target }) => target.name}
            note={withOthers(participant.id)}
          />
        )}
        {coming.length === 0 && (
          <Text size="sm" c="dimmed" p="md">
            {participant.name} is on nothing in the next six months.
          </Text>
        )}
      </Halves>
      <PersonLoad participant={participant} domain={domain} />
      {past.length > 0 && (
        <Past count={past.length}>
          <AgendaList label="Past" items={past} what={({ target }) => target.name} note={withOthers(participant.id)} />
        </Past>
      )}
      {isFeedOpen && (
        <CalendarFeed
          path={`/participants/${participant.id}/calendar-feed`}
          title={`Calendar of ${participant.name}`}
          close={() => setFeedOpen(false)}
        />
      )}
    </>
  )
}

export const LoadingAgenda = () => (
  <div role="status" aria-label="Loading">
    <Skeleton height={320} />
  </div>
)

/** The calendar beside the list of what is ahead. */
export function Halves({
  path,
  wordsOf,
  children,
}: Parameters<typeof MonthCalendar>[0] & { children: React.ReactNode }) {
  return (
    <div className={classes.halves}>
      <div className={`panel ${classes.half}`}>
        <MonthCalendar path={path} wordsOf={wordsOf} />
      </div>
      <div className={`panel ${classes.scrolled}`}>{children}</div>
    </div>
  )
}

/** What was, opened when it is asked for. */
export function Past({ count, children }: { count: number; children: React.ReactNode }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <section className={classes.past}>
      <Button
        variant="subtle"
        size="compact-sm"
        color="gray"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        leftSection={<Icon name={isOpen ? 'chevronDown' : 'chevronRight'} size={15} />}
      >
        The last six months ({count})
      </Button>
      {isOpen && <div className="panel">{children}</div>}
    </section>
  )
}

/** What is ahead, the soonest first; what was, the latest first. */
export function splitAgenda(items: readonly AgendaItem[]) {
  const isAhead = (item: AgendaItem) => lastDayOf(item) >= today()
  return { coming: items.filter(isAhead), past: items.filter(item => !isAhead(item)).toReversed() }
}

/** `with Ben and Carla`. */
export const withOthers =
  (...own: readonly string[]) =>
  ({ people }: AgendaItem): string | undefined => {
    const others = people.filter(({ participantId }) => !own.includes(participantId)).map(({ name }) => name)
    return others.length === 0 ? undefined : `with ${inList(others)}`
  }

export const inList = (names: readonly string[]) => new Intl.ListFormat('en', { type: 'conjunction' }).format(names)
