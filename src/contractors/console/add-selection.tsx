import { Button, Menu, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Icon, PageLink, useSession } from '#platform/console'
import { ListForm } from './list-form.tsx'
import { ListIcon } from './list-icon.tsx'
import { addMany, addSearch, inOrder, type List, refreshLists, useLists } from './lists.ts'
import type { Selection } from './selection-bar.tsx'

/** Puts ticked contractors, or all that a search finds, into a list of one's choice, which may be a new one. */
export function AddSelection({ selection, done }: { selection: Selection; done?: () => void }) {
  const { can } = useSession()
  const client = useQueryClient()
  const [isOpen, setOpen] = useState(false)
  const [isMaking, setMaking] = useState(false)
  const lists = useLists()
  const adding = useMutation({
    mutationFn: (list: List) => add(list, selection),
    onSuccess: (message, list) => {
      notifications.show({
        message: (
          <>
            {message} <PageLink to="/lists/$id" params={{ id: list.id }}>{`Open “${list.name}”`}</PageLink>
          </>
        ),
      })
      done?.()
    },
    onError: error => notifications.show({ color: 'red', title: 'Not added', message: error.message }),
    onSettled: () => Promise.all([refreshLists(client), client.invalidateQueries({ queryKey: ['list-additions'] })]),
  })
  if (!can('contractors.lists.write')) return null
  return (
    <>
      <Menu opened={isOpen} onChange={setOpen} position="top-start" width={260}>
        <Menu.Target>
          <Button variant="default" size="xs" loading={adding.isPending} leftSection={<Icon name="list" size={15} />}>
            Add to list
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
          <Menu.Item leftSection={<Icon name="plus" size={15} />} onClick={() => setMaking(true)}>
            New list
          </Menu.Item>
          <Menu.Divider />
          {inOrder(lists.data ?? [])
            .filter(list => list.mayEdit)
            .map(list => (
              <Menu.Item
                key={list.id}
                leftSection={<ListIcon list={list} size={15} />}
                onClick={() => adding.mutate(list)}
              >
                <Text size="sm" truncate>
                  {list.name}
                </Text>
              </Menu.Item>
            ))}
        </Menu.Dropdown>
      </Menu>
      {isMaking && <ListForm close={() => setMaking(false)} done={list => adding.mutate(list)} />}
    </>
  )
}

async function add(list: List, selection: Selection): Promise<string> {
  if ('search' in selection) {
    await addSearch(list.id, selection.search)
    return 'They are being added; the list shows how far that is.'
  }
  const { added } = await addMany(list.id, 'ids' in selection ? { contractorIds: selection.ids } : selection)
  return added === 0 ? 'All of them are in it already.' : `${formatCount(added)} added.`
}
