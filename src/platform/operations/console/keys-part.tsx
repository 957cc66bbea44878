import { Badge, Button, Progress, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { formatCount, Refusal, useSession } from '#platform/console'
import { Ago } from './ago.tsx'
import { beginRotation, type KeyRotation, type Keys, keysQuery } from './keys.ts'
import { Loaded } from './loaded.tsx'
import { TablePart } from './part.tsx'

/** GG-17: which keys there are, what is under each, and encrypting all again with the newest. */
export function KeysPart() {
  const query = useQuery(keysQuery)
  return (
    <Loaded query={query} label="Loading the keys">
      {keys => <KeyTable keys={keys} />}
    </Loaded>
  )
}

function KeyTable({ keys: { keys, away, newest, programs, rotations } }: { keys: Keys }) {
  const { can } = useSession()
  const client = useQueryClient()
  const rotate = useMutation({
    mutationFn: beginRotation,
    onSuccess: () => {
      notifications.show({ message: 'It begins in a moment.' })
      setTimeout(() => void client.invalidateQueries({ queryKey: keysQuery.queryKey }), 3_000)
    },
  })
  const older = keys.filter(({ isNewest }) => !isNewest).reduce((sum, { values }) => sum + values, 0)
  const [last] = rotations
  return (
    <>
      <Refusal error={rotate.error} title="The keys are not rotated" />
      <TablePart
        title="Encryption keys"
        note={
          <>
            {older === 0
              ? `All that is encrypted is under the key ${newest}.`
              : `${formatCount(older)} values are under older keys than ${newest}.`}{' '}
            {programs.length > 0 &&
              (programs.length === 1
                ? 'One program runs, and has it. '
                : `${formatCount(programs.length)} programs run; all have it. `)}
            A new key is made with <span className="mono">commonhold keys create</span>: put it last on every server,
            then first.
            {last && <LastRotation rotation={last} />}
          </>
        }
        actions={
          can('operations.state.manage') &&
          (older > 0 || (last && !['done', 'running'].includes(last.status))) && (
            <Button size="xs" loading={rotate.isPending} onClick={() => rotate.mutate()}>
              {last?.status === 'interrupted' ? 'Go on with the rotation' : 'Encrypt again with the newest'}
            </Button>
          )
        }
        rows={keys}
        keyOf={({ id }) => id}
        nothing="There are none."
        columns={[
          { label: 'Key', of: ({ id }) => <span className="mono">{id}</span> },
          {
            label: 'State',
            of: ({ isNewest, isConfigured, isRemovable }) => (
              <Badge
                variant="light"
                color={isConfigured ? 'pine' : 'red'}
                tt="none"
                autoContrast
                style={{ minWidth: 'max-content' }}
              >
                {isNewest ? 'Encrypts' : !isConfigured ? 'Not configured' : isRemovable ? 'May be removed' : 'Needed'}
              </Badge>
            ),
          },
          { label: 'Values', isNumber: true, of: ({ values }) => formatCount(values) },
          { label: 'Files of backups', isNumber: true, of: ({ files }) => formatCount(files) },
          { label: 'Of archives', isNumber: true, of: ({ archives }) => formatCount(archives) },
          { label: 'Why', isLong: true, of: ({ reasons }) => reasons.join(' ') },
        ]}
      />
      {away.map(({ name, error }) => (
        <Text key={name} size="sm">
          {name} could not be asked: {error}
        </Text>
      ))}
    </>
  )
}

function LastRotation({ rotation }: { rotation: KeyRotation }) {
  const { status, startedAt, encryptedAgain, total, reason, toKey } = rotation
  const share = total ? Math.min(100, (100 * encryptedAgain) / total) : 0
  return (
    <span style={{ display: 'block' }}>
      {status === 'running' ? (
        <>
          Encrypting again with {toKey}: {formatCount(encryptedAgain)}
          {total !== null && ` of about ${formatCount(total)}`} values.
          <Progress component="span" value={share} aria-label="Values encrypted again" mt={4} />
        </>
      ) : (
        <>
          Last rotation <Ago at={startedAt} />: {status}, {formatCount(encryptedAgain)} values encrypted again with{' '}
          {toKey}. {reason}
        </>
      )}
    </span>
  )
}
