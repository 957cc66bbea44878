// node scripts/lint-migrations.ts: names and pairs of the migrations, then squawk on their SQL. Part of `npm run check`.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMigrations, requireDowns } from '../src/platform/database/migration-files.ts'
import { databaseFolder } from '../src/platform/database/migrator.ts'

// Not in the lock file: its package lacks platforms, and then `npm ci` fails there.
const squawk = ['--yes', 'squawk-cli@2.66.0']
// What a down file is for.
const undoing = [
  'ban-drop-table',
  'ban-drop-column',
  'require-concurrent-index-deletion',
  'constraint-missing-not-valid',
]

// Rules given on the command line stand instead of the file's, not beside them.
const always = [...readFileSync(join(databaseFolder, '../.squawk.toml'), 'utf8').matchAll(/^ +"([a-z-]+)"/gm)].map(
  found => found[1],
)

const directory = join(databaseFolder, 'migrations')
const migrations = await readMigrations(directory)
requireDowns(migrations)
const kinds = (half: 'up' | 'down', isTransactional: boolean) =>
  migrations.flatMap(migration => {
    const file = migration[half]
    return file && file.isTransactional === isTransactional ? [join(directory, file.file)] : []
  })

let worst = 0
for (const isTransactional of [true, false]) {
  const mode = isTransactional ? [] : ['--no-assume-in-transaction']
  worst = Math.max(worst, lint(mode, kinds('up', isTransactional)))
  worst = Math.max(
    worst,
    lint([...mode, ...[...always, ...undoing].map(rule => `--exclude=${rule}`)], kinds('down', isTransactional)),
  )
}
console.log(worst === 0 ? `${migrations.length} migrations, no findings` : 'squawk has findings')
process.exitCode = worst

function lint(options: readonly string[], files: readonly string[]): number {
  if (files.length === 0) return 0
  const { status, error } = spawnSync('npx', [...squawk, ...options, ...files], {
    stdio: ['ignore', 'inherit', 'inherit'],
    cwd: join(databaseFolder, '..'),
    shell: process.platform === 'win32',
  })
  if (error) throw error
  return status ?? 1
}
