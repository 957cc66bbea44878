import { onViolation, type Queryable, sql } from '#platform/database'
import { errors } from './errors.ts'

/** MT-11: a tenant that waits for its deletion, or is being removed. */
export type Deletion = {
  tenantId: string
  name: string
  slug: string
  requestedAt: Date
  requestedBy: string | null
  byOperator: boolean
  reason: string | null
  scheduledAt: Date
  /** From then on nothing brings the tenant back. */
  begunAt: Date | null
}

/**
 * The scope's tenant waits for its deletion from now on, as long as is set for it; only operators say how many days.
 * Refuses with `tenancy.name_mistyped` where `name` is another than the tenant's, and where it waits already. Needs the
 * system scope.
 */
export async function requestDeletion(
  tx: Queryable,
  wanted: { name?: string; reason: string | null; byOperator: boolean; afterDays?: number },
): Promise<{ scheduledAt: Date }> {
  if (wanted.name !== undefined) {
    const { name } = await tx.one(sql<{ name: string }>`
      select name
      from tenancy.tenants
      where id = ${tx.scope.tenantId}`)
    if (wanted.name.normalize('NFC').trim() !== name.normalize('NFC').trim()) throw errors.nameMistyped()
  }
  const { afterDays = null, byOperator, reason } = wanted
  return await onViolation(
    tx.one(sql<{ scheduledAt: Date }>`
      select tenancy.request_deletion(${afterDays}, ${byOperator}, ${reason}) as scheduled_at`),
    { tenant_deletions_once: errors.deletionRequested, tenant_deletions_grace: errors.deletionRefused },
  )
}

/** The scope's tenant is again what it was. Refuses with `tenancy.deletion_not_waiting` once the removal has begun. */
export async function cancelDeletion(tx: Queryable): Promise<{ status: 'active' | 'suspended' }> {
  return await onViolation(
    tx.one(sql<{ status: 'active' | 'suspended' }>`select tenancy.cancel_deletion() as status`),
    { tenant_deletions_waiting: errors.deletionNotWaiting },
  )
}

/** The deletion that a tenant waits for. Needs the system scope, or that of the tenant. */
export function findDeletion(tx: Queryable, tenantId: string): Promise<Deletion | undefined> {
  return tx.maybe(sql<Deletion>`${deletions} where deletion.tenant_id = ${tenantId}`)
}

/** Those whose time has come, and those being removed, the longest overdue first. Needs the system scope. */
export function listDue(tx: Queryable): Promise<Deletion[]> {
  return tx.run(sql<Deletion>`
    ${deletions}
    where deletion.scheduled_at <= now()
      and (deletion.begun_at is not null or platform.find_hold(deletion.tenant_id, null) is null)
    order by deletion.scheduled_at, deletion.tenant_id`)
}

/** What owners are told while they wait: half-way, and the day before. */
export type Notice = 'half' | 'last'

/**
 * Deletions whose owners are to be told now. Nobody is told half-way of what comes within a day, nor the day before of
 * what was asked for on that day. Needs the system scope.
 */
export function listUntold(tx: Queryable): Promise<(Deletion & { notice: Notice })[]> {
  return tx.run(sql<Deletion & { notice: Notice }>`
    select waiting.*, told.notice
    from (${deletions}) as waiting
    join tenancy.tenant_deletions as marked
      on marked.tenant_id = waiting.tenant_id
    cross join lateral (
      select
        case
          when now() >= marked.scheduled_at - interval '1 day' then 'last'
          else 'half'
        end as notice
    ) as told
    where waiting.begun_at is null
      and now() >= marked.requested_at + (marked.scheduled_at - marked.requested_at) / 2
      and case told.notice
        when 'last' then marked.told_last_at is null and marked.scheduled_at - marked.requested_at > interval '1 day'
        else marked.told_half_at is null
      end
    order by waiting.tenant_id`)
}

/** True for the first who says so; the row is locked until his transaction ends, and nobody else tells them meanwhile. */
export async function markTold(tx: Queryable, tenantId: string, notice: Notice): Promise<boolean> {
  const column = sql.ref(notice === 'last' ? 'told_last_at' : 'told_half_at')
  const marked = await tx.run(sql`
    update tenancy.tenant_deletions
    set ${column} = now()
    where tenant_id = ${tenantId}
      and begun_at is null
      and ${column} is null
    returning tenant_id`)
  return marked.length > 0
}

/** The name that is to be typed, and how long the scope's tenant would wait, in days. */
export function getGrace(tx: Queryable): Promise<{ name: string; graceDays: number }> {
  return tx.one(sql<{ name: string; graceDays: number }>`
    select name, grace_period_days as grace_days
    from tenancy.tenants
    where id = ${tx.scope.tenantId}`)
}

/** How many rows of the scope's tenant there are, table by table as far as the scope sees them, and the members. */
export async function countRows(tx: Queryable): Promise<{ table: string; rows: number }[]> {
  return await tx.run(sql<{ table: string; rows: number }>`
    select root as table, rows
    from tenancy.count_rows()`)
}

const deletions = sql`
  select
    deletion.tenant_id,
    tenant.name,
    tenant.slug,
    deletion.requested_at,
    deletion.requested_by,
    deletion.by_operator,
    deletion.reason,
    deletion.scheduled_at,
    deletion.begun_at
  from tenancy.tenant_deletions as deletion
  join tenancy.tenants as tenant
    on tenant.id = deletion.tenant_id`
