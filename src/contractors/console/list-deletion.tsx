import { Button, Group, Modal, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { formatCount, request } from '#platform/console'
import { changeList, type List, listQuery, refreshLists } from './lists.ts'

/** Asks before a list goes with everything noted in it. */
export function ListDeletion({ list, close, done }: { list: List; close: () => void; done?: () => void }) {
  const client = useQueryClient()
  const deletion = useMutation({
    mutationFn: () => request(`/contractor-lists/${list.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      close()
      done?.()
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
