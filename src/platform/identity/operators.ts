import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { errors } from './errors.ts'
import { announceRevocation } from './revocations.ts'

/**
 * Makes a user an operator of this installation; nothing happens where he is one. Refuses who is not active. Needs the
 * system scope.
 */
export async function makeOperator(tx: Queryable, userId: string, by?: string): Promise<void> {
  const made = await onViolation(
    tx.run(sql`
      insert into identity.operators (user_id, created_by)
      values (${userId}, ${by ?? null})
      on conflict (user_id) do nothing
      returning user_id`),
    { operators_active: errors.operatorInactive },
  )
  if (made.length > 0) await recordEvent(tx, { action: 'make_operator', resource, resourceId: userId })
}

/** Refuses the last active one (`identity.last_operator`); nothing happens where he is none. Needs the system scope. */
export async function removeOperator(tx: Queryable, userId: string): Promise<void> {
  const removed = await onViolation(
    tx.run(sql`
      delete from identity.operators
      where user_id = ${userId}
      returning user_id`),
    { operators_one_active: errors.lastOperator },
  )
  if (removed.length > 0) await recordEvent(tx, { action: 'remove_operator', resource, resourceId: userId })
}

/** Whom to tell what concerns the installation: its operators with an open account. Needs the system scope. */
export async function listOperatorIds(tx: Queryable): Promise<string[]> {
  const rows = await tx.run(sql<{ userId: string }>`
    select operator.user_id
    from identity.operators as operator
    join identity.users as account on account.id = operator.user_id
    where account.is_active
    order by 1`)
  return rows.map(({ userId }) => userId)
}

/**
 * What an operator does to accounts belongs to the installation and not to the workspace he happens to be in: its log
 * would show that to people who do not know the account.
 */
export async function asOperator<T>(app: App, scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const done = await app.db.transaction(operatorScope(scope), work)
  announceRevocation(app)
  return done
}

export const operatorScope = (scope: Scope): Scope => ({ ...scope, tenantId: undefined, system: true })

const resource = 'identity.users'
