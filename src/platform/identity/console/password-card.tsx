import { Alert, Anchor, Button, Card, Group, PasswordInput, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  ErrorState,
  formatInstantDay,
  Icon,
  NewPasswordField,
  PageLink,
  type PasswordRules,
  Problem,
  request,
  useReturningFocus,
  useSession,
} from '#platform/console'

type OwnPassword = {
  isSet: boolean
  changedAt: string | null
  expiresAt: string | null
  rules: PasswordRules
}

const ownPasswordQuery = queryOptions({
  queryKey: ['own', 'password'],
  queryFn: ({ signal }) => request<OwnPassword>('/me/password', { signal }),
})

/** The password of one's account: how old it is, and a form for another one. */
export function PasswordCard() {
  const { data, isPending, error, refetch } = useQuery(ownPasswordQuery)
  const [isChanging, setChanging] = useState(false)
  const button = useReturningFocus<HTMLButtonElement>(isChanging)
  const close = () => setChanging(false)
  return (
    <Card withBorder component="section" aria-labelledby="password">
      <Title order={2} size="h4" id="password">
        Password
      </Title>
      <Text size="sm" c="dimmed" mt={4}>
        Use one that you use nowhere else; a password manager can make and keep it.
      </Text>
      {isPending && <Skeleton height={20} mt="md" maw={320} />}
      {error && <ErrorState error={error} retry={() => void refetch()} />}
      {data && !isChanging && (
        <Stack gap="sm" mt="md" align="flex-start">
          <State password={data} />
          <Button ref={button} size="xs" variant={data.isSet ? 'default' : 'filled'} onClick={() => setChanging(true)}>
            {data.isSet ? 'Change' : 'Set a password'}
          </Button>
        </Stack>
      )}
      {data && isChanging && <PasswordForm password={data} close={close} />}
    </Card>
  )
}

function State({ password: { isSet, changedAt, expiresAt } }: { password: OwnPassword }) {
  if (!isSet || !changedAt) {
    return (
      <Text size="sm">
        <b>None is set.</b> You sign in without one.
      </Text>
    )
  }
  const days = expiresAt ? Math.ceil((Date.parse(expiresAt) - Date.now()) / (24 * 3600_000)) : undefined
  return (
    <>
      <Text size="sm">
        Set on {formatInstantDay(changedAt)}.
        {expiresAt && days !== undefined && days > 14 && ` It expires on ${formatInstantDay(expiresAt)}.`}
      </Text>
      {expiresAt && days !== undefined && days <= 14 && (
        <Alert variant="light" color="yellow" icon={<Icon name="clock" />} title={expiryInWords(days)}>
          A workspace that you are in wants a new one by {formatInstantDay(expiresAt)}. After that you are asked for it
          when you sign in.
        </Alert>
      )}
    </>
  )
}

function expiryInWords(days: number): string {
  if (days <= 0) return 'Your password has expired'
  return days === 1 ? 'Your password expires tomorrow' : `Your password expires in ${days} days`
}

function PasswordForm({ password: { isSet, rules }, close }: { password: OwnPassword; close: () => void }) {
  const client = useQueryClient()
  const { user } = useSession()
  const form = useForm({
    initialValues: { currentPassword: '', newPassword: '' },
    validate: {
      currentPassword: value => (!isSet || value ? null : 'Enter your current password.'),
      newPassword: value => (value ? null : 'Choose a new password.'),
    },
  })
  const change = useMutation({
    mutationFn: ({ currentPassword, newPassword }: typeof form.values) =>
      request<void>('/me/password', {
        method: 'POST',
        body: isSet ? { currentPassword, newPassword } : { newPassword },
      }),
    onSuccess: async () => {
      close()
      notifications.show({
        title: isSet ? 'Your password is changed' : 'Your password is set',
        message: 'Your other devices are signed out.',
      })
      await client.invalidateQueries({ queryKey: ['own'] })
    },
    onError: error => {
      if (!(error instanceof Problem)) return
      form.setErrors(error.fields)
      const [first] = Object.keys(error.fields)
      if (first) form.getInputNode(first)?.focus()
    },
  })
  const isRefusedAsWhole = change.error && !(change.error instanceof Problem && Object.keys(change.error.fields).length)
  return (
    <form onSubmit={form.onSubmit(values => change.mutate(values))} noValidate aria-labelledby="password">
      <Stack gap="md" mt="md" maw={420}>
        {isRefusedAsWhole && (
          <Alert color="red" variant="light" icon={<Icon name="alert" />} role="alert">
            {change.error?.message}
          </Alert>
        )}
        {/* Password managers learn from it whose password they keep. */}
        <input type="text" name="username" autoComplete="username" value={user.email} readOnly hidden />
        {isSet && (
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            autoFocus
            visibilityToggleButtonProps={{ 'aria-label': 'Show the current password', tabIndex: 0 }}
            errorProps={{ role: 'alert' }}
            {...form.getInputProps('currentPassword')}
            description={
              <>
                Forgotten it?{' '}
                <Anchor component={PageLink} to="/forgot-password" size="xs" underline="always">
                  Have a link sent
                </Anchor>
              </>
            }
          />
        )}
        <NewPasswordField
          rules={rules}
          autoFocus={!isSet}
          data-path="newPassword"
          value={form.values.newPassword}
          onChange={newPassword => form.setFieldValue('newPassword', newPassword)}
          error={form.errors.newPassword as string | undefined}
        />
        <Text size="sm" c="dimmed">
          Your other devices will be signed out, and you get a mail that says so.
        </Text>
        <Group gap="xs">
          <Button type="submit" loading={change.isPending}>
            {isSet ? 'Change the password' : 'Set the password'}
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
