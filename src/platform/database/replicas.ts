import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { isAway } from './placed.ts'
import type { Database } from './pool.ts'
import { Positions } from './positions.ts'
import type { Scope } from './queryable.ts'
import { type Failure, Replica, type ReplicaOptions } from './replica.ts'

export type ReplicasOptions = {
  main: Database
  replicas: readonly ReplicaOptions[]
  /** How old at most what is shown may be, ms. */
  maxLag: number
  /** Told when one can be asked no more, or again. */
  onChange?: (status: ReplicaStatus) => void
}

/** How a replica is, as this process sees it. */
export type ReplicaStatus = {
  name: string
  /** `behind`: too old now to be asked. `unknown`: nobody has looked yet. */
  state: 'unknown' | 'ready' | 'behind' | 'away' | 'refused'
  reason: string | null
  /** How old at most is what it shows; null where that is not known. */
  lagSeconds: number | null
  lagBytes: number | null
  /** Of the last transaction that it has played, by the primary's clock. */
  lastTransactionAt: Date | null
  running: number
  answered: number
  failed: Readonly<Record<Failure, number>>
}

/** Why a report went to the primary: no replica could be asked, none had what its caller has seen, or one failed. */
export type Fallbacks = { unavailable: number; older: number; failed: number }

/** How long a report waits for what a replica says of itself, ms, before it goes to the primary. */
const shortly = 250

/**
 * PE-12: the replicas of the main database. Each is looked at every second, one that fails ever more rarely, up to once a
 * minute. A report goes to the one with the least to do that is near enough; it never shows less than its caller has
 * written or been shown by this process, nor less than he brings along from another (`Seen.position`).
 */
export class Replicas {
  private readonly replicas: readonly Replica[]
  private readonly options: ReplicasOptions
  private readonly positions: Positions
  /** When something was last written in a tenant or by a user, or a user was shown the primary's state. */
  private readonly written = new Map<string, number>()
  /** Which replica a user was shown last, and when. */
  private readonly shown = new Map<string, { replica: Replica; at: number }>()
  private readonly wentToPrimary: Fallbacks = { unavailable: 0, older: 0, failed: 0 }
  private readonly told = new Map<Replica, ReplicaStatus['state']>()
  private timer: NodeJS.Timeout | undefined
  private isClosed = false

  constructor(options: ReplicasOptions) {
    this.options = options
    this.replicas = options.replicas.map(each => new Replica(each))
    this.positions = new Positions(options.main, 2 * options.maxLag + 10_000)
    options.main.beforeClose(() => this.close())
  }

  get fallbacks(): Readonly<Fallbacks> {
    return this.wentToPrimary
  }

  get statuses(): ReplicaStatus[] {
    return this.replicas.map(replica => this.statusOf(replica))
  }

  /** Looks at them from now on, until `close`. Until the first look is done all reports go to the primary. */
  watch(): void {
    const interval = Math.min(1_000, this.options.maxLag / 4)
    const next = async () => {
      // One that hangs does not keep the others from being looked at.
      await Promise.race([this.look(), sleep(3 * interval, undefined, { ref: false })]).catch(() => {})
      if (!this.isClosed) this.timer = setTimeout(next, interval).unref()
    }
    void next()
  }

  /** Looks at all that are due, or at all that there are. */
  async look(which: 'due' | 'all' = 'due'): Promise<void> {
    // Without the primary nothing is known of how far they are behind, but still whether they live.
    const primary = await this.positions.look().catch(() => this.positions.primary)
    await Promise.all(this.replicas.filter(each => which === 'all' || each.isDue).map(each => each.look(primary)))
    await this.refuseAhead()
    this.forget()
    for (const replica of this.replicas) this.tell(replica)
  }

  /** Reads on a replica, else on the primary; there too where the replica does not answer. */
  async read<T>(scope: Scope, onReplica: (database: Database) => Promise<T>, onPrimary: () => Promise<T>): Promise<T> {
    const { seen, userId } = scope
    const replica = await this.chosen(scope)
    if (replica) {
      try {
        const result = await replica.ask(onReplica)
        if (userId !== undefined) this.shown.set(userId, { replica, at: performance.now() })
        return result
      } catch (error) {
        if (!isReplicasOwn(error)) throw error
        this.note(replica, error)
      }
    }
    if (seen) seen.isOnPrimary = true
    const result = await onPrimary()
    if (userId !== undefined) this.written.set(userId, performance.now())
    return result
  }

  /** Something was written under this scope: what its tenant and its user read from now on has it. */
  noteWritten({ tenantId, userId }: Scope): void {
    const now = performance.now()
    if (tenantId !== undefined) this.written.set(tenantId, now)
    if (userId !== undefined) this.written.set(userId, now)
  }

  /** The same, with the place behind it, for the caller to bring along: another process of ours knows nothing of it. */
  async placeBehind(scope: Scope): Promise<number> {
    this.noteWritten(scope)
    return (await this.positions.look()).position
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.timer)
    await Promise.all(this.replicas.map(replica => replica.close()))
  }

  /** One for the whole request: its answers fit each other, and it does not go back in time. */
  private async chosen(scope: Scope): Promise<Replica | undefined> {
    const { seen } = scope
    if (!seen) return await this.choose(scope)
    seen.replica ??= this.choose(scope)
    const replica = (await seen.replica) as Replica | undefined
    return seen.isOnPrimary || replica?.condition.state !== 'usable' ? undefined : replica
  }

  private async choose(scope: Scope): Promise<Replica | undefined> {
    const near = this.replicas.filter(each => this.isNear(each)).sort((one, other) => one.running - other.running)
    const [first] = near
    if (!first) {
      this.wentToPrimary.unavailable++
      return undefined
    }
    const shown = scope.userId === undefined ? undefined : this.shown.get(scope.userId)
    try {
      const least = await this.leastFor(scope)
      const has = async (replica: Replica) =>
        replica.position >= least &&
        (!shown || shown.replica === replica || replica.position >= (await this.positions.after(shown.at)))
      for (const replica of near) if (await has(replica)) return replica
      // What was known of it is up to a second old, and mostly it is only milliseconds behind.
      const likeliest = near.find(each => each === shown?.replica) ?? first
      await Promise.race([likeliest.look(this.positions.primary), sleep(shortly, undefined, { ref: false })])
      if (this.isNear(likeliest) && (await has(likeliest))) return likeliest
    } catch {
      // The primary does not say how far it is: then it has to be asked itself.
    }
    this.wentToPrimary.older++
    return undefined
  }

  private isNear(replica: Replica): boolean {
    return replica.condition.state === 'usable' && this.positions.ageOf(replica.position) <= this.options.maxLag
  }

  /** The place that every replica must have reached for this caller. */
  private async leastFor({ tenantId, userId, seen }: Scope): Promise<number> {
    const known = [tenantId, userId].map(id => (id === undefined ? undefined : this.written.get(id)))
    const places = known.map(at => (at === undefined || this.isPast(at) ? 0 : this.positions.after(at)))
    return Math.max(seen?.position ?? 0, ...(await Promise.all(places)))
  }

  /** What is so old is on each replica that is near enough to be asked. */
  private isPast(at: number): boolean {
    return at < performance.now() - this.options.maxLag
  }

  private forget(): void {
    for (const [id, at] of this.written) if (this.isPast(at)) this.written.delete(id)
    for (const [id, { at }] of this.shown) if (this.isPast(at)) this.shown.delete(id)
  }

  /** What has more than the primary has ever written follows another one. */
  private async refuseAhead(): Promise<void> {
    const isAhead = (replica: Replica) =>
      replica.condition.state === 'usable' && replica.position > (this.positions.primary?.position ?? 0)
    const ahead = this.replicas.filter(isAhead).map(replica => ({ replica, position: replica.position }))
    if (ahead.length === 0) return
    const primary = await this.positions.look().catch(() => undefined)
    if (!primary) return
    for (const { replica, position } of ahead)
      if (position > primary.position)
        replica.refuse('It has what the primary has never written: it follows another one')
  }

  private note(replica: Replica, error: unknown): void {
    const code = error instanceof pg.DatabaseError ? error.code : undefined
    const failure = /^40/.test(code ?? '') ? 'conflict' : isAway(error) ? 'lost' : 'error'
    replica.failed[failure]++
    this.wentToPrimary.failed++
    // Whether it is gone, or only this connection, it says itself, and at once.
    if (failure === 'lost') void replica.look(this.positions.primary).then(() => this.tell(replica))
  }

  private tell(replica: Replica): void {
    const status = this.statusOf(replica)
    const before = this.told.get(replica) ?? 'unknown'
    if (status.state === before) return
    this.told.set(replica, status.state)
    this.options.onChange?.(status)
  }

  private statusOf(replica: Replica): ReplicaStatus {
    const { name, running, answered, failed, found, position } = replica
    const { state, reason } = replica.condition
    const { primary } = this.positions
    const age = this.positions.ageOf(position)
    const isBehind = state === 'usable' && age > this.options.maxLag
    const isMeasured = found !== undefined && state === 'usable'
    const seconds = this.positions.isNewest(position) ? 0 : age / 1_000
    return {
      name,
      state: state !== 'usable' ? state : isBehind ? 'behind' : 'ready',
      reason: isBehind
        ? `What it shows is older than ${this.options.maxLag / 1_000} s${found?.isPaused ? ': its replay is paused' : ''}`
        : (reason ?? null),
      lagSeconds: isMeasured && Number.isFinite(seconds) ? seconds : null,
      lagBytes: isMeasured && primary ? Math.max(0, primary.position - position) : null,
      lastTransactionAt: found?.lastTransactionAt ?? null,
      running,
      answered,
      failed: { ...failed },
    }
  }
}

/** Whether another server may answer all the same: not where the statement itself takes too long, or the caller's work is wrong. */
function isReplicasOwn(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError))
    return isAway(error) || /^Connection terminated/.test(String(Object(error).message))
  return !(error.code === '57014' && /statement timeout/.test(error.message))
}
