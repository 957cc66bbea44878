import pg from 'pg'
import { quoted, type Side } from '#platform/database'
import type { ForgettingDeclaration, Module } from '#platform/module.ts'
import { errors } from './errors.ts'

export type Forgetting = {
  modules: readonly Module[]
  /** Of the tables that are brought back. */
  schemas: ReadonlySet<string>
  /** Where rows are now, and where those of then are. */
  target: Side
  sourceOf: (table: { schema: string }) => Side
  tenantId?: string | undefined
  /** Erased since. */
  accounts: readonly string[]
}

/**
 * Has the copy forget whoever was erased since, by the very function that erased him here, as it is now. In a transaction
 * that stays open, so that the copy itself remains what it is. Returns how many rows of which table came out of it.
 */
export async function forgetErased(forgetting: Forgetting): Promise<ReadonlyMap<string, number>> {
  const forgotten = new Map<string, number>()
  const begun = new Set<Side>()
  for (const { schema = '', restoration } of forgetting.modules) {
    if (!forgetting.schemas.has(schema)) continue
    for (const [table, declared] of Object.entries(restoration?.forgets ?? {})) {
      const source = forgetting.sourceOf({ schema })
      // One of an earlier attempt is given up.
      if (!begun.has(source)) await source.query('rollback; begin; set local session_replication_role = replica')
      begun.add(source)
      const people = await findPeople(forgetting, source, table, declared)
      if (people.length === 0) continue
      const counts = await forget(forgetting.target, source, declared, people).catch(error => {
        if (!(error instanceof pg.DatabaseError)) throw error
        throw errors.copyRemembers({ table, count: people.length, reason: error.message }, error)
      })
      for (const [name, count] of Object.entries(counts)) forgotten.set(name, (forgotten.get(name) ?? 0) + count)
    }
  }
  return forgotten
}

type Person = { tenant_id: string; id: string; erased_at?: string }

async function findPeople(
  { target, tenantId, accounts }: Forgetting,
  source: Side,
  table: string,
  { account, erased }: ForgettingDeclaration,
): Promise<Person[]> {
  const ofTenant = tenantId === undefined ? 'true' : `tenant_id = ${pg.escapeLiteral(tenantId)}`
  const exists = async (name: string) =>
    (await source.query('select to_regclass($1) is not null as is', [quoted(name)])).rows[0].is as boolean
  if (!(await exists(table))) return []
  const { rows: withAccount } = await source.query<Person>(
    `select tenant_id, id from ${quoted(table)} where ${quoted(account)} = any ($1) and ${ofTenant}`,
    [accounts],
  )
  const recorded = `
    select tenant_id, ${quoted(erased.id)} as id, ${quoted(erased.at)}::text as erased_at
    from ${quoted(erased.table)}
    where ${ofTenant}`
  const { rows: now } = await target.query<Person>(recorded)
  const { rows: then } = (await exists(erased.table)) ? await source.query<Person>(recorded) : { rows: [] }
  // Who was erased before is somebody else by then, if he is anybody.
  const known = new Set(then.map(({ tenant_id, id, erased_at }) => `${tenant_id} ${id} ${erased_at}`))
  const since = now.filter(({ tenant_id, id, erased_at }) => !known.has(`${tenant_id} ${id} ${erased_at}`))
  return [...new Map([...withAccount, ...since].map(each => [`${each.tenant_id} ${each.id}`, each])).values()]
}

async function forget(
  target: Side,
  source: Side,
  { by }: ForgettingDeclaration,
  people: readonly Person[],
): Promise<Record<string, number>> {
  const signature = `${by}(uuid[], uuid[])`
  const { rows: found } = await target.query<{ definition: string }>(
    'select pg_get_functiondef($1::regprocedure) as definition',
    [signature],
  )
  await source.query(found[0]?.definition ?? '')
  // Past row security, which in the copy may be that of an earlier version.
  await source.query(`alter function ${signature} security invoker`)
  const { rows } = await source.query<{ counts: Record<string, number> }>(`select ${by}($1, $2) as counts`, [
    people.map(({ tenant_id }) => tenant_id),
    people.map(({ id }) => id),
  ])
  return rows[0]?.counts ?? {}
}
