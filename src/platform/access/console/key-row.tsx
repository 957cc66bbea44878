import { Badge, Button, Group, Modal, NativeSelect, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatAgo, formatInstantDay, formatTime, Refusal, request } from '#platform/console'
import classes from './api-keys.module.css'
import { KeyShown } from './key-form.tsx'
import { type ApiKey, isLiving, type NewApiKey, pathOf } from './own-keys.ts'

type KeyRowProps = { apiKey: ApiKey; mayChange: boolean; isOwn?: boolean; showsOwner?: boolean }

/** A key: what it is for, until when, when it was used, and what ends it. */
export function KeyRow({ apiKey: key, mayChange, isOwn = false, showsOwner = false }: KeyRowProps) {
  const [dialog, setDialog] = useState<'rotate' | 'revoke'>()
  const close = () => setDialog(undefined)
  const works = isLiving(key)
  return (
    <li className={classes.key}>
      <div className={classes.what}>
        <Group gap={8}>
          <Text size="sm" fw={550}>
            {key.name}
          </Text>
          <code className="mono">{key.prefix}…</code>
          {!works && (
            <Badge color="gray" variant="light" size="sm" tt="none">
              expired
            </Badge>
          )}
          {works && key.replacedBy && (
            <Badge color="yellow" variant="light" size="sm" tt="none" autoContrast>
              replaced
            </Badge>
          )}
        </Group>
        <div className={classes.about}>
          {showsOwner && <span>of {key.owner.name}</span>}
          <span>{scopesInWords(key.scopes)}</span>
          <span>{expiryInWords(key, works)}</span>
          <span>
            {key.lastUsedAt ? (
              <time dateTime={key.lastUsedAt} title={formatTime(key.lastUsedAt)}>
                used {formatAgo(key.lastUsedAt)}
                {key.lastUsedAddress && ` from ${key.lastUsedAddress}`}
              </time>
            ) : (
              'never used'
            )}
          </span>
        </div>
      </div>
      {mayChange && (
        <Group gap="xs" wrap="nowrap">
          {works && !key.replacedBy && (isOwn || key.owner.isService) && (
            <Button size="xs" variant="default" aria-label={`Rotate ${key.name}`} onClick={() => setDialog('rotate')}>
              Rotate
            </Button>
          )}
          <Button size="xs" variant="default" aria-label={`Revoke ${key.name}`} onClick={() => setDialog('revoke')}>
            Revoke
          </Button>
        </Group>
      )}
      {dialog === 'rotate' && <Rotation apiKey={key} isOwn={isOwn} close={close} />}
      {dialog === 'revoke' && <Revocation apiKey={key} isOwn={isOwn} close={close} />}
    </li>
  )
}

function scopesInWords(scopes: readonly string[]): string {
  if (scopes.includes('*')) return 'all that its owner may'
  return scopes.length > 3 ? `${scopes.length} scopes` : scopes.join(', ')
}

function expiryInWords(key: ApiKey, works: boolean): string {
  if (key.expiresAt === null) return 'no end'
  return `${works ? 'ends' : 'ended'} ${formatInstantDay(key.expiresAt)}`
}

type DialogProps = { apiKey: ApiKey; isOwn: boolean; close: () => void }

const overlaps = [
  { value: '0', label: 'Ends at once' },
  { value: '1', label: 'Works for one hour more' },
  { value: '24', label: 'Works for one day more' },
  { value: '168', label: 'Works for seven days more' },
]

function Rotation({ apiKey: key, isOwn, close }: DialogProps) {
  const client = useQueryClient()
  const [overlap, setOverlap] = useState('24')
  const [made, setMade] = useState<NewApiKey>()
  const rotation = useMutation({
    mutationFn: () =>
      request<NewApiKey>(`${pathOf(key, isOwn)}/rotation`, { method: 'POST', body: { overlapHours: Number(overlap) } }),
    onSuccess: async next => {
      setMade(next)
      await client.invalidateQueries({ queryKey: ['api-keys'] })
    },
  })
  if (made) return <KeyShown made={made} close={close} />
  return (
    <Modal opened onClose={close} title={`Rotate “${key.name}”?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm" mb="md">
        A new key with the same scopes takes its place. Let the old one go on until every program has the new one.
      </Text>
      <NativeSelect
        label="The old key"
        value={overlap}
        data={overlaps}
        data-autofocus
        onChange={event => setOverlap(event.currentTarget.value)}
      />
      <Refusal error={rotation.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button loading={rotation.isPending} onClick={() => rotation.mutate()}>
          Make the new key
        </Button>
      </Group>
    </Modal>
  )
}

function Revocation({ apiKey: key, isOwn, close }: DialogProps) {
  const client = useQueryClient()
  const revocation = useMutation({
    mutationFn: () => request(pathOf(key, isOwn), { method: 'DELETE' }),
    onSuccess: async () => {
      notifications.show({ message: `The key “${key.name}” is revoked.` })
      close()
      await client.invalidateQueries({ queryKey: ['api-keys'] })
      await client.invalidateQueries({ queryKey: ['service-accounts'] })
    },
  })
  return (
    <Modal opened onClose={close} title={`Revoke “${key.name}”?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">Programs that use it are refused from their next request on. It cannot be brought back.</Text>
      <Refusal error={revocation.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button color="red.9" loading={revocation.isPending} onClick={() => revocation.mutate()}>
          Revoke the key
        </Button>
      </Group>
    </Modal>
  )
}
