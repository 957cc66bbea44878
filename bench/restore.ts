import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { Keyring } from '#platform/crypto'
import { startEmbedded } from '#platform/database'
import { createLogger } from '#platform/http'
import { loadConfig } from '../src/main/config.ts'
import { modules } from '../src/main/modules.ts'
import { createApp, recordDeclarations } from '../src/main/program.ts'
import { migrateDatabase } from '../src/platform/database/migrate.ts'
import { takeBackup } from '../src/platform/operations/backups/base-backups.ts'
import { parseLsn } from '../src/platform/operations/backups/positions.ts'
import { startReceiver } from '../src/platform/operations/backups/receiver.ts'
import { recoverAside } from '../src/platform/operations/backups/recoveries.ts'
import { restoreTenant } from '../src/platform/operations/backups/tenant-restores.ts'
import type { Bench } from './context.ts'

/** MB of rows, and which part of them belongs to tenants; the rest is shared, as the catalogue of contractors is. */
const megabytes = Number(process.argv.find(it => it.startsWith('--megabytes='))?.slice(12) ?? 5000)
const ofTenants = Number(process.argv.find(it => it.startsWith('--of-tenants='))?.slice(13) ?? 0.2)
const tenants = Math.max(1, Math.round(100 * ofTenants))
// Of 1.25 kB with what is around them.
const rowsInAll = Math.round((megabytes * 1000) / 1.25)

/** One workspace with 1 % of the database, against the whole server brought back by hand (and nothing carried over yet). */
const restore: Bench = async ({ log }) => {
  const root = mkdtempSync(join(tmpdir(), 'commonhold-bench-restore-'))
  // The WAL of a server that people run has whole pages.
  const settings = { full_page_writes: 'on' }
  const server = await startEmbedded({ dataDirectory: join(root, 'data'), durable: false, settings })
  const keys = Keyring.generate('k1')
  const keyring = Keyring.parse(keys)
  const admin = server.adminConfig()
  const shelf = { folder: join(root, 'backups'), keyring }
  try {
    await migrateDatabase({ admin })
    await recordDeclarations(admin, modules)
    const client = new pg.Client(admin)
    client.on('error', () => {})
    await client.connect()
    await client.query(`create role bench_program login password 'bench' in role commonhold_app`)
    await client.query(`grant connect on database ${admin.database} to bench_program`)
    await fill(client)
    const receiver = await startReceiver({ shelf, admin })
    const { plainBytes } = await takeBackup({ shelf, admin })
    const { rows } = await client.query('select clock_timestamp() as at')
    const target = { at: rows[0].at as Date }
    await new Promise(resolve => setTimeout(resolve, 10))
    await client.query(`set session_replication_role = replica; delete from ${lists} where tenant_id = '${idOf(1)}'`)
    const { rows: ended } = await client.query('select pg_switch_wal()::text as lsn')
    // What comes after it tells that it was received.
    await client.query('create table public.after_it ()')
    while (parseLsn(receiver.position()?.lsn ?? '0/0') <= parseLsn(ended[0].lsn))
      await new Promise(resolve => setTimeout(resolve, 50))

    const began = performance.now()
    const whole = await recoverAside({ shelf, target, into: join(root, 'whole') })
    const byHand = performance.now() - began
    await whole.stop()

    const app = createApp({
      settings: loadConfig(modules, { COMMONHOLD_DATA_DIR: root, COMMONHOLD_BACKUP_DIR: shelf.folder }).settings,
      login: { ...admin, user: 'bench_program', password: 'bench' },
      keyring,
      log: createLogger('silent'),
      database: { admin, isEmbedded: false, close: async () => {} },
    })
    const restoring = performance.now()
    const wish = {
      slug: 'bench-1',
      mode: 'merge',
      target,
      requestedBy: 'bench',
    } as const
    const { tables } = await restoreTenant(app, wish)
    const one = performance.now() - restoring
    const [back, gone] = [tables[lists]?.added, Math.round(rowsInAll / 100)]
    if (back !== gone) throw new Error(`${back} rows came back, and ${gone} were gone`)
    await app.db.close()
    await receiver.stop()
    await client.end()
    const ratio = one / byHand
    log(`${Math.round(plainBytes / 2 ** 20)} MB, ${ofTenants * 100} % of tenants, ${back} rows came back`)
    return [
      { name: 'the database, in its full backup before compression', value: plainBytes / 1e9, unit: 'GB' },
      {
        name: 'one workspace of 1 % against the whole by hand',
        value: ratio,
        unit: '×',
        target: '≤ 0.3',
        ok: ratio <= 0.3,
      },
      { name: 'one workspace', value: one / 1000, unit: 's' },
      { name: 'the whole server, laid out and recovered', value: byHand / 1000, unit: 's' },
    ]
  } finally {
    await server.stop()
    rmSync(root, { recursive: true, force: true })
  }
}

export default restore

const lists = 'contractors.contractor_lists'
/** Bytes as random ids have them: by how many are alike a search for them takes longer. */
const idOf = (number: number) =>
  createHash('md5')
    .update(`${number}`)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')

/** Rows of about 1 kB that hardly compress, past triggers and keys. */
async function fill(client: pg.Client): Promise<void> {
  const text = Array.from({ length: 8 }, (_, n) => `encode(sha512((g || '.${n}')::bytea), 'hex')`).join(' || ')
  await client.query('set session_replication_role = replica')
  await client.query(
    `insert into identity.users (id, email, full_name) values ('${idOf(0)}', 'bench@bench.example', 'Bench')`,
  )
  for (let number = 1; number <= tenants; number++) {
    await client.query(`insert into tenancy.tenants (id, name, slug) values ($1, $2, $3)`, [
      idOf(number),
      `Bench ${number}`,
      `bench-${number}`,
    ])
    await client.query(
      `insert into ${lists} (tenant_id, user_id, name, description)
      select $1, $2, 'List ' || g, left(${text}, 1000)
      from generate_series(1, $3::integer) as g`,
      [idOf(number), idOf(0), Math.round(rowsInAll / 100)],
    )
  }
  await client.query(
    `create table public.shared as select g as id, left(${text}, 1000) as text from generate_series(1, ${Math.round(rowsInAll * (1 - ofTenants))}) as g`,
  )
  await client.query('create index on public.shared (id)')
  await client.query('set session_replication_role = origin')
  await client.query('vacuum analyze')
  await client.query('checkpoint')
}
