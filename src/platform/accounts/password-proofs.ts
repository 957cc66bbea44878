import type { App } from '#platform/app.ts'
import type { Queryable, Scope } from '#platform/database'
import {
  countFailedLogin,
  type FailureCounter,
  findPasswordOf,
  findRest,
  findSessionDevice,
  verifyPassword,
} from '#platform/identity'
import { errors } from './errors.ts'

export type SessionOfUser = { id: string; userId: string }

/**
 * Whether this is the password of who is signed in; false where he has none. Wrong ones count as at sign-in, but on the
 * device of his session: guesses elsewhere must not keep the owner from what wants his password. Refuses during a rest.
 */
export async function provesPassword(
  app: App,
  scope: Scope,
  session: SessionOfUser,
  password: string,
): Promise<boolean> {
  const system = app.db.scoped({ ...scope, system: true })
  const counter = await refuseRest(system, session)
  const known = await findPasswordOf(system, session.userId)
  const matches = await verifyPassword(known?.passwordHash, password)
  if (!matches) await countFailedLogin(system, counter)
  // Of many guesses at once the right one must not slip past the rest.
  else await refuseRest(system, session)
  return matches
}

/** Refuses while wrong passwords have put the device of a session to rest, or else the account or the network address. */
export async function refuseRest(tx: Queryable, { id, userId }: SessionOfUser): Promise<FailureCounter> {
  const counter = { userId, deviceId: await findSessionDevice(tx, id), ipAddress: tx.scope.ipAddress }
  const rests = await findRest(tx, counter)
  if (rests.address > 0) throw errors.tooManyFailures({ retryAfter: rests.address })
  if (rests.account) throw errors.passwordsResting({ retryAfter: 60 })
  return counter
}
