import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import type { CompiledQuery, RawBuilder } from 'kysely'
import type pg from 'pg'
import { recordEvent } from '#platform/audit'
import { CopyInto, type Database, type Queryable, query, type Scope, sql } from '#platform/database'
import { type BadRow, fileErrors, openTextFile, Rejects, type TextFile } from '#platform/files'
import { errors } from './errors.ts'
import { formatOf, type ImportedUser, type UserFormat, userReader } from './imported-rows.ts'

export type UserImportOptions = {
  /** Told by the file's name unless given. */
  format?: UserFormat | undefined
  /** Works everything out and changes nothing. */
  dryRun?: boolean
  /** CSV file for refused rows: line, column, reason. Made when there is the first one. */
  rejectsPath?: string
  onProgress?: (progress: UserImportProgress) => void
  /** Who imports, as the log is to name him. */
  actor?: string
  signal?: AbortSignal
  /**
   * What else belongs into the transaction; `userIds` is SQL for the ids of everybody in the file who has an account now.
   * Returns how many people it has changed.
   */
  afterwards?: (tx: Queryable, userIds: RawBuilder<string[]>) => Promise<number>
}

/** Bytes are those of the file as it lies there. */
export type UserImportProgress = { bytesRead: number; bytes: number; rows: number; phase: 'reading' | 'writing' }

export type UserImportSummary = {
  file: string
  dryRun: boolean
  /** `known`: there is an account with this address already; it is left as it is, its password above all. */
  rows: { read: number; inserted: number; known: number; rejected: number }
  /** What `afterwards` returned. */
  changed: number | undefined
  /** The first of the refused rows. */
  rejects: BadRow[]
  /** Seconds. */
  duration: number
}

/**
 * PE-01: makes accounts of a file, with the password hashes of another product, all good rows in one transaction: the rows
 * go by COPY into a staging table of this connection, then statements over all of them write the accounts. Again, it
 * changes nothing. Refuses a file that is none of users; refuses single rows and goes on with the rest.
 */
export async function importUsers(db: Database, path: string, options: UserImportOptions): Promise<UserImportSummary> {
  const started = performance.now()
  const format = options.format ?? formatOf(path)
  const input = await openTextFile(path, { signal: options.signal })
  const client = await db.connect()
  const rejects = new Rejects(options.rejectsPath)
  try {
    await client.query('set statement_timeout = 0')
    await client.query('set idle_in_transaction_session_timeout = 0')
    await client.query('select identity.open_user_import()')
    const read = await stageFile(client, input, path, format, rejects, options)
    options.onProgress?.({ bytesRead: input.bytes, bytes: input.bytes, rows: read, phase: 'writing' })
    const scope: Scope = { system: true, userName: options.actor }
    const tx = await beginOn(client, scope)
    await judgeRows(client, rejects)
    const { inserted, known } = await writeUsers(client)
    const changed = await options.afterwards?.(tx, sql<string[]>`array(select user_id from pg_temp.user_import_rows)`)
    const rows = { read, inserted, known, rejected: rejects.count }
    await recordEvent(tx, { action: 'import', resource: 'identity.users', details: { file: basename(path), ...rows } })
    if (options.signal?.aborted) throw fileErrors.interrupted()
    await client.query(options.dryRun ? 'rollback' : 'commit')
    return {
      file: basename(path),
      dryRun: options.dryRun ?? false,
      rows,
      changed,
      rejects: rejects.first,
      duration: (performance.now() - started) / 1000,
    }
  } finally {
    // Ends the transaction where it has not come to its end.
    await client.end()
    await rejects.close()
  }
}

async function stageFile(
  client: pg.Client,
  input: TextFile,
  path: string,
  format: UserFormat,
  rejects: Rejects,
  options: UserImportOptions,
): Promise<number> {
  let rows = 0
  const copy = new CopyInto(client, `pg_temp.user_import_rows (${stagingColumns})`)
  const reader = userReader(path, format, {
    onUser(user) {
      rows++
      copy.add(stagingLine(user))
    },
    onBad(bad) {
      rows++
      rejects.add(bad)
    },
  })
  try {
    for await (const { text, isDamaged } of input.pieces()) {
      reader.push(text, isDamaged)
      await copy.flush()
      await rejects.settle()
      options.onProgress?.({ bytesRead: input.bytesRead(), bytes: input.bytes, rows, phase: 'reading' })
    }
    reader.end()
    if (!reader.hasHead()) throw errors.importEmailMissing({ path })
    await copy.end()
    return rows
  } catch (error) {
    await copy.abandon()
    throw error
  }
}

/** What one row alone does not tell: that another has its address or user name, and what the database takes for lower case. */
async function judgeRows(client: pg.Client, rejects: Rejects): Promise<void> {
  await client.query(`
    update pg_temp.user_import_rows
    set problem = 'email: This is not an e-mail address.'
    where email <> lower(email)`)
  await client.query(`
    update pg_temp.user_import_rows as row
    set problem = 'email: stands in line ' || first.line || ' already'
    from (
      select line as repeated_line, first_value(line) over (partition by email order by line) as line
      from pg_temp.user_import_rows
      where problem is null
    ) as first
    where row.line = first.repeated_line
      and row.line <> first.line
      and row.problem is null`)
  await client.query(`
    update pg_temp.user_import_rows as row
    set user_id = account.id
    from identity.users as account
    where account.email = row.email
      and account.deleted_at is null
      and row.problem is null`)
  await client.query(`
    update pg_temp.user_import_rows as row
    set problem = 'username: stands in line ' || first.line || ' already'
    from (
      select line as repeated_line, first_value(line) over (partition by lower(username) order by line) as line
      from pg_temp.user_import_rows
      where problem is null
        and user_id is null
        and username is not null
    ) as first
    where row.line = first.repeated_line
      and row.line <> first.line`)
  await client.query(`
    update pg_temp.user_import_rows as row
    set problem = 'username: another account has it'
    from identity.users as account
    where lower(account.username) = lower(row.username)
      and account.deleted_at is null
      and row.problem is null
      and row.user_id is null`)
  const { rows } = await client.query<{ line: number; problem: string }>(`
    delete from pg_temp.user_import_rows
    where problem is not null
    returning line, problem`)
  for (const { line, problem } of rows.toSorted((a, b) => a.line - b.line)) {
    const [column = '', reason = ''] = problem.split(': ', 2)
    rejects.add({ line, column, reason, raw: '' })
    await rejects.settle()
  }
}

/** An address or user name that somebody has taken since is his. */
async function writeUsers(client: pg.Client): Promise<{ inserted: number; known: number }> {
  const inserted = await client.query(`
    insert into identity.users (
      id, email, full_name, username, status, status_reason, status_changed_at, email_verified_at, deactivated_at,
      deactivation_reason
    )
    select
      id,
      email,
      full_name,
      username,
      status,
      case when status <> 'active' then 'Imported so' end,
      case when status <> 'active' then now() end,
      case when is_email_verified then now() end,
      case when status = 'inactive' then now() end,
      case when status = 'inactive' then 'Imported so' end
    from pg_temp.user_import_rows
    where user_id is null
    order by line
    on conflict do nothing`)
  await client.query(`
    update pg_temp.user_import_rows as row
    set user_id = account.id
    from identity.users as account
    where row.user_id is null
      and account.email = row.email
      and account.deleted_at is null`)
  await client.query(`
    insert into identity.user_profiles (user_id, timezone, language)
    select id, timezone, language
    from pg_temp.user_import_rows
    where user_id = id`)
  await client.query(`
    insert into identity.passwords (user_id, password_hash)
    select id, password_hash
    from pg_temp.user_import_rows
    where user_id = id
      and password_hash is not null`)
  const known = await client.query(`
    select count(*)::integer as count
    from pg_temp.user_import_rows
    where user_id is distinct from id`)
  return { inserted: inserted.rowCount ?? 0, known: known.rows[0].count }
}

/** A transaction on a connection of one's own, under a scope. */
async function beginOn(client: pg.Client, scope: Scope): Promise<Queryable> {
  const run = async <Row>(statement: Parameters<Queryable['run']>[0]): Promise<Row[]> => {
    const compiled = 'sql' in statement ? (statement as CompiledQuery) : (statement as RawBuilder<Row>).compile(query)
    return (await client.query(compiled.sql, [...compiled.parameters])).rows
  }
  await client.query('begin')
  await client.query(`select set_config('app.system', 'on', true), set_config('app.request', $1, true)`, [
    JSON.stringify({ name: scope.userName }),
  ])
  await client.query('set local jit = off')
  return {
    scope,
    run,
    one: async <Row>(statement: Parameters<Queryable['run']>[0]) => (await run<Row>(statement))[0] as Row,
    maybe: async <Row>(statement: Parameters<Queryable['run']>[0]) => (await run<Row>(statement))[0],
  } as Queryable
}

const stagingColumns =
  'line, id, email, full_name, username, password_hash, is_email_verified, timezone, language, status'

const stagingLine = (user: ImportedUser) =>
  `${user.line}\t${randomUUID()}\t${escaped(user.email)}\t${orNull(user.fullName)}\t${orNull(user.username)}\t${orNull(
    user.passwordHash,
  )}\t${user.isEmailVerified}\t${escaped(user.timezone)}\t${user.language}\t${user.status}`

const orNull = (text: string) => (text === '' ? '\\N' : escaped(text))
// Control characters have been refused: of what COPY gives a meaning to only this is left.
const escaped = (text: string) => text.replaceAll('\\', '\\\\')
