import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type App, mainApp } from '#platform/app.ts'
import { sql } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { placeTenant } from '#platform/tenancy'
import { tryCommand } from '#test/commands.ts'
import { runJobs } from '#test/jobs.ts'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { examine } from '../doctor/examinations.ts'
import { listArchives } from './archives.ts'
import { listDeclared } from './declarations.ts'
import { addHold, releaseHold } from './holds.ts'
import { restoreArchive } from './restores.ts'
import { registerArchiveCommands, registerHoldCommands, registerRetentionCommands } from './retention-commands.ts'
import { runRetention } from './runs.ts'

const folder = mkdtempSync(join(tmpdir(), 'commonhold-archive-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const world = await testWorld({ placed: false, environment: { COMMONHOLD_ARCHIVE_DIR: folder } })
const elsewhere = await tenantDatabase(world)
const { admin, app, alice, bob } = world
const shelf = { folder, keyring: app.keyring }
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()
const activity = 'contractors.contractor_list_activity'
const logins = 'identity.login_histories'
const ago = (months: number) => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1, 0, 0, 1))
}
const partitionOf = (table: string, months: number) =>
  `${table}_${ago(months).toISOString().slice(0, 7).replace('-', '_')}`

const registers = {
  retention: registerRetentionCommands,
  archive: registerArchiveCommands,
  holds: registerHoldCommands,
}

/** What a command prints, the refusal it ends with, and its exit code where it sets one. */
async function run(name: keyof typeof registers, ...given: (string | App)[]) {
  const args = given.filter(each => typeof each === 'string')
  const other = given.find(each => typeof each !== 'string')
  const context = {
    withApp: (work: (app: App) => Promise<unknown>) => work(other ?? app),
    readSettings: () => ({ config: mainApp(app).config, keyring: app.keyring }),
  } as CommandContext
  const { refusal, ...ran } = await tryCommand(program => registers[name](program, context), args)
  return { ...ran, code: refusal?.code, kind: refusal?.kind }
}
const json = async <T>(...args: Parameters<typeof run>): Promise<T> => {
  const { written, code } = await run(...args)
  assert.equal(code, undefined, code)
  return JSON.parse(written) as T
}

async function makeLogins(months: number): Promise<string> {
  await admin.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [logins, ago(months)])
  await admin.query(
    `insert into ${logins} (user_id, device, status, created_at) select $1, 'Firefox', 'success', $2 from generate_series(1, 20)`,
    [bob.userId, ago(months)],
  )
  return partitionOf(logins, months)
}

test('GG-16 retention list and run at the command line: counts first, what went after, JSON alone on standard output', async () => {
  const partition = await makeLogins(14)
  const { declared, runs } = await json<{ declared: { name: string; module?: unknown }[]; runs: unknown[] }>(
    'retention',
    'list',
    '--json',
  )
  assert.ok(declared.some(({ name }) => name === logins))
  assert.ok(declared.every(each => !('module' in each)))
  assert.deepEqual(runs, [])
  assert.match((await run('retention', 'list')).written, /identity\.login_histories: archive after .*; never run/)

  const due = await json<unknown[]>('retention', 'run', logins, '--dry-run', '--json')
  const nothing = { databaseName: null, held: 0, failure: null }
  assert.deepEqual(due, [{ declaration: logins, due: 20, partitions: [partition], ...nothing }])
  assert.equal(listArchives(shelf).items.length, 0, 'a dry run changes nothing')

  const did = await run('retention', 'run', logins, '--json')
  const [done] = JSON.parse(did.written) as { status: string; archived: number }[]
  assert.deepEqual([done?.status, done?.archived, did.exitCode], ['done', 20, undefined])
  assert.match(did.errors, /archiving/, 'progress is on standard error')
  assert.match((await run('retention', 'run', logins)).written, /done, nothing was due/)
  const unknown = await run('retention', 'run', 'nothing')
  assert.deepEqual([unknown.code, unknown.kind], ['operations.retention_unknown', 'not_found'])
  assert.equal((await run('retention', 'run', logins, '--often')).code, 'commander.unknownOption')
})

test('GG-16 retention that fails at the command line ends with 6 and says why', async () => {
  const partition = await makeLogins(15)
  const inTheWay = join(folder, 'file')
  writeFileSync(inTheWay, '')
  const blocked = { ...app, config: { ...app.config, archiveDir: join(inTheWay, 'below') } }
  const told = await run('retention', blocked, 'run', logins)
  rmSync(inTheWay)
  assert.equal(told.exitCode, 6)
  assert.match(told.written, new RegExp(`identity\\.login_histories: failed, ${partition}: ENOTDIR`))
  const alarms = async () =>
    (await examine(app, { only: 'retention.failed', alarmsOnly: true })).map(({ object }) => object)
  assert.deepEqual(await alarms(), [logins], 'and operators are told')
  assert.equal((await run('retention', 'run', logins)).exitCode, undefined, 'control: mended it goes on')
  assert.deepEqual(await alarms(), [])
})

test('GG-16 archive list, verify and restore at the command line; a fault ends with 5 and is named', async () => {
  const { items, folder: shown } = await json<{ items: { id: string; rows: number }[]; folder: string }>(
    'archive',
    'list',
    '--json',
  )
  assert.equal(shown, folder)
  assert.equal(items.length, 2)
  const [{ id = '' } = {}] = items
  assert.match((await run('archive', 'list')).written, /20 rows of .*; whole when it was written/)
  assert.deepEqual(await json('archive', 'verify', id, '--json'), { items: [{ id, faults: [] }] })
  assert.match((await run('archive', 'list')).written, new RegExp(`${id}: 20 rows .*; whole on 20`))
  for (const args of [
    ['verify', 'nothing'],
    ['restore', '../keys'],
  ]) {
    const refused = await run('archive', ...args)
    assert.deepEqual([refused.code, refused.kind], ['operations.archive_unknown', 'not_found'], args.join(' '))
  }

  const restored = await json<{ table: string; rows: number }>(
    'archive',
    'restore',
    id,
    '--into',
    'identity.old',
    '--json',
  )
  assert.equal(restored.rows, 20)
  assert.equal((await admin.query('select from identity.old')).rowCount, 20)
  const again = await run('archive', 'restore', id, '--into', 'identity.old')
  assert.deepEqual([again.code, again.kind], ['operations.archive_in_the_way', 'conflict'])
  const unfit = await run('archive', 'restore', id, '--into', 'public')
  assert.deepEqual([unfit.code, unfit.kind], ['operations.archive_target_unfit', 'invalid'])

  for (const table of ['public.old', 'nowhere.old']) {
    const foreign = await run('archive', 'restore', id, '--into', table)
    assert.deepEqual([foreign.code, foreign.kind], ['operations.archive_target_refused', 'conflict'], table)
  }

  writeFileSync(join(folder, `${id}.jsonl.chb`), 'nothing')
  const faulty = await run('archive', 'verify', '--json')
  assert.deepEqual([faulty.code, faulty.kind], ['operations.archives_faulty', 'unavailable'])
  const found = JSON.parse(faulty.written) as { items: { id: string; faults: string[] }[] }
  assert.ok(found.items.find(each => each.id === id)?.faults[0])
  assert.match((await run('archive', 'list')).written, new RegExp(`${id}: .*altered`))
})

test('GG-16 holds add, list and release at the command line refuse what is nobody, both, and over', async () => {
  for (const [args, code, kind] of [
    [['add', '--reason', 'x'], 'operations.hold_of_one', 'invalid'],
    [['add', '--reason', 'x', '--user', bob.userId, '--tenant', bob.tenantId], 'operations.hold_of_one', 'invalid'],
    [['add', '--reason', 'x', '--user', 'bob'], 'operations.hold_user_unknown', 'not_found'],
    [['add', '--reason', 'x', '--tenant', crypto.randomUUID()], 'operations.hold_tenant_unknown', 'not_found'],
    [['add', '--reason', 'x', '--tenant', 'nobody'], 'operations.hold_tenant_unknown', 'not_found'],
    [['add', '--user', bob.userId], 'commander.missingMandatoryOptionValue', undefined],
    [['release', 'x', '--reason', 'y'], 'operations.hold_unknown', 'not_found'],
  ] as const) {
    const refused = await run('holds', ...args)
    assert.deepEqual([refused.code, refused.kind], [code, kind], args.join(' '))
  }
  const held = await json<{ id: string; userEmail: string }>(
    ...(['holds', 'add', '--user', bob.email, '--reason', 'Matter 1', '--json'] as const),
  )
  assert.equal(held.userEmail, bob.email)
  assert.match((await run('holds', 'list')).written, /account bob@northgate\.example since .*: Matter 1\n$/)
  const released = await json<{ releaseReason: string }>('holds', 'release', held.id, '--reason', 'Settled', '--json')
  assert.equal(released.releaseReason, 'Settled')
  assert.equal((await run('holds', 'release', held.id, '--reason', 'Again')).code, 'operations.hold_released')
  assert.deepEqual(await json('holds', 'list', '--json'), [])
  assert.equal((await run('holds', 'list')).written, 'No legal hold stands.\n')
  const { rows } = await admin.query('select slug from tenancy.tenants where id = $1', [bob.tenantId])
  const ofTenant = await json<{ id: string; tenantId: string }>(
    ...(['holds', 'add', '--tenant', rows[0].slug, '--reason', 'Matter 3', '--json'] as const),
  )
  assert.equal(ofTenant.tenantId, bob.tenantId)
  await run('holds', 'release', ofTenant.id, '--reason', 'Settled')
  assert.equal((await json<unknown[]>('holds', 'list', '--all', '--json')).length, 2)
})

test('GG-16 MT-17 holds and archives reach the databases that tenants have of their own', async () => {
  const place = await app.placements?.register(elsewhere.url)
  assert.ok(place)
  await app.db.transaction({ system: true, tenantId: bob.tenantId }, tx => placeTenant(tx, bob.tenantId, place.id))
  app.placements?.forget()
  const there = elsewhere.admin
  const made = await bob.fetch('/contractor-lists', { method: 'POST', body: { name: 'Old' } })
  const { id: listId } = (await made.json()) as { id: string }
  await there.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [activity, ago(14)])
  await there.query(
    `insert into ${activity} (tenant_id, list_id, user_id, action, created_at) values ($1, $2, $3, 'list.created', $4)`,
    [bob.tenantId, listId, bob.userId, ago(14)],
  )
  const partition = partitionOf(activity, 14)
  const isThere = async () =>
    (await there.query('select to_regclass($1) is not null as it', [partition])).rows[0].it as boolean
  const ranThere = async () =>
    (await runRetention(app, { name: 'contractors.list_activity' })).find(({ databaseName }) => databaseName !== null)
  const hold = await addHold(app, {}, { tenantId: bob.tenantId, reason: 'Matter 2' })
  const due = await json<{ databaseName: string | null; due: number; held: number }[]>(
    ...(['retention', 'run', 'contractors.list_activity', '--dry-run', '--json'] as const),
  )
  assert.deepEqual(
    due.filter(({ databaseName }) => databaseName !== null).map(each => [each.databaseName, each.due, each.held]),
    [[place.name, 0, 1]],
  )
  assert.deepEqual(
    (await ranThere())?.steps.map(({ did }) => did),
    ['held'],
  )
  assert.equal(await isThere(), true)
  await releaseHold(app, {}, hold.id, 'Settled')
  const ran = await ranThere()
  assert.deepEqual([ran?.status, ran?.archived], ['done', 1], ran?.reason ?? '')
  assert.equal(await isThere(), false, 'control: released')

  const archived = listArchives(shelf).items.find(({ manifest }) => manifest.database === place.name)?.manifest
  assert.ok(archived)
  const restored = await json<{ table: string }>('archive', 'restore', archived.id, '--json')
  const { rows } = await there.query(`select tenant_id, list_id from ${restored.table}`)
  assert.deepEqual(rows, [{ tenant_id: bob.tenantId, list_id: listId }], 'beside, in the database of which it was')
  assert.equal((await admin.query('select to_regclass($1) as it', [restored.table])).rows[0].it, null)
  await there.query(`drop table ${restored.table}`)
  // His part of a log is erased in the database where it is, whatever the main one says.
  const { archiving } = listDeclared(app).find(({ table }) => table === 'audit.audit_logs') ?? {}
  const modules = app.modules.map(module => ({
    ...module,
    retention: Object.fromEntries(
      Object.entries(module.retention ?? {}).map(([name, declared]) => [
        name,
        { ...declared, ...(declared.table === activity && { archiving }) },
      ]),
    ),
  }))
  await there.query('insert into audit.erased_subjects (user_id) values ($1)', [bob.userId])
  await assert.rejects(restoreArchive({ ...app, modules }, archived.id), {
    code: 'operations.archive_tells_of_erased',
  })
  await there.query('delete from audit.erased_subjects')
  const back = await run('archive', 'restore', archived.id, '--back')
  assert.equal(back.code, undefined, back.code)
  assert.equal(await isThere(), true)
  const { rows: guarded } = await there.query(
    `select relforcerowsecurity as forced from pg_class where oid = to_regclass($1)`,
    [partition],
  )
  assert.equal(guarded[0].forced, true, 'and tenants are kept apart there as before')

  await elsewhere.close()
  const away = await run('retention', 'run', 'contractors.list_activity', '--dry-run')
  assert.equal(away.exitCode, 6, 'a database that is away is told of, and the others are counted')
  assert.match(away.written, /contractors\.list_activity: 0 rows due\n/)
  await elsewhere.reopen()
})

test('GG-16 operators have archives read and restored from the console, with a record; nobody else does', async () => {
  const [sound, broken] = listArchives(shelf)
    .items.toSorted((one, other) => Number(other.manifest.database === null) - Number(one.manifest.database === null))
    .toSorted((one, other) => (one.verification?.faults.length ?? 0) - (other.verification?.faults.length ?? 0))
    .filter(({ manifest }) => manifest.database === null)
  assert.ok(sound && broken)
  const { id } = sound.manifest
  const post = (path: string, body: unknown, who = alice) => who.fetch(path, { method: 'POST', body })
  for (const path of ['/operations/archives/verifications', '/operations/archives/restores'])
    assert.equal((await post(path, { id }, bob)).status, 403, path)
  assert.equal((await post('/operations/archives/restores', { id: 'nothing' })).status, 404)
  assert.equal((await post('/operations/archives/restores', { id, into: 'public.x; drop table y' })).status, 400)
  assert.equal((await post('/operations/archives/verifications', {})).status, 202)
  assert.equal((await post('/operations/archives/restores', { id })).status, 202)
  assert.equal((await post('/operations/archives/restores', { id })).status, 202)
  await runJobs(world)
  type Listed = {
    items: { id: string; verification: { faults: string[] } | null }[]
    runs: { kind: string; status: string; done: number; restoredInto: string | null; reason: string | null }[]
  }
  const { items, runs } = (await (await alice.fetch('/operations/archives')).json()) as Listed
  assert.deepEqual(items.find(each => each.id === id)?.verification?.faults, [])
  const [second, first, verified] = runs
  assert.deepEqual([second?.status, second?.kind], ['failed', 'restore'])
  assert.match(second?.reason ?? '', /is there already/)
  assert.deepEqual(
    [first?.status, first?.done, first?.restoredInto],
    ['done', 20, `"identity"."${sound.manifest.partition.split('.')[1]}_restored"`],
  )
  assert.deepEqual([verified?.kind, verified?.status, verified?.done], ['verify', 'failed', items.length])
  const seen = (await (await alice.fetch('/operations/retention')).json()) as { nextRunAt: string; runs: unknown[] }
  assert.match(seen.nextRunAt, /T03:17:00/)
  assert.ok(Date.parse(seen.nextRunAt) > Date.now())
  assert.ok(seen.runs.length > 2)
  const { rows } = await admin.query(
    `select count(*)::int as n from audit.audit_logs where action in ('verify_archives', 'restore_archive') and user_id = $1`,
    [alice.userId],
  )
  assert.equal(rows[0].n, 3)

  await app.db.scoped({ system: true }).run(sql`
    insert into operations.archive_runs (kind, archive) values ('restore', 'x')`)
  await admin.query(
    `update operations.archive_runs set seen_at = now() - interval '3 minutes' where status = 'running'`,
  )
  const killed = ((await (await alice.fetch('/operations/archives')).json()) as Listed).runs[0]
  assert.deepEqual([killed?.status, /ended in the middle/.test(killed?.reason ?? '')], ['failed', true])
})

test('GG-16 MT-11 who asks for the deletion of a workspace that is held is told so, and not why', async () => {
  const hold = await addHold(app, {}, { tenantId: bob.tenantId, reason: 'A secret matter' })
  for (const refused of [
    await bob.fetch('/tenant/deletion', { method: 'POST', body: { name: 'Northgate Partners' } }),
    await alice.fetch(`/installation/tenants/${bob.tenantId}/deletion`, { method: 'POST', body: { reason: 'Left' } }),
  ]) {
    assert.equal(refused.status, 409)
    const problem = (await refused.json()) as { code: string; detail: string }
    assert.equal(problem.code, 'operations.held')
    assert.doesNotMatch(JSON.stringify(problem), /secret/)
  }
  await releaseHold(app, {}, hold.id, 'Settled')
  const done = await bob.fetch('/tenant/deletion', { method: 'POST', body: { name: 'Northgate Partners' } })
  assert.equal(done.status, 201, 'control: released')
  assert.ok(readdirSync(folder).length > 0)
})

test('GG-17 an operator sees the keys by their ids and begins a rotation; nobody else does', async () => {
  const seen = await alice.fetch('/operations/keys')
  assert.equal(seen.status, 200)
  const text = await seen.text()
  const { newest, keys } = JSON.parse(text) as { newest: string; keys: { id: string; isNewest: boolean }[] }
  assert.deepEqual([newest, keys.find(({ isNewest }) => isNewest)?.id], ['k1', 'k1'])
  assert.ok(!text.includes(world.keys.split(':')[1] ?? ''), 'never the keys themselves')
  const begin = (who: typeof alice) => who.fetch('/operations/key-rotations', { method: 'POST' })
  assert.deepEqual([(await bob.fetch('/operations/keys')).status, (await begin(bob)).status], [403, 403])
  assert.equal((await begin(alice)).status, 202)
  await runJobs(world)
  const { rotations } = (await (await alice.fetch('/operations/keys')).json()) as {
    rotations: { status: string; total: number }[]
  }
  assert.deepEqual([rotations.length, rotations[0]?.status, rotations[0]?.total], [1, 'done', 0])
})
