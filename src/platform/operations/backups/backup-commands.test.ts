import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { Keyring } from '#platform/crypto'
import { startWorker } from '#platform/jobs'
import { runCommand, tryCommand } from '#test/commands.ts'
import { ownServer } from '#test/own-server.ts'

const server = await ownServer({ summarize_wal: 'on' })
const { testDatabase } = await import('#test/database.ts')
const { backupPath, readCatalogue } = await import('./catalogue.ts')
const { registerBackupCommands } = await import('./commands.ts')
const { drillRestore, makeFullBackup, makeIncrementalBackup } = await import('./jobs.ts')
const { listRuns } = await import('./runs.ts')
const { writeSigned } = await import('./sealed-files.ts')

const { db, admin, adminConfig, login } = await testDatabase()
after(() => server.end())
const folder = join(server.directory, 'backups')
const app = {
  db,
  keyring: Keyring.parse(Keyring.generate('k1')),
  clock: { now: () => new Date() },
  log: { info() {}, warn() {}, error: assert.ifError },
  config: { dataDir: server.directory, backupDir: folder },
  administration: { admin: adminConfig, isEmbedded: false, dataDirectory: server.directory },
  modules: [],
} as unknown as App
const { config, keyring } = app
const register = (program: Parameters<Parameters<typeof runCommand>[0]>[0]) =>
  registerBackupCommands(program, { withApp: work => work(app), readSettings: () => ({ config, keyring }) })
const run = async (...words: string[]) => {
  const { written, exitCode } = await runCommand(register, [...words, '--json'])
  return { ...JSON.parse(written), exitCode }
}
const runsNow = async () =>
  (await listRuns(db.scoped({ system: true }), { limit: 20 })).map(({ kind, state }) => [kind, state]).toReversed()

test('GG-20 a backup is made and read again by command, whole and of what changed, and stands on record', async () => {
  const full = await run('create')
  assert.equal(full.exitCode, undefined)
  assert.deepEqual([full.kind, full.parent, full.verification.faults, full.others], ['full', null, [], []])
  assert.ok(full.plainBytes > full.storedBytes && full.storedBytes > 1_000_000)
  const more = await run('create', '--incremental')
  assert.deepEqual([more.kind, more.parent, more.verification.faults], ['incremental', full.id, []])
  assert.ok(more.storedBytes < full.storedBytes)
  assert.deepEqual(
    (await run('list')).items.map(({ id }: { id: string }) => id),
    [full.id, more.id],
  )
  assert.deepEqual(await runsNow(), [
    ['full', 'done'],
    ['verify', 'done'],
    ['incremental', 'done'],
    ['verify', 'done'],
  ])
  const { rows } = await admin.query('select distinct requested_by from operations.backup_runs')
  assert.match(rows[0].requested_by, / at the command line$/)
})

test('GG-20 backups are read again by command without a database, one or all of them, and a fault is told', async () => {
  const [full, more] = (await run('list')).items as { id: string }[]
  const withApp = () => assert.fail('it needs no database')
  const apart: typeof register = program =>
    registerBackupCommands(program, { withApp, readSettings: () => ({ config, keyring }) })
  const { written, errors } = await runCommand(apart, ['verify', '--json'])
  const found = JSON.parse(written).items as { id: string; faults: string[] }[]
  assert.deepEqual(
    found.filter(({ id }) => !id.endsWith('/wal')).map(({ id, faults }) => [id, faults]),
    [
      [full?.id, []],
      [more?.id, []],
    ],
  )
  assert.match(errors, new RegExp(`^Reading ${full?.id}\n`))
  const alone = await runCommand(apart, ['verify', String(more?.id)])
  assert.equal(alone.written, `${more?.id}  without a fault\n`)
  await assert.rejects(runCommand(apart, ['verify', 'nothing']), { code: 'backups.backup_not_found' })

  const [system = ''] = readdirSync(folder)
  const directory = backupPath({ folder, systemIdentifier: system }, String(more?.id))
  const [file = ''] = readdirSync(directory).filter(name => name.endsWith('.sealed'))
  appendFileSync(join(directory, file), 'x')
  const broken = await tryCommand(apart, ['verify', String(more?.id), '--json'])
  assert.equal(broken.refusal?.code, 'backups.verify_failed')
  assert.equal(broken.refusal?.kind, 'conflict', 'exit code 3')
  assert.equal(JSON.parse(broken.written).items[0].faults.length, 1, 'told before it ends so')
  const listed = (await run('list')).items as { id: string; isLost: boolean }[]
  assert.deepEqual(
    listed.map(({ isLost }) => isLost),
    [false, true],
  )
})

test('GG-20 what is older than is kept goes by command, whole chains of it, and the last one stays', async () => {
  const second = await run('create')
  const third = await run('create')
  assert.deepEqual(await run('expire'), { backups: [], segments: 0, exitCode: undefined }, 'all are of today')
  const { backups } = readCatalogue({ folder, keyring })
  const chain = backups.slice(0, 2).map(({ id }) => id)
  for (const backup of backups.slice(0, 3)) {
    const days = backup.id === second.id ? 35 : 40
    const at = new Date(Date.now() - days * 86_400_000).toISOString()
    const path = join(backupPath({ folder, systemIdentifier: backup.systemIdentifier }, backup.id), 'backup.json')
    await writeSigned(path, keyring, { ...backup, startedAt: at, finishedAt: at })
  }
  assert.deepEqual((await run('expire')).backups, chain, 'the moments of 30 days ago are reached from the second')
  assert.deepEqual(
    (await run('list')).items.map(({ id }: { id: string }) => id),
    [second.id, third.id],
  )
  assert.match((await runCommand(register, ['expire'])).written, /^Removed 0 backups and 0 segments of WAL\.\n$/)
})

test('GG-20 whole at 02:00 UTC and what changed each six hours, a drill each week, by the clock of the queue', async () => {
  const jobs = [makeFullBackup, makeIncrementalBackup, drillRestore]
  const modules = [{ name: 'backups', jobs: jobs.map(job => ({ ...job, run: async () => {} })) }]
  const worker = await startWorker({ app, connection: login, modules, pollSeconds: 2 })
  const { rows } = await admin.query('select name, cron, timezone from jobs.schedule').finally(() => worker.stop())
  assert.equal(rows.length, 3)
  // The queue reads them with this.
  const { CronExpressionParser } = createRequire(createRequire(import.meta.url).resolve('pg-boss'))('cron-parser')
  const timesOf = ({ name }: { name: string }) => {
    const { cron, timezone } = rows.find(row => row.name === name) ?? {}
    assert.equal(timezone, 'UTC')
    // From a Friday on, over the night in which clocks of Europe are put forward.
    const times = CronExpressionParser.parse(cron, { tz: timezone, currentDate: new Date('2027-03-26T00:00:00Z') })
    return Array.from({ length: 12 }, () => times.next().toDate().toISOString().slice(0, 16))
      .filter(time => time < '2027-03-29')
      .map(time => time.slice(8))
  }
  assert.deepEqual(timesOf(makeFullBackup), ['26T02:00', '27T02:00', '28T02:00'])
  assert.deepEqual(timesOf(makeIncrementalBackup), [
    ...['26T08:00', '26T14:00', '26T20:00', '27T08:00', '27T14:00', '27T20:00'],
    ...['28T08:00', '28T14:00', '28T20:00'],
  ])
  assert.deepEqual(timesOf(drillRestore), ['28T03:30'])

  await admin.query('delete from operations.backup_runs')
  await makeFullBackup.run({}, app)
  await makeIncrementalBackup.run({}, app)
  assert.deepEqual(await runsNow(), [
    ['full', 'done'],
    ['verify', 'done'],
    ['expire', 'done'],
    ['incremental', 'done'],
    ['verify', 'done'],
  ])
  rmSync(folder, { recursive: true })
  await drillRestore.run({}, app)
  assert.equal((await runsNow()).length, 5, 'without a backup there is nothing to try')
})
