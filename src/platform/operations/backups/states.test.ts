import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { examine } from '../doctor/examinations.ts'
import { readStandings } from '../standings.ts'
import { readServer } from './base-backups.ts'
import { archivePath, type Backup, backupPath, readCatalogue, writeVerification } from './catalogue.ts'
import { registerBackupCommands } from './commands.ts'
import { recordRun } from './runs.ts'
import { writeSigned } from './sealed-files.ts'
import { shelfOfApp } from './settings.ts'
import { readState } from './state.ts'

const { app: program, admin, adminConfig, tx } = await world()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-states-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const app = { ...program, config: { ...program.config, backupDir: folder } }
const { systemIdentifier, walSegmentBytes, serverVersion } = await readServer(adminConfig)
const archive = { ...shelfOfApp(app), systemIdentifier }

async function world() {
  const made = await testWorld()
  return { ...made, tx: made.app.db.scoped({ system: true }) }
}

/** An entry of the catalogue alone. */
async function keepBackup(parent: string | null = null): Promise<string> {
  const at = new Date().toISOString()
  const kind = parent === null ? 'full' : 'incremental'
  const id = `${at.replace(/[-:]/g, '').replace(/\.\d+/, '')}-${kind}-states`
  const { rows } = await admin.query(`select pg_logical_emit_message(false, 'made', '')::text as lsn`)
  const [startLsn, stopLsn] = [rows[0].lsn, rows[0].lsn]
  const backup: Backup = {
    ...{ id, kind, parent, systemIdentifier, serverVersion, timeline: 1, startLsn, stopLsn },
    ...{ startedAt: at, finishedAt: at, walSegmentBytes, superuser: 'postgres', keyId: 'k1', files: [] },
    ...{ plainBytes: 1, storedBytes: 1 },
  }
  mkdirSync(backupPath(archive, id), { recursive: true })
  await writeSigned(join(backupPath(archive, id), 'backup.json'), archive.keyring, backup)
  return id
}

const found = async (only: string, from = app) =>
  (await examine(from, { only })).map(({ severity, object, message }) => `${severity} ${object}: ${message}`)
const standingOf = async (area: string) =>
  (await readStandings({ app, own: tx, tx })).find(standing => standing.area === area)

beforeEach(async () => {
  await admin.query('delete from operations.backup_runs')
})

test('GG-20 the weekly drill is not forgotten for the backups that were made since, and is told when it does not come', async () => {
  await keepBackup()
  await admin.query(`
    insert into operations.backup_runs (kind, state, started_at, finished_at, result)
    values ('drill', 'done', now() - interval '6 days', now() - interval '6 days', '{}')`)
  await admin.query(`
    insert into operations.backup_runs (kind, state, started_at, finished_at, result)
    select kind, 'done', now() - n * interval '3 hours', now() - n * interval '3 hours', '{}'
    from generate_series(1, 45) as n
    cross join unnest(array['incremental', 'verify']) as kind`)
  const { lastDrill, runs, advice } = await readState(app)
  assert.ok(!runs.some(({ kind }) => kind === 'drill'), 'control: it is not among the last runs')
  assert.equal(lastDrill?.state, 'done')
  assert.ok(!advice.some(line => /drill|tried/.test(line)), advice.join('\n'))
  assert.equal((await standingOf('drill'))?.status, 'well')

  await admin.query(`update operations.backup_runs set started_at = now() - interval '11 days' where kind = 'drill'`)
  assert.match((await found('backups.failing')).join('\n'), /warning drill: .* is 11 days old: .*weekly/)
  assert.equal((await standingOf('drill'))?.message, 'The last one is 11 days old.')
  const later = { ...app, clock: { ...app.clock, now: () => new Date(Date.now() + 3 * 86_400_000) } }
  const drill = (await readStandings({ app: later, own: tx, tx })).find(({ area }) => area === 'drill')
  assert.equal(drill?.message, 'The last one is 14 days old.', 'by the clock of the program')
})

test('GG-20 of a chain that has a fault all that builds on it is lost, and the database is not called protected', async () => {
  rmSync(archivePath(archive), { recursive: true, force: true })
  const full = await keepBackup()
  const on = await keepBackup(full)
  await writeVerification(archive, on, { at: new Date().toISOString(), faults: [] })
  assert.equal((await readState(app)).status, 'attention', 'control: nothing is received here')
  await writeVerification(archive, full, { at: new Date().toISOString(), faults: ['base.sealed was altered.'] })
  const { status, advice } = await readState(app)
  assert.equal(status, 'unprotected')
  assert.match(
    advice.join('\n'),
    new RegExp(`${full} cannot be restored from, nor from the one that builds on it: base`),
  )
  const listed = await runCommand(
    program => registerBackupCommands(program, { withApp: work => work(app), readSettings: () => app }),
    ['list'],
  )
  assert.match(
    listed.written,
    new RegExp(`^${full} .* BROKEN: base.*\n${on} .* of no use: what it builds on is BROKEN\n$`),
  )
})

test('GG-20 an attempt that failed is told at once, and no more after one that went well', async () => {
  const fails = recordRun(app, { kind: 'full' }, async () => {
    throw new Error('the mount is away')
  })
  await assert.rejects(fails)
  assert.match((await found('backups.failing')).join('\n'), /attempt: .*the mount is away/)
  await recordRun(app, { kind: 'incremental' }, async () => ({ result: {} }))
  assert.doesNotMatch((await readState(app)).advice.join('\n'), /attempt/)
})

test('GG-20 MT-17 the attempts on one server are not taken for those on another, also while and after one fails', async () => {
  const attempt = (kind: 'full' | 'incremental', failure: string | undefined, database?: string) =>
    recordRun(app, { kind, database }, async runId => {
      const { rows } = await admin.query('select result from operations.backup_runs where id = $1', [runId])
      assert.equal(rows[0].result?.database, database, 'a program that is killed leaves it so')
      if (failure !== undefined) throw new Error(failure)
      return { result: {} }
    }).catch(error => assert.equal(error.message, failure))
  const told = async () => (await readState(app)).advice.filter(line => /attempt/.test(line)).join('\n')
  await attempt('incremental', undefined)
  await attempt('incremental', 'the other one is away', 'away:5432/placed')
  assert.equal(await told(), '')
  const { runs } = await readState(app)
  assert.deepEqual(
    runs.map(({ state, result }) => [state, result]),
    [
      ['failed', { database: 'away:5432/placed' }],
      ['done', {}],
    ],
  )
  await attempt('full', 'the mount is away')
  await attempt('full', undefined, 'away:5432/placed')
  assert.match(await told(), /the mount is away/)
})

test('GG-20 what goes wrong where others make the backups is an alarm too, and an old backup is no protection', async t => {
  const programs = mkdtempSync(join(tmpdir(), 'commonhold-programs-'))
  // The adapter starts its program by name, as an operator has installed it: found where this process looks.
  const path = process.env.PATH
  process.env.PATH = `${programs}${delimiter}${path}`
  t.after(() => {
    process.env.PATH = path
    rmSync(programs, { recursive: true, force: true })
  })
  const told = { ...app, config: { ...app.config, backupAdapter: 'pgbackrest' } }
  const say = async (stop: number, code = 0) => {
    const stanza = [{ name: 'main', status: { code, message: 'no valid backups' }, backup: [{ timestamp: { stop } }] }]
    writeFileSync(join(programs, 'pgbackrest'), `#!/bin/sh\necho '${JSON.stringify(stanza)}'\n`)
    chmodSync(join(programs, 'pgbackrest'), 0o755)
    return (await found('backups.failing', told)).join('\n')
  }
  const now = Date.now() / 1000
  // The server of the tests archives nothing.
  const fresh = await say(now - 3_600)
  assert.match(fresh, /warning pgbackrest: The server archives no WAL/)
  assert.doesNotMatch(fresh, /days old|says of/, 'control: of today')
  assert.match(await say(now - 60 * 86_400), /warning pgbackrest: .* is 60 days old/)
  assert.match(await say(now - 3_600, 2), /pgBackRest says of main: no valid backups/)
  assert.equal((await readState(told)).status, 'attention')
  writeFileSync(join(programs, 'pgbackrest'), '#!/bin/sh\nexit 1\n')
  assert.match((await found('backups.failing', told)).join('\n'), /pgBackRest did not answer/)

  const managed = { ...app, config: { ...app.config, backupAdapter: 'managed' } }
  assert.deepEqual(await found('backups.failing', managed), [], 'what cannot be seen is no mishap')
  assert.match((await found('backups.lacking', managed)).join('\n'), /warning managed: .*try a restore there/)
})

test('GG-20 that there is no backup, or no drill, is an alarm once either has had its turn, and not before', async t => {
  rmSync(archivePath(archive), { recursive: true, force: true })
  const installed = (age: string) =>
    admin.query('update platform.migrations set applied_at = now() - $1::interval', [age])
  t.after(() => installed('0'))
  await installed('25 hours')
  assert.deepEqual(await found('backups.failing'), [], 'the first night is not over')
  assert.match((await found('backups.lacking')).join('\n'), /warning backup: There is no backup yet/)
  await installed('27 hours')
  assert.match((await found('backups.failing')).join('\n'), /^critical backup: There is no backup, though .* 1 day old/)
  await recordRun(app, { kind: 'full' }, async () => {
    throw new Error('the mount is away')
  }).catch(() => {})
  assert.match((await found('backups.failing')).join('\n'), /the mount is away\n.*no backup, though/)

  const backup = await keepBackup()
  const path = join(backupPath(archive, backup), 'backup.json')
  const [entry] = readCatalogue(archive).backups
  const drill = async () => (await found('backups')).filter(line => / drill: /.test(line)).join('\n')
  assert.match(await drill(), /^warning drill: No restore was ever tried\. Begin/)
  assert.doesNotMatch((await found('backups.failing')).join('\n'), /drill/)
  const finishedAt = new Date(Date.now() - 11 * 86_400_000).toISOString()
  await writeSigned(path, archive.keyring, { ...entry, finishedAt })
  assert.match((await found('backups.failing')).join('\n'), /drill: No restore was ever tried, though .* 11 days ago/)

  const apart = { ...app, administration: undefined } as unknown as typeof app
  const told = (await readState(apart)).concerns
  assert.match(told.map(({ object, message }) => `${object}: ${message}`).join(), /^administrator: This program has no/)
})
