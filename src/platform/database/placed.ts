import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { DomainError } from '#platform/errors.ts'
import type { Database } from './pool.ts'
import type { Queryable, Scope } from './queryable.ts'

/** Where a tenant has its application data: a database by its id, undefined for the main one. */
export type Place = string | undefined

/** What is known of places; the tenancy module knows it. */
export type Places = {
  /** Where this tenant is now; with `afresh` not as it is remembered. */
  find(tenantId: string, afresh?: boolean): Place | Promise<Place>
  /** The program's own access to a database, not yet used. */
  open(databaseId: string): Promise<Database>
  /** Brings shared rows that a tenant's rows refer to into its database; tells whether any were missing. */
  bring(databaseId: string, rows: { table: string; column: string; values: readonly string[] }): Promise<boolean>
  /** The same for who is a member of the tenant. */
  bringMembers(databaseId: string, tenantId: string): Promise<boolean>
  /** Work was left in the database's outbox. */
  noteOutbox(databaseId: string): Promise<void>
  refusals: {
    /** The database cannot be reached. */
    away(cause: unknown): DomainError
    /** Writes are refused because the tenant is being moved. */
    moving(cause: unknown): DomainError
  }
}

export type PlacedOptions = {
  /** Open databases at a time beside the main one. */
  most?: number
  /** Milliseconds without use after which a database is closed. */
  idle?: number
  /** Milliseconds that a write waits for the end of a move's pause. */
  patience?: number
}

type Opened = {
  id: string
  database: Promise<Database>
  users: number
  usedAt: number
}

/** After a failure to connect nobody tries again before `until`; then one does, and the others wait for what he finds. */
type Breaker = { failures: number; until: number; cause: unknown }

/** SQLSTATE of platform.note_move_changes(): in a pause, and at an old copy. */
const pausedCode = 'CM001'
const goneCode = 'CM002'
const foreignKeyViolation = '23503'

/**
 * MT-17: for modules that say `placement: 'tenant'`: what is asked in a tenant's scope goes to that tenant's database,
 * all else to the main one. Databases are opened when they are needed, at most `most` at a time, and closed when idle.
 * One that is away refuses at once (503) after the first failure, for one to five seconds at a time; no other is harmed.
 */
export class PlacedDatabase implements Database {
  private readonly main: Database
  private readonly places: Places
  private readonly options: Required<PlacedOptions>
  private readonly opened = new Map<string, Opened>()
  private readonly breakers = new Map<string, Breaker>()
  private readonly sweeper: NodeJS.Timeout
  private isClosed = false

  constructor(main: Database, places: Places, options: PlacedOptions = {}) {
    this.main = main
    this.places = places
    this.options = { most: 50, idle: 60_000, patience: 5_000, ...options }
    this.sweeper = setInterval(() => this.closeIdle(), Math.min(5_000, this.options.idle)).unref()
    main.beforeClose(() => this.close())
  }

  scoped(scope: Scope): Queryable {
    return this.queryable(scope, database => database.scoped(scope))
  }

  reads(scope: Scope): Queryable {
    return this.queryable(scope, database => database.reads(scope))
  }

  get unscoped(): Queryable {
    return this.main.unscoped
  }

  async transaction<T>(scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
    let left: Place
    const result = await this.at(scope, (database, place) => {
      left = undefined
      if (place === undefined) return database.transaction(scope, work)
      const usesOutbox = async () => {
        left = place
        return true
      }
      return database.transaction(scope, tx => work({ ...tx, usesOutbox }))
    })
    if (left !== undefined) await this.noteOutbox(left)
    return result
  }

  /** Runs `work` in a database beside the main one, whoever's data are there, in a scope of its own. */
  async within<T>(databaseId: string, work: (database: Database) => Promise<T>): Promise<T> {
    return await this.using(databaseId, work)
  }

  async bring(scope: Scope, table: string, column: string, values: readonly string[]): Promise<void> {
    const place = await this.placeOf(scope)
    if (place !== undefined) await this.places.bring(place, { table, column, values })
  }

  connect(): Promise<pg.Client> {
    return this.main.connect()
  }

  beforeClose(end: () => Promise<void>): void {
    this.main.beforeClose(end)
  }

  get connections(): { total: number; idle: number; waiting: number } {
    return this.main.connections
  }

  /** Open databases beside the main one, and those known to be away, for metrics. */
  get databases(): { open: number; away: number } {
    const now = performance.now()
    return { open: this.opened.size, away: [...this.breakers.values()].filter(({ until }) => until > now).length }
  }

  /** Where the application data of this scope is: for what has to look in both places. */
  async placeOf({ tenantId }: Scope): Promise<Place> {
    return tenantId === undefined ? undefined : await this.places.find(tenantId)
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearInterval(this.sweeper)
    await Promise.all([...this.opened.values()].map(each => this.shut(each)))
  }

  private queryable(scope: Scope, at: (database: Database) => Queryable): Queryable {
    const { tenantId } = scope
    if (tenantId === undefined) return at(this.main)
    let left: Place
    const asked = async <T>(work: (tx: Queryable) => Promise<T>): Promise<T> => {
      const result = await this.at(scope, database => work(at(database)))
      if (left !== undefined) await this.noteOutbox(left)
      left = undefined
      return result
    }
    const usesOutbox = async () => {
      left = await this.placeOf(scope)
      return left !== undefined
    }
    return {
      scope,
      run: query => asked(tx => tx.run(query)),
      maybe: query => asked(tx => tx.maybe(query)),
      one: query => asked(tx => tx.one(query)),
      usesOutbox,
    }
  }

  /** What is in the outbox is safe there. Unnoted it is found by the next look at all of them. */
  private async noteOutbox(databaseId: string): Promise<void> {
    await this.places.noteOutbox(databaseId).catch(() => {})
  }

  /** Runs `work` where the tenant is, and once more where that turned out to be wrong, too early or incomplete. */
  private async at<T>(scope: Scope, work: (database: Database, place: Place) => Promise<T>): Promise<T> {
    const { tenantId } = scope
    if (tenantId === undefined) return await work(this.main, undefined)
    const began = performance.now()
    let hasMembers = false
    for (let afresh = false; ; afresh = true) {
      const found = this.places.find(tenantId, afresh)
      const place = found instanceof Promise ? await found : found
      try {
        return await (place === undefined
          ? work(this.main, place)
          : this.using(place, database => work(database, place)))
      } catch (error) {
        const code = sqlStateOf(error)
        if (code === pausedCode || code === goneCode) {
          if (performance.now() - began > this.options.patience) throw this.places.refusals.moving(error)
          await sleep(25)
        } else if (code === foreignKeyViolation && place !== undefined && !hasMembers) {
          hasMembers = true
          if (!(await this.places.bringMembers(place, tenantId))) throw error
        } else throw error
      }
    }
  }

  private async using<T>(id: string, work: (database: Database) => Promise<T>): Promise<T> {
    const breaker = this.breakers.get(id)
    const now = performance.now()
    if (breaker) {
      if (now < breaker.until) throw this.places.refusals.away(breaker.cause)
      // This one tries. Who comes before its end is refused.
      breaker.until = now + 5_000
    }
    const opened = await this.open(id)
    try {
      const database = await opened.database
      const result = await work(database)
      this.breakers.delete(id)
      return result
    } catch (error) {
      throw await this.judged(opened, error)
    } finally {
      opened.users--
      opened.usedAt = performance.now()
      if (this.opened.get(id) !== opened && opened.users === 0) void this.shut(opened)
    }
  }

  private async judged(opened: Opened, error: unknown): Promise<unknown> {
    const { id } = opened
    const isAway = isConnectFailure(error)
    if (!isAway && !isConnectionLost(error)) {
      // It answered, so it is there.
      this.breakers.delete(id)
      return error
    }
    if (isAway) {
      const failures = (this.breakers.get(id)?.failures ?? 0) + 1
      const pause = Math.min(5_000, 1_000 * 2 ** (failures - 1))
      this.breakers.set(id, { failures, until: performance.now() + pause, cause: error })
      // Closed by its last user: a pool that ends lets those that wait for a connection wait on.
      if (this.opened.get(id) === opened) this.opened.delete(id)
    }
    return this.places.refusals.away(error)
  }

  /**
   * The database, with one user more. Where too many are open the one that was not used for longest is closed; while all
   * are at work, waits.
   */
  private async open(id: string): Promise<Opened> {
    const began = performance.now()
    for (;;) {
      const known = this.opened.get(id)
      if (known) {
        known.users++
        return known
      }
      if (this.isClosed) throw new Error('The database is closed')
      if (this.opened.size < this.options.most) break
      const [oldest] = [...this.opened.values()]
        .filter(({ users }) => users === 0)
        .sort((one, other) => one.usedAt - other.usedAt)
      if (oldest) void this.shut(oldest)
      else if (performance.now() - began < this.options.patience) await sleep(20)
      else throw this.places.refusals.away(new Error('Too many databases are in use'))
    }
    const opened: Opened = { id, database: this.places.open(id), users: 1, usedAt: performance.now() }
    opened.database.catch(() => {})
    this.opened.set(id, opened)
    return opened
  }

  private closeIdle(): void {
    const before = performance.now() - this.options.idle
    for (const opened of this.opened.values()) {
      if (opened.users === 0 && opened.usedAt < before) void this.shut(opened)
    }
  }

  private async shut(opened: Opened): Promise<void> {
    if (this.opened.get(opened.id) === opened) this.opened.delete(opened.id)
    await opened.database.then(it => it.close()).catch(() => {})
  }
}

function sqlStateOf(error: unknown): string | undefined {
  // A refusal by the domain was made from what the database said.
  const cause = error instanceof DomainError ? error.cause : error
  return cause instanceof pg.DatabaseError ? cause.code : undefined
}

/** Nobody is there, he does not let us in, or he went away in the middle. */
export const isAway = (error: unknown) => isConnectFailure(error) || isConnectionLost(error)

/** Nobody is there, or he does not let us in. */
export function isConnectFailure(error: unknown): boolean {
  if (error instanceof DomainError) return false
  const { code = '', message = '', syscall } = Object(error) as { code?: string; message?: string; syscall?: string }
  return (
    syscall === 'connect' ||
    /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENOENT|3D000|28000|28P01|53300|57P03)$/.test(
      code,
    ) ||
    /not currently accepting connections|timeout exceeded when trying to connect|connection timeout|timeout expired|ECONNREFUSED/i.test(
      message,
    )
  )
}

/** It was there, and went away in the middle. */
function isConnectionLost(error: unknown): boolean {
  if (error instanceof DomainError) return false
  const { code = '', message = '' } = Object(error) as { code?: string; message?: string }
  return /^(57P0[12]|08...|ECONNRESET|EPIPE)$/.test(code) || /^Connection terminated|not queryable/.test(message)
}
