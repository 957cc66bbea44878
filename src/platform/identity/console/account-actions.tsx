import { Button, Checkbox, Group, Modal, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Refusal, request } from '#platform/console'
import { nameOf, refreshAccounts, type UserDetails } from './accounts.ts'

/** One thing that an operator can do to an account. */
export type AccountAction = {
  /** On its button. */
  label: string
  title: (name: string) => string
  /** What will happen, before it is done. */
  consequences: string
  confirm: string
  done: (name: string) => string
  isDangerous?: boolean
  needsReason?: boolean
  /** A choice beside the reason. */
  option?: string
  perform: (user: UserDetails, answer: { reason: string; isOptionSet: boolean }) => Promise<unknown>
}

const setStatus =
  (status: string): AccountAction['perform'] =>
  ({ id }, { reason }) =>
    request(`/users/${id}/status`, { method: 'POST', body: { status, reason } })

const suspend: AccountAction = {
  label: 'Suspend',
  title: name => `Suspend ${name}?`,
  consequences:
    'They are signed out everywhere at once and cannot sign in until somebody reactivates the account. Nothing is deleted. They get a mail.',
  confirm: 'Suspend',
  done: name => `${name} is suspended.`,
  isDangerous: true,
  needsReason: true,
  perform: setStatus('suspended'),
}

const deactivate: AccountAction = {
  label: 'Deactivate',
  title: name => `Deactivate ${name}?`,
  consequences:
    'For somebody who does not need the account now: they are signed out everywhere and cannot sign in until it is reactivated. Nothing is deleted. They get a mail.',
  confirm: 'Deactivate',
  done: name => `${name} is deactivated.`,
  isDangerous: true,
  needsReason: true,
  perform: setStatus('inactive'),
}

const reactivate: AccountAction = {
  label: 'Reactivate',
  title: name => `Reactivate ${name}?`,
  consequences: 'They can sign in again as before, and get a mail. Sessions that have ended stay ended.',
  confirm: 'Reactivate',
  done: name => `${name} is active again.`,
  needsReason: true,
  perform: setStatus('active'),
}

const restore: AccountAction = {
  label: 'Restore',
  title: name => `Restore ${name}?`,
  consequences:
    'The account is active again with all that it had, and its owner gets a mail. It is refused where another account has taken the address.',
  confirm: 'Restore',
  done: name => `${name} is restored.`,
  needsReason: true,
  perform: setStatus('active'),
}

const remove: AccountAction = {
  label: 'Delete',
  title: name => `Delete ${name}?`,
  consequences:
    'They are signed out everywhere and get a mail. For 90 days the account can be restored here; then it is erased with everything that belongs to it, except the audit log. Lists that colleagues can see get a new owner. The address is free for a new account at once.',
  confirm: 'Delete the account',
  done: name => `${name} is deleted.`,
  isDangerous: true,
  needsReason: true,
  perform: setStatus('deleted'),
}

const resetTwoFactor: AccountAction = {
  label: 'Remove second factor',
  title: name => `Remove the second factor of ${name}?`,
  consequences:
    'For somebody who lost it; make sure that it is really the owner who asks. Authenticator app, backup codes and remembered devices go. They are signed out everywhere, get a mail, and sign in with what is left.',
  confirm: 'Remove it',
  done: name => `${name} has no second factor now.`,
  isDangerous: true,
  needsReason: true,
  option: 'Remove the passkeys too',
  perform: ({ id }, { reason, isOptionSet }) =>
    request(`/users/${id}/two-factor`, { method: 'DELETE', body: { reason, alsoPasskeys: isOptionSet } }),
}

const resetPassword: AccountAction = {
  label: 'Send a link for a new password',
  title: name => `Send ${name} a link for a new password?`,
  consequences: 'It goes to the address of the account and works for 30 minutes. The password stays until then.',
  confirm: 'Send it',
  done: name => `The link for ${name} is on its way.`,
  perform: ({ id }) => request(`/users/${id}/password-reset`, { method: 'POST' }),
}

const endSessions: AccountAction = {
  label: 'Sign out everywhere',
  title: name => `Sign ${name} out everywhere?`,
  consequences: 'All sessions end at once, those of programs too. They can sign in again.',
  confirm: 'Sign out',
  done: name => `${name} is signed out everywhere.`,
  isDangerous: true,
  perform: ({ id }) => request(`/users/${id}/sessions`, { method: 'DELETE' }),
}

const makeOperator: AccountAction = {
  label: 'Make an operator',
  title: name => `Make ${name} an operator?`,
  consequences:
    'Operators run this installation: they see and change everybody’s accounts, and make and remove operators, you included.',
  confirm: 'Make an operator',
  done: name => `${name} is an operator now.`,
  isDangerous: true,
  perform: ({ id }) => request(`/users/${id}/operator`, { method: 'PUT' }),
}

const removeOperator: AccountAction = {
  label: 'Remove as operator',
  title: name => `Remove ${name} as an operator?`,
  consequences: 'The account stays as it is; only the accounts of others are closed to it.',
  confirm: 'Remove as operator',
  done: name => `${name} is no longer an operator.`,
  isDangerous: true,
  perform: ({ id }) => request(`/users/${id}/operator`, { method: 'DELETE' }),
}

const byStatus: Readonly<Record<UserDetails['status'], readonly AccountAction[]>> = {
  active: [suspend, deactivate, remove],
  inactive: [reactivate, suspend, remove],
  suspended: [reactivate, deactivate, remove],
  deleted: [restore],
}

/** What can be done to an account now; to one's own only little. */
export function actionsFor(user: UserDetails, isOneself: boolean): { ways: AccountAction[]; status: AccountAction[] } {
  const { status, isOperator, sessions, factors } = user
  const ways: AccountAction[] = []
  if (!isOneself) {
    if (status === 'active') ways.push(resetPassword)
    if (status !== 'deleted' && (factors.hasTwoFactor || factors.backupCodesLeft > 0 || factors.passkeys > 0)) {
      ways.push(resetTwoFactor)
    }
    if (sessions > 0) ways.push(endSessions)
  }
  const changes: AccountAction[] = isOneself ? [] : [...byStatus[status]]
  if (isOperator) changes.push(removeOperator)
  else if (status === 'active') changes.push(makeOperator)
  return { ways, status: changes }
}

/** Says what will happen, asks why where that is kept, and does it. */
export function ActionDialog({ user, action, close }: ActionDialogProps) {
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const [isOptionSet, setIsOptionSet] = useState(false)
  const name = nameOf(user)
  const performing = useMutation({
    mutationFn: () => action.perform(user, { reason: reason.trim(), isOptionSet }),
    onSuccess: () => {
      close()
      notifications.show({ message: action.done(name) })
    },
    onSettled: () => refreshAccounts(client),
  })
  const isComplete = !action.needsReason || reason.trim() !== ''
  return (
    <Modal opened onClose={close} title={action.title(name)} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (isComplete) performing.mutate()
        }}
      >
        <Text size="sm">{action.consequences}</Text>
        {action.needsReason && (
          <Textarea
            mt="md"
            label="Reason"
            description="Kept in the log. It is not sent to them, but it is in an export of their data."
            value={reason}
            onChange={event => setReason(event.currentTarget.value)}
            maxLength={500}
            autosize
            minRows={2}
            required
            data-autofocus
          />
        )}
        {action.option && (
          <Checkbox
            mt="md"
            label={action.option}
            checked={isOptionSet}
            onChange={event => setIsOptionSet(event.currentTarget.checked)}
          />
        )}
        <Refusal error={performing.error} mt="md" />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close} {...(!action.needsReason && { 'data-autofocus': true })}>
            Cancel
          </Button>
          <Button
            type="submit"
            {...(action.isDangerous && { color: 'red.9' })}
            loading={performing.isPending}
            disabled={!isComplete}
          >
            {action.confirm}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

type ActionDialogProps = { user: UserDetails; action: AccountAction; close: () => void }
