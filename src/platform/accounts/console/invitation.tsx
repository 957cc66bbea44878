import { Alert, Anchor, Button, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import {
  formatTime,
  Icon,
  mayBeSignedIn,
  NewPasswordField,
  openSession,
  PageLink,
  type PasswordRules,
  Problem,
  request,
  type SignInStep,
  sessionQuery,
  signOut,
  switchTenant,
  useLinkToken,
} from '#platform/console'
import { Entrance, Refusal } from './entrance.tsx'
import { StepForm } from './step-form.tsx'

type Offer = {
  tenantName: string
  email: string
  roles: readonly string[]
  invitedByName: string | null
  expiresAt: string
  hasAccount: boolean
  rules: PasswordRules
}

/** Where the mail of an invitation leads: one accepts it as who one is, or with a new account. */
export function Page() {
  const token = useKeptToken()
  const offer = useQuery({
    // A query's key may be shown in tools: the secret is not in it.
    queryKey: ['invitation', token.length, token.slice(0, 6)],
    queryFn: ({ signal }) => request<Offer>('/auth/invitation', { method: 'POST', body: { token }, signal }),
    enabled: token !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const session = useQuery({ ...sessionQuery, enabled: mayBeSignedIn() })
  const signedInAs = session.data?.user.email
  const { data } = offer
  return (
    <Entrance
      title={data ? `Join ${data.tenantName}` : 'Invitation'}
      lead={data && <Lead offer={data} />}
      other={
        <Anchor component={PageLink} to="/" size="sm" underline="always">
          {!signedInAs ? 'Go to sign-in' : data ? 'Go on without accepting' : 'Go to your workspace'}
        </Anchor>
      }
    >
      {token === '' ? (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} title="The link is not whole" role="alert">
          Open the link in the mail exactly as it stands there, with everything after the # sign.
        </Alert>
      ) : offer.error ? (
        <Stack gap="md">
          <Refusal error={offer.error} />
          {!(offer.error instanceof Problem && offer.error.status === 403) && (
            <Button variant="default" onClick={() => void offer.refetch()}>
              Try again
            </Button>
          )}
        </Stack>
      ) : !data || (session.isPending && mayBeSignedIn()) ? (
        <Skeleton height={160} aria-label="Looking at the invitation" />
      ) : signedInAs === data.email ? (
        <Acceptance token={token} offer={data} />
      ) : signedInAs ? (
        <WrongAccount offer={data} signedInAs={signedInAs} token={token} />
      ) : data.hasAccount ? (
        <Stack gap="md">
          <Text size="sm">
            {data.email} has an account. Sign in with it, and you come back here to accept the invitation.
          </Text>
          <Button component={PageLink} to="/sign-in" search={{ next: '/invitation' }} onClick={() => keep(token)}>
            Sign in
          </Button>
        </Stack>
      ) : (
        <NewAccount token={token} offer={data} />
      )}
    </Entrance>
  )
}

function Lead({ offer }: { offer: Offer }) {
  return (
    <>
      {offer.invitedByName ?? 'An administrator'} invites <strong>{offer.email}</strong>
      {offer.roles.length > 0 && ` as ${offer.roles.join(', ')}`}. The invitation is open until{' '}
      {formatTime(offer.expiresAt)}.
    </>
  )
}

function Acceptance({ token, offer }: { token: string; offer: Offer }) {
  const accept = useMutation({
    mutationFn: async () => {
      const { tenantId } = await request<{ tenantId: string }>('/auth/invitation/acceptance', {
        method: 'POST',
        body: { token },
      })
      forget()
      await switchTenant(tenantId, '/')
    },
  })
  return (
    <Stack gap="md">
      <Refusal error={accept.error} />
      <Text size="sm">You are signed in as {offer.email}. What you do in your other workspaces stays apart.</Text>
      <Button loading={accept.isPending || accept.isSuccess} onClick={() => accept.mutate()}>
        Accept the invitation
      </Button>
    </Stack>
  )
}

function WrongAccount({ offer, signedInAs, token }: { offer: Offer; signedInAs: string; token: string }) {
  const leave = useMutation({
    mutationFn: () => {
      keep(token)
      return signOut('/invitation')
    },
  })
  return (
    <Stack gap="md">
      <Alert variant="light" icon={<Icon name="info" />} title="This invitation is for another address">
        You are signed in as {signedInAs}; it went to {offer.email}, and only the account of that address can accept it.
      </Alert>
      <Refusal error={leave.error} />
      <Button loading={leave.isPending || leave.isSuccess} onClick={() => leave.mutate()}>
        Sign out and go on
      </Button>
    </Stack>
  )
}

function NewAccount({ token, offer }: { token: string; offer: Offer }) {
  const [step, setStep] = useState<SignInStep>()
  const form = useForm({
    initialValues: { fullName: '', password: '' },
    validate: {
      fullName: value => (value.trim() ? null : 'Enter your name.'),
      password: value => (value ? null : 'Choose a password.'),
    },
  })
  const join = useMutation({
    mutationFn: (answers: typeof form.values) =>
      openSession('/auth/invitation/sign-up', {
        token,
        ...answers,
        timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      }),
    // Loads the page anew: somebody else may have been signed in here until now.
    onSuccess: next => {
      forget()
      if (next) setStep(next)
      else window.location.assign('/')
    },
    onError: error => {
      if (!(error instanceof Problem)) return
      const isPassword = error.code.includes('password')
      form.setErrors(isPassword ? { password: error.message, ...error.fields } : { ...error.fields })
    },
  })
  if (step) return <StepForm step={step} next="/" />
  return (
    <form onSubmit={form.onSubmit(answers => join.mutate(answers))} noValidate>
      <Refusal error={join.error && Object.keys(form.errors).length === 0 ? join.error : undefined} />
      <Stack gap="sm">
        {/* Password managers learn from it whose password they keep. */}
        <input type="text" name="username" autoComplete="username" value={offer.email} readOnly hidden />
        <TextInput label="Your name" autoComplete="name" {...form.getInputProps('fullName')} />
        <NewPasswordField
          label="Password"
          // A new account has no earlier passwords to name.
          rules={{ ...offer.rules, refusedReuses: 0 }}
          value={form.values.password}
          onChange={password => form.setFieldValue('password', password)}
          error={form.errors.password as string | undefined}
        />
        <Button type="submit" loading={join.isPending} mt="xs">
          Create the account and join
        </Button>
      </Stack>
    </form>
  )
}

const tokenKey = 'commonhold-invitation'

/** The secret of the link, also after the way over the sign-in page: kept in this window only, until it is used. */
function useKeptToken(): string {
  const inLink = useLinkToken()
  const [kept] = useState(() => readKept())
  useEffect(() => {
    if (inLink !== '') forget()
  }, [inLink])
  return inLink || kept
}

function readKept(): string {
  try {
    return sessionStorage.getItem(tokenKey) ?? ''
  } catch {
    return ''
  }
}

function keep(token: string): void {
  try {
    sessionStorage.setItem(tokenKey, token)
  } catch {
    // Without storage the link in the mail is opened once more.
  }
}

function forget(): void {
  try {
    sessionStorage.removeItem(tokenKey)
  } catch {
    // Nothing was kept.
  }
}
