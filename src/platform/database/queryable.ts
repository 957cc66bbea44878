import type { Compilable, CompiledQuery, RawBuilder } from 'kysely'

/** Whose request this is. `tenantId` and `userId` reach row-level security; the rest attributes audit rows (GG-19). */
export type Scope = {
  tenantId?: string | undefined
  userId?: string | undefined
  /** The platform itself acts (sign-in, jobs): opens the platform's own tables, never an application's. */
  system?: boolean
  requestId?: string | undefined
  ipAddress?: string | undefined
  userAgent?: string | undefined
  /** The user's name as it is now, written beside the id: audit rows outlive the user. */
  userName?: string | undefined
  /** What the credential of this request permits, which may be less than what its user may (an API key with scopes). */
  permissions?: ReadonlySet<string> | undefined
  /** PE-12: of a report, what it must not be older than. */
  seen?: Seen
  /** The server refuses what would change anything. */
  readOnly?: true
}

/** PE-12: of one request, kept by `Replicas`: all that it asks for comes from one server, or from the primary in the end. */
export type Seen = {
  /** How far the WAL of the main database was after the caller's last write, as he brings it along. */
  position?: number | undefined
  replica?: Promise<object | undefined>
  isOnPrimary?: true
}

/** A query of Kysely's builder or `sql` tag; `Row` is the row after camelCase mapping. */
export type Query<Row> = Compilable<Row> | RawBuilder<Row> | CompiledQuery<Row>

declare const mayWrite: unique symbol

/** What only ever reads: a `Queryable` is one, and never the other way round. */
export type Reader = {
  readonly [mayWrite]?: boolean
  readonly scope: Scope
  /** All rows, keys in camelCase. */
  run<Row>(query: Query<Row>): Promise<Row[]>
  /** The only row; a bug if there is none or more than one. */
  one<Row>(query: Query<Row>): Promise<Row>
  /** The row, or undefined if there is none; a bug if there is more than one. */
  maybe<Row>(query: Query<Row>): Promise<Row | undefined>
}

/** Where a noun's functions send their statements: one scoped batch each, or one transaction for several. */
export type Queryable = Reader & {
  readonly [mayWrite]?: true
  /**
   * MT-17: asked by who is about to leave work for the main database's workers: true where this is a database without
   * any, a tenant's own, so that it goes into the outbox there; that is looked at soon after this has committed. Absent
   * from what only ever reaches the main database.
   */
  readonly usesOutbox?: () => Promise<boolean>
}
