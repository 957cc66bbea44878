import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { insertPlace, type OrganizationRole, removePlace, updatePlace } from '#platform/tenancy'
import { errors } from './errors.ts'
import { type Asker, requireManager, requireOrganization } from './organizations.ts'

export const organizationRoles = ['admin', 'member'] as const

/** Somebody who belongs to an organization, and as what. */
export const OrganizationMember = Type.Object({
  userId: uuid,
  email: Type.String(),
  fullName: nullable(Type.String()),
  username: nullable(Type.String()),
  avatarUrl: nullable(Type.String()),
  role: oneOf(organizationRoles, {
    description: 'An admin manages the organization, its members, and all that stands below it',
  }),
  joinedAt: timestamp,
})
export type OrganizationMember = Static<typeof OrganizationMember>

/** By name. Refuses with `members.organization_not_found`. */
export async function listOrganizationMembers(
  tx: Queryable,
  organizationId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: OrganizationMember[]; nextCursor: string | null }> {
  await requireOrganization(tx, organizationId)
  const list = JSON.stringify(['organization', organizationId])
  const last = readCursor(page.cursor, list, Type.Tuple([Type.String(), uuid]))
  const rows = await tx.run(sql<OrganizationMember & { sortName: string }>`
    select user_id, email, full_name, username, avatar_url, role, joined_at, sort_name
    from members.list_places(${organizationId})
    ${last ? sql`where (sort_name, user_id) > (${last[0]}, ${last[1]}::uuid)` : sql``}
    order by sort_name, user_id
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.sortName, row.userId])
  return { items: items.map(({ sortName: _, ...member }) => member), nextCursor }
}

type Place = { organizationId: string; userId: string; role: OrganizationRole }

/** A member of the tenant belongs to the organization from now on. */
export async function addOrganizationMember(
  app: App,
  scope: Scope,
  asker: Asker,
  place: Place,
): Promise<OrganizationMember> {
  return await asManager(app, scope, asker, place.organizationId, async tx => {
    if (!(await isPerson(tx, place.userId))) throw errors.memberNotFound({ userId: place.userId })
    await onViolation(insertPlace(tx, place), {
      user_organizations_once: errors.placeTaken,
      user_organizations_user_id_fkey: () => errors.memberNotFound({ userId: place.userId }),
    })
    return await getPlace(tx, place)
  })
}

export async function changeOrganizationMember(
  app: App,
  scope: Scope,
  asker: Asker,
  place: Place,
): Promise<OrganizationMember> {
  return await asManager(app, scope, asker, place.organizationId, async tx => {
    await updatePlace(tx, place)
    return await getPlace(tx, place)
  })
}

/** Everybody may leave an organization himself. */
export async function removeOrganizationMember(
  app: App,
  scope: Scope,
  asker: Asker,
  place: Omit<Place, 'role'>,
): Promise<void> {
  const remove = async (tx: Queryable) => {
    if (!(await removePlace(tx, place))) throw errors.placeNotFound({ userId: place.userId })
  }
  if (place.userId === scope.userId && asker.sessionId !== undefined) {
    return await app.db.transaction(scope, async tx => {
      await requireOrganization(tx, place.organizationId)
      await remove(tx)
    })
  }
  await asManager(app, scope, asker, place.organizationId, remove)
}

async function asManager<T>(
  app: App,
  scope: Scope,
  asker: Asker,
  organizationId: string,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  return await app.db.transaction(scope, async tx => {
    await requireOrganization(tx, organizationId)
    await requireManager(tx, organizationId, asker)
    return await work(tx)
  })
}

/** A program of the tenant belongs to no organization. */
async function isPerson(tx: Queryable, userId: string): Promise<boolean> {
  const { isTrue } = await tx.one(sql<{ isTrue: boolean }>`
    select exists (select from members.member_details where user_id = ${userId}) as is_true`)
  return isTrue
}

async function getPlace(tx: Queryable, { organizationId, userId }: Omit<Place, 'role'>): Promise<OrganizationMember> {
  const found = await tx.maybe(sql<OrganizationMember>`
    select user_id, email, full_name, username, avatar_url, role, joined_at
    from members.list_places(${organizationId})
    where user_id = ${userId}`)
  if (!found) throw errors.placeNotFound({ userId })
  return found
}
