import { Button, Group, Menu, Modal, NativeSelect, Radio, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { FormFoot, formatCount, Icon, Refusal, useSession } from '#platform/console'
import { ListDeletion } from './list-deletion.tsx'
import { ListForm } from './list-form.tsx'
import { ListSettingsForm } from './list-settings.tsx'
import { changeList, copyList, inOrder, type List, mergeLists, refreshLists, useLists } from './lists.ts'

type Dialog = 'edit' | 'settings' | 'copy' | 'merge' | 'delete'

/** What one can do with a list: the content of a menu, and the dialogs that it opens. */
export function ListActions({ list, leave }: { list: List; leave?: () => Promise<void> }) {
  const { can } = useSession()
  const client = useQueryClient()
  const [dialog, setDialog] = useState<Dialog>()
  const close = () => setDialog(undefined)
  const change = useMutation({
    mutationFn: ({ change }: { change: object; done: string }) => changeList(list.id, change),
    onSuccess: async (_, { done }) => {
      await refreshLists(client)
      notifications.show({ message: done })
    },
    onError: error => notifications.show({ color: 'red', title: 'Not changed', message: error.message }),
  })
  if (!can('contractors.lists.write')) return null
  const isArchived = list.archivedAt !== null
  const isChangeable = list.isMine && !isArchived
  return (
    <>
      <Menu.Dropdown>
        {isChangeable && (
          <>
            <Menu.Item leftSection={<Icon name="pencil" size={16} />} onClick={() => setDialog('edit')}>
              Edit
            </Menu.Item>
            <Menu.Item leftSection={<Icon name="settings" size={16} />} onClick={() => setDialog('settings')}>
              Fields and columns
            </Menu.Item>
          </>
        )}
        <Menu.Item leftSection={<Icon name="copy" size={16} />} onClick={() => setDialog('copy')}>
          Copy
        </Menu.Item>
        {list.mayEdit && (
          <Menu.Item leftSection={<Icon name="merge" size={16} />} onClick={() => setDialog('merge')}>
            Merge another list into it
          </Menu.Item>
        )}
        {isChangeable && !list.isDefault && (
          <Menu.Item
            leftSection={<Icon name="star" size={16} />}
            onClick={() =>
              change.mutate({ change: { isDefault: true }, done: `The star now puts contractors into “${list.name}”.` })
            }
          >
            Make it my default
          </Menu.Item>
        )}
        {list.isMine && !list.isDefault && (
          <>
            <Menu.Item
              leftSection={<Icon name="archive" size={16} />}
              onClick={() =>
                change.mutate({
                  change: { isArchived: !isArchived },
                  done: isArchived ? `“${list.name}” is in use again.` : `“${list.name}” is in the archive.`,
                })
              }
            >
              {isArchived ? 'Take out of the archive' : 'Archive'}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setDialog('delete')}>
              Delete
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
      {dialog === 'edit' && <ListForm list={list} close={close} />}
      {dialog === 'settings' && <ListSettingsForm list={list} close={close} />}
      {dialog === 'copy' && <Copying list={list} close={close} />}
      {dialog === 'merge' && <Merging list={list} close={close} />}
      {dialog === 'delete' && <ListDeletion list={list} close={close} leave={leave} />}
    </>
  )
}

function Copying({ list, close }: { list: List; close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState(`${list.name} (copy)`.slice(0, 255))
  const copying = useMutation({
    mutationFn: () => copyList(list.id, name.trim()),
    onSuccess: async copy => {
      close()
      await refreshLists(client)
      void navigate({ to: '/lists/$id', params: { id: copy.id } })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim()) copying.mutate()
  }
  return (
    <Modal opened onClose={close} title={`Copy “${list.name}”`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm">
            The copy is yours and private. It has all {formatCount(list.itemCount)} contractors with notes, tags,
            ratings, priorities and own fields.
          </Text>
          <TextInput
            label="Name of the copy"
            data-autofocus
            maxLength={255}
            value={name}
            onChange={event => setName(event.currentTarget.value)}
            error={name.trim() ? undefined : 'Give the copy a name.'}
          />
          {copying.isError && <Refusal error={copying.error} />}
          <FormFoot close={close} isPending={copying.isPending}>
            Copy the list
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

function Merging({ list, close }: { list: List; close: () => void }) {
  const client = useQueryClient()
  const lists = useLists()
  const others = inOrder(lists.data ?? []).filter(each => each.id !== list.id)
  const [chosen, setChosen] = useState('')
  const [afterwards, setAfterwards] = useState<'keep' | 'archive' | 'delete'>('keep')
  const from = others.find(each => each.id === chosen)
  const mayEnd = from?.isMine === true && !from.isDefault
  const merging = useMutation({
    mutationFn: () => mergeLists(list.id, chosen, mayEnd ? afterwards : 'keep'),
    onSuccess: async ({ added, combined, unchanged }) => {
      close()
      await refreshLists(client)
      notifications.show({
        title: `“${from?.name}” was merged into “${list.name}”`,
        message: `${formatCount(added)} added, ${formatCount(combined)} combined, ${formatCount(unchanged)} as they were.`,
      })
    },
  })
  return (
    <Modal opened onClose={close} title={`Merge into “${list.name}”`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <NativeSelect
          label="List to merge"
          data-autofocus
          value={chosen}
          onChange={event => setChosen(event.currentTarget.value)}
          data={[
            { value: '', label: 'Choose a list' },
            ...others.map(each => ({ value: each.id, label: `${each.name} (${formatCount(each.itemCount)})` })),
          ]}
        />
        <Text size="sm">
          A contractor that both have keeps its rating and priority of this list. What the other one says of it is added
          to its notes, under the name of that list. Tags are put together.
        </Text>
        {mayEnd && (
          <Radio.Group
            label={`What becomes of “${from.name}”`}
            value={afterwards}
            onChange={value => setAfterwards(value as typeof afterwards)}
          >
            <Stack gap={6} mt={6}>
              <Radio value="keep" label="It stays as it is" />
              <Radio value="archive" label="It is archived" />
              <Radio value="delete" label="It is deleted, with its shares and activity" />
            </Stack>
          </Radio.Group>
        )}
        {merging.isError && <Refusal error={merging.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button disabled={!from} loading={merging.isPending} onClick={() => merging.mutate()}>
            Merge
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
