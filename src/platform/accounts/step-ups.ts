import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Scope } from '#platform/database'
import { oneOf, type Principal } from '#platform/http'
import {
  type AuthenticationMethod,
  announceRevocation,
  findPasswordOf,
  isGoogleConfigured,
  listExternalIdentities,
  renewAuthentication,
} from '#platform/identity'
import { findCandidate } from './admissions.ts'
import { errors } from './errors.ts'
import { provesPassword, type SessionOfUser } from './password-proofs.ts'
import { consumeSecondFactor, type SecondFactor } from './sign-ins.ts'

/** By what a signed-in person can show again who he is. */
export const StepUpOptions = Type.Object({
  methods: Type.Array(oneOf(['password', 'passkey', 'google', 'provider'])),
  needsCode: Type.Boolean({ description: 'Whether the password goes with a code of the authenticator app' }),
})
export type StepUpOptions = Static<typeof StepUpOptions>

/** A provider can show it again of a session that came through it: for what is done in its workspace. */
export async function getStepUpOptions(
  app: App,
  scope: Scope,
  { userId, provider }: Pick<Principal, 'userId' | 'provider'>,
): Promise<StepUpOptions> {
  const system = app.db.scoped({ ...scope, system: true })
  const [user, password, linked] = await Promise.all([
    findCandidate(system, userId),
    findPasswordOf(system, userId),
    listExternalIdentities(system, userId),
  ])
  const methods: StepUpOptions['methods'] = []
  if (password) methods.push('password')
  if (user?.hasPasskeys) methods.push('passkey')
  // With a second factor Google alone is half of a sign-in.
  if (linked.length > 0 && isGoogleConfigured(app) && !user?.hasTotp) methods.push('google')
  if (provider) methods.push('provider')
  return { methods, needsCode: user?.hasTotp === true }
}

/**
 * Makes a session fresh for sensitive actions: by the password, with a code where the account has a second factor, or by a
 * passkey alone. What is wrong counts as a failed sign-in does.
 */
export async function stepUp(
  app: App,
  scope: Scope,
  session: SessionOfUser,
  given: { password?: string | undefined; factor?: SecondFactor | undefined },
): Promise<{ authenticatedAt: Date }> {
  const { userId } = session
  const methods: AuthenticationMethod[] = []
  if (given.password !== undefined) {
    if (!(await provesPassword(app, scope, session, given.password))) throw errors.passwordWrong()
    methods.push('password')
  }
  const user = await findCandidate(app.db.scoped({ ...scope, system: true }), userId)
  const isPasskey = given.factor !== undefined && 'answer' in given.factor
  if (given.factor && (user?.hasTotp || isPasskey)) {
    methods.push(await consumeSecondFactor(app, scope, userId, given.factor))
  }
  const isEnough = isPasskey || (methods.includes('password') && (methods.length > 1 || !user?.hasTotp))
  if (!isEnough) throw errors.secondFactorMissing()
  return await renewSession(app, scope, session.id, methods)
}

/** Notes in the session that its user has shown who he is, now unless told. */
export async function renewSession(
  app: App,
  scope: Scope,
  sessionId: string,
  methods: readonly AuthenticationMethod[],
  at = app.clock.now(),
): Promise<{ authenticatedAt: Date }> {
  await app.db.transaction({ ...scope, system: true }, async tx => {
    if (!(await renewAuthentication(tx, sessionId, methods, at))) throw errors.sessionEnded()
    await recordEvent(tx, {
      action: 'step_up',
      resource: 'identity.user_sessions',
      resourceId: sessionId,
      details: { methods },
    })
  })
  announceRevocation(app)
  return { authenticatedAt: at }
}
