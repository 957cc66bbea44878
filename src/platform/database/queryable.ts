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
}

/** A query of Kysely's builder or `sql` tag; `Row` is the row after camelCase mapping. */
export type Query<Row> = Compilable<Row> | RawBuilder<Row> | CompiledQuery<Row>

/** Where a noun's functions send their statements: one scoped batch each, or one transaction for several. */
export type Queryable = {
  readonly scope: Scope
  /** All rows, keys in camelCase. */
  run<Row>(query: Query<Row>): Promise<Row[]>
  /** The only row; a bug if there is none or more than one. */
  one<Row>(query: Query<Row>): Promise<Row>
  /** The row, or undefined if there is none; a bug if there is more than one. */
  maybe<Row>(query: Query<Row>): Promise<Row | undefined>
  /**
   * MT-17: asked by who is about to leave work for the main database's workers: true where this is a database without
   * any, a tenant's own, so that it goes into the outbox there; that is looked at soon after this has committed. Absent
   * from what only ever reaches the main database.
   */
  readonly usesOutbox?: () => Promise<boolean>
}
