import { Button, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { NewPasswordField, Problem } from '#platform/console'
import { Refusal } from './entrance.tsx'

type Answers = { fullName: string; email: string; password: string; tenantName: string }

/** What was filled in, with the time zone of this device: dates are shown in it. */
export type NewAccount = Answers & { timezone: string }

export function AccountForm({ workspace, button, send, done, link }: AccountFormProps) {
  const [password, setPassword] = useState('')
  const form = useForm<Answers>({
    mode: 'uncontrolled',
    initialValues: { fullName: '', email: '', password: '', tenantName: '' },
    validate: {
      fullName: value => (value.trim() ? null : 'Enter your name.'),
      email: value => (value.includes('@') ? null : 'Enter an e-mail address.'),
      password: value => (value ? null : 'Choose a password.'),
      tenantName: value => (workspace === 'optional' || value.trim() ? null : 'Name the workspace.'),
    },
  })
  const create = useMutation({
    mutationFn: (answers: Answers) => send({ ...answers, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone }),
    onSuccess: (_answer, answers) => done(answers),
    onError: error => error instanceof Problem && form.setErrors(fieldErrors(error)),
  })

  // What was refused because of the old link says nothing about the new one.
  const { reset } = create
  // biome-ignore lint/correctness/useExhaustiveDependencies: another link is the reason to forget
  useEffect(reset, [reset, link])

  return (
    <form onSubmit={form.onSubmit(values => create.mutate(values))} noValidate>
      <Refusal error={create.error && Object.keys(form.errors).length === 0 ? create.error : undefined} />
      <Stack gap="sm">
        <TextInput
          label="Your name"
          autoComplete="name"
          key={form.key('fullName')}
          {...form.getInputProps('fullName')}
        />
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          inputMode="email"
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <NewPasswordField
          label="Password"
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }}
          value={password}
          onChange={typed => {
            setPassword(typed)
            form.setFieldValue('password', typed)
          }}
          error={form.errors.password as string | undefined}
        />
        <TextInput
          label={workspace === 'optional' ? 'Workspace name (optional)' : 'Workspace name'}
          description="Your team’s own space, for example the name of your company."
          autoComplete="organization"
          key={form.key('tenantName')}
          {...form.getInputProps('tenantName')}
        />
        <Button type="submit" loading={create.isPending} mt="xs">
          {button}
        </Button>
      </Stack>
    </form>
  )
}

type AccountFormProps = {
  workspace: 'optional' | 'required'
  button: string
  send: (account: NewAccount) => Promise<unknown>
  done: (answers: Answers) => void
  /** The link by which one came, where one is needed. */
  link?: string
}

/** Refusals that name no field but are about one. */
function fieldErrors(problem: Problem): Record<string, string> {
  if (Object.keys(problem.fields).length > 0) return { ...problem.fields }
  if (problem.code.includes('email')) return { email: problem.message }
  if (problem.code.includes('password')) return { password: problem.message }
  if (problem.code.includes('tenant')) return { tenantName: problem.message }
  return {}
}
