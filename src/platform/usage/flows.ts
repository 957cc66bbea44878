import type { App } from '#platform/app.ts'
import { json, type Queryable, sql } from '#platform/database'
import { requireAmount } from './quotas.ts'

/** How long what was counted is kept in memory, in milliseconds. */
export const flushEvery = 5_000

/**
 * AG-02: adds to a flow of a tenant (requests, bytes sent), in this hour. Kept in the memory of the process and written
 * within five seconds for all tenants at once, and when the program stops: a crash loses what came after the last
 * writing, and a connection that is lost during a commit may have it counted twice. Where neither may be, `countUsageIn`.
 */
export function countUsage(app: App, tenantId: string, metric: string, amount: number): void {
  requireAmount(amount)
  bufferOf(app).add(tenantId, metric, amount)
}

/**
 * The same for the scope's tenant, in the transaction of `tx`: it counts with it, or not at all. Not in a database that a
 * tenant has of its own: flows are counted in the main one.
 */
export async function countUsageIn(app: App, tx: Queryable, metric: string, amount: number): Promise<void> {
  requireAmount(amount)
  if (await tx.usesOutbox?.())
    throw new Error(`${metric}: a flow is not counted in a tenant's own database; countUsage does`)
  const hour = hourOf(app.clock.now())
  await addFlows(tx, [{ tenantId: tx.scope.tenantId as string, metric, hour, amount }])
}

/** Writes what this process has counted so far. To be awaited when the program stops. */
export async function flushUsage(app: App): Promise<void> {
  await bufferOf(app).flush()
}

/** What this process has counted of a tenant and not written yet. */
export function countedSinceFlush(app: App, tenantId: string, metric: string): number {
  return bufferOf(app).pendingOf(tenantId, metric)
}

/** The start of a period in UTC. */
export function startOfPeriod(period: 'hour' | 'day' | 'month', at: Date): Date {
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()]
  if (period === 'month') return new Date(Date.UTC(year, month))
  if (period === 'day') return new Date(Date.UTC(year, month, day))
  return new Date(Date.UTC(year, month, day, at.getUTCHours()))
}

/** Amounts by hour, by tenant and metric. */
type Counts = Map<string, Map<string, number>>

class FlowBuffer {
  private readonly app: App
  private pending: Counts = new Map()
  /** Taken out and on the way into the database. */
  private writing: Counts = new Map()
  private timer: NodeJS.Timeout | undefined
  private flushed: Promise<void> = Promise.resolve()

  constructor(app: App) {
    this.app = app
  }

  add(tenantId: string, metric: string, amount: number): void {
    this.put(`${tenantId} ${metric}`, hourOf(this.app.clock.now()), amount)
    this.flushSoon()
  }

  pendingOf(tenantId: string, metric: string): number {
    const key = `${tenantId} ${metric}`
    let sum = 0
    for (const counts of [this.pending, this.writing]) {
      for (const amount of counts.get(key)?.values() ?? []) sum += amount
    }
    return sum
  }

  flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const next = this.flushed.catch(() => {}).then(() => this.write())
    this.flushed = next
    return next
  }

  private async write(): Promise<void> {
    if (this.pending.size === 0) return
    this.writing = this.pending
    this.pending = new Map()
    try {
      await addFlows(this.app.db.scoped({ system: true }), [...additionsOf(this.writing)])
      this.writing = new Map()
    } catch (error) {
      const kept = this.writing
      this.writing = new Map()
      for (const [key, hours] of kept) for (const [hour, amount] of hours) this.put(key, hour, amount)
      this.flushSoon()
      this.app.log.warn({ err: error }, 'Usage could not be written, and is kept for the next time')
      throw error
    }
  }

  private flushSoon(): void {
    this.timer ??= setTimeout(() => void this.flush().catch(() => {}), flushEvery).unref()
  }

  private put(key: string, hour: string, amount: number): void {
    const hours = this.pending.get(key) ?? new Map<string, number>()
    hours.set(hour, (hours.get(hour) ?? 0) + amount)
    this.pending.set(key, hours)
  }
}

type Addition = { tenantId: string; metric: string; hour: string; amount: number }

function* additionsOf(counts: Counts): Iterable<Addition> {
  for (const [key, hours] of counts) {
    const [tenantId = '', metric = ''] = key.split(' ')
    for (const [hour, amount] of hours) yield { tenantId, metric, hour, amount }
  }
}

const buffers = new WeakMap<App, FlowBuffer>()

function bufferOf(app: App): FlowBuffer {
  const buffer = buffers.get(app) ?? new FlowBuffer(app)
  buffers.set(app, buffer)
  return buffer
}

const hourOf = (at: Date) => startOfPeriod('hour', at).toISOString()

async function addFlows(tx: Queryable, additions: readonly Addition[]): Promise<void> {
  const rows = additions.map(({ tenantId, metric, hour, amount }) => ({
    tenant_id: tenantId,
    metric_name: metric,
    period_start: hour,
    metric_value: amount,
  }))
  await tx.run(sql`select usage.add_flows(${json(rows)})`)
}
