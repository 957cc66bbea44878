import { Alert, Anchor, Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import {
  entranceQuery,
  Icon,
  leaveForGoogle,
  oneOf,
  openSession,
  PageLink,
  Problem,
  request,
  type Search,
  type SignInStep,
  safePath,
  useAddress,
} from '#platform/console'
import { Entrance, Refusal, SetUpFirst } from './entrance.tsx'
import { type AnsweredChallenge, offerPasskeys, showPasskey } from './passkeys.ts'
import { StepForm } from './step-form.tsx'

const readSearch = (search: Search) => ({
  next: oneOf(search.next),
  ended: oneOf(search.ended),
  refused: oneOf(search.refused),
  reset: oneOf(search.reset),
  step: oneOf(search.step),
})

export function Page() {
  const navigate = useNavigate()
  const [{ next, ended, refused, reset, step: returned }] = useAddress(readSearch)
  const entrance = useQuery(entranceQuery)
  const [step, setStep] = useState<SignInStep>()
  // A way through Google, or a page loaded anew, comes back to a step that only the cookie knows.
  const kept = useQuery({
    queryKey: ['sign-in-step'],
    queryFn: ({ signal }) => request<SignInStep>('/auth/sign-in/step', { signal }),
    enabled: returned !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const goOn = (another: SignInStep | undefined) =>
    another ? setStep(another) : void navigate({ href: safePath(next), replace: true })

  if (entrance.data?.needsFirstAdministrator)
    return (
      <Entrance title="Sign in" lead="There is no account here yet." other={null}>
        <SetUpFirst />
      </Entrance>
    )
  const current = step ?? (returned ? kept.data : undefined)
  if (current)
    return (
      <Entrance
        title={current.status === 'second_factor_required' ? 'Second step' : 'New password'}
        lead={current.email}
        other={
          <Anchor href={next ? `/sign-in?${new URLSearchParams({ next })}` : '/sign-in'} size="sm" underline="always">
            Sign in as somebody else
          </Anchor>
        }
      >
        <StepForm step={current} next={next} />
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
      {ended && (
        <Alert variant="light" icon={<Icon name="clock" />} title="Your session has ended" mb="md">
          {endings[ended] ?? 'Sign in again to go on where you were.'}
        </Alert>
      )}
      {reset && (
        <Alert variant="light" icon={<Icon name="check" />} title="Your password is changed" mb="md">
          Sign in with the new one. All devices have been signed out.
        </Alert>
      )}
      {(refused || (returned && kept.error)) && (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} role="alert" mb="md">
          {refusals[refused] ?? 'That did not work. Try again, or sign in another way.'}
        </Alert>
      )}
      <PasswordForm onDone={goOn} isFirst={!ended && !reset && !refused && !returned} />
      <OtherWays onDone={goOn} next={next} hasGoogle={entrance.data?.google === true} />
    </Entrance>
  )
}

/** Why the workspace's policy ended the session. */
const endings: Readonly<Record<string, string>> = {
  timed_out:
    'You did nothing for longer than your workspace allows, or had been signed in for as long as it does. Sign in again to go on where you were.',
  displaced:
    'You have signed in elsewhere since, and your workspace lets only your newest sessions go on. Sign in again to work here; an older one then ends.',
}

/** Why a way through Google led back here: its address holds a code only, for it must not hold words of a stranger. */
const refusals: Readonly<Record<string, string>> = {
  'accounts.google_unknown':
    'Nobody here is linked with this Google account. Sign in another way, then link it under Sign-in and security.',
  'accounts.google_address_taken':
    'There is an account with the address of this Google account, and they are not linked. Sign in another way, then link them under Sign-in and security.',
  'accounts.sign_up_closed': 'Sign-up is closed here, and nobody is linked with this Google account.',
  'accounts.credentials_wrong': 'The account that is linked with this Google account cannot be used.',
  'identity.google_declined': 'You came back from Google without signing in.',
  'identity.google_not_begun_here':
    'This sign-in with Google took too long, or was not begun in this browser. Begin again.',
  'identity.google_refused': 'The answer of Google could not be verified. Begin again.',
  'identity.google_unavailable': 'Google cannot be reached at this moment. Try again, or sign in another way.',
  'accounts.step_ended': 'This sign-in took too long. Begin again.',
}

type WayProps = { onDone: (step: SignInStep | undefined) => void }

/** `isFirst` where nothing stands above the form that wants to be read before. */
function PasswordForm({ onDone, isFirst }: WayProps & { isFirst: boolean }) {
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
    onSuccess: onDone,
    onError: error => {
      if (error instanceof Problem) form.setErrors(error.fields)
      const field = form.getInputNode('password')
      if (field instanceof HTMLInputElement) field.select()
    },
  })
  return (
    <form onSubmit={form.onSubmit(values => signIn.mutate(values))} noValidate>
      <Refusal error={signIn.error} />
      <Stack gap="sm">
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username webauthn"
          autoFocus={isFirst}
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
        <Anchor component={PageLink} to="/forgot-password" size="sm">
          Forgot your password?
        </Anchor>
      </Stack>
    </form>
  )
}

function OtherWays({ onDone, next, hasGoogle }: WayProps & { next: string; hasGoogle: boolean }) {
  const passkey = useMutation({
    mutationFn: (answered: AnsweredChallenge | undefined) =>
      answered ? openSession('/auth/passkeys/sign-in', answered) : showPasskey('/auth/passkeys/sign-in'),
    onSuccess: onDone,
  })
  const google = useMutation({ mutationFn: () => leaveForGoogle('/auth/google', safePath(next)) })
  const { mutate: signIn } = passkey
  // The browser leads one ceremony at a time: what it offers by itself rests while a button has begun another. What the
  // server has refused is not offered again.
  const rests = passkey.isPending || passkey.isSuccess || passkey.error instanceof Problem
  useEffect(() => (rests ? undefined : offerPasskeys(signIn)), [rests, signIn])
  return (
    <Stack gap="sm">
      <Divider label="or" mt="md" />
      <Refusal error={passkey.error ?? google.error} />
      <Button
        variant="default"
        leftSection={<Icon name="key" />}
        loading={passkey.isPending}
        onClick={() => passkey.mutate(undefined)}
      >
        Sign in with a passkey
      </Button>
      {hasGoogle && (
        <Button variant="default" loading={google.isPending} onClick={() => google.mutate()}>
          Sign in with Google
        </Button>
      )}
    </Stack>
  )
}
