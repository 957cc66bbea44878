import { Button, Checkbox, Group, Modal, SegmentedControl, Text, Textarea, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { EmptyState, Icon, Refusal, useSession } from '#platform/console'
import { Ago } from './ago.tsx'
import { FoundField } from './found-field.tsx'
import { Loaded } from './loaded.tsx'
import classes from './operations.module.css'
import { addHold, heldTenantsQuery, heldUsersQuery, holdsQuery, type LegalHold, releaseHold } from './retention.ts'

/** GG-16: whose rows stay, and who cannot be deleted. */
export function HoldsPart() {
  const { can } = useSession()
  const [withReleased, setWithReleased] = useState(false)
  const [dialog, setDialog] = useState<'add' | LegalHold>()
  const query = useQuery(holdsQuery(withReleased))
  const mayManage = can('operations.state.manage')
  const close = () => setDialog(undefined)
  return (
    <Loaded query={query} label="Loading the legal holds">
      {holds => (
        <section className={`panel ${classes.findings}`} aria-labelledby="holds">
          <div className={classes.entryFoot}>
            <Title order={2} size="h4" id="holds">
              Legal holds
            </Title>
            <Group gap="md">
              <Checkbox
                label="Those that were released too"
                checked={withReleased}
                onChange={event => setWithReleased(event.currentTarget.checked)}
              />
              {mayManage && (
                <Button size="xs" leftSection={<Icon name="lock" size={15} />} onClick={() => setDialog('add')}>
                  Hold…
                </Button>
              )}
            </Group>
          </div>
          <Text size="sm" c="dimmed" mt={4}>
            While one stands, nothing of that workspace or account is removed by the clock, no month with its rows is
            archived, and it cannot be deleted. What people delete while they work is not stopped; the audit log keeps
            it. Mails, notifications, webhook events, invitations and counts of usage have their own days, which no hold
            stops.
          </Text>
          {holds.length === 0 ? (
            <EmptyState icon="lock" title="Nobody is held">
              Add a hold when a court, an authority or your counsel asks that something be kept.
            </EmptyState>
          ) : (
            <ul className={classes.list}>
              {holds.map(hold => (
                <HoldEntry key={hold.id} hold={hold} release={mayManage ? () => setDialog(hold) : undefined} />
              ))}
            </ul>
          )}
          {dialog === 'add' ? <AddDialog close={close} /> : dialog && <ReleaseDialog hold={dialog} close={close} />}
        </section>
      )}
    </Loaded>
  )
}

const subjectOf = ({ tenantId, tenantName, userId, userEmail }: LegalHold) =>
  tenantId === null ? `Account ${userEmail ?? userId}` : `Workspace ${tenantName ?? tenantId}`

function HoldEntry({ hold, release }: { hold: LegalHold; release: (() => void) | undefined }) {
  const { reason, heldFrom, addedByEmail, releasedAt, releasedByEmail, releaseReason } = hold
  return (
    <li className={classes.entry}>
      <div className={classes.entryFoot}>
        <div className={classes.words}>
          <Text size="sm" fw={550}>
            {subjectOf(hold)}
          </Text>
          <Text size="sm">{reason}</Text>
          <Text size="sm" c="dimmed">
            Held since <Ago at={heldFrom} /> by {addedByEmail ?? 'somebody at the command line'}
            {releasedAt !== null && (
              <>
                ; released <Ago at={releasedAt} /> by {releasedByEmail ?? 'somebody at the command line'}:{' '}
                {releaseReason}
              </>
            )}
          </Text>
        </div>
        {release && releasedAt === null && (
          <Button size="xs" variant="default" onClick={release} aria-label={`Release: ${subjectOf(hold)}`}>
            Release…
          </Button>
        )}
      </div>
    </li>
  )
}

function useChange<T>(change: (wish: T) => Promise<LegalHold>, message: (hold: LegalHold) => string, done: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: async hold => {
      notifications.show({ message: message(hold) })
      await client.invalidateQueries({ queryKey: ['operations', 'legal-holds'] })
      done()
    },
  })
}

function AddDialog({ close }: { close: () => void }) {
  const [kind, setKind] = useState<'tenant' | 'user'>('tenant')
  const [id, setId] = useState('')
  const [reason, setReason] = useState('')
  const add = useChange(
    () => addHold({ ...(kind === 'tenant' ? { tenantId: id } : { userId: id }), reason: reason.trim() }),
    hold => `${subjectOf(hold)} is held.`,
    close,
  )
  return (
    <HoldDialog
      title="Hold a workspace or an account"
      close={close}
      error={add.error}
      submit={{
        label: 'Hold',
        isReady: id !== '' && reason.trim() !== '',
        isPending: add.isPending,
        run: () => add.mutate(undefined),
      }}
    >
      <SegmentedControl
        aria-label="What is held"
        fullWidth
        mb="md"
        data={[
          { value: 'tenant', label: 'A workspace' },
          { value: 'user', label: 'An account' },
        ]}
        value={kind}
        onChange={value => {
          setKind(value as 'tenant' | 'user')
          setId('')
        }}
      />
      <FoundField
        key={kind}
        label={kind === 'tenant' ? 'Workspace' : 'Account'}
        placeholder={kind === 'tenant' ? 'By its name' : 'By name or e-mail'}
        nothingFoundMessage={kind === 'tenant' ? 'No such workspace' : 'No such account'}
        search={kind === 'tenant' ? heldTenantsQuery : heldUsersQuery}
        value={id}
        onChange={setId}
        required
      />
      <ReasonField
        label="Reason"
        description="The matter, and who asked for it. Operators alone read it."
        value={reason}
        onChange={setReason}
      />
    </HoldDialog>
  )
}

function ReleaseDialog({ hold, close }: { hold: LegalHold; close: () => void }) {
  const [reason, setReason] = useState('')
  const release = useChange(
    () => releaseHold(hold.id, reason.trim()),
    () => `${subjectOf(hold)} is held no more.`,
    close,
  )
  return (
    <HoldDialog
      title="Release a legal hold"
      close={close}
      error={release.error}
      submit={{
        label: 'Release',
        isReady: reason.trim() !== '',
        isPending: release.isPending,
        run: () => release.mutate(undefined),
      }}
    >
      <Text size="sm" mb="md">
        {subjectOf(hold)}: {hold.reason}. From the next night on what is old enough goes again. It cannot be undone, but
        a new hold can be added.
      </Text>
      <ReasonField label="Why" description="And who said so." value={reason} onChange={setReason} />
    </HoldDialog>
  )
}

function ReasonField({ value, onChange, ...words }: ReasonFieldProps) {
  return (
    <Textarea
      {...words}
      mt="md"
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
      maxLength={500}
      required
      autosize
      minRows={2}
    />
  )
}

type ReasonFieldProps = { label: string; description: string; value: string; onChange: (value: string) => void }

function HoldDialog({ title, close, error, submit, children }: HoldDialogProps) {
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (submit.isReady) submit.run()
        }}
      >
        {children}
        <Refusal error={error} mt="md" />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close}>
            Leave it
          </Button>
          <Button type="submit" loading={submit.isPending} disabled={!submit.isReady}>
            {submit.label}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

type HoldDialogProps = {
  title: string
  close: () => void
  error: Error | null
  submit: { label: string; isReady: boolean; isPending: boolean; run: () => void }
  children: ReactNode
}
