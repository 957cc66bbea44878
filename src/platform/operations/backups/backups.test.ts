import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg, { type ClientConfig } from 'pg'
import { Keyring } from '#platform/crypto'
import { restoredPath, startEmbedded } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { endProcesses, serversIn } from '../../database/embedded-processes.ts'
import { takeBackup } from './base-backups.ts'
import { type Archive, type Backup, backupPath, readCatalogue, walPath, writeVerification } from './catalogue.ts'
import { findFaults } from './contents.ts'
import { runDrill } from './drills.ts'
import { findExpired, removeExpired } from './expiry.ts'
import { listWindows, planRecovery, type Target } from './plans.ts'
import { formatLsn, parseLsn, segmentName } from './positions.ts'
import { startReceiver, whereToGoOn } from './receiver.ts'
import { recoverAside, replaceEmbedded } from './recoveries.ts'
import { findReceiverState, findWalFaults, listWal } from './wal-files.ts'

const root = mkdtempSync(join(tmpdir(), 'commonhold-backups-'))
after(() => rmSync(root, { recursive: true, force: true }))
const settings = { summarize_wal: 'on', max_wal_size: '64MB' }
const dataDirectory = join(root, 'data')
const server = await startEmbedded({ dataDirectory, durable: false, settings })
const admin = server.adminConfig()
const keys = Keyring.generate('k1')
const shelf = { folder: join(root, 'backups'), keyring: Keyring.parse(keys) }
const client = await connect(admin)
after(async () => {
  await client.end().catch(() => {})
  await server.stop()
})

async function connect(config: ClientConfig): Promise<pg.Client> {
  const made = new pg.Client(config)
  made.on('error', () => {})
  await made.connect()
  return made
}

/** After all that was committed before it, though a Date knows no less than milliseconds. */
async function now(): Promise<Date> {
  await sleep(2)
  return (await client.query('select clock_timestamp() as now')).rows[0].now
}

/** Waits until all that is written now was received. */
async function settle(receiver: Awaited<ReturnType<typeof startReceiver>>, of = client): Promise<void> {
  const { rows } = await of.query('select pg_current_wal_lsn()::text as lsn')
  const wanted = parseLsn(rows[0].lsn)
  while (parseLsn(receiver.position()?.lsn ?? '0/0') < wanted) await sleep(20)
}

const contentSql = `
  select
    (select string_agg(relname, ',' order by relname) from pg_class where relkind = 'r' and relname like 'made_%') as tables,
    (select count(*) || ':' || sum(hashtext(m::text)) from made_rows m) as rows`
async function contentOf(config: ClientConfig): Promise<{ tables: string; rows: string }> {
  const reader = await connect(config)
  try {
    return (await reader.query(contentSql)).rows[0]
  } finally {
    await reader.end()
  }
}

let asides = 0
async function recover<T>(target: Target, look: (config: ClientConfig) => Promise<T>, from = shelf) {
  const copy = await recoverAside({ shelf: from, target, into: join(root, `aside-${++asides}`), durable: false })
  try {
    return { recovery: copy.recovery, found: await look(copy.adminConfig()) }
  } finally {
    await copy.stop()
  }
}

const refusal = (code: string, says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DomainError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, says)
  return true
}

// What the tests below share: a full backup, two that build on it, and WAL after them.
await client.query('create table made_rows as select g as id, md5(g::text) as text from generate_series(1, 40000) g')
await client.query('create unique index on made_rows (id)')
const receiver = await startReceiver({ shelf, admin })
const full = await takeBackup({ shelf, admin })
await client.query('update made_rows set text = md5(text) where id < 2000')
await client.query('create table made_once as select 1 as one')
const second = await takeBackup({ shelf, admin, incremental: true })
await client.query('drop table made_once')
await client.query('delete from made_rows where id > 30000')
await client.query('vacuum made_rows')
const third = await takeBackup({ shelf, admin, incremental: true })
await client.query('create table made_later as select g from generate_series(1, 1000) g')
const between = await now()
const atBetween = await contentOf(admin)
await sleep(5)
await client.query('drop table made_later')
await client.query('insert into made_rows select g, md5(g::text) from generate_series(50001, 50100) g')
await settle(receiver)
const atLast = await contentOf(admin)
const archive: Archive = { ...shelf, systemIdentifier: full.systemIdentifier }

test('GG-20 a full backup and those that build on it are listed as a chain, each read again without a fault', async () => {
  assert.deepEqual(
    readCatalogue(shelf).backups.map(({ id, kind, parent }) => [id, kind, parent]),
    [
      [full.id, 'full', null],
      [second.id, 'incremental', full.id],
      [third.id, 'incremental', second.id],
    ],
  )
  assert.ok(second.storedBytes * 5 < full.storedBytes, 'an incremental one holds what changed only')
  for (const backup of [full, second, third]) assert.deepEqual(await findFaults(archive, backup), [])
})

test('GG-21 the database comes back as it is now, as it was at a time, and as it was when a backup ended', async () => {
  const latest = await recover({ latest: true }, contentOf)
  assert.deepEqual(latest.found, atLast)
  assert.equal(latest.recovery.backup, third.id)
  const earlier = await recover({ at: between }, contentOf)
  assert.deepEqual(earlier.found, atBetween)
  assert.ok(new Date(earlier.recovery.lastCommitAt ?? 0) <= between)
  const { found } = await recover({ backup: second.id }, contentOf)
  assert.equal(found.tables, 'made_once,made_rows')
  // Between the backup and the last commit before it nothing was written: no record ever reaches the target.
  const received = parseLsn(receiver.position()?.lsn ?? '0/0')
  while (parseLsn(findReceiverState(archive)?.lsn ?? '0/0') < received) await sleep(20)
  const idle = await recover({ at: new Date(findReceiverState(archive)?.serverTime ?? 0) }, contentOf)
  assert.deepEqual(idle.found, atLast)
})

test('GG-20 what is in a backup cannot be read without its key', async () => {
  const bytes = readFileSync(join(backupPath(archive, full.id), 'base.sealed'))
  assert.equal(bytes.includes('PG_VERSION'), false)
  const other = { ...shelf, keyring: Keyring.parse(Keyring.generate('k2')) }
  await assert.rejects(
    planRecovery({ ...archive, ...other }, { latest: true }),
    refusal('backups.key_missing', /key k1/),
  )
})

/** A copy of the archive to do harm to. */
let harmed = 0
function copyArchive(): Archive {
  const folder = join(root, `harmed-${++harmed}`)
  cpSync(shelf.folder, folder, { recursive: true, filter: path => !path.endsWith('.lock') })
  return { ...archive, folder }
}

function flip(path: string, at?: number): void {
  const bytes = readFileSync(path)
  const place = at ?? Math.floor(bytes.length / 2)
  bytes[place] = (bytes[place] as number) ^ 1
  writeFileSync(path, bytes)
}

const layOutLatest = (from: Archive) => recover({ latest: true }, contentOf, from)

test('GG-20 one flipped bit in whatever file is found, and the file named', async () => {
  for (const name of ['base', 'manifest']) {
    const copy = copyArchive()
    flip(join(backupPath(copy, third.id), `${name}.sealed`))
    const faults = await findFaults(copy, third)
    assert.match(faults[0]?.message ?? '', new RegExp(`${third.id}/${name}\\.sealed was altered`))
    await assert.rejects(layOutLatest(copy), refusal('backups.file_altered', new RegExp(`${name}\\.sealed`)))
    assert.deepEqual(readdirSync(join(root, `aside-${asides}`)), [], 'it takes no room, and the directory is free')
  }
  const catalogue = copyArchive()
  flip(join(backupPath(catalogue, third.id), 'backup.json'))
  const { backups, faults } = readCatalogue(catalogue)
  assert.deepEqual(
    backups.map(({ id }) => id),
    [full.id, second.id],
  )
  assert.match(faults[0]?.message ?? '', new RegExp(`${third.id}/backup\\.json was altered`))

  const wal = listWal(archive, BigInt(full.walSegmentBytes)).filter(file => file.start > parseLsn(third.stopLsn))
  assert.ok(wal.length > 0, 'control: there is WAL after the last backup')
  for (const file of wal.slice(-1)) {
    const copy = copyArchive()
    const path = file.path.replace(shelf.folder, copy.folder)
    assert.deepEqual(await findWalFaults(copy), [])
    flip(path)
    const [fault, ...more] = await findWalFaults(copy)
    assert.match(fault?.message ?? '', new RegExp(`${file.name}.*altered`))
    assert.deepEqual(more, [])
    await assert.rejects(layOutLatest(copy), refusal('backups.file_altered', new RegExp(file.name)))
  }
  const state = copyArchive()
  flip(join(walPath(state), 'received.json'))
  assert.match((await findWalFaults(state))[0]?.message ?? '', /received\.json was altered/)
  await assert.rejects(planRecovery(state, { latest: true }), refusal('backups.file_altered', /received\.json/))
})

test('GG-20 a file that was cut short, exchanged for another or lost is named', async () => {
  const base = (copy: Archive, backup: Backup) => join(backupPath(copy, backup.id), 'base.sealed')
  const cut = copyArchive()
  truncateSync(base(cut, full), statSync(base(cut, full)).size - 10)
  assert.match((await findFaults(cut, full))[0]?.message ?? '', /cut short/)
  const exchanged = copyArchive()
  copyFileSync(base(exchanged, second), base(exchanged, third))
  assert.match((await findFaults(exchanged, third))[0]?.message ?? '', /under another name/)
  const lost = copyArchive()
  rmSync(base(lost, third))
  assert.match((await findFaults(lost, third))[0]?.message ?? '', /base\.sealed is missing/)
  const orphan = copyArchive()
  rmSync(backupPath(orphan, second.id), { recursive: true })
  await assert.rejects(planRecovery(orphan, { latest: true }), refusal('backups.parent_missing', new RegExp(second.id)))
  // The end of what was received: nobody may take it away unseen either.
  const partial = copyArchive()
  const open = readdirSync(walPath(partial)).find(name => name.includes('.partial.'))
  assert.ok(open, 'control: a segment is being received')
  truncateSync(join(walPath(partial), open), 300)
  await assert.rejects(layOutLatest(partial), refusal('backups.file_truncated', /had been received/))
})

test('GG-21 a missing segment of WAL is named with the time up to which the database can be recovered', async () => {
  const wal = listWal(archive, BigInt(full.walSegmentBytes)).filter(file => file.start > parseLsn(full.stopLsn))
  assert.ok(wal.length > 2, 'control: several segments follow the first backup')
  const copy = copyArchive()
  const gone = wal[1] as (typeof wal)[number]
  rmSync(gone.path.replace(shelf.folder, copy.folder))
  for (const backup of [second, third]) rmSync(backupPath(copy, backup.id), { recursive: true })
  await assert.rejects(planRecovery(copy, { latest: true }), refusal('backups.wal_missing', new RegExp(gone.name)))
  const [window] = await listWindows(copy)
  assert.equal(window?.missing, gone.name)
  const reachable = await planRecovery(copy, { at: new Date(full.finishedAt) })
  assert.equal(reachable.chain[0]?.id, full.id)
  await assert.rejects(
    planRecovery(archive, { at: new Date(Date.now() + 60_000) }),
    refusal('backups.beyond_received', /before/),
  )
  await assert.rejects(
    planRecovery(archive, { at: new Date(0) }),
    refusal('backups.no_backup', new RegExp(full.finishedAt)),
  )
})

test('GG-20 of several programs one receives WAL', async () => {
  await assert.rejects(startReceiver({ shelf, admin }), refusal('backups.busy', new RegExp(`process ${process.pid}`)))
  const elsewhere = { ...shelf, folder: join(root, 'elsewhere') }
  const other = await startReceiver({ shelf: elsewhere, admin })
  await assert.rejects(other.done, refusal('backups.busy', /on this server/))
})

function beginChild(work: 'backup' | 'restore', directory = dataDirectory) {
  const given = JSON.stringify({ work, folder: shelf.folder, keys, admin, dataDirectory: directory })
  const script = new URL('./backups.test.child.ts', import.meta.url).pathname
  return spawn(process.execPath, [script, given], { stdio: ['ignore', 'pipe', 'inherit'] })
}

test('GG-20 a program killed in the middle of a backup leaves none, and the next one succeeds', async () => {
  const before = readCatalogue(shelf).backups.length
  const child = beginChild('backup')
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const leftOver = () =>
    readdirSync(join(shelf.folder, full.systemIdentifier)).filter(name => name.startsWith('unfinished-'))
  assert.equal(leftOver().length, 1, 'control: it was in the middle')
  assert.equal(readCatalogue(shelf).backups.length, before)
  assert.deepEqual(readCatalogue(shelf).faults, [])
  const made = await takeBackup({ shelf, admin, incremental: true })
  assert.equal(made.kind, 'incremental')
  assert.deepEqual(leftOver(), [])
})

test('GG-20 nothing is built on a backup that has a fault: a full one is made', async () => {
  const copy = copyArchive()
  await writeVerification(copy, second.id, { at: new Date().toISOString(), faults: ['base.sealed was altered'] })
  const notes: string[] = []
  const onProgress = ({ note = '' }) => void notes.push(note)
  const made = await takeBackup({ shelf: copy, admin, incremental: true, onProgress })
  assert.equal(made.kind, 'full')
  assert.match(notes.join(''), new RegExp(`${second.id}, on which it would build, has a fault`))
  assert.equal(
    (await takeBackup({ shelf: copy, admin, incremental: true })).parent,
    made.id,
    'and the next builds on that',
  )
  const orphan = copyArchive()
  rmSync(backupPath(orphan, second.id), { recursive: true })
  const { kind } = await takeBackup({ shelf: orphan, admin, incremental: true, onProgress })
  assert.equal(kind, 'full')
  assert.match(notes.join(''), new RegExp(`${second.id}, which is missing`))
})

test('GG-20 a drill recovers the copy, checks its indexes, and holds its rows against the server at that moment', async () => {
  const drill = () =>
    runDrill({ shelf, systemIdentifier: full.systemIdentifier, source: admin, into: join(root, 'drill') })
  const found = await drill()
  assert.deepEqual(found.faults, [])
  assert.equal(found.notCompared, null)
  assert.ok(found.compared > 0 && found.indexes > 50 && found.rows > 30_000)
  assert.equal(existsSync(join(root, 'drill')), false)
})

test('GG-20 a drill names a broken index, a broken table and rows that are not those of the server, whatever its settings', async () => {
  await client.query(`
    create function made_order(int, int) returns int language sql immutable as 'select btint4cmp($1, $2)';
    create operator class made_order for type int using btree as
      operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 made_order(int, int);
    create table made_ordered as select g as number from generate_series(1, 100) g;
    create index made_broken on made_ordered (number made_order);
    create or replace function made_order(int, int) returns int language sql immutable as 'select btint4cmp($2, $1)';
    create table made_frozen as select 1 as one;
    create table made_written as select clock_timestamp() as at, pi() as number, interval '1 day 2 hours' as long;
    create table made_silent as select 'unaltered' as word;
    create extension pg_buffercache`)
  await client.query(`
    update pg_class set relfrozenxid = pg_current_xact_id()::xid where oid = 'made_frozen'::regclass`)
  await client.query('checkpoint')
  const { rows } = await client.query(`
    select pg_relation_filepath('made_silent') as path, count(pg_buffercache_evict(bufferid))
    from pg_buffercache
    where relfilenode = pg_relation_filenode('made_silent')`)
  const path = join(dataDirectory, 'postgres', rows[0].path)
  const page = readFileSync(path)
  page.write('altered !', page.indexOf('unaltered'))
  writeFileSync(path, page)
  await settle(receiver)
  const { faults, notCompared } = await runDrill({
    ...{ shelf, systemIdentifier: full.systemIdentifier, into: join(root, 'drill') },
    source: {
      ...admin,
      options:
        '-c ignore_checksum_failure=on -c timezone=Asia/Tokyo -c extra_float_digits=-3 -c intervalstyle=iso_8601',
    },
  })
  assert.equal(notCompared, null)
  await client.query(`
    drop table made_ordered, made_frozen, made_written, made_silent;
    drop function made_order(int, int) cascade;
    drop extension pg_buffercache`)
  await settle(receiver)
  assert.deepEqual(
    faults.map(fault => fault.replace(/: .*/, '')),
    [
      'The index made_broken of postgres is broken',
      'The table made_frozen of postgres is broken in 1 place',
      'The table public.made_silent has as many rows as the server (1), and not the same',
    ],
    faults.join('\n'),
  )
})

test('GG-20 who is about to commit while a drill looks is taken for no fault', async () => {
  await client.query('create table made_waiting (id int)')
  await client.query(`alter system set synchronous_standby_names = 'nobody'`)
  await client.query('select pg_reload_conf()')
  const writer = await connect(admin)
  await writer.query(`set application_name = 'made'`)
  const isWaiting = async () =>
    (await client.query(`select from pg_stat_activity where application_name = 'made' and wait_event = 'SyncRep'`))
      .rowCount === 1
  // Its commit is in the WAL, and waits for a standby that there is not: nobody sees the row yet. One that came before
  // the server had read its settings does not wait.
  let committing: Promise<unknown> = Promise.resolve()
  let isOver = true
  for (const began = Date.now(); !(await isWaiting()); await sleep(20)) {
    assert.ok(Date.now() - began < 30_000, 'no commit has waited')
    if (!isOver) continue
    isOver = false
    committing = writer.query('insert into made_waiting values (1)').finally(() => {
      isOver = true
    })
  }
  try {
    const { faults, notCompared } = await runDrill({
      ...{ shelf, systemIdentifier: full.systemIdentifier, source: admin, into: join(root, 'drill') },
    })
    assert.deepEqual({ faults, notCompared }, { faults: [], notCompared: 'the server was never at rest' })
  } finally {
    await client.query('set synchronous_commit = local')
    await client.query('alter system reset synchronous_standby_names')
    await client.query('select pg_reload_conf()')
    await committing
    await writer.end()
    await client.query('drop table made_waiting')
    await settle(receiver)
  }
})

test('GG-20 old chains go whole, with the WAL that only they needed, and no jump of a clock takes more', async () => {
  const at = (day: number) => new Date(Date.UTC(2027, 0, day)).toISOString()
  const make = (day: number, parent: string | null, lsn: bigint): Backup => ({
    ...full,
    ...{ id: `b${day}`, parent, kind: parent ? 'incremental' : 'full', finishedAt: at(day), startedAt: at(day) },
    ...{ startLsn: formatLsn(lsn), stopLsn: formatLsn(lsn + 256n) },
  })
  const size = 2n ** 24n
  const days = [1, 11, 21, 31, 41, 51]
  const chains = days.flatMap((day, index) => {
    const start = BigInt(index * 4 + 1) * size
    return [make(day, null, start), make(day + 5, `b${day}`, start + size)]
  })
  const ids = (now: string) => findExpired(archive, chains, 30, new Date(now)).backups.map(({ id }) => id)
  assert.deepEqual(ids(at(56)), ['b1', 'b6', 'b11', 'b16'], '26 days back is reached from b21')
  assert.deepEqual(ids('2099-01-01T00:00:00Z'), ids(at(56)), 'ahead: counted from the newest backup')
  assert.deepEqual(ids('2001-01-01T00:00:00Z'), [], 'back: nothing goes')
  const jumped = [...chains, { ...make(61, null, 100n * size), finishedAt: '2099-01-01T00:00:00Z' }]
  assert.ok(
    findExpired(archive, jumped, 30, new Date('2099-01-01')).backups.every(({ id }) => id !== 'b51' && id !== 'b56'),
  )
  const copy = copyArchive()
  const { backups, wal } = await removeExpired(copy, 30, new Date())
  assert.deepEqual([backups, wal.filter(file => file.start + size > parseLsn(full.startLsn))], [[], []])
  assert.deepEqual((await recover({ latest: true }, contentOf, copy)).found, atLast)
})

test('GG-21 of two moments that a clock which was put back calls the same, the later one by the WAL is meant', async () => {
  const copy = copyArchive()
  const plan = await planRecovery(copy, { at: between })
  assert.equal(plan.chain.at(-1)?.id, third.id)
})

test('GG-20 the receiver goes on where it belongs, and says where it cannot', () => {
  const [a, b, c] = [0x1000000n, 0x2000000n, 0x3000000n]
  const known = { timeline: 1, lsn: b }
  const ancestors = [{ timeline: 1, end: c }]
  assert.deepEqual(whereToGoOn({ known: undefined, current: 1, position: c, ancestors: [], slot: a }), {
    timeline: 1,
    lsn: a,
  })
  assert.deepEqual(whereToGoOn({ known, current: 1, position: c, ancestors: [], slot: a }), known)
  assert.deepEqual(whereToGoOn({ known, current: 2, position: c, ancestors, slot: a }), known)
  const left = whereToGoOn({ known: { timeline: 1, lsn: c + 1n }, current: 2, position: c, ancestors, slot: a })
  assert.deepEqual(left, { timeline: 2, lsn: c })
  assert.equal(
    whereToGoOn({ known: { timeline: 1, lsn: c }, current: 1, position: b, ancestors: [], slot: a }).notice?.kind,
    'gap',
  )
  assert.equal(whereToGoOn({ known, current: 3, position: c, ancestors: [], slot: a }).notice?.kind, 'gap')
  assert.equal(segmentName(1, 0x1_0200_0000n, 2n ** 24n), '000000010000000100000002')
})

test('GG-20 a full disk is named, and nothing half is left on it', async t => {
  const small = join(root, 'small')
  mkdirSync(small)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small], { encoding: 'utf8' })
  if (mounted.status !== 0) return t.skip(`no small disk can be mounted here: ${mounted.stderr}`)
  t.after(() => void spawnSync('umount', [small]))
  const full = { ...shelf, folder: join(small, 'backups') }
  await assert.rejects(takeBackup({ shelf: full, admin }), refusal('backups.disk_full', /no room/))
  const [system = ''] = readdirSync(full.folder)
  assert.deepEqual(readdirSync(join(full.folder, system)), [])
  await assert.rejects(
    recoverAside({ shelf, target: { latest: true }, into: join(small, 'copy') }),
    refusal('backups.no_room', /MB are free/),
  )
})

test('GG-20 no acknowledged transaction is lost up to the last that was received, and the WAL goes on in a new timeline', async () => {
  await client.query('create table made_numbers (number integer primary key)')
  const writer = await connect(admin)
  const acknowledged: [number: number, lsn: bigint][] = []
  let isWriting = true
  const writing = (async () => {
    for (let number = 1; isWriting; number++) {
      await writer.query('insert into made_numbers values ($1)', [number])
      const { rows } = await writer.query('select pg_current_wal_lsn()::text as lsn')
      acknowledged.push([number, parseLsn(rows[0].lsn)])
    }
  })().catch(() => {})
  while (acknowledged.length < 300) await sleep(10)
  // All at once, as when the machine is gone.
  await endProcesses(serversIn(join(dataDirectory, 'postgres')), [['SIGKILL', 5]])
  isWriting = false
  await writing
  await receiver.stop().catch(() => {})
  const received = parseLsn(receiver.position()?.lsn ?? '0/0')
  const expected = acknowledged.filter(([, lsn]) => lsn <= received).length
  assert.ok(expected > 100, `control: ${expected} of ${acknowledged.length} were received`)
  const { found } = await recover({ latest: true }, async config => {
    const reader = await connect(config)
    const { rows } = await reader.query('select count(*)::int as count, max(number) as last from made_numbers')
    await reader.end()
    return rows[0] as { count: number; last: number }
  })
  assert.equal(found.count, found.last, 'none is missing between')
  assert.ok(found.last >= expected, `${found.last} are there, and ${expected} had been acknowledged and received`)

  // Killed in the middle of a restore, the cluster before is untouched; then it is replaced and kept aside.
  await server.stop()
  const child = beginChild('restore')
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.ok(existsSync(join(dataDirectory, 'postgres', 'PG_VERSION')))
  const copies = () => readdirSync(dataDirectory).filter(name => name.startsWith('restore-'))
  assert.equal(copies().length, 1, 'control: it left what it had of its copy')
  await sleep(1100)
  const restored = await replaceEmbedded({ shelf, target: { latest: true }, dataDirectory, now: new Date() })
  assert.ok(restored.keptAside && existsSync(join(restored.keptAside, 'PG_VERSION')))
  assert.deepEqual(copies(), [])
  // Killed between its two last steps: the next start takes the last one.
  renameSync(join(dataDirectory, 'postgres'), restoredPath(dataDirectory))
  const again = await startEmbedded({ dataDirectory, durable: false, settings })
  try {
    await assert.rejects(
      replaceEmbedded({ shelf, target: { latest: true }, dataDirectory, now: new Date() }),
      refusal('backups.program_runs', new RegExp(`process ${process.pid}`)),
    )
    const reader = await connect(again.adminConfig())
    const { rows } = await reader.query('select count(*)::int as count from made_numbers')
    assert.equal(rows[0].count, found.count)
    const next = await startReceiver({ shelf, admin: again.adminConfig() })
    await reader.query('insert into made_numbers values (-1)')
    await settle(next, reader)
    assert.equal(next.position()?.timeline, 2)
    await next.stop()
    await reader.end()
    const { found: later } = await recover({ latest: true }, async config => {
      const on = await connect(config)
      const { rows: least } = await on.query('select min(number) as least, count(*)::int as count from made_numbers')
      await on.end()
      return least[0]
    })
    assert.deepEqual(later, { least: -1, count: found.count + 1 })
  } finally {
    await again.stop()
  }
})

const installation = '/usr/lib/postgresql/15'
const isThere = existsSync(join(installation, 'bin', 'initdb'))
const account = isThere ? spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' }).stdout.trim() : ''

test('GG-20 PostgreSQL 15 is backed up with its WAL and recovered, where its programs are', {
  skip: isThere && account !== '' ? false : 'PostgreSQL 15 is not installed here',
}, async () => {
  const home = mkdtempSync(join(tmpdir(), 'commonhold-15-'))
  spawnSync('chown', ['postgres', home])
  const run = (program: string, args: string[]) => {
    const done = spawnSync(join(installation, 'bin', program), args, {
      uid: Number(account),
      cwd: home,
      encoding: 'utf8',
      stdio: 'ignore',
    })
    assert.equal(done.status, 0, `${program} ended with ${done.status}`)
  }
  const cluster = join(home, 'cluster')
  run('initdb', ['-D', cluster, '-A', 'trust', '-U', 'keeper', '-N'])
  run('pg_ctl', [
    '-D',
    cluster,
    '-w',
    '-l',
    join(home, 'log'),
    '-o',
    `-k ${home} -c listen_addresses= -c fsync=off`,
    'start',
  ])
  const config = { host: home, user: 'keeper', database: 'postgres', port: 5432 }
  const old = { ...shelf, folder: join(root, 'old') }
  try {
    const reader = await connect(config)
    await reader.query('create table made_rows as select g as id, md5(g::text) as text from generate_series(1, 1000) g')
    const receives = await startReceiver({ shelf: old, admin: config })
    const notes: string[] = []
    const made = await takeBackup({
      shelf: old,
      admin: config,
      incremental: true,
      onProgress: ({ note }) => void (note && notes.push(note)),
    })
    assert.deepEqual([made.kind, made.superuser, made.serverVersion > 150_000], ['full', 'keeper', true])
    assert.match(notes[0] ?? '', /PostgreSQL 17/)
    await reader.query('delete from made_rows where id > 500')
    await settle(receives, reader)
    await receives.stop()
    await reader.end()
  } finally {
    run('pg_ctl', ['-D', cluster, '-m', 'immediate', 'stop'])
  }
  await assert.rejects(recover({ latest: true }, contentOf, old), refusal('backups.programs_missing', /PostgreSQL 15/))
  assert.deepEqual(readdirSync(join(root, `aside-${asides}`)), [], 'the directory is free for another attempt')
  if (process.getuid?.() === 0) {
    await assert.rejects(
      recoverAside({ shelf: old, target: { latest: true }, into: join(root, 'shut'), durable: false, installation }),
      refusal('backups.directory_unreachable', new RegExp(`as the user postgres here, who cannot reach ${root}`)),
    )
  }
  const into = join(home, 'copy')
  mkdirSync(into)
  // Before 16 the server asks for the path to where it is started, which another user than root must be able to go.
  spawnSync('chown', ['postgres', into])
  const copy = await recoverAside({
    shelf: old,
    target: { latest: true },
    into,
    durable: false,
    installation,
  })
  try {
    const found = await contentOf(copy.adminConfig())
    assert.match(found.rows, /^500:/)
  } finally {
    await copy.stop()
    rmSync(home, { recursive: true, force: true })
  }
})
