import { type Side, sql, statementsOf } from '#platform/database'
import { type Arrival, idsOf, listErasedAccounts, listFreeAddresses, type Traveller } from '#platform/identity'
import type { SubjectEntries, SubjectLog } from '#platform/module.ts'

/** PE-07: who is erased here is erased from the logs that tenants brought along, by whatever id he is told of there. */
export const importedLogs: SubjectLog = {
  async count(db, { userId, addresses }) {
    return await db.scoped({ system: true }).run(sql<SubjectEntries>`
      select tenant_id, count(*)::integer as entries
      from operations.find_imported_subject(${userId}, ${addresses})
      group by tenant_id`)
  },

  async erase(db, { userId, addresses }) {
    return await db.scoped({ system: true }).run(sql<SubjectEntries>`
      select tenant_id, entries::integer
      from operations.erase_imported_subject(${userId}, ${addresses})`)
  },
}

/** Notes by what other ids the log tells of people. Those of programs are not personal. */
export async function notePeople(
  side: Side,
  tenantId: string,
  travellers: readonly Traveller[],
  arrivals: readonly Arrival[],
): Promise<void> {
  const newIds = new Map(arrivals.map(({ id, newId }) => [id, newId]))
  const people = travellers
    .filter(({ kind }) => kind === 'person')
    .flatMap(each => idsOf(each).map(formerId => ({ formerId, userId: newIds.get(each.id) })))
    .filter(({ formerId, userId }) => formerId !== userId)
  await side.query(
    `insert into operations.imported_people (tenant_id, former_id, user_id)
    select $1, former_id, user_id
    from unnest($2::uuid[], $3::uuid[]) as person (former_id, user_id)
    on conflict do nothing`,
    [tenantId, people.map(({ formerId }) => formerId), people.map(({ userId }) => userId)],
  )
}

/** Takes out of a log that has just come in who was erased here already. Returns of how many entries something went. */
export async function eraseFromArrived(
  side: Side,
  tenantId: string,
  arrivals: readonly Arrival[],
  addresses: readonly string[],
): Promise<number> {
  const { rows: named } = await side.query<{ id: string }>(
    `select distinct found[1] as id
    from operations.imported_logs as log
    cross join lateral regexp_matches(
      log.entry::text, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', 'g'
    ) as found
    where log.tenant_id = $1`,
    [tenantId],
  )
  const gone = await listErasedAccounts(
    statementsOf(side),
    named.map(({ id }) => id),
  )
  const erased = [...arrivals.filter(({ isErased }) => isErased).map(({ newId }) => newId), ...gone]
  let entries = 0
  for (const userId of erased) {
    const { rowCount } = await side.query(
      `update operations.imported_logs as log
      set entry = found.remaining
      from operations.find_imported_subject($1, $2, $3) as found
      where log.tenant_id = found.tenant_id and log.id = found.id`,
      [userId, addresses, tenantId],
    )
    entries += rowCount ?? 0
  }
  return entries
}

/** The addresses of those who were erased here, which nobody else has by now. */
export async function addressesOfErased(
  side: Side,
  travellers: readonly Traveller[],
  arrivals: readonly Arrival[],
): Promise<string[]> {
  const erased = new Set(arrivals.filter(({ isErased }) => isErased).map(({ id }) => id))
  const emails = travellers.flatMap(({ id, email }) => (erased.has(id) && email !== null ? [email.toLowerCase()] : []))
  return await listFreeAddresses(statementsOf(side), emails)
}
