import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Batch, type BatchResult, type Statement } from './batch.ts'
import { compile } from './query.ts'
import type { Query, Queryable, Scope } from './queryable.ts'
import type { Reports } from './reports.ts'
import { refusalOf } from './violations.ts'

export type DatabaseOptions = {
  /** The program's own login, a member of commonhold_app. */
  login: pg.ClientConfig
  /** Connections for writes, transactions and reads that may be slow. */
  poolSize?: number
  /** Connections that short reads share in pipeline mode. */
  readLanes?: number
  /** How often a statement is tried that others were in the way of; 3 unless told. */
  attempts?: number
  onError?: (error: unknown) => void
  /** Told of every statement and transaction that may have written something, once it has. */
  onWritten?: (scope: Scope) => void
}

/** Scoped access to rows. Nothing reaches a tenant's rows except through a scope, which also finds where they are. */
export interface Database extends Reports {
  /** Each `run` is one round trip and one implicit transaction under the scope. */
  scoped(scope: Scope): Queryable
  /**
   * As `scoped`, for reads that are known to be short: they share a few connections in pipeline mode (2.1 times the
   * throughput at 0.41 of the CPU, measured). A lane held up by a slow statement is avoided, the pool stands behind.
   */
  reads(scope: Scope): Queryable
  /** No tenant, no user: what everybody may read (the contractor catalogue, the health of the connection). */
  readonly unscoped: Queryable
  /**
   * Runs `work` in one transaction under the scope and returns its result once the server has said COMMIT.
   * BEGIN and the scope travel with the first statement. A serialization failure, a deadlock or a restore of the tenant runs
   * `work` again, at most three times, and so does a table that changed under a prepared statement: keep effects outside the
   * database out of it.
   */
  transaction<T>(scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T>
  /**
   * Before a tenant's row refers to a row that all tenants share (a contractor of the catalogue): that row is where the
   * tenant's are. `column` is a key of `table`, which is `schema.name`. Nothing to do in the main database.
   */
  bring(scope: Scope, table: string, column: string, values: readonly string[]): Promise<void>
  /** A connection of one's own as the program's login, for COPY and listening. The caller ends it. */
  connect(): Promise<pg.Client>
  /** Connections in use, idle and awaited, for metrics. */
  readonly connections: { total: number; idle: number; waiting: number }
  /** Has `end` done first when this access is closed: for connections that `connect` has made. */
  beforeClose(end: () => Promise<void>): void
  close(): Promise<void>
}

/** Access to one PostgreSQL database. */
export class PooledDatabase implements Database {
  private readonly pool: pg.Pool
  private readonly lanes: Lane[]
  private readonly options: DatabaseOptions
  private readonly endings: (() => Promise<void>)[] = []
  private readonly clients = new Set<pg.ClientBase>()
  /** Each resolves when its connection has ended. */
  private readonly open = new Set<Promise<void>>()

  constructor(options: DatabaseOptions) {
    this.options = options
    const onError = options.onError ?? (() => {})
    this.pool = new pg.Pool({ ...options.login, max: options.poolSize ?? 10, idleTimeoutMillis: 60_000 })
    // On the connections themselves too: one that is lost between two statements of a transaction has no other listener,
    // and would end the program.
    this.pool.on('connect', client => {
      client.on('error', onError)
      const ended = new Promise<void>(resolve => client.once('end', () => resolve()))
      this.clients.add(client)
      client.once('end', () => this.clients.delete(client))
      this.open.add(ended)
      void ended.then(() => this.open.delete(ended))
    })
    this.pool.on('error', () => {})
    this.lanes = Array.from({ length: options.readLanes ?? 3 }, () => new Lane(options.login, onError))
  }

  scoped(scope: Scope): Queryable {
    const { onWritten } = this.options
    // Not before it is asked: a scope is often opened for what is seldom needed.
    let settings: Statement[] | undefined
    return queryable(scope, async statement => {
      settings ??= settingsOf(scope)
      const result = await this.runPooled([...settings, statement])
      if (onWritten && !scope.readOnly && result.command !== 'SELECT') onWritten(scope)
      return result
    })
  }

  reads(scope: Scope): Queryable {
    const settings = settingsOf(scope)
    return queryable(scope, statement => {
      const lane = this.freestLane()
      return lane ? lane.run([...settings, statement]) : this.runPooled([...settings, statement])
    })
  }

  get unscoped(): Queryable {
    return this.scoped({})
  }

  async transaction<T>(scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
    let attempts = 1
    const settings = settingsOf(scope)
    for (;;) {
      try {
        const result = await this.runTransaction(scope, work, settings)
        if (!scope.readOnly) this.options.onWritten?.(scope)
        return result
      } catch (error) {
        // Its connection is gone with its plans, so this comes to an end.
        if (isStalePlan(error)) continue
        if (attempts === this.mostAttempts || !isRetryable(error)) throw error
        if (!isOutOfTurn(error)) await sleep(attempts * 20 * Math.random())
        else if (!settings.includes(takeTurn)) settings.push(takeTurn)
        attempts++
      }
    }
  }

  async bring(): Promise<void> {}

  async connect(): Promise<pg.Client> {
    const client = new pg.Client(this.options.login)
    client.on('error', this.options.onError ?? (() => {}))
    await client.connect()
    return client
  }

  get connections(): { total: number; idle: number; waiting: number } {
    return { total: this.pool.totalCount, idle: this.pool.idleCount, waiting: this.pool.waitingCount }
  }

  beforeClose(end: () => Promise<void>): void {
    this.endings.push(end)
  }

  async close(): Promise<void> {
    await Promise.all(this.endings.map(end => end()))
    await Promise.all([this.pool.end(), ...this.lanes.map(lane => lane.close())])
    // The pool has only said that it ends them. A server that stops before they have would throw them out, and say so.
    await Promise.race([Promise.all(this.open), sleep(1000, undefined, { ref: false })])
  }

  /** Ends at once, also what is under way: who waits for an answer is told that there is none. */
  async abandon(): Promise<void> {
    // One that waits for an answer is cut off; a server that does not answer would not say goodbye either.
    for (const client of this.clients) void (client as pg.Client).end().catch(() => {})
    await this.close()
  }

  private get mostAttempts(): number {
    return this.options.attempts ?? 3
  }

  private async runPooled(statements: Statement[], attempts = 1): Promise<BatchResult> {
    const client = await this.pool.connect()
    let broken = false
    try {
      return await send(client, statements)
    } catch (error) {
      broken = !(error instanceof pg.DatabaseError) || isStalePlan(error)
      if (!isStalePlan(error) && (attempts === this.mostAttempts || !isRetryable(error))) throw error
      if (isOutOfTurn(error) && !statements.includes(takeTurn)) statements.splice(-1, 0, takeTurn)
    } finally {
      client.release(broken)
    }
    // The table changed under a prepared statement, or others were in the way, and nothing was done: a fresh connection
    // has no stale plan. Asked for after this one is given back, or as many callers as there are connections would wait
    // for each other.
    return await this.runPooled(statements, attempts + 1)
  }

  private async runTransaction<T>(
    scope: Scope,
    work: (tx: Queryable) => Promise<T>,
    settings: readonly Statement[],
  ): Promise<T> {
    const client = await this.pool.connect()
    let begun = false
    let broken = false
    let previous: Promise<unknown> = Promise.resolve()
    const tx = queryable(scope, statement => {
      const statements = begun ? [statement] : [begin, ...settings, statement]
      begun = true
      // One at a time, in the order asked, so that `Promise.all` over a transaction is right too.
      const result = previous.then(() => send(client, statements))
      previous = result.catch(() => {})
      return result
    })
    try {
      const result = await work(tx)
      await previous
      if (begun) await commit(client)
      return result
    } catch (error) {
      if (begun) {
        await previous
        broken = await send(client, [rollback]).then(
          () => isStalePlan(error),
          () => true,
        )
      }
      throw error
    } finally {
      client.release(broken)
    }
  }

  private freestLane(): Lane | undefined {
    let best: Lane | undefined
    for (const lane of this.lanes) {
      if (lane.isFree && (!best || lane.pending < best.pending)) best = lane
    }
    return best
  }
}

/** A connection in pipeline mode: many callers' batches are on the wire at once, answered in order. */
class Lane {
  /** A lane whose oldest batch waits longer (ms) is held up: new reads go elsewhere. */
  private static readonly heldUpAfter = 15
  private static readonly mostPending = 64
  private readonly login: pg.ClientConfig
  private readonly onError: (error: unknown) => void
  private client: Promise<pg.Client> | undefined
  private readonly started = new Set<number>()
  private closed = false

  constructor(login: pg.ClientConfig, onError: (error: unknown) => void) {
    this.login = login
    this.onError = onError
  }

  get pending(): number {
    return this.started.size
  }

  get isFree(): boolean {
    if (this.closed || this.started.size >= Lane.mostPending) return false
    const oldest = this.started.values().next().value
    return oldest === undefined || performance.now() - oldest < Lane.heldUpAfter
  }

  async run(statements: Statement[]): Promise<BatchResult> {
    let since = performance.now()
    while (this.started.has(since)) since += 1e-4
    this.started.add(since)
    const client = this.connected()
    try {
      return await send(await client, statements)
    } catch (error) {
      if (!isStalePlan(error)) throw error
      this.retire(client)
      return await send(await this.connected(), statements)
    } finally {
      this.started.delete(since)
    }
  }

  async close(): Promise<void> {
    this.closed = true
    const client = await this.client?.catch(() => undefined)
    await client?.end()
  }

  private connected(): Promise<pg.Client> {
    if (this.client) return this.client
    const opening = this.open(() => this.forget(opening))
    this.client = opening
    return opening
  }

  /** Of many callers with the same stale plan one retires the connection; it ends once what is on the wire is answered. */
  private retire(client: Promise<pg.Client>): void {
    if (this.forget(client)) client.then(it => it.end()).catch(this.onError)
  }

  private forget(client: Promise<pg.Client>): boolean {
    if (this.client !== client) return false
    this.client = undefined
    return true
  }

  private async open(forget: () => void): Promise<pg.Client> {
    const client = new pg.Client({ ...this.login, pipeline: true } as pg.ClientConfig)
    client.on('error', error => {
      forget()
      this.onError(error)
    })
    try {
      await client.connect()
    } catch (error) {
      forget()
      throw error
    }
    return client
  }
}

const begin: Statement = { sql: 'begin', parameters: [] }
const rollback: Statement = { sql: 'rollback', parameters: [] }
const takeTurn: Statement = { sql: 'select platform.take_move_turn()', parameters: [] }

/** Only what the scope has is set: the rest is empty already, for a local setting dies with its transaction. */
function settingsOf(scope: Scope): Statement[] {
  const settings: string[] = []
  const parameters: string[] = []
  const set = (name: string, value: string | undefined) => {
    if (!value) return
    parameters.push(value)
    settings.push(`set_config('${name}', $${parameters.length}, true)`)
  }
  set('app.tenant_id', scope.tenantId)
  set('app.user_id', scope.userId)
  set('app.system', scope.system ? 'on' : undefined)
  set('app.request', requestSetting(scope))
  set('transaction_read_only', scope.readOnly ? 'on' : undefined)
  return settings.length > 0 ? [{ sql: `select ${settings.join(', ')}`, parameters }] : []
}

function requestSetting({ requestId, ipAddress, userAgent, userName }: Scope): string | undefined {
  if (!requestId && !ipAddress && !userAgent && !userName) return undefined
  return JSON.stringify({ id: requestId, ip: ipAddress, agent: userAgent, name: userName })
}

async function send(client: pg.ClientBase, statements: Statement[]): Promise<BatchResult> {
  const batch = new Batch(statements)
  client.query(batch as never)
  return await batch.done
}

/** A COMMIT of a failed transaction is answered ROLLBACK, without an error: taking it for done would lose the work. */
async function commit(client: pg.ClientBase): Promise<void> {
  const { command } = await send(client, [{ sql: 'commit', parameters: [] }])
  if (command !== 'COMMIT') throw new Error('The transaction was rolled back: one of its statements failed unnoticed')
}

function queryable(scope: Scope, runStatement: (statement: Statement) => Promise<BatchResult>): Queryable {
  const run = async <Row>(source: Query<Row>): Promise<Row[]> => {
    try {
      return (await runStatement(compile(source))).rows as unknown as Row[]
    } catch (error) {
      throw refusalOf(error)
    }
  }
  const maybe = async <Row>(source: Query<Row>): Promise<Row | undefined> => {
    const rows = await run(source)
    if (rows.length > 1) throw new Error(`One row expected, ${rows.length} came`)
    return rows[0]
  }
  const one = async <Row>(source: Query<Row>): Promise<Row> => {
    const row = await maybe(source)
    if (row === undefined) throw new Error('One row expected, none came')
    return row
  }
  return { scope, run, maybe, one }
}

const isRetryable = (error: unknown) =>
  error instanceof pg.DatabaseError && /^(40001|40P01|CM003)$/.test(error.code ?? '')

/** Of platform.await_move_turn(): who has locked rows of a tenant that is restored comes after the restore. */
const isOutOfTurn = (error: unknown) => error instanceof pg.DatabaseError && error.code === 'CM003'

/** 0A000: "cached plan must not change result type"; 26000: a pooler forgot the statement. */
const isStalePlan = (error: unknown) =>
  error instanceof pg.DatabaseError &&
  (error.code === '26000' || (error.code === '0A000' && /cached plan/.test(error.message)))
