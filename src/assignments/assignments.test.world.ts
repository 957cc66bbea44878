// Two tenants with a domain each; each file of tests has a database of its own.
import { type Queryable, type Scope, sql } from '#platform/database'
import { testDatabase } from '#test/database.ts'
import { createDomain, type DomainFields } from './domains/domains.ts'
import { createParticipant, type ParticipantFields } from './participants/participants.ts'
import { createTarget, type TargetFields } from './targets/targets.ts'

export const { db, admin, adminConfig } = await testDatabase()
export const ours = await makeMember('anna', await makeTenant('hostel'))
export const theirs = await makeMember('boris', await makeTenant('clinic'))
export const chores = await domainOf(ours)
export const shifts = await domainOf(theirs)

export async function inTx<T>(scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return await db.transaction(scope, work)
}

export const person = (scope: Scope, domainId: string, fields: ParticipantFields) =>
  inTx(scope, tx => createParticipant(tx, domainId, fields))

export const target = (scope: Scope, domainId: string, fields: TargetFields) =>
  inTx(scope, tx => createTarget(tx, domainId, fields))

export async function domainOf(scope: Scope, fields: Partial<DomainFields> = {}): Promise<string> {
  const { id } = await inTx(scope, tx => createDomain(tx, { name: 'main', displayName: 'Main', ...fields }))
  return id
}

export async function makeTenant(slug: string): Promise<string> {
  const { rows } = await admin.query('insert into tenancy.tenants (name, slug) values ($1, $1) returning id', [slug])
  return rows[0].id
}

export async function makeMember(name: string, tenantId: string): Promise<{ tenantId: string; userId: string }> {
  const { rows } = await admin.query('insert into identity.users (email) values ($1) returning id', [
    `${name}@test.example`,
  ])
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [tenantId, rows[0].id])
  return { tenantId, userId: rows[0].id }
}

/** How the server goes about a query in a tenant's scope, as one text. */
export async function planOf(scope: Scope, query: ReturnType<typeof sql>): Promise<string> {
  const rows = await db.scoped(scope).run<{ queryPlan: string }>(sql`explain (costs off) ${query}`)
  return rows.map(row => Object.values(row)[0]).join('\n')
}
