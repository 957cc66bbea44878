import {
  ActionIcon,
  Alert,
  Anchor,
  Badge,
  Button,
  Group,
  Menu,
  Modal,
  Skeleton,
  Stack,
  Text,
  Title,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, formatAgo, Icon, PageHeader, PageLink, Refusal, useSession } from '#platform/console'
import { today } from './agenda.ts'
import { addDays, longDay, mondayOf, nextPeriod } from './days.ts'
import { DomainChoice, InDomain } from './domain-choice.tsx'
import { latestRoundQuery } from './rounds.ts'
import { ScheduleForm } from './schedule-form.tsx'
import { sentenceOf } from './schedule-words.ts'
import classes from './schedules.module.css'
import { type Schedule, schedulesQuery, useDeletion, useRunning, useSaving } from './schedules.ts'
import type { Domain } from './wire-types.ts'

/** Rounds that come again by themselves. */
export function Page() {
  return <InDomain>{domain => <InSchedules key={domain.id} domain={domain} />}</InDomain>
}

function InSchedules({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const mayWrite = can('assignments.schedules.write')
  const { data, error, refetch } = useQuery(schedulesQuery(domain.id))
  // What is planned already is not planned twice.
  const latest = useQuery(latestRoundQuery(domain.id))
  const [edited, setEdited] = useState<Schedule | 'new'>()
  const [deleted, setDeleted] = useState<Schedule>()
  const { assignment } = domain.words
  const add = mayWrite && (
    <Button leftSection={<Icon name="plus" size={16} />} disabled={latest.isPending} onClick={() => setEdited('new')}>
      New schedule
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Schedules"
        lead={`They plan ${assignment.plural} ahead, again and again, without anybody thinking of it.`}
        actions={
          <>
            <DomainChoice />
            {data && data.length > 0 && add}
          </>
        }
      />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <div role="status" aria-label="Loading the schedules">
          <Skeleton height={140} />
        </div>
      ) : data.length === 0 ? (
        <div className="panel">
          <EmptyState icon="clock" title="No schedule yet" action={add}>
            With a schedule the next {assignment.singular} is planned by itself, so many days before it begins. You may
            have it published at once, or look at it first.
          </EmptyState>
        </div>
      ) : (
        <Stack gap="sm">
          {data.map(schedule => (
            <Card
              key={schedule.id}
              schedule={schedule}
              domain={domain}
              mayWrite={mayWrite}
              edit={() => setEdited(schedule)}
              remove={() => setDeleted(schedule)}
            />
          ))}
        </Stack>
      )}
      {edited && (
        <ScheduleForm
          domain={domain}
          schedule={edited === 'new' ? undefined : edited}
          startsOn={nextPeriod(latest.data ?? null, addDays(mondayOf(today()), 7)).from}
          close={() => setEdited(undefined)}
        />
      )}
      {deleted && <Deletion schedule={deleted} domain={domain} close={() => setDeleted(undefined)} />}
    </>
  )
}

type CardProps = {
  schedule: Schedule
  domain: Domain
  mayWrite: boolean
  edit: () => void
  remove: () => void
}

function Card({ schedule, domain, mayWrite, edit, remove }: CardProps) {
  const { id, name, isActive, startsOn, nextOn, lastRunAt, lastFault } = schedule
  const saving = useSaving()
  const running = useRunning()
  return (
    <article className={`panel ${classes.card}`} aria-labelledby={`schedule-${id}`}>
      <div className={classes.head}>
        <div className={classes.what}>
          <Group gap="xs">
            <Title order={2} size="h4" id={`schedule-${id}`}>
              {name}
            </Title>
            {!isActive && (
              <Badge size="sm" variant="light" color="gray" tt="none">
                Paused
              </Badge>
            )}
          </Group>
          <Text size="sm">{sentenceOf(schedule, domain.words)}</Text>
        </div>
        {mayWrite && (
          <Menu position="bottom-end" width={170}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Actions for ${name}`}>
                <Icon name="more" />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<Icon name="pencil" size={16} />} onClick={edit}>
                Change
              </Menu.Item>
              <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={remove}>
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {lastFault && (
        <Alert color="yellow" variant="light" icon={<Icon name="alert" />} mt="sm" title="The last run did not succeed">
          <Text size="sm">{lastFault}</Text>
        </Alert>
      )}
      <Refusal error={saving.error ?? running.error} mt="sm" />
      {running.data?.assignmentId && (
        <Text size="sm" mt="sm" role="status">
          The {domain.words.assignment.singular} of {longDay(running.variables?.date ?? startsOn)}{' '}
          {running.data.isWaiting ? 'is being planned' : 'is made'}.{' '}
          <Anchor component={PageLink} to={`/assignments/${running.data.assignmentId}`} inherit>
            Look at it
          </Anchor>
        </Text>
      )}
      <div className={classes.foot}>
        <Text size="sm" c="dimmed">
          {standingOf(schedule)}
          {lastRunAt && ` Last run ${formatAgo(lastRunAt)}.`}
        </Text>
        {mayWrite && (
          <Group gap="xs">
            <Button
              size="xs"
              variant="default"
              loading={saving.isPending}
              onClick={() => saving.mutate({ id, isActive: !isActive })}
            >
              {isActive ? 'Pause' : 'Resume'}
            </Button>
            {isActive && nextOn && (
              <Button
                size="xs"
                variant="default"
                loading={running.isPending}
                onClick={() => running.mutate({ id, date: nextOn })}
              >
                Plan the next one now
              </Button>
            )}
          </Group>
        )}
      </div>
    </article>
  )
}

function standingOf({ isActive, nextOn }: Schedule): string {
  if (!isActive) return 'Nothing is planned while it is paused.'
  return nextOn ? `The next one begins on ${longDay(nextOn)}.` : 'It has come to its end.'
}

function Deletion({ schedule, domain, close }: { schedule: Schedule; domain: Domain; close: () => void }) {
  const deletion = useDeletion()
  return (
    <Modal opened onClose={close} title="Delete the schedule" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text>
        “{schedule.name}” plans nothing any more. The {domain.words.assignment.plural} that it has planned stay.
      </Text>
      <Refusal error={deletion.error} mt="sm" />
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Cancel
        </Button>
        <Button
          color="red"
          loading={deletion.isPending}
          onClick={() => deletion.mutate(schedule.id, { onSuccess: close })}
        >
          Delete
        </Button>
      </Group>
    </Modal>
  )
}
