import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import { hashOf, type Migration, type MigrationFile, type Repeatable } from './migration-files.ts'
import { type LoggedMigration, readLog, readRepeatableLog } from './migration-log.ts'
import { holdingLock, inMigration, inStep, type Migrator, watchingLocks } from './migrator.ts'
import { lineAt, type SqlStatement, splitStatements } from './statements.ts'

const errors = errorTable('migrations', {
  failed: ['conflict', '{file}, line {line}: {reason}'],
  doneChanged: [
    'conflict',
    '{file}: its first {count} statements are done and were changed since. Put them back as they were; the rest may be changed.',
  ],
  interrupted: [
    'conflict',
    '{file}, line {line}: `{statement}` was interrupted, and whether it was done cannot be told. Look, then go on with --interrupted repeat or --interrupted done.',
  ],
  halfReverted: ['conflict', '{name} is undone in part. Finish that first: commonhold db down --to the one before it.'],
})

/** What to do with a statement of which only a person can tell whether it was done. */
export type Interrupted = 'repeat' | 'done'

/** Applies one migration, unless another migrator has done so meanwhile; true if it was this one. */
export async function applyMigration(
  migrator: Migrator,
  migration: Migration,
  interrupted?: Interrupted,
): Promise<boolean> {
  return migration.up.isTransactional
    ? await applyWhole(migrator, migration)
    : await runStepwise(migrator, migration, 'up', interrupted)
}

/** Undoes one migration by `down`, unless another migrator has done so meanwhile; true if it was this one. */
export async function revertMigration(
  migrator: Migrator,
  name: string,
  down: MigrationFile,
  interrupted?: Interrupted,
): Promise<boolean> {
  const started = performance.now()
  const isDone = down.isTransactional
    ? await revertWhole(migrator, name, down)
    : await runStepwise(migrator, { name, up: down, down }, 'down', interrupted)
  if (isDone) migrator.log(`${name} undone in ${Math.round(performance.now() - started)} ms`)
  return isDone
}

/** Replaces what changed, all in one transaction, in order of name. */
export async function applyRepeatables(migrator: Migrator, repeatables: readonly Repeatable[]): Promise<string[]> {
  const isCurrent = (known: Map<string, string>) => repeatables.every(({ name, hash }) => known.get(name) === hash)
  if (isCurrent(await readRepeatableLog(migrator.client))) return []
  return await inMigration(migrator, 'db/repeatable', async () => {
    const known = await readRepeatableLog(migrator.client)
    const changed = repeatables.filter(({ name, hash }) => known.get(name) !== hash)
    for (const { name, hash, sql } of changed) {
      await runAll(migrator.client, { file: `${name}.sql`, statements: splitStatements(sql) })
      await migrator.client.query(
        `insert into platform.repeatable_migrations (name, hash) values ($1, $2)
        on conflict (name) do update set hash = excluded.hash, applied_at = now()`,
        [name, hash],
      )
      migrator.log(`${name} replaced`)
    }
    return changed.map(({ name }) => name)
  })
}

async function applyWhole(migrator: Migrator, { name, up, down }: Migration): Promise<boolean> {
  const { client } = migrator
  return await inMigration(migrator, name, async () => {
    const row = await findLogged(client, name)
    if (row?.state === 'reverting') throw errors.halfReverted({ name })
    if (row) return false
    await runAll(client, up)
    // The migration may have left the role or the path otherwise.
    await client.query('set local role commonhold_owner')
    await client.query(
      `insert into platform.migrations (name, state, up_hash, down_hash, down_sql) values ($1, 'applied', $2, $3, $4)`,
      [name, up.hash, down?.hash, down?.sql],
    )
    return true
  })
}

async function revertWhole(migrator: Migrator, name: string, down: MigrationFile): Promise<boolean> {
  const { client } = migrator
  return await inMigration(migrator, name, async () => {
    if (!(await findLogged(client, name))) return false
    await runAll(client, down)
    await client.query('set local role commonhold_owner')
    await forget(client, name)
    return true
  })
}

/** One at a time, so that whatever is refused can be told by its line: not every error has a position. */
async function runAll(
  client: pg.Client,
  { file, statements }: Pick<MigrationFile, 'file' | 'statements'>,
): Promise<void> {
  for (const statement of statements) await run(client, file, statement)
}

async function run(client: pg.Client, file: string, statement: SqlStatement): Promise<void> {
  await client.query(statement.text).catch(error => {
    throw failureOf(file, statement, error)
  })
}

/** What hung on the undone tables may be gone with them: the repeatable migrations run again with the next `up`. */
async function forget(client: pg.Client, name: string): Promise<void> {
  await client.query('delete from platform.migrations where name = $1', [name])
  await client.query('delete from platform.repeatable_migrations')
}

async function findLogged(client: pg.Client, name: string): Promise<LoggedMigration | undefined> {
  return (await readLog(client)).find(row => row.name === name)
}

/**
 * Sends each statement alone and keeps count in the log, so that the next run goes on where this one stopped. What can be
 * in a transaction is committed together with its count; of the rest the log says that it was begun.
 */
async function runStepwise(
  migrator: Migrator,
  migration: Migration,
  direction: 'up' | 'down',
  interrupted: Interrupted | undefined,
): Promise<boolean> {
  const { client } = migrator
  const { name } = migration
  const file = migration.up
  return await holdingLock(migrator, async () => {
    const row = await findLogged(client, name)
    if (direction === 'up' ? row?.state === 'applied' : !row) return false
    const state = direction === 'up' ? 'applying' : 'reverting'
    if (direction === 'up' && row?.state === 'reverting') throw errors.halfReverted({ name })
    const done = row?.state === state ? row.statementsDone : 0
    if (done > 0 && row?.doneHash !== doneHashOf(file.statements, done)) {
      throw errors.doneChanged({ file: file.file, count: done })
    }
    if (done > 0) migrator.log(`${name} goes on after statement ${done} of ${file.statements.length}`)
    let isOpen = row?.state === state && row.isStatementOpen
    await client.query(
      `insert into platform.migrations (name, state, up_hash, down_hash, down_sql) values ($1, $2, $3, $4, $5)
      on conflict (name) do update
      set state = excluded.state, statements_done = $6, done_hash = $7, is_statement_open = $8`,
      [
        name,
        state,
        file.hash,
        migration.down?.hash,
        migration.down?.sql,
        done,
        doneHashOf(file.statements, done),
        isOpen,
      ],
    )
    for (const [index, statement] of [...file.statements.entries()].slice(done)) {
      await runStep(migrator, { name, file, index, statement, isOpen, interrupted })
      isOpen = false
    }
    if (direction === 'down') await forget(client, name)
    else {
      await client.query(
        `update platform.migrations
        set state = 'applied', up_hash = $2, down_hash = $3, down_sql = $4, applied_at = now()
        where name = $1`,
        [name, file.hash, migration.down?.hash, migration.down?.sql],
      )
    }
    return true
  })
}

type Step = {
  name: string
  file: MigrationFile
  index: number
  statement: SqlStatement
  /** An earlier run began it, and did not see its end. */
  isOpen: boolean
  interrupted: Interrupted | undefined
}

async function runStep(migrator: Migrator, step: Step): Promise<void> {
  const { client } = migrator
  const { name, file, index, statement } = step
  const count = () =>
    client.query(
      `update platform.migrations set statements_done = $2, done_hash = $3, is_statement_open = false where name = $1`,
      [name, index + 1, doneHashOf(file.statements, index + 1)],
    )
  if (!needsNoTransaction(statement)) {
    await inStep(migrator, name, async () => {
      await client.query(`set local lock_timeout = ${migrator.locks.timeout}`)
      await run(client, file.file, statement)
      await count()
    })
    return
  }
  if (!(await isDoneAlready(migrator, step))) {
    const setOpen = (isOpen: boolean) =>
      client.query('update platform.migrations set is_statement_open = $2 where name = $1', [name, isOpen])
    await setOpen(true)
    // No lock_timeout: a concurrent build waits for old transactions without holding anybody up.
    await watchingLocks(migrator, client, () => run(client, file.file, statement)).catch(async error => {
      // The server said no, so it is not open; only a procedure may have committed a part before it failed.
      if (error.cause instanceof pg.DatabaseError && !/^(call|do)\b/.test(statement.words))
        await setOpen(false).catch(() => {})
      throw error
    })
  }
  await count()
}

function needsNoTransaction({ words }: SqlStatement): boolean {
  return (
    /^(create (unique )?index concurrently|drop index concurrently|reindex|vacuum|cluster|call|alter system)\b/.test(
      words,
    ) ||
    /^(create|drop) (database|tablespace|subscription)\b/.test(words) ||
    /^alter table .* detach partition .* concurrently$/.test(words) ||
    /^do\b.*\b(commit|rollback)\b/is.test(words)
  )
}

/** Whether a statement needs no running (again); clears away the INVALID index that a failed build has left. */
async function isDoneAlready(migrator: Migrator, { file, statement, isOpen, interrupted }: Step): Promise<boolean> {
  const built =
    /^create (?:unique )?index concurrently (?:if not exists )?(\S+|"[^"]+") on (?:only )?(.*?) (?:using |\()/.exec(
      statement.words,
    )
  if (built) {
    const index = { name: built[1] as string, table: built[2]?.replaceAll(' . ', '.') as string }
    return (await clearInvalidIndex(migrator, index)) === 'valid' && isOpen
  }
  if (!isOpen || /^(reindex|vacuum|cluster|alter system)\b|^(drop|create) .* if (not )?exists\b/.test(statement.words))
    return false
  const dropped = /^drop index concurrently (.*?)( cascade| restrict)?$/.exec(statement.words)?.[1]
  if (dropped) {
    const { rows } = await migrator.client.query('select to_regclass($1) is null as gone', [
      dropped.replaceAll(' . ', '.'),
    ])
    return rows[0].gone
  }
  if (interrupted) return interrupted === 'done'
  throw errors.interrupted({ file: file.file, line: statement.line, statement: statement.words.slice(0, 80) })
}

async function clearInvalidIndex(
  migrator: Migrator,
  index: { name: string; table: string },
): Promise<'valid' | 'none'> {
  const { client } = migrator
  for (;;) {
    const { rows } = await client.query<{ name: string; isValid: boolean; builder: number | null }>(
      `select format('%I.%I', n.nspname, c.relname) as name, x.indisvalid as "isValid", b.pid as builder
      from pg_index x
      join pg_class c on c.oid = x.indexrelid
      join pg_class t on t.oid = x.indrelid
      join pg_namespace n on n.oid = c.relnamespace
      left join pg_stat_progress_create_index b on b.index_relid = c.oid
      where t.oid = to_regclass($1) and c.relname = any(parse_ident($2))`,
      [index.table, index.name],
    )
    const [found] = rows
    if (!found) return 'none'
    if (found.isValid) return 'valid'
    if (found.builder) {
      migrator.log(`waits for process ${found.builder}, which still builds ${found.name}`)
      await sleep(500)
      continue
    }
    migrator.log(`drops the invalid index ${found.name} that an earlier try has left`)
    await watchingLocks(migrator, client, () => client.query(`drop index concurrently ${found.name}`))
  }
}

function doneHashOf(statements: readonly SqlStatement[], count: number): string {
  return hashOf(
    statements
      .slice(0, count)
      .map(statement => statement.text)
      .join(';\n'),
  )
}

function failureOf(file: string, statement: SqlStatement, error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || /^(57P0|08)/.test(error.code ?? '')) return error
  // Positions count characters from 1, in what was sent.
  const line = statement.line + lineAt(statement.text, Number(error.position ?? 1) - 1) - 1
  const reason = [error.message, error.detail, error.hint && `Hint: ${error.hint}`].filter(Boolean).join(' — ')
  return errors.failed({ file, line, reason, code: error.code }, error)
}
