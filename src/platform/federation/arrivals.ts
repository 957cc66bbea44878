import { randomUUID } from 'node:crypto'
import { giveRole } from '#platform/access'
import { type Admission, admitUser, type Client } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { json, onViolation, type Queryable, type Scope, sql } from '#platform/database'
import {
  type AuthenticationMethod,
  announceRevocation,
  createUser,
  findAccount,
  setDefaultTenantIfNone,
} from '#platform/identity'
import { addMember, findMembership, listProvenDomains } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { errors } from './errors.ts'
import { readGroups } from './group-claims.ts'
import { getGroupProvider } from './group-settings.ts'
import { products } from './products.ts'
import type { UsableProvider } from './providers.ts'
import { applyGroups } from './role-assignments.ts'
import type { ProviderAnswer } from './sign-ins.ts'

/** Why a sign-in is refused until somebody has solved it. */
export const conflicts = [
  'address_taken',
  'address_unverified',
  'address_elsewhere',
  'address_changed',
  'not_a_member',
  'accounts_not_created',
] as const
export type Conflict = (typeof conflicts)[number]

const refusals: Record<Conflict, () => Error> = {
  address_taken: errors.addressTaken,
  address_unverified: errors.addressUnverified,
  address_elsewhere: errors.addressElsewhere,
  address_changed: errors.addressChanged,
  not_a_member: errors.notAMember,
  accounts_not_created: errors.accountsNotCreated,
}

/**
 * Lets somebody in whom a provider vouches for (AG-05). He is found by provider and subject, never by his address; without
 * a link he gets an account only where the tenant has proven his address's domain, the provider vouches for the address and
 * no account has it. Everything else is a conflict, which is kept for the administrators.
 */
export async function arrive(app: App, client: Client, answer: ProviderAnswer): Promise<Admission> {
  const { provider } = answer
  const { tenantId } = provider
  const scope: Scope = { ...client.scope, system: true, tenantId }
  const arrival = await app.db.transaction(scope, tx => settle(app, tx, answer))
  if ('conflict' in arrival) throw refusals[arrival.conflict]()
  if (arrival.isChanged) announceRevocation(app)
  const methods: AuthenticationMethod[] = ['provider']
  if (answer.hasSecondFactor && provider.trustsSecondFactor) methods.push('provider_second_factor')
  const { userId } = arrival
  return await admitUser(app, client, {
    userId,
    methods,
    provider: { tenantId, id: provider.id },
    askedTenantId: tenantId,
  })
}

type Arrival = { userId: string; isChanged: boolean } | { conflict: Conflict }

async function settle(app: App, tx: Queryable, answer: ProviderAnswer): Promise<Arrival> {
  const { provider } = answer
  const known = await lockMappingOf(tx, answer)
  if (known.syncStatus === 'disabled') throw errors.mappingDisabled()
  const { userId } = known
  const conflict =
    userId === null ? await conflictOfNewcomer(tx, answer) : await conflictOfKnown(app, tx, answer, userId, known.email)
  if (conflict) {
    await noteConflict(tx, answer, conflict, userId)
    return { conflict }
  }
  const arrived = userId ?? (await openAccount(app, tx, answer))
  await noteArrival(tx, answer, arrived)
  // Without a lock: with one all sign-ins of a tenant would wait for each other.
  const membership = await findMembership(tx, arrived)
  if (!membership) throw errors.notAMember()
  const { settings } = await getGroupProvider(tx, provider.id)
  const groups = readGroups({ type: provider.type, settings }, answer.claims, answer.userInfo)
  const applied = await onViolation(
    applyGroups(tx, { membershipId: membership.id, providerId: provider.id, groups, cause: { by: 'sign_in' } }),
    // It was removed since.
    { known_groups_user_tenant_id_fkey: errors.notAMember },
  )
  return { userId: arrived, isChanged: applied.given + applied.taken > 0 }
}

type Known = { userId: string | null; email: string | null; syncStatus: string }

/** Of two first sign-ins at once the second waits for what the first has made, and finds it. */
async function lockMappingOf(tx: Queryable, { provider, subject }: ProviderAnswer): Promise<Known> {
  const lock = sql<Known>`
    select user_id, external_email as email, sync_status
    from federation.iam_user_mappings
    where tenant_id = ${provider.tenantId}
      and provider_id = ${provider.id}
      and external_id = ${subject}
    for update`
  const known = await tx.maybe(lock)
  if (known) return known
  await tx.run(sql`
    insert into federation.iam_user_mappings (provider_id, external_id)
    values (${provider.id}, ${subject})
    on conflict on constraint iam_user_mappings_subject_unique do nothing`)
  return await tx.one(lock)
}

async function conflictOfKnown(
  app: App,
  tx: Queryable,
  { provider, email }: ProviderAnswer,
  userId: string,
  knownEmail: string | null | undefined,
): Promise<Conflict | undefined> {
  const isOther = email !== undefined && knownEmail != null && email !== knownEmail
  if (isOther && products[provider.type].reusesSubjects) return 'address_changed'
  return (await isMember(app, tx, userId)) ? undefined : 'not_a_member'
}

async function conflictOfNewcomer(
  tx: Queryable,
  { provider, email, emailVerified }: ProviderAnswer,
): Promise<Conflict | undefined> {
  if (email === undefined || !emailVerified) return 'address_unverified'
  const domains = await listProvenDomains(tx)
  // To the letter: an address below a proven domain is of another one.
  if (!domains.includes(email.slice(email.lastIndexOf('@') + 1))) return 'address_elsewhere'
  if (await findAccount(tx, email)) return 'address_taken'
  return provider.createsAccounts ? undefined : 'accounts_not_created'
}

/** Whether he is a member of the scope's tenant now. */
export async function isMember(app: App, tx: Queryable, userId: string): Promise<boolean> {
  const membership = await findMembership(tx, userId)
  return membership !== undefined && (membership.expiresAt === null || membership.expiresAt > app.clock.now())
}

async function openAccount(app: App, tx: Queryable, { provider, email, name }: ProviderAnswer): Promise<string> {
  const userId = randomUUID()
  const address = email as string
  await createUser(tx, { id: userId, email: address, fullName: name ?? address, isEmailVerified: true })
  await setDefaultTenantIfNone(tx, userId, provider.tenantId)
  await takeIn(app, tx, provider, userId)
  await recordEvent(tx, {
    action: 'sign_up',
    resource: 'identity.users',
    resourceId: userId,
    details: { method: 'provider', providerId: provider.id },
  })
  return userId
}

/** A membership with the provider's first role; what he may do beyond that his groups tell. */
export async function takeIn(
  app: App,
  tx: Queryable,
  { id: providerId, defaultRole }: Pick<UsableProvider, 'id' | 'defaultRole'>,
  userId: string,
): Promise<void> {
  const { id } = await addMember(tx, userId)
  await giveRole(tx, id, defaultRole)
  await recordEvent(tx, {
    action: 'join_by_identity_provider',
    resource: 'tenancy.user_tenants',
    resourceId: id,
    details: { user_id: userId, provider_id: providerId },
  })
  await emitEvent(app, tx, { type: 'members.member.joined', data: { userId, roles: [defaultRole] } })
}

/** Who it is from now on, and what the provider told last; a conflict that there was is solved by it. */
export async function noteArrival(tx: Queryable, answer: ProviderAnswer, userId: string): Promise<void> {
  const { provider, subject, email, username, name } = answer
  await onViolation(
    tx.run(sql`
      insert into federation.iam_user_mappings as known (
        provider_id, user_id, external_id, external_email, external_username, external_name, sync_status, last_sync_at,
        last_sign_in_at, sync_metadata
      )
      values (
        ${provider.id}, ${userId}, ${subject}, ${email ?? null}, ${username ?? null}, ${name ?? null}, 'synced', now(), now(),
        ${json(metadataOf(answer))}
      )
      on conflict on constraint iam_user_mappings_subject_unique do update
        set
          user_id = excluded.user_id,
          external_email = coalesce(excluded.external_email, known.external_email),
          external_username = coalesce(excluded.external_username, known.external_username),
          external_name = coalesce(excluded.external_name, known.external_name),
          sync_status = 'synced',
          conflict = null,
          last_sync_at = now(),
          last_sign_in_at = now(),
          sync_metadata = known.sync_metadata || excluded.sync_metadata`),
    { iam_user_mappings_user_unique: errors.userLinked },
  )
  // To the minute, and never waiting: each sign-in of everybody comes by here.
  await tx.run(sql`
    update federation.iam_providers
    set last_sign_in_at = now()
    where tenant_id = ${provider.tenantId}
      and id in (
        select id
        from federation.iam_providers
        where tenant_id = ${provider.tenantId}
          and id = ${provider.id}
          and (last_sign_in_at is null or last_sign_in_at < now() - interval '1 minute')
        for no key update skip locked
      )`)
}

async function noteConflict(
  tx: Queryable,
  answer: ProviderAnswer,
  conflict: Conflict,
  userId: string | null,
): Promise<void> {
  const { provider, subject, email, username, name } = answer
  const status = userId === null ? 'pending' : 'failed'
  // The address that the account was known by stays where another one is the conflict.
  await tx.run(sql`
    insert into federation.iam_user_mappings as known (
      provider_id, external_id, external_email, external_username, external_name, sync_status, conflict, last_sync_at,
      sync_metadata
    )
    values (
      ${provider.id}, ${subject}, ${email ?? null}, ${username ?? null}, ${name ?? null}, ${status}, ${conflict}, now(),
      ${json({ ...metadataOf(answer), ...(conflict === 'address_changed' && { toldEmail: email }) })}
    )
    on conflict on constraint iam_user_mappings_subject_unique do update
      set
        external_email = case
          when ${conflict === 'address_changed'} then known.external_email
          else coalesce(excluded.external_email, known.external_email)
        end,
        external_username = coalesce(excluded.external_username, known.external_username),
        external_name = coalesce(excluded.external_name, known.external_name),
        sync_status = excluded.sync_status,
        conflict = excluded.conflict,
        last_sync_at = now(),
        sync_metadata = known.sync_metadata || excluded.sync_metadata`)
  await recordEvent(tx, {
    action: 'refuse_identity_provider_sign_in',
    resource: 'federation.iam_providers',
    resourceId: provider.id,
    details: { conflict },
  })
}

function metadataOf({ emailVerified, hasSecondFactor, claims }: ProviderAnswer) {
  return { signIn: { emailVerified, hasSecondFactor, claims: Object.keys(claims).sort() } }
}
