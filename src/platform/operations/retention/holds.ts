import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { mainApp } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'

export const LegalHold = Type.Object({
  id: uuid,
  tenantId: nullable(uuid),
  tenantName: nullable(Type.String()),
  userId: nullable(uuid),
  userEmail: nullable(Type.String()),
  reason: Type.String(),
  heldFrom: timestamp,
  addedBy: nullable(uuid),
  addedByEmail: { ...nullable(Type.String()), description: 'Null for who did it at the command line, or is erased' },
  releasedAt: nullable(timestamp),
  releasedBy: nullable(uuid),
  releasedByEmail: nullable(Type.String()),
  releaseReason: nullable(Type.String()),
})
export type LegalHold = Static<typeof LegalHold>

/** Whose rows stay. */
export type Holds = { tenants: readonly string[]; users: readonly string[] }

export type HoldWish = { reason: string } & ({ tenantId: string } | { userId: string })

const system = { system: true } as const

/**
 * GG-16: from its commit on nothing removes the rows of that tenant or user by the clock, and neither is deleted. Waits
 * for what is being removed at this moment. Refuses whom there is not, and a tenant whose removal has begun.
 */
export async function addHold(given: App, scope: Scope, wish: HoldWish): Promise<LegalHold> {
  return await mainApp(given).db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
    const tenantId = 'tenantId' in wish ? wish.tenantId : null
    const userId = 'userId' in wish ? wish.userId : null
    const { id } = await tx.one(sql<{ id: string }>`
      insert into operations.legal_holds (held_tenant_id, held_user_id, reason, added_by)
      values (${tenantId}, ${userId}, ${wish.reason}, ${scope.userId ?? null})
      returning id`)
    // After the insertion, which has waited for whoever deletes them.
    const hold = (await findHold(tx, id)) as LegalHold
    if (tenantId !== null && hold.tenantName === null) throw errors.holdTenantUnknown({ id: tenantId })
    if (userId !== null && hold.userEmail === null) throw errors.holdUserUnknown({ id: userId })
    return hold
  })
}

/** Refuses one that there is not, or that is released already. */
export async function releaseHold(given: App, scope: Scope, id: string, reason: string): Promise<LegalHold> {
  return await mainApp(given).db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
    const released = await tx.maybe(sql`
      update operations.legal_holds
      set released_at = now(), released_by = ${scope.userId ?? null}, release_reason = ${reason}
      where id = ${id}
        and released_at is null
      returning id`)
    const hold = await findHold(tx, id)
    if (!hold) throw errors.holdUnknown({ id })
    if (!released) throw errors.holdReleased()
    return hold
  })
}

/** Those that stand, the newest first; with `all` those that were released too. `own` in the system scope. */
export async function listHolds(own: Queryable, all = false): Promise<LegalHold[]> {
  return await own.run(sql<LegalHold>`
    ${holds(all)}
    order by hold.released_at is not null, hold.held_from desc, hold.id
    limit 1000`)
}

/**
 * Hands those that stand to `work`, and keeps others from being written until its end: one transaction, which `work` does
 * not use. What it removes may be in another database.
 */
export async function withHolds<T>(app: App, work: (holds: Holds) => Promise<T>): Promise<T> {
  return await app.db.transaction(system, async tx => {
    // The digest of a large month takes its time.
    await tx.run(sql`set local idle_in_transaction_session_timeout = 0`)
    await tx.run(sql`select pg_advisory_xact_lock_shared(hashtext('commonhold'), hashtext('legal holds'))`)
    return await work(await readHolds(tx))
  })
}

export async function readHolds(own: Queryable): Promise<Holds> {
  return await own.one(sql<Holds>`
    select
      coalesce(array_agg(held_tenant_id) filter (where held_tenant_id is not null), '{}') as tenants,
      coalesce(array_agg(held_user_id) filter (where held_user_id is not null), '{}') as users
    from operations.legal_holds
    where released_at is null`)
}

const findHold = (tx: Queryable, id: string): Promise<LegalHold | undefined> =>
  tx.maybe(sql<LegalHold>`
    ${holds(true)}
    where hold.id = ${id}`)

const holds = (all: boolean) => sql`
  select
    hold.*,
    operations.email_of(hold.added_by) as added_by_email,
    operations.email_of(hold.released_by) as released_by_email
  from operations.list_holds(${all}) as hold`
