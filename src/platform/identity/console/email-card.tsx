import { Badge, Button, Card, Group, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ErrorState, formatTime, Icon, request } from '#platform/console'
import { type EmailState, emailQuery } from './own-profile.ts'
import classes from './profile.module.css'

/** The address by which one signs in, and its change, which both addresses have to confirm. */
export function EmailCard() {
  const { data, isPending, error, refetch } = useQuery(emailQuery)
  return (
    <Card withBorder component="section" aria-labelledby="email-title">
      <Title order={2} size="h4" id="email-title">
        E-mail address
      </Title>
      <Text c="dimmed" size="sm" mt={4} mb="sm">
        You sign in with it, and mails about your account go there.
      </Text>
      {isPending ? (
        <Skeleton height={60} />
      ) : error ? (
        <ErrorState error={error} retry={refetch} />
      ) : (
        <Email state={data} />
      )}
    </Card>
  )
}

function Email({ state }: { state: EmailState }) {
  const [isChanging, setIsChanging] = useState(false)
  return (
    <>
      <Group gap="xs" style={{ overflowWrap: 'anywhere' }}>
        <Text fw={550}>{state.email}</Text>
        {state.isVerified ? (
          <Badge variant="light" size="sm" tt="none">
            Confirmed
          </Badge>
        ) : (
          <Badge variant="light" color="yellow" size="sm" tt="none">
            Not confirmed
          </Badge>
        )}
      </Group>
      {!state.isVerified && <Verification email={state.email} />}
      {state.change ? (
        <Pending email={state.email} change={state.change} />
      ) : isChanging ? (
        <NewAddress close={() => setIsChanging(false)} />
      ) : (
        <Button variant="default" size="xs" mt="sm" className={classes.more} onClick={() => setIsChanging(true)}>
          Change the address
        </Button>
      )}
    </>
  )
}

function Verification({ email }: { email: string }) {
  const client = useQueryClient()
  const send = useMutation({
    mutationFn: () => request('/me/verify-email', { method: 'POST' }),
    onSettled: () => client.invalidateQueries({ queryKey: emailQuery.queryKey }),
  })
  return (
    <Stack gap={6} mt="xs" align="flex-start">
      <Text size="sm">
        Confirm that mail to it reaches you: without that nobody can help you back in when you forget your password.
      </Text>
      <Button variant="default" size="xs" loading={send.isPending} onClick={() => send.mutate()}>
        {send.isSuccess ? 'Send it again' : 'Send me a link'}
      </Button>
      <Text size="sm" role="status" c={send.error ? 'var(--mantine-color-error)' : undefined}>
        {send.error ? send.error.message : send.isSuccess && `A link is on its way to ${email}. It works for 24 hours.`}
      </Text>
    </Stack>
  )
}

function useAsking() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (email: string) => request<EmailState>('/me/email', { method: 'POST', body: { email } }),
    onSuccess: state => client.setQueryData(emailQuery.queryKey, state),
  })
}

function NewAddress({ close }: { close: () => void }) {
  const [email, setEmail] = useState('')
  const [fault, setFault] = useState<string>()
  const ask = useAsking()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!/.@./.test(email)) return setFault('Enter the new e-mail address.')
    ask.mutate(email.trim())
  }
  return (
    <form onSubmit={submit} noValidate>
      <TextInput
        mt="sm"
        label="New e-mail address"
        type="email"
        autoComplete="email"
        inputMode="email"
        data-autofocus
        autoFocus
        maw={420}
        description="We send a link there and one to your present address. Once both are used, the address is changed."
        value={email}
        error={fault ?? ask.error?.message}
        onChange={event => {
          setEmail(event.currentTarget.value)
          setFault(undefined)
          ask.reset()
        }}
      />
      <Group gap="xs" mt="sm">
        <Button type="submit" size="xs" loading={ask.isPending}>
          Send both links
        </Button>
        <Button variant="default" size="xs" onClick={close}>
          Cancel
        </Button>
      </Group>
    </form>
  )
}

function Pending({ email, change }: { email: string; change: NonNullable<EmailState['change']> }) {
  const client = useQueryClient()
  const ask = useAsking()
  const withdraw = useMutation({
    mutationFn: () => request('/me/email', { method: 'DELETE' }),
    onSuccess: () => notifications.show({ message: 'Your address stays as it is.' }),
    onSettled: () => client.invalidateQueries({ queryKey: emailQuery.queryKey }),
  })
  const failure = ask.error ?? withdraw.error
  return (
    <div role="status" aria-live="polite">
      <Text size="sm" mt="sm" style={{ overflowWrap: 'anywhere' }}>
        It becomes <strong>{change.email}</strong> once both links are used, by {formatTime(change.expiresAt)}.
      </Text>
      <ul className={classes.steps}>
        <Step
          isDone={change.isConfirmedByOld}
          done={`Agreed at ${email}`}
          open={`Use the link in the mail to ${email}`}
        />
        <Step
          isDone={change.isConfirmedByNew}
          done={`Confirmed at ${change.email}`}
          open={`Use the link in the mail to ${change.email}`}
        />
      </ul>
      <Text size="xs" c="dimmed" mb="sm">
        No mail there? Look in the spam folder. An address that has an account already gets a mail that says so, and no
        link.
      </Text>
      <Group gap="xs">
        <Button variant="default" size="xs" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
          Keep the present address
        </Button>
        <Button variant="subtle" size="xs" loading={ask.isPending} onClick={() => ask.mutate(change.email)}>
          Send new links
        </Button>
      </Group>
      {failure && (
        <Text size="sm" c="var(--mantine-color-error)" mt={6} role="alert">
          {failure.message}
        </Text>
      )}
    </div>
  )
}

function Step({ isDone, done, open }: { isDone: boolean; done: string; open: string }) {
  return (
    <li>
      <span style={{ color: isDone ? 'var(--ch-accent)' : 'var(--mantine-color-dimmed)' }}>
        <Icon name={isDone ? 'check' : 'clock'} size={16} />
      </span>
      <Text size="sm" c={isDone ? 'dimmed' : undefined}>
        {isDone ? done : open}
      </Text>
    </li>
  )
}
