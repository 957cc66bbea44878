import pg from 'pg'
import type { App } from '#platform/app.ts'
import { type Statements, statementsOf } from '#platform/database'

export type AdministrationOptions = {
  /** What the server's own lists of connections call it. */
  name?: string
  /** The longest that a statement may take, ms; 10 s unless told, 0 for no end. */
  statementTimeout?: number
  /** The longest that it waits for a lock, ms. */
  lockTimeout?: number
}

/** A short-lived connection as the administrator of the main database, or as the program where it has none (`isAdministrator`). */
export async function asAdministrator<T>(
  app: App,
  work: (tx: Statements, isAdministrator: boolean, client: pg.Client | undefined) => Promise<T>,
  options: AdministrationOptions = {},
): Promise<T> {
  if (!app.administration) return await work(app.db.scoped({ system: true }), false, undefined)
  const client = new pg.Client({
    ...app.administration.admin,
    application_name: options.name ?? applicationName,
    connectionTimeoutMillis: 5_000,
  })
  // A connection that breaks fails the statement that is under way.
  client.on('error', () => {})
  try {
    await client.connect()
    await prepareSession(client, options)
    return await work(statementsOf(client), true, client)
  } finally {
    await client.end().catch(() => {})
  }
}

/** What the server calls the connections of operations: they count for nobody's load. */
export const applicationName = 'commonhold operations'

/** Names come out qualified, nothing waits for long, and no plan is compiled: that takes longer than the catalog's queries. */
export async function prepareSession(client: pg.ClientBase, options: AdministrationOptions = {}): Promise<void> {
  const { statementTimeout = 10_000, lockTimeout = 1_000 } = options
  await client.query(
    `select
       set_config('search_path', 'pg_catalog', false),
       set_config('jit', 'off', false),
       set_config('lock_timeout', $1, false),
       set_config('statement_timeout', $2, false),
       set_config('application_name', $3, false)`,
    [String(lockTimeout), String(statementTimeout), options.name ?? applicationName],
  )
}
