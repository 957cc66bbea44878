import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorTable } from '#platform/errors.ts'
import { type SqlStatement, splitStatements } from './statements.ts'

const errors = errorTable('migrations', {
  badName: ['invalid', '{file} is not named YYYYMMDD_HHMMSS_module_verb_object.up.sql or .down.sql.'],
  noDown: ['invalid', '{name} has no .down.sql file. Write what undoes it, or a comment that says why nothing can.'],
  badWord: ['invalid', '{word} is not a word for a file name: lower case letters, digits and underscores.'],
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

/** A pair of files as it lies on disk. `hash` is what `hashOf` gives. */
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
    // At once: there are hundreds, and each turn of the event loop costs more than the reading.
    pair[half as 'up' | 'down'] = parseMigration(file, readFileSync(join(directory, file), 'utf8'))
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

/**
 * Writes both files of a new migration `module_verb_object` with a template and returns its name. It comes after every
 * other, also where those bear a later time than `now`. Refuses words that are not lower case, and migrations without a
 * down file: who writes the next one still remembers.
 */
export async function writeMigration(
  directory: string,
  words: readonly string[],
  now: Date,
): Promise<Migration['name']> {
  for (const word of words) if (!/^[a-z][a-z0-9_]*$/.test(word)) throw errors.badWord({ word })
  const migrations = await readMigrations(directory)
  requireDowns(migrations)
  const newest = migrations.at(-1)?.name.slice(0, 15) ?? ''
  const stamp = stampOf(now) > newest ? stampOf(now) : stampOf(new Date(dateOf(newest).getTime() + 1000))
  const name = `${stamp}_${words.join('_')}`
  await writeFile(join(directory, `${name}.up.sql`), template(words), { flag: 'wx' })
  await writeFile(join(directory, `${name}.down.sql`), '-- Undoes the .up.sql file, in the opposite order.\n', {
    flag: 'wx',
  })
  return name
}

function stampOf(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_')
}

/** Of a stamp by hand, too, that no clock shows: 80 minutes are an hour and twenty. */
function dateOf(stamp: string): Date {
  const parts = /^(....)(..)(..)_(..)(..)(..)$/.exec(stamp) as unknown as string[]
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second))
}

function template([module, verb, object]: readonly string[]): string {
  if (verb !== 'create') return `-- See db/CONVENTIONS.md.\n`
  return `-- See db/CONVENTIONS.md.
create table ${module}.${object} (
  tenant_id uuid not null constraint ${object}_tenant_id_fkey references tenancy.tenants (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint ${object}_pkey primary key (tenant_id, id)
);
comment on table ${module}.${object} is '';
select platform.isolate('${module}.${object}');
select platform.keep_updated_at('${module}.${object}');
grant select, insert, update, delete on ${module}.${object} to commonhold_app;
grant select on ${module}.${object} to commonhold_readonly;
`
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
  const known = parsed.get(file)
  if (known?.sql === sql) return known
  const statements = splitStatements(sql)
  for (const { words, line } of statements) {
    if (/^(begin|start transaction|commit|end|rollback|abort|savepoint|release|prepare transaction)\b/.test(words)) {
      throw errors.ownTransaction({ file, line, statement: words })
    }
    if (/^create (unique )?index concurrently on\b/.test(words)) throw errors.unnamedIndex({ file, line })
  }
  const isTransactional = !/^--! no-transaction\s*$/m.test(firstLine(sql))
  const migration = { file, sql, hash: hashOf(sql), isTransactional, statements }
  parsed.set(file, migration)
  return migration
}

// Who migrates reads all files more than once, and to split 200 of them takes 100 ms. They are about 1 MB.
const parsed = new Map<string, MigrationFile>()

/** SHA-256 in hex. A checkout on Windows may end its lines otherwise: that is no edit. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')
}

function firstLine(sql: string): string {
  return sql.slice(0, sql.indexOf('\n') >>> 0)
}
