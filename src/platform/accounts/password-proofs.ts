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

/**
 * Whether this is the password of who is signed in; false where he has none. Wrong ones count as at sign-in, but on the
 * device of his session: guesses elsewhere must not keep the owner from what wants his password. Refuses during a rest.
 */
export async function provesPassword(
  app: App,
  scope: Scope,
  session: { id: string; userId: string },
  password: string,
): Promise<boolean> {
  const { id, userId } = session
  const system = app.db.scoped({ ...scope, system: true })
  const counter = { userId, deviceId: await findSessionDevice(system, id), ipAddress: scope.ipAddress }
  await refuseRest(system, counter)
  const known = await findPasswordOf(system, userId)
  const matches = await verifyPassword(known?.passwordHash, password)
  if (!matches) await countFailedLogin(system, counter)
  // Of many guesses at once the right one must not slip past the rest.
  else await refuseRest(system, counter)
  return matches
}

async function refuseRest(tx: Queryable, counter: FailureCounter): Promise<void> {
  const rests = await findRest(tx, counter)
  if (rests.address > 0) throw errors.tooManyFailures({ retryAfter: rests.address })
  if (rests.account) throw errors.passwordsResting({ retryAfter: 60 })
}
