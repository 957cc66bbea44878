import { Alert, Anchor, Button, Skeleton, Stack, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Icon, NewPasswordField, PageLink, type PasswordRules, Problem, request, useLinkToken } from '#platform/console'
import { Entrance, Refusal } from './entrance.tsx'

type PasswordReset = { email: string; rules: PasswordRules }

/** Where the link of a mail leads: one chooses a new password. */
export function Page() {
  const token = useLinkToken()
  const link = useQuery({
    // A query's key may be shown in tools: the secret is not in it.
    queryKey: ['password-reset', token.length, token.slice(0, 6)],
    queryFn: ({ signal }) =>
      request<PasswordReset>('/auth/reset-password/check', { method: 'POST', body: { token }, signal }),
    enabled: token !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const change = useMutation({
    mutationFn: (password: string) =>
      request<void>('/auth/reset-password', { method: 'POST', body: { token, password } }),
    // Loads the page anew: what this window knew of an ended session is gone.
    onSuccess: () => window.location.assign('/sign-in?reset=1'),
  })
  const isDead = [link.error, change.error].some(
    error => error instanceof Problem && error.code === 'accounts.reset_link_invalid',
  )

  return (
    <Entrance
      title="Choose a new password"
      lead={link.data ? `For ${link.data.email}` : 'For your account.'}
      other={
        <Anchor component={PageLink} to="/sign-in" size="sm" underline="always">
          Back to sign-in
        </Anchor>
      }
    >
      {isDead || token === '' ? (
        <Dead isWhole={token !== ''} email={link.data?.email} />
      ) : link.data ? (
        <PasswordForm
          reset={link.data}
          error={change.error}
          isPending={change.isPending || change.isSuccess}
          send={change.mutate}
        />
      ) : link.error ? (
        <Stack gap="md">
          <Refusal error={link.error} />
          <Button variant="default" onClick={() => void link.refetch()}>
            Try again
          </Button>
        </Stack>
      ) : (
        <Skeleton height={120} aria-label="Looking at the link" />
      )}
    </Entrance>
  )
}

function PasswordForm({ reset, error, isPending, send }: PasswordFormProps) {
  const form = useForm({
    initialValues: { password: '' },
    validate: { password: value => (value ? null : 'Choose a new password.') },
  })
  const refusal = error instanceof Problem ? error.fields.password : undefined
  return (
    <form onSubmit={form.onSubmit(({ password }) => send(password))} noValidate>
      <Refusal error={error} />
      <Stack gap="sm">
        {/* Password managers learn from it whose password they keep. */}
        <input type="text" name="username" autoComplete="username" value={reset.email} readOnly hidden />
        <NewPasswordField
          rules={reset.rules}
          autoFocus
          value={form.values.password}
          onChange={password => form.setFieldValue('password', password)}
          error={(form.errors.password as string | undefined) ?? refusal}
        />
        <Text size="sm" c="dimmed">
          You are signed out everywhere, then you sign in with the new one.
        </Text>
        <Button type="submit" loading={isPending} mt="xs">
          Set the password
        </Button>
      </Stack>
    </form>
  )
}

type PasswordFormProps = {
  reset: PasswordReset
  error: Error | null
  isPending: boolean
  send: (password: string) => void
}

function Dead({ isWhole, email }: { isWhole: boolean; email: string | undefined }) {
  return (
    <Stack gap="md">
      <Alert
        color="red"
        variant="light"
        icon={<Icon name="alert" />}
        title={isWhole ? 'This link does not work any more' : 'The link is not whole'}
        role="alert"
      >
        {isWhole
          ? 'It works once, for 30 minutes, and only the latest one that was sent to you.'
          : 'Open it exactly as it stands in the mail, with everything after the # sign.'}
      </Alert>
      <Button component={PageLink} to="/forgot-password" search={email ? { email } : {}} variant="default">
        Ask for another link
      </Button>
    </Stack>
  )
}
