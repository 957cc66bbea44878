import { randomUUID } from 'node:crypto'
import { type App, mainApp } from '#platform/app.ts'
import { json, type Queryable, sql } from '#platform/database'
import { enqueue, type Job } from '#platform/jobs'
import { deliverEvent } from './deliveries.ts'
import { errors } from './errors.ts'

/** What endpoints are told: the type that a module declares, and ids and plain values, nothing secret. */
export type WebhookEvent = { type: string; data: Readonly<Record<string, unknown>> }

/** Of the try that a person makes from the console. */
export const testEvent = 'webhooks.test'

/** The types that can be subscribed to, with what each tells. */
export function listEventTypes(app: App): { type: string; description: string }[] {
  return app.modules
    .flatMap(({ events = {} }) => Object.entries(events))
    .map(([type, description]) => ({ type, description }))
    .toSorted((a, b) => a.type.localeCompare(b.type))
}

/**
 * Tells the endpoints of the scope's tenant, if, and only if, `tx` commits; each gets it at least once, and knows a second
 * copy by its `webhook-id`. Costs nothing where a tenant has no endpoint; a new one is heard of within five seconds.
 */
export async function emitEvent(app: App, tx: Queryable, { type, data }: WebhookEvent): Promise<void> {
  const { tenantId } = tx.scope
  if (!listEventTypes(app).some(declared => declared.type === type)) throw errors.eventTypeUnknown({ type })
  if (tenantId === undefined || !(await hasEndpoints(mainApp(app), tenantId))) return
  const occurredAt = app.clock.now().toISOString()
  await enqueue(tx, dispatchEvent, { tenantId, eventId: randomUUID(), type, occurredAt, data })
}

/** How long the lack of endpoints is believed, ms. */
const believedFor = 5_000
const rememberedAtMost = 10_000
const remembered = new WeakMap<App, Map<string, { has: boolean; until: number }>>()

async function hasEndpoints(app: App, tenantId: string): Promise<boolean> {
  const ofApp = remembered.get(app) ?? new Map<string, { has: boolean; until: number }>()
  remembered.set(app, ofApp)
  const known = ofApp.get(tenantId)
  if (known && known.until > performance.now()) return known.has
  const { has } = await app.db.reads({ tenantId }).one(sql<{ has: boolean }>`
    select exists (select from webhooks.endpoints where tenant_id = ${tenantId} and is_enabled) as has`)
  if (ofApp.size >= rememberedAtMost) ofApp.clear()
  ofApp.set(tenantId, { has, until: performance.now() + believedFor })
  return has
}

/** What this process believes of a tenant's endpoints is asked anew. */
export function forgetEndpoints(app: App, tenantId: string | undefined): void {
  if (tenantId !== undefined) remembered.get(mainApp(app))?.delete(tenantId)
}

type Dispatch = {
  tenantId: string
  eventId: string
  type: string
  occurredAt: string
  data: Readonly<Record<string, unknown>>
  /** Only this endpoint, whatever it subscribes to. */
  endpointId?: string
}

export const dispatchEvent: Job<Dispatch> = {
  name: 'webhooks.dispatch-event',
  description: 'Hands an event of a tenant to each of its webhooks that wants it',
  async run({ tenantId, eventId, type, occurredAt, data, endpointId }, app) {
    await app.db.transaction({ tenantId }, async tx => {
      const wanting =
        endpointId === undefined
          ? sql`is_enabled and (event_types @> array['*'] or event_types @> array[${type}])`
          : sql`id = ${endpointId}`
      const deliveries = await tx.run(sql<{ id: string }>`
        with
          endpoint as (
            select id
            from webhooks.endpoints
            where tenant_id = ${tenantId}
              and ${wanting}
          ),
          event as (
            insert into webhooks.events (id, type, occurred_at, data)
            select ${eventId}::uuid, ${type}, ${occurredAt}::timestamptz, ${json(data)}
            where exists (select from endpoint)
            on conflict (tenant_id, id) do nothing
            returning id
          )
        insert into webhooks.deliveries (event_id, endpoint_id, next_attempt_at)
        select event.id, endpoint.id, now()
        from event, endpoint
        on conflict (tenant_id, event_id, endpoint_id) where replay_of is null do nothing
        returning id`)
      for (const { id } of deliveries) await enqueue(tx, deliverEvent, { tenantId, deliveryId: id, number: 1 })
    })
  },
}

export const removeOldEvents: Job = {
  name: 'webhooks.remove-old-events',
  description: 'Removes events that webhooks were told of more than 30 days ago, with their deliveries',
  cron: '25 4 * * *',
  async run(_data, app) {
    const system = app.db.scoped({ system: true })
    for (;;) {
      const removed = await system.run(sql`
        delete from webhooks.events
        where (tenant_id, id) in (
          select tenant_id, id
          from webhooks.events
          where created_at < now() - interval '30 days'
          order by created_at
          limit 5000
        )
        returning id`)
      if (removed.length < 5000) return
    }
  },
}
