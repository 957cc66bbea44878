import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sealEntries, verifyLog } from '#platform/audit'
import type { DomainError } from '#platform/errors.ts'
import { finishMove, type MoveOptions, moveTenant, undoMove } from '#platform/tenancy'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { testWorld } from '#test/world.ts'
import { healMoves } from '../src/platform/tenancy/moves-healing.ts'

const world = await testWorld()
const elsewhere = await tenantDatabase(world)
const { app, keys, admin, alice, bob, adminConfig, login } = world
const { placements } = app
assert.ok(placements)
const { id: elsewhereId } = await placements.register(elsewhere.url)
const options: MoveOptions = { placements, main: adminConfig, tenantId: alice.tenantId, heardAfter: 100 }

await admin.query(`
  insert into contractors.contractor_profiles (id, uei, name, total_contract_value)
  select gen_random_uuid(), 'A' || lpad(i::text, 11, '0'), 'COMPANY ' || i, i from generate_series(1, 300) as i`)

async function answer(person: typeof alice, path: string, init?: Parameters<typeof alice.fetch>[1]) {
  const response = await person.fetch(path, init)
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}

const contractors = (await admin.query('select id from contractors.contractor_profiles order by id')).rows.map(
  ({ id }) => id,
)
async function fill(person: typeof alice, name: string): Promise<string> {
  const { body } = await answer(person, '/contractor-lists', { method: 'POST', body: { name } })
  await admin.query('select set_config($1, $2, false), set_config($3, $4, false)', [
    'app.tenant_id',
    person.tenantId,
    'app.user_id',
    person.userId,
  ])
  await admin.query(
    `insert into contractors.contractor_list_items (tenant_id, list_id, contractor_profile_id, added_by, notes, added_at)
    select $1, $2, id, $3, 'note', now() - interval '1 hour' from contractors.contractor_profiles order by id limit 200`,
    [person.tenantId, body.id, person.userId],
  )
  return body.id
}
const aliceList = await fill(alice, 'Moved')
await fill(bob, 'Stays')
// Older than the database that it goes to.
await admin.query(`select platform.make_month_partitions('contractors.contractor_list_activity', '2024-03-01', 0)`)
await admin.query(
  `insert into contractors.contractor_list_activity (tenant_id, list_id, action, created_at) values ($1, $2, 'list.created', '2024-03-05')`,
  [alice.tenantId, aliceList],
)

const tables = ['contractor_lists', 'contractor_list_items', 'contractor_list_shares', 'contractor_list_activity']
async function contentOf(client: typeof admin, tenantId: string) {
  const content: Record<string, unknown> = {}
  for (const table of tables) {
    const { rows } = await client.query(
      `select to_jsonb(t) as row from contractors.${table} as t where tenant_id = $1 order by id`,
      [tenantId],
    )
    content[table] = rows.map(({ row }) => row)
  }
  return content
}
const countedIn = async (client: typeof admin) =>
  (
    await client.query(
      `select coalesce(sum(value), 0)::integer as count from usage.gauge_shards where tenant_id = $1 and metric_name = 'contractors.list_items'`,
      [alice.tenantId],
    )
  ).rows[0].count
const placeOf = async () =>
  (await admin.query('select database_id from tenancy.placements where tenant_id = $1', [alice.tenantId])).rows[0]
    ?.database_id ?? null
const refused = (code: string) => (error: DomainError) => error.code === code

test('MT-17 a tenant moves there and back with every row, and no other tenant is touched', async () => {
  const before = await contentOf(admin, alice.tenantId)
  const ofBob = await contentOf(admin, bob.tenantId)
  const report = await moveTenant(options, elsewhereId)
  assert.equal(report.state, 'switched')
  assert.equal(report.tables['contractors.contractor_list_items']?.rows, 200)
  assert.ok((report.pauseMilliseconds ?? 9e9) < 5_000)
  assert.deepEqual(await contentOf(elsewhere.admin, alice.tenantId), before)
  assert.equal(await placeOf(), elsewhereId)
  assert.equal((await answer(alice, `/contractor-lists/${aliceList}`)).body.itemCount, 200)

  // The old copy is kept, and nobody writes it any more.
  assert.deepEqual(await contentOf(admin, alice.tenantId), before)
  await assert.rejects(
    app.db
      .scoped(alice.scope)
      .run({ sql: `update contractors.contractor_lists set name = 'x'`, parameters: [] } as never),
    { code: 'CM002' },
  )
  const renamed = await answer(alice, `/contractor-lists/${aliceList}`, {
    method: 'PATCH',
    body: { name: 'Renamed there' },
  })
  assert.equal(renamed.status, 200, JSON.stringify(renamed.body))

  assert.equal((await finishMove(options)).state, 'finished')
  assert.equal(await countedIn(elsewhere.admin), 200)
  assert.equal(await countedIn(admin), 0)
  assert.deepEqual(Object.values(await contentOf(admin, alice.tenantId)).flat(), [])
  assert.deepEqual(await contentOf(admin, bob.tenantId), ofBob)
  const there = await contentOf(elsewhere.admin, alice.tenantId)

  // PE-07: its log comes along, and is new here by the numbers of transactions here.
  await sealEntries(app.db)
  const back = await moveTenant(options, null)
  assert.equal(back.state, 'switched')
  const { rows: told } = await admin.query(
    `select count(*)::int as count from audit.audit_logs where tenant_id = $1 and changes -> 'name' ->> 'new' = 'Renamed there'`,
    [alice.tenantId],
  )
  assert.equal(told[0].count, 1, 'control')
  await sealEntries(app.db)
  assert.deepEqual((await verifyLog({ admin: adminConfig })).findings, [])
  assert.deepEqual(await contentOf(admin, alice.tenantId), there)
  await finishMove(options)
  assert.deepEqual(Object.values(await contentOf(elsewhere.admin, alice.tenantId)).flat(), [])
  assert.equal((await answer(alice, `/contractor-lists/${aliceList}`)).body.name, 'Renamed there')
  assert.deepEqual(await contentOf(admin, bob.tenantId), ofBob)
  const { rows: left } = await admin.query(
    `select from pg_trigger where tgfoid in ('platform.note_move_changes'::regproc, 'platform.await_move_turn'::regproc)`,
  )
  assert.equal(left.length, 0)
})

test('MT-17 what is written while a tenant moves arrives, all of it, and writers wait instead of failing', async () => {
  let isMoving = true
  const written = new Map<string, string>()
  const statuses: number[] = []
  let longest = 0
  const writer = async (number: number) => {
    for (let count = 0; isMoving; count++) {
      const began = performance.now()
      const index = number * 1_000 + count
      const made = await answer(alice, '/contractor-lists', { method: 'POST', body: { name: `written ${index}` } })
      longest = Math.max(longest, performance.now() - began)
      statuses.push(made.status)
      if (made.status === 201) written.set(made.body.id, made.body.name)
      if (count % 3 === 1) {
        const [id] = [...written.keys()].slice(-1)
        if (id && (await answer(alice, `/contractor-lists/${id}`, { method: 'DELETE' })).status === 204)
          written.delete(id)
      }
      await answer(alice, `/contractor-lists/${aliceList}/items`, {
        method: 'POST',
        body: { contractorId: contractors[200 + (index % 90)] },
      })
    }
  }
  const writers = Promise.all([1, 2, 3].map(writer))
  await sleep(300)
  const report = await moveTenant({ ...options, heardAfter: 2_500 }, elsewhereId).finally(async () => {
    await sleep(500)
    isMoving = false
    await writers
  })
  assert.deepEqual([...new Set(statuses)], [201], 'nobody is refused')
  assert.ok(written.size > 5, `${written.size}`)
  assert.ok((report.pauseMilliseconds ?? 9e9) < 5_000 && longest < 5_000, `${report.pauseMilliseconds} ${longest}`)
  const { rows } = await elsewhere.admin.query(
    `select id, name from contractors.contractor_lists where tenant_id = $1 and name like 'written %'`,
    [alice.tenantId],
  )
  assert.deepEqual(new Map(rows.map(({ id, name }) => [id, name])), written)
  const { rows: strays } = await admin.query(
    `select name from contractors.contractor_lists where tenant_id = $1 and name like 'written %' and not (id = any ($2))`,
    [alice.tenantId, rows.map(({ id }) => id)],
  )
  assert.ok(strays.every(({ name }) => ![...written.values()].includes(name)))

  // Taken back after the switch: what was written since comes along.
  await answer(alice, '/contractor-lists', { method: 'POST', body: { name: 'Since' } })
  const undone = await undoMove(options)
  assert.equal(undone.state, 'switched')
  assert.equal(await placeOf(), null)
  const names = (await contentOf(admin, alice.tenantId)).contractor_lists as { name: string }[]
  assert.ok(names.some(({ name }) => name === 'Since'))
  await finishMove(options)
})

const steps = [
  'noting',
  'brought',
  'copied contractors.contractor_lists',
  'copied contractors.contractor_list_items',
  'caught up',
  'verified',
  'paused',
  'applied',
  'left',
  'switched',
]

async function dieAt(dieAtStep: string, what = 'move', targetId: string | null = elsewhereId): Promise<string | null> {
  const given = { login, main: adminConfig, keys, tenantId: alice.tenantId, targetId, dieAt: dieAtStep, what }
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./support/moves.doomed.ts', import.meta.url)), JSON.stringify(given)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  const [, signal] = await once(child, 'exit')
  return signal
}

for (const [index, at] of steps.entries()) {
  test(`MT-17 a move that is killed when it has "${at}" loses nothing, and ${index % 2 === 0 ? 'goes on' : 'is undone'}`, async () => {
    const source = await placeOf()
    const target = source === null ? elsewhereId : null
    assert.equal(await dieAt(at, 'move', target), 'SIGKILL')
    // A pause ends by itself: a write waits for at most five seconds. Between leaving and the switch it waits for the move.
    const wrote = await answer(alice, '/contractor-lists', { method: 'POST', body: { name: `after ${at}` } })
    if (at === 'left' && source !== null) assert.equal(wrote.body.code, 'tenancy.moving')
    else assert.equal(wrote.status, 201, JSON.stringify(wrote.body))
    assert.equal((await answer(alice, `/contractor-lists/${aliceList}`)).status, 200)
    if (index % 2 === 0) {
      await moveTenant(options, target)
      await finishMove(options)
      assert.equal(await placeOf(), target)
    } else {
      await undoMove(options)
      if (at === 'switched') await finishMove(options)
      assert.equal(await placeOf(), source)
    }
    placements.forget()
    const lists = (await contentOf((await placeOf()) === null ? admin : elsewhere.admin, alice.tenantId))
      .contractor_lists as { name: string }[]
    if (wrote.status === 201) assert.ok(lists.some(({ name }) => name === `after ${at}`))
    const other = await contentOf((await placeOf()) === null ? elsewhere.admin : admin, alice.tenantId)
    assert.deepEqual(Object.values(other).flat(), [], 'nothing is left at the other side')
    assert.equal((await answer(alice, '/contractor-lists', { method: 'POST', body: { name: 'x' } })).status, 201)
  })
}

test('MT-17 after a kill between leaving a database and the switch a tenant writes again, and the move goes on', async () => {
  if ((await placeOf()) === null) {
    await moveTenant(options, elsewhereId)
    await finishMove(options)
  }
  assert.equal(await dieAt('left', 'move', null), 'SIGKILL')
  const write = (name: string) => answer(alice, '/contractor-lists', { method: 'POST', body: { name } })
  assert.equal((await write('too early')).body.code, 'tenancy.moving', 'control')
  assert.equal(await healMoves(app), 1)
  assert.equal((await write('healed')).status, 201)
  assert.equal(await healMoves(app), 0)
  const seen: number[] = []
  const onStep = async (at: string) => {
    if (at === 'left') seen.push(await healMoves(app))
  }
  await moveTenant({ ...options, onStep }, null)
  assert.deepEqual(seen, [0], 'a move that is at work is left alone')
  assert.equal(await placeOf(), null)
  await finishMove(options)
  placements.forget()
  const lists = (await contentOf(admin, alice.tenantId)).contractor_lists as { name: string }[]
  assert.ok(lists.some(({ name }) => name === 'healed'))
  assert.equal(await healMoves(app), 0)
})

test('MT-17 finishing and undoing that are killed go on', async () => {
  const source = await placeOf()
  const target = source === null ? elsewhereId : null
  await moveTenant(options, target)
  assert.equal(await dieAt('removed contractors.contractor_list_items', 'finish', target), 'SIGKILL')
  assert.equal((await finishMove(options)).state, 'finished')
  assert.equal(await dieAt('verified', 'move', source), 'SIGKILL')
  assert.equal(await dieAt('unguarded', 'undo', source), 'SIGKILL')
  assert.equal((await undoMove(options)).state, 'undone')
  assert.equal(await placeOf(), target)
})

test('MT-17 a tenant is moved by one program at a time, and to one place', async () => {
  const source = await placeOf()
  const target = source === null ? elsewhereId : null
  await assert.rejects(moveTenant(options, source), refused('tenancy.move_not_needed'))
  await assert.rejects(finishMove(options), refused('tenancy.move_none'))
  const begun = Promise.withResolvers<void>()
  const tried = Promise.withResolvers<void>()
  const first = moveTenant(
    {
      ...options,
      onStep: async at => {
        if (at !== 'noting') return
        begun.resolve()
        await tried.promise
      },
    },
    target,
  )
  await begun.promise
  await assert.rejects(moveTenant(options, target), refused('tenancy.move_taken'))
  tried.resolve()
  await first
  await assert.rejects(moveTenant(options, source), refused('tenancy.move_elsewhere'))
  const stop = new AbortController()
  await finishMove(options)
  const interrupted = moveTenant(
    { ...options, signal: stop.signal, onStep: at => at === 'noting' && stop.abort() } as MoveOptions,
    source,
  )
  await assert.rejects(interrupted, refused('tenancy.move_interrupted'))
  assert.equal((await undoMove(options)).state, 'undone')
})

test('MT-17 a copy that differs is not switched to', async () => {
  const source = await placeOf()
  const target = source === null ? elsewhereId : null
  const client = target === null ? admin : elsewhere.admin
  const tampered = moveTenant(
    {
      ...options,
      onStep: async at => {
        if (at !== 'caught up') return
        await client.query(`set session_replication_role = replica`)
        await client.query(
          `update contractors.contractor_list_items set notes = 'altered' where tenant_id = $1 and contractor_profile_id = $2`,
          [alice.tenantId, contractors[0]],
        )
        await client.query(`reset session_replication_role`)
      },
    },
    target,
  )
  await assert.rejects(tampered, refused('tenancy.move_differs'))
  assert.equal(await placeOf(), source)
  assert.equal((await undoMove(options)).state, 'undone')
})
