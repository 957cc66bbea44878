import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Scope } from '#platform/database'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import type { GroupsAnswer } from './group-claims.ts'
import type { GroupMapping } from './group-mappings.ts'
import { type Applied, applyGroups, type Cause } from './role-assignments.ts'

export const world = await testWorld()

export const { app, db, admin, alice, bob, viewer } = world

export async function newProvider(of: Person, type = 'custom_oidc', configuration = {}): Promise<string> {
  const id = randomUUID()
  await admin.query(
    `insert into federation.iam_providers
       (tenant_id, id, provider_name, provider_type, issuer, client_id, client_secret_encrypted, configuration, status)
     values ($1, $2, $3, $4, $5, 'client', 'x', $6, 'active')`,
    [of.tenantId, id, `Provider ${id}`, type, `https://${id}.example`, configuration],
  )
  return id
}

/** Somebody more of the tenant, whom the provider knows. */
export async function newMember(of: Person, providerId: string, role = 'viewer') {
  const person = await newPerson(world)
  await joinAs(world, person.userId, of.tenantId, role)
  await known(of, providerId, person.userId)
  return { ...person, tenantId: of.tenantId, membershipId: await membershipOf(of, person.userId) }
}

export async function known(of: Person, providerId: string, userId: string): Promise<void> {
  await admin.query(
    `insert into federation.iam_user_mappings (tenant_id, provider_id, user_id, external_id, sync_status)
     values ($1, $2, $3, gen_random_uuid(), 'synced')`,
    [of.tenantId, providerId, userId],
  )
}

export async function membershipOf(of: Person, userId: string): Promise<string> {
  const { rows } = await admin.query('select id from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
    of.tenantId,
    userId,
  ])
  return String(rows[0].id)
}

export async function roleId(of: Person, name: string): Promise<string> {
  const { rows } = await admin.query('select id from access.roles where tenant_id = $1 and name = $2', [
    of.tenantId,
    name,
  ])
  return String(rows[0].id)
}

export async function rolesOf(membershipId: string): Promise<string[]> {
  const { rows } = await admin.query(
    `select role.name
     from access.user_tenant_roles as held
     join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
     where held.user_tenant_id = $1
     order by role.name`,
    [membershipId],
  )
  return rows.map(({ name }) => String(name))
}

let names = 0

/** A role of the tenant's own, which permits what one is asked for. */
export async function newRole(of: Person, permissions: readonly string[] = []): Promise<{ id: string; name: string }> {
  const name = `Role ${++names}`
  const made = await of.fetch('/roles', { method: 'POST', body: { name, permissions } })
  assert.equal(made.status, 201, await made.clone().text())
  return { id: ((await made.json()) as { id: string }).id, name }
}

export async function map(
  of: Person,
  providerId: string,
  body: { externalGroupId: string; roleId: string; autoAssign?: boolean },
): Promise<GroupMapping> {
  const made = await of.fetch(`/federation/providers/${providerId}/group-mappings`, { method: 'POST', body })
  assert.equal(made.status, 201, await made.clone().text())
  return (await made.json()) as GroupMapping
}

export const answer = (...groups: string[]): GroupsAnswer => ({
  outcome: 'known',
  groups: groups.map(id => ({ id, name: id })),
})

export const ofPlatform = (of: Person): Scope => ({ tenantId: of.tenantId, system: true })

export const say = (
  of: Person,
  providerId: string,
  membershipId: string,
  groups: GroupsAnswer,
  cause: Exclude<Cause, { by: 'sync_run' }> = { by: 'sign_in' },
): Promise<Applied> =>
  db.transaction(ofPlatform(of), tx => applyGroups(tx, { membershipId, providerId, groups, cause }))

export const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

export async function loggedOf(membershipId: string) {
  const { rows } = await admin.query(
    `select details from audit.audit_logs where action = 'sync_roles' and resource_id = $1 order by created_at`,
    [membershipId],
  )
  return rows.map(({ details }) => details)
}

export const provider = await newProvider(alice)

/** The same person, working in this tenant. */
export async function signedInAt(person: Person): Promise<Person> {
  return await signIn(world.baseUrl, person, person.tenantId)
}
