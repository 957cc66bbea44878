import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import type { IfMatch } from '#platform/http'
import { announceRevocation } from '#platform/identity'
import { groupShape, readResource } from './attributes.ts'
import { groupCondition } from './conditions.ts'
import type { Directory } from './directories.ts'
import { scimErrors as errors } from './errors.ts'
import { applyRoles } from './group-roles.ts'
import { addMembers, changeMembers, type MemberChange, memberIdsIn, removeMembers, replaceMembers } from './members.ts'
import { isObject, type Json, listOf, urns } from './messages.ts'
import type { Listing } from './pages.ts'
import { type Operation, patch } from './patches.ts'
import { idIn, isWanted, locationOf, metaOf, requireVersion, select, type Wanted } from './resources.ts'

type Row = {
  id: string
  displayName: string
  externalId: string | null
  version: number
  createdAt: Date
  updatedAt: Date
}
type Member = { value: string; display: string }

export async function listGroups(tx: Queryable, directory: Directory, listing: Listing): Promise<Json> {
  const { filter, startIndex, count, wanted } = listing
  const fits = sql`
    pushed.tenant_id = ${directory.tenantId}
      and pushed.provider_id = ${directory.providerId}
      and ${filter ? groupCondition(filter) : sql`true`}`
  const { total } = await tx.one(sql<{ total: number }>`
    select count(*) as total from federation.scim_groups as pushed where ${fits}`)
  const rows =
    count === 0 || total < startIndex
      ? []
      : await tx.run(sql<Row & { members: Member[] }>`
          select ${columns}, ${isWanted(groupShape, wanted, 'members') ? members : sql`'[]'::jsonb`} as members
          from federation.scim_groups as pushed
          where ${fits}
          order by pushed.created_at, pushed.id
          limit ${count}
          offset ${startIndex - 1}`)
  return listOf(
    rows.map(row => select(groupShape, resourceOf(directory, row), wanted)),
    total,
    startIndex,
  )
}

const columns = sql`
  pushed.id, pushed.display_name, pushed.external_id, pushed.version, pushed.created_at, pushed.updated_at`

const members = sql`
  coalesce(
    (
      select jsonb_agg(
        jsonb_build_object('value', person.id, 'display', person.user_name)
        order by held.created_at, person.id
      )
      from federation.scim_group_members as held
      join federation.scim_users as person
        on person.tenant_id = held.tenant_id and person.id = held.scim_user_id
      where held.tenant_id = pushed.tenant_id
        and held.group_id = pushed.id
    ),
    '[]'
  )`

export async function getGroup(tx: Queryable, directory: Directory, id: string, wanted: Wanted): Promise<Json> {
  const row = await tx.maybe(sql<Row & { members: Member[] }>`
    select ${columns}, ${isWanted(groupShape, wanted, 'members') ? members : sql`'[]'::jsonb`} as members
    from federation.scim_groups as pushed
    where ${isIts(directory, id)}`)
  if (!row) throw errors.scimGroupNotFound({ id })
  return resourceOf(directory, row)
}

const isIts = ({ tenantId, providerId }: Directory, id: string) => sql`
  pushed.tenant_id = ${tenantId}
    and pushed.provider_id = ${providerId}
    and pushed.id = ${idIn(id)}::uuid`

function resourceOf(directory: Directory, row: Row & { members: Member[] }): Json {
  const { id, displayName, externalId, members } = row
  const { base } = directory
  return {
    schemas: [urns.group],
    id,
    ...(externalId === null ? {} : { externalId }),
    displayName,
    members: members.map(member => ({ ...member, type: 'User', $ref: locationOf('User', base, member.value) })),
    meta: metaOf('Group', base, row),
  }
}

const all: Wanted = { attributes: [], excludedAttributes: [] }

/** Also with schemas and attributes that are the directory's own: those are left out. */
export async function createGroup(app: App, scope: Scope, directory: Directory, body: Json): Promise<Json> {
  const read = readResource(groupShape, body)
  const { displayName, externalId } = fieldsOf(read)
  return await change(app, scope, async tx => {
    const { id } = await onViolation(
      tx.one(sql<{ id: string }>`
        insert into federation.scim_groups (provider_id, display_name, external_id)
        values (${directory.providerId}, ${displayName}, ${externalId})
        returning id`),
      violations,
    )
    const changed = await addMembers(tx, directory, id, memberIdsIn(read.members))
    await applyRoles(app, tx, directory, changed)
    return await getGroup(tx, directory, id, all)
  })
}

export async function replaceGroup(
  app: App,
  scope: Scope,
  directory: Directory,
  id: string,
  body: Json,
  ifMatch: IfMatch,
): Promise<Json> {
  const read = readResource(groupShape, body)
  const fields = fieldsOf(read)
  return await change(app, scope, async tx => {
    const before = await lockGroup(tx, directory, id)
    requireVersion(ifMatch, before.version)
    const changed = await replaceMembers(tx, directory, before.id, memberIdsIn(read.members))
    await writeGroup(app, tx, directory, before, fields, changed)
    return await getGroup(tx, directory, id, all)
  })
}

/**
 * One operation after another. Members are changed by who comes and goes, and never read as a whole: a group may have
 * more than one wants to carry around for each that is added.
 */
export async function patchGroup(
  app: App,
  scope: Scope,
  directory: Directory,
  id: string,
  operations: readonly Operation[],
  ifMatch: IfMatch,
): Promise<void> {
  await change(app, scope, async tx => {
    const before = await lockGroup(tx, directory, id)
    requireVersion(ifMatch, before.version)
    const changed = new Set<string>()
    let resource: Json = { id: before.id, displayName: before.displayName }
    if (before.externalId !== null) resource.externalId = before.externalId
    for (const { ofMembers, others } of operations.map(splitOperation)) {
      for (const operation of ofMembers) {
        for (const entryId of await changeMembers(tx, directory, before.id, operation)) changed.add(entryId)
      }
      resource = patch(groupShape, resource, others)
    }
    await writeGroup(app, tx, directory, before, fieldsOf(readResource(groupShape, resource)), changed)
  })
}

/** What an operation says of members, and the rest of it. */
function splitOperation(operation: Operation): { ofMembers: MemberChange[]; others: Operation[] } {
  const { op, path, value } = operation
  if (path !== undefined) {
    return isOfMembers(path) ? { ofMembers: [{ op, path, value }], others: [] } : { ofMembers: [], others: [operation] }
  }
  if (!isObject(value)) return { ofMembers: [], others: [operation] }
  const named = Object.entries(value)
  const rest = Object.fromEntries(named.filter(([name]) => !isOfMembers(name)))
  return {
    ofMembers: named.filter(([name]) => isOfMembers(name)).map(([name, value]) => ({ op, path: name, value })),
    others: [{ op, path: undefined, value: rest }],
  }
}

const isOfMembers = (path: string) =>
  /^(urn:ietf:params:scim:schemas:core:2\.0:group:)?members\s*(\[|\.|$)/i.test(path.trim())

async function writeGroup(
  app: App,
  tx: Queryable,
  directory: Directory,
  before: Row,
  { displayName, externalId }: Fields,
  changed: ReadonlySet<string>,
): Promise<void> {
  const isSame = before.displayName === displayName && before.externalId === externalId
  if (isSame && changed.size === 0) return
  await onViolation(
    tx.run(sql`
      update federation.scim_groups
      set
        display_name = ${displayName},
        external_id = ${externalId},
        version = version + 1
      where tenant_id = ${directory.tenantId}
        and id = ${before.id}`),
    violations,
  )
  const wasKnownAs = before.externalId ?? before.displayName
  const isKnownAs = externalId ?? displayName
  const concerned = wasKnownAs === isKnownAs ? changed : changed.union(await memberIdsOf(tx, before.id))
  if (changed.size > 0) await recordMembers(tx, directory, before.id, changed.size)
  await applyRoles(app, tx, directory, concerned)
}

async function recordMembers(tx: Queryable, directory: Directory, groupId: string, people: number): Promise<void> {
  await recordEvent(tx, {
    action: 'change_members',
    resource: 'federation.scim_groups',
    resourceId: groupId,
    details: { cause: 'scim', provider_id: directory.providerId, provider: directory.providerName, people },
  })
}

/** Its members lose what it gave them. */
export async function deleteGroup(
  app: App,
  scope: Scope,
  directory: Directory,
  id: string,
  ifMatch: IfMatch,
): Promise<void> {
  await change(app, scope, async tx => {
    const before = await lockGroup(tx, directory, id)
    requireVersion(ifMatch, before.version)
    const concerned = await removeMembers(tx, before.id)
    await tx.run(sql`
      delete from federation.scim_groups
      where tenant_id = ${directory.tenantId}
        and id = ${before.id}`)
    await applyRoles(app, tx, directory, concerned)
  })
}

async function memberIdsOf(tx: Queryable, groupId: string): Promise<Set<string>> {
  const rows = await tx.run(sql<{ scimUserId: string }>`
    select scim_user_id
    from federation.scim_group_members
    where tenant_id = ${tx.scope.tenantId}
      and group_id = ${groupId}`)
  return new Set(rows.map(({ scimUserId }) => scimUserId))
}

async function lockGroup(tx: Queryable, directory: Directory, id: string): Promise<Row> {
  const row = await tx.maybe(sql<Row>`
    select ${columns}
    from federation.scim_groups as pushed
    where ${isIts(directory, id)}
    for update`)
  if (!row) throw errors.scimGroupNotFound({ id })
  return row
}

async function change<T>(app: App, scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const done = await app.db.transaction({ ...scope, permissions: undefined, system: true }, work)
  announceRevocation(app)
  return done
}

type Fields = { displayName: string; externalId: string | null }

function fieldsOf({ displayName, externalId }: Json): Fields {
  if (typeof displayName !== 'string' || displayName.trim() === '') {
    throw errors.scimValueInvalid({ attribute: 'displayName', reason: 'it is required' })
  }
  if (displayName.length > 500) {
    throw errors.scimValueInvalid({ attribute: 'displayName', reason: 'it is longer than 500 characters' })
  }
  if (typeof externalId === 'string' && externalId.length > 255) {
    throw errors.scimValueInvalid({ attribute: 'externalId', reason: 'it is longer than 255 characters' })
  }
  return {
    displayName: displayName.trim(),
    externalId: typeof externalId === 'string' && externalId !== '' ? externalId : null,
  }
}

const violations = {
  scim_groups_display_name_unique: errors.scimDisplayNameTaken,
  scim_groups_external_id_unique: errors.scimExternalIdTaken,
}
