import { createHash } from 'node:crypto'
import pg from 'pg'
import { recordEvent } from '#platform/audit'
import type { Keyring } from '#platform/crypto'
import {
  bringRows,
  bringTenant,
  countTenantRows,
  Database,
  isAway,
  json,
  type MirrorOptions,
  type Place,
  type Places,
  type Queryable,
  refreshMirrors,
  removeTenantRows,
  type Scope,
  sql,
} from '#platform/database'
import { errorTable } from '#platform/errors.ts'
import { noteOutbox } from './outboxes.ts'

export const placementErrors = errorTable('tenancy', {
  databaseUnavailable: [
    'unavailable',
    'The database of this workspace cannot be reached at the moment. Try again in a few seconds.',
  ],
  moving: ['unavailable', 'This workspace is being moved to another database. Try again in a few seconds.'],
  databaseUnknown: ['not_found', 'There is no database {id}.'],
  databaseUnfit: ['conflict', 'The database {name} cannot hold data of tenants: {reason}.'],
  databaseAway: ['unavailable', 'The database {name} cannot be reached: {reason}'],
})

/** What the program can do with other databases than its own. */
export type Reach = {
  /** Reads a connection URL. */
  read(url: string): pg.ClientConfig
  /** The program's own login there, made if need be. */
  login(admin: pg.ClientConfig): Promise<pg.ClientConfig>
  /** Brings counters of rows in line with the rows of a tenant, which were copied past the triggers that count them. */
  recount(admin: pg.ClientConfig, tenantId: string): Promise<void>
  /** Refuses with a sentence what cannot serve; else brings the database to the version of this program. */
  prepare(admin: pg.ClientConfig, log?: (line: string) => void): Promise<string[]>
}

export type PlacementOptions = {
  main: Database
  keyring: Keyring
  reach: Reach
  /** Schemas of the modules with `placement: 'tenant'`, and what they need of shared rows. */
  mirrors: Pick<MirrorOptions, 'schemas' | 'columns'>
  poolSize?: number
  onError?: (error: unknown) => void
  /** As `DatabaseOptions` has it. */
  onWritten?: (scope: Scope) => void
}

export type TenantDatabase = {
  id: string
  /** Host, port and database. */
  name: string
  tenants: number
  createdAt: Date
  migratedAt: Date | null
  lastError: string | null
}

export type MigratedDatabase = { id: string; name: string; applied: string[]; error: string | null }

const system = { system: true } as const

/** Milliseconds for which this process believes what it knows of placements. */
const believedFor = 1_000

/** MT-17: where tenants have their application data. */
export class Placements implements Places {
  readonly refusals = {
    away: (cause: unknown) => placementErrors.databaseUnavailable({ retryAfter: 5 }, cause),
    moving: (cause: unknown) => placementErrors.moving({ retryAfter: 2 }, cause),
  }
  readonly mirrors: Pick<MirrorOptions, 'schemas' | 'columns'>
  private readonly options: PlacementOptions
  private known = new Map<string, { databaseId: string | null; isMoving: boolean }>()
  private version = 0
  private checkedAt = Number.NEGATIVE_INFINITY
  private checking: Promise<void> | undefined

  constructor(options: PlacementOptions) {
    this.options = options
    this.mirrors = options.mirrors
  }

  find(tenantId: string, afresh = false): Place | Promise<Place> {
    if (!afresh && performance.now() - this.checkedAt < believedFor) {
      const known = this.known.get(tenantId)
      if (!known) return undefined
      if (!known.isMoving) return known.databaseId ?? undefined
    }
    return this.ask(tenantId, afresh)
  }

  /** Forgets what is remembered: the next use asks. */
  forget(): void {
    this.checkedAt = Number.NEGATIVE_INFINITY
  }

  async open(databaseId: string): Promise<Database> {
    const admin = await this.adminOf(databaseId)
    const login = await this.options.reach.login({ ...admin, connectionTimeoutMillis: 3_000 })
    return new Database({
      login: {
        ...login,
        statement_timeout: 60_000,
        idle_in_transaction_session_timeout: 60_000,
        connectionTimeoutMillis: 3_000,
      },
      poolSize: this.options.poolSize ?? 5,
      readLanes: 1,
      onError: this.options.onError ?? (() => {}),
      ...(this.options.onWritten && { onWritten: this.options.onWritten }),
    })
  }

  async bring(
    databaseId: string,
    rows: { table: string; column: string; values: readonly string[] },
  ): Promise<boolean> {
    return await this.mirroring(databaseId, options => bringRows(options, rows))
  }

  async bringMembers(databaseId: string, tenantId: string): Promise<boolean> {
    return await this.mirroring(databaseId, options => bringTenant(options, tenantId))
  }

  async noteOutbox(databaseId: string): Promise<void> {
    await noteOutbox(this.options.main, databaseId)
  }

  /** Brings what was copied of shared rows up to date; what is gone there goes here too. */
  async refresh(databaseId: string): Promise<{ changed: number; removed: number }> {
    const tenants = await this.tenantsIn(databaseId)
    return await this.mirroring(databaseId, async options => {
      const count = await refreshMirrors(options)
      for (const tenantId of tenants) await bringTenant(options, tenantId)
      return count
    })
  }

  /** A connection URL as this program reads its own. */
  read(url: string): pg.ClientConfig {
    return this.options.reach.read(url)
  }

  /** Brings what a tenant's rows lead to, as `main` sees it from within a transaction that has not ended. */
  async bringAs(
    main: pg.ClientBase,
    databaseId: string,
    tenantId: string,
    referred: readonly { table: string; column: string; values: readonly string[] }[],
  ): Promise<void> {
    await this.mirroring(databaseId, async options => {
      const readMain: MirrorOptions['readMain'] = async (statement, values) =>
        (await main.query(statement, values)).rows
      const within = { ...options, readMain }
      await bringTenant(within, tenantId)
      for (const rows of referred) await bringRows(within, rows)
    })
  }

  /** The administrator's way into a database. */
  async adminOf(databaseId: string): Promise<pg.ClientConfig> {
    const found = await this.options.main.scoped(system).maybe(sql<{ urlEncrypted: string }>`
      select url_encrypted
      from tenancy.databases
      where id = ${databaseId}`)
    if (!found) throw placementErrors.databaseUnknown({ id: databaseId })
    return this.options.reach.read(this.options.keyring.decrypt(found.urlEncrypted, contextOf(databaseId)))
  }

  /**
   * Makes a database known in which tenants may have their data, and brings it to the version of this program; one that
   * is known already gets this URL. Refuses one that cannot serve.
   */
  async register(url: string, log?: (line: string) => void): Promise<{ id: string; name: string }> {
    const { main, keyring, reach } = this.options
    const admin = reach.read(url)
    const name = nameOf(admin)
    await reach.prepare(admin, log)
    const id = crypto.randomUUID()
    const row = await main.transaction(system, async tx => {
      const made = await tx.one(sql<{ id: string }>`
        insert into tenancy.databases (id, name, url_encrypted, address_hash, migrated_at)
        values (${id}, ${name}, ${keyring.encrypt(url, contextOf(id))}, ${hashOf(name)}, now())
        on conflict (address_hash) do update set migrated_at = now(), last_error = null
        returning id`)
      if (made.id !== id) {
        await tx.run(sql`
          update tenancy.databases
          set url_encrypted = ${keyring.encrypt(url, contextOf(made.id))}
          where id = ${made.id}`)
      }
      return made
    })
    return { id: row.id, name }
  }

  /** Every database beside the main one, with how many tenants it has. */
  async list(): Promise<TenantDatabase[]> {
    return await this.options.main.scoped(system).run(sql<TenantDatabase>`
      select
        d.id,
        d.name,
        (select count(*) from tenancy.placements as p where p.database_id = d.id)::integer as tenants,
        d.created_at,
        d.migrated_at,
        d.last_error
      from tenancy.databases as d
      order by d.name`)
  }

  /** See `Reach.recount`. */
  async recount(admin: pg.ClientConfig, tenantId: string): Promise<void> {
    await this.options.reach.recount(admin, tenantId)
  }

  /** Brings one database to the version of this program and remembers how that went. */
  async migrate(databaseId: string, log?: (line: string) => void): Promise<string[]> {
    const system = this.options.main.scoped({ system: true })
    try {
      const applied = await this.options.reach.prepare(await this.adminOf(databaseId), log)
      await system.run(sql`
        update tenancy.databases
        set migrated_at = now(), last_error = null, last_error_at = null
        where id = ${databaseId}`)
      return applied
    } catch (error) {
      const reason = (error as Error).message.slice(0, 1_000)
      await system.run(sql`
        update tenancy.databases
        set last_error = ${reason}, last_error_at = now()
        where id = ${databaseId}`)
      throw error
    }
  }

  /** Brings all databases to the version of this program, `parallel` at a time. One that fails holds up no other. */
  async migrateAll(options: { parallel?: number; log?: (line: string) => void } = {}): Promise<MigratedDatabase[]> {
    const { parallel = 4, log } = options
    return await eachOf(await this.list(), parallel, async ({ id, name }) => {
      try {
        const applied = await this.migrate(id)
        log?.(`${name}: ${applied.length} applied`)
        return { id, name, applied, error: null }
      } catch (error) {
        const reason = (error as Error).message
        log?.(`${name}: ${reason}`)
        return { id, name, applied: [], error: reason }
      }
    })
  }

  /** Asks all databases for their state, `parallel` at a time. */
  async askAll<T>(
    ask: (admin: pg.ClientConfig) => Promise<T>,
    parallel = 4,
  ): Promise<{ id: string; name: string; tenants: number; answer: T | null; error: string | null }[]> {
    return await eachOf(await this.list(), parallel, async ({ id, name, tenants }) => {
      try {
        const answer = await ask({ ...(await this.adminOf(id)), connectionTimeoutMillis: 5_000 })
        return { id, name, tenants, answer, error: null }
      } catch (error) {
        return { id, name, tenants, answer: null, error: (error as Error).message }
      }
    })
  }

  /** Hands a connection as administrator of a database to `work`, and ends it. */
  async asAdministrator<T>(databaseId: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    return await connected(await this.adminOf(databaseId), work)
  }

  /** The same with all databases beside the main one, a few at a time; those that are away say so. */
  async askEach<T>(work: (client: pg.Client) => Promise<T>) {
    return await this.askAll(admin => connected(admin, work))
  }

  /**
   * Removes every row of a tenant that is deleted from the databases that it has of its own, old and unfinished copies of
   * moves too, with what was copied there for it. How many that are is written down for its certificate before any goes.
   * Refuses (`tenancy.database_away`) while one of them is away: called again it goes on. Returns how many rows went.
   */
  async removeTenant(tenantId: string): Promise<number> {
    const scope = { ...system, tenantId }
    const { main } = this.options
    const { schemas } = this.mirrors
    const places = await this.placesOf(tenantId)
    if (places.length === 0) return 0
    const { isFree } = await main.scoped(scope).one(sql<{ isFree: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('commonhold move'), hashtext(${tenantId})) as is_free`)
    if (!isFree) throw placementErrors.moving()
    const counts: Record<string, number> = {}
    for (const here of await this.askPlaces(places, client => countTenantRows(client, schemas, tenantId))) {
      for (const [table, count] of Object.entries(here)) counts[table] = (counts[table] ?? 0) + count
    }
    await main.scoped(scope).run(sql`select tenancy.count_removed_elsewhere(${json(counts)})`)
    const copied = { tenants: 'tenancy.tenants', people: 'identity.users' }
    const removed = await this.askPlaces(places, client => removeTenantRows(client, schemas, copied, tenantId))
    return removed.reduce((sum, count) => sum + count, 0)
  }

  /**
   * Hands a connection as administrator of each database beside the main one that has rows of a tenant, old and unfinished
   * copies of moves too, to `work`. Refuses (`tenancy.database_away`) while one of them is away.
   */
  async askPlacesOf<T>(tenantId: string, work: (client: pg.Client) => Promise<T>): Promise<T[]> {
    return await this.askPlaces(await this.placesOf(tenantId), work)
  }

  private async askPlaces<T>(
    places: readonly { id: string; name: string }[],
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T[]> {
    const answers: T[] = []
    for (const { id, name } of places) {
      try {
        answers.push(await this.asAdministrator(id, work))
      } catch (error) {
        if (!isAway(error)) throw error
        throw placementErrors.databaseAway({ name, reason: (error as Error).message }, error)
      }
    }
    return answers
  }

  private async placesOf(tenantId: string): Promise<{ id: string; name: string }[]> {
    return await this.options.main.scoped({ ...system, tenantId }).run(sql<{ id: string; name: string }>`
      select id, name
      from tenancy.databases
      where id in (
        select database_id from tenancy.placements where tenant_id = ${tenantId}
        union
        select unnest(array[source_id, target_id]) from tenancy.moves where tenant_id = ${tenantId}
      )
      order by id`)
  }

  private async ask(tenantId: string, afresh: boolean): Promise<Place> {
    const before = this.known.get(tenantId)
    if (afresh || before?.isMoving) await this.check()
    else {
      this.checking ??= this.check().finally(() => {
        this.checking = undefined
      })
      await this.checking
    }
    return this.known.get(tenantId)?.databaseId ?? undefined
  }

  private async check(): Promise<void> {
    const began = performance.now()
    const { version } = await this.options.main.reads(system).one(sql<{ version: number }>`
      select version
      from tenancy.placement_version`)
    if (version > this.version) {
      const rows = await this.options.main
        .scoped(system)
        .run(sql<{ tenantId: string; databaseId: string | null; isMoving: boolean }>`
        select tenant_id, database_id, is_moving
        from tenancy.placements`)
      // Of two that asked at once the later answer may come first.
      if (version > this.version) {
        this.known = new Map(rows.map(({ tenantId, ...placement }) => [tenantId, placement]))
        this.version = version
      }
    }
    this.checkedAt = Math.max(this.checkedAt, began)
  }

  private async tenantsIn(databaseId: string): Promise<string[]> {
    const rows = await this.options.main.scoped(system).run(sql<{ tenantId: string }>`
      select tenant_id
      from tenancy.placements
      where database_id = ${databaseId}`)
    return rows.map(({ tenantId }) => tenantId)
  }

  private async mirroring<T>(databaseId: string, work: (options: MirrorOptions) => Promise<T>): Promise<T> {
    const { main } = this.options
    const target = new pg.Client({ ...(await this.adminOf(databaseId)), connectionTimeoutMillis: 3_000 })
    target.on('error', () => {})
    try {
      await target.connect()
      return await work({
        target,
        ...this.mirrors,
        readMain: (statement, values) => main.scoped(system).run({ sql: statement, parameters: values } as never),
      })
    } finally {
      await target.end().catch(() => {})
    }
  }
}

/** Gives a tenant that has no application data yet a database of its own. `tx` is the system's, in the tenant's scope. */
export async function placeTenant(tx: Queryable, tenantId: string, databaseId: string | null): Promise<void> {
  await tx.run(sql`
    insert into tenancy.placements (tenant_id, database_id)
    values (${tenantId}, ${databaseId})
    on conflict (tenant_id) do update set database_id = excluded.database_id`)
  await tx.run(sql`
    update tenancy.tenants
    set database_url_encrypted = (select url_encrypted from tenancy.databases where id = ${databaseId})
    where id = ${tenantId}`)
  await recordEvent(tx, {
    action: 'place',
    resource: 'tenancy.placements',
    resourceId: tenantId,
    details: { databaseId },
  })
}

export function nameOf({ host = 'localhost', port = 5432, database = 'postgres' }: pg.ClientConfig): string {
  return `${host}:${port}/${database}`
}

async function connected<T>(admin: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...admin, connectionTimeoutMillis: 3_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

async function eachOf<T, R>(all: readonly T[], parallel: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = [...all.entries()]
  const take = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1])
  }
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, take))
  return results
}

const contextOf = (databaseId: string) => `tenancy.databases.url:${databaseId}`
const hashOf = (name: string) => createHash('sha256').update(name.toLowerCase()).digest()
