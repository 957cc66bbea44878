import { Button, Group, Modal, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Icon, isIconName, listIcons, Problem, request, useFeature } from '#platform/console'
import { type ListFields, useListChange } from './list-changes.ts'
import classes from './lists.module.css'
import { type List, type ListDraft, refreshLists, useLists } from './lists.ts'
import { ConflictChoice } from './live-conflict.tsx'

const colors = {
  '#2f6fb3': 'Blue',
  '#1f8a70': 'Green',
  '#6b7f2a': 'Olive',
  '#a8741a': 'Amber',
  '#b3572f': 'Rust',
  '#b3365b': 'Berry',
  '#6a4fb3': 'Violet',
  '#66707a': 'Slate',
} as const

/** Makes a list, or changes the one given. */
export function ListForm({ list, close, done }: ListFormProps) {
  return (
    <Modal
      opened
      onClose={close}
      title={list ? 'Edit the list' : 'New list'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {list ? <Change list={list} close={close} /> : <Creation close={close} done={done} />}
    </Modal>
  )
}

type ListFormProps = { list?: List; close: () => void; done?: (list: List) => Promise<void> | void }

function Creation({ close, done }: Pick<ListFormProps, 'close' | 'done'>) {
  const client = useQueryClient()
  const creating = useMutation({
    mutationFn: (draft: ListDraft) => request<List>('/contractor-lists', { method: 'POST', body: withoutNulls(draft) }),
    onSuccess: async created => {
      await refreshLists(client)
      close()
      await done?.(created)
    },
  })
  return (
    <Fields
      isSaving={creating.isPending}
      save={(draft, onError) => creating.mutate(draft, { onError })}
      close={close}
    />
  )
}

function Change({ list, close }: { list: List; close: () => void }) {
  const { save, saving, disputed, settle } = useListChange(list, listFields, close)
  if (!disputed) {
    return (
      <Fields
        list={list}
        isSaving={saving.isPending}
        save={(draft, onError) => save(draft, { onError })}
        close={close}
      />
    )
  }
  return (
    <ConflictChoice
      fields={disputed}
      labels={labels}
      wordsOf={wordsOf}
      isSaving={saving.isPending}
      error={saving.error}
      onDone={settle}
    />
  )
}

const listFields: ListFields<ListDraft> = {
  read: ({ name, description, color, icon, isPublic }) => ({ name, description, color, icon, isPublic }),
  write: change => change,
  mergeable: ['description'],
}

const labels = { name: 'Name', description: 'Description', color: 'Colour', icon: 'Icon', isPublic: 'Who sees it' }

function wordsOf(value: unknown, field: string): string {
  if (field === 'isPublic') return value ? 'Public in this workspace' : 'You, and whom you share it with'
  if (field === 'color') return Object.entries(colors).find(([color]) => color === value)?.[1] ?? String(value ?? '')
  return String(value ?? '')
}

type FieldsProps = {
  list?: List
  isSaving: boolean
  save: (draft: ListDraft, onError: (error: Error) => void) => void
  close: () => void
}

function Fields({ list, isSaving, save, close }: FieldsProps) {
  const maySharePublicly = useFeature('contractors.public_lists')
  const form = useForm({
    initialValues: {
      name: list?.name ?? '',
      description: list?.description ?? '',
      color: list?.color ?? '',
      icon: isIconName(list?.icon) ? list.icon : '',
      isPublic: list?.isPublic ?? false,
    },
    validate: { name: value => (value.trim() ? null : 'Give the list a name.') },
  })
  const lists = useLists()
  const name = form.values.name.trim().toLowerCase()
  const isTaken = lists.data?.some(each => each.isMine && each.id !== list?.id && each.name.toLowerCase() === name)
  const submit = ({ name, description, color, icon, isPublic }: typeof form.values) =>
    save(
      {
        name: name.trim(),
        description: description.trim() || null,
        color: color || null,
        icon: icon || null,
        isPublic,
      },
      error => {
        const fields = error instanceof Problem ? error.fields : {}
        form.setErrors(Object.keys(fields).length > 0 ? fields : { name: error.message })
      },
    )

  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack gap="md">
        <div>
          <TextInput label="Name" data-autofocus maxLength={255} autoComplete="off" {...form.getInputProps('name')} />
          <Text size="xs" c="dimmed" role="status" mt={isTaken ? 4 : 0}>
            {isTaken && 'You have a list of this name already.'}
          </Text>
        </div>
        <Textarea label="Description" autosize minRows={2} {...form.getInputProps('description')} />
        <fieldset className={classes.swatches}>
          <legend>Colour</legend>
          {Object.entries({ '': 'None', ...colors }).map(([color, name]) => (
            <label key={color} className={classes.swatch} title={name}>
              <input
                type="radio"
                name="color"
                aria-label={name}
                checked={form.values.color === color}
                onChange={() => form.setFieldValue('color', color)}
              />
              {color ? <span className={classes.dot} style={{ background: color }} /> : <Icon name="close" size={15} />}
            </label>
          ))}
        </fieldset>
        <fieldset className={classes.swatches}>
          <legend>Icon</legend>
          {listIcons.map(icon => (
            <label key={icon} className={classes.swatch} title={icon}>
              <input
                type="radio"
                name="icon"
                aria-label={icon}
                checked={(form.values.icon || 'list') === icon}
                onChange={() => form.setFieldValue('icon', icon)}
              />
              <Icon name={icon} style={{ color: form.values.color || undefined }} />
            </label>
          ))}
        </fieldset>
        <Switch
          disabled={maySharePublicly === false && !list?.isPublic}
          label="Public in this workspace"
          description={
            maySharePublicly === false
              ? 'Switched off in this workspace.'
              : 'Colleagues see the list and its remarks; only you change it.'
          }
          {...form.getInputProps('isPublic', { type: 'checkbox' })}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={isSaving}>
            {list ? 'Save' : 'Create the list'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function withoutNulls(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
}
