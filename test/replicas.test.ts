import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Type } from 'typebox'
import { type App, reportAppFor } from '#platform/app.ts'
import { Keyring } from '#platform/crypto'
import { Database, PlacedDatabase, type Places, type Reader, type ReplicaStatus, sql } from '#platform/database'
import { createLogger, route } from '#platform/http'
import { testDatabase } from '#test/database.ts'
import { placeReplica, startPrimary, startReplica } from '#test/replicas.ts'
import { type Person, testWorld } from '#test/world.ts'
import { loadConfig } from '../src/main/config.ts'
import { modules } from '../src/main/modules.ts'
import { createApp } from '../src/main/program.ts'
import { replicaChecks } from '../src/platform/operations/doctor/replica-checks.ts'

// A primary of its own, and what follows it over the wire: all that is tested here is between the two.
const elsewhere = process.env.COMMONHOLD_TEST_SERVER
const primary = await startPrimary()
const place = placeReplica()
const world = await testWorld({
  placed: false,
  environment: { DATABASE_REPLICA_URLS: place.url(), DATABASE_REPLICA_MAX_LAG: '2' },
})
const ownDatabase = await testDatabase()
const replica = await startReplica(primary, place)
const { app, alice, bob, admin } = world
const replicas = app.replicas as NonNullable<App['replicas']>
let onReplica = await replica.admin(world.name)
after(async () => {
  await onReplica.end()
  await replica.stop()
  await primary.stop()
})

const status = () => replicas.statuses[0] as ReplicaStatus
const reports = reportAppFor({}, app).db

/** Until what is committed now is played there, and the program knows it. */
async function catchUp(): Promise<void> {
  const { rows } = await admin.query('select pg_current_wal_flush_lsn()::text as lsn')
  await until(
    async () =>
      (await onReplica.query('select pg_last_wal_replay_lsn() >= $1::pg_lsn as is_there', [rows[0].lsn])).rows[0]
        .is_there,
  )
  await until(async () => {
    await replicas.look('all')
    return status().state === 'ready' && status().lagBytes === 0
  })
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

/** What the work gives, and how many statements of it the replica has answered. */
async function counted<T>(work: () => Promise<T>): Promise<{ result: T; answered: number }> {
  const before = status().answered
  const result = await work()
  return { result, answered: status().answered - before }
}

async function paused<T>(work: () => Promise<T>): Promise<T> {
  await onReplica.query('select pg_wal_replay_pause()')
  await until(
    async () => (await onReplica.query('select pg_get_wal_replay_pause_state() as state')).rows[0].state === 'paused',
  )
  try {
    return await work()
  } finally {
    await onReplica.query('select pg_wal_replay_resume()')
  }
}

const listedBy = async (person: Person, headers: Record<string, string> = {}): Promise<string[]> => {
  const answer = await person.fetch('/audit-logs?resource=contractors.contractor_lists&action=insert&limit=100', {
    headers,
  })
  assert.equal(answer.status, 200)
  const { items } = (await answer.json()) as { items: { resourceId: string }[] }
  return items.map(({ resourceId }) => resourceId)
}

async function makeList(person: Person): Promise<{ id: string; written: string }> {
  const answer = await person.fetch('/contractor-lists', { method: 'POST', body: { name: `List ${randomUUID()}` } })
  assert.equal(answer.status, 201)
  return { id: ((await answer.json()) as { id: string }).id, written: answer.headers.get('x-commonhold-written') ?? '' }
}

/** A report that takes long on a replica alone. */
const slowThere = sql<{ isReplica: boolean }>`
  select pg_is_in_recovery() as is_replica, case when pg_is_in_recovery() then pg_sleep(60) end`
const whereAmI = sql<{ isReplica: boolean }>`select pg_is_in_recovery() as is_replica`

test('PE-12 a report is read from the replica, everything else from the primary', async () => {
  const { id } = await makeList(alice)
  await catchUp()
  const report = await counted(() => listedBy(alice))
  assert.ok(report.result.includes(id))
  assert.ok(report.answered > 0)
  const other = await counted(() => alice.fetch('/contractor-lists'))
  assert.equal(other.answered, 0)
  const shared = await counted(() => alice.fetch('/contractors?facets=true'))
  assert.equal(shared.result.status, 200)
  assert.ok(shared.answered > 0)
})

test('PE-12 AG-01 on the replica too nobody sees what is another tenant’s', async () => {
  const mine = await makeList(alice)
  await catchUp()
  const { result, answered } = await counted(() => listedBy(bob))
  assert.ok(answered > 0)
  assert.ok(!result.includes(mine.id))
  const { rows } = await onReplica.query('select from audit.audit_logs where resource_id = $1', [mine.id])
  assert.equal(rows.length, 1, 'as its superuser it is there')
  const unscoped = await reports.scoped({}).run(sql`select from audit.audit_logs where resource_id = ${mine.id}`)
  assert.equal(unscoped.length, 0)
})

test('PE-12 a report writes nowhere, neither on the replica nor on the primary in its place', async () => {
  await catchUp()
  const write = (reader: Reader) =>
    reader.run(sql`update identity.users set full_name = 'Written' where id = ${alice.userId}`)
  const isRefused = (error: unknown) => error instanceof pg.DatabaseError && error.code === '25006'
  const { scope } = alice
  await assert.rejects(write(reports.scoped(scope)), isRefused)
  await assert.rejects(write(reports.reads({ ...scope, seen: { isOnPrimary: true } })), isRefused)
  await assert.rejects(reports.transaction({ ...scope, seen: { isOnPrimary: true } }, write), isRefused)
  route({
    method: 'GET',
    path: '/never-served',
    allow: 'public',
    summary: 'It would write',
    reads: 'report',
    response: Type.Null(),
    async handle(_request, given) {
      // @ts-expect-error: a report has no connection of its own
      await given.db.connect()
      // @ts-expect-error: nor what could be handed to a noun that writes
      const tx: import('#platform/database').Queryable = given.db.scoped({})
      return tx && null
    },
  })
})

test('PE-12 a report after one’s own write is never older, and goes to the primary until the replica has it', async () => {
  await catchUp()
  const { id } = await paused(async () => {
    const made = await makeList(alice)
    const mine = await counted(() => listedBy(alice))
    assert.ok(mine.result.includes(made.id))
    assert.equal(mine.answered, 0)
    assert.ok((await listedBy(world.viewer).catch(() => [made.id])).includes(made.id))
    // Who has written nothing is not held up by it.
    const others = await counted(() => listedBy(bob))
    assert.ok(others.answered > 0)
    return made
  })
  await catchUp()
  const later = await counted(() => listedBy(alice))
  assert.ok(later.result.includes(id))
  assert.ok(later.answered > 0)
})

test('PE-12 another server of ours knows it by what the caller brings along', async () => {
  const { settings } = loadConfig(modules, { COMMONHOLD_PORT: '0', DATABASE_REPLICA_URLS: place.url() })
  const second = createApp({
    settings,
    login: world.login,
    keyring: Keyring.parse(world.keys),
    log: createLogger('silent'),
  })
  try {
    await catchUp()
    await paused(async () => {
      await second.replicas?.look('all')
      const { id, written } = await makeList(alice)
      const [place = '', keyId] = written.split('.')
      assert.equal(keyId, world.app.keyring.newestKeyId)
      const seenThere = (position?: number) =>
        reportAppFor({}, second)
          .db.scoped({ ...alice.scope, seen: { position } })
          .maybe(sql`select resource_id from audit.audit_logs where resource_id = ${id} and action = 'insert'`)
      assert.equal(await seenThere(), undefined, 'it knows nothing of the write')
      assert.ok(await seenThere(Number.parseInt(place, 36)))
    })
  } finally {
    await second.db.close()
  }
})

test('PE-12 a place that no server of ours gave holds up no report and sends none to the primary', async () => {
  const { written } = await makeList(alice)
  const [, keyId, signature = ''] = written.split('.')
  await catchUp()
  const header = (value: string) => ({ 'x-commonhold-written': value })
  const far = (2 ** 45).toString(36)
  const other = Buffer.from(Buffer.from(signature, 'base64url').map(byte => byte ^ 1))
  const forged = [
    far,
    `${far}.${keyId}.${signature}`,
    `${far}.none.${signature}`,
    written.replace(signature, other.toString('base64url')),
  ]
  for (const value of forged) {
    const { answered } = await counted(() => listedBy(bob, header(value)))
    assert.ok(answered > 0, value)
  }
  await paused(async () => {
    const { written: real } = await makeList(alice)
    const behind = await counted(() => listedBy(bob, header(real)))
    assert.equal(behind.answered, 0, 'control: a real one is heeded, whoever brings it')
  })
})

test('PE-12 a browser brings it in a cookie that no page reads', async () => {
  const answer = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: `List ${randomUUID()}` } })
  const cookie = answer.headers.getSetCookie().find(each => each.startsWith('__Host-commonhold-written='))
  assert.match(cookie ?? '', /; HttpOnly; Secure; SameSite=Lax$/)
  assert.equal((await alice.fetch('/contractor-lists')).headers.get('x-commonhold-written'), null)
})

test('PE-12 who was shown the primary’s state in a report is shown nothing older in the next one', async () => {
  await catchUp()
  await paused(async () => {
    await admin.query('create table if not exists public.something as select 1')
    const scope = { ...alice.scope, userId: randomUUID() }
    const first = await reports.scoped({ ...scope, seen: { position: 2 ** 45 } }).one(whereAmI)
    assert.equal(first.isReplica, false)
    assert.equal((await reports.scoped({ ...scope, seen: {} }).one(whereAmI)).isReplica, false)
    const other = { ...alice.scope, tenantId: undefined, userId: randomUUID() }
    assert.equal((await reports.scoped({ ...other, seen: {} }).one(whereAmI)).isReplica, true)
  })
})

test('PE-12 what the replica does not have yet is asked for on the primary before it is called missing', async () => {
  await catchUp()
  await paused(async () => {
    const { rows } = await admin.query(
      `insert into contractors.contractor_profiles (uei, name) values ('RPLCATEST123', 'Replica Test') returning id`,
    )
    const answer = await counted(() => bob.fetch(`/contractors/${rows[0].id}/award-totals`))
    assert.equal(answer.result.status, 200)
    assert.equal((await bob.fetch(`/contractors/${randomUUID()}/award-totals`)).status, 404)
  })
})

test('PE-12 a replica that is too far behind is not asked; on a primary at rest it stays near', async () => {
  await catchUp()
  await sleep(2_200)
  // The server itself may just have noted something.
  await catchUp()
  assert.deepEqual(
    [status().state, status().lagSeconds],
    ['ready', 0],
    'nothing was written for longer than it may be behind',
  )
  await paused(async () => {
    await makeList(alice)
    await replicas.look('all')
    await sleep(2_200)
    await replicas.look('all')
    assert.equal(status().state, 'behind')
    assert.match(status().reason ?? '', /older than 2 s: its replay is paused/)
    assert.ok((status().lagSeconds ?? 0) > 2 && (status().lagBytes ?? 0) > 0)
    const { answered } = await counted(() => listedBy(bob))
    assert.equal(answered, 0)
    assert.equal((await fetch(`${world.baseUrl}/readyz`)).status, 200)
  })
  await catchUp()
})

test('PE-12 a statement that its replay cancels is done again on the primary', async () => {
  await admin.query('create table public.conflicts as select g from generate_series(1, 1000) g')
  await admin.query('grant select on public.conflicts to public; grant usage on schema public to public')
  await onReplica.query('alter system set max_standby_streaming_delay = 0')
  await onReplica.query('select pg_reload_conf()')
  await catchUp()
  const before = status().failed.conflict
  const slow = reports.scoped(bob.scope).one(sql<{ isReplica: boolean; count: number }>`
    select count(*) as count, bool_or(pg_is_in_recovery()) as is_replica
    from public.conflicts
    where case when pg_is_in_recovery() then pg_sleep(0.1) is not null else true end`)
  await until(async () => {
    const { rows } = await onReplica.query(
      `select from pg_stat_activity where query like '%public.conflicts%' and state = 'active' and pid <> pg_backend_pid()`,
    )
    return rows.length > 0
  })
  await admin.query('delete from public.conflicts where g <= 900')
  await admin.query('vacuum (freeze) public.conflicts')
  const { isReplica, count } = await slow
  assert.deepEqual({ isReplica, count }, { isReplica: false, count: 100 })
  assert.equal(status().failed.conflict, before + 1)
  await onReplica.query('alter system reset max_standby_streaming_delay')
  await onReplica.query('select pg_reload_conf()')
})

test('PE-12 of a replica that hangs the statements are given up and done again on the primary', async () => {
  await catchUp()
  const report = reports.scoped(bob.scope).one(slowThere)
  await until(async () => status().running > 0)
  replica.signal('SIGSTOP')
  try {
    await replicas.look('all')
    assert.equal((await report).isReplica, false)
    assert.deepEqual([status().state, status().reason], ['away', 'It does not answer within 3 seconds'])
  } finally {
    replica.signal('SIGCONT')
  }
  await catchUp()
})

test('PE-12 after the primary has dropped all connections reports go on, and the replica comes back by itself', async () => {
  await catchUp()
  await admin.query(`select pg_terminate_backend(pid) from pg_stat_replication`)
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [world.login.user])
  const { id } = await until2xx(() => makeList(alice))
  await catchUp()
  const { result, answered } = await counted(() => listedBy(alice))
  assert.ok(answered > 0 && result.includes(id))
})

test('PE-12 MT-17 of a tenant with a database of its own a report is read there', async () => {
  await catchUp()
  const tenantId = bob.tenantId
  const places = {
    find: (id: string) => (id === tenantId ? 'own' : undefined),
    open: async () => new Database({ login: ownDatabase.login }),
  }
  const placed = new PlacedDatabase(app.db, places as unknown as Places)
  const placedReports = reportAppFor({ placement: 'tenant' }, { ...app, placed }).db
  const where = sql<{ name: string; isReplica: boolean }>`
    select current_database() as name, pg_is_in_recovery() as is_replica`
  await catchUp()
  const own = await placedReports.scoped({ tenantId, seen: {} }).one(where)
  assert.deepEqual(own, { name: ownDatabase.name, isReplica: false })
  const others = await placedReports.scoped({ tenantId: randomUUID(), seen: {} }).one(where)
  assert.deepEqual(others, { name: world.name, isReplica: true })
})

test('PE-12 a replica with fewer migrations than the primary is not asked', async () => {
  await catchUp()
  await paused(async () => {
    await world.owner.query(`
      insert into platform.migrations
      select (jsonb_populate_record(m, jsonb_build_object('name', '29991231_000000_later'))).*
      from platform.migrations as m
      limit 1`)
    await replicas.look('all')
    assert.equal(status().state, 'refused')
    assert.match(status().reason ?? '', /^It has \d+ of \d+ migrations$/)
    await world.owner.query(`delete from platform.migrations where name = '29991231_000000_later'`)
  })
  await catchUp()
})

test('PE-12 what is killed in the middle of a report costs nobody an error, and is left in peace while it is away', async () => {
  await catchUp()
  const report = reports.scoped(bob.scope).one(slowThere)
  await until(async () => status().running > 0)
  replica.signal('SIGKILL')
  assert.equal((await report).isReplica, false)
  await until(async () => status().state === 'away')
  const looks = await countLooks(async () => {
    for (let times = 0; times < 50; times++) {
      assert.equal((await reports.scoped(bob.scope).one(whereAmI)).isReplica, false)
      await replicas.look()
    }
  })
  assert.ok(looks <= 2, `${looks} looks at what is dead`)
  assert.equal((await fetch(`${world.baseUrl}/readyz`)).status, 200)
  await replica.start()
  onReplica = await replica.admin(world.name)
  await catchUp()
  assert.equal((await reports.scoped(bob.scope).one(whereAmI)).isReplica, true)
})

test('PE-12 doctor, metrics and the page of replication tell of replicas', async () => {
  await replicas.look('all')
  const found = await Promise.all(replicaChecks.map(check => check.run({ app } as never)))
  assert.deepEqual(found.flat(), [])
  const metrics = await (await fetch(`${world.baseUrl}/metrics`)).text()
  assert.match(metrics, /^database_replica_usable\{replica="[^"]+"\} 1$/m)
  assert.match(metrics, /^database_report_fallbacks\{reason="older"\} [1-9]/m)
})

test('PE-12 a replica of another server is refused, and doctor names it', async () => {
  const other = new URL((JSON.parse(elsewhere ?? '{}') as { url: string }).url)
  other.pathname = (JSON.parse(elsewhere ?? '{}') as { template: string }).template
  await withReplicas(other.href, async told => {
    assert.equal(told.state, 'refused')
    assert.match(told.reason ?? '', /another database server: its system identifier is \d+, that of the primary \d+/)
  })
})

test('PE-12 an address that is the primary’s own is refused', async () => {
  const own = new URL(`postgres://127.0.0.1:${primary.admin.port}/${world.name}?sslmode=disable`)
  await withReplicas(own.href, async told => {
    assert.equal(told.state, 'refused')
    assert.match(told.reason ?? '', /^It is no replica/)
  })
})

test('PE-12 a replica that was promoted is refused, and doctor names it', async () => {
  await onReplica.query('select pg_promote()')
  await replicas.look('all')
  assert.deepEqual([status().state, status().reason?.slice(0, 16)], ['refused', 'It is no replica'])
  assert.equal((await reports.scoped(bob.scope).one(whereAmI)).isReplica, false)
  const [finding] = (await Promise.all(replicaChecks.map(check => check.run({ app } as never)))).flat()
  assert.deepEqual([finding?.severity, finding?.object], ['critical', status().name])
  assert.match(finding?.message ?? '', /It is no replica: it was promoted/)
})

async function withReplicas(url: string, look: (told: ReplicaStatus) => Promise<void>): Promise<void> {
  const { settings } = loadConfig(modules, { COMMONHOLD_PORT: '0', DATABASE_REPLICA_URLS: url })
  const log = createLogger('silent')
  const second = createApp({ settings, login: world.login, keyring: Keyring.parse(world.keys), log })
  try {
    await second.replicas?.look('all')
    await look(second.replicas?.statuses[0] as ReplicaStatus)
  } finally {
    await second.db.close()
  }
}

/** How often it was tried to reach the replica. */
async function countLooks(work: () => Promise<void>): Promise<number> {
  const { prototype } = pg.Client
  const connect = prototype.connect
  let count = 0
  prototype.connect = function (this: pg.Client, ...given: [never]) {
    if (this.host.includes('commonhold-replica-')) count++
    return connect.apply(this, given) as never
  } as never
  try {
    await work()
  } finally {
    prototype.connect = connect
  }
  return count
}

/** Each connection finds out by a statement of its own that it was dropped. */
async function until2xx<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof assert.AssertionError) && !(error instanceof SyntaxError)) throw error
    }
  }
}
