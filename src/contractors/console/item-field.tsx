import { Group, NativeSelect, Text, TextInput } from '@mantine/core'
import { type KeyboardEvent, useEffect, useState } from 'react'
import { formatDay } from '#platform/console'
import type { FieldValue, ListField, ListItem } from './lists.ts'

/** A value of a list's own field, changed in place; what is typed is saved when one leaves it. */
export function ItemField({ field, of, value, save }: ItemFieldProps) {
  const label = `${field.name} of ${of}`
  if (field.kind === 'choice' || field.kind === 'yes_no') {
    const options =
      field.kind === 'choice'
        ? (field.options ?? []).map(option => ({ value: option, label: option }))
        : [
            { value: 'true', label: 'Yes' },
            { value: 'false', label: 'No' },
          ]
    const text = value === null ? '' : String(value)
    // A value from before the field was as it is now is still shown, and goes only when another one is chosen.
    const known = text === '' || options.some(option => option.value === text)
    return (
      <NativeSelect
        size="xs"
        label={field.name}
        aria-label={label}
        value={text}
        onChange={event => save(chosen(field, event.currentTarget.value))}
        data={[
          { value: '', label: '–' },
          ...options,
          ...(known ? [] : [{ value: text, label: `${text} (no longer offered)` }]),
        ]}
      />
    )
  }
  return <Typed field={field} label={label} value={value} save={save} />
}

function Typed({ field, label, value, save }: Omit<ItemFieldProps, 'of'> & { label: string }) {
  const known = value === null ? '' : String(value)
  const [text, setText] = useState(known)
  useEffect(() => setText(known), [known])
  const read = field.kind === 'number' ? text.trim().replace(',', '.') : text.trim()
  const isWrong = field.kind === 'number' && read !== '' && !Number.isFinite(Number(read))
  const settle = () => {
    if (isWrong || read === known.trim()) return
    save(read === '' ? null : field.kind === 'number' ? Number(read) : read)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') settle()
  }
  return (
    <TextInput
      size="xs"
      label={field.name}
      aria-label={label}
      type={field.kind === 'date' ? 'date' : 'text'}
      inputMode={field.kind === 'number' ? 'decimal' : undefined}
      maxLength={2_000}
      value={text}
      error={isWrong ? 'No number' : undefined}
      onChange={event => setText(event.currentTarget.value)}
      onBlur={settle}
      onKeyDown={onKeyDown}
    />
  )
}

type ItemFieldProps = {
  field: ListField
  /** Whose it is. */
  of: string
  value: FieldValue | null
  save: (value: FieldValue | null) => void
}

function chosen(field: ListField, text: string): FieldValue | null {
  if (text === '') return null
  return field.kind === 'yes_no' ? text === 'true' : text
}

/** The fields that an item has a value of, in words. */
export function FieldTexts({ fields, item, className }: FieldTextsProps) {
  const filled = fields.filter(field => item.customData[field.id] !== undefined)
  if (filled.length === 0) return null
  return (
    <Group gap="2px 16px" className={className}>
      {filled.map(field => (
        <Text key={field.id} size="sm" style={{ overflowWrap: 'anywhere' }}>
          <Text span c="dimmed" inherit>
            {field.name}:
          </Text>{' '}
          {fieldText(item.customData[field.id] ?? null)}
        </Text>
      ))}
    </Group>
  )
}

type FieldTextsProps = {
  fields: readonly ListField[]
  item: Pick<ListItem, 'customData'>
  className: string | undefined
}

/** A value in words. */
export function fieldText(value: FieldValue | null): string {
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)) return formatDay(value)
  return String(value ?? '')
}
