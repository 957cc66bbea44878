import { Button, Divider, Group, Modal, PasswordInput, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Icon, leaveForGoogle, leaveForProvider, Problem, request } from '#platform/console'
import { Refusal } from './entrance.tsx'
import { answerChallenge } from './passkeys.ts'

type DialogProps = { onDone: (confirmed: boolean) => void; reason: 'sensitive' | 'own' | 'second_factor' }

type Options = { methods: readonly ('password' | 'passkey' | 'google' | 'provider')[]; needsCode: boolean }

/** Asks whoever sits here to show that it is still the person who signed in, before something that cannot be taken back. */
export function Dialog({ onDone, reason }: DialogProps) {
  const options = useQuery({
    queryKey: ['step-up'],
    queryFn: ({ signal }) => request<Options>('/auth/step-up', { signal }),
    staleTime: 0,
  })
  const passkey = useMutation({
    mutationFn: async () =>
      request('/auth/step-up', { method: 'POST', body: await answerChallenge('/auth/step-up/passkey') }),
    onSuccess: () => onDone(true),
  })
  const google = useMutation({ mutationFn: () => leaveForGoogle('/auth/step-up/google', window.location.pathname) })
  const provider = useMutation({
    mutationFn: () => leaveForProvider('/federation/step-ups', { next: window.location.pathname }),
  })
  // A password or Google alone is no second factor.
  const methods = (options.data?.methods ?? []).filter(
    method =>
      reason === 'sensitive' ||
      (reason === 'own' && method !== 'provider') ||
      method === 'passkey' ||
      (method === 'password' && options.data?.needsCode),
  )
  return (
    <Modal
      opened
      onClose={() => onDone(false)}
      title="Confirm that it is you"
      closeButtonProps={{ 'aria-label': 'Cancel' }}
    >
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {leads[reason]}
        </Text>
        <Refusal error={options.error ?? passkey.error ?? google.error ?? provider.error} />
        {options.isPending && <Skeleton height={120} />}
        {methods.includes('password') && options.data && (
          <PasswordForm needsCode={options.data.needsCode} onDone={() => onDone(true)} />
        )}
        {methods.includes('password') && methods.length > 1 && <Divider label="or" />}
        {methods.includes('passkey') && (
          <Button
            variant="default"
            leftSection={<Icon name="key" />}
            autoFocus={!methods.includes('password')}
            loading={passkey.isPending}
            onClick={() => passkey.mutate()}
          >
            Use a passkey
          </Button>
        )}
        {methods.includes('google') && (
          <Button variant="default" loading={google.isPending} onClick={() => google.mutate()}>
            Go to Google and come back
          </Button>
        )}
        {methods.includes('provider') && (
          <Button variant="default" loading={provider.isPending} onClick={() => provider.mutate()}>
            Go to the identity provider and come back
          </Button>
        )}
        {options.data && methods.length === 0 && <Text size="sm">{wayOuts[reason]}</Text>}
        <Group justify="flex-end">
          <Button variant="subtle" onClick={() => onDone(false)}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

const leads: Record<DialogProps['reason'], string> = {
  sensitive: 'This is a sensitive step, and you signed in more than 10 minutes ago.',
  own: 'You came in through the identity provider of a workspace, which cannot speak for your own account.',
  second_factor: 'The workspace asks for your second factor in every session.',
}

const wayOuts: Record<DialogProps['reason'], string> = {
  sensitive: 'Sign out and sign in again: then this is possible for 10 minutes.',
  own: 'You have no password or passkey of your own yet. Sign out, and “Forgot password” on the sign-in page gives you a password.',
  second_factor: 'Sign out and sign in again, with a code of your authenticator app.',
}

function PasswordForm({ needsCode, onDone }: { needsCode: boolean; onDone: () => void }) {
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { password: '', code: '' },
    validate: {
      password: value => (value ? null : 'Enter your password.'),
      code: value => (!needsCode || value.trim() ? null : 'Enter a code.'),
    },
  })
  const confirm = useMutation({
    mutationFn: ({ password, code }: typeof form.values) =>
      request('/auth/step-up', { method: 'POST', body: { password, ...(needsCode && factorOf(code)) } }),
    onSuccess: onDone,
    onError: error => {
      if (!(error instanceof Problem)) return
      form.setErrors({ [error.code.includes('code') ? 'code' : 'password']: error.message })
    },
  })
  return (
    <form onSubmit={form.onSubmit(values => confirm.mutate(values))} noValidate>
      <Stack gap="sm">
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          autoFocus
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }}
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        {needsCode && (
          <TextInput
            label="Code"
            description="From your authenticator app, or a backup code."
            autoComplete="one-time-code"
            maxLength={24}
            key={form.key('code')}
            {...form.getInputProps('code')}
          />
        )}
        <Button type="submit" loading={confirm.isPending}>
          Confirm
        </Button>
      </Stack>
    </form>
  )
}

/** Six digits are of the app; backup codes are longer. */
function factorOf(text: string): { code: string } | { backupCode: string } {
  const code = text.replace(/\s/g, '')
  return /^\d{6}$/.test(code) ? { code } : { backupCode: text.trim() }
}
