import { type Admission, type Client, renewSession } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { json, sql } from '#platform/database'
import type { AuthenticationMethod } from '#platform/identity'
import { arrive } from './arrivals.ts'
import { errors } from './errors.ts'
import { linkAnswer } from './links.ts'
import type { TestResult } from './providers.ts'
import { finishSignIn, type ProviderAnswer } from './sign-ins.ts'

/**
 * Ends a way through a provider: a sign-in, a link with the account that is signed in, the proof that it is still he, or a
 * try that lets nobody in. Where the browser goes on, and what came of a sign-in.
 */
export async function returnFromProvider(
  app: App,
  client: Client,
  given: Parameters<typeof finishSignIn>[2],
): Promise<{ next: string; admission?: Admission }> {
  const { scope } = client
  const answer = await finishSignIn(app, app.db.scoped({ ...scope, system: true }), given)
  const { purpose, next, userId, sessionId } = answer
  if (purpose === 'sign_in') return { next, admission: await arrive(app, client, answer) }
  if (userId === undefined || sessionId === undefined) throw errors.notBegunHere()
  if (purpose === 'link') await linkAnswer(app, scope, userId, answer)
  else if (purpose === 'test') await keepTest(app, answer)
  else await stepUpBy(app, client, answer, { userId, sessionId })
  return { next }
}

async function stepUpBy(
  app: App,
  { scope }: Client,
  answer: ProviderAnswer,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<void> {
  const { provider, subject, hasSecondFactor } = answer
  const same = await app.db.scoped({ ...scope, system: true }).maybe(sql`
    select id
    from federation.iam_user_mappings
    where tenant_id = ${provider.tenantId}
      and provider_id = ${provider.id}
      and external_id = ${subject}
      and user_id = ${userId}
      and sync_status <> 'disabled'`)
  if (!same) throw errors.ofAnother()
  const methods: AuthenticationMethod[] = ['provider']
  if (hasSecondFactor && provider.trustsSecondFactor) methods.push('provider_second_factor')
  await renewSession(app, { ...scope, userId }, sessionId, methods, answer.authenticatedAt)
}

async function keepTest(app: App, answer: ProviderAnswer): Promise<void> {
  const { provider, subject, email, emailVerified, name, hasSecondFactor, claims, userInfo } = answer
  const result: TestResult = {
    at: app.clock.now().toISOString(),
    subject,
    email: email ?? null,
    isEmailVerified: emailVerified,
    name: name ?? null,
    hasSecondFactor,
    claims: [...new Set([...Object.keys(claims), ...Object.keys(userInfo ?? {})])].sort(),
  }
  await app.db.scoped({ system: true, tenantId: provider.tenantId }).run(sql`
    update federation.iam_providers
    set last_test = ${json(result)}
    where tenant_id = ${provider.tenantId}
      and id = ${provider.id}`)
}
