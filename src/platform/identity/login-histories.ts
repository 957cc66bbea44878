import type { App } from '#platform/app.ts'
import { json, type Queryable, sql } from '#platform/database'
import { findPlace } from './places.ts'
import { clientOf, describeUserAgent } from './user-agents.ts'

export type Login = {
  userId: string
  status: 'success' | 'failed'
  /** In words, of a failure only: `wrong password`. */
  failureReason?: string
  methods?: readonly string[]
  sessionId?: string
}

/**
 * MT-09: appends a sign-in, or an attempt, to the account's history; address and agent are those of the scope. Needs the
 * system scope. Attempts with an address that nobody has are not for here: there is no account whose history it is.
 */
export async function recordLogin(app: App, tx: Queryable, login: Login): Promise<void> {
  const { address, agent } = clientOf(tx.scope)
  const place = await findPlace(app, address)
  await tx.run(sql`
    insert into identity.login_histories (
      user_id, ip_address, user_agent, device, location, status, failure_reason, methods, session_id
    )
    values (
      ${login.userId},
      ${address},
      ${agent},
      ${describeUserAgent(agent).words},
      ${place ? json(place) : null},
      ${login.status},
      ${login.failureReason ?? (login.status === 'failed' ? 'refused' : null)},
      ${login.methods ?? []}::text[],
      ${login.sessionId ?? null}
    )`)
}
