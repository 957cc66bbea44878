import { Group, NativeSelect, NumberInput, Radio, Stack, Switch, Text, Textarea, TextInput, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import classes from './assignments.module.css'
import { EditBar } from './edit-bar.tsx'
import { type Loaded, useEditing } from './editing.ts'
import { type NamedValue, NamedValues } from './named-values.tsx'
import { MixFields, SkillFields, type SkillLevel, type SkillMix } from './skill-fields.tsx'
import {
  faultOfTime,
  readTargetForm,
  type TargetForm,
  type TargetTime,
  targetLabels,
  writeTargetForm,
} from './target-fields.ts'
import { timeInWords } from './target-words.ts'
import { changeTarget, refreshTargets, targetQuery } from './targets.ts'
import { FieldFault } from './value-fields.tsx'
import { weekdayNames, weekdays } from './week.ts'
import type { Domain, Target, Weekday } from './wire-types.ts'

type TargetProfileProps = { target: Loaded<Target>; domain: Domain; mayWrite: boolean }

/** How many a target needs, what they must be able to do, and when. */
export function TargetProfile({ target, domain, mayWrite }: TargetProfileProps) {
  const client = useQueryClient()
  const { participant, assignment } = domain.words
  const editing = useEditing<Target, TargetForm>({
    loaded: target,
    read: readTargetForm,
    write: (changes, base, form) => changeTarget(target.id, writeTargetForm(changes, form, base), base.etag),
    reload: () => client.fetchQuery({ ...targetQuery(target.id), staleTime: 0 }),
    onSaved: saved => {
      client.setQueryData(targetQuery(target.id).queryKey, saved)
      return refreshTargets(client)
    },
    fieldOf: {
      'assignments.target_reference_taken': 'reference',
      'assignments.target_counts': 'maximumCount',
      'assignments.target_window': 'time',
    },
    validate: {
      name: (value: string) => (value.trim() ? null : 'Give it a name.'),
      maximumCount: (value: number | null, { requiredCount }: TargetForm) =>
        value !== null && value < requiredCount ? 'It is less than it needs.' : null,
      time: faultOfTime,
    },
  })
  const { form } = editing
  return (
    <form className={classes.form} onSubmit={editing.submit} noValidate>
      <fieldset disabled={!mayWrite} className={classes.bare}>
        <Stack gap="md">
          <section className={`panel ${classes.section}`} aria-label="About it">
            <Stack gap="sm">
              <div className={classes.two}>
                <TextInput label={targetLabels.name} maxLength={200} {...form.getInputProps('name')} />
                <TextInput
                  label={targetLabels.reference}
                  description="What another system calls it"
                  inputWrapperOrder={['label', 'input', 'description', 'error']}
                  maxLength={100}
                  {...form.getInputProps('reference')}
                />
              </div>
              <Textarea
                label={targetLabels.description}
                autosize
                minRows={2}
                maxLength={10_000}
                {...form.getInputProps('description')}
              />
              <Switch
                label={targetLabels.isActive}
                description={`In the next ${assignment.plural}`}
                {...form.getInputProps('isActive', { type: 'checkbox' })}
              />
            </Stack>
          </section>
          <section className={`panel ${classes.section}`} aria-label="Places">
            <Title order={2} mb="sm">
              Places
            </Title>
            <Stack gap="sm">
              <div className={classes.two}>
                <NumberInput
                  label={`${participant.plural} that it needs`}
                  min={1}
                  max={10_000}
                  allowDecimal={false}
                  value={form.values.requiredCount}
                  onChange={value => form.setFieldValue('requiredCount', Number(value) || 1)}
                  className={classes.capital}
                />
                <NumberInput
                  label={`${participant.plural} that it has room for`}
                  placeholder="As many as it needs"
                  min={1}
                  max={10_000}
                  allowDecimal={false}
                  value={form.values.maximumCount ?? ''}
                  error={form.errors.maximumCount}
                  onChange={value => form.setFieldValue('maximumCount', value === '' ? null : Number(value))}
                  className={classes.capital}
                />
                <NativeSelect
                  label={targetLabels.priority}
                  description="What is short is short where it matters least"
                  inputWrapperOrder={['label', 'input', 'description', 'error']}
                  data={[
                    { value: '5', label: '5, filled first' },
                    { value: '4', label: '4' },
                    { value: '3', label: '3, usual' },
                    { value: '2', label: '2' },
                    { value: '1', label: '1, filled last' },
                  ]}
                  {...form.getInputProps('priority')}
                />
              </div>
              <Switch
                label={targetLabels.mayBeShort}
                description="Else a plan without enough people for it is none."
                {...form.getInputProps('mayBeShort', { type: 'checkbox' })}
              />
            </Stack>
          </section>
          <section className={`panel ${classes.section}`} aria-label="When">
            <TimeFields
              time={form.values.time}
              change={time => form.setFieldValue('time', time)}
              error={form.errors.time}
              round={assignment.singular}
            />
          </section>
          <section className={`panel ${classes.section}`} aria-label="Skills">
            <Stack gap="lg">
              <SkillFields
                label={targetLabels.allSkills}
                domainId={domain.id}
                skills={form.values.allSkills}
                least="Least level, of all, of"
                onChange={skills => form.setFieldValue('allSkills', skills)}
              />
              <SkillFields
                label={targetLabels.anySkills}
                domainId={domain.id}
                skills={form.values.anySkills}
                least="Least level of"
                onChange={skills => form.setFieldValue('anySkills', skills)}
              />
              <MixFields
                domainId={domain.id}
                mixes={form.values.skillMix}
                people={participant.plural}
                onChange={mixes => form.setFieldValue('skillMix', mixes)}
              />
            </Stack>
          </section>
          <section className={`panel ${classes.section}`} aria-label={targetLabels.constraints}>
            <NamedValues
              label={targetLabels.constraints}
              description="Kept with it for rules of your own, such as: floor, keys needed."
              values={form.values.constraints}
              addLabel="A constraint"
              onChange={constraints => form.setFieldValue('constraints', constraints)}
            />
          </section>
        </Stack>
      </fieldset>
      <EditBar editing={editing} labels={targetLabels} inWords={inWords} />
    </form>
  )
}

function inWords(name: string, value: unknown): string | undefined {
  if (name === 'allSkills' || name === 'anySkills')
    return (value as SkillLevel[]).map(each => each.skill).join(', ') || 'none'
  if (name === 'skillMix')
    return (value as SkillMix[]).map(({ minimum, skill }) => `${minimum} × ${skill}`).join(', ') || 'none'
  if (name === 'constraints')
    return (value as NamedValue[]).map(each => `${each.name}: ${each.value}`).join(', ') || 'none'
  if (name !== 'time') return undefined
  const { kind, weekday, onDate, startsAt, endsAt } = value as TargetTime
  return timeInWords({
    weekday: kind === 'weekday' ? weekday : null,
    onDate: kind === 'date' ? onDate : null,
    startsAt: startsAt || null,
    endsAt: endsAt || null,
  })
}

type TimeFieldsProps = { time: TargetTime; change: (time: TargetTime) => void; error: ReactNode; round: string }

function TimeFields({ time, change, error, round }: TimeFieldsProps) {
  const isOvernight = time.startsAt !== '' && time.endsAt !== '' && time.endsAt <= time.startsAt
  return (
    <Stack gap="sm">
      <Radio.Group
        label="When"
        value={time.kind}
        onChange={kind => change({ ...time, kind: kind as TargetTime['kind'] })}
      >
        <Group mt="xs">
          <Radio value="any" label={`At any time of the ${round}`} />
          <Radio value="weekday" label="On a weekday" />
          <Radio value="date" label="On one date" />
        </Group>
      </Radio.Group>
      <div className={classes.two}>
        {time.kind === 'weekday' && (
          <NativeSelect
            label="Weekday"
            description={`On each of them in a ${round}`}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            value={time.weekday}
            data={weekdays.map(day => ({ value: day, label: weekdayNames[day] }))}
            onChange={event => change({ ...time, weekday: event.currentTarget.value as Weekday })}
          />
        )}
        {time.kind === 'date' && (
          <TextInput
            type="date"
            label="Date"
            value={time.onDate}
            onChange={event => change({ ...time, onDate: event.currentTarget.value })}
          />
        )}
        <TextInput
          type="time"
          label="Begins"
          value={time.startsAt}
          onChange={event => change({ ...time, startsAt: event.currentTarget.value })}
        />
        <TextInput
          type="time"
          label="Ends"
          description={isOvernight ? 'On the next day' : undefined}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={time.endsAt}
          onChange={event => change({ ...time, endsAt: event.currentTarget.value })}
        />
      </div>
      <FieldFault>{error}</FieldFault>
      <Text size="xs" c="dimmed">
        Without times anybody who is there on the day may do it. In the time zone of the workspace.
      </Text>
    </Stack>
  )
}
