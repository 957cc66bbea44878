import { Alert, Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import {
  entranceQuery,
  Icon,
  oneOf,
  openSession,
  PageLink,
  Problem,
  type Search,
  safePath,
  useAddress,
} from '#platform/console'
import { Entrance, Refusal, SetUpFirst } from './entrance.tsx'

const readSearch = (search: Search) => ({ next: oneOf(search.next), ended: oneOf(search.ended) })

export function Page() {
  const navigate = useNavigate()
  const [{ next, ended }] = useAddress(readSearch)
  const entrance = useQuery(entranceQuery)
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '', password: '' },
    validate: {
      email: value => (value.includes('@') ? null : 'Enter your e-mail address.'),
      password: value => (value ? null : 'Enter your password.'),
    },
  })
  const signIn = useMutation({
    mutationFn: (body: typeof form.values) => openSession('/auth/sign-in', body),
    onSuccess: () => navigate({ href: safePath(next), replace: true }),
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })

  if (entrance.data?.needsFirstAdministrator)
    return (
      <Entrance title="Sign in" lead="There is no account here yet." other={null}>
        <SetUpFirst />
      </Entrance>
    )
  return (
    <Entrance
      title="Sign in"
      lead="Welcome back."
      other={
        entrance.data?.signUp === 'open' && (
          <>
            New here?{' '}
            <Anchor component={PageLink} to="/sign-up" search={next ? { next } : {}} size="sm" underline="always">
              Create an account
            </Anchor>
          </>
        )
      }
    >
      {ended && !signIn.error && (
        <Alert variant="light" icon={<Icon name="clock" />} title="Your session has ended" mb="md">
          Sign in again to go on where you were.
        </Alert>
      )}
      <Refusal error={signIn.error} />
      <form onSubmit={form.onSubmit(values => signIn.mutate(values))} noValidate>
        <Stack gap="sm">
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            inputMode="email"
            key={form.key('email')}
            {...form.getInputProps('email')}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <Button type="submit" loading={signIn.isPending} mt="xs">
            Sign in
          </Button>
        </Stack>
      </form>
    </Entrance>
  )
}
