import { Alert, Anchor, Button, Checkbox, Divider, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { CodeField, Icon, NewPasswordField, openSession, Problem, type SignInStep, safePath } from '#platform/console'
import { Refusal } from './entrance.tsx'
import { showPasskey } from './passkeys.ts'

/** What a sign-in still wants; goes on to `next` when it has it. */
export function StepForm({ step, next }: { step: SignInStep; next: string }) {
  const [following, setFollowing] = useState(step)
  const goOn = (another: SignInStep | undefined) =>
    another ? setFollowing(another) : window.location.assign(safePath(next))
  if (following.status === 'new_password_required') return <NewPasswordForm step={following} onDone={goOn} />
  return <SecondFactorForm step={following} onDone={goOn} />
}

type StepProps = { onDone: (another: SignInStep | undefined) => void }

function SecondFactorForm({ step, onDone }: StepProps & { step: SignInStep }) {
  const [usesBackupCode, setUsesBackupCode] = useState(false)
  const [code, setCode] = useState('')
  const [rememberDevice, setRememberDevice] = useState(false)
  const send = useMutation({
    mutationFn: (typed: string) =>
      openSession('/auth/sign-in/second-factor', {
        ...(usesBackupCode ? { backupCode: typed.trim() } : { code: typed }),
        rememberDevice,
      }),
    onSuccess: onDone,
  })
  const passkey = useMutation({
    mutationFn: () => showPasskey('/auth/sign-in/second-factor', { rememberDevice }),
    onSuccess: onDone,
  })
  const refusal = send.error instanceof Problem && send.error.code.includes('code') ? send.error.message : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (code.trim()) send.mutate(code)
  }
  const field = { value: code, error: refusal, autoFocus: true, readOnly: send.isPending }
  return (
    <form onSubmit={submit} noValidate>
      <Refusal error={refusal ? undefined : (send.error ?? passkey.error)} />
      <Stack gap="sm">
        {usesBackupCode ? (
          <TextInput
            {...field}
            label="Backup code"
            description="One of the codes that you kept; each works once."
            autoComplete="off"
            maxLength={24}
            onChange={event => setCode(event.currentTarget.value)}
          />
        ) : (
          <CodeField
            {...field}
            description="Six digits from your authenticator app."
            onChange={setCode}
            onComplete={typed => send.mutate(typed)}
          />
        )}
        {step.mayRememberDevice && (
          <Checkbox
            label="Do not ask on this device for 30 days"
            checked={rememberDevice}
            onChange={event => setRememberDevice(event.currentTarget.checked)}
          />
        )}
        <Button type="submit" loading={send.isPending} mt="xs">
          Continue
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
          style={{ alignSelf: 'flex-start' }}
          onClick={() => {
            send.reset()
            setCode('')
            setUsesBackupCode(!usesBackupCode)
          }}
        >
          {usesBackupCode ? 'Use the authenticator app' : 'Use a backup code'}
        </Anchor>
        <Text size="xs" c="dimmed">
          Lost them all? Whoever runs this installation can turn two-factor sign-in off for you.
        </Text>
      </Stack>
    </form>
  )
}

function NewPasswordForm({ step, onDone }: StepProps & { step: SignInStep }) {
  const [newPassword, setNewPassword] = useState('')
  const send = useMutation({
    mutationFn: () => openSession('/auth/sign-in/new-password', { newPassword }),
    onSuccess: onDone,
  })
  const { error } = send
  const refusal =
    error instanceof Problem && error.code.startsWith('identity.password')
      ? (error.fields.newPassword ?? error.message)
      : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (newPassword) send.mutate()
  }
  return (
    <form onSubmit={submit} noValidate>
      <Alert variant="light" icon={<Icon name="clock" />} title="Your password has expired" mb="md">
        A workspace that you belong to wants a new one from time to time.
      </Alert>
      <Refusal error={refusal ? undefined : error} />
      <Stack gap="sm">
        <NewPasswordField
          value={newPassword}
          onChange={setNewPassword}
          rules={step.rules ?? undefined}
          error={refusal}
          autoFocus
        />
        <Button type="submit" loading={send.isPending} mt="xs">
          Set it and sign in
        </Button>
      </Stack>
    </form>
  )
}
