import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { listEventDetails, recordEvent } from '#platform/audit'
import { quoted, type Scope, sql } from '#platform/database'

/** Somebody who stands in a table and was erased there, with or without an account. */
export type KeptErasure = { id: string; erasedAt: string }

const event = { action: 'keep_erasures', resource: 'tenancy.tenants' }
type Told = { erased: [table: string, id: string, erasedAt: string][] }
const mostInEvent = 1_000

/**
 * GG-16: writes into the audit log, which outlives the tenant, who was erased in it: their ids, which its entries have as well.
 * Else who is brought back with it from a backup would be everybody. Before its rows go; once for each removal. Keeps
 * nothing of one in which rows went before (a release that kept nothing began it): who was erased is not known then.
 */
export async function keepErasures(app: App, tenantId: string): Promise<void> {
  const scope: Scope = { tenantId, system: true }
  const main = app.db.scoped(scope)
  const removal = await main.maybe(sql<{ begunAt: Date; hasRemoved: boolean }>`
    select begun_at, removed <> '{}' as has_removed
    from tenancy.tenant_deletions
    where tenant_id = ${tenantId}`)
  // Without it somebody else has ended the removal.
  if (!removal || removal.hasRemoved) return
  if ((await listEventDetails(main, { ...event, since: removal.begunAt })).length > 0) return
  const found = [...(await findErasures(app, tenantId))].flatMap(([table, people]) =>
    [...people].map(([id, erasedAt]) => [table, id, erasedAt]),
  )
  await app.db.transaction(scope, async tx => {
    // One also where there was nobody: that is known then.
    for (let at = 0; at === 0 || at < found.length; at += mostInEvent) {
      const details = { erased: found.slice(at, at + mostInEvent) }
      await recordEvent(tx, { ...event, resourceId: tenantId, details })
    }
  })
}

/** By table the people with when, wherever its data are or have been. */
async function findErasures(app: App, tenantId: string): Promise<Map<string, Map<string, string>>> {
  const main = app.db.scoped({ tenantId, system: true })
  const found = new Map<string, Map<string, string>>()
  const note = (table: string, rows: readonly KeptErasure[]) => {
    const people = found.get(table) ?? new Map<string, string>()
    for (const { id, erasedAt } of rows) people.set(id, erasedAt)
    found.set(table, people)
  }
  for (const [table, { erased }] of forgetting(app)) {
    note(
      table,
      await main.run(sql<KeptErasure>`
        select ${sql.ref(erased.id)} as id, ${sql.ref(erased.at)}::text as erased_at
        from ${sql.table(erased.table)}
        where tenant_id = ${tenantId}`),
    )
  }
  await app.placements?.askPlacesOf(tenantId, async client => {
    for (const [table, { erased }] of forgetting(app)) {
      const { rows } = await client.query<KeptErasure>(
        `select ${quoted(erased.id)} as id, ${quoted(erased.at)}::text as "erasedAt"
        from ${quoted(erased.table)}
        where tenant_id = $1`,
        [tenantId],
      )
      note(table, rows)
    }
  })
  return found
}

/** Who was erased in a tenant before it was removed, by table; undefined where that was not kept. */
export async function readKeptErasures(app: App, tenantId: string): Promise<Map<string, KeptErasure[]> | undefined> {
  const told = await listEventDetails<Told>(app.db.scoped({ tenantId, system: true }), event)
  if (told.length === 0) return undefined
  const kept = new Map<string, KeptErasure[]>()
  for (const [table, id, erasedAt] of told.flatMap(({ erased }) => erased))
    kept.set(table, [...(kept.get(table) ?? []), { id, erasedAt }])
  return kept
}

/** Notes in a tenant that was made again who was erased in it, as it was before. */
export async function putErasuresBack(
  client: pg.ClientBase,
  app: App,
  tenantId: string,
  kept: ReadonlyMap<string, readonly KeptErasure[]>,
): Promise<void> {
  for (const [table, { erased }] of forgetting(app)) {
    const people = kept.get(table) ?? []
    await client.query(
      `insert into ${quoted(erased.table)} (tenant_id, ${quoted(erased.id)}, ${quoted(erased.at)})
      select $1, person.id, max(person.erased_at)
      from unnest($2::uuid[], $3::timestamptz[]) as person (id, erased_at)
      group by person.id`,
      [tenantId, people.map(({ id }) => id), people.map(({ erasedAt }) => erasedAt)],
    )
  }
}

const forgetting = ({ modules }: App) =>
  modules.flatMap(({ restoration }) => Object.entries(restoration?.forgets ?? {}))
