import { Modal, NativeSelect, NumberInput, Radio, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { FormFoot, Problem, Refusal } from '#platform/console'
import { today } from './agenda.ts'
import { addDays, isDay } from './days.ts'
import { formatDate, nextDates, type ScheduleFields, sentenceOf, type Unit, unitWord } from './schedule-words.ts'
import classes from './schedules.module.css'
import { type Schedule, useSaving } from './schedules.ts'
import type { Domain } from './wire-types.ts'

type Draft = Omit<ScheduleFields, 'every' | 'periodDays' | 'leadDays' | 'endsOn' | 'publishes'> & {
  every: number | string
  periodDays: number | string
  leadDays: number | string
  endsOn: string
  publishes: 'yes' | 'no'
}

/** Makes or changes a schedule; says at each change of a field what will happen and when. */
export function ScheduleForm({ domain, schedule, startsOn, close }: ScheduleFormProps) {
  const saving = useSaving()
  const { assignment, participant } = domain.words
  const form = useForm<Draft>({
    initialValues: schedule ? draftOf(schedule) : firstDraft(domain, startsOn),
    validate: {
      name: value => (value.trim() ? null : 'Give the schedule a name.'),
      every: within(1, 366),
      periodDays: within(1, 366),
      leadDays: within(0, 366),
      startsOn: value => (isDay(value) ? null : 'Choose the first day.'),
      endsOn: (value, { startsOn }) =>
        value === '' || (isDay(value) && value >= startsOn) ? null : 'The end comes before the first day.',
    },
  })
  const fields = fieldsOf(form.values)
  // What was made already is not made again.
  const made = schedule?.nextOn ? addDays(schedule.nextOn, -1) : null
  const dates = fields && nextDates(fields, today(), made, 5)
  const submit = (draft: Draft) => {
    const fields = fieldsOf(draft)
    if (!fields) return
    saving.mutate(schedule ? { id: schedule.id, ...fields } : { domainId: domain.id, ...fields }, {
      onSuccess: close,
      onError: error => error instanceof Problem && form.setErrors(error.fields),
    })
  }
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={schedule ? 'Change the schedule' : 'New schedule'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(submit)} noValidate>
        <Stack gap="md">
          <TextInput label="Name" maxLength={200} autoComplete="off" data-autofocus {...form.getInputProps('name')} />
          <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="md">
            <NumberInput label="Every" min={1} max={366} allowDecimal={false} {...form.getInputProps('every')} />
            <NativeSelect
              label="Unit"
              data={(['day', 'week', 'month'] satisfies Unit[]).map(unit => ({
                value: unit,
                label: unitWord(unit, Number(form.values.every)),
              }))}
              {...form.getInputProps('unit')}
            />
            <NumberInput
              label="Days covered"
              min={1}
              max={366}
              allowDecimal={false}
              {...form.getInputProps('periodDays')}
            />
            <TextInput type="date" label="First day" {...form.getInputProps('startsOn')} />
            <TextInput
              type="date"
              label="No more after"
              description="Empty for no end"
              {...form.getInputProps('endsOn')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
            />
            <NumberInput
              label="Planned days ahead"
              min={0}
              max={366}
              allowDecimal={false}
              {...form.getInputProps('leadDays')}
            />
          </SimpleGrid>
          <Radio.Group label="When it is planned" {...form.getInputProps('publishes')}>
            <Stack gap="xs" mt="xs">
              <Radio value="no" label="Keep it as a draft until somebody has looked at it" />
              <Radio value="yes" label={`Publish it at once and tell ${participant.plural}`} />
            </Stack>
          </Radio.Group>
          <div className={classes.sentence} role="status">
            {fields && dates ? (
              <>
                {sentenceOf(fields, domain.words)}
                <Text size="sm" mt={8} fw={550}>
                  {dates.length === 0 ? `No ${assignment.singular} follows any more.` : 'The next ones begin on'}
                </Text>
                <ul className={classes.dates}>
                  {dates.map(date => (
                    <li key={date}>{formatDate(date)}</li>
                  ))}
                </ul>
              </>
            ) : (
              'Fill in the fields, and here is said what will happen.'
            )}
          </div>
          <Refusal error={saving.error && Object.keys(form.errors).length === 0 ? saving.error : undefined} />
          <FormFoot close={close} isPending={saving.isPending}>
            {schedule ? 'Save' : 'Make the schedule'}
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

type ScheduleFormProps = {
  domain: Domain
  schedule: Schedule | undefined
  /** Where a new one begins unless told. */
  startsOn: string
  close: () => void
}

const within = (least: number, most: number) => (value: number | string) =>
  isWhole(value, least, most) ? null : `A whole number from ${least} to ${most}.`

const isWhole = (value: number | string, least: number, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most

function fieldsOf({ name, every, periodDays, leadDays, startsOn, endsOn, publishes, ...rest }: Draft) {
  if (!isWhole(every, 1, 366) || !isWhole(periodDays, 1, 366) || !isWhole(leadDays, 0, 366) || !isDay(startsOn))
    return undefined
  return {
    ...rest,
    ...{ name: name.trim(), every, periodDays, leadDays, startsOn },
    endsOn: endsOn === '' ? null : endsOn,
    publishes: publishes === 'yes',
  } satisfies ScheduleFields
}

const draftOf = ({
  name,
  every,
  unit,
  periodDays,
  startsOn,
  endsOn,
  leadDays,
  publishes,
  strategy,
  isActive,
}: Schedule) =>
  ({
    ...{ name, every, unit, periodDays, startsOn, leadDays, strategy, isActive },
    endsOn: endsOn ?? '',
    publishes: publishes ? 'yes' : 'no',
  }) satisfies Draft

/** Each week: what most want. */
const firstDraft = ({ configuration }: Domain, startsOn: string) =>
  ({
    ...{ name: 'Every week', every: 1, unit: 'week', periodDays: 7, leadDays: 7 },
    ...{ startsOn, endsOn: '', publishes: 'no', isActive: true },
    strategy: configuration.strategy ?? 'optimal',
  }) satisfies Draft
