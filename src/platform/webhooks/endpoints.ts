import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { type IfMatch, nullable, requireMatch, timestamp, uuid } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { errors } from './errors.ts'
import { dispatchEvent, forgetEndpoints, listEventTypes, testEvent } from './events.ts'
import { contextOf, createSigningSecret } from './secrets.ts'

/** The most of a tenant. */
const mostEndpoints = 20

/** An address outside that gets a tenant's events. */
export const Endpoint = Type.Object({
  id: uuid,
  url: Type.String(),
  description: nullable(Type.String()),
  eventTypes: Type.Array(Type.String()),
  isEnabled: Type.Boolean(),
  disabledReason: nullable(Type.String()),
  failingSince: nullable(timestamp),
  lastSuccessAt: Type.Unsafe<Date | null>({ ...nullable(timestamp), description: 'To the minute' }),
  previousSecretUntil: Type.Unsafe<Date | null>({
    ...nullable(timestamp),
    description: 'Until then events are signed with the secret before as well',
  }),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Endpoint = Static<typeof Endpoint>

/** With the secret, shown this once. */
export const NewEndpoint = Type.Object({
  ...Endpoint.properties,
  secret: Type.String({ description: '`whsec_…`, for verifying signatures; it is kept encrypted and not shown again' }),
})
export type NewEndpoint = Static<typeof NewEndpoint>

export const EndpointFields = Type.Object({
  url: Type.String({ minLength: 1, maxLength: 2000, examples: ['https://example.com/hooks'] }),
  description: Type.Optional(nullable(Type.String({ maxLength: 500 }))),
  eventTypes: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
    minItems: 1,
    maxItems: 200,
    uniqueItems: true,
    description: 'Types of events, or `*` for all, also those that come later',
  }),
})
export type EndpointFields = Static<typeof EndpointFields>

const selectEndpoints = sql`
  select
    id,
    url,
    description,
    event_types,
    is_enabled,
    disabled_reason,
    failing_since,
    last_success_at,
    case when previous_secret_until > now() then previous_secret_until end as previous_secret_until,
    created_at,
    updated_at
  from webhooks.endpoints`

/** Those of the scope's tenant, the oldest first. */
export function listEndpoints(tx: Queryable): Promise<Endpoint[]> {
  return tx.run(sql<Endpoint>`
    ${selectEndpoints}
    where tenant_id = ${tx.scope.tenantId}
    order by created_at, id`)
}

/** Refuses with `webhooks.endpoint_not_found`. */
export async function getEndpoint(tx: Queryable, id: string, lock = sql``): Promise<Endpoint> {
  const found = await tx.maybe(sql<Endpoint>`
    ${selectEndpoints}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
    ${lock}`)
  if (!found) throw errors.endpointNotFound({ id })
  return found
}

export async function createEndpoint(app: App, scope: Scope, wanted: EndpointFields): Promise<NewEndpoint> {
  requireTypes(app, wanted.eventTypes)
  const id = randomUUID()
  const secret = createSigningSecret()
  const endpoint = await app.db.transaction(scope, async tx => {
    // One after another: of two at once both would find room for the last one.
    await tx.run(sql`select pg_advisory_xact_lock(hashtext('webhooks.endpoints'), hashtext(${scope.tenantId}))`)
    const { count } = await tx.one(sql<{ count: number }>`
      select count(*) as count
      from webhooks.endpoints
      where tenant_id = ${scope.tenantId}`)
    if (count >= mostEndpoints) throw errors.endpointsTooMany({ most: mostEndpoints })
    await tx.run(sql`
      insert into webhooks.endpoints (id, url, description, event_types, secret_encrypted, created_by)
      values (
        ${id},
        ${readUrl(app, wanted.url)},
        ${wanted.description ?? null},
        ${wanted.eventTypes},
        ${app.keyring.encrypt(secret, contextOf(id))},
        ${scope.userId ?? null}
      )`)
    return await getEndpoint(tx, id)
  })
  forgetEndpoints(app, scope.tenantId)
  return { ...endpoint, secret }
}

/** Switching it on again forgets its failures. */
export async function changeEndpoint(
  app: App,
  scope: Scope,
  id: string,
  change: Partial<EndpointFields> & { isEnabled?: boolean | undefined },
  ifMatch: IfMatch,
): Promise<Endpoint> {
  if (change.eventTypes) requireTypes(app, change.eventTypes)
  const changed = await app.db.transaction(scope, async tx => {
    const old = await getEndpoint(tx, id, sql`for update`)
    requireMatch(ifMatch, old)
    const isEnabled = change.isEnabled ?? old.isEnabled
    const reason = isEnabled ? null : (old.disabledReason ?? 'Somebody has switched it off.')
    const hasComeBack = isEnabled && !old.isEnabled
    await tx.run(sql`
      update webhooks.endpoints
      set
        url = ${change.url === undefined ? old.url : readUrl(app, change.url)},
        description = ${change.description === undefined ? old.description : change.description},
        event_types = ${change.eventTypes ?? old.eventTypes},
        is_enabled = ${isEnabled},
        disabled_reason = ${reason},
        failing_since = case when ${hasComeBack} then null else failing_since end
      where tenant_id = ${scope.tenantId}
        and id = ${id}`)
    return await getEndpoint(tx, id)
  })
  forgetEndpoints(app, scope.tenantId)
  return changed
}

export async function deleteEndpoint(app: App, scope: Scope, id: string): Promise<void> {
  const removed = await app.db.scoped(scope).run(sql`
    delete from webhooks.endpoints
    where tenant_id = ${scope.tenantId}
      and id = ${id}
    returning id`)
  if (removed.length === 0) throw errors.endpointNotFound({ id })
  forgetEndpoints(app, scope.tenantId)
}

/** A new secret; for `overlapHours` events are signed with both. */
export async function rotateSecret(app: App, scope: Scope, id: string, overlapHours: number): Promise<NewEndpoint> {
  const secret = createSigningSecret()
  return await app.db.transaction(scope, async tx => {
    await getEndpoint(tx, id, sql`for update`)
    await tx.run(sql`
      update webhooks.endpoints
      set
        previous_secret_encrypted = case when ${overlapHours} > 0 then secret_encrypted end,
        previous_secret_until = case when ${overlapHours} > 0 then now() + ${overlapHours} * interval '1 hour' end,
        secret_encrypted = ${app.keyring.encrypt(secret, contextOf(id))}
      where tenant_id = ${scope.tenantId}
        and id = ${id}`)
    return { ...(await getEndpoint(tx, id)), secret }
  })
}

/** Sends a `webhooks.test` to this webhook alone. */
export async function sendTest(app: App, scope: Scope, id: string): Promise<{ eventId: string }> {
  return await app.db.transaction(scope, async tx => {
    const { isEnabled } = await getEndpoint(tx, id)
    if (!isEnabled) throw errors.endpointOff()
    const eventId = randomUUID()
    await recordEvent(tx, { action: 'test', resource: 'webhooks.endpoints', resourceId: id })
    await enqueue(tx, dispatchEvent, {
      tenantId: scope.tenantId as string,
      eventId,
      type: testEvent,
      occurredAt: app.clock.now().toISOString(),
      data: { message: 'This is a test.' },
      endpointId: id,
    })
    return { eventId }
  })
}

function requireTypes(app: App, types: readonly string[]): void {
  const declared = new Set(['*', ...listEventTypes(app).map(({ type }) => type)])
  const unknown = types.find(type => !declared.has(type))
  if (unknown !== undefined) throw errors.eventTypeUnknown({ type: unknown })
}

/** Its form alone: where the name leads is looked at with each try, since that changes. */
function readUrl(app: App, text: string): string {
  const url = URL.parse(text.trim())
  const isPlainPossible = (app.config.outgoingAllow ?? '') !== ''
  if (!url || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isPlainPossible)))
    throw errors.urlInvalid({ reason: 'it must begin with https://' })
  if (url.username || url.password) throw errors.urlInvalid({ reason: 'it holds a name or password' })
  url.hash = ''
  return url.href
}
