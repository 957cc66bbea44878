import { Alert, Anchor, Button, Divider, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import {
  entranceQuery,
  Icon,
  leaveForGoogle,
  leaveForProvider,
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
      <PasswordForm next={next} onDone={goOn} isFirst={!ended && !reset && !refused && !returned} />
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
  'federation.declined': 'You came back from the identity provider without signing in.',
  'federation.not_begun_here': 'This sign-in took too long, or was not begun in this browser. Begin again.',
  'federation.refused':
    'The answer of the identity provider could not be verified. Ask who administers it, or sign in another way.',
  'federation.unavailable': 'The identity provider cannot be reached at this moment. Try again soon.',
  'federation.provider_inactive': 'This identity provider is switched off.',
  'federation.mapping_disabled': 'An administrator of the workspace has closed this way in for you.',
  'federation.address_unverified':
    'The identity provider does not vouch for your address, so nobody can tell who you are here. Ask who administers it.',
  'federation.address_elsewhere':
    'Your address there does not belong to the workspace. Ask one of its administrators for an invitation.',
  'federation.address_taken':
    'There is an account with your address, and it is not linked with this identity provider. Sign in your own way, then link it under Sign-in and security.',
  'federation.address_changed':
    'The identity provider tells another address of you than before. An administrator has to confirm that you are the same person.',
  'federation.not_a_member': 'You are not a member of this workspace any more. Ask one of its administrators.',
  'federation.accounts_not_created':
    'You have no account here yet. Ask an administrator of the workspace for an invitation.',
}

type WayProps = { onDone: (step: SignInStep | undefined) => void }

/** `isFirst` where nothing stands above the form that wants to be read before. */
function PasswordForm({ onDone, isFirst, next }: WayProps & { isFirst: boolean; next: string }) {
  const [email, setEmail] = useState('')
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
          onBlur={event => setEmail(event.currentTarget.value.trim())}
        />
        <HomeRealm email={email} next={next} />
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

type Realm = { provider: { tenantId: string; id: string; name: string; tenantName: string } | null }

/** The identity provider of the workspace whose domain the address has: told by the domain alone. */
function HomeRealm({ email, next }: { email: string; next: string }) {
  const domain = /^[^@\s]+@([^@\s]+\.[^@\s]+)$/.exec(email)?.[1]?.toLowerCase()
  const realm = useQuery({
    queryKey: ['home-realm', domain],
    queryFn: ({ signal }) =>
      request<Realm>('/federation/home-realm', { method: 'POST', body: { email: `someone@${domain}` }, signal }),
    enabled: domain !== undefined,
    retry: false,
    staleTime: 60_000,
  })
  const provider = realm.data?.provider
  const leave = useMutation({
    mutationFn: async () => {
      const body = { tenantId: provider?.tenantId, providerId: provider?.id, email, next: safePath(next) }
      await leaveForProvider('/federation/sign-ins', body)
    },
  })
  return (
    <div aria-live="polite">
      {provider && (
        <Stack gap="xs">
          <Refusal error={leave.error} />
          <Button variant="light" loading={leave.isPending} onClick={() => leave.mutate()} fullWidth>
            Continue with {provider.name}
          </Button>
          <Text size="xs" c="dimmed">
            People of {provider.tenantName} sign in there. Your own password works too, where they let you.
          </Text>
        </Stack>
      )}
    </div>
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
