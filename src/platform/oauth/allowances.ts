import { type Static, Type } from 'typebox'
import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { cutPage, dateTime, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { clientErrors as errors } from './client-errors.ts'
import { revokeGrantsOf } from './grants.ts'

const shared = {
  scopes: Type.Array(Type.String(), { description: 'All that was allowed, at whatever sign-in' }),
  allowedAt: timestamp,
  lastTokenAt: Type.Unsafe<Date | null>({ ...nullable(timestamp), description: 'When it last got a token' }),
  isConnected: Type.Boolean({
    description:
      'It has tokens that can work. Else it has none, but gets some at the next sign-in without asking again',
  }),
}

/** An application that somebody allowed to act for him in a tenant. */
export const AllowedApplication = Type.Object({
  id: uuid,
  name: Type.String(),
  website: nullable(Type.String()),
  isOfPlatform: Type.Boolean(),
  isActive: Type.Boolean(),
  tenant: Type.Object({ id: uuid, name: Type.String() }),
  ...shared,
})
export type AllowedApplication = Static<typeof AllowedApplication>

/** Somebody who allowed an application to act for him. */
export const AllowingPerson = Type.Object({ userId: uuid, name: nullable(Type.String()), ...shared })
export type AllowingPerson = Static<typeof AllowingPerson>

/** An application of the installation, as a tenant that knows it sees it. */
export const KnownApplication = Type.Object({
  id: uuid,
  clientId: Type.String(),
  name: Type.String(),
  description: nullable(Type.String()),
  website: nullable(Type.String()),
  scopes: Type.Array(Type.String()),
  people: Type.Integer({ description: 'How many of the tenant allowed it something' }),
})
export type KnownApplication = Static<typeof KnownApplication>

/** Not taken back: also one whose tokens ended with a sign-out, since nobody is asked again for that. */
const isRemembered = sql`
  allowed.expires_at > now()
  and (allowed.revoked_at is null or allowed.revoked_reason in ('client', 'signed_out'))`

const summary = sql`
  array(
    select distinct scope
    from unnest(string_to_array(string_agg(array_to_string(allowed.scopes, ' '), ' '), ' ')) as scope
    order by scope
  ) as scopes,
  min(allowed.created_at) as allowed_at,
  max(token.created_at) as last_token_at,
  bool_or(allowed.revoked_at is null) as is_connected`

const lastToken = sql`
  left join lateral (
    select max(created_at) as created_at
    from oauth.oauth_access_tokens
    where tenant_id = allowed.tenant_id
      and grant_id = allowed.id
  ) as token on true`

const itsClient = sql`
  client.id = allowed.oauth_client_id
  and client.tenant_id = case when allowed.is_of_platform then oauth.of_platform() else allowed.tenant_id end`

/** What somebody allowed in all his tenants, by name; 200 at most. Needs the system scope. */
export function listAllowedApplications(tx: Queryable, userId: string): Promise<AllowedApplication[]> {
  return tx.run(sql<AllowedApplication>`
    select
      client.id,
      client.name,
      client.website,
      allowed.is_of_platform,
      client.is_active,
      jsonb_build_object('id', allowed.tenant_id, 'name', oauth.tenant_name_of(allowed.tenant_id)) as tenant,
      ${summary}
    from oauth.grants as allowed
    join oauth.oauth_clients as client on ${itsClient}
    ${lastToken}
    where allowed.user_id = ${userId}
      and ${isRemembered}
    group by client.id, client.tenant_id, client.name, client.website, allowed.is_of_platform, client.is_active, allowed.tenant_id
    order by lower(client.name), client.id, allowed.tenant_id
    limit 200`)
}

/** Who of the scope's tenant allowed a client what, the newest first. */
export async function listAllowingPeople(
  tx: Queryable,
  clientId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: AllowingPerson[]; nextCursor: string | null }> {
  const list = JSON.stringify(['allowing people', clientId])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<AllowingPerson & { moment: string }>`
    select *
    from (
      select
        allowed.user_id,
        access.name_of(allowed.user_id) as name,
        ${summary},
        to_char(min(allowed.created_at) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
      from oauth.grants as allowed
      ${lastToken}
      where allowed.tenant_id = ${tx.scope.tenantId}
        and allowed.oauth_client_id = ${clientId}
        and ${isRemembered}
      group by allowed.user_id
    ) as person
    where true
      ${last ? sql`and (person.allowed_at, person.user_id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by person.allowed_at desc, person.user_id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.userId])
  return { items: items.map(({ moment: _, ...person }) => person), nextCursor }
}

/** The active applications of the installation, by name, as the scope's tenant knows them; 200 at most. */
export function listKnownApplications(tx: Queryable): Promise<KnownApplication[]> {
  return tx.run(sql<KnownApplication>`
    select
      client.id,
      client.client_id,
      client.name,
      client.description,
      client.website,
      client.scopes,
      (
        select count(distinct allowed.user_id)::integer
        from oauth.grants as allowed
        where allowed.tenant_id = ${tx.scope.tenantId}
          and allowed.oauth_client_id = client.id
          and ${isRemembered}
      ) as people
    from oauth.oauth_clients as client
    where client.tenant_id = oauth.of_platform()
      and client.is_active
    order by lower(client.name), client.id
    limit 200`)
}

/** Refuses a client that the scope's tenant does not know: neither its own nor the installation's. */
export async function requireKnownClient(tx: Queryable, id: string): Promise<void> {
  const found = await tx.maybe(sql`
    select id
    from oauth.oauth_clients
    where tenant_id in (${tx.scope.tenantId}, oauth.of_platform())
      and id = ${id}`)
  if (!found) throw errors.clientNotFound({ id })
}

/**
 * Takes back what a member of the scope's tenant allowed a client: its tokens end, and he is asked again. In a
 * transaction; after it `announceRevocation`. Refuses where there is nothing to take back.
 */
export async function revokeAllowance(
  tx: Queryable,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<void> {
  const isOwn = userId === tx.scope.userId
  const { count } = await tx.one(sql<{ count: number }>`
    select count(*) as count
    from oauth.grants as allowed
    where allowed.tenant_id = ${tx.scope.tenantId}
      and allowed.user_id = ${userId}
      and allowed.oauth_client_id = ${clientId}
      and ${isRemembered}`)
  if (count === 0) throw errors.allowanceNotFound()
  const ended = await revokeGrantsOf(tx, { userId, clientId }, isOwn ? 'user' : 'administrator')
  await recordEvent(tx, {
    action: 'oauth_allowance_revoked',
    resource: 'oauth.oauth_clients',
    resourceId: clientId,
    details: { userId, ended },
  })
}

/** The same for everybody of the scope's tenant; says of how many people. */
export async function revokeAllAllowances(tx: Queryable, clientId: string): Promise<number> {
  const people = await tx.run(sql<{ userId: string }>`
    select distinct allowed.user_id
    from oauth.grants as allowed
    where allowed.tenant_id = ${tx.scope.tenantId}
      and allowed.oauth_client_id = ${clientId}
      and ${isRemembered}`)
  for (const { userId } of people) await revokeAllowance(tx, { userId, clientId })
  return people.length
}
