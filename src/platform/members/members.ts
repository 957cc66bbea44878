import { type Static, Type } from 'typebox'
import { grantViolations, requireMemberWithin, setRolesOf } from '#platform/access'
import type { App } from '#platform/app.ts'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, date, type IfMatch, nullable, oneOf, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { lockMembership, setExpiry } from '#platform/tenancy'
import { errors } from './errors.ts'

/** Days before the end of a membership in which it counts as ending, and its owners are told. */
export const endingDays = 7

/** Somebody who works in a tenant, with what he is there. */
export const Member = Type.Object({
  userId: uuid,
  email: Type.String(),
  fullName: nullable(Type.String()),
  username: nullable(Type.String()),
  avatarUrl: nullable(Type.String()),
  isAccountActive: Type.Boolean({ description: 'False while the account itself is suspended, deactivated or deleted' }),
  roles: Type.Array(Type.Object({ id: uuid, name: Type.String(), isBuiltIn: Type.Boolean() })),
  organizations: Type.Array(
    Type.Object({ id: uuid, name: Type.String(), role: oneOf(['admin', 'member']) }, { description: 'By name' }),
  ),
  joinedAt: timestamp,
  expiresAt: nullable(timestamp),
  hasEnded: Type.Boolean({ description: '`expiresAt` has come: no access, until it is given another end' }),
  lastActiveOn: nullable({ ...date, description: 'A day in UTC; null to who may not manage members' }),
  hasSecondFactor: nullable(
    Type.Boolean({ description: 'An authenticator app or a passkey; null to who may not manage members' }),
  ),
})
export type Member = Static<typeof Member>

export const expiryStates = ['none', 'set', 'ending', 'ended'] as const

export const MemberFilters = {
  q: Type.Optional(
    Type.String({ maxLength: 255, description: 'How a word of the name, or the address, begins, in any case' }),
  ),
  roleId: Type.Optional(uuid),
  expiry: Type.Optional(
    oneOf(expiryStates, {
      description: `Whose membership has no end, has one ahead, has one within ${endingDays} days, has ended`,
    }),
  ),
}
export type MemberFilters = {
  q?: string | undefined
  roleId?: string | undefined
  expiry?: (typeof expiryStates)[number] | undefined
}

/** What of a member only they see who may manage members. */
type Sight = { isManager: boolean }

/** The people of the scope's tenant, by name; those too whose membership has ended. */
export async function listMembers(
  app: App,
  tx: Queryable,
  filters: MemberFilters,
  page: { limit: number; cursor?: string | undefined },
  sight: Sight,
): Promise<{ items: Member[]; nextCursor: string | null }> {
  const list = JSON.stringify(['members', filters.q, filters.roleId, filters.expiry])
  const last = readCursor(page.cursor, list, Type.Tuple([Type.String(), uuid]))
  const rows = await tx.run(sql<Row & { sortName: string }>`
    select ${columns}, sort_name
    from members.member_details as member
    where ${fits(filters)}
      ${last ? sql`and (sort_name, user_id) > (${last[0]}, ${last[1]}::uuid)` : sql``}
    order by sort_name, user_id
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.sortName, row.userId])
  return { items: await shown(app, tx.scope, items, sight), nextCursor }
}

/** Refuses with `members.member_not_found` who is no person of the scope's tenant. */
export async function getMember(app: App, tx: Queryable, userId: string, sight: Sight): Promise<Member> {
  const row = await tx.maybe(sql<Row>`
    select ${columns}
    from members.member_details as member
    where user_id = ${userId}`)
  if (!row) throw errors.memberNotFound({ userId })
  const [member] = await shown(app, tx.scope, [row], sight)
  return member as Member
}

export type MemberChanges = { roleIds?: readonly string[] | undefined; expiresAt?: string | null | undefined }

/**
 * Gives a member of the scope's tenant other roles, by their ids, or another end of his membership. Felt at the next
 * request. The database refuses to give or take more than the scope's user holds, that anybody prolongs his own
 * membership, and to take the last owner (`members.last_owner`).
 */
export async function changeMember(
  app: App,
  scope: Scope,
  userId: string,
  { roleIds, expiresAt }: MemberChanges,
  ifMatch?: IfMatch,
): Promise<Member> {
  if (expiresAt && new Date(expiresAt) <= app.clock.now()) throw errors.expiryPast()
  return await changeAndAnnounce(app, scope, async tx => {
    const membership = await lockMembership(tx, userId)
    if (!membership) throw errors.memberNotFound({ userId })
    requireMatch(ifMatch, await getMember(app, tx, userId, { isManager: true }))
    if (roleIds !== undefined) await setRolesOf(tx, membership.id, roleIds)
    if (expiresAt !== undefined) {
      // The database asks what the person holds; what the credential of his request carries is asked here.
      if (userId !== scope.userId) await requireMemberWithin(tx, membership.id)
      await onViolation(setExpiry(tx, membership.id, expiresAt), grantViolations)
    }
    return await getMember(app, tx, userId, { isManager: true })
  })
}

type Row = Omit<Member, 'hasSecondFactor'>

const columns = sql`
  user_id, email, full_name, username, avatar_url, is_account_active, roles, organizations, joined_at, expires_at,
  has_ended, last_active_on`

function fits({ q, roleId, expiry }: MemberFilters) {
  const wanted = q?.trim().toLowerCase()
  // By position and not by pattern: what is typed has no wildcards.
  const named = wanted
    ? sql`(strpos(' ' || lower(coalesce(full_name, '')), ${` ${wanted}`}) > 0 or starts_with(email, ${wanted}))`
    : sql`true`
  return sql`${named}
    ${roleId === undefined ? sql`` : sql`and members.has_role(membership_id, ${roleId})`}
    ${expiry === undefined ? sql`` : sql`and ${states[expiry]}`}`
}

const states = {
  none: sql`expires_at is null`,
  set: sql`expires_at > now()`,
  ending: sql`expires_at > now() and expires_at < now() + ${endingDays} * interval '1 day'`,
  ended: sql`expires_at <= now()`,
}

async function shown(app: App, scope: Scope, rows: readonly Row[], { isManager }: Sight): Promise<Member[]> {
  const secured = isManager ? await findSecondFactors(app, scope, rows) : undefined
  return rows.map(({ userId, email, fullName, username, ...row }) => ({
    userId,
    email,
    fullName,
    username,
    avatarUrl: row.avatarUrl,
    isAccountActive: row.isAccountActive,
    roles: row.roles,
    organizations: row.organizations,
    joinedAt: row.joinedAt,
    expiresAt: row.expiresAt,
    hasEnded: row.hasEnded,
    lastActiveOn: isManager ? row.lastActiveOn : null,
    hasSecondFactor: secured ? secured.has(userId) : null,
  }))
}

/** Second factors are seen by the platform alone: colleagues see neither theirs nor whether there are any. */
async function findSecondFactors(app: App, scope: Scope, rows: readonly Row[]): Promise<Set<string>> {
  const ids = rows.map(({ userId }) => userId)
  const found = await app.db.reads({ ...scope, system: true }).run(sql<{ userId: string }>`
    select user_id
    from members.find_second_factors(${ids}) as user_id`)
  return new Set(found.map(({ userId }) => userId))
}
