import { Button, Checkbox, Group, Modal, NativeSelect, Stack, TagsInput, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Refusal } from '#platform/console'
import {
  changeItems,
  inOrder,
  type List,
  priorities,
  priorityNames,
  refreshLists,
  restoreItems,
  summaryQuery,
  transferItems,
  useLists,
} from './lists.ts'

/** Gives many items the same tags, rating or priority; what is left open stays as each of them has it. */
export function BulkChange({ list, itemIds, close, done }: BulkProps) {
  const client = useQueryClient()
  const summary = useQuery(summaryQuery(list.id))
  const known = summary.data?.tags.map(tag => tag.value) ?? []
  const [addTags, setAddTags] = useState<string[]>([])
  const [removeTags, setRemoveTags] = useState<string[]>([])
  const [rating, setRating] = useState('')
  const [priority, setPriority] = useState('')
  const changing = useMutation({
    mutationFn: async () =>
      await changeItems(list.id, await itemIds(), {
        ...(addTags.length > 0 && { addTags }),
        ...(removeTags.length > 0 && { removeTags }),
        ...(rating && { rating: rating === 'none' ? null : Number(rating) }),
        ...(priority && { priority: priorities.find(each => each === priority) ?? null }),
      }),
    onSuccess: async ({ changed }) => {
      close()
      done()
      await refreshLists(client)
      notifications.show({ message: `${formatCount(changed)} changed.` })
    },
  })
  const isNothing = addTags.length + removeTags.length === 0 && !rating && !priority
  return (
    <Modal opened onClose={close} title="Change the selected" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <TagsInput
          label="Add tags"
          data-autofocus
          acceptValueOnBlur
          data={known}
          value={addTags}
          onChange={setAddTags}
        />
        <TagsInput label="Take tags away" acceptValueOnBlur data={known} value={removeTags} onChange={setRemoveTags} />
        <NativeSelect
          label="Rating"
          value={rating}
          onChange={event => setRating(event.currentTarget.value)}
          data={[
            { value: '', label: 'As it is' },
            ...[5, 4, 3, 2, 1].map(stars => ({
              value: String(stars),
              label: stars === 1 ? '1 star' : `${stars} stars`,
            })),
            { value: 'none', label: 'No rating' },
          ]}
        />
        <NativeSelect
          label="Priority"
          value={priority}
          onChange={event => setPriority(event.currentTarget.value)}
          data={[
            { value: '', label: 'As it is' },
            ...priorities.map(value => ({ value, label: priorityNames[value] })),
            { value: 'none', label: 'No priority' },
          ]}
        />
        {changing.isError && <Refusal error={changing.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button disabled={isNothing} loading={changing.isPending} onClick={() => changing.mutate()}>
            Change
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** Copies or moves items into another list that one may change. */
export function Transfer({ list, itemIds, close, done }: BulkProps) {
  const client = useQueryClient()
  const lists = useLists()
  const targets = inOrder(lists.data ?? []).filter(each => each.mayEdit && each.id !== list.id)
  const [to, setTo] = useState('')
  const [isMove, setMove] = useState(false)
  const transferring = useMutation({
    mutationFn: async () => await transferItems(list.id, await itemIds(), to, isMove),
    onSuccess: async ({ added, alreadyIn }) => {
      close()
      done()
      await refreshLists(client)
      const name = targets.find(each => each.id === to)?.name
      notifications.show({
        message: `${formatCount(added)} ${isMove ? 'moved' : 'copied'} to “${name}”.${
          alreadyIn > 0 ? ` ${formatCount(alreadyIn)} were there already and stay as they are.` : ''
        }`,
      })
    },
  })
  return (
    <Modal opened onClose={close} title="Copy or move the selected" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <NativeSelect
          label="To the list"
          data-autofocus
          value={to}
          onChange={event => setTo(event.currentTarget.value)}
          data={[{ value: '', label: 'Choose a list' }, ...targets.map(each => ({ value: each.id, label: each.name }))]}
        />
        {list.mayEdit && (
          <Checkbox
            label="Take them out of this list"
            checked={isMove}
            onChange={event => setMove(event.currentTarget.checked)}
          />
        )}
        <Text size="sm" c="dimmed">
          All that is noted goes along.
        </Text>
        {transferring.isError && <Refusal error={transferring.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button disabled={!to} loading={transferring.isPending} onClick={() => transferring.mutate()}>
            {isMove ? 'Move' : 'Copy'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

type BulkProps = {
  list: List
  /** Those that are selected; of a whole list they are asked for first. */
  itemIds: () => Promise<readonly string[]>
  close: () => void
  done: () => void
}

/** Offers, for a while, to put back what was removed. */
export function offerUndo(message: string, undo: () => Promise<unknown>): void {
  const id = `removed-${crypto.randomUUID()}`
  notifications.show({
    id,
    autoClose: 10_000,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => {
            notifications.hide(id)
            undo().catch(error => notifications.show({ color: 'red', title: 'Not put back', message: error.message }))
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  })
}

/** Puts back what one removal took out; tells of what was added anew meanwhile. */
export async function undoRemoval(listId: string, removalId: string): Promise<void> {
  const { alreadyIn } = await restoreItems(listId, removalId)
  if (alreadyIn > 0) {
    notifications.show({ message: `${formatCount(alreadyIn)} were added again meanwhile and stay as they are now.` })
  }
}
