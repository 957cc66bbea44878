import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Keyring } from '#platform/crypto'
import { startEmbedded } from '#platform/database'
import { takeBackup } from './base-backups.ts'
import { walPath } from './catalogue.ts'
import { listWindows } from './plans.ts'
import { parseLsn } from './positions.ts'
import { startReceiver } from './receiver.ts'
import { recoverAside } from './recoveries.ts'
import { findWalFaults } from './wal-files.ts'

const root = mkdtempSync(join(tmpdir(), 'commonhold-wal-'))
after(() => rmSync(root, { recursive: true, force: true }))

test('GG-20 a disk that is full while WAL comes in is named, the server keeps what is missing, and it goes on when there is room', async t => {
  const server = await startEmbedded({ dataDirectory: join(root, 'data'), durable: false })
  const admin = server.adminConfig()
  const client = new pg.Client(admin)
  client.on('error', () => {})
  await client.connect()
  const shelf = { folder: join(root, 'backups'), keyring: Keyring.parse(Keyring.generate('k1')) }
  const { systemIdentifier } = await takeBackup({ shelf, admin })
  const archive = { ...shelf, systemIdentifier }
  const path = walPath(archive)
  mkdirSync(path, { recursive: true })
  t.after(async () => {
    await client.end()
    await server.stop()
    spawnSync('umount', ['-l', path])
  })
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', path], { encoding: 'utf8' })
  if (mounted.status !== 0) return t.skip(`no small disk can be mounted here: ${mounted.stderr}`)
  const written = async () => parseLsn((await client.query('select pg_current_wal_lsn()::text as lsn')).rows[0].lsn)
  const isReceived = async (receiver: Awaited<ReturnType<typeof startReceiver>>) => {
    const wanted = await written()
    while (parseLsn(receiver.position()?.lsn ?? '0/0') < wanted) await sleep(20)
  }
  // What does not compress, 4 MB each time.
  const grow = () =>
    client.query(
      'insert into made_rows select md5(random()::text || g) || md5(g || random()::text) from generate_series(1, 40000) g',
    )
  await client.query('create table made_rows (text text)')

  const first = await startReceiver({ shelf, admin })
  const ended = first.done.then(
    () => 'ended',
    error => error,
  )
  await grow()
  await isReceived(first)
  const { bavail, bsize } = statfsSync(path)
  const filler = join(path, 'filler')
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 512 * 1024)))
  await grow()
  const fault = await ended
  assert.equal(fault.code, 'backups.disk_full', fault)
  assert.match(fault.message, /There is no room for backups on the disk of/)
  const until = parseLsn(first.position()?.lsn ?? '0/0')
  assert.ok(until < (await written()), 'control: something did not come in')

  await grow()
  const again = await startReceiver({ shelf, admin })
    .then(({ done }) => done)
    .catch(error => error)
  assert.equal(again?.code, 'backups.disk_full', again)
  const readSlot = async () =>
    (await client.query('select active, wal_status, restart_lsn::text as kept from pg_replication_slots')).rows[0]
  // The server sees a moment later that nobody receives any more.
  while ((await readSlot()).active) await sleep(20)
  const { wal_status: status, kept } = await readSlot()
  assert.equal(status, 'reserved')
  assert.ok(parseLsn(kept) <= until, 'the server keeps all that is not here')

  rmSync(filler)
  const receiver = await startReceiver({ shelf, admin })
  await isReceived(receiver)
  const { rows: expected } = await client.query('select count(*)::int as count from made_rows')
  await receiver.stop()
  assert.deepEqual(await findWalFaults(archive), [])
  assert.ok(!(await listWindows(archive)).some(({ missing }) => missing))
  const copy = await recoverAside({ shelf, target: { latest: true }, into: join(root, 'copy'), durable: false })
  t.after(() => copy.stop())
  const reader = new pg.Client(copy.adminConfig())
  await reader.connect()
  const { rows: found } = await reader.query('select count(*)::int as count from made_rows')
  await reader.end()
  assert.deepEqual(found, expected)
  assert.equal(found[0].count, 120_000)
})
