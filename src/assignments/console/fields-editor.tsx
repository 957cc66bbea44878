import { ActionIcon, Group, NativeSelect, NumberInput, Stack, Switch, TagsInput, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { Icon } from '#platform/console'
import classes from './assignments.module.css'
import { boundsOf, type FieldDraft, type Kind, kinds, newField } from './definition-fields.ts'
import { AddOne, FieldFault, TakeOut } from './value-fields.tsx'

const boundLabels: Readonly<Partial<Record<Kind, readonly [string, string]>>> = {
  text: ['Letters, at least', 'Letters, at most'],
  number: ['At least', 'At most'],
  integer: ['At least', 'At most'],
  list: ['How many, at least', 'How many, at most'],
}

/** The fields of a kind of things, one below the other, in the order of its form. */
export function FieldsEditor({ fields, change, error }: FieldsEditorProps) {
  const set = (place: number, next: Partial<FieldDraft>) =>
    change(fields.map((field, index) => (index === place ? { ...field, ...next } : field)))
  const move = (place: number, by: number) => {
    const next = [...fields]
    const [field] = next.splice(place, 1)
    if (field) next.splice(place + by, 0, field)
    change(next)
  }
  return (
    <Stack gap="sm">
      {fields.map((field, place) => (
        <FieldEditor
          // biome-ignore lint/suspicious/noArrayIndexKey: a new one has no name yet
          key={place}
          field={field}
          number={place + 1}
          isLast={place === fields.length - 1}
          set={next => set(place, next)}
          move={by => move(place, by)}
          remove={() => change(fields.filter((_, index) => index !== place))}
        />
      ))}
      <FieldFault>{error}</FieldFault>
      <AddOne disabled={fields.length >= 200} onClick={() => change([...fields, newField])}>
        A field
      </AddOne>
    </Stack>
  )
}

type FieldsEditorProps = {
  fields: readonly FieldDraft[]
  change: (fields: FieldDraft[]) => void
  error: ReactNode
}

function FieldEditor({ field, number, isLast, set, move, remove }: FieldEditorProps) {
  const named = field.title || `field ${number}`
  const labels = boundLabels[field.kind]
  const bounds = boundsOf[field.kind]
  return (
    <div className={classes.rule}>
      <div className={classes.two}>
        <TextInput
          label={`Name of field ${number}`}
          maxLength={200}
          value={field.title}
          onChange={event => set({ title: event.currentTarget.value })}
        />
        <NativeSelect
          label={`Kind of ${named}`}
          value={field.kind}
          data={Object.entries(kinds).map(([value, label]) => ({ value, label }))}
          onChange={event => set({ kind: event.currentTarget.value as Kind, least: null, most: null })}
        />
      </div>
      {field.kind === 'choice' && (
        <TagsInput
          label={`What there is to choose for ${named}`}
          placeholder="Type one and press Enter"
          acceptValueOnBlur
          clearable={false}
          maxTags={200}
          value={field.options}
          onChange={options => set({ options })}
        />
      )}
      {labels && bounds && (
        <div className={classes.two}>
          {(['least', 'most'] as const).map((name, index) => (
            <NumberInput
              key={name}
              label={labels[index]}
              aria-label={`${labels[index]} (${named})`}
              placeholder="Any"
              allowDecimal={field.kind === 'number'}
              {...((field.kind === 'text' || field.kind === 'list') && { min: 0 })}
              value={field[name] ?? ''}
              onChange={value => set({ [name]: value === '' ? null : Number(value) })}
            />
          ))}
        </div>
      )}
      <Group justify="space-between">
        <Switch
          label="Must be said"
          aria-label={`${named} must be said`}
          checked={field.isRequired}
          onChange={event => set({ isRequired: event.currentTarget.checked })}
        />
        <Group gap={4}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={`Move ${named} up`}
            disabled={number === 1}
            onClick={() => move(-1)}
          >
            <Icon name="chevronDown" style={{ transform: 'rotate(180deg)' }} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={`Move ${named} down`}
            disabled={isLast}
            onClick={() => move(1)}
          >
            <Icon name="chevronDown" />
          </ActionIcon>
          <TakeOut what={named} onClick={remove} />
        </Group>
      </Group>
    </div>
  )
}

type FieldEditorProps = {
  field: FieldDraft
  number: number
  isLast: boolean
  set: (next: Partial<FieldDraft>) => void
  move: (by: number) => void
  remove: () => void
}
