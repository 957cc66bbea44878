import type { App } from '#platform/app.ts'
import { json, onViolation, type Queryable, type Scope, sql } from '#platform/database'
import type { IfMatch } from '#platform/http'
import { announceRevocation } from '#platform/identity'
import { readResource, userShape } from './attributes.ts'
import { userCondition } from './conditions.ts'
import type { Directory } from './directories.ts'
import { scimErrors as errors } from './errors.ts'
import { isObject, type Json, listOf, urns } from './messages.ts'
import type { Listing } from './pages.ts'
import { type Operation, patch } from './patches.ts'
import { settlePerson } from './people.ts'
import { idIn, locationOf, metaOf, requireVersion, select } from './resources.ts'

/** A person as the directory tells of him: a row of `federation.scim_users`. */
export type Entry = {
  id: string
  userId: string | null
  mappingId: string | null
  invitationId: string | null
  userName: string
  externalId: string | null
  isActive: boolean
  attributes: Json
  addresses: string[]
  version: number
  madeAccount: boolean
  endedMembership: boolean
  membershipEnd: Date | null
  createdAt: Date
  updatedAt: Date
}

type Listed = Entry & { groups: { value: string; display: string }[] }

export async function listUsers(tx: Queryable, directory: Directory, listing: Listing): Promise<Json> {
  const { filter, startIndex, count, wanted } = listing
  const fits = sql`
    person.tenant_id = ${directory.tenantId}
      and person.provider_id = ${directory.providerId}
      and person.deleted_at is null
      and ${filter ? userCondition(filter) : sql`true`}`
  const { total } = await tx.one(sql<{ total: number }>`
    select count(*) as total from federation.scim_users as person where ${fits}`)
  const rows =
    count === 0 || total < startIndex
      ? []
      : await tx.run(sql<Listed>`
          select ${columns}, ${groupsOfPerson} as groups
          from federation.scim_users as person
          where ${fits}
          order by person.created_at, person.id
          limit ${count}
          offset ${startIndex - 1}`)
  const resources = rows.map(row => select(userShape, resourceOf(directory, row), wanted))
  return listOf(resources, total, startIndex)
}

const columns = sql`
  person.id,
  person.user_id,
  person.mapping_id,
  person.invitation_id,
  person.user_name,
  person.external_id,
  person.is_active,
  person.attributes,
  person.addresses,
  person.version,
  person.made_account,
  person.ended_membership,
  person.membership_end,
  person.created_at,
  person.updated_at`

const groupsOfPerson = sql`
  coalesce(
    (
      select jsonb_agg(
        jsonb_build_object('value', pushed.id, 'display', pushed.display_name)
        order by pushed.created_at, pushed.id
      )
      from federation.scim_group_members as held
      join federation.scim_groups as pushed
        on pushed.tenant_id = held.tenant_id and pushed.id = held.group_id
      where held.tenant_id = person.tenant_id
        and held.scim_user_id = person.id
    ),
    '[]'
  )`

/** Refuses with 404 also what another directory has, or is deleted. */
export async function getUser(tx: Queryable, directory: Directory, id: string): Promise<Json> {
  const row = await tx.maybe(sql<Listed>`
    select ${columns}, ${groupsOfPerson} as groups
    from federation.scim_users as person
    where ${isHis(directory, id)}`)
  if (!row) throw errors.scimUserNotFound({ id })
  return resourceOf(directory, row)
}

const isHis = ({ tenantId, providerId }: Directory, id: string) => sql`
  person.tenant_id = ${tenantId}
    and person.provider_id = ${providerId}
    and person.id = ${idIn(id)}::uuid
    and person.deleted_at is null`

function resourceOf(directory: Directory, row: Listed): Json {
  const { id, userName, externalId, isActive, attributes, groups } = row
  const { base } = directory
  return {
    schemas: [urns.user, ...(attributes[urns.enterprise] ? [urns.enterprise] : [])],
    id,
    ...(externalId === null ? {} : { externalId }),
    userName,
    ...attributes,
    active: isActive,
    ...(groups.length > 0
      ? { groups: groups.map(group => ({ ...group, $ref: locationOf('Group', base, group.value) })) }
      : {}),
    meta: metaOf('User', base, row),
  }
}

/** A person whom the directory brings. A password is thrown away, and what we do not know of is left out. */
export async function createUser(app: App, scope: Scope, directory: Directory, body: Json): Promise<Json> {
  const fields = fieldsOf(readResource(userShape, body))
  return await change(app, scope, async tx => {
    const { id } = await onViolation(
      tx.one(sql<{ id: string }>`
        insert into federation.scim_users (
          provider_id, user_name, external_id, is_active, attributes, addresses
        )
        values (
          ${directory.providerId},
          ${fields.userName},
          ${fields.externalId},
          ${fields.isActive},
          ${json(fields.attributes)},
          ${fields.addresses}
        )
        returning id`),
      violations,
    )
    await settlePerson(app, tx, directory, await lockEntry(tx, directory, id))
    return await getUser(tx, directory, id)
  })
}

/** The whole resource anew: what is not named is gone, but the password and what only we may say (RFC 7644, 3.5.1). */
export async function replaceUser(
  app: App,
  scope: Scope,
  directory: Directory,
  id: string,
  body: Json,
  ifMatch: IfMatch,
): Promise<Json> {
  const fields = fieldsOf(readResource(userShape, body))
  return await changeUser(app, scope, directory, id, ifMatch, () => fields)
}

export async function patchUser(
  app: App,
  scope: Scope,
  directory: Directory,
  id: string,
  operations: readonly Operation[],
  ifMatch: IfMatch,
): Promise<Json> {
  return await changeUser(app, scope, directory, id, ifMatch, entry => {
    const { userName, externalId, isActive, attributes } = entry
    const before = { id, userName, ...(externalId === null ? {} : { externalId }), active: isActive, ...attributes }
    return fieldsOf(readResource(userShape, patch(userShape, before, operations)))
  })
}

async function changeUser(
  app: App,
  scope: Scope,
  directory: Directory,
  id: string,
  ifMatch: IfMatch,
  next: (entry: Entry) => Fields,
): Promise<Json> {
  return await change(app, scope, async tx => {
    const before = await lockEntry(tx, directory, id)
    requireVersion(ifMatch, before.version)
    const { userName, externalId, isActive, attributes, addresses } = next(before)
    await onViolation(
      tx.run(sql`
        update federation.scim_users
        set
          user_name = ${userName},
          external_id = ${externalId},
          is_active = ${isActive},
          attributes = ${json(attributes)},
          addresses = ${addresses},
          version = version + 1
        where tenant_id = ${directory.tenantId}
          and id = ${before.id}
          and (user_name, external_id, is_active, attributes)
            is distinct from (${userName}, ${externalId}, ${isActive}, ${json(attributes)})`),
      violations,
    )
    await settlePerson(app, tx, directory, await lockEntry(tx, directory, id), before)
    return await getUser(tx, directory, id)
  })
}

/** The directory does not find him any more, and he may come again as another entry; nothing that he made goes. */
export async function deleteUser(
  app: App,
  scope: Scope,
  directory: Directory,
  id: string,
  ifMatch: IfMatch,
): Promise<void> {
  await change(app, scope, async tx => {
    const before = await lockEntry(tx, directory, id)
    requireVersion(ifMatch, before.version)
    await tx.run(sql`
      delete from federation.scim_group_members
      where tenant_id = ${directory.tenantId}
        and scim_user_id = ${before.id}`)
    await settlePerson(app, tx, directory, { ...before, isActive: false }, before)
    await tx.run(sql`
      update federation.scim_users
      set is_active = false, deleted_at = now(), version = version + 1
      where tenant_id = ${directory.tenantId}
        and id = ${before.id}`)
  })
}

/** As the platform: accounts and memberships are made and ended. The next request of whom it concerns asks anew. */
async function change<T>(app: App, scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const done = await app.db.transaction({ ...scope, permissions: undefined, system: true }, work)
  announceRevocation(app)
  return done
}

async function lockEntry(tx: Queryable, directory: Directory, id: string): Promise<Entry> {
  const entry = await tx.maybe(sql<Entry>`
    select ${columns}
    from federation.scim_users as person
    where ${isHis(directory, id)}
    for update`)
  if (!entry) throw errors.scimUserNotFound({ id })
  return entry
}

type Fields = {
  userName: string
  externalId: string | null
  isActive: boolean
  attributes: Json
  addresses: string[]
}

function fieldsOf({ id: _, userName, externalId, active, ...attributes }: Json): Fields {
  if (typeof userName !== 'string' || userName.trim() === '') {
    throw errors.scimValueInvalid({ attribute: 'userName', reason: 'it is required' })
  }
  requireShort('userName', userName)
  if (typeof externalId === 'string') requireShort('externalId', externalId)
  return {
    userName: userName.trim(),
    externalId: typeof externalId === 'string' && externalId !== '' ? externalId : null,
    isActive: active !== false,
    attributes,
    addresses: addressesIn(attributes),
  }
}

function requireShort(attribute: string, text: string): void {
  if (text.length > 255) throw errors.scimValueInvalid({ attribute, reason: 'it is longer than 255 characters' })
}

function addressesIn({ emails }: Json): string[] {
  const elements = Array.isArray(emails) ? emails.filter(isObject) : []
  return elements.flatMap(({ value }) => (typeof value === 'string' ? value.toLowerCase() : []))
}

const violations = {
  scim_users_user_name_unique: errors.scimUserNameTaken,
  scim_users_external_id_unique: errors.scimExternalIdTaken,
  scim_users_user_unique: errors.scimPersonTaken,
  scim_users_attributes_object: () => errors.scimValueInvalid({ attribute: 'The user', reason: 'it is too large' }),
}
