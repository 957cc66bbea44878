import { type Queryable, sql, uuidPattern } from '#platform/database'
import { groupShape, named } from './attributes.ts'
import type { Directory } from './directories.ts'
import { scimErrors as errors } from './errors.ts'
import { parsePatchPath } from './filters.ts'
import { isObject, type Json } from './messages.ts'
import { matches, type Operation, property } from './patches.ts'

/** An operation on the members of a group. */
export type MemberChange = { op: Operation['op']; path: string; value: unknown }

/** The ids in a list of members, whatever else is said of each (`$ref: null`, a display); one alone is a list too. */
export function memberIdsIn(value: unknown): string[] {
  if (value === undefined || value === null) return []
  const ids = (Array.isArray(value) ? value : [value]).map(element => {
    const id = isObject(element) ? property(element, 'value') : element
    if (typeof id !== 'string') throw errors.scimValueInvalid({ attribute: 'members', reason: 'a value is missing' })
    return id.toLowerCase()
  })
  return [...new Set(ids)]
}

/** Returns who has come or gone. */
export async function changeMembers(
  tx: Queryable,
  directory: Directory,
  groupId: string,
  { op, path: text, value }: MemberChange,
): Promise<Set<string>> {
  const { filter, sub } = parsePatchPath(text)
  if (filter === undefined) {
    if (op === 'add') return await addMembers(tx, directory, groupId, memberIdsIn(value))
    if (op === 'replace') return await replaceMembers(tx, directory, groupId, memberIdsIn(value))
    // Entra names whom it takes out in the value; without one all go.
    return await removeMembers(tx, groupId, value === undefined || value === null ? undefined : memberIdsIn(value))
  }
  if (op !== 'remove' || sub !== undefined) {
    throw errors.scimPathInvalid({ path: text, reason: 'members are added and removed, not changed' })
  }
  const members = named(groupShape.all, 'members')
  if (!members) return new Set()
  const listed = await tx.run(sql<{ value: string; display: string }>`
    select person.id as value, person.user_name as display
    from federation.scim_group_members as held
    join federation.scim_users as person
      on person.tenant_id = held.tenant_id and person.id = held.scim_user_id
    where held.tenant_id = ${directory.tenantId}
      and held.group_id = ${groupId}`)
  const gone = listed.filter(member => matches(filter, { ...member, type: 'User' } as Json, members))
  return await removeMembers(
    tx,
    groupId,
    gone.map(member => member.value),
  )
}

/** Refuses who is no user of the directory, naming the first. Groups in groups are not taken. */
export async function addMembers(
  tx: Queryable,
  { tenantId, providerId }: Directory,
  groupId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const wellFormed = ids.filter(id => uuidPattern.test(id))
  const people = await tx.run(sql<{ id: string }>`
    select id
    from federation.scim_users
    where tenant_id = ${tenantId}
      and provider_id = ${providerId}
      and id = any (${wellFormed}::uuid[])
      and deleted_at is null
    order by id
    for key share`)
  if (people.length < ids.length) {
    const known = new Set(people.map(({ id }) => id))
    const unknown = ids.find(id => !known.has(id)) ?? ''
    throw errors.scimValueInvalid({ attribute: 'members', reason: `there is no user ${unknown.slice(0, 100)}` })
  }
  const added = await tx.run(sql<{ id: string }>`
    insert into federation.scim_group_members (group_id, scim_user_id)
    select ${groupId}, entry_id
    from unnest(${wellFormed}::uuid[]) as entry_id
    order by entry_id
    on conflict do nothing
    returning scim_user_id as id`)
  return idsOf(added)
}

export async function replaceMembers(
  tx: Queryable,
  directory: Directory,
  groupId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const gone = await tx.run(sql<{ id: string }>`
    delete from federation.scim_group_members
    where tenant_id = ${directory.tenantId}
      and group_id = ${groupId}
      and scim_user_id <> all (${ids.filter(id => uuidPattern.test(id))}::uuid[])
    returning scim_user_id as id`)
  return idsOf(gone).union(await addMembers(tx, directory, groupId, ids))
}

/** Those named, or all. Who is not in it is out of it already. */
export async function removeMembers(tx: Queryable, groupId: string, ids?: readonly string[]): Promise<Set<string>> {
  const gone = await tx.run(sql<{ id: string }>`
    delete from federation.scim_group_members
    where tenant_id = ${tx.scope.tenantId}
      and group_id = ${groupId}
      ${ids === undefined ? sql`` : sql`and scim_user_id = any (${ids.filter(id => uuidPattern.test(id))}::uuid[])`}
    returning scim_user_id as id`)
  return idsOf(gone)
}

const idsOf = (rows: readonly { id: string }[]) => new Set(rows.map(({ id }) => id))
