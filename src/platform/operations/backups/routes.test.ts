import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { commandsOn, runCommand } from '#test/commands.ts'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { examine } from '../doctor/examinations.ts'
import { readPgbackrest, readReport } from './adapters.ts'
import { registerBackupCommands } from './commands.ts'
import { errors } from './errors.ts'
import { recordRun } from './runs.ts'
import { readState } from './state.ts'
import { FileCounter } from './tars.ts'

const { app, admin, alice, bob } = await testWorld()
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-shelf-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const own = { ...app, config: { ...app.config, backupDir: folder } }

test('GG-20 an operator sees how the database is protected and begins a backup; nobody else does either', async () => {
  const seen = await alice.fetch('/operations/backups')
  assert.equal(seen.status, 200)
  const state = (await seen.json()) as { status: string; chains: unknown[]; advice: string[] }
  assert.ok(['protected', 'attention', 'unprotected'].includes(state.status))
  const body = { kind: 'full' }
  const begun = await alice.fetch('/operations/backups', { method: 'POST', body })
  assert.equal(begun.status, 202, await begun.text())
  const { rows } = await admin.query(`
    select
      (select count(*)::int from jobs.job where name = 'operations.begin-backup') as jobs,
      (select count(*)::int from audit.audit_logs where action = 'begin_backup' and user_id = '${alice.userId}') as events`)
  assert.deepEqual(rows[0], { jobs: 1, events: 1 })
  for (const [path, method] of [
    ['/operations/backups', 'GET'],
    ['/operations/backups', 'POST'],
    ['/operations/backup-drills', 'POST'],
  ] as const) {
    const refused = await bob.fetch(path, { method, ...(method === 'POST' && { body }) })
    assert.equal(refused.status, 403, path)
  }
})

test('GG-20 a failed run stays on record with why, and a finished one with what came of it', async () => {
  await recordRun(app, { kind: 'full', requestedBy: 'Ada' }, async () => ({
    backupId: 'b1',
    result: { storedBytes: 7 },
  }))
  await assert.rejects(
    recordRun(app, { kind: 'drill' }, async () => {
      throw errors.diskFull({ folder: '/srv' })
    }),
  )
  const { runs } = await readState(own)
  assert.deepEqual(
    runs.map(({ kind, state, backupId, requestedBy, failure }) => [
      kind,
      state,
      backupId,
      requestedBy,
      failure?.slice(0, 16),
    ]),
    [
      ['drill', 'failed', null, null, 'There is no room'],
      ['full', 'done', 'b1', 'Ada', undefined],
    ],
  )
})

test('GG-20 GG-21 how far a run is can be seen while it runs, and one whose program was killed is over', async () => {
  const running = async () => {
    const seen = await alice.fetch('/operations/backups')
    const { runs } = (await seen.json()) as { runs: { state: string; progress: { bytes: number } | null }[] }
    return runs.filter(({ state }) => state === 'running').map(({ progress }) => progress)
  }
  await recordRun(app, { kind: 'full' }, async (_id, note) => {
    assert.deepEqual(await running(), [null])
    note({ bytes: 7, expectedBytes: 100, files: 3 })
    let [seen] = await running()
    while (!seen) [seen] = await running()
    const { at, ...rest } = seen as { at: string; bytes: number }
    assert.deepEqual(rest, { bytes: 7, expectedBytes: 100, files: 3 })
    assert.ok(Date.parse(at) > Date.now() - 60_000)
    return { result: {} }
  })
  assert.deepEqual(await running(), [])
  await admin.query(`
    insert into operations.backup_runs (kind, progress)
    values ('drill', jsonb_build_object('at', now() - interval '4 minutes'))`)
  assert.deepEqual(await running(), [], 'it is silent')
  const [last] = (await readState(own)).runs
  assert.match(last?.failure ?? '', /ended before it was done/)
  await admin.query(`delete from operations.backup_runs where kind = 'drill'`)
})

test('GG-20 the files of a tar are counted however it is cut', () => {
  const member = (size: number, type: string) => {
    const header = Buffer.alloc(512)
    header.write('base/1/2')
    header.write('0000600', 100)
    header.write(size.toString(8).padStart(11, '0'), 124)
    header.write(type, 156)
    return Buffer.concat([header, Buffer.alloc(Math.ceil(size / 512) * 512, 7)])
  }
  const tar = Buffer.concat([
    ...[member(0, '5'), member(1_300, '0'), member(0, '0'), member(512, '0'), member(8_192, '0'), Buffer.alloc(1024)],
  ])
  for (const length of [1, 7, 511, 512, 513, 4_000, tar.length]) {
    const counter = new FileCounter()
    for (let at = 0; at < tar.length; at += length) counter.take(tar.subarray(at, at + length))
    assert.equal(counter.files, 4, `in pieces of ${length}`)
  }
})

test('GG-20 without a backup the database is called unprotected, with what to do, and never silently nothing', async () => {
  const none = await readState(own)
  assert.equal(none.status, 'unprotected')
  assert.match(none.advice[0] ?? '', /begin one now/)
  const asked = async (backupAdapter: string) => await readState({ ...own, config: { ...own.config, backupAdapter } })
  assert.equal((await asked('off')).status, 'unprotected')
  for (const adapter of ['managed', 'archiver', 'pgbackrest']) {
    const { status, advice } = await asked(adapter)
    assert.equal(status, 'attention', adapter)
    assert.ok(advice.length > 0, adapter)
  }
})

test('GG-20 commonhold backup status ends with what the state amounts to', async () => {
  const statusWith = (backupAdapter: string) => {
    const app = { ...own, config: { ...own.config, backupAdapter } }
    return runCommand(commandsOn(app, registerBackupCommands), ['status'])
  }
  const { exitCode, written } = await statusWith('own')
  assert.equal(exitCode, 3)
  assert.match(written, /^unprotected\n/)
  assert.equal((await statusWith('off')).exitCode, 3)
  assert.equal((await statusWith('managed')).exitCode, 6)
})

test('GG-20 the doctor and the alarms tell of what is missing and of what went wrong', async () => {
  const found = async (only: string) =>
    (await examine(own, { only })).map(({ severity, object, message }) => [severity, object, message] as const)
  assert.deepEqual(await found('backups.failing'), [], 'control')
  const [lack] = await found('backups.lacking')
  assert.deepEqual(lack?.slice(0, 2), ['warning', 'backup'])
  assert.match(lack?.[2] ?? '', /no backup yet/)

  const { rows } = await admin.query('select system_identifier::text as id from pg_control_system()')
  const broken = join(folder, rows[0].id, '20260101T020000Z-full-aaaaaa')
  mkdirSync(broken, { recursive: true })
  writeFileSync(join(broken, 'backup.json'), '{"key":"k1","mac":"00"}\n{}\n')
  const [mishap] = await found('backups.failing')
  rmSync(broken, { recursive: true })
  assert.deepEqual(mishap?.slice(0, 2), ['critical', 'catalogue'])
  assert.match(mishap?.[2] ?? '', /20260101T020000Z-full-aaaaaa/)
})

test('GG-20 what pgBackRest says is read: its last backup, and what it complains of', () => {
  const said = [
    { name: 'main', status: { code: 0, message: 'ok' }, backup: [{ timestamp: { start: 1, stop: 1_800_000_000 } }] },
  ]
  assert.deepEqual(readPgbackrest(JSON.stringify(said)), {
    lastBackupAt: '2027-01-15T08:00:00.000Z',
    faults: [],
  })
  const missing = [{ name: 'main', status: { code: 2, message: 'no valid backups' }, backup: [] }]
  assert.match(readPgbackrest(JSON.stringify(missing)).faults.join(' '), /main: no valid backups.*has no backup/)
})

test('GG-20 a server that does not answer for its archiver is a fault that is told, and stops nothing', async () => {
  const away = {
    ...app,
    administration: { ...app.administration, admin: { host: '127.0.0.1', port: 1 } },
  } as typeof app
  for (const adapter of ['archiver', 'pgbackrest'] as const) {
    const { archivedUntil, faults } = await readReport(away, adapter)
    assert.equal(archivedUntil, null)
    assert.match(faults.join('\n'), /The server cannot be asked about its archiver: .*ECONNREFUSED/)
  }
})
