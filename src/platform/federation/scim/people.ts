import { randomUUID } from 'node:crypto'
import { findRole, giveRole } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { json, onViolation, type Queryable, sql } from '#platform/database'
import { changeProfile, createUser, normaliseEmail, setDefaultTenantIfNone } from '#platform/identity'
import { findPendingInvitation, inviteAll, withdrawInvitation } from '#platform/members'
import { addMember, lockMembership, type Membership, noteExpiryMail, setExpiry } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { applyGroups } from '../role-assignments.ts'
import type { Directory } from './directories.ts'
import { scimErrors as errors } from './errors.ts'
import { isObject, type Json } from './messages.ts'
import type { Entry } from './users.ts'

/**
 * Brings account, membership, mapping and roles in line with what the directory says of a person (AG-05). `before` is the
 * entry as it was. An account that the directory did not make is never changed, and nobody comes into the workspace
 * without his word but whose account it made, or who has signed in through this provider.
 */
export async function settlePerson(
  app: App,
  tx: Queryable,
  directory: Directory,
  entry: Entry,
  before?: Entry,
): Promise<void> {
  const subject = await noteSubject(tx, directory, entry, before)
  const known = entry.userId ?? subject?.userId ?? undefined
  if (!entry.isActive) {
    await takeOut(app, tx, directory, entry, known)
    return
  }
  const person = known === undefined ? await findOrMake(tx, directory, entry) : { userId: known }
  if (!person.userId) return
  await noteUser(tx, directory, entry, person.userId)
  if (person.isMade) await ownSubject(tx, entry, subject, person.userId)
  else await tellName(tx, entry, person.userId, before)
  const membership = await takeIn(app, tx, directory, entry, { userId: person.userId, isNew: person.isMade === true })
  if (!membership) return
  const hasCome = entry.userId === null || entry.endedMembership
  if (hasCome) await applyGroupsOf(tx, directory, entry.id, membership.id)
}

/** Roles by all groups that the directory has him in now. The last thing of its transaction. */
export async function applyGroupsOf(
  tx: Queryable,
  { providerId, givesRoles }: Directory,
  entryId: string,
  membershipId: string,
): Promise<void> {
  if (!givesRoles) return
  const groups = await tx.run(sql<{ id: string; name: string }>`
    select coalesce(pushed.external_id, pushed.display_name) as id, pushed.display_name as name
    from federation.scim_group_members as held
    join federation.scim_groups as pushed
      on pushed.tenant_id = held.tenant_id and pushed.id = held.group_id
    where held.tenant_id = ${tx.scope.tenantId}
      and held.scim_user_id = ${entryId}
    order by pushed.display_name`)
  await applyGroups(tx, { membershipId, providerId, groups: { outcome: 'known', groups }, cause: { by: 'scim' } })
}

/** The mapping of who signs in through the provider: the same person, where the directory tells the subject. */
type Subject = { id: string; userId: string | null; status: string; isOffByDirectory: boolean }

async function noteSubject(
  tx: Queryable,
  { providerId }: Directory,
  entry: Entry,
  before: Entry | undefined,
): Promise<Subject | undefined> {
  const { externalId, isActive } = entry
  if (before?.mappingId && before.externalId !== externalId) await dropSubject(tx, before)
  if (externalId === null) return undefined
  const told = {
    email: addressOf(entry)?.toLowerCase().slice(0, 255) ?? null,
    username: entry.userName,
    name: nameOf(entry).slice(0, 255),
    metadata: json({ scim: { id: entry.id, isActive } }),
  }
  const subject = await tx.one(sql<Subject>`
    insert into federation.iam_user_mappings as known (
      provider_id, external_id, external_email, external_username, external_name, last_sync_at, sync_metadata, sync_status
    )
    values (
      ${providerId}, ${externalId}, ${told.email}, ${told.username}, ${told.name}, now(), ${told.metadata},
      case when ${isActive} then 'pending' else 'disabled' end
    )
    on conflict on constraint iam_user_mappings_subject_unique do update
    set
      external_email = excluded.external_email,
      external_username = excluded.external_username,
      external_name = excluded.external_name,
      last_sync_at = now(),
      sync_metadata = known.sync_metadata || excluded.sync_metadata,
      sync_status = case
        when not ${isActive} then 'disabled'
        -- What an administrator has switched off stays off.
        when known.sync_status = 'disabled' and not coalesce((known.sync_metadata #>> '{scim,isActive}') = 'false', false)
          then 'disabled'
        when known.user_id is not null and known.conflict is null then 'synced'
        else 'pending'
      end
    returning
      known.id,
      known.user_id,
      known.sync_status as status,
      coalesce((known.sync_metadata #>> '{scim,isActive}') = 'false', false) as is_off_by_directory`)
  if (entry.mappingId !== subject.id) {
    await tx.run(sql`
      update federation.scim_users
      set mapping_id = ${subject.id}
      where tenant_id = ${tx.scope.tenantId}
        and id = ${entry.id}`)
  }
  return subject
}

/** Another externalId is another subject: what the directory said of the first one is not true any more. */
async function dropSubject(tx: Queryable, { mappingId, madeAccount, userId }: Entry): Promise<void> {
  await tx.run(sql`
    delete from federation.iam_user_mappings
    where tenant_id = ${tx.scope.tenantId}
      and id = ${mappingId}
      and (user_id is null or (${madeAccount} and user_id = ${userId}))`)
}

/** Who was made for this entry comes in with its subject, without being asked: nobody else ever had the account. */
async function ownSubject(tx: Queryable, entry: Entry, subject: Subject | undefined, userId: string): Promise<void> {
  await tx.run(sql`
    update federation.scim_users
    set made_account = true
    where tenant_id = ${tx.scope.tenantId}
      and id = ${entry.id}`)
  if (!subject || subject.userId !== null) return
  await tx.run(sql`
    update federation.iam_user_mappings
    set user_id = ${userId}, conflict = null, sync_status = 'synced'
    where tenant_id = ${tx.scope.tenantId}
      and id = ${subject.id}
      and user_id is null
      and sync_status <> 'disabled'`)
}

type Account = { userId: string | null; isLivingMember: boolean; isOwnDomain: boolean }

const findAccountAt = (tx: Queryable, email: string) =>
  tx.one(sql<Account>`select * from federation.find_directory_account(${email})`)

/**
 * Who has the address: a member of this workspace is the directory's person here, and no more than that. Whose account is
 * elsewhere, or whose address is of nobody's proven domain, is asked by an invitation. For an address of the tenant's own
 * domain that nobody has an account is made.
 */
async function findOrMake(
  tx: Queryable,
  directory: Directory,
  entry: Entry,
): Promise<{ userId: string | undefined; isMade?: boolean }> {
  const given = addressOf(entry)
  if (given === undefined) {
    throw errors.scimValueInvalid({ attribute: 'emails', reason: 'neither it nor userName is an address' })
  }
  const email = normaliseEmail(given)
  const account = await findAccountAt(tx, email)
  if (account.isLivingMember && account.userId) return { userId: account.userId }
  if (account.userId !== null && (await wasHere(tx, directory, account.userId))) return { userId: account.userId }
  if (account.userId !== null || !account.isOwnDomain) {
    await ask(tx, directory, entry, email)
    return { userId: undefined }
  }
  const userId = randomUUID()
  await createUser(tx, { id: userId, email, fullName: nameOf(entry), isEmailVerified: true })
  await recordEvent(tx, {
    action: 'create_by_directory',
    resource: 'identity.users',
    resourceId: userId,
    details: causeOf(directory),
  })
  return { userId, isMade: true }
}

/** An entry of his that the directory has deleted: he had agreed, or was made by it. */
async function wasHere(tx: Queryable, { tenantId, providerId }: Directory, userId: string): Promise<boolean> {
  const found = await tx.run(sql`
    select id
    from federation.scim_users
    where tenant_id = ${tenantId}
      and provider_id = ${providerId}
      and user_id = ${userId}
      and deleted_at is not null
      and ended_membership`)
  return found.length > 0
}

/** By an invitation, as anybody else: he says himself whether he wants to work here. */
async function ask(tx: Queryable, directory: Directory, entry: Entry, email: string): Promise<void> {
  if (entry.invitationId !== null && (await findPendingInvitation(tx, email)) === entry.invitationId) return
  const { defaultRole } = directory
  // Who invites answers for the role: the directory has it itself, and no token of it carries it.
  const service = await lockMembership(tx, tx.scope.userId as string)
  if (service) await giveRole(tx, service.id, defaultRole)
  const role = await findRole(tx, defaultRole)
  const invitationId =
    (await findPendingInvitation(tx, email)) ?? (await inviteAll(tx, [{ email, roleIds: role ? [role.id] : [] }]))[0]
  await tx.run(sql`
    update federation.scim_users
    set invitation_id = ${invitationId}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${entry.id}`)
}

async function noteUser(tx: Queryable, { tenantId }: Directory, entry: Entry, userId: string): Promise<void> {
  if (entry.userId === userId) return
  await onViolation(
    tx.run(sql`
      update federation.scim_users
      set user_id = ${userId}
      where tenant_id = ${tenantId}
        and id = ${entry.id}`),
    { scim_users_user_unique: errors.scimPersonTaken },
  )
}

async function takeIn(
  app: App,
  tx: Queryable,
  directory: Directory,
  entry: Entry,
  { userId, isNew }: { userId: string; isNew: boolean },
): Promise<Pick<Membership, 'id'> | undefined> {
  const membership = await lockMembership(tx, userId)
  const ended = await forgetEnd(tx, directory, userId)
  // What somebody here has ended is not the directory's to bring back: neither who was removed, nor who has left.
  if (!ended && (membership || !isNew)) return membership
  if (!entry.userId) await setDefaultTenantIfNone(tx, userId, directory.tenantId)
  const { id } = membership ?? (await addMember(tx, userId))
  if (!membership) await giveRole(tx, id, directory.defaultRole)
  else await setExpiry(tx, id, ended?.membershipEnd ?? null)
  await recordEvent(tx, {
    action: membership ? 'return_by_directory' : 'join_by_directory',
    resource: 'tenancy.user_tenants',
    resourceId: id,
    details: { user_id: userId, ...causeOf(directory) },
  })
  await emitEvent(app, tx, { type: 'members.member.joined', data: { userId, roles: [directory.defaultRole] } })
  return { id }
}

/** That the directory ended his membership, as this entry or an earlier one: undefined where it did not. */
async function forgetEnd(
  tx: Queryable,
  { tenantId, providerId }: Directory,
  userId: string,
): Promise<{ membershipEnd: Date | null } | undefined> {
  const [last] = await tx.run(sql<{ membershipEnd: Date | null }>`
    with ended as (
      select id, membership_end, updated_at
      from federation.scim_users
      where tenant_id = ${tenantId}
        and provider_id = ${providerId}
        and user_id = ${userId}
        and ended_membership
    ),
    forgotten as (
      update federation.scim_users as person
      set ended_membership = false, membership_end = null
      from ended
      where person.tenant_id = ${tenantId}
        and person.id = ended.id
    )
    select membership_end
    from ended
    order by updated_at desc
    limit 1`)
  return last
}

/** Ends his membership now: the next request of any of his sessions here is refused. Refuses the last owner. */
async function takeOut(
  app: App,
  tx: Queryable,
  directory: Directory,
  entry: Entry,
  userId: string | undefined,
): Promise<void> {
  if (entry.invitationId !== null && userId === undefined) await withdrawInvitation(tx, entry.invitationId)
  if (userId === undefined) return
  const membership = await lockMembership(tx, userId)
  const now = app.clock.now()
  if (!membership || (membership.expiresAt !== null && membership.expiresAt <= now)) return
  await tx.run(sql`
    update federation.scim_users
    set
      user_id = ${userId},
      ended_membership = true,
      membership_end = ${membership.expiresAt}
    where tenant_id = ${directory.tenantId}
      and id = ${entry.id}`)
  const { endsAt } = await tx.one(sql<{ endsAt: Date }>`select date_trunc('milliseconds', now()) as ends_at`)
  await setExpiry(tx, membership.id, endsAt)
  // His directory has told him, or will: a mail for each of thousands helps nobody.
  await noteExpiryMail(tx, { membershipId: membership.id, expiresAt: endsAt, hasEnded: true })
  await recordEvent(tx, {
    action: 'end_by_directory',
    resource: 'tenancy.user_tenants',
    resourceId: membership.id,
    details: { user_id: userId, ...causeOf(directory) },
  })
  await emitEvent(app, tx, { type: 'members.member.left', data: { userId, isOwnWish: false } })
}

const causeOf = ({ providerId, providerName }: Directory) => ({
  cause: 'scim',
  provider_id: providerId,
  provider: providerName,
})

/** The name of an account that was made here follows, while its address is of a domain of the tenant's. */
async function tellName(tx: Queryable, entry: Entry, userId: string, before: Entry | undefined): Promise<void> {
  const fullName = nameOf(entry)
  if (!entry.madeAccount || !before || nameOf(before) === fullName) return
  const given = addressOf(entry)
  if (given === undefined) return
  const account = await findAccountAt(tx, normaliseEmail(given))
  if (account.userId === userId && account.isOwnDomain) await changeProfile(tx, userId, { fullName })
}

/** Where mail reaches him: the primary address, else that for work, else any; else his userName, if it is one. */
export function addressOf({ attributes, userName }: Pick<Entry, 'attributes' | 'userName'>): string | undefined {
  const { emails } = attributes
  const all = (Array.isArray(emails) ? emails : []).filter(isObject).filter(({ value }) => isAddress(value))
  const chosen =
    all.find(({ primary }) => primary === true) ??
    all.find(({ type }) => typeof type === 'string' && type.toLowerCase() === 'work') ??
    all[0]
  if (chosen) return chosen.value as string
  return isAddress(userName) ? userName : undefined
}

const isAddress = (value: unknown) => typeof value === 'string' && /^[^@\s]+@[^@\s]+$/.test(value.trim())

/** What he is called: as the directory shows him, else by the parts of his name. */
export function nameOf({ attributes, userName }: Pick<Entry, 'attributes' | 'userName'>): string {
  const { name, displayName } = attributes
  const { formatted, givenName, familyName } = isObject(name) ? name : ({} as Json)
  const parts = [givenName, familyName].filter(part => typeof part === 'string' && part !== '').join(' ')
  const found = [displayName, formatted, parts].find(each => typeof each === 'string' && each.trim() !== '')
  return (typeof found === 'string' ? found.trim() : userName).slice(0, 255)
}
