import assert from 'node:assert/strict'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg, { type ClientConfig } from 'pg'
import { Keyring } from '#platform/crypto'
import { startEmbedded } from '#platform/database'
import { serverAccount } from '../../database/embedded-programs.ts'
import { takeBackup } from './base-backups.ts'
import { findFaults } from './contents.ts'
import { runDrill } from './drills.ts'
import { parseLsn } from './positions.ts'
import { startReceiver } from './receiver.ts'
import { recoverAside, replaceEmbedded } from './recoveries.ts'
import { keepTablespacesInside } from './tablespace-records.ts'

const root = mkdtempSync(join(tmpdir(), 'commonhold-spaces-'))
chmodSync(root, 0o755)
after(() => rmSync(root, { recursive: true, force: true }))
const dataDirectory = join(root, 'data')
// The files of the original are compared: nobody else is to write any.
const options = { dataDirectory, durable: false, settings: { summarize_wal: 'on', autovacuum: 'off' } }
let server = await startEmbedded(options)
after(() => server.stop())
const shelf = { folder: join(root, 'backups'), keyring: Keyring.parse(Keyring.generate('k1')) }

/** A directory outside the data directory, as one on another disk. */
async function makeSpace(name: string): Promise<string> {
  const directory = join(root, name)
  mkdirSync(directory, { mode: 0o700 })
  const account = serverAccount(join(dataDirectory, 'postgres'))
  if (account) chownSync(directory, account.uid, account.gid)
  await ask(`create tablespace ${name} location '${directory}'`)
  return directory
}

async function ask(text: string, config: ClientConfig = server.adminConfig()) {
  const client = new pg.Client(config)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

const content = `select
  (select count(*) || ':' || coalesce(sum(hashtext(r::text)), 0) from near as r) as near,
  (select count(*) || ':' || coalesce(sum(hashtext(r::text)), 0) from far as r) as far,
  (select count(*) || ':' || coalesce(sum(hashtext(r::text)), 0) from farther as r) as farther`

async function settle(receiver: Awaited<ReturnType<typeof startReceiver>>): Promise<void> {
  const [row] = await ask('select pg_current_wal_lsn()::text as lsn')
  while (parseLsn(receiver.position()?.lsn ?? '0/0') < parseLsn(row.lsn)) await sleep(20)
}

/** All that is below, by its path. */
const filesIn = (directory: string) => readdirSync(directory, { recursive: true }).map(String).sort()

test('GG-21 tables in tablespaces come back inside of what is restored, and their directories are left alone', async () => {
  const first = await makeSpace('first')
  await ask('create table near as select g as id from generate_series(1, 1000) as g')
  await ask('create table far tablespace first as select g as id, md5(g::text) from generate_series(1, 20000) as g')
  let receiver = await startReceiver({ shelf, admin: server.adminConfig() })
  const full = await takeBackup({ shelf, admin: server.adminConfig() })
  await ask(`update far set md5 = 'changed' where id < 500`)
  await ask('create table also_far tablespace first as select 1 as one')
  const second = await takeBackup({ shelf, admin: server.adminConfig(), incremental: true })
  assert.equal(second.kind, 'incremental')
  await ask('drop table also_far; delete from far where id > 19000')
  // One that no backup has: it comes with the WAL.
  const late = await makeSpace('late')
  await ask('create table farther tablespace late as select g as id from generate_series(1, 3000) as g')
  await settle(receiver)
  const expected = await ask(content)
  const { systemIdentifier } = full
  for (const backup of [full, second]) assert.deepEqual(await findFaults({ ...shelf, systemIdentifier }, backup), [])

  const [firstFiles, lateFiles] = [filesIn(first), filesIn(late)]
  const copy = await recoverAside({ shelf, target: { latest: true }, into: join(root, 'copy'), durable: false })
  assert.deepEqual(await ask(content, copy.adminConfig()), expected)
  await ask('update far set id = id + 1; drop table farther', copy.adminConfig())
  await ask('drop tablespace late', copy.adminConfig())
  await copy.stop()
  assert.deepEqual([filesIn(first), filesIn(late)], [firstFiles, lateFiles])
  assert.deepEqual(await ask(content), expected)
  const drill = await runDrill({ shelf, systemIdentifier, source: server.adminConfig(), into: join(root, 'drill') })
  assert.deepEqual(drill.faults, [])
  assert.ok(drill.compared >= 3)

  await receiver.stop()
  await server.stop()
  // Its end has removed files of tables that were dropped.
  const [firstThen, lateThen] = [filesIn(first), filesIn(late)]
  const { keptAside } = await replaceEmbedded({ shelf, target: { latest: true }, dataDirectory, now: new Date() })
  assert.deepEqual([filesIn(first), filesIn(late)], [firstThen, lateThen])
  // What was before may go: nothing of what was restored is in there, nor where the tablespaces were.
  rmSync(keptAside as string, { recursive: true })
  for (const directory of [first, late]) rmSync(directory, { recursive: true })
  server = await startEmbedded(options)
  assert.deepEqual(await ask(content), expected)
  assert.deepEqual(
    readdirSync(dataDirectory).filter(name => name.startsWith('restore-')),
    [],
  )

  // And once more, from backups of what came back.
  receiver = await startReceiver({ shelf, admin: server.adminConfig() })
  await takeBackup({ shelf, admin: server.adminConfig() })
  await ask(`update far set md5 = 'again' where id < 100`)
  await takeBackup({ shelf, admin: server.adminConfig(), incremental: true })
  await ask('delete from farther where id > 2000')
  await settle(receiver)
  const then = await ask(content)
  const again = await recoverAside({ shelf, target: { latest: true }, into: join(root, 'again'), durable: false })
  assert.deepEqual(await ask(content, again.adminConfig()), then)
  await again.stop()
  await receiver.stop()
})

test('GG-21 every tablespace that WAL tells of is found, also where a record goes on on the next page', async () => {
  const many = 150
  // In a segment of their own: the one before may tell of another.
  await ask('select pg_switch_wal()')
  await ask(`select pg_logical_emit_message(true, 'begins', 'here')`)
  const [row] = await ask('select pg_walfile_name(pg_current_wal_lsn()) as name')
  for (let number = 0; number < many; number++) await makeSpace(`${'long_'.repeat(11)}${number}`)
  const [last] = await ask('select pg_walfile_name(pg_current_wal_lsn()) as name')
  const pgWal = join(root, 'wal')
  cpSync(join(dataDirectory, 'postgres', 'pg_wal'), pgWal, {
    recursive: true,
    // Those to come may be old ones under new names.
    filter: path => !/[0-9A-F]{24}$/.test(path) || (basename(path) >= row.name && basename(path) <= last.name),
  })
  assert.equal(keepTablespacesInside(pgWal), many)
  const said = readdirSync(pgWal)
    .filter(name => name.length === 24)
    .map(name => readFileSync(join(pgWal, name)).toString('latin1'))
    .join('')
  assert.ok(!said.includes(`${root}/long_`))
  assert.equal(keepTablespacesInside(pgWal), many, 'control: the records are whole')
})
