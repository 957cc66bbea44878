import { Badge, Button, Group, Modal, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  ErrorState,
  formatAgo,
  formatTime,
  type OnTheWire,
  Problem,
  Refusal,
  request,
  useSession,
} from '#platform/console'
import type { TenantDomain as Served } from '../domains.ts'
import classes from './domains.module.css'
import { SettingCard } from './setting-card.tsx'
import { SettingsFrame } from './settings-frame.tsx'
import { refreshTenant } from './tenants.ts'

type Domain = OnTheWire<Served>

const domainsQuery = queryOptions({
  queryKey: ['tenant', 'domains'],
  queryFn: ({ signal }) => request<{ items: readonly Domain[] }>('/tenant/domains', { signal }),
})

/** The workspace's own domains, and how they are proven. */
export function Page() {
  const { can } = useSession()
  const { data, error, refetch } = useQuery(domainsQuery)
  return (
    <SettingsFrame>
      <Stack gap="md" maw={760}>
        {can('tenancy.settings.write') && <NewDomain />}
        {error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Skeleton height={160} aria-label="Loading the domains" />
        ) : data.items.length === 0 ? (
          <Text size="sm" c="dimmed">
            The workspace has no domain of its own. It is reached by its address all the same.
          </Text>
        ) : (
          data.items.map(domain => <DomainCard key={domain.id} domain={domain} />)
        )}
      </Stack>
    </SettingsFrame>
  )
}

function NewDomain() {
  const client = useQueryClient()
  const [domain, setDomain] = useState('')
  const add = useMutation({
    mutationFn: () => request<Domain>('/tenant/domains', { method: 'POST', body: { domain: domain.trim() } }),
    onSuccess: async () => {
      setDomain('')
      await client.invalidateQueries(domainsQuery)
    },
  })
  const isTold = add.error instanceof Problem && (add.error.status === 400 || add.error.status === 409)
  return (
    <SettingCard
      title="Add a domain"
      lead="For example portal.example.com. You show that it is yours with a DNS record or a file; then it leads to this workspace. It has to point to this installation, whose operator sees to its certificate."
    >
      <form
        className={classes.add}
        onSubmit={event => {
          event.preventDefault()
          if (domain.trim()) add.mutate()
        }}
      >
        <TextInput
          label="Domain"
          value={domain}
          onChange={event => setDomain(event.currentTarget.value)}
          maxLength={300}
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          placeholder="portal.example.com"
          error={isTold ? (add.error as Problem).message : undefined}
          errorProps={{ role: 'alert' }}
        />
        <Button type="submit" loading={add.isPending} disabled={domain.trim() === ''}>
          Add
        </Button>
      </form>
      {!isTold && <Refusal error={add.error} />}
    </SettingCard>
  )
}

const words = { unproven: 'Not proven', proven: 'Proven', failing: 'Proof missing' } as const
const colors = { unproven: 'gray', proven: 'pine', failing: 'yellow' } as const

function DomainCard({ domain }: { domain: Domain }) {
  const client = useQueryClient()
  const { can } = useSession()
  const [isRemoving, setIsRemoving] = useState(false)
  const mayWrite = can('tenancy.settings.write')
  const { id, status, fault, checkedAt, losesProofAt, proof } = domain
  const done = () => refreshTenant(client)
  const check = useMutation({
    mutationFn: () => request<Domain>(`/tenant/domains/${id}/check`, { method: 'POST' }),
    onSuccess: ({ status: now }) => {
      if (now === 'proven') notifications.show({ message: `${domain.domain} is proven.` })
    },
    onSettled: done,
  })
  const makePrimary = useMutation({
    mutationFn: () => request(`/tenant/domains/${id}/primary`, { method: 'PUT' }),
    onSettled: done,
  })
  return (
    <SettingCard
      title={domain.domain}
      lead={
        <Group gap={6}>
          <Badge variant="light" color={colors[status]} tt="none" size="sm" autoContrast>
            {words[status]}
          </Badge>
          {domain.isPrimary && (
            <Badge variant="default" tt="none" size="sm">
              Primary
            </Badge>
          )}
          {checkedAt && <span>looked at {formatAgo(checkedAt)}</span>}
        </Group>
      }
    >
      {status !== 'proven' && (
        <>
          {losesProofAt && (
            <Text size="sm" mb="sm">
              It leads here until {formatTime(losesProofAt)}, unless the proof is back by then.
            </Text>
          )}
          <Text size="sm">Either add this record to the DNS of the domain:</Text>
          <dl className={classes.proof}>
            <dt>Type</dt>
            <dd className="mono">TXT</dd>
            <dt>Name</dt>
            <dd className="mono">{proof.record.name}</dd>
            <dt>Value</dt>
            <dd className="mono">{proof.record.value}</dd>
          </dl>
          <Text size="sm">or put the same value into this file of its web server:</Text>
          <Text size="sm" className={`mono ${classes.file}`}>
            {proof.file.url}
          </Text>
          {fault && (
            <Text size="sm" c="dimmed" mt="sm" role="status">
              {fault}
            </Text>
          )}
        </>
      )}
      <Refusal error={check.error ?? makePrimary.error} />
      {mayWrite && (
        <Group gap="xs" mt={status === 'proven' ? 0 : 'md'}>
          <Button variant="default" size="xs" loading={check.isPending} onClick={() => check.mutate()}>
            {status === 'proven' ? 'Check again' : 'Check now'}
          </Button>
          {status !== 'unproven' && !domain.isPrimary && (
            <Button variant="default" size="xs" loading={makePrimary.isPending} onClick={() => makePrimary.mutate()}>
              Make primary
            </Button>
          )}
          <Button variant="subtle" color="gray" size="xs" onClick={() => setIsRemoving(true)}>
            Remove
          </Button>
        </Group>
      )}
      {isRemoving && <RemoveDialog domain={domain} close={() => setIsRemoving(false)} />}
    </SettingCard>
  )
}

function RemoveDialog({ domain, close }: { domain: Domain; close: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => request(`/tenant/domains/${domain.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      close()
      notifications.show({ message: `${domain.domain} is removed.` })
      await refreshTenant(client)
    },
  })
  return (
    <Modal opened onClose={close} title={`Remove ${domain.domain}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="sm">
        <Text size="sm">
          {domain.status === 'unproven'
            ? 'It did not lead here yet.'
            : 'It leads to this workspace no more from now on, and another workspace can prove it.'}
        </Text>
        <Refusal error={remove.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button color="red.9" loading={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
