import { Box, Button, Group, Modal, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ListedErasure } from '#platform/audit'
import { FormFoot, formatCount, formatTime, type OnTheWire, Refusal, request, useSession } from '#platform/console'
import type { ErasablePerson } from '../audit/erasure-routes.ts'
import { TablePart } from './part.tsx'

type Erasure = OnTheWire<ListedErasure>

const erasuresQuery = queryOptions({
  queryKey: ['operations', 'audit', 'erasures'],
  queryFn: ({ signal }) => request<{ items: readonly Erasure[] }>('/operations/audit/erasures', { signal }),
  staleTime: 1_000,
  refetchInterval: query => (query.state.data?.items.some(({ finishedAt }) => finishedAt === null) ? 1_500 : 10_000),
})

/** PE-07: who was made unreadable in the log, and the way to do it for one more. */
export function Erasures() {
  const { can } = useSession()
  const { data } = useQuery(erasuresQuery)
  const [isErasing, setIsErasing] = useState(false)
  if (!data) return null
  return (
    <>
      <TablePart
        title="People erased"
        note="What is personal of them is unreadable in the log, for good; what happened stays, and every proof of it. Deleted accounts come here by themselves after 90 days."
        actions={
          can('operations.state.manage') && (
            <Button variant="default" size="xs" onClick={() => setIsErasing(true)}>
              Erase a person…
            </Button>
          )
        }
        rows={data.items}
        keyOf={({ userId }) => userId}
        nothing="Nobody yet."
        first={10}
        columns={[
          { label: 'Person', isLong: true, of: ({ userId }) => <code>{userId}</code> },
          { label: 'Begun', of: ({ askedAt }) => <time dateTime={askedAt}>{formatTime(askedAt)}</time> },
          {
            label: 'Done',
            of: ({ finishedAt }) =>
              finishedAt === null ? 'under way' : <time dateTime={finishedAt}>{formatTime(finishedAt)}</time>,
          },
          { label: 'Entries', isNumber: true, of: ({ entries }) => formatCount(entries) },
        ]}
      />
      {isErasing && <Dialog close={() => setIsErasing(false)} />}
    </>
  )
}

function Dialog({ close }: { close: () => void }) {
  const [user, setUser] = useState('')
  const looking = useMutation({
    mutationFn: () => request<ErasablePerson>('/operations/audit/erasable-person', { query: { user: user.trim() } }),
  })
  return (
    <Modal
      opened
      onClose={close}
      title="Erase a person from the audit log"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {looking.data ? (
        <Confirmation person={looking.data} close={close} />
      ) : (
        <form
          onSubmit={event => {
            event.preventDefault()
            if (user.trim() !== '') looking.mutate()
          }}
        >
          <TextInput
            label="E-mail address or id"
            description="Of an account that is deleted. One that is erased already is known by its id alone."
            value={user}
            onChange={event => setUser(event.currentTarget.value)}
            maxLength={320}
            autoComplete="off"
            required
            data-autofocus
          />
          <Refusal error={looking.error} mt="md" />
          <Box mt="lg">
            <FormFoot close={close} isPending={looking.isPending}>
              Look up
            </FormFoot>
          </Box>
        </form>
      )}
    </Modal>
  )
}

function Confirmation({ person, close }: { person: ErasablePerson; close: () => void }) {
  const client = useQueryClient()
  const [typed, setTyped] = useState('')
  const { userId, email, entries, tenants, databases } = person
  const wanted = email ?? userId
  const erasing = useMutation({
    mutationFn: () =>
      request('/operations/audit/erasures', { method: 'POST', body: { userId, confirmation: typed.trim() } }),
    onSuccess: () => {
      close()
      notifications.show({ message: 'The erasure begins in a moment.' })
      setTimeout(() => void client.invalidateQueries({ queryKey: erasuresQuery.queryKey }), 2_500)
    },
  })
  const isTyped = typed.trim().toLowerCase() === wanted.toLowerCase()
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        if (isTyped) erasing.mutate()
      }}
    >
      <Text size="sm">
        Name, addresses, browser and personal values go out of {counted(entries, 'entry', 'entries')} of{' '}
        {counted(tenants, 'workspace', 'workspaces')}
        {databases > 1 && ` in ${formatCount(databases)} databases`}, for good. What a restore brings back is erased
        again.
      </Text>
      {email !== null && (
        <Text size="sm" mt="xs">
          The account, which could still be restored, goes at once.
        </Text>
      )}
      <Text size="sm" mt="xs" c="dimmed">
        Archived months are not rewritten: commonhold audit erase-subject --dry-run names those that tell of the person.
      </Text>
      <TextInput
        mt="md"
        label={email === null ? 'Type the id to confirm' : 'Type the address to confirm'}
        description={<span style={{ overflowWrap: 'anywhere' }}>{wanted}</span>}
        value={typed}
        onChange={event => setTyped(event.currentTarget.value)}
        autoComplete="off"
        required
        data-autofocus
      />
      <Refusal error={erasing.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" color="red.9" loading={erasing.isPending} disabled={!isTyped}>
          Erase for good
        </Button>
      </Group>
    </form>
  )
}

const counted = (count: number, one: string, many: string) => `${formatCount(count)} ${count === 1 ? one : many}`
