import {
  ActionIcon,
  Button,
  Checkbox,
  Fieldset,
  Group,
  Modal,
  NativeSelect,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Icon, Refusal } from '#platform/console'
import { columnNames, columnsOf, sortNames } from './item-columns.ts'
import { type ListFields, useListChange } from './list-changes.ts'
import classes from './lists.module.css'
import { type List, type ListField, summaryQuery } from './lists.ts'
import { ConflictChoice } from './live-conflict.tsx'

const kinds: Readonly<Record<ListField['kind'], string>> = {
  text: 'Text',
  number: 'Number',
  date: 'Date',
  choice: 'Choice',
  yes_no: 'Yes or no',
}

/** Which fields the items have beside the fixed remarks, what of it is shown, and in which order. */
export function ListSettingsForm({ list, close }: { list: List; close: () => void }) {
  const summary = useQuery(summaryQuery(list.id))
  const [opened] = useState(() => settingFields.read(list))
  const [fields, setFields] = useState(opened.fields)
  const [columns, setColumns] = useState(opened.columns)
  const [sort, setSort] = useState(opened.sort)
  const { save, saving, disputed, settle } = useListChange(list, settingFields, close)
  const change = (id: string, next: Partial<ListField>) =>
    setFields(fields.map(field => (field.id === id ? { ...field, ...next } : field)))
  const valuesOf = (id: string) => summary.data?.fields.find(each => each.value === id)?.count ?? 0
  const removed = list.settings.fields.filter(old => !fields.some(field => field.id === old.id) && valuesOf(old.id) > 0)
  const changed = fields.filter(field =>
    list.settings.fields.some(old => old.id === field.id && old.kind !== field.kind && valuesOf(old.id) > 0),
  )
  const isNamed = fields.every(field => field.name.trim() !== '')

  return (
    <Modal opened onClose={close} size="lg" title="Fields and columns" closeButtonProps={{ 'aria-label': 'Close' }}>
      {disputed && (
        <ConflictChoice
          fields={disputed}
          labels={labels}
          wordsOf={wordsOf}
          isSaving={saving.isPending}
          error={saving.error}
          onDone={settle}
        />
      )}
      <Stack gap="lg" display={disputed && 'none'}>
        <Fieldset legend="Own fields">
          <Stack gap="sm">
            {fields.length === 0 && (
              <Text size="sm" c="dimmed">
                Beside notes, tags, rating and priority a list can have fields of its own: a stage, a date, an amount.
              </Text>
            )}
            {fields.map((field, i) => (
              <div key={field.id} className={classes.fieldRow}>
                <TextInput
                  label={`Name of field ${i + 1}`}
                  size="sm"
                  maxLength={60}
                  value={field.name}
                  onChange={event => change(field.id, { name: event.currentTarget.value })}
                />
                <NativeSelect
                  label="Kind"
                  aria-label={`Kind of field ${i + 1}`}
                  size="sm"
                  value={field.kind}
                  onChange={event => change(field.id, { kind: event.currentTarget.value as ListField['kind'] })}
                  data={Object.entries(kinds).map(([value, label]) => ({ value, label }))}
                />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="lg"
                  aria-label={`Take out the field ${field.name || i + 1}`}
                  onClick={() => setFields(fields.filter(each => each.id !== field.id))}
                >
                  <Icon name="close" />
                </ActionIcon>
                {field.kind === 'choice' && (
                  <TagsInput
                    className={classes.fieldOptions}
                    size="sm"
                    label={`What there is to choose for ${field.name || `field ${i + 1}`}`}
                    placeholder="Type one and press Enter"
                    acceptValueOnBlur
                    maxTags={50}
                    value={field.options ?? []}
                    onChange={options => change(field.id, { options })}
                  />
                )}
              </div>
            ))}
            <Group>
              <Button
                size="xs"
                variant="default"
                leftSection={<Icon name="plus" size={15} />}
                disabled={fields.length >= 20}
                onClick={() => {
                  const id = newId(fields)
                  setFields([...fields, { id, name: '', kind: 'text' }])
                  setColumns([...columns, `field:${id}`])
                }}
              >
                Add a field
              </Button>
            </Group>
            {[...removed, ...changed].length > 0 && (
              <Text size="sm" role="status">
                {[...removed, ...changed]
                  .map(field => `${field.name}: ${formatCount(valuesOf(field.id))} filled in`)
                  .join('; ')}
                . No value is lost: what a field cannot show is kept, and is there again when the field is as it was.
              </Text>
            )}
          </Stack>
        </Fieldset>
        <Fieldset legend="Shown in the list">
          <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="xs">
            {[
              ...Object.entries(columnNames),
              ...fields.map(field => [`field:${field.id}`, field.name || 'New field'] as const),
            ].map(([column, label]) => (
              <Checkbox
                key={column}
                size="sm"
                label={label}
                checked={columns.includes(column)}
                onChange={event =>
                  setColumns(
                    event.currentTarget.checked ? [...columns, column] : columns.filter(each => each !== column),
                  )
                }
              />
            ))}
          </SimpleGrid>
        </Fieldset>
        <NativeSelect
          label="Order in which it opens"
          value={sort}
          onChange={event => setSort(event.currentTarget.value)}
          data={sortNames(fields).map(({ value, label }) => ({ value, label }))}
        />
        {saving.isError && <Refusal error={saving.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button loading={saving.isPending} disabled={!isNamed} onClick={() => save({ fields, columns, sort })}>
            Save
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

type SettingFields = { fields: readonly ListField[]; columns: readonly string[]; sort: string }

const settingFields: ListFields<SettingFields> = {
  read: ({ settings }) => ({
    fields: settings.fields,
    columns: columnsOf(settings),
    sort: settings.sort ? `${settings.sort.by} ${settings.sort.direction}` : 'added desc',
  }),
  write: (change, { settings }) => {
    const fields = (change.fields ?? settings.fields).map(({ options, ...field }) => ({
      ...field,
      name: field.name.trim(),
      ...(field.kind === 'choice' && { options: options ?? [] }),
    }))
    const known = new Set(fields.map(field => `field:${field.id}`))
    const isKnown = (name: string) => !name.startsWith('field:') || known.has(name)
    const [by = 'added', direction] = change.sort?.split(' ') ?? [settings.sort?.by, settings.sort?.direction]
    const columns = change.columns ?? settings.columns
    return {
      settings: {
        fields,
        columns: columns?.filter(isKnown) ?? null,
        sort: direction && isKnown(by) ? { by, direction } : null,
      },
    }
  },
  mergeable: ['columns'],
}

const labels = { fields: 'Own fields', columns: 'Shown in the list', sort: 'Order in which it opens' }

function wordsOf(value: unknown, name: string): string {
  if (name === 'fields')
    return (value as SettingFields['fields']).map(field => `${field.name} (${kinds[field.kind]})`).join(', ')
  if (name === 'sort') return sortNames([]).find(each => each.value === value)?.label ?? 'By a field of its own'
  const shown = value as SettingFields['columns']
  const own = shown.filter(column => column.startsWith('field:')).length
  const usual = Object.entries(columnNames)
    .filter(([column]) => shown.includes(column))
    .map(([, label]) => label)
  return [...usual, ...(own > 0 ? [own === 1 ? 'one own field' : `${own} own fields`] : [])].join(', ')
}

/** Never one that was used before: values of an older field would come up in the new one. */
function newId(fields: readonly ListField[]): string {
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, 12)
  return fields.some(field => field.id === id) ? newId(fields) : id
}
