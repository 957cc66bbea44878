import type { Place } from './placed.ts'
import type { Database } from './pool.ts'
import type { Query, Reader, Scope } from './queryable.ts'
import type { Replicas } from './replicas.ts'

/** What a report reads with (PE-12). */
export interface Reports {
  scoped(scope: Scope): Reader
  reads(scope: Scope): Reader
  /** Several statements on one server, in one transaction; `work` may be run again, on another one. */
  transaction<T>(scope: Scope, work: (tx: Reader) => Promise<T>): Promise<T>
}

/**
 * PE-12: reads from a replica that is near enough, else from the primary, and from there too where the replica fails. On
 * whichever server, what a report would change is refused. Data that a tenant has in a database of its own (MT-17) are
 * read there: it has no replicas.
 */
export class ReportDatabase implements Reports {
  private readonly primary: Database
  private readonly replicas: Replicas | undefined
  private readonly find: ((scope: Scope) => Promise<Place>) | undefined

  constructor(primary: Database, replicas?: Replicas, find?: (scope: Scope) => Promise<Place>) {
    this.primary = primary
    this.replicas = replicas
    this.find = find
  }

  scoped(scope: Scope): Reader {
    return this.reader(scope, database => database.scoped({ ...scope, readOnly: true }))
  }

  reads(scope: Scope): Reader {
    return this.reader(scope, database => database.reads({ ...scope, readOnly: true }))
  }

  async transaction<T>(scope: Scope, work: (tx: Reader) => Promise<T>): Promise<T> {
    return await this.read(scope, database => database.transaction({ ...scope, readOnly: true }, work))
  }

  /** Where the application data of this scope are, as `PlacedDatabase` says it. */
  async placeOf(scope: Scope): Promise<Place> {
    return await this.find?.(scope)
  }

  private reader(scope: Scope, on: (database: Database) => Reader): Reader {
    if (!this.replicas) return on(this.primary)
    return {
      scope,
      run: <Row>(query: Query<Row>) => this.read(scope, database => on(database).run(query)),
      one: <Row>(query: Query<Row>) => this.read(scope, database => on(database).one(query)),
      maybe: <Row>(query: Query<Row>) => this.read(scope, database => on(database).maybe(query)),
    }
  }

  private async read<T>(scope: Scope, work: (database: Database) => Promise<T>): Promise<T> {
    const isElsewhere = scope.tenantId !== undefined && (await this.find?.(scope)) !== undefined
    if (!this.replicas || isElsewhere) return await work(this.primary)
    return await this.replicas.read(scope, work, () => work(this.primary))
  }
}
