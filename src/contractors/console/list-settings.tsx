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
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Icon, Refusal } from '#platform/console'
import { columnNames, columnsOf, sortNames } from './item-columns.ts'
import classes from './lists.module.css'
import { changeList, etagOfList, type List, type ListField, refreshLists, summaryQuery } from './lists.ts'

const kinds: Readonly<Record<ListField['kind'], string>> = {
  text: 'Text',
  number: 'Number',
  date: 'Date',
  choice: 'Choice',
  yes_no: 'Yes or no',
}

/** Which fields the items have beside the fixed remarks, what of it is shown, and in which order. */
export function ListSettingsForm({ list, close }: { list: List; close: () => void }) {
  const client = useQueryClient()
  const summary = useQuery(summaryQuery(list.id))
  const [fields, setFields] = useState<readonly ListField[]>(list.settings.fields)
  const [columns, setColumns] = useState<readonly string[]>(columnsOf(list.settings))
  const [sort, setSort] = useState(
    list.settings.sort ? `${list.settings.sort.by} ${list.settings.sort.direction}` : 'added desc',
  )
  const save = useMutation({
    mutationFn: () => {
      const known = new Set(fields.map(field => `field:${field.id}`))
      const [by = 'added', direction] = sort.split(' ')
      const settings = {
        fields: fields.map(({ options, ...field }) => ({
          ...field,
          name: field.name.trim(),
          ...(field.kind === 'choice' && { options: options ?? [] }),
        })),
        columns: columns.filter(column => !column.startsWith('field:') || known.has(column)),
        sort: by.startsWith('field:') && !known.has(by) ? null : { by, direction },
      }
      return changeList(list.id, { settings }, etagOfList(list.id))
    },
    onSuccess: async () => {
      await refreshLists(client)
      close()
    },
    onError: () => refreshLists(client),
  })
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
      <Stack gap="lg">
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
        {save.isError && <Refusal error={save.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button loading={save.isPending} disabled={!isNamed} onClick={() => save.mutate()}>
            Save
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** Never one that was used before: values of an older field would come up in the new one. */
function newId(fields: readonly ListField[]): string {
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, 12)
  return fields.some(field => field.id === id) ? newId(fields) : id
}
