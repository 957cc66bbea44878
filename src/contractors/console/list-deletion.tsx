import { Button, Group, Modal, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { formatCount, request } from '#platform/console'
import { changeList, type List, listQuery, refreshLists } from './lists.ts'

type Props = { list: List; close: () => void; leave?: (() => Promise<void>) | undefined }

export const deletionKey = (listId: string) => ['delete-list', listId]

/** Asks before a list goes with everything noted in it; `leave` goes away from the list's own page. */
export function ListDeletion({ list, close, leave }: Props) {
  const client = useQueryClient()
  const deletion = useMutation({
    mutationKey: deletionKey(list.id),
    onMutate: () => client.cancelQueries(listQuery(list.id)),
    mutationFn: () => request(`/contractor-lists/${list.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      close()
      // First away from its page, which would ask for what is no longer there.
      await leave?.()
      client.removeQueries(listQuery(list.id))
      await refreshLists(client)
    },
    onError: error => notifications.show({ color: 'red', title: 'The list was not deleted', message: error.message }),
  })
  const archiving = useMutation({
    mutationFn: () => changeList(list.id, { isArchived: true }),
    onSuccess: async () => {
      close()
      await refreshLists(client)
    },
    onError: error => notifications.show({ color: 'red', title: 'Not archived', message: error.message }),
  })
  return (
    <Modal opened onClose={close} title={`Delete “${list.name}”?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">
        {list.itemCount === 0
          ? 'The list is empty.'
          : `The list with its ${formatCount(list.itemCount)} ${list.itemCount === 1 ? 'contractor' : 'contractors'} and all that is noted, its shares, comments and activity are deleted for everybody. The contractors themselves stay.`}{' '}
        This cannot be undone.{list.archivedAt === null && ' An archived list is out of the way and keeps all of it.'}
      </Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        {list.archivedAt === null && (
          <Button variant="default" loading={archiving.isPending} onClick={() => archiving.mutate()}>
            Archive it instead
          </Button>
        )}
        <Button color="red.9" loading={deletion.isPending} onClick={() => deletion.mutate()}>
          Delete the list
        </Button>
      </Group>
    </Modal>
  )
}
