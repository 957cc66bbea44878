import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { Reply, type RequestOf, route, sessionCookie } from '#platform/http'
import { googleCookie, PasskeySignInAnswer, startGoogle, startPasskeySignIn } from '#platform/identity'
import { getStep, SignInStep } from './admissions.ts'
import { errors } from './errors.ts'
import { returnFromGoogle } from './google-sign-ins.ts'
import {
  attempts,
  email,
  newPassword,
  next,
  password,
  refusedEmails,
  refusedPasswords,
  stepToken,
  token,
} from './inputs.ts'
import { accountsOf } from './principals.ts'
import { askedTenantOf, clientOf, cookiesOf, replyTo, SignInAnswer, stepCookie } from './replies.ts'
import {
  type SecondFactor,
  signIn,
  signInWithNewPassword,
  signInWithPasskey,
  signInWithSecondFactor,
} from './sign-ins.ts'
import { getStepUpOptions, StepUpOptions, stepUp } from './step-ups.ts'

const factor = {
  code: Type.Optional(Type.String({ maxLength: 50, description: 'Of the authenticator app' })),
  backupCode: Type.Optional(Type.String({ maxLength: 50 })),
  challengeToken: Type.Optional(token),
  answer: Type.Optional(PasskeySignInAnswer),
}

const refusals = ['accounts.credentials_wrong', 'accounts.not_a_member', 'accounts.tenant_suspended']
const refusedFactors = [
  'accounts.second_factor_missing',
  'identity.code_wrong',
  'identity.too_many_codes',
  'identity.passkey_refused',
]

/** Every way in, and the proof by somebody who is in that it is still he. */
export const signInRoutes = [
  route({
    method: 'POST',
    path: '/auth/sign-in',
    allow: 'public',
    summary: 'Sign in with a password',
    description:
      'Works in the tenant of `X-Tenant-Id`, else in the default one. Also sets the session cookie. The answer may be a step that is still wanted: `status` tells.',
    body: Type.Object({ email, password }),
    refusals: [...refusals, 'accounts.too_many_failures', 'identity.hashing_busy', ...refusedEmails],
    response: SignInAnswer,
    rateLimit: attempts,
    async handle(request, app) {
      const { email, password } = request.body
      const credentials = { email, password, tenantId: askedTenantOf(request) }
      return replyTo(200, await signIn(app, clientOf(request), credentials))
    },
  }),
  route({
    method: 'GET',
    path: '/auth/sign-in/step',
    allow: 'public',
    summary: 'What this browser’s sign-in still wants',
    refusals: ['accounts.step_ended'],
    response: SignInStep,
    async handle({ scope, cookies }, app) {
      return (await getStep(app.db.scoped({ ...scope, system: true }), cookies[stepCookie])).step
    },
  }),
  route({
    method: 'POST',
    path: '/auth/sign-in/second-factor',
    allow: 'public',
    summary: 'Show the second factor',
    description: 'One of `code`, `backupCode`, or `challengeToken` with the `answer` of a passkey.',
    body: Type.Object({ stepToken, ...factor, rememberDevice: Type.Optional(Type.Boolean()) }),
    refusals: [...refusals, 'accounts.step_ended', ...refusedFactors],
    response: SignInAnswer,
    rateLimit: attempts,
    async handle(request, app) {
      const { body, cookies } = request
      const given = {
        stepToken: body.stepToken ?? cookies[stepCookie],
        factor: requireFactor(body),
        rememberDevice: body.rememberDevice,
      }
      return replyTo(200, await signInWithSecondFactor(app, clientOf(request), given))
    },
  }),
  route({
    method: 'POST',
    path: '/auth/sign-in/new-password',
    allow: 'public',
    summary: 'Choose a new password in place of one that has expired',
    body: Type.Object({ stepToken, newPassword }),
    refusals: [
      ...refusals,
      'accounts.step_ended',
      'accounts.password_changed_meanwhile',
      'identity.password_reused',
      ...refusedPasswords,
    ],
    response: SignInAnswer,
    rateLimit: attempts,
    async handle(request, app) {
      const { body, cookies } = request
      const given = { stepToken: body.stepToken ?? cookies[stepCookie], newPassword: body.newPassword }
      return replyTo(200, await signInWithNewPassword(app, clientOf(request), given))
    },
  }),
  route({
    method: 'POST',
    path: '/auth/passkeys/options',
    allow: 'public',
    summary: 'Ask for the challenge of a sign-in with a passkey',
    description: 'As the second factor of a step, by its token or this browser’s cookie, else as the only one.',
    body: Type.Object({
      stepToken,
      // A step that was left behind must not bind the next sign-in in this browser to its user.
      asSecondFactor: Type.Optional(Type.Boolean({ description: 'Of the step that the cookie holds' })),
    }),
    response: Type.Object({
      options: Type.Unsafe<object>({ type: 'object', additionalProperties: true }),
      challengeToken: token,
    }),
    // Each visit of the sign-in page asks for one, and a whole office may have one address.
    rateLimit: 4 * attempts,
    async handle({ body, cookies, scope }, app) {
      const system = app.db.scoped({ ...scope, system: true })
      const given = body.stepToken ?? (body.asSecondFactor ? cookies[stepCookie] : undefined)
      const step = given === undefined ? undefined : await getStep(system, given, 'second_factor_required').catch(ended)
      return await startPasskeySignIn(app, system, step?.proof.userId)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/passkeys/sign-in',
    allow: 'public',
    summary: 'Sign in with a passkey',
    body: Type.Object({ challengeToken: token, answer: PasskeySignInAnswer }),
    refusals: [...refusals, 'identity.passkey_refused'],
    response: SignInAnswer,
    rateLimit: attempts,
    async handle(request, app) {
      const given = { ...request.body, tenantId: askedTenantOf(request) }
      return replyTo(200, await signInWithPasskey(app, clientOf(request), given))
    },
  }),
  route({
    method: 'POST',
    path: '/auth/google',
    allow: 'public',
    summary: 'Begin to sign in with Google',
    description: 'Answers the address to send the browser to, and sets the cookie that binds the way to it.',
    body: Type.Object({ next }),
    refusals: ['identity.google_not_configured', 'identity.google_unavailable'],
    response: Type.Object({ url: Type.String() }),
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      const system = app.db.scoped({ ...scope, system: true })
      return begin(await startGoogle(app, system, { purpose: 'sign_in', next: body.next }))
    },
  }),
  route({
    method: 'GET',
    path: '/auth/google/callback',
    allow: 'public',
    summary: 'Where Google sends the browser back to',
    query: Type.Object({
      code: Type.Optional(Type.String({ maxLength: 4000 })),
      state: Type.Optional(Type.String({ maxLength: 500 })),
      error: Type.Optional(Type.String({ maxLength: 200 })),
      error_description: Type.Optional(Type.String({ maxLength: 1000 })),
      iss: Type.Optional(Type.String({ maxLength: 500 })),
      scope: Type.Optional(Type.String({ maxLength: 2000 })),
      authuser: Type.Optional(Type.String({ maxLength: 200 })),
      prompt: Type.Optional(Type.String({ maxLength: 200 })),
      hd: Type.Optional(Type.String({ maxLength: 255 })),
      session_state: Type.Optional(Type.String({ maxLength: 500 })),
    }),
    response: Type.Null(),
    status: 302,
    rateLimit: attempts,
    async handle(request, app) {
      const { cookies, query } = request
      const given = { cookieValue: cookies[googleCookie], sessionToken: cookies[sessionCookie], query }
      const { location, changes, isOver } = await returnFromGoogle(app, clientOf(request), given).then(
        ({ next, admission }) => ({
          location: admission && 'step' in admission ? `/sign-in?${new URLSearchParams({ step: '1', next })}` : next,
          changes: admission ? cookiesOf(admission) : [],
          isOver: true,
        }),
        async error => ({
          location: await refusedAt(app, request, error),
          changes: [],
          // A page elsewhere that sends the browser here must not end what is under way in it.
          isOver: error.code !== 'identity.google_not_begun_here',
        }),
      )
      const done = isOver ? [{ name: googleCookie, value: undefined }] : []
      return new Reply(302, null, { headers: { location }, cookies: [...changes, ...done] })
    },
  }),
  route({
    method: 'GET',
    path: '/auth/step-up',
    allow: 'session',
    summary: 'How I can show that it is still me',
    response: StepUpOptions,
    async handle({ principal, scope }, app) {
      return await getStepUpOptions(app, scope, principal)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/step-up',
    allow: 'session',
    summary: 'Show that it is still me',
    description:
      'The password, with a `code` or `backupCode` where the account has a second factor; or a passkey alone. For 10 minutes sensitive actions are possible then.',
    body: Type.Object({ password: Type.Optional(password), ...factor }),
    refusals: [
      'accounts.password_wrong',
      'accounts.passwords_resting',
      'accounts.too_many_failures',
      'identity.hashing_busy',
      ...refusedFactors,
    ],
    response: Type.Object({ authenticatedAt: Type.Unsafe<Date>({ type: 'string', format: 'date-time' }) }),
    rateLimit: attempts,
    async handle({ body, principal, scope }, app) {
      const { sessionId: id, userId } = principal
      return await stepUp(app, scope, { id, userId }, { password: body.password, factor: factorOf(body) })
    },
  }),
  route({
    method: 'POST',
    path: '/auth/step-up/passkey',
    allow: 'session',
    summary: 'Ask for the challenge of a passkey, to show that it is still me',
    response: Type.Object({
      options: Type.Unsafe<object>({ type: 'object', additionalProperties: true }),
      challengeToken: token,
    }),
    rateLimit: attempts,
    async handle({ principal, scope }, app) {
      return await startPasskeySignIn(app, app.db.scoped({ ...scope, system: true }), principal.userId)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/step-up/google',
    allow: 'session',
    summary: 'Begin to show by Google that it is still me',
    body: Type.Object({ next }),
    refusals: ['identity.google_not_configured', 'identity.google_unavailable'],
    response: Type.Object({ url: Type.String() }),
    rateLimit: attempts,
    async handle({ body, principal, scope }, app) {
      const { sessionId, userId } = principal
      const system = app.db.scoped({ ...scope, system: true })
      return begin(await startGoogle(app, system, { purpose: 'step_up', userId, sessionId, next: body.next }))
    },
  }),
]

/** A browser is shown a page, not a problem document: who is signed in was linking, everybody else was coming in. */
async function refusedAt(app: App, { scope, cookies }: Pick<Request, 'scope' | 'cookies'>, error: unknown) {
  if (!(error instanceof DomainError)) throw error
  const client = { ipAddress: scope.ipAddress ?? '', requestId: scope.requestId ?? '' }
  const isSignedIn = await accountsOf(app)
    .principals.authenticate({ cookie: cookies[sessionCookie] ?? '' }, client)
    .then(
      () => true,
      () => false,
    )
  return isSignedIn ? `/account/security?link_failed=${error.code}` : `/sign-in?refused=${error.code}`
}

type Request = RequestOf<unknown, unknown, unknown>

/** A step that has ended leaves what a sign-in without one has: any passkey. */
function ended(error: unknown): undefined {
  if (error instanceof DomainError && error.code === 'accounts.step_ended') return undefined
  throw error
}

type FactorBody = {
  code?: string
  backupCode?: string
  challengeToken?: string
  answer?: Static<typeof PasskeySignInAnswer>
}

function factorOf({ code, backupCode, challengeToken, answer }: FactorBody): SecondFactor | undefined {
  if (code !== undefined) return { code }
  if (backupCode !== undefined) return { backupCode }
  return challengeToken !== undefined && answer !== undefined ? { challengeToken, answer } : undefined
}

function requireFactor(body: FactorBody): SecondFactor {
  const given = factorOf(body)
  if (!given) throw errors.secondFactorMissing()
  return given
}

function begin({ url, cookieValue, expires }: Awaited<ReturnType<typeof startGoogle>>): Reply<{ url: string }> {
  return new Reply(200, { url }, { cookies: [{ name: googleCookie, value: cookieValue, expires }] })
}
