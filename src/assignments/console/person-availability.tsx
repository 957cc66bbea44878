import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Modal,
  Radio,
  Skeleton,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dayOf, ErrorState, FormFoot, formatDay, Icon, LoadMore, Problem, Refusal } from '#platform/console'
import classes from './assignments.module.css'
import { EditBar } from './edit-bar.tsx'
import { type Loaded, useEditing } from './editing.ts'
import { addException, changePerson, exceptionsQuery, personQuery, refreshPeople, removeException } from './people.ts'
import { availabilityOf, describeWeek, type Week, weekOf } from './week.ts'
import { WeekEditor } from './week-editor.tsx'
import type { AvailabilityException, Participant } from './wire-types.ts'

type WeekForm = { week: Week }
const labels = { week: 'The ordinary week' }

/** When somebody is there: in an ordinary week, and on days that are otherwise. */
export function PersonAvailability({ person, mayWrite }: { person: Loaded<Participant>; mayWrite: boolean }) {
  const client = useQueryClient()
  const editing = useEditing<Participant, WeekForm>({
    loaded: person,
    read: ({ availability }) => ({ week: weekOf(availability) }),
    write: (_, base, { week }) =>
      changePerson(person.id, { availability: availabilityOf(week, base.availability) } as never, base.etag),
    reload: () => client.fetchQuery({ ...personQuery(person.id), staleTime: 0 }),
    onSaved: saved => {
      client.setQueryData(personQuery(person.id).queryKey, saved)
      return refreshPeople(client)
    },
  })
  return (
    <div className={classes.form}>
      <form onSubmit={editing.submit} noValidate className={classes.form}>
        <section className={`panel ${classes.section}`} aria-label="Ordinary week">
          <WeekEditor
            week={editing.form.values.week}
            name={person.name}
            onChange={mayWrite ? week => editing.form.setFieldValue('week', week) : undefined}
          />
          <Text size="xs" c="dimmed" mt="sm">
            In the time zone of the workspace.
          </Text>
        </section>
        <EditBar editing={editing} labels={labels} inWords={(_, value) => describeWeek(value as Week)} />
      </form>
      <Exceptions person={person} mayWrite={mayWrite} />
    </div>
  )
}

function Exceptions({ person, mayWrite }: { person: Participant; mayWrite: boolean }) {
  const client = useQueryClient()
  const [showsPast, setShowsPast] = useState(false)
  const [isAdding, setIsAdding] = useState(false)
  const query = useInfiniteQuery(exceptionsQuery(person.id, showsPast ? '' : dayOf(new Date().toISOString())))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const removal = useMutation({
    mutationFn: (id: string) => removeException(person.id, id),
    onSettled: () => refreshPeople(client),
    onError: error => notifications.show({ color: 'red', title: 'It was not taken back', message: error.message }),
  })
  return (
    <section className={`panel ${classes.section}`} aria-label="Days that are otherwise">
      <Group justify="space-between" mb="xs">
        <Title order={2}>Days that are otherwise</Title>
        {mayWrite && (
          <Button
            size="xs"
            variant="default"
            leftSection={<Icon name="plus" size={15} />}
            onClick={() => setIsAdding(true)}
          >
            Days away or there
          </Button>
        )}
      </Group>
      <Switch
        size="xs"
        label="Show past ones too"
        checked={showsPast}
        onChange={event => setShowsPast(event.currentTarget.checked)}
      />
      {query.isPending ? (
        <div role="status" aria-label="Loading the days">
          <Skeleton height={70} mt="sm" />
        </div>
      ) : query.isError && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <Text size="sm" c="dimmed" mt="sm">
          None. Holidays, illness and days more are entered here.
        </Text>
      ) : (
        <>
          <ul className={classes.rows} aria-label="Days that are otherwise">
            {items.map(exception => (
              <li key={exception.id} className={classes.row} style={{ paddingInline: 0 }}>
                <div>
                  <Text size="sm">{daysInWords(exception)}</Text>
                  {exception.note && (
                    <Text size="xs" c="dimmed">
                      {exception.note}
                    </Text>
                  )}
                </div>
                <Group gap="xs">
                  <Badge
                    variant="light"
                    color={exception.isAvailable ? 'pine' : 'yellow'}
                    tt="none"
                    size="sm"
                    autoContrast
                  >
                    {exception.isAvailable ? 'There' : 'Away'}
                  </Badge>
                  {mayWrite && (
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={`Take back ${daysInWords(exception)}`}
                      loading={removal.isPending && removal.variables === exception.id}
                      onClick={() => removal.mutate(exception.id)}
                    >
                      <Icon name="close" />
                    </ActionIcon>
                  )}
                </Group>
              </li>
            ))}
          </ul>
          <LoadMore query={query} label="Load more days" />
        </>
      )}
      {isAdding && <ExceptionForm person={person} close={() => setIsAdding(false)} />}
    </section>
  )
}

function daysInWords({ startsOn, endsOn, startsAt, endsAt }: AvailabilityException): string {
  const days = startsOn === endsOn ? formatDay(startsOn) : `${formatDay(startsOn)} to ${formatDay(endsOn)}`
  return startsAt ? `${days}, ${startsAt}–${endsAt}` : days
}

function ExceptionForm({ person, close }: { person: Participant; close: () => void }) {
  const client = useQueryClient()
  const form = useForm({
    initialValues: {
      kind: 'away',
      startsOn: dayOf(new Date().toISOString()),
      endsOn: '',
      isWhole: true,
      startsAt: '09:00',
      endsAt: '17:00',
      note: '',
    },
    validate: {
      startsOn: value => (value ? null : 'Say the first day.'),
      endsOn: (value, { startsOn }) => (value && value < startsOn ? 'It ends before it begins.' : null),
      endsAt: (value, { isWhole, startsAt }) =>
        !isWhole && (!value || value <= startsAt) ? 'It ends before it begins.' : null,
    },
  })
  const adding = useMutation({
    mutationFn: ({ kind, startsOn, endsOn, isWhole, startsAt, endsAt, note }: typeof form.values) =>
      addException(person.id, {
        startsOn,
        endsOn: endsOn || startsOn,
        ...(!isWhole && { startsAt, endsAt }),
        isAvailable: kind === 'there',
        note: note.trim() || null,
      }),
    onSuccess: async () => {
      close()
      await refreshPeople(client)
    },
    onError: error => error instanceof Problem && form.setErrors({ ...error.fields }),
  })
  const { isWhole } = form.values
  return (
    <Modal opened onClose={close} title="Days that are otherwise" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(values => adding.mutate(values))} noValidate>
        <Stack gap="md">
          <Radio.Group label={`On these days ${person.name} is`} {...form.getInputProps('kind')}>
            <Group mt="xs">
              <Radio value="away" label="away" />
              <Radio value="there" label="there, otherwise than usual" />
            </Group>
          </Radio.Group>
          <div className={classes.two}>
            <TextInput type="date" label="First day" data-autofocus {...form.getInputProps('startsOn')} />
            <TextInput
              type="date"
              label="Last day"
              description="Empty: one day"
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              {...form.getInputProps('endsOn')}
            />
          </div>
          <Switch label="Whole days" {...form.getInputProps('isWhole', { type: 'checkbox' })} />
          {!isWhole && (
            <div className={classes.two}>
              <TextInput type="time" label="From" {...form.getInputProps('startsAt')} />
              <TextInput type="time" label="To" {...form.getInputProps('endsAt')} />
            </div>
          )}
          <TextInput label="Note" maxLength={500} {...form.getInputProps('note')} />
          <Refusal error={Object.keys(form.errors).length > 0 ? null : adding.error} />
          <FormFoot close={close} isPending={adding.isPending}>
            Enter
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}
