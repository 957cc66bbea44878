import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startEmbedded } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { finishMove, moveTenant, placeTenant } from '#platform/tenancy'
import { ownServer } from '#test/own-server.ts'

const server = await ownServer({ full_page_writes: 'on' })
const { joinAs, newPerson, testWorld } = await import('#test/world.ts')
const { tenantDatabase } = await import('#test/tenant-databases.ts')
const { takeBackup } = await import('./base-backups.ts')
const { recoverAside } = await import('./recoveries.ts')
const { writeVerification } = await import('./catalogue.ts')
const { recordRun } = await import('./runs.ts')
const { findReceiverState } = await import('./wal-files.ts')
const { startReception } = await import('./reception.ts')
const { backUpOthers } = await import('./schedule.ts')
const { readState } = await import('./state.ts')
const { examine } = await import('../doctor/examinations.ts')
const { restoreTenant } = await import('./tenant-restores.ts')
const { restoreBeside, restoreInPlace } = await import('./table-restores.ts')

const world = await testWorld({ hasRouteLimits: false })
const elsewhere = await tenantDatabase(world)
const { admin, adminConfig, alice, bob } = world
const folder = join(server.directory, 'backups')
const dataDirectory = join(server.directory, 'program')
mkdirSync(dataDirectory)
const app = {
  ...world.app,
  administration: { admin: adminConfig, isEmbedded: false, dataDirectory },
  config: { ...world.app.config, backupDir: folder },
}
const { placements } = app
assert.ok(placements)
const shelf = { folder, keyring: app.keyring }
const lists = 'contractors.contractor_lists'

const namesIn = async (client: pg.ClientBase, tenantId = alice.tenantId, table = lists) =>
  (
    await client.query<{ name: string }>(`select name from ${table} where tenant_id = $1 order by name`, [tenantId])
  ).rows.map(it => it.name)
const isMember = async (client: pg.ClientBase, userId: string) =>
  (
    await client.query('select from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
      alice.tenantId,
      userId,
    ])
  ).rowCount === 1
const refusal = (code: string, says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DomainError, String((error as Error).stack))
  assert.equal(error.code, code, error.message)
  assert.match(error.message, says)
  return true
}
async function addList(person: typeof alice, name: string): Promise<string> {
  const answer = await person.fetch('/contractor-lists', { method: 'POST', body: { name } })
  assert.equal(answer.status, 201, await answer.clone().text())
  return ((await answer.json()) as { id: string }).id
}
async function made(path: string, body: object): Promise<string> {
  const answer = await alice.fetch(path, { method: 'POST', body })
  assert.equal(answer.status, 201, await answer.clone().text())
  return ((await answer.json()) as { id: string }).id
}
const rename = async (id: string, name: string, person = alice) =>
  assert.equal((await person.fetch(`/contractor-lists/${id}`, { method: 'PATCH', body: { name } })).status, 200)

async function place(databaseId: string): Promise<void> {
  await app.db.transaction({ system: true, tenantId: alice.tenantId }, tx =>
    placeTenant(tx, alice.tenantId, databaseId),
  )
  placements?.forget()
}

// Then: alice's workspace has a database of its own, on the server that is backed up; bob's has none.
const { id: databaseId } = await placements.register(elsewhere.url)
await place(databaseId)
const leaver = await newPerson(world)
await joinAs(world, leaver.userId, alice.tenantId, 'member')
const [kept, deleted] = [await addList(alice, 'Kept and renamed'), await addList(alice, 'Deleted since')]
const ofBob = await addList(bob, 'Of another workspace')
const erased = await newPerson(world)
await joinAs(world, erased.userId, alice.tenantId, 'member')
await placements.bring(databaseId, { table: 'identity.users', column: 'id', values: [erased.userId] })
const rota = await made('/assignment-domains', { name: 'rota', displayName: 'Rota' })
const enter = (name: string, userId?: string) =>
  made('/participants', { domainId: rota, name, phone: '+49 171', ...(userId && { userId }) })
const [linked, byHand, stayed] = [
  await enter('Linked', erased.userId),
  await enter('Erased by hand'),
  await enter('Who stayed'),
]
// Whose membership a row in the other database names.
await elsewhere.admin.query(`update ${lists} set user_id = $2 where id = $1`, [deleted, alice.userId])
const backup = await takeBackup({ shelf, admin: adminConfig })
const copy = await recoverAside({
  ...{ shelf, target: { backup: backup.id }, into: join(server.directory, 'copy'), durable: false },
})
after(async () => {
  await copy.stop()
  await server.end()
})

// Since.
async function change(): Promise<void> {
  await rename(kept, 'Renamed')
  await elsewhere.admin.query(`delete from ${lists} where id = $1`, [deleted])
  await admin.query('delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
    alice.tenantId,
    leaver.userId,
  ])
  await placements?.refresh(databaseId)
  await addList(alice, 'Made since')
}
await change()

const aside = (async (_app, _options, work) => await work(copy)) as NonNullable<
  Parameters<typeof restoreTenant>[1]['aside']
>
const wish = {
  slug: 'meridian-capture',
  target: { latest: true },
  requestedBy: 'Olga Operator',
  aside,
  mode: 'replace',
} as const
const bobSlug = (await admin.query('select slug from tenancy.tenants where id = $1', [bob.tenantId])).rows[0]
  .slug as string
const asItWas = ['Deleted since', 'Kept and renamed']
const asItIs = ['Made since', 'Renamed']

test('GG-21 MT-17 a workspace with a database of its own is brought back there, its members in the main one', async () => {
  const others = await namesIn(admin, bob.tenantId)
  assert.deepEqual(await namesIn(admin), [], 'control: it has nothing in the main database')
  const dry = await restoreTenant(app, { ...wish, isDryRun: true })
  assert.deepEqual(await namesIn(elsewhere.admin), asItIs, 'a dry run changes nothing')
  assert.deepEqual(
    [await isMember(admin, leaver.userId), await isMember(elsewhere.admin, leaver.userId)],
    [false, false],
  )

  const done = await restoreTenant(app, wish)
  assert.deepEqual(done.tables, dry.tables)
  assert.deepEqual(await namesIn(elsewhere.admin), asItWas)
  assert.deepEqual([await isMember(admin, leaver.userId), await isMember(elsewhere.admin, leaver.userId)], [true, true])
  assert.deepEqual(await namesIn(admin), [])
  assert.deepEqual(await namesIn(admin, bob.tenantId), others)
  assert.equal(done.database?.endsWith(elsewhere.name), true)
  const { added, changed, removed } = done.tables[lists] ?? {}
  assert.deepEqual({ added, changed, removed }, { added: 1, changed: 1, removed: 1 })
  assert.equal((await alice.fetch(`/contractor-lists/${deleted}`)).status, 200)
  for (const client of [admin, elsewhere.admin])
    assert.equal((await client.query('select from platform.moving_tenants')).rowCount, 0)
})

test('GG-19 MT-17 each row that came back there is an entry of the log there, under the number of the run', async () => {
  const { rows: runs } = await admin.query(
    `select id, state from operations.backup_runs where kind = 'restore' order by started_at desc limit 1`,
  )
  assert.equal(runs[0].state, 'done')
  const { rows } = await elsewhere.admin.query(
    `select action, min(user_name) as name from audit.audit_logs where resource = $1 and request_id = $2 group by 1 order by 1`,
    [lists, runs[0].id],
  )
  assert.deepEqual(
    rows.map(({ action, name }) => [action, name]),
    ['delete', 'insert', 'update'].map(action => [action, 'Olga Operator']),
  )
})

test('GG-16 MT-17 who was erased since stays erased in a database of the workspace’s own, with his account or by hand', async () => {
  const namesOf = async (client: pg.ClientBase) =>
    Object.fromEntries(
      (
        await client.query(
          `select id, name || coalesce(' ' || phone, '') as name from assignments.participants where tenant_id = $1`,
          [alice.tenantId],
        )
      ).rows.map(({ id, name }) => [id, name]),
    )
  const then = await namesOf(elsewhere.admin)
  assert.deepEqual(then, {
    [linked]: 'Linked +49 171',
    [byHand]: 'Erased by hand +49 171',
    [stayed]: 'Who stayed +49 171',
  })
  await admin.query('delete from identity.users where id = $1', [erased.userId])
  await placements.refresh(databaseId)
  assert.equal((await alice.fetch(`/participants/${byHand}/erasure`, { method: 'POST' })).status, 200)
  await elsewhere.admin.query('delete from assignments.participants where id = any ($1)', [[byHand, stayed]])

  await restoreTenant(app, wish)
  const asErased = { ...then, [linked]: 'Erased person', [byHand]: 'Erased person' }
  assert.deepEqual(await namesOf(elsewhere.admin), asErased)
  await elsewhere.admin.query('delete from assignments.participants where tenant_id = $1', [alice.tenantId])
  await restoreTenant(app, { ...wish, mode: 'merge' })
  assert.deepEqual(await namesOf(elsewhere.admin), asErased)
  const table = { ...wish, table: 'assignments.participants', tenant: wish.slug }
  const { erased: left } = await restoreBeside(app, { ...table, into: 'restored.people' })
  assert.equal(left, 2)
  const { rows } = await elsewhere.admin.query(`select name from restored.people order by name`)
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['Erased person', 'Erased person', 'Who stayed'],
  )
  await elsewhere.admin.query('drop table restored.people')
})

test('GG-21 MT-17 where others back its database up, a copy that they recovered is named, and refused where it is not the workspace’s', async () => {
  const before = await namesIn(elsewhere.admin)
  const server = new pg.Client(copy.adminConfig('template1'))
  await server.connect()
  // What somebody recovered by other means, told by a name that no backup of ours has.
  await server.query(`create database by_others template "${elsewhere.name}"`)
  await server.query(`create database of_nobody template template0`)
  await server.end()
  const byOthers = new pg.Client(copy.adminConfig('by_others'))
  await byOthers.connect()
  await byOthers.query(`select set_config('app.tenant_id', $1, false)`, [alice.tenantId])
  await byOthers.query(`update ${lists} set name = 'By others' where id = $1`, [deleted])
  await byOthers.end()
  const urlOf = (database: string) => {
    const { host = '', port, user = '', password } = copy.adminConfig(database)
    const url = new URL(`postgres://localhost/${database}`)
    url.username = user
    url.password = typeof password === 'string' ? password : ''
    url.searchParams.set('host', host)
    url.port = String(port)
    return url.href
  }
  const dry = { ...wish, isDryRun: true } as const
  for (const database of ['of_nobody', adminConfig.database as string])
    await assert.rejects(
      restoreTenant(app, { ...dry, placedCopy: urlOf(database) }),
      refusal('backups.placed_copy_foreign', /meridian-capture/),
      database,
    )
  await assert.rejects(
    restoreTenant(app, { ...dry, placedCopy: urlOf('not_there') }),
    refusal('tenancy.database_away', /not_there/),
  )
  assert.deepEqual(await namesIn(elsewhere.admin), before, 'what was refused changed nothing')
  const mainOnly = { ...dry, slug: bobSlug, placedCopy: urlOf('by_others') }
  await assert.rejects(restoreTenant(app, mainOnly), refusal('backups.placed_copy_unfit', /main database/))

  const { database } = await restoreTenant(app, { ...wish, placedCopy: urlOf('by_others') })
  assert.equal(database?.endsWith(elsewhere.name), true)
  assert.deepEqual(await namesIn(elsewhere.admin), ['By others', 'Kept and renamed'])
  await restoreTenant(app, wish)
  assert.deepEqual(await namesIn(elsewhere.admin), asItWas)
})

test('GG-16 MT-17 a legal hold, which stands in the main database, stops a restore in one of a tenant’s own', async () => {
  await change()
  const hold = async (userId: string) => {
    const { rows } = await admin.query(
      `insert into operations.legal_holds (held_user_id, reason) values ($1, 'Matter 12') returning id`,
      [userId],
    )
    await assert.rejects(restoreTenant(app, wish), refusal('operations.held', /legal hold/))
    await assert.rejects(
      restoreInPlace(app, { ...wish, table: lists, tenant: wish.slug }),
      refusal('operations.held', /legal hold/),
    )
    assert.deepEqual(await namesIn(elsewhere.admin), asItIs)
    await admin.query(
      `update operations.legal_holds set released_at = now(), release_reason = 'Settled' where id = $1`,
      [rows[0].id],
    )
  }
  await hold(alice.userId)
  // Who is no member: rows that name him are held.
  await placements.bring(databaseId, { table: 'identity.users', column: 'id', values: [bob.userId] })
  await elsewhere.admin.query(`update ${lists} set user_id = $1 where name = 'Made since'`, [bob.userId])
  await hold(bob.userId)
})

test('GG-21 MT-17 killed between the ends of both transactions, the same restore again brings the rest', async () => {
  await assert.rejects(
    restoreTenant(app, {
      ...wish,
      onStep(step) {
        if (step === 'written elsewhere') throw new Error('Killed before the first')
      },
    }),
    /Killed before the first/,
  )
  assert.deepEqual(await namesIn(elsewhere.admin), asItIs, 'nothing was changed')
  await assert.rejects(
    restoreTenant(app, {
      ...wish,
      onStep(step) {
        if (step === 'written') throw new Error('Killed between')
      },
    }),
    /Killed between/,
  )
  assert.deepEqual([await namesIn(elsewhere.admin), await isMember(admin, leaver.userId)], [asItWas, false])
  // From a copy of its own, which has no other database than these two.
  const { aside: _, ...real } = wish
  await restoreTenant(app, real)
  assert.deepEqual([await namesIn(elsewhere.admin), await isMember(admin, leaver.userId)], [asItWas, true])
})

test('GG-21 MT-17 a table comes back for one workspace, beside or in its place, where its data are', async () => {
  await change()
  const asked = { ...wish, table: lists, tenant: wish.slug }
  const { rows, database } = await restoreBeside(app, { ...asked, into: 'restored.lists' })
  assert.deepEqual([rows, database?.endsWith(elsewhere.name)], [2, true])
  assert.deepEqual(await namesIn(elsewhere.admin, alice.tenantId, 'restored.lists'), asItWas)
  await assert.rejects(restoreInPlace(app, asked), refusal('backups.rows_held', /contractor_list_activity/))
  for (const client of [elsewhere.admin, admin])
    await client.query('delete from contractors.contractor_list_activity where tenant_id = any ($1)', [
      [alice.tenantId, bob.tenantId],
    ])
  const { counts } = await restoreInPlace(app, asked)
  assert.deepEqual([counts?.added, counts?.changed, counts?.removed], [1, 1, 1])
  assert.deepEqual(await namesIn(elsewhere.admin), asItWas)

  // One whose data are in the main database: its rows alone.
  await rename(ofBob, 'Renamed', bob)
  const inMain = { ...asked, tenant: 'northgate-partners' }
  const beside = await restoreBeside(app, { ...inMain, into: 'restored.lists' })
  assert.equal(beside.database, null)
  assert.deepEqual(await namesIn(admin, bob.tenantId, 'restored.lists'), ['Of another workspace'])
  await restoreInPlace(app, inMain)
  assert.deepEqual(await namesIn(admin, bob.tenantId), ['Of another workspace'])
  await assert.rejects(
    restoreBeside(app, { ...asked, table: 'contractors.contractor_profiles' }),
    refusal('backups.table_shared', /--tenant/),
  )
})

test('GG-21 MT-17 a workspace that was moved home since comes back in the main database', async () => {
  await change()
  const options = { placements, main: adminConfig, tenantId: alice.tenantId, heardAfter: 0 }
  await moveTenant(options, null)
  await assert.rejects(restoreTenant(app, wish), refusal('backups.tenant_moving', /--finish/))
  await finishMove(options)
  placements.forget()
  assert.deepEqual(await namesIn(admin), asItIs)
  const { database } = await restoreTenant(app, wish)
  assert.equal(database, null)
  assert.deepEqual(await namesIn(admin), asItWas)
})

test('GG-21 MT-17 a workspace on another server is brought back from that one’s backups, or refused with what to do', async () => {
  const other = await startEmbedded({ dataDirectory: join(server.directory, 'other'), durable: false })
  let reception: ReturnType<typeof startReception> | undefined
  try {
    const { host = '', port, user = '', password = '' } = other.adminConfig()
    const url = new URL('postgres://localhost/postgres')
    url.username = user
    url.password = String(password)
    url.searchParams.set('host', host)
    url.port = String(port)
    const { id } = await placements.register(url.href)
    const options = { placements, main: adminConfig, tenantId: alice.tenantId, heardAfter: 0 }
    await moveTenant(options, id)
    await finishMove(options)
    placements.forget()
    // Of the main server alone there is a copy of then.
    await takeBackup({ shelf, admin: adminConfig })
    const { aside: _, ...real } = wish
    await assert.rejects(restoreTenant(app, real), refusal('backups.place_unprotected', /--placed-copy URL/))
    const [unprotected] = (await readState(app)).others
    assert.deepEqual([unprotected?.status, unprotected?.tenants], ['unprotected', 1])
    const said = await examine(app, { only: 'backups.lacking' })
    assert.ok(
      said.some(({ message }) => /1 workspace has its data in .*no backup/.test(message)),
      'doctor',
    )

    const { made, failures } = await backUpOthers(app, 'incremental')
    assert.deepEqual([made.map(({ kind }) => kind), failures], [['full'], []])
    const servers = [backup.systemIdentifier, made[0]?.systemIdentifier ?? '']
    const isReceived = (time: Date) =>
      servers.every(systemIdentifier => {
        const state = findReceiverState({ ...shelf, systemIdentifier })
        return state !== undefined && Date.parse(state.serverTime) > time.getTime()
      })
    reception = startReception(app)
    await rename(kept, 'In the WAL')
    await sleep(5)
    const at = (await admin.query('select clock_timestamp() as now')).rows[0].now as Date
    await sleep(5)
    await addList(alice, 'Since')
    while (!isReceived(at)) await sleep(50)
    const messageOf = async () => (await readState(app)).others[0]?.message ?? null
    assert.equal(await messageOf(), null)
    const ofOther = { ...shelf, systemIdentifier: made[0]?.systemIdentifier ?? '' }
    await writeVerification(ofOther, made[0]?.id ?? '', { at: new Date().toISOString(), faults: ['base was altered.'] })
    assert.match((await messageOf()) ?? '', /-full-.* cannot be restored from: base/)
    await writeVerification(ofOther, made[0]?.id ?? '', { at: new Date().toISOString(), faults: [] })
    const database = (await readState(app)).others[0]?.databases.join(', ')
    const fails = recordRun(app, { kind: 'full', database }, async () => assert.fail('the mount is away'))
    await assert.rejects(fails)
    assert.match((await messageOf()) ?? '', /last attempt to back its server up failed: .*the mount is away/)
    await recordRun(app, { kind: 'full', database }, async () => ({ result: {} }))
    assert.equal(await messageOf(), null)
    await reception.stop()
    reception = undefined
    const restored = await restoreTenant(app, { ...real, target: { at } })
    assert.ok(restored.database?.endsWith('/postgres'))
    const there = new pg.Client(other.adminConfig())
    await there.connect()
    assert.deepEqual(await namesIn(there), ['Deleted since', 'In the WAL'])
    await there.end()
  } finally {
    await reception?.stop()
    await other.stop()
  }
})
