// Two tenants with members and forty contractors; each file of tests has a database of its own.
import { type Queryable, type Scope, sql } from '#platform/database'
import '#platform/usage'
import { testDatabase } from '#test/database.ts'
import { addSelection } from './additions.ts'
import type { ListSettings } from './fields.ts'
import { listItems } from './item-pages.ts'
import { createList } from './lists.ts'

export const { db, admin, adminConfig } = await testDatabase()
export const tenantA = await makeTenant('a')
export const tenantB = await makeTenant('b')
export const alice = await makeMember('alice', tenantA)
export const carol = await makeMember('carol', tenantA)
export const bob = await makeMember('bob', tenantB)
export const contractors: string[] = []
for (let i = 0; i < 40; i++) contractors.push(await makeContractor(i))

export const inTx = <T>(scope: Scope, work: (tx: Queryable) => Promise<T>) => db.transaction(scope, work)
export const done = async () => {}
export const add = (scope: Scope, listId: string, text: string, isTrial = false) =>
  addSelection(db, scope, listId, { text }, {}, done, isTrial)
export const settings = (fields: ListSettings['fields']): ListSettings => ({ fields, columns: null, sort: null })

export async function items(scope: Scope, listId: string) {
  return (await listItems(db.scoped(scope), listId, { limit: 100, sort: 'manual' })).items
}

export async function makeList(scope: Scope, name: string, isPublic = false) {
  return await inTx(scope, tx => createList(tx, { name, isPublic }))
}

export function at(index: number): string {
  return contractors[index] as string
}

/** 12 letters and digits without I and O. */
export function ueiOf(index: number): string {
  return `F1RM${String(index).padStart(8, '0')}`
}

export async function share(listId: string, user: Scope, permission: string) {
  await db.scoped(alice).run(sql`
    insert into contractors.contractor_list_shares (list_id, shared_with_user_id, permission, shared_by)
    values (${listId}, ${user.userId}, ${permission}, ${alice.userId})
    on conflict (tenant_id, list_id, shared_with_user_id) do update
    set permission = excluded.permission
  `)
}

export async function makeTenant(slug: string): Promise<string> {
  const { rows } = await admin.query('insert into tenancy.tenants (name, slug) values ($1, $1) returning id', [slug])
  return rows[0].id
}

export async function makeMember(
  name: string,
  tenantId: string,
): Promise<Scope & { userId: string; tenantId: string }> {
  const { rows } = await admin.query(`insert into identity.users (email) values ($1) returning id`, [
    `${name}@test.example`,
  ])
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [tenantId, rows[0].id])
  return { tenantId, userId: rows[0].id }
}

export async function makeContractor(
  index: number,
  value = `${index}.${String(index % 100).padStart(2, '0')}`,
): Promise<string> {
  const { rows } = await admin.query(
    'insert into contractors.contractor_profiles (uei, name, total_contract_value) values ($1, $2, $3) returning id',
    [ueiOf(index), `Firm ${index}`, value],
  )
  return rows[0].id
}
