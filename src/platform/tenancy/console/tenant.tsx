import { Alert, Anchor, Button, Group, Modal, NativeSelect, Skeleton, Stack, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import {
  directory,
  ErrorState,
  formatCount,
  formatInstantDay,
  formatTime,
  Icon,
  PageHeader,
  PageLink,
  Refusal,
  request,
  usePageTitle,
  useSession,
} from '#platform/console'
import { Exports } from './exports.tsx'
import { SettingCard } from './setting-card.tsx'
import { type Feature, refreshTenants, statusWords, type TenantDetails, tenantDetailsQuery } from './tenants.ts'
import { StatusBadge } from './tenants.tsx'

/** One workspace for an operator: what it is, whose, what became of it, and what can be done. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data: tenant, error, refetch } = useQuery(tenantDetailsQuery(id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!tenant) {
    return (
      <div role="status" aria-label="Loading the workspace">
        <Skeleton height={420} />
      </div>
    )
  }
  return <Details tenant={tenant} />
}

function Details({ tenant }: { tenant: TenantDetails }) {
  const { can } = useSession()
  const [wanted, setWanted] = useState<'suspended' | 'active'>()
  const mayManage = can('tenancy.tenants.manage')
  usePageTitle(tenant.name)
  return (
    <>
      <Anchor component={PageLink} to="/tenants" size="sm" mb="xs" display="inline-block">
        All workspaces
      </Anchor>
      <PageHeader
        title={tenant.name}
        lead={
          <Group gap="xs">
            {tenant.domain ?? tenant.slug}
            <StatusBadge status={tenant.status} />
          </Group>
        }
      />
      <Stack gap="md" maw={860}>
        <StatusNote tenant={tenant} />
        <SettingCard title="Workspace">
          <Facts tenant={tenant} />
        </SettingCard>
        {can('operations.tenants.export') && (
          <SettingCard
            title="Export"
            lead="All that the workspace has, as one file. Its owners see that it was made and fetched."
          >
            <Exports path={`/installation/tenants/${tenant.id}/exports`} />
          </SettingCard>
        )}
        <SettingCard title="Features" lead="What the workspace may have, whatever it chooses itself.">
          {tenant.features.length === 0 ? (
            <Text size="sm" c="dimmed">
              There are none.
            </Text>
          ) : (
            <Features id={tenant.id} features={tenant.features} mayManage={mayManage} />
          )}
        </SettingCard>
        <SettingCard
          title="Status"
          lead="While a workspace is suspended nobody enters it. Nothing in it changes. Its owners get a mail with the reason."
        >
          {mayManage && tenant.status !== 'pending_deletion' && (
            <Button
              variant="default"
              size="xs"
              onClick={() => setWanted(tenant.status === 'active' ? 'suspended' : 'active')}
            >
              {tenant.status === 'active' ? 'Suspend' : 'Open again'}
            </Button>
          )}
          <ul className={directory.events} style={{ marginTop: 10 }}>
            {tenant.statusChanges.map(({ id, toStatus, fromStatus, reason, changedByName, createdAt }) => (
              <li key={id}>
                {toStatus === 'active' && fromStatus ? 'Opened again' : statusWords[toStatus]}
                <Text c="dimmed" size="sm">
                  {formatTime(createdAt)} · {changedByName ?? 'the system'}
                  {reason && ` · ${reason}`}
                </Text>
              </li>
            ))}
          </ul>
        </SettingCard>
      </Stack>
      {wanted && <StatusDialog tenant={tenant} wanted={wanted} close={() => setWanted(undefined)} />}
    </>
  )
}

function StatusNote({ tenant }: { tenant: TenantDetails }) {
  if (tenant.status === 'active') return null
  const { status, statusChangedAt, statusReason, deletionScheduledAt } = tenant
  return (
    <Alert
      color={status === 'suspended' ? 'yellow' : 'red'}
      variant="light"
      icon={<Icon name="alert" />}
      title={`${statusWords[status]}${statusChangedAt ? ` since ${formatTime(statusChangedAt)}` : ''}`}
    >
      {statusReason && <Text size="sm">Reason: {statusReason}</Text>}
      {deletionScheduledAt && <Text size="sm">It is removed on {formatTime(deletionScheduledAt)}.</Text>}
    </Alert>
  )
}

function Facts({ tenant }: { tenant: TenantDetails }) {
  return (
    <dl className={directory.facts}>
      <dt>Owners</dt>
      <dd>
        {tenant.owners.length === 0
          ? 'None'
          : tenant.owners.map(({ id, email, fullName }) => (
              <div key={id}>
                <Anchor component={PageLink} to={`/users/${id}`} size="sm" underline="always">
                  {fullName ?? email}
                </Anchor>{' '}
                {fullName && (
                  <Text span size="sm" c="dimmed">
                    {email}
                  </Text>
                )}
              </div>
            ))}
      </dd>
      <dt>Members</dt>
      <dd>{formatCount(tenant.memberCount)}</dd>
      <dt>Address</dt>
      <dd className="mono">{tenant.slug}</dd>
      <dt>Domain</dt>
      <dd>{tenant.domain ?? 'None'}</dd>
      <dt>Data</dt>
      <dd>
        {tenant.database === null ? 'In the common database' : `In a database of its own, ${tenant.database.name}`}
        {tenant.database?.lastError && (
          <Text size="sm" c="var(--mantine-color-error)">
            Last error: {tenant.database.lastError}
          </Text>
        )}
        {tenant.move && (
          <Text size="sm" c="dimmed">
            Moving from {tenant.move.source} to {tenant.move.target} since {formatTime(tenant.move.since)}:{' '}
            {tenant.move.state.replaceAll('_', ' ')}, {formatCount(tenant.move.rowsCopied)} rows copied
          </Text>
        )}
      </dd>
      {tenant.deletionDelay && (
        <>
          <dt>Removal delayed</dt>
          <dd>{tenant.deletionDelay}</dd>
        </>
      )}
      <dt>Created</dt>
      <dd>{formatInstantDay(tenant.createdAt)}</dd>
      <dt>ID</dt>
      <dd className="mono">{tenant.id}</dd>
    </dl>
  )
}

function Features({ id, features, mayManage }: { id: string; features: readonly Feature[]; mayManage: boolean }) {
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: ({ name, allowed }: { name: string; allowed: boolean | null }) =>
      request<TenantDetails>(`/installation/tenants/${id}/features`, {
        method: 'PATCH',
        body: { features: { [name]: allowed } },
      }),
    onSuccess: answer => {
      client.setQueryData(tenantDetailsQuery(id).queryKey, answer)
    },
  })
  return (
    <Stack gap="sm">
      {features.map(({ name, label, isOn, isDefault, allowed }) => (
        <Group key={name} justify="space-between" gap="xs">
          <div style={{ flex: '1 1 200px' }}>
            <Text size="sm">{label}</Text>
            <Text size="xs" c="dimmed">
              {isOn ? 'On now' : 'Off now'}
            </Text>
          </div>
          <NativeSelect
            aria-label={label}
            size="xs"
            disabled={!mayManage || change.isPending}
            value={allowed === null ? 'declared' : allowed ? 'given' : 'taken'}
            onChange={event =>
              change.mutate({
                name,
                allowed: { declared: null, given: true, taken: false }[event.currentTarget.value] ?? null,
              })
            }
            data={[
              { value: 'declared', label: isDefault ? 'As usual: on' : 'As usual: off' },
              { value: 'given', label: 'Given' },
              { value: 'taken', label: 'Taken away' },
            ]}
          />
        </Group>
      ))}
      <Refusal error={change.error} />
    </Stack>
  )
}

function StatusDialog({
  tenant,
  wanted,
  close,
}: {
  tenant: TenantDetails
  wanted: 'suspended' | 'active'
  close: () => void
}) {
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const isSuspending = wanted === 'suspended'
  const performing = useMutation({
    mutationFn: () =>
      request(`/installation/tenants/${tenant.id}/status`, {
        method: 'POST',
        body: { status: wanted, reason: reason.trim() },
      }),
    onSuccess: () => {
      close()
      notifications.show({ message: isSuspending ? `${tenant.name} is suspended.` : `${tenant.name} is open again.` })
    },
    onSettled: () => refreshTenants(client),
  })
  const isComplete = reason.trim() !== ''
  return (
    <Modal
      opened
      onClose={close}
      title={isSuspending ? `Suspend ${tenant.name}?` : `Open ${tenant.name} again?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        onSubmit={event => {
          event.preventDefault()
          if (isComplete) performing.mutate()
        }}
      >
        <Text size="sm">
          {isSuspending
            ? 'Its members are kept out at once, in whatever way they come; programs too, and what it does by itself rests. Nothing is deleted.'
            : 'Its members can work in it again, with everything that was there.'}
        </Text>
        <Textarea
          mt="md"
          label="Reason"
          description="It is sent to the owners, and stands in the history."
          value={reason}
          onChange={event => setReason(event.currentTarget.value)}
          maxLength={500}
          autosize
          minRows={2}
          required
          data-autofocus
        />
        <Refusal error={performing.error} mt="md" />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            {...(isSuspending && { color: 'red.9' })}
            loading={performing.isPending}
            disabled={!isComplete}
          >
            {isSuspending ? 'Suspend' : 'Open again'}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}
