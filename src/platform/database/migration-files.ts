import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorTable } from '#platform/errors.ts'
import { type SqlStatement, splitStatements } from './statements.ts'

const errors = errorTable('migrations', {
  badName: ['invalid', '{file} is not named YYYYMMDD_HHMMSS_module_verb_object.up.sql or .down.sql.'],
  noDown: ['invalid', '{name} has no .down.sql file. Write what undoes it, or a comment that says why nothing can.'],
  noUp: ['invalid', '{name} has a .down.sql file but no .up.sql file.'],
  ownTransaction: [
    'invalid',
    '{file}, line {line}: `{statement}` is not for a migration; the engine opens and ends the transaction.',
  ],
  unnamedIndex: [
    'invalid',
    '{file}, line {line}: an index made concurrently needs a name, so that a failed one can be found.',
  ],
})

/** A pair of files as it lies on disk. `hash` is SHA-256 in hex of the bytes. */
export type Migration = { name: string; up: MigrationFile; down: MigrationFile | undefined }
export type MigrationFile = {
  file: string
  sql: string
  hash: string
  isTransactional: boolean
  statements: SqlStatement[]
}
export type Repeatable = { name: string; sql: string; hash: string }

const fileName = /^(\d{8}_\d{6}_[a-z0-9]+(?:_[a-z0-9]+)+)\.(up|down)\.sql$/

/** Reads every migration of a folder in order of name; refuses a misnamed file, a down without an up, or transaction control. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const halves = new Map<string, { up?: MigrationFile; down?: MigrationFile }>()
  for (const file of (await readdir(directory)).filter(name => name.endsWith('.sql')).sort()) {
    const [, name, half] = fileName.exec(file) ?? []
    if (!name) throw errors.badName({ file })
    const pair = halves.get(name) ?? {}
    pair[half as 'up' | 'down'] = parseMigration(file, await readFile(join(directory, file), 'utf8'))
    halves.set(name, pair)
  }
  return [...halves].map(([name, { up, down }]) => {
    if (!up) throw errors.noUp({ name })
    return { name, up, down }
  })
}

/** Refuses migrations that nothing undoes. Asked when one is written, not when it is applied: then it is too late. */
export function requireDowns(migrations: readonly Migration[]): void {
  for (const { name, down } of migrations) if (!down) throw errors.noDown({ name })
}

/** Reads the repeatable migrations in order of name; a folder that is not there holds none. */
export async function readRepeatables(directory: string): Promise<Repeatable[]> {
  const files = await readdir(directory).catch(error => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  const names = files.filter(file => file.endsWith('.sql')).sort()
  return await Promise.all(
    names.map(async file => {
      const sql = await readFile(join(directory, file), 'utf8')
      return { name: file.replace(/\.sql$/, ''), sql, hash: hashOf(sql) }
    }),
  )
}

/** One half of a migration from its text. The first line `--! no-transaction` makes each statement run alone. */
export function parseMigration(file: string, sql: string): MigrationFile {
  const statements = splitStatements(sql)
  for (const { words, line } of statements) {
    if (/^(begin|start transaction|commit|end|rollback|abort|savepoint|release|prepare transaction)\b/.test(words)) {
      throw errors.ownTransaction({ file, line, statement: words })
    }
    if (/^create (unique )?index concurrently on\b/.test(words)) throw errors.unnamedIndex({ file, line })
  }
  return { file, sql, hash: hashOf(sql), isTransactional: !/^--! no-transaction\s*$/m.test(firstLine(sql)), statements }
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function firstLine(sql: string): string {
  return sql.slice(0, sql.indexOf('\n') >>> 0)
}
