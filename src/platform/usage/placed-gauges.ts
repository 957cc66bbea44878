import { type App, mainApp } from '#platform/app.ts'
import { json, sql } from '#platform/database'

const system = { system: true } as const

/** MT-17: the gauges whose rows are where a tenant's application data are. */
const placedMetrics = ({ modules }: App): string[] =>
  modules
    .filter(({ placement }) => placement === 'tenant')
    .flatMap(({ metrics = {} }) => Object.entries(metrics))
    .flatMap(([name, { kind }]) => (kind === 'gauge' ? [name] : []))

/** What a placed tenant's gauges stand at in its own database; none where it has none, or that is away. */
export async function findPlacedGauges(app: App, tenantId: string): Promise<Map<string, number>> {
  const scope = { tenantId }
  try {
    if (!app.placed || (await app.placed.placeOf(scope)) === undefined) return new Map()
    const rows = await app.placed.reads(scope).run(sql<{ metric: string; used: number }>`
      select metric, usage.value_of(${tenantId}, metric) as used
      from unnest(${placedMetrics(app)}::text[]) as metric`)
    return new Map(rows.map(({ metric, used }) => [metric, used]))
  } catch (err) {
    app.log.warn(
      { err, tenantId },
      'what a tenant uses in its own database is not known now; what was noted last is shown',
    )
    return new Map()
  }
}

/**
 * MT-17: writes what tenants are allowed into the databases that they have of their own, where that has changed; of one
 * tenant, or of all. A database that is away gets it the next time. Returns for how many it was written.
 */
export async function mirrorLimits(given: App, tenantId?: string): Promise<number> {
  const app = mainApp(given)
  const changed = await app.db.scoped(system).run(sql<{ tenantId: string; databaseId: string; limits: object }>`
    select tenant_id, database_id, limits
    from usage.list_unmirrored_limits()
    where ${tenantId === undefined ? sql`true` : sql`tenant_id = ${tenantId}`}`)
  let written = 0
  for (const [databaseId, tenants] of Map.groupBy(changed, each => each.databaseId)) {
    try {
      await app.placements?.asAdministrator(databaseId, async client => {
        for (const each of tenants) {
          await client.query('begin; set local session_replication_role = replica')
          await client.query('select usage.take_over_limits($1, $2)', [each.tenantId, JSON.stringify(each.limits)])
          await client.query('commit')
          await app.db.scoped({ ...system, tenantId: each.tenantId }).run(sql`
            insert into usage.placed_limits (tenant_id, database_id, limits)
            values (${each.tenantId}, ${databaseId}, ${json(each.limits)})
            on conflict (tenant_id) do update
            set database_id = excluded.database_id, limits = excluded.limits, mirrored_at = now()`)
          written++
        }
      })
    } catch (err) {
      app.log.warn({ err, databaseId }, 'limits could not be written into a database of tenants, to be tried again')
    }
  }
  return written
}

/** MT-17: notes in the main database what is counted in the others, for reports and warnings over all tenants. */
export async function collectGauges(given: App): Promise<void> {
  const app = mainApp(given)
  const metrics = placedMetrics(app)
  const found = await app.placements?.askEach(async client => {
    const { rows } = await client.query<{ tenantId: string; metric: string; value: string }>(
      `select tenant_id as "tenantId", metric_name as metric, sum(value) as value
      from usage.gauge_shards
      where metric_name = any ($1)
      group by tenant_id, metric_name`,
      [metrics],
    )
    return rows
  })
  for (const { id, name, answer, error } of found ?? []) {
    if (error !== null) app.log.warn({ database: name, error }, 'what is used there is not known now')
    if (!answer?.length) continue
    await app.db.scoped(system).run(sql`
      select usage.note_placed_gauge(stands.tenant_id, ${id}::uuid, stands.metric, stands.value)
      from jsonb_to_recordset(${json(answer.map(({ tenantId, ...row }) => ({ ...row, tenant_id: tenantId })))})
        as stands (tenant_id uuid, metric text, value bigint)`)
  }
}
