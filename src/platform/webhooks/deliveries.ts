import { Webhook } from 'standardwebhooks'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { cutPage, dateTime, fetchPublic, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { enqueue, type Job } from '#platform/jobs'
import { notify } from '#platform/notifications'
import { errors } from './errors.ts'
import { contextOf } from './secrets.ts'

export const deliveryStatuses = ['pending', 'succeeded', 'failed'] as const

/** An event on its way to a webhook, or there. */
export const Delivery = Type.Object({
  id: uuid,
  eventId: Type.String({ format: 'uuid', description: 'The `webhook-id` header is `msg_` and this' }),
  type: Type.String(),
  status: oneOf(deliveryStatuses),
  attempts: Type.Integer(),
  lastStatusCode: nullable(Type.Integer()),
  lastError: nullable(Type.String()),
  nextAttemptAt: nullable(timestamp),
  isReplay: Type.Boolean(),
  createdAt: timestamp,
  completedAt: nullable(timestamp),
})
export type Delivery = Static<typeof Delivery>

/** The same with what was sent and what came back. */
export const DeliveryDetails = Type.Object({
  ...Delivery.properties,
  payload: Type.Unknown({ description: 'The body as it is sent' }),
  tries: Type.Array(
    Type.Object({
      number: Type.Integer(),
      startedAt: timestamp,
      durationMs: Type.Integer(),
      statusCode: nullable(Type.Integer()),
      error: nullable(Type.String()),
      response: Type.Unsafe<string | null>({
        ...nullable(Type.String()),
        description: 'The first thousand characters of what came back',
      }),
    }),
  ),
})
export type DeliveryDetails = Static<typeof DeliveryDetails>

/** Seconds from each failed try to the next (Standard Webhooks, "Retry schedule"): three days in all, then it has failed. */
export const pauses = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const
/** A webhook that has failed for so long, without one success, is switched off. */
const givenUpAfterDays = 5
/** How long an endpoint may take to answer, ms. */
const patience = 15_000

type Job1 = { tenantId: string; deliveryId: string; number: number }

export const deliverEvent: Job<Job1> = {
  name: 'webhooks.deliver-event',
  description: 'Sends an event to a webhook, again with growing pauses until it is taken',
  async run({ tenantId, deliveryId, number }, app) {
    const due = await findDue(app.db.scoped({ tenantId }), deliveryId, number)
    if (!due) return
    const outcome = due.isEnabled ? await send(app, due) : refused('the webhook is switched off')
    await app.db.transaction({ tenantId }, tx => settle(app, tx, due, number, outcome))
  },
}

type Due = {
  id: string
  endpointId: string
  url: string
  isEnabled: boolean
  failingSince: Date | null
  createdBy: string | null
  secretEncrypted: string
  previousSecretEncrypted: string | null
  eventId: string
  type: string
  occurredAt: Date
  data: Record<string, unknown>
}

/** Undefined where this try was made already: a job may be run twice. */
function findDue(tx: Queryable, deliveryId: string, number: number): Promise<Due | undefined> {
  return tx.maybe(sql<Due>`
    select
      delivery.id,
      endpoint.id as endpoint_id,
      endpoint.url,
      endpoint.is_enabled,
      endpoint.failing_since,
      endpoint.created_by,
      endpoint.secret_encrypted,
      case when endpoint.previous_secret_until > now() then endpoint.previous_secret_encrypted end
        as previous_secret_encrypted,
      event.id as event_id,
      event.type,
      event.occurred_at,
      event.data
    from webhooks.deliveries as delivery
    join webhooks.endpoints as endpoint
      on endpoint.tenant_id = delivery.tenant_id and endpoint.id = delivery.endpoint_id
    join webhooks.events as event
      on event.tenant_id = delivery.tenant_id and event.id = delivery.event_id
    where delivery.tenant_id = ${tx.scope.tenantId}
      and delivery.id = ${deliveryId}
      and delivery.status = 'pending'
      and delivery.attempts = ${number - 1}`)
}

type Outcome = {
  startedAt: Date
  durationMs: number
  statusCode: number | null
  error: string | null
  response: string | null
  isFinal: boolean
}

const refused = (error: string): Outcome => ({
  startedAt: new Date(),
  durationMs: 0,
  statusCode: null,
  error,
  response: null,
  isFinal: true,
})

/** One try: signed with the secret, and with the one before while that counts. */
async function send(app: App, due: Due): Promise<Outcome> {
  const body = JSON.stringify(payloadOf(due))
  const startedAt = new Date()
  const began = performance.now()
  const finish = (more: Omit<Outcome, 'startedAt' | 'durationMs'>): Outcome => ({
    startedAt,
    durationMs: Math.round(performance.now() - began),
    ...more,
  })
  const secrets = [due.secretEncrypted, due.previousSecretEncrypted].filter(sealed => sealed !== null)
  const id = messageIdOf(due.eventId)
  const signatures = secrets.map(sealed =>
    new Webhook(app.keyring.decrypt(sealed, contextOf(due.endpointId))).sign(id, startedAt, body),
  )
  try {
    const answer = await fetchPublic(app, due.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(startedAt.getTime() / 1000)),
        'webhook-signature': signatures.join(' '),
      },
      body,
      milliseconds: patience,
      mostBytes: 4_096,
    })
    const isTaken = answer.status >= 200 && answer.status < 300
    const response = answer.body.toString('utf8').replaceAll('\0', '').toWellFormed().slice(0, 1_000)
    const error = isTaken ? null : `it answered ${answer.status}`
    return finish({ statusCode: answer.status, error, response, isFinal: false })
  } catch (refusal) {
    if (!(refusal instanceof DomainError)) throw refusal
    // What leads inside will lead inside tomorrow; who moves it out again can replay.
    return finish({
      statusCode: null,
      error: refusal.message,
      response: null,
      isFinal: refusal.code === 'http.outgoing_refused',
    })
  }
}

export const messageIdOf = (eventId: string) => `msg_${eventId}`

const payloadOf = ({ type, occurredAt, data }: Pick<Due, 'type' | 'occurredAt' | 'data'>) => ({
  type,
  timestamp: occurredAt.toISOString(),
  data,
})

/** Writes down what came of a try and says when the next one is; compares and sets, so that each try counts once. */
async function settle(app: App, tx: Queryable, due: Due, number: number, outcome: Outcome): Promise<void> {
  const pause = pauses[number - 1]
  const isGone = outcome.statusCode === 410
  const isOver = outcome.error !== null && (outcome.isFinal || isGone || pause === undefined)
  const status = outcome.error === null ? 'succeeded' : isOver ? 'failed' : 'pending'
  // Spread out, so that all that failed at once does not come back at once.
  const wait = status === 'pending' ? Math.round((pause ?? 0) * (1 + Math.random() * 0.1)) : 0
  const counted = await tx.run(sql`
    update webhooks.deliveries
    set
      attempts = ${number},
      status = ${status},
      completed_at = case when ${status} <> 'pending' then now() end,
      next_attempt_at = case when ${status} = 'pending' then now() + ${wait} * interval '1 second' end
    where tenant_id = ${tx.scope.tenantId}
      and id = ${due.id}
      and attempts = ${number - 1}
      and status = 'pending'
    returning id`)
  if (counted.length === 0) return
  const { startedAt, durationMs, statusCode, error, response } = outcome
  await tx.run(sql`
    insert into webhooks.attempts (delivery_id, number, started_at, duration_ms, status_code, error, response)
    values (${due.id}, ${number}, ${startedAt}, ${durationMs}, ${statusCode}, ${error}, ${response})`)
  if (status === 'pending') {
    const next = { tenantId: tx.scope.tenantId as string, deliveryId: due.id, number: number + 1 }
    await enqueue(tx, deliverEvent, next, { startAfter: wait })
  }
  if (due.isEnabled) await noteHealth(app, tx, due, { hasSucceeded: error === null, isGone })
}

async function noteHealth(
  app: App,
  tx: Queryable,
  due: Due,
  { hasSucceeded, isGone }: { hasSucceeded: boolean; isGone: boolean },
): Promise<void> {
  if (hasSucceeded) {
    await tx.run(sql`
      update webhooks.endpoints
      set failing_since = null, last_success_at = now()
      where tenant_id = ${tx.scope.tenantId}
        and id = ${due.endpointId}
        and (failing_since is not null or last_success_at is null or last_success_at < now() - interval '1 minute')`)
    return
  }
  const reason = isGone ? 'It answered 410: it is gone.' : `It has failed for ${givenUpAfterDays} days.`
  const isGivenUp = sql`(${isGone} or coalesce(failing_since < now() - ${givenUpAfterDays} * interval '1 day', false))`
  const failing = await tx.maybe(sql<{ isEnabled: boolean }>`
    update webhooks.endpoints
    set
      failing_since = coalesce(failing_since, now()),
      is_enabled = not ${isGivenUp},
      disabled_reason = case when ${isGivenUp} then ${reason} end
    where tenant_id = ${tx.scope.tenantId}
      and id = ${due.endpointId}
      and is_enabled
    returning is_enabled`)
  if (failing?.isEnabled !== false || due.createdBy === null) return
  await notify(app, tx, {
    userId: due.createdBy,
    kind: 'webhooks.switched_off',
    title: `A webhook was switched off: ${new URL(due.url).host}`,
    message: `${reason} What happens meanwhile is not sent to it. Mend it, then switch it on again.`,
    link: `/webhooks/${due.endpointId}`,
  })
}

/** The deliveries of a webhook, the newest first. */
export async function listDeliveries(
  tx: Queryable,
  endpointId: string,
  { status }: { status?: Delivery['status'] | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: Delivery[]; nextCursor: string | null }> {
  const list = JSON.stringify(['deliveries', endpointId, status])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<Delivery & { moment: string }>`
    ${selectDeliveries}
    where delivery.tenant_id = ${tx.scope.tenantId}
      and delivery.endpoint_id = ${endpointId}
      ${status === undefined ? sql`` : sql`and delivery.status = ${status}`}
      ${last ? sql`and (delivery.created_at, delivery.id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by delivery.created_at desc, delivery.id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...delivery }) => delivery), nextCursor }
}

const selectDeliveries = sql`
  select
    delivery.id,
    delivery.event_id,
    event.type,
    delivery.status,
    delivery.attempts,
    latest.status_code as last_status_code,
    latest.error as last_error,
    delivery.next_attempt_at,
    delivery.replay_of is not null as is_replay,
    delivery.created_at,
    delivery.completed_at,
    to_char(delivery.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
  from webhooks.deliveries as delivery
  join webhooks.events as event
    on event.tenant_id = delivery.tenant_id and event.id = delivery.event_id
  left join webhooks.attempts as latest
    on latest.tenant_id = delivery.tenant_id and latest.delivery_id = delivery.id and latest.number = delivery.attempts`

/** Refuses with `webhooks.delivery_not_found`. */
export async function getDelivery(tx: Queryable, id: string): Promise<DeliveryDetails> {
  const row = await tx.maybe(
    sql<Delivery & { moment: string }>`
      ${selectDeliveries}
      where delivery.tenant_id = ${tx.scope.tenantId}
        and delivery.id = ${id}`,
  )
  if (!row) throw errors.deliveryNotFound({ id })
  const event = await tx.one(sql<Pick<Due, 'type' | 'occurredAt' | 'data'>>`
    select type, occurred_at, data
    from webhooks.events
    where tenant_id = ${tx.scope.tenantId}
      and id = ${row.eventId}`)
  const tries = await tx.run(sql<DeliveryDetails['tries'][number]>`
    select number, started_at, duration_ms, status_code, error, response
    from webhooks.attempts
    where tenant_id = ${tx.scope.tenantId}
      and delivery_id = ${id}
    order by number`)
  const { moment: _, ...delivery } = row
  return { ...delivery, payload: payloadOf(event), tries }
}

/** Sends the event of a delivery to its webhook once more, as a delivery of its own with the same `webhook-id`. */
export async function replayDelivery(app: App, scope: Scope, id: string): Promise<DeliveryDetails> {
  return await app.db.transaction(scope, async tx => {
    const made = await tx.maybe(sql<{ id: string; isEnabled: boolean }>`
      insert into webhooks.deliveries (event_id, endpoint_id, replay_of, next_attempt_at)
      select delivery.event_id, delivery.endpoint_id, delivery.id, now()
      from webhooks.deliveries as delivery
      where delivery.tenant_id = ${scope.tenantId}
        and delivery.id = ${id}
      returning
        id,
        (select is_enabled from webhooks.endpoints where tenant_id = deliveries.tenant_id and id = endpoint_id) as is_enabled`)
    if (!made) throw errors.deliveryNotFound({ id })
    if (!made.isEnabled) throw errors.endpointOff()
    await recordEvent(tx, { action: 'replay', resource: 'webhooks.deliveries', resourceId: id })
    await enqueue(tx, deliverEvent, { tenantId: scope.tenantId as string, deliveryId: made.id, number: 1 })
    return await getDelivery(tx, made.id)
  })
}
