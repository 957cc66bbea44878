import { eventRecord } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'

/** How long what somebody allowed is good at most, in days: after that he is asked again. */
const grantDays = 365

export type GrantEnd = 'user' | 'administrator' | 'client' | 'replay' | 'signed_out'

type NewGrant = {
  client: { id: string; isOfPlatform: boolean; backchannelLogoutUri: string | null }
  userId: string
  sessionId: string
  scopes: readonly string[]
  refusedScopes: readonly string[]
  claims: readonly string[]
  /** A device works on when the browser that allowed it has left. */
  isOfDevice?: boolean
}

/** Notes what somebody allows an application; `tx` is in the tenant's scope. Returns the grant's id. */
export async function createGrant(tx: Queryable, grant: NewGrant): Promise<string> {
  const { client, scopes } = grant
  const endsWithSession = !grant.isOfDevice && !scopes.includes('offline_access')
  const event = {
    action: 'oauth_consent',
    resource: 'oauth.oauth_clients',
    resourceId: client.id,
    sessionId: grant.sessionId,
    details: { scopes, ...(grant.refusedScopes.length > 0 && { refusedScopes: grant.refusedScopes }) },
  }
  const { id } = await tx.one(sql<{ id: string }>`
    with made as (
      insert into oauth.grants (
        oauth_client_id, is_of_platform, user_id, session_id, ends_with_session, scopes, refused_scopes, claims,
        tells_logout, expires_at
      )
      values (
        ${client.id},
        ${client.isOfPlatform},
        ${grant.userId},
        ${grant.sessionId},
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
