import { NativeSelect, Stack, TextInput } from '@mantine/core'
import { AddOne, FieldFault, TakeOut, ValueFields } from './value-fields.tsx'
import classes from './values.module.css'

type Value = string | number | boolean
export type NamedValue = { name: string; value: Value }
type Json = Readonly<Record<string, unknown>>

const isPlain = (value: unknown): value is Value => ['string', 'number', 'boolean'].includes(typeof value)

/** What of a JSON object can be shown as names with values; the rest is kept as it is. */
export const namedValuesOf = (json: Json): NamedValue[] =>
  Object.entries(json).flatMap(([name, value]) => (isPlain(value) ? [{ name, value }] : []))

export const jsonOf = (values: readonly NamedValue[], before: Json): Record<string, unknown> => ({
  ...Object.fromEntries(Object.entries(before).filter(([, value]) => !isPlain(value))),
  ...Object.fromEntries(values.filter(({ name }) => name.trim() !== '').map(({ name, value }) => [name.trim(), value])),
})

const kinds = { string: 'Text', number: 'Number', boolean: 'Yes or no' } as const
const emptyOf = { string: '', number: 0, boolean: true } as const

/** Names with values, one below the other. */
export function NamedValues({ label, description, values, onChange, addLabel, error }: NamedValuesProps) {
  const change = (place: number, next: Partial<NamedValue>) =>
    onChange(values.map((each, index) => (index === place ? { ...each, ...next } : each)))
  return (
    <ValueFields label={label} description={description}>
      <Stack gap="xs">
        {values.map(({ name, value }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a name is typed letter by letter
          <div key={place} className={classes.value}>
            <TextInput
              aria-label={`Name ${place + 1} of ${label}`}
              placeholder="Name"
              maxLength={100}
              value={name}
              onChange={event => change(place, { name: event.currentTarget.value })}
            />
            <NativeSelect
              aria-label={`Kind of ${name || `value ${place + 1}`}`}
              value={typeof value}
              data={Object.entries(kinds).map(([kind, label]) => ({ value: kind, label }))}
              onChange={event => change(place, { value: emptyOf[event.currentTarget.value as keyof typeof emptyOf] })}
            />
            {typeof value === 'boolean' ? (
              <NativeSelect
                aria-label={`Value of ${name || place + 1}`}
                value={String(value)}
                data={[
                  { value: 'true', label: 'Yes' },
                  { value: 'false', label: 'No' },
                ]}
                onChange={event => change(place, { value: event.currentTarget.value === 'true' })}
              />
            ) : (
              <TextInput
                aria-label={`Value of ${name || place + 1}`}
                type={typeof value === 'number' ? 'number' : 'text'}
                step="any"
                placeholder="Value"
                maxLength={1_000}
                value={String(value)}
                onChange={({ currentTarget }) =>
                  change(place, {
                    value: typeof value === 'number' ? Number(currentTarget.value) : currentTarget.value,
                  })
                }
              />
            )}
            <TakeOut
              what={name || `value ${place + 1}`}
              onClick={() => onChange(values.filter((_, index) => index !== place))}
            />
          </div>
        ))}
        <FieldFault>{error}</FieldFault>
        <AddOne onClick={() => onChange([...values, { name: '', value: '' }])}>{addLabel}</AddOne>
      </Stack>
    </ValueFields>
  )
}

type NamedValuesProps = {
  label: string
  description?: string
  values: readonly NamedValue[]
  onChange: (values: NamedValue[]) => void
  addLabel: string
  error?: React.ReactNode
}
