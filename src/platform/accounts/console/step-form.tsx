import { Alert, Anchor, Button, Checkbox, Divider, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon, openSession, Problem, type SignInStep, safePath } from '#platform/console'
import { Refusal } from './entrance.tsx'
import { showPasskey } from './passkeys.ts'

/** What a sign-in still wants; goes on to `next` when it has it. */
export function StepForm({ step, next }: { step: SignInStep; next: string }) {
  const [following, setFollowing] = useState(step)
  const goOn = (another: SignInStep | undefined) =>
    another ? setFollowing(another) : window.location.assign(safePath(next))
  if (following.status === 'new_password_required') return <NewPasswordForm onDone={goOn} />
  return <SecondFactorForm step={following} onDone={goOn} />
}

type StepProps = { onDone: (another: SignInStep | undefined) => void }

function SecondFactorForm({ step, onDone }: StepProps & { step: SignInStep }) {
  const [usesBackupCode, setUsesBackupCode] = useState(false)
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { code: '', rememberDevice: false },
    validate: { code: value => (value.trim() ? null : 'Enter a code.') },
  })
  const send = useMutation({
    mutationFn: ({ code, rememberDevice }: typeof form.values) =>
      openSession('/auth/sign-in/second-factor', {
        ...(usesBackupCode ? { backupCode: code.trim() } : { code: code.trim() }),
        ...(rememberDevice && { rememberDevice }),
      }),
    onSuccess: onDone,
    onError: error => {
      if (!(error instanceof Problem) || !error.code.includes('code')) return
      form.setErrors({ code: error.message })
      form.setFieldValue('code', '')
    },
  })
  const passkey = useMutation({
    mutationFn: () => showPasskey('/auth/sign-in/second-factor', { rememberDevice: form.getValues().rememberDevice }),
    onSuccess: onDone,
  })
  const isAboutCode = Object.keys(form.errors).length > 0
  return (
    <form onSubmit={form.onSubmit(values => send.mutate(values))} noValidate>
      <Refusal error={isAboutCode ? undefined : (send.error ?? passkey.error)} />
      <Stack gap="sm">
        <TextInput
          key={usesBackupCode ? 'backup' : form.key('code')}
          label={usesBackupCode ? 'Backup code' : 'Code'}
          description={
            usesBackupCode
              ? 'One of the codes that you kept; each works once.'
              : 'Six digits from your authenticator app.'
          }
          autoComplete={usesBackupCode ? 'off' : 'one-time-code'}
          inputMode={usesBackupCode ? 'text' : 'numeric'}
          maxLength={24}
          autoFocus
          {...form.getInputProps('code')}
        />
        {step.mayRememberDevice && (
          <Checkbox
            label="Do not ask on this device for 30 days"
            key={form.key('rememberDevice')}
            {...form.getInputProps('rememberDevice', { type: 'checkbox' })}
          />
        )}
        <Button type="submit" loading={send.isPending} mt="xs">
          Go on
        </Button>
        <Divider label="or" />
        {step.methods.includes('passkey') && (
          <Button
            variant="default"
            leftSection={<Icon name="key" />}
            loading={passkey.isPending}
            onClick={() => passkey.mutate()}
          >
            Use a passkey
          </Button>
        )}
        <Anchor
          component="button"
          type="button"
          size="sm"
          onClick={() => {
            form.reset()
            form.clearErrors()
            setUsesBackupCode(!usesBackupCode)
          }}
        >
          {usesBackupCode ? 'Use the authenticator app' : 'Use a backup code'}
        </Anchor>
        <Text size="xs" c="dimmed">
          Lost both? Whoever runs this installation can remove the second factor for you.
        </Text>
      </Stack>
    </form>
  )
}

function NewPasswordForm({ onDone }: StepProps) {
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { newPassword: '' },
    validate: { newPassword: value => (value ? null : 'Choose a password.') },
  })
  const send = useMutation({
    mutationFn: (body: typeof form.values) => openSession('/auth/sign-in/new-password', body),
    onSuccess: onDone,
    onError: error => {
      if (!(error instanceof Problem)) return
      const fields = error.fields.newPassword ? error.fields : undefined
      if (fields || error.code.startsWith('identity.password'))
        form.setErrors({ newPassword: fields?.newPassword ?? error.message })
    },
  })
  const isAboutPassword = Object.keys(form.errors).length > 0
  return (
    <form onSubmit={form.onSubmit(values => send.mutate(values))} noValidate>
      <Alert variant="light" icon={<Icon name="clock" />} title="Your password has expired" mb="md">
        A workspace that you belong to wants a new one from time to time.
      </Alert>
      <Refusal error={isAboutPassword ? undefined : send.error} />
      <Stack gap="sm">
        <PasswordInput
          label="New password"
          description="A few unrelated words make a strong one."
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }}
          key={form.key('newPassword')}
          {...form.getInputProps('newPassword')}
        />
        <Button type="submit" loading={send.isPending} mt="xs">
          Set it and sign in
        </Button>
      </Stack>
    </form>
  )
}
