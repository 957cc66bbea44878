import { Badge, Button, Group, Modal, NativeSelect, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatAgo, formatInstantDay, formatTime, Refusal, request, SecretDialog } from '#platform/console'
import classes from './groups.module.css'
import { type NewScimToken, provisioningPath, type ScimToken } from './own-provisioning.ts'

/** A token of a directory: until when, when it was used, and what ends it. */
export function TokenRow({ providerId, token, mayWrite }: TokenProps & { mayWrite: boolean }) {
  const [dialog, setDialog] = useState<'rotate' | 'revoke'>()
  const { prefix, expiresAt, lastUsedAt, lastUsedAddress, replacedBy, createdByName } = token
  const works = expiresAt === null || new Date(expiresAt) > new Date()
  const close = () => setDialog(undefined)
  return (
    <li className={`${classes.item} ${classes.wordy}`}>
      <div>
        <Group gap={8}>
          <code className="mono">{prefix}…</code>
          {!works && (
            <Badge color="gray" variant="light" size="sm" tt="none">
              expired
            </Badge>
          )}
          {works && replacedBy && (
            <Badge color="yellow" variant="light" size="sm" tt="none" autoContrast>
              replaced
            </Badge>
          )}
        </Group>
        <div className={classes.about}>
          {expiresAt && (
            <span>
              {works ? 'ends' : 'ended'} {formatInstantDay(expiresAt)}
            </span>
          )}
          <span>
            {lastUsedAt ? (
              <time dateTime={lastUsedAt} title={formatTime(lastUsedAt)}>
                used {formatAgo(lastUsedAt)}
                {lastUsedAddress && ` from ${lastUsedAddress}`}
              </time>
            ) : (
              'never used'
            )}
          </span>
          <span>made by {createdByName ?? 'somebody who is not here any more'}</span>
        </div>
      </div>
      {mayWrite && (
        <Group gap="xs" wrap="nowrap">
          {works && !replacedBy && (
            <Button size="xs" variant="default" aria-label={`Rotate ${prefix}`} onClick={() => setDialog('rotate')}>
              Rotate
            </Button>
          )}
          <Button size="xs" variant="default" aria-label={`Revoke ${prefix}`} onClick={() => setDialog('revoke')}>
            Revoke
          </Button>
        </Group>
      )}
      {dialog === 'rotate' && <Rotation providerId={providerId} token={token} close={close} />}
      {dialog === 'revoke' && <Revocation providerId={providerId} token={token} close={close} />}
    </li>
  )
}

type TokenProps = { providerId: string; token: ScimToken }
type DialogProps = TokenProps & { close: () => void }

const lives = [
  { value: '90', label: '90 days' },
  { value: '180', label: '180 days' },
  { value: '365', label: 'A year' },
]
const overlaps = [
  { value: '0', label: 'Ends at once' },
  { value: '1', label: 'Works for one hour more' },
  { value: '24', label: 'Works for one day more' },
  { value: '168', label: 'Works for seven days more' },
]

export function NewToken({ providerId, close }: { providerId: string; close: () => void }) {
  const [days, setDays] = useState('365')
  const { made, mutation } = useNewToken(providerId, '/tokens', () => ({
    expiresAt: new Date(Date.now() + Number(days) * 86_400_000).toISOString(),
  }))
  if (made) return <TokenShown made={made} close={close} />
  return (
    <Modal opened onClose={close} title="Make a token" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm" mb="md">
        Whoever has it says who works in this workspace, and who is in which group. It is shown once.
      </Text>
      <NativeSelect
        label="It works for"
        value={days}
        data={lives}
        data-autofocus
        onChange={event => setDays(event.currentTarget.value)}
      />
      <Refusal error={mutation.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button loading={mutation.isPending} onClick={() => mutation.mutate()}>
          Make it
        </Button>
      </Group>
    </Modal>
  )
}

function Rotation({ providerId, token, close }: DialogProps) {
  const [overlap, setOverlap] = useState('24')
  const { made, mutation } = useNewToken(providerId, `/tokens/${token.id}/rotation`, () => ({
    overlapHours: Number(overlap),
  }))
  if (made) return <TokenShown made={made} close={close} />
  return (
    <Modal opened onClose={close} title={`Rotate ${token.prefix}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm" mb="md">
        A new token takes its place. Let the old one go on until the provider has the new one.
      </Text>
      <NativeSelect
        label="The old token"
        value={overlap}
        data={overlaps}
        data-autofocus
        onChange={event => setOverlap(event.currentTarget.value)}
      />
      <Refusal error={mutation.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button loading={mutation.isPending} onClick={() => mutation.mutate()}>
          Make the new token
        </Button>
      </Group>
    </Modal>
  )
}

function useNewToken(providerId: string, path: string, body: () => object) {
  const client = useQueryClient()
  const [made, setMade] = useState<NewScimToken>()
  const mutation = useMutation({
    mutationFn: () => request<NewScimToken>(`${provisioningPath(providerId)}${path}`, { method: 'POST', body: body() }),
    onSuccess: async token => {
      setMade(token)
      await client.invalidateQueries({ queryKey: ['federation', 'provisioning', providerId] })
    },
  })
  return { made, mutation }
}

function TokenShown({ made, close }: { made: NewScimToken; close: () => void }) {
  return (
    <SecretDialog title="The token" label="SCIM token" secret={made.token} close={close}>
      Enter it at the provider, beside the base URL. It is shown only now: here it is kept as a hash.
    </SecretDialog>
  )
}

function Revocation({ providerId, token, close }: DialogProps) {
  const client = useQueryClient()
  const revocation = useMutation({
    mutationFn: () => request(`${provisioningPath(providerId)}/tokens/${token.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      notifications.show({ message: `The token ${token.prefix} is revoked.` })
      close()
      await client.invalidateQueries({ queryKey: ['federation', 'provisioning', providerId] })
    },
  })
  return (
    <Modal opened onClose={close} title={`Revoke ${token.prefix}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">
        The directory is refused from its next request on: whoever leaves there stays here until it has another token.
      </Text>
      <Refusal error={revocation.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button color="red.9" loading={revocation.isPending} onClick={() => revocation.mutate()}>
          Revoke it
        </Button>
      </Group>
    </Modal>
  )
}
