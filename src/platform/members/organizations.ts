import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { type IfMatch, nullable, type Principal, requireMatch, timestamp, uuid } from '#platform/http'
import {
  insertOrganization,
  lockOrganization,
  moveOrganization,
  type OrganizationFields,
  removeOrganization,
  slugOf,
  updateOrganization,
} from '#platform/tenancy'
import { errors } from './errors.ts'

const slug = Type.String({
  pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
  examples: ['sales-europe'],
})
const settings = Type.Record(Type.String(), Type.Unknown(), {
  description: 'Whatever programs keep of it, a JSON object of 16 kB at most',
})

/** A department or subsidiary inside a tenant (GG-05). */
export const Organization = Type.Object({
  id: uuid,
  parentId: nullable(uuid),
  name: Type.String(),
  slug: Type.String(),
  description: nullable(Type.String()),
  settings,
  level: Type.Integer({ description: '1 at the top, 10 at most' }),
  memberCount: Type.Integer({ description: 'Who belongs to it directly' }),
  memberCountWithBelow: Type.Integer({ description: 'With all organizations below it, each person once' }),
  organizationsBelow: Type.Integer(),
  mayManage: Type.Boolean({ description: 'Whether who asks may change it, its members and what stands below it' }),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Organization = Static<typeof Organization>

export const OrganizationInput = {
  name: Type.String({ minLength: 1, maxLength: 255, pattern: '\\S', examples: ['Sales Europe'] }),
  slug: Type.Optional({
    ...slug,
    description: 'Letters, digits and hyphens, unique in the tenant; made of the name unless given',
  }),
  description: Type.Optional(nullable(Type.String({ maxLength: 2000 }))),
  settings: Type.Optional(settings),
  parentId: Type.Optional(nullable({ ...uuid, description: 'Null for the top' })),
}
export type OrganizationInput = { name: string } & Partial<OrganizationFields>

/** Who asks: what his credential lets him do decides before what he is in an organization. */
export type Asker = Pick<Principal, 'permissions' | 'sessionId'>

/** The whole tree of the scope's tenant, read from the top, siblings by name. */
export async function listOrganizations(tx: Queryable, asker: Asker): Promise<Organization[]> {
  const [rows, administered] = await Promise.all([
    tx.run(sql<Row>`
      select ${columns}
      from members.organization_details
      order by path`),
    asker.permissions.has(write) ? undefined : listAdministered(tx, asker),
  ])
  // Parents come before what stands below them.
  const managed = new Set<string>(administered)
  return rows.map(row => {
    if (row.parentId !== null && managed.has(row.parentId)) managed.add(row.id)
    return organizationOf(row, administered === undefined || managed.has(row.id))
  })
}

/** Refuses with `members.organization_not_found` what is not in the scope's tenant. */
export async function getOrganization(tx: Queryable, id: string, asker: Asker): Promise<Organization> {
  const row = await tx.maybe(sql<Row>`
    select ${columns}
    from members.organization_details
    where id = ${id}`)
  if (!row) throw errors.organizationNotFound({ id })
  return organizationOf(row, await mayManage(tx, id, asker))
}

/** Below an organization by who may manage that, at the top by who may write all. */
export async function createOrganization(
  app: App,
  scope: Scope,
  asker: Asker,
  input: OrganizationInput,
): Promise<Organization> {
  const { description = null, settings = {}, parentId = null } = input
  const name = input.name.trim()
  return await app.db.transaction(scope, async tx => {
    if (parentId !== null && !(await isKnown(tx, parentId))) throw errors.parentNotFound({ id: parentId })
    await requireManager(tx, parentId, asker)
    for (let number = 1; ; number++) {
      const slug = input.slug ?? numbered(slugOf(name), number)
      const made = await insertOrganization(tx, { name, slug, description, settings, parentId })
      if (made) return await getOrganization(tx, made.id, asker)
      if (input.slug !== undefined) throw errors.slugTaken({ slug })
    }
  })
}

const numbered = (base: string, number: number) => {
  if (number === 1) return base
  return `${base.slice(0, 50)}-${number < 10 ? number : crypto.randomUUID().slice(0, 8)}`
}

/**
 * Changes the given fields alone; another `parentId` moves it with all below. Refuses a move below itself, beyond 10 levels,
 * and out of or into what who asks may not manage.
 */
export async function changeOrganization(
  app: App,
  scope: Scope,
  asker: Asker,
  id: string,
  input: Partial<OrganizationInput>,
  ifMatch?: IfMatch,
): Promise<Organization> {
  return await app.db.transaction(scope, async tx => {
    await requireOrganization(tx, id)
    // Before the lock: the database locks nothing for who may not change it.
    await requireManager(tx, id, asker)
    await lockOrganization(tx, id)
    const before = await getOrganization(tx, id, asker)
    requireMatch(ifMatch, before)
    const { parentId } = input
    if (parentId !== undefined && parentId !== before.parentId) {
      await requireManager(tx, before.parentId, asker)
      if (parentId !== null && !(await isKnown(tx, parentId))) throw errors.parentNotFound({ id: parentId })
      await requireManager(tx, parentId, asker)
      await moveOrganization(tx, id, parentId)
    }
    const { name, slug, description, settings } = { ...before, ...input }
    if ([input.name, input.slug, input.description, input.settings].some(given => given !== undefined)) {
      const next = { name: name.trim(), slug, description, settings }
      await onViolation(updateOrganization(tx, id, next), {
        organizations_slug_unique: () => errors.slugTaken({ slug }),
        organizations_settings_size: errors.settingsTooLarge,
      })
    }
    return await getOrganization(tx, id, asker)
  })
}

/** With all that stands below it, by who may manage what it stands below. Its members stay members of the tenant. */
export async function deleteOrganization(app: App, scope: Scope, asker: Asker, id: string): Promise<void> {
  await app.db.transaction(scope, async tx => {
    const { parentId } = await getOrganization(tx, id, asker)
    await requireManager(tx, parentId, asker)
    await removeOrganization(tx, id)
  })
}

/** Refuses with `members.organization_not_found` what is not in the scope's tenant. */
export async function requireOrganization(tx: Queryable, id: string): Promise<void> {
  if (!(await isKnown(tx, id))) throw errors.organizationNotFound({ id })
}

async function isKnown(tx: Queryable, id: string): Promise<boolean> {
  const { found } = await tx.one(sql<{ found: boolean }>`select members.has_organization(${id}) as found`)
  return found
}

/** Refuses who may manage neither this organization nor all; null is the top. */
export async function requireManager(tx: Queryable, id: string | null, asker: Asker): Promise<void> {
  if (!(await mayManage(tx, id, asker))) throw errors.organizationNotYours()
}

const write = 'members.organizations.write'

/** The database asks the same of the person; a program that holds less than its user is asked here. */
async function mayManage(tx: Queryable, id: string | null, { permissions, sessionId }: Asker): Promise<boolean> {
  if (permissions.has(write)) return true
  if (id === null || sessionId === undefined) return false
  const { isTrue } = await tx.one(sql<{ isTrue: boolean }>`select members.administers(${id}) as is_true`)
  return isTrue
}

async function listAdministered(tx: Queryable, { sessionId }: Asker): Promise<string[]> {
  if (sessionId === undefined) return []
  const rows = await tx.run(sql<{ id: string }>`select id from members.list_administered() as id`)
  return rows.map(({ id }) => id)
}

type Row = Omit<Organization, 'mayManage'>

const columns = sql`
  id, parent_id, name, slug, description, settings, level, members as member_count,
  members_with_below as member_count_with_below, organizations_below, created_at, updated_at`

const organizationOf = ({ createdAt, updatedAt, ...row }: Row, mayManage: boolean): Organization => ({
  ...row,
  mayManage,
  createdAt,
  updatedAt,
})
