import { eventRecord, recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import type { SessionPrincipal } from '#platform/http'
import { findEndOfSession } from '#platform/identity'
import { errors } from './errors.ts'

/** How long what somebody allowed is good at most, in days: after that he is asked again. */
const grantDays = 365

export type GrantEnd = 'user' | 'administrator' | 'client' | 'replay' | 'signed_out'

type NewGrant = {
  client: { id: string; isOfPlatform: boolean; backchannelLogoutUri: string | null }
  /** Who allows it, and in which session. */
  principal: Pick<SessionPrincipal, 'userId' | 'sessionId' | 'provider'>
  scopes: readonly string[]
  refusedScopes: readonly string[]
  claims: readonly string[]
  /** A device works on when the browser that allowed it has left. */
  isOfDevice?: boolean
}

/** Notes what somebody allows an application; `tx` is in the tenant's scope. Returns the grant's id. */
export async function createGrant(tx: Queryable, grant: NewGrant): Promise<string> {
  const { client, scopes, principal } = grant
  if (principal.provider) await requireLasting(tx, principal.provider.id, principal.sessionId)
  const endsWithSession = !grant.isOfDevice && !scopes.includes('offline_access')
  const event = {
    action: 'oauth_consent',
    resource: 'oauth.oauth_clients',
    resourceId: client.id,
    sessionId: principal.sessionId,
    details: { scopes, ...(grant.refusedScopes.length > 0 && { refusedScopes: grant.refusedScopes }) },
  }
  const { id } = await tx.one(sql<{ id: string }>`
    with made as (
      insert into oauth.grants (
        oauth_client_id, is_of_platform, user_id, session_id, provider_id, ends_with_session, scopes, refused_scopes,
        claims, tells_logout, expires_at
      )
      values (
        ${client.id},
        ${client.isOfPlatform},
        ${principal.userId},
        ${principal.sessionId},
        ${principal.provider?.id ?? null},
        ${endsWithSession},
        ${scopes},
        ${grant.refusedScopes},
        ${grant.claims},
        ${client.backchannelLogoutUri !== null},
        now() + ${grantDays} * interval '1 day'
      )
      returning id
    )
    select id, ${eventRecord(event)} from made`)
  return id
}

/** What somebody has allowed an application and not taken back, in whatever browser: it needs no second question. */
export async function listRemembered(tx: Queryable, of: { userId: string; clientId: string }): Promise<string[]> {
  const { scopes } = await tx.one(sql<{ scopes: string[] }>`
    select coalesce(array_agg(distinct scope), '{}') as scopes
    from oauth.grants as allowed
    cross join unnest(allowed.scopes) as scope
    where allowed.tenant_id = ${tx.scope.tenantId}
      and allowed.user_id = ${of.userId}
      and allowed.oauth_client_id = ${of.clientId}
      and allowed.expires_at > now()
      and (allowed.revoked_at is null or allowed.revoked_reason in ('client', 'signed_out'))`)
  return scopes
}

/** Ends a family of codes and tokens; again it does nothing. `tx` is in the tenant's scope. */
export async function revokeGrant(tx: Queryable, id: string, reason: GrantEnd): Promise<boolean> {
  const action = reason === 'replay' ? 'oauth_token_replayed' : 'oauth_grant_revoked'
  const event = eventRecord({ action, resource: 'oauth.grants', resourceId: id, details: { reason } })
  const by = reason === 'user' || reason === 'administrator' ? tx.scope.userId : undefined
  const revoked = await tx.run(sql`
    with revoked as (
      update oauth.grants
      set revoked_at = now(), revoked_by = ${by ?? null}, revoked_reason = ${reason}
      where tenant_id = ${tx.scope.tenantId}
        and id = ${id}
        and revoked_at is null
      returning id
    )
    select ${event} from revoked`)
  return revoked.length > 0
}

/**
 * Takes back all that a member has allowed an application, for good: at the next sign-in he is asked again. Returns how
 * many families of tokens ended. After the commit call `announceRevocation`.
 */
export async function revokeGrantsOf(
  tx: Queryable,
  of: { userId: string; clientId: string },
  reason: 'user' | 'administrator',
): Promise<number> {
  const { living } = await tx.one(sql<{ living: number }>`
    with
      named as (
        select id, revoked_at is null and expires_at > now() as is_living
        from oauth.grants
        where tenant_id = ${tx.scope.tenantId}
          and user_id = ${of.userId}
          and oauth_client_id = ${of.clientId}
          and (revoked_at is null or revoked_reason in ('client', 'signed_out'))
        for update
      ),
      revoked as (
        update oauth.grants as allowed
        set
          revoked_at = coalesce(allowed.revoked_at, now()),
          revoked_by = ${tx.scope.userId ?? null},
          revoked_reason = ${reason}
        from named
        where allowed.tenant_id = ${tx.scope.tenantId}
          and allowed.id = named.id
        returning named.is_living
      )
    select count(*) filter (where is_living)::integer as living
    from revoked`)
  return living
}

/** Those who allow something through a provider, beside each other, and whoever ends what came through it, alone. */
const throughProvider = (providerId: string) =>
  sql`hashtext('oauth.grants through a provider'), hashtext(${providerId})`

/** Refuses where the session has ended since the request began: what ended it has looked for grants already. */
async function requireLasting(tx: Queryable, providerId: string, sessionId: string): Promise<void> {
  await tx.run(sql`select pg_advisory_xact_lock_shared(${throughProvider(providerId)})`)
  if ((await findEndOfSession(tx, { sessionId })) !== undefined) throw errors.freshSignInNeeded()
}

/**
 * Ends what was allowed in sessions for which an identity provider of the scope's tenant alone vouched, of one user or of
 * all: their tokens with it, on devices and without the person too. Call it after those sessions were ended, in the same
 * transaction, and after the commit `announceRevocation`.
 */
export async function revokeGrantsThrough(
  tx: Queryable,
  { providerId, userId }: { providerId: string; userId?: string | undefined },
): Promise<void> {
  await tx.run(sql`select pg_advisory_xact_lock(${throughProvider(providerId)})`)
  const ended = await tx.run(sql`
    update oauth.grants
    set revoked_at = now(), revoked_reason = 'provider'
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
      and (${userId ?? null}::uuid is null or user_id = ${userId ?? null})
      and revoked_at is null
    returning id`)
  if (ended.length === 0) return
  await recordEvent(tx, {
    action: 'oauth_grant_revoked',
    resource: 'oauth.grants',
    details: { reason: 'provider', providerId, ended: ended.length, ...(userId !== undefined && { userId }) },
  })
}
