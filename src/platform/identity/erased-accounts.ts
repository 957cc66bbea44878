import { type Statements, sql } from '#platform/database'

/** Of these ids those of accounts that were erased; of all that there were unless told. */
export async function listErasedAccounts(tx: Statements, among?: readonly string[]): Promise<string[]> {
  const rows = await tx.run(sql<{ id: string }>`
    select id
    from identity.erased_users
    where ${among === undefined ? sql`true` : sql`id = any (${among}::uuid[])`}`)
  return rows.map(({ id }) => id)
}

/** The ids of accounts that were erased at that moment or later. */
export async function listErasedSince(tx: Statements, moment: string): Promise<Set<string>> {
  const rows = await tx.run(sql<{ id: string }>`
    select id
    from identity.erased_users
    where erased_at >= ${moment}::timestamptz`)
  return new Set(rows.map(({ id }) => id))
}

/** The accounts with these ids and their addresses, such as a copy of the database still has them. */
export function listAddresses(tx: Statements, ids: readonly string[]): Promise<{ id: string; email: string }[]> {
  return tx.run(sql<{ id: string; email: string }>`
    select id, lower(email) as email
    from identity.users
    where id = any (${ids}::uuid[])`)
}

/** Of these addresses, in lower case, those that no account has. */
export async function listFreeAddresses(tx: Statements, addresses: readonly string[]): Promise<string[]> {
  const rows = await tx.run(sql<{ address: string }>`
    select given.address
    from unnest(${addresses}::text[]) as given (address)
    where not exists (
      select from identity.users as living where living.email = given.address and living.deleted_at is null
    )`)
  return rows.map(({ address }) => address)
}
