import { Badge, Button, Group, Modal, Stack, Text, Textarea, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, Icon, PageHeader, Refusal, useSession } from '#platform/console'
import { type AgendaItem, agendaQuery, aroundToday, dayOfItem } from './agenda.ts'
import { AgendaList } from './agenda-list.tsx'
import { CalendarFeed } from './calendar-feed.tsx'
import { longDay } from './days.ts'
import {
  type OwnDropOut,
  type OwnParticipant,
  ownDropOutsQuery,
  ownParticipantsQuery,
  useComingAfterAll,
  useDroppingOut,
} from './own-assignments.ts'
import { inList, LoadingAgenda, Past, splitAgenda, withOthers } from './person-assignments.tsx'

/** What is ahead for who is signed in, in all domains. */
export function Page() {
  const people = useQuery(ownParticipantsQuery)
  const { data, error, refetch } = people
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <LoadingAgenda />
  return data.items.length === 0 ? <NotAssigned /> : <Own people={data.items} />
}

function NotAssigned() {
  return (
    <>
      <PageHeader title="My assignments" />
      <div className="panel">
        <EmptyState icon="person" title="You are not assigned to anything here">
          Whoever plans in this workspace can say that one of the people there is you. Then you see here what is ahead
          for you, and can have it in your calendar.
        </EmptyState>
      </div>
    </>
  )
}

function Own({ people }: { people: readonly OwnParticipant[] }) {
  const { can } = useSession()
  const { data, error, refetch } = useQuery(agendaQuery('/me/assignments', aroundToday()))
  const dropOuts = useQuery(ownDropOutsQuery)
  const [feedOf, setFeedOf] = useState<OwnParticipant>()
  const [leaving, setLeaving] = useState<AgendaItem>()
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <LoadingAgenda />
  const { coming, past } = splitAgenda(data.items)
  const wordsOf = ({ assignment }: AgendaItem) => people.find(({ domainId }) => domainId === assignment.domainId)?.words
  const own = people.map(({ id }) => id)
  const isMany = people.length > 1
  const noteOf = (item: AgendaItem) => {
    const domain = isMany && people.find(({ domainId }) => domainId === item.assignment.domainId)?.domainName
    return [domain, withOthers(...own)(item)].filter(Boolean).join(', ') || undefined
  }
  const list = {
    what: (item: AgendaItem) => item.target.name,
    note: noteOf,
    isLinked: can('assignments.assignments.read'),
  }
  const target = (people[0] as OwnParticipant).words.target
  return (
    <>
      <PageHeader
        title={isMany ? 'My assignments' : `My ${target.plural}`}
        lead="What is ahead for you. It is in your own calendar too, if you give it the address of your feed."
        actions={people.map(person => (
          <Button
            key={person.id}
            variant="default"
            leftSection={<Icon name="clock" size={16} />}
            onClick={() => setFeedOf(person)}
          >
            {isMany ? `Calendar of ${person.domainName}` : 'Have it in my calendar'}
          </Button>
        ))}
      />
      <Title order={2} size="h4" mb="xs">
        Ahead
      </Title>
      <div className="panel" style={{ marginBottom: 16 }}>
        {coming.length === 0 ? (
          <Text size="sm" c="dimmed" p="md">
            Nothing in the next six months. What is planned for you later appears here once it is published.
          </Text>
        ) : (
          <AgendaList
            label="Ahead"
            items={coming}
            {...list}
            action={item => (
              <Leaving
                item={item}
                dropOut={dropOuts.data?.items.find(each => isFor(each, item))}
                leave={() => setLeaving(item)}
              />
            )}
          />
        )}
      </div>
      {past.length > 0 && (
        <Past count={past.length}>
          <AgendaList label="Past" items={past} {...list} />
        </Past>
      )}
      {feedOf && (
        <CalendarFeed
          path={`/me/participants/${feedOf.id}/calendar-feed`}
          title={isMany ? `My calendar of ${feedOf.domainName}` : 'My calendar'}
          close={() => setFeedOf(undefined)}
        />
      )}
      {leaving && (
        <CannotCome
          item={leaving}
          days={coming.filter(each => isOn(leaving, each)).map(dayOfItem)}
          noun={wordsOf(leaving)?.assignment.singular}
          close={() => setLeaving(undefined)}
        />
      )}
    </>
  )
}

const isFor = ({ assignmentId, targetId }: OwnDropOut, { assignment, target }: AgendaItem) =>
  assignmentId === assignment.id && (targetId === null || targetId === target.id)

const isOn = (one: AgendaItem, other: AgendaItem) =>
  one.assignment.id === other.assignment.id && one.target.id === other.target.id

type LeavingProps = { item: AgendaItem; dropOut: OwnDropOut | undefined; leave: () => void }

function Leaving({ item, dropOut, leave }: LeavingProps) {
  const coming = useComingAfterAll()
  const what = (
    <span className="visually-hidden">
      {' '}
      ({item.target.name}, {longDay(dayOfItem(item))})
    </span>
  )
  if (item.assignment.status !== 'active') return null
  if (!dropOut) {
    return (
      <Button size="compact-sm" variant="subtle" color="gray" onClick={leave}>
        I cannot come{what}
      </Button>
    )
  }
  return (
    <Stack gap={4} align="flex-end">
      <Badge size="sm" variant="light" color="yellow" tt="none">
        You cannot come
      </Badge>
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        loading={coming.isPending}
        onClick={() => coming.mutate(dropOut.id)}
      >
        I can after all{what}
      </Button>
      <Refusal error={coming.error} />
    </Stack>
  )
}

type CannotComeProps = {
  item: AgendaItem
  /** One is off a target for a whole round. */
  days: readonly string[]
  noun: string | undefined
  close: () => void
}

function CannotCome({ item, days, noun = 'assignment', close }: CannotComeProps) {
  const [reason, setReason] = useState('')
  const leaving = useDroppingOut()
  return (
    <Modal opened onClose={close} title="I cannot come" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <Text size="sm">
          {item.target.name}, {inList(days.map(longDay))}. Whoever plans is told and looks for somebody else. Until that
          is done you stay in the {noun}.
        </Text>
        <Textarea
          label="Reason"
          description="If you wish; those who plan read it."
          maxLength={500}
          autosize
          minRows={2}
          data-autofocus
          value={reason}
          onChange={event => setReason(event.currentTarget.value)}
        />
        <Refusal error={leaving.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button loading={leaving.isPending} onClick={() => leaving.mutate({ item, reason }, { onSuccess: close })}>
            Say so
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
