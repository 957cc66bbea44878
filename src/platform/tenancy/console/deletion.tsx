import { Alert, Button, Group, List, Modal, Skeleton, Stack, Table, Text, Textarea, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatCount,
  formatExactTime,
  Icon,
  PageHeader,
  Refusal,
  request,
  sessionQuery,
  useAddress,
  useResources,
  useSession,
} from '#platform/console'
import { type Deletion, deletionQuery, readTenant, tableInWords } from './deletions.ts'
import { SettingCard } from './setting-card.tsx'
import { SettingsFrame } from './settings-frame.tsx'

/** The end of a workspace: asked for by an owner, and cancelled where it waits. Open while the workspace is closed. */
export function Page() {
  const session = useSession()
  const [{ tenant }] = useAddress(readTenant)
  // Who signs in anew is in no workspace that waits; the one that he owns is meant.
  const waiting = session.tenants.find(({ isActive, roles }) => !isActive && roles.includes('owner'))
  const tenantId = tenant || session.closed?.tenantId || session.tenantId || waiting?.id || ''
  const isShut = session.tenants.some(({ id, isActive }) => id === tenantId && !isActive)
  const query = useQuery(deletionQuery(tenantId))
  const content = !tenantId ? (
    <div className="panel">
      <EmptyState icon="building" title="No workspace is meant">
        Come here by the link in the mail about the deletion.
      </EmptyState>
    </div>
  ) : query.error ? (
    <ErrorState error={query.error} retry={() => void query.refetch()} />
  ) : query.data && !query.data.deletion && isShut ? (
    <div className="panel">
      <EmptyState icon="building" title={`${query.data.name} does not wait for its deletion`}>
        It is not open at present. If it is suspended, whoever runs this installation can open it again.
      </EmptyState>
    </div>
  ) : query.data ? (
    <Stack gap="md" maw={760}>
      {query.data.deletion ? <Waiting deletion={query.data} /> : <Asking deletion={query.data} />}
      <Contents deletion={query.data} />
    </Stack>
  ) : (
    <Skeleton height={320} aria-label="Loading what would be removed" />
  )
  if (tenantId === session.tenantId) return <SettingsFrame>{content}</SettingsFrame>
  return (
    <>
      <PageHeader title={query.data ? `Deletion of ${query.data.name}` : 'Deletion'} />
      {content}
    </>
  )
}

function Asking({ deletion }: { deletion: Deletion }) {
  const [isAsking, setIsAsking] = useState(false)
  const { name, graceDays } = deletion
  return (
    <SettingCard title="Delete this workspace" lead={`Nobody can bring ${name} back once its removal has begun.`}>
      <List size="sm" spacing={4}>
        <List.Item>It is closed for all its members at once. Its jobs wait.</List.Item>
        <List.Item>
          {graceDays === 0
            ? 'The removal begins at once.'
            : `The removal begins after ${formatCount(graceDays)} ${graceDays === 1 ? 'day' : 'days'}. Until then any owner can cancel it.`}
        </List.Item>
        <List.Item>
          Its owners are told by mail: now, half-way, the day before, and when it is done, with a signed certificate.
        </List.Item>
        <List.Item>
          People keep their accounts. What was done here stays in the log as long as the law wants it, for operators.
        </List.Item>
      </List>
      <Group mt="md">
        <Button variant="default" onClick={() => setIsAsking(true)}>
          Delete this workspace…
        </Button>
      </Group>
      {isAsking && <Dialog deletion={deletion} close={() => setIsAsking(false)} />}
    </SettingCard>
  )
}

function Dialog({ deletion: { tenantId, name }, close }: { deletion: Deletion; close: () => void }) {
  const client = useQueryClient()
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const asking = useMutation({
    mutationFn: () =>
      request('/tenant/deletion', {
        method: 'POST',
        body: { name: typed, ...(reason.trim() && { reason: reason.trim() }) },
      }),
    onSuccess: async () => {
      close()
      // The workspace is closed now: what the session may do has changed first.
      await client.invalidateQueries(sessionQuery)
      await client.invalidateQueries(deletionQuery(tenantId))
    },
  })
  const isTyped = typed.trim() === name
  return (
    <Modal opened onClose={close} title={`Delete ${name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (isTyped) asking.mutate()
        }}
      >
        <TextInput
          label="Type the name of the workspace to confirm"
          description={name}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
          autoComplete="off"
          required
          data-autofocus
        />
        <Textarea
          mt="md"
          label="Why?"
          description="Only if you want to say. The owners and whoever runs this installation can read it."
          value={reason}
          onChange={event => setReason(event.currentTarget.value)}
          maxLength={500}
          autosize
          minRows={2}
        />
        <Refusal error={asking.error} mt="md" />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close}>
            Keep the workspace
          </Button>
          <Button type="submit" color="red.9" loading={asking.isPending} disabled={!isTyped}>
            Delete the workspace
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

function Waiting({ deletion: { tenantId, name, deletion } }: { deletion: Deletion }) {
  const client = useQueryClient()
  const cancelling = useMutation({
    mutationFn: () => request('/tenant/deletion', { method: 'DELETE', query: { tenantId } }),
    onSuccess: async () => {
      notifications.show({ title: `${name} is kept`, message: 'Nothing was removed. Its owners get a mail.' })
      await client.invalidateQueries(sessionQuery)
      await client.invalidateQueries(deletionQuery(tenantId))
    },
  })
  if (!deletion) return null
  const { scheduledAt, begunAt, byOperator, reason, requestedAt } = deletion
  return (
    <SettingCard
      title={begunAt ? 'This workspace is being removed' : 'This workspace waits for its deletion'}
      lead={`Asked for ${formatAgo(requestedAt)}${byOperator ? ' by an operator of this installation' : ''}${reason ? `: ${reason}` : '.'}`}
    >
      <Text size="sm">
        {begunAt ? 'The removal has begun: ' : 'The removal begins '}
        <b>{formatExactTime(begunAt ?? scheduledAt)}</b>
        {begunAt ? '. Nothing brings it back.' : ` (${formatAgo(scheduledAt)}).`}
      </Text>
      {!begunAt && byOperator && (
        <Alert variant="light" mt="md" icon={<Icon name="lock" />} title="Only an operator can cancel this">
          Write to whoever runs this installation if you want to keep the workspace.
        </Alert>
      )}
      <Refusal error={cancelling.error} mt="md" />
      {!begunAt && !byOperator && (
        <Group mt="md">
          <Button loading={cancelling.isPending} onClick={() => cancelling.mutate()}>
            Cancel the deletion
          </Button>
        </Group>
      )}
    </SettingCard>
  )
}

function Contents({ deletion: { tables, owners } }: { deletion: Deletion }) {
  const resources = useResources()
  const total = tables.reduce((sum, { rows }) => sum + rows, 0)
  return (
    <>
      <SettingCard title="What will be removed" lead={`${formatCount(total)} rows, counted now.`}>
        <Table verticalSpacing={5} aria-label="What will be removed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Kind</Table.Th>
              <Table.Th ta="right">Rows</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {tables.map(({ table, rows }) => (
              <Table.Tr key={table}>
                <Table.Td>{resources[table]?.noun ?? tableInWords(table)}</Table.Td>
                <Table.Td ta="right">{formatCount(rows)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </SettingCard>
      <SettingCard title="Who is told" lead="The owners of the workspace, by mail.">
        <List size="sm" spacing={4}>
          {owners.map(({ name, email }) => (
            <List.Item key={email}>{name === email ? email : `${name} (${email})`}</List.Item>
          ))}
        </List>
      </SettingCard>
    </>
  )
}
