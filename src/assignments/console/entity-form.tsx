import {
  Alert,
  Button,
  Group,
  Modal,
  NativeSelect,
  NumberInput,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon, Problem, Refusal } from '#platform/console'
import { draftsOf, type FieldDraft } from './definition-fields.ts'
import { addEntity, changeEntity, deleteEntity, loadEntity, refreshDefinitions } from './definitions.ts'
import { titleOf } from './entities.tsx'
import { Loading } from './resource-page.tsx'
import type { Entity, EntityDefinition } from './wire-types.ts'

type Data = Readonly<Record<string, unknown>>
type EntityFormProps = {
  definition: EntityDefinition
  entity: Entity | undefined
  mayWrite: boolean
  close: () => void
}

/** A thing in the fields of its kind; one that no longer fits says where, and is saved once it does. */
export function EntityForm({ definition, entity, mayWrite, close }: EntityFormProps) {
  const [isLeaving, setIsLeaving] = useState(false)
  const [isChanged, setIsChanged] = useState(false)
  const leave = () => (isChanged ? setIsLeaving(true) : close())
  const loaded = useQuery({
    queryKey: ['assignments', 'entities', entity?.id],
    queryFn: () => loadEntity(entity?.id ?? ''),
    enabled: entity !== undefined,
    staleTime: 0,
    refetchOnWindowFocus: false,
    gcTime: 0,
  })
  return (
    <Modal
      opened
      onClose={leave}
      title={entity ? definition.displayName : `New entry: ${definition.displayName}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {isLeaving && (
        <Alert variant="light" color="yellow" icon={<Icon name="alert" />} role="alert" title="Not saved yet" mb="md">
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => setIsLeaving(false)}>
              Go on
            </Button>
            <Button size="xs" color="red.9" onClick={close}>
              Leave it
            </Button>
          </Group>
        </Alert>
      )}
      {entity && loaded.error ? (
        <Refusal error={loaded.error} />
      ) : entity && !loaded.data ? (
        <Loading what="the entry" />
      ) : (
        <Form
          key={loaded.data?.etag ?? 'new'}
          definition={definition}
          entity={loaded.data}
          etag={loaded.data?.etag}
          mayWrite={mayWrite}
          close={close}
          leave={leave}
          showTheirs={() => {
            setIsChanged(false)
            void loaded.refetch()
          }}
          tellChanged={() => setIsChanged(true)}
        />
      )}
    </Modal>
  )
}

type FormProps = EntityFormProps & {
  etag: string | undefined
  leave: () => void
  showTheirs: () => void
  tellChanged: () => void
}

function Form({ definition, entity, etag, mayWrite, close, leave, showTheirs, tellChanged }: FormProps) {
  const client = useQueryClient()
  const fields = draftsOf(definition.schema as never)
  const [data, setData] = useState<Data>(() => (entity ? (entity.data as Data) : beginning(fields)))
  const known = new Set(fields.map(({ name }) => name))
  const strange = Object.keys(data).filter(name => !known.has(name))
  const saving = useMutation({
    mutationFn: async () => {
      const sent = Object.fromEntries(
        Object.entries(data).filter(([name, value]) => known.has(name) && value !== undefined && value !== ''),
      )
      if (entity) await changeEntity(entity.id, sent, etag ?? '')
      else await addEntity(definition.id, sent)
    },
    onSuccess: async () => {
      close()
      notifications.show({ message: 'Saved.' })
      await refreshDefinitions(client)
    },
  })
  const deletion = useMutation({
    mutationFn: () => deleteEntity(entity?.id ?? ''),
    onSuccess: async () => {
      close()
      notifications.show({ message: 'The entry is deleted.' })
      await refreshDefinitions(client)
    },
  })
  const said = saving.error instanceof Problem ? saving.error.fields : {}
  const isAboutField = fields.some(({ name }) => said[name] !== undefined)
  const faultOf = (name: string) => {
    if (said[name] || saving.isError) return said[name]
    // What is typed anew is judged when it is saved.
    if (entity && data[name] !== (entity.data as Data)[name]) return undefined
    return entity?.faults.find(({ pointer }) => pointer.split('/')[1] === name)?.message
  }
  return (
    <form
      noValidate
      onSubmit={event => {
        event.preventDefault()
        saving.mutate()
      }}
    >
      <Stack gap="md">
        {entity && !entity.fits && (
          <Alert variant="light" color="yellow" icon={<Icon name="alert" />} title="It no longer fits its fields">
            {entity.faults.map(({ pointer, message }) => (
              <div key={`${pointer} ${message}`}>
                {titleOf(pointer, fields)} {message}
              </div>
            ))}
            {mayWrite && strange.length > 0 && (
              <Text size="sm" mt={4}>
                With the next saving goes: {strange.map(name => `${name} (${String(data[name])})`).join(', ')}.
              </Text>
            )}
          </Alert>
        )}
        <fieldset disabled={!mayWrite} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
          <Stack gap="sm">
            {fields.map(field => (
              <FieldInput
                key={field.name}
                field={field}
                value={data[field.name]}
                error={faultOf(field.name)}
                onChange={value => {
                  tellChanged()
                  setData({ ...data, [field.name]: value })
                }}
              />
            ))}
          </Stack>
        </fieldset>
        <Refusal error={isAboutField ? null : saving.error} showTheirs={showTheirs} />
        <Refusal error={deletion.error} />
        <Group justify="space-between" gap="xs">
          {entity && mayWrite ? (
            <Button variant="default" loading={deletion.isPending} onClick={() => deletion.mutate()}>
              Delete
            </Button>
          ) : (
            <span />
          )}
          <Group gap="xs">
            <Button variant="default" onClick={leave}>
              {mayWrite ? 'Cancel' : 'Close'}
            </Button>
            {mayWrite && (
              <Button type="submit" loading={saving.isPending}>
                Save
              </Button>
            )}
          </Group>
        </Group>
      </Stack>
    </form>
  )
}

/** A yes-or-no that must be said is no until it is. */
const beginning = (fields: readonly FieldDraft[]): Data =>
  Object.fromEntries(
    fields.flatMap(({ name, kind, isRequired }) => (kind === 'boolean' && isRequired ? [[name, false]] : [])),
  )

const types = { date: 'date', time: 'time', email: 'email', uri: 'url' } as const

function FieldInput({ field, value, error, onChange }: FieldInputProps) {
  const { kind, title, description, isRequired, options, kept, least, most } = field
  const shared = { label: title, description: description || undefined, error, withAsterisk: isRequired }
  const isNumeric = kept?.type === 'number' || kept?.type === 'integer'
  switch (kind) {
    case 'boolean':
      return (
        <Switch
          {...{ label: title, description: description || undefined, error }}
          checked={value === true}
          onChange={event => onChange(event.currentTarget.checked)}
        />
      )
    case 'number':
    case 'integer':
      return (
        <NumberInput
          {...shared}
          allowDecimal={kind === 'number'}
          {...(least !== null && { min: least })}
          {...(most !== null && { max: most })}
          clampBehavior="none"
          value={typeof value === 'number' ? value : ''}
          onChange={next => onChange(next === '' ? undefined : Number(next))}
        />
      )
    case 'choice':
      return (
        <NativeSelect
          {...shared}
          value={value === undefined ? '' : String(value)}
          data={[
            { value: '', label: 'Not said' },
            // What was chosen before the choices were others is still shown.
            ...[...new Set([...options, ...(value === undefined ? [] : [String(value)])])].map(option => ({
              value: option,
              label: option,
            })),
          ]}
          onChange={({ currentTarget: { value: next } }) =>
            onChange(next === '' ? undefined : isNumeric ? Number(next) : next)
          }
        />
      )
    case 'list':
      return (
        <TagsInput
          {...shared}
          placeholder="Type one and press Enter"
          acceptValueOnBlur
          clearable={false}
          value={Array.isArray(value) ? value.map(String) : []}
          onChange={next => onChange(kept?.items && kept.items.type !== 'string' ? next.map(Number) : next)}
        />
      )
    default:
      return (
        <TextInput
          {...shared}
          type={kind === 'text' ? 'text' : types[kind]}
          value={value === undefined || value === null ? '' : String(value)}
          onChange={({ currentTarget: { value: next } }) => onChange(next === '' ? undefined : next)}
        />
      )
  }
}

type FieldInputProps = {
  field: FieldDraft
  value: unknown
  error: string | undefined
  onChange: (value: unknown) => void
}
