import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { statementsOf } from './client-queries.ts'
import { PooledDatabase } from './pool.ts'
import type { Primary } from './positions.ts'

export type ReplicaOptions = {
  /** Host, port and database, as people know it. */
  name: string
  /** A member of commonhold_app there. */
  login: pg.ClientConfig
  poolSize: number
}

/** `away`: no answer. `refused`: it is no replica of this database, or one that must not be asked. */
export type Condition = { state: 'unknown' | 'usable' | 'away' | 'refused'; reason?: string }

type Found = {
  isInRecovery: boolean
  isPaused: boolean | null
  position: number
  lastTransactionAt: Date | null
  systemIdentifier: string
  timeline: number
  migrations: number
  isPowerful: boolean
  isMember: boolean
}

/** How a statement ended that a replica has not answered. */
export type Failure = 'conflict' | 'lost' | 'error'

/** The longest that a replica may take to say how it is, ms: what hangs is given up, with what was asked of it. */
const patience = 3_000
const longestPause = 60_000

/** PE-12: one replica of the main database: how it is, and what is under way on it. */
export class Replica {
  readonly name: string
  /** Statements under way, and all that were answered. */
  running = 0
  answered = 0
  readonly failed: Record<Failure, number> = { conflict: 0, lost: 0, error: 0 }
  private readonly options: ReplicaOptions
  private database: PooledDatabase | undefined
  private watcher: pg.Client | undefined
  private looking: Promise<void> | undefined
  private last: Found | undefined
  private known: Condition = { state: 'unknown' }
  private failures = 0
  private pausedUntil = 0

  constructor(options: ReplicaOptions) {
    this.name = options.name
    this.options = options
  }

  get condition(): Condition {
    return this.known
  }

  get isDue(): boolean {
    return performance.now() >= this.pausedUntil
  }

  /** All of the WAL before this place it has played. */
  get position(): number {
    return this.last?.position ?? 0
  }

  get found(): Readonly<Found> | undefined {
    return this.last
  }

  /** Looks how it is now. `primary` is what the primary said before; without it only the place is renewed. */
  look(primary?: Primary): Promise<void> {
    this.looking ??= this.lookOnce(primary).finally(() => {
      this.looking = undefined
    })
    return this.looking
  }

  async ask<T>(work: (database: PooledDatabase) => Promise<T>): Promise<T> {
    this.database ??= new PooledDatabase({
      login: {
        ...this.options.login,
        statement_timeout: 60_000,
        idle_in_transaction_session_timeout: 60_000,
        connectionTimeoutMillis: patience,
      },
      poolSize: this.options.poolSize,
      readLanes: 0,
      // The primary is the second one.
      attempts: 1,
    })
    this.running++
    try {
      const result = await work(this.database)
      this.answered++
      return result
    } finally {
      this.running--
    }
  }

  /** It is not asked any more until it has been looked at again. */
  refuse(reason: string): void {
    this.leave({ state: 'refused', reason })
  }

  async close(): Promise<void> {
    await this.letGo()
  }

  private async lookOnce(primary: Primary | undefined): Promise<void> {
    const limit = new AbortController()
    try {
      this.last = await Promise.race([
        this.find(),
        sleep(patience, undefined, { ref: false, signal: limit.signal }).then(() => {
          throw new Error(`It does not answer within ${patience / 1000} seconds`)
        }),
      ])
      const fault = primary && faultOf(this.last, primary)
      if (fault) this.leave({ state: 'refused', reason: fault })
      else if (primary) this.welcome()
    } catch (error) {
      const { code, message } = error as pg.DatabaseError
      // 42P01, 3F000: there is nothing of ours; 42501, 28…, 3D000: we are not let in.
      const isRefused = /^(42P01|3F000|42501|28000|28P01|3D000)$/.test(code ?? '')
      this.leave({ state: isRefused ? 'refused' : 'away', reason: message || code || String(error) })
    } finally {
      limit.abort()
    }
  }

  private async find(): Promise<Found> {
    this.watcher ??= await this.connect()
    return await statementsOf(this.watcher).one(sql<Found>`
      select
        pg_is_in_recovery() as is_in_recovery,
        case when pg_is_in_recovery() then pg_is_wal_replay_paused() end as is_paused,
        (coalesce(pg_last_wal_replay_lsn(), '0/0') - '0/0')::bigint as position,
        pg_last_xact_replay_timestamp() as last_transaction_at,
        (select system_identifier::text from pg_control_system()) as system_identifier,
        (
          select greatest(timeline_id, min_recovery_end_timeline)
          from pg_control_checkpoint()
          cross join pg_control_recovery()
        ) as timeline,
        (select count(*) from platform.migrations where state = 'applied') as migrations,
        (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as is_powerful,
        pg_has_role(current_user, to_regrole('commonhold_app')::oid, 'member') as is_member`)
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.options.login, connectionTimeoutMillis: patience })
    // What is asked next fails, and says so.
    client.on('error', () => {})
    await client.connect()
    return client
  }

  private welcome(): void {
    this.failures = 0
    this.pausedUntil = 0
    this.known = { state: 'usable' }
  }

  private leave(condition: Condition): void {
    this.known = condition
    this.failures++
    this.pausedUntil = performance.now() + Math.min(longestPause, 1_000 * 2 ** (this.failures - 1))
    void this.letGo().catch(() => {})
  }

  private async letGo(): Promise<void> {
    const { database, watcher } = this
    this.database = undefined
    this.watcher = undefined
    void watcher?.end().catch(() => {})
    await database?.abandon()
  }
}

/** Why it must not be asked, whatever it has played. */
function faultOf(found: Found, primary: Primary): string | undefined {
  if (found.systemIdentifier !== primary.systemIdentifier)
    return `It belongs to another database server: its system identifier is ${found.systemIdentifier}, that of the primary ${primary.systemIdentifier}`
  if (!found.isInRecovery) return 'It is no replica: it was promoted, or never followed a primary, and takes writes'
  if (found.timeline !== primary.timeline)
    return `It follows another history: it is on timeline ${found.timeline}, the primary on ${primary.timeline}`
  if (found.isPowerful) return 'Its login is a superuser or passes row-level security by'
  if (!found.isMember) return 'Its login is no member of commonhold_app'
  if (found.migrations < primary.migrations) return `It has ${found.migrations} of ${primary.migrations} migrations`
  return undefined
}
