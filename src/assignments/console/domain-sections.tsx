import { Checkbox, Group, NumberInput, Radio, Stack, Switch, Text, TextInput, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './assignments.module.css'
import type { DomainForm, Limits, Parameters, RuleDraft } from './domain-fields.ts'
import { NamedValues } from './named-values.tsx'
import { strategyName } from './strategy-names.ts'
import { AddOne, FieldFault, TakeOut } from './value-fields.tsx'
import type { Methods, Words } from './wire-types.ts'
import { capital } from './words.ts'

const wordLabels: Readonly<Record<keyof Words, string>> = {
  participant: 'Who is assigned',
  target: 'To what',
  assignment: 'One round of it',
}

export function WordsSection({ words, change, error }: WordsProps) {
  const { participant, target, assignment } = words
  return (
    <section className={`panel ${classes.section}`} aria-label="Words">
      <Title order={2}>Words</Title>
      <Text size="sm" c="dimmed" mb="sm">
        They stand on all pages: “{capital(assignment.singular)}: 2 {participant.plural} on each {target.singular}”.
      </Text>
      <Stack gap="sm">
        {(Object.keys(wordLabels) as (keyof Words)[]).map(of => (
          <div key={of} className={classes.two}>
            {(['singular', 'plural'] as const).map(number => (
              <TextInput
                key={number}
                label={`${wordLabels[of]}, ${number === 'singular' ? 'one' : 'several'}`}
                maxLength={60}
                value={words[of][number]}
                onChange={event => change({ ...words, [of]: { ...words[of], [number]: event.currentTarget.value } })}
              />
            ))}
          </div>
        ))}
        <FieldFault>{error}</FieldFault>
      </Stack>
    </section>
  )
}

type WordsProps = { words: Words; change: (words: Words) => void; error: ReactNode }

type SectionProps = { form: DomainForm; methods: Methods; change: (values: Partial<DomainForm>) => void }

export function PlanningSection({ form, methods, change }: SectionProps) {
  const chosen = methods.strategies.find(({ name }) => name === form.strategy)
  const limit = (next: Partial<Limits>) => change({ limits: { ...form.limits, ...next } })
  return (
    <section className={`panel ${classes.section}`} aria-label="Planning">
      <Title order={2} mb="sm">
        Planning
      </Title>
      <Stack gap="md">
        <Radio.Group
          label={`How a ${form.words.assignment.singular} is planned, unless it says otherwise`}
          value={form.strategy}
          onChange={strategy => change({ strategy })}
        >
          <Stack gap="xs" mt="xs">
            {methods.strategies.map(({ name, description }, place) => (
              <Radio
                key={name}
                value={name}
                label={`${strategyName(name)}${place === 0 ? ' (recommended)' : ''}`}
                description={description}
              />
            ))}
            {!chosen && <Radio value={form.strategy} label={form.strategy} description="It is not known here." />}
          </Stack>
        </Radio.Group>
        {chosen && chosen.parameters.length > 0 && (
          <div className={classes.two}>
            {chosen.parameters.map(parameter => (
              <ParameterField
                key={parameter.name}
                parameter={parameter}
                values={form.parameters}
                change={parameters => change({ parameters })}
              />
            ))}
          </div>
        )}
        <div>
          <Text size="sm" fw={600} mb={6}>
            Limits for whoever has none of his own
          </Text>
          <div className={classes.two}>
            <NumberInput
              label={`${capital(form.words.target.plural)} per ${form.words.assignment.singular}, at most`}
              placeholder="No limit"
              min={1}
              max={10_000}
              allowDecimal={false}
              value={form.limits.perRound ?? ''}
              onChange={value => limit({ perRound: numberOf(value) })}
            />
            <NumberInput
              label="Hours a week, at most"
              placeholder="No limit"
              min={0}
              max={168}
              value={form.limits.hoursPerWeek ?? ''}
              onChange={value => limit({ hoursPerWeek: numberOf(value) })}
            />
            <NumberInput
              label="Hours of rest, at least"
              placeholder="None"
              min={0}
              max={168}
              value={form.limits.restHours ?? ''}
              onChange={value => limit({ restHours: numberOf(value) })}
            />
          </div>
        </div>
      </Stack>
    </section>
  )
}

const numberOf = (value: string | number): number | null => (value === '' ? null : Number(value))

function ParameterField({ parameter, values, change }: ParameterProps) {
  const { name, type, description, minimum, maximum } = parameter
  const value = values[name] ?? parameter.default ?? undefined
  const label = capital(name.replaceAll('_', ' '))
  const set = (next: string | number | boolean) => change({ ...values, [name]: next })
  if (type === 'boolean')
    return (
      <Switch
        label={label}
        description={description}
        checked={value === true}
        onChange={event => set(event.currentTarget.checked)}
      />
    )
  if (type === 'string')
    return (
      <TextInput
        label={label}
        description={description}
        maxLength={1_000}
        value={String(value ?? '')}
        onChange={event => set(event.currentTarget.value)}
      />
    )
  return (
    <NumberInput
      label={label}
      description={description}
      value={typeof value === 'number' ? value : ''}
      {...(minimum !== null && { min: minimum })}
      {...(maximum !== null && { max: maximum })}
      step={maximum !== null && maximum <= 1 ? 0.05 : 1}
      onChange={next => typeof next === 'number' && set(next)}
    />
  )
}

type ParameterProps = {
  parameter: Methods['strategies'][number]['parameters'][number]
  values: Parameters
  change: (values: Parameters) => void
}

export function RulesSection({ form, methods, change, error }: SectionProps & { error: ReactNode }) {
  const set = (place: number, next: Partial<RuleDraft>) =>
    change({ businessRules: form.businessRules.map((rule, index) => (index === place ? { ...rule, ...next } : rule)) })
  return (
    <section className={`panel ${classes.section}`} aria-label="Rules">
      <Title order={2} mb="sm">
        Rules
      </Title>
      <Stack gap="md">
        <Checkbox.Group
          label={`What a ${form.words.assignment.singular} is checked for`}
          value={form.checks}
          onChange={checks => change({ checks })}
        >
          <Stack gap="xs" mt="xs">
            {methods.validationRules.map(({ name, description }) => (
              <Checkbox key={name} value={name} label={checkName(name)} description={description} />
            ))}
          </Stack>
        </Checkbox.Group>
        <div>
          <Text size="sm" fw={600}>
            Rules of your own
          </Text>
          <Text size="xs" c="dimmed" mb="xs">
            Kept with the domain, with what a program that checks them needs to know.
          </Text>
          <Stack gap="sm">
            {form.businessRules.map((rule, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a name is typed letter by letter
              <div key={place} className={classes.rule}>
                <Group wrap="nowrap" align="flex-end" gap="xs">
                  <TextInput
                    style={{ flex: 1 }}
                    label={`Name of rule ${place + 1}`}
                    placeholder="no_double_weekend"
                    maxLength={100}
                    value={rule.name}
                    onChange={event => set(place, { name: event.currentTarget.value })}
                  />
                  <Switch
                    mb={8}
                    label="On"
                    aria-label={`Rule ${rule.name || place + 1} counts`}
                    checked={rule.isActive}
                    onChange={event => set(place, { isActive: event.currentTarget.checked })}
                  />
                  <TakeOut
                    what={`the rule ${rule.name || place + 1}`}
                    onClick={() => change({ businessRules: form.businessRules.filter((_, index) => index !== place) })}
                  />
                </Group>
                <TextInput
                  label={`What rule ${place + 1} says`}
                  maxLength={1_000}
                  value={rule.description}
                  onChange={event => set(place, { description: event.currentTarget.value })}
                />
                <NamedValues
                  label={`What rule ${place + 1} needs to know`}
                  values={rule.parameters}
                  addLabel="A value"
                  onChange={parameters => set(place, { parameters })}
                />
              </div>
            ))}
            <FieldFault>{error}</FieldFault>
            <AddOne
              disabled={form.businessRules.length >= 100}
              onClick={() =>
                change({
                  businessRules: [...form.businessRules, { name: '', description: '', isActive: true, parameters: [] }],
                })
              }
            >
              A rule
            </AddOne>
          </Stack>
        </div>
      </Stack>
    </section>
  )
}

const checkNames: Readonly<Record<string, string>> = {
  capacity_check: 'Room for all',
  availability_check: 'Availability',
  skill_matching: 'Skills',
}

const checkName = (name: string): string => checkNames[name] ?? capital(name.replaceAll('_', ' '))
