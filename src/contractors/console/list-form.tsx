import { Button, Group, Modal, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Icon, isIconName, listIcons, Problem, request, useFeature } from '#platform/console'
import classes from './lists.module.css'
import { changeList, etagOfList, type List, type ListDraft, refreshLists, useLists } from './lists.ts'

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
  const client = useQueryClient()
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
  const save = useMutation({
    mutationFn: ({ name, description, color, icon, isPublic }: typeof form.values) => {
      const body = {
        name: name.trim(),
        description: description.trim() || null,
        color: color || null,
        icon: icon || null,
        isPublic,
      } satisfies ListDraft
      return list
        ? changeList(list.id, body, etagOfList(list.id))
        : request<List>('/contractor-lists', { method: 'POST', body: withoutNulls(body) })
    },
    onSuccess: async saved => {
      await refreshLists(client)
      close()
      await done?.(saved)
    },
    onError: async error => {
      if (error instanceof Problem && error.status === 412) await refreshLists(client)
      const fields = error instanceof Problem ? error.fields : {}
      form.setErrors(Object.keys(fields).length > 0 ? fields : { name: error.message })
    },
  })

  return (
    <Modal
      opened
      onClose={close}
      title={list ? 'Edit the list' : 'New list'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(values => save.mutate(values))} noValidate>
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
                {color ? (
                  <span className={classes.dot} style={{ background: color }} />
                ) : (
                  <Icon name="close" size={15} />
                )}
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
            <Button type="submit" loading={save.isPending}>
              {list ? 'Save' : 'Create the list'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

type ListFormProps = { list?: List; close: () => void; done?: (list: List) => Promise<void> | void }

function withoutNulls(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
}
