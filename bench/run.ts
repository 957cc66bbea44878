// npm run bench [NAME…] [-- --json]: each bench/NAME.ts on a fresh database of an embedded server, as people run it.
// With --data=DIRECTORY all of them on one database that is kept there, for the next run too: what a benchmark has generated is not
// generated again, but what it changes stays changed. For working on what is measured; recorded are figures of fresh databases.
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import pg from 'pg'
import { Database } from '#platform/database'
import { modules } from '../src/main/modules.ts'
import { upgradeDatabase } from '../src/main/program.ts'
import { startEmbedded } from '../src/platform/database/embedded.ts'
import type { Bench, BenchResult } from './context.ts'

const document = 'docs/benchmarks.md'
const flags = process.argv.slice(2).filter(argument => argument.startsWith('--'))
const asked = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const names = globSync('bench/*.ts')
  .map(path => basename(path, '.ts'))
  .filter(name => !['run', 'context'].includes(name))
  .sort()
const unknown = asked.filter(name => !names.includes(name))
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${names.join(', ')}.`)
  process.exit(2)
}

const kept = flags.find(flag => flag.startsWith('--data='))?.slice('--data='.length)
if (kept) mkdirSync(kept, { recursive: true })
const directory = kept || mkdtempSync(join(tmpdir(), 'commonhold-bench-'))
chmodSync(directory, 0o755)
const server = await startEmbedded({ dataDirectory: directory })
const results: BenchResult[] = []
try {
  for (const name of asked.length > 0 ? asked : names) {
    console.error(`— ${name}`)
    const measured = await runOne(name)
    results.push(...measured)
    if (flags.includes('--write') && !kept) recordTable(name, measured)
  }
} finally {
  await server.stop()
  if (!kept) rmSync(directory, { recursive: true, force: true })
}
if (flags.includes('--json')) console.log(JSON.stringify(results, null, 2))
else console.log(tableOf(results))
process.exitCode = results.some(result => result.ok === false) ? 1 : 0

async function runOne(name: string): Promise<BenchResult[]> {
  const database = kept ? 'bench' : `bench_${name.replace(/\W/g, '_')}`
  const maintenance = new pg.Client(server.adminConfig())
  await maintenance.connect()
  const { rows } = await maintenance.query('select from pg_database where datname = $1', [database])
  if (rows.length === 0) await maintenance.query(`create database ${database}`)
  const adminConfig = server.adminConfig(database)
  await upgradeDatabase(adminConfig, modules)
  const login = { ...adminConfig, user: `bench_${name}`, password: randomBytes(12).toString('hex') }
  await maintenance.query(`create role ${login.user} login password '${login.password}' in role commonhold_app`)
  await maintenance.query(`grant connect on database ${database} to ${login.user}`)
  const [admin, owner] = [new pg.Client(adminConfig), new pg.Client(adminConfig)]
  await Promise.all([admin.connect(), owner.connect()])
  await owner.query('set role commonhold_owner')
  const db = new Database({ login })
  try {
    const { default: bench } = (await import(`./${name}.ts`)) as { default: Bench }
    return await bench({ db, login, adminConfig, admin, owner, log: line => console.error(`  ${line}`) })
  } finally {
    await Promise.all([db.close(), admin.end(), owner.end()])
    if (kept) await maintenance.query(`revoke connect on database ${database} from ${login.user}`)
    else await maintenance.query(`drop database ${database} with (force)`)
    await maintenance.query(`drop role ${login.user}`)
    await maintenance.end()
  }
}

function tableOf(rows: readonly BenchResult[]): string {
  const lines = rows.map(({ name, value, unit, target, ok }) => {
    const verdict = ok === undefined ? '' : ok ? 'reached' : 'missed'
    return `| ${name} | ${value.toLocaleString('en', { maximumSignificantDigits: 4 })} ${unit} | ${target ?? ''} | ${verdict} |`
  })
  return ['| what | measured | to reach | |', '|---|---|---|---|', ...lines].join('\n')
}

/** Replaces the named section of docs/benchmarks.md; what people wrote around the tables stays. */
function recordTable(name: string, rows: readonly BenchResult[]): void {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const old = existsSync(document) ? readFileSync(document, 'utf8') : '# Benchmarks\n'
  const machine = `Node ${process.version}, PostgreSQL 18 embedded, ${cpus().length} cores`
  const section = `${start}\n${machine}\n\n${tableOf(rows)}\n${end}`
  const from = old.indexOf(start)
  const next =
    from < 0
      ? `${old.trimEnd()}\n\n## ${name}\n\n${section}\n`
      : old.slice(0, from) + section + old.slice(old.indexOf(end) + end.length)
  writeFileSync(document, next)
}
