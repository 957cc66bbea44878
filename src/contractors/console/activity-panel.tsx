import { Anchor, Badge, NativeSelect, Skeleton, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { dayOf, EmptyState, ErrorState, formatExactTime, formatInstantDay, LoadMore, PageLink } from '#platform/console'
import { sentenceOf } from './activity-sentences.ts'
import { type Activity, type ActivityFilter, activityQuery } from './share-queries.ts'
import classes from './sharing.module.css'

const all: ActivityFilter = { about: '', userId: '', guest: '' }

/** What was done to a list and in it, by day, the latest first. */
export function ListActivity({ listId }: { listId: string }) {
  const [filter, setFilter] = useState(all)
  const query = useInfiniteQuery(activityQuery(listId, filter))
  const everything = useInfiniteQuery(activityQuery(listId, all))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const people = peopleOf(everything.data?.pages.flatMap(page => page.items) ?? [])
  const isFiltered = filter.about !== '' || filter.userId !== '' || filter.guest !== ''
  return (
    <section aria-label="Activity">
      <div className={classes.controls} style={{ marginBottom: 12, flexWrap: 'wrap' }}>
        <NativeSelect
          aria-label="What it is about"
          value={filter.about}
          onChange={event => setFilter({ ...filter, about: event.currentTarget.value as ActivityFilter['about'] })}
          data={[
            { value: '', label: 'Everything' },
            { value: 'item', label: 'Contractors' },
            { value: 'comment', label: 'Comments' },
            { value: 'share', label: 'Sharing' },
            { value: 'list', label: 'The list itself' },
          ]}
        />
        <NativeSelect
          aria-label="Who did it"
          value={filter.userId || filter.guest}
          onChange={event => {
            const chosen = people.find(({ value }) => value === event.currentTarget.value)
            const value = chosen?.value ?? ''
            setFilter({ ...filter, userId: chosen?.isGuest ? '' : value, guest: chosen?.isGuest ? value : '' })
          }}
          data={[{ value: '', label: 'Everybody' }, ...people.map(({ value, label }) => ({ value, label }))]}
        />
      </div>
      <div className="panel">
        {query.isPending ? (
          <Skeleton height={200} aria-label="Loading the activity" />
        ) : query.error && items.length === 0 ? (
          <div style={{ padding: 16 }}>
            <ErrorState error={query.error} retry={() => void query.refetch()} />
          </div>
        ) : items.length === 0 ? (
          <EmptyState icon="clock" title={isFiltered ? 'Nothing fits' : 'Nothing has happened yet'}>
            {isFiltered ? 'Choose something else above.' : 'What is done in this list is told here.'}
          </EmptyState>
        ) : (
          daysOf(items).map(({ day, label, events }) => (
            <div key={day}>
              <h2 className={classes.day}>{label}</h2>
              <ul className={classes.events}>
                {events.map(event => (
                  <Event key={event.id} event={event} />
                ))}
              </ul>
            </div>
          ))
        )}
        <LoadMore query={query} label="Show earlier activity" />
      </div>
    </section>
  )
}

function Event({ event }: { event: Activity }) {
  const [before, after] = sentenceOf(event).split('{contractor}')
  return (
    <li className={classes.event}>
      <span style={{ overflowWrap: 'anywhere' }}>
        <Text span fw={560} size="sm">
          {event.actor.name}
        </Text>{' '}
        {event.actor.isGuest && (
          <Badge size="xs" variant="light" color="gray" tt="none">
            guest
          </Badge>
        )}{' '}
        {before}
        {after !== undefined && event.contractor && (
          <Anchor
            component={PageLink}
            to="/contractors/$id"
            params={{ id: event.contractor.id }}
            preload={false}
            inherit
            underline="always"
          >
            {event.contractor.name}
          </Anchor>
        )}
        {after}
      </span>
      <time dateTime={event.createdAt} title={formatExactTime(event.createdAt)}>
        {timeOf(event.createdAt)}
      </time>
    </li>
  )
}

/** The time within its day, which stands above. */
const timeOf = (instant: string) => formatExactTime(instant).match(/\d{1,2}:\d{2}/)?.[0] ?? ''

function daysOf(items: readonly Activity[]): { day: string; label: string; events: Activity[] }[] {
  const days: { day: string; label: string; events: Activity[] }[] = []
  const today = dayOf(new Date().toISOString())
  const yesterday = dayOf(new Date(Date.now() - 86_400_000).toISOString())
  for (const event of items) {
    const day = dayOf(event.createdAt)
    const last = days.at(-1)
    if (last?.day === day) last.events.push(event)
    else {
      const label = day === today ? 'Today' : day === yesterday ? 'Yesterday' : formatInstantDay(event.createdAt)
      days.push({ day, label, events: [event] })
    }
  }
  return days
}

function peopleOf(items: readonly Activity[]) {
  const known = new Map<string, { value: string; label: string; isGuest: boolean }>()
  for (const { actor } of items) {
    const value = actor.isGuest ? actor.name : actor.userId
    if (value)
      known.set(value, { value, label: actor.isGuest ? `${actor.name} (guest)` : actor.name, isGuest: actor.isGuest })
  }
  return [...known.values()].sort((one, other) => one.label.localeCompare(other.label))
}
