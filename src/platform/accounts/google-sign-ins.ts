import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import {
  createUser,
  findGoogleAccount,
  findUserByExternalIdentity,
  finishGoogle,
  type GoogleAnswer,
  hasUsers,
  linkExternalIdentity,
  linkGoogle,
  recordExternalSignIn,
} from '#platform/identity'
import { type Admission, admitUser, type Client, findCandidate } from './admissions.ts'
import { errors } from './errors.ts'
import { renewSession } from './step-ups.ts'

/** Where the browser goes on, and what came of a sign-in. */
export type GoogleReturn = { next: string; admission?: Admission }

/**
 * Ends a way through Google (MT-07): a sign-in, a link to the account that is signed in, or the proof that it is still he.
 * `cookieValue` binds it to the browser in which it began, `sessionToken` the latter two to their session.
 */
export async function returnFromGoogle(
  app: App,
  client: Client,
  given: Parameters<typeof finishGoogle>[2],
): Promise<GoogleReturn> {
  const { scope } = client
  const system = app.db.scoped({ ...scope, system: true })
  const answer = await finishGoogle(app, system, given)
  const { purpose, next, userId, sessionId } = answer
  if (purpose === 'sign_in') return { next, admission: await signInWithGoogle(app, client, answer) }
  if (userId === undefined || sessionId === undefined) throw errors.sessionEnded()
  if (purpose === 'link') {
    await app.db.transaction({ ...scope, system: true, userId }, tx => linkGoogle(app, tx, userId, answer))
    return { next }
  }
  if ((await findUserByExternalIdentity(system, answer.issuer, answer.subject)) !== userId)
    throw errors.googleOfAnother()
  // As a sign-in with Google would ask for the code too.
  if ((await findCandidate(system, userId))?.hasTotp) throw errors.secondFactorMissing()
  await renewSession(app, { ...scope, userId }, sessionId, ['google'], answer.authenticatedAt)
  return { next }
}

async function signInWithGoogle(app: App, client: Client, answer: GoogleAnswer): Promise<Admission> {
  const system = app.db.scoped({ ...client.scope, system: true })
  const account = await findGoogleAccount(system, answer)
  if (account.kind === 'unknown') throw errors.googleUnknown()
  if (account.kind === 'email_taken') throw errors.googleAddressTaken()
  const userId = account.kind === 'linked' ? account.userId : await openGoogleAccount(app, client, answer, account)
  const admission = await admitUser(app, client, { userId, methods: ['google'] })
  await recordExternalSignIn(system, answer)
  return admission
}

/** A new account without a password, for who has proved its address at Google. */
async function openGoogleAccount(
  app: App,
  { scope }: Client,
  answer: GoogleAnswer,
  { email, fullName }: { email: string; fullName: string },
): Promise<string> {
  if (app.config.signUp === 'closed') throw errors.signUpClosed()
  if (!(await hasUsers(app.db.reads({ ...scope, system: true })))) throw errors.setUpFirst()
  const userId = crypto.randomUUID()
  await app.db.transaction({ ...scope, system: true, userId, userName: fullName }, async tx => {
    await createUser(tx, { id: userId, email, fullName, isEmailVerified: true })
    await linkExternalIdentity(tx, { ...answer, userId })
    const details = { method: 'google' }
    await recordEvent(tx, { action: 'sign_up', resource: 'identity.users', resourceId: userId, details })
  })
  return userId
}
