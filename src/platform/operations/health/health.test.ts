import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { statementsOf } from '#platform/database'
import { testDatabase } from '#test/database.ts'
import { prepareSession } from '../administration.ts'
import { listIndexBloat, listTableBloat } from './bloat.ts'
import { countConnections, findOldestTransaction, readConnections } from './connections.ts'
import { readFigures } from './figures.ts'
import { listDuplicateIndexes, listIndexes } from './indexes.ts'
import { growTree, listBlocked, readLockTree } from './locks.ts'
import { listSizeHistory, listTableSizes, takeSizeSnapshot } from './relation-sizes.ts'
import { readReplication } from './replication.ts'
import { listSequenceRoom, readTransactionRoom } from './room.ts'
import { listSlowStatements, prepareStatementStatistics, withoutValues } from './statements.ts'

const { admin, db, adminConfig } = await testDatabase()
const tx = statementsOf(admin)
const own = db.scoped({ system: true })
await prepareSession(admin)
await admin.query(`
  create schema made;
  create table made.things (id int, word text) with (autovacuum_enabled = off);
  insert into made.things select n, md5(n::text) from generate_series(1, 120000) as n;
  create index things_word on made.things (word);
  create index things_id on made.things (id)`)
await admin.query('vacuum analyze made.things')

async function connect(): Promise<pg.Client> {
  const client = new pg.Client(adminConfig)
  await client.connect()
  after(() => client.end())
  return client
}

async function untilWaiting(count: number): Promise<void> {
  for (;;) {
    const { rows } = await admin.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    )
    if (rows.length >= count) return
    await sleep(10)
  }
}

test('GG-23 a new installation has no index that another one stands for', async () => {
  assert.deepEqual(await listDuplicateIndexes(tx), [])
})

test('GG-23 tables are told with their size, their rows and what they have grown by since the snapshots', async () => {
  const find = async () => (await listTableSizes(tx)).find(({ name }) => name === 'made.things')
  const before = await find()
  assert.equal(before?.rows, 120_000)
  assert.equal(before.bytes, before.tableBytes + before.indexBytes)
  assert.deepEqual([before.grownInWeek, before.grownInMonth], [null, null], 'nothing is known yet')
  assert.ok((await takeSizeSnapshot(tx, own)) > 100)
  await admin.query(
    'update operations.relation_sizes set taken_on = current_date - 8, total_bytes = total_bytes - 1000',
  )
  assert.equal(await takeSizeSnapshot(tx, own), await takeSizeSnapshot(tx, own), 'twice a day is once')
  const after = await find()
  assert.deepEqual([after?.grownInWeek, after?.grownInMonth], [1000, null])
  assert.deepEqual(
    (await listSizeHistory(own, 'made.things', 400)).map(({ bytes }) => bytes),
    [before.bytes - 1000, before.bytes],
  )
  assert.equal((await listSizeHistory(own, undefined, 400)).length, 2, 'the whole database too')
  await admin.query(
    `insert into operations.relation_sizes (taken_on, relation_name, kind, total_bytes) values (current_date - 401, 'old', 'table', 1)`,
  )
  await takeSizeSnapshot(tx, own)
  assert.deepEqual(await listSizeHistory(own, 'old', 10_000), [], 'after 400 days they go')
  const logs = (await listTableSizes(tx)).find(({ name }) => name === 'audit.audit_logs')
  assert.ok((logs?.partitions ?? 0) >= 4, 'partitions are counted with their table')
})

test('GG-23 bloat is estimated within a tenth, and is not seen where there is none', async () => {
  const least = 2 ** 20
  const packed = (await listTableBloat(tx, least)).find(({ name }) => name === 'made.things')
  assert.ok(packed && packed.wasted < 0.1, String(packed?.wasted))
  for (const name of ['made.things_word', 'made.things_id']) {
    const index = (await listIndexBloat(tx, least)).find(each => each.name === name)
    assert.ok(index && index.wasted < 0.15, `${name} ${index?.wasted}`)
  }
  await admin.query('delete from made.things where id % 4 <> 0')
  await admin.query('vacuum analyze made.things')
  const emptied = (await listTableBloat(tx, least)).find(({ name }) => name === 'made.things')
  assert.ok(Math.abs((emptied?.wasted ?? 0) - 0.75) < 0.08, String(emptied?.wasted))
  const index = (await listIndexBloat(tx, least)).find(({ name }) => name === 'made.things_word')
  assert.ok(Math.abs((index?.wasted ?? 0) - 0.75) < 0.12, String(index?.wasted))
})

test('GG-23 who blocks whom is told as a tree with the queries, without the values in them', async () => {
  const [holder, second, third] = [await connect(), await connect(), await connect()]
  await holder.query(`begin; lock table made.things in access exclusive mode`)
  const waiting = [second.query(`update made.things set word = 'top secret' where id = 4`)]
  await untilWaiting(1)
  await third.query('begin')
  waiting.push(third.query('lock table made.things in exclusive mode'))
  await untilWaiting(2)
  const [root, ...others] = await readLockTree(tx)
  assert.equal(others.length, 0)
  assert.equal(root?.wants, null)
  const [first] = root?.blocked ?? []
  assert.match(first?.wants ?? '', /^made\.things \(RowExclusiveLock\)$/)
  assert.equal(first?.query, "update made.things set word = '…' where id = …")
  // It waits behind the one before it as well as for the holder.
  assert.match(first?.blocked[0]?.wants ?? '', /^made\.things \(ExclusiveLock\)$/)
  assert.equal((await listBlocked(tx, 0)).length, 2)
  assert.deepEqual(await listBlocked(tx, 60), [])
  const sizes = await listTableSizes(tx)
  assert.ok(
    sizes.some(({ name, bytes }) => name === 'made.things' && bytes > 0),
    'sizes are told while it is held',
  )
  assert.ok((await listIndexes(tx)).items.some(({ name }) => name === 'made.things_word'))
  assert.ok((await listTableBloat(tx, 0)).length > 0 && (await takeSizeSnapshot(tx, own)) > 0)
  await holder.query('rollback')
  await Promise.all(waiting)
  await third.query('rollback')
  assert.deepEqual(await readLockTree(tx), [])
})

test('who waits for several stands once, and a circle is told too', () => {
  const session = (pid: number, blockers: number[]) => ({ pid, blockers, wants: null, waitedSeconds: null }) as never
  const shape = (nodes: ReturnType<typeof growTree>): unknown => nodes.map(({ pid, blocked }) => [pid, shape(blocked)])
  assert.deepEqual(shape(growTree([session(1, []), session(2, [1]), session(3, [1, 2])])), [[1, [[2, [[3, []]]]]]])
  assert.deepEqual(shape(growTree([session(1, [2]), session(2, [1])])), [[1, [[2, []]]]])
})

test('GG-23 connections are told by state against the limit, with the oldest transaction', async () => {
  const client = await connect()
  await client.query(`set application_name = 'night import'; begin; select 1`)
  const { limit, used, groups, longest } = await readConnections(tx)
  assert.ok(used >= 2 && used <= limit)
  assert.ok(groups.some(({ application, state }) => application === 'night import' && state === 'idle in transaction'))
  assert.ok(longest.some(({ application }) => application === 'night import'))
  assert.ok(((await findOldestTransaction(tx))?.seconds ?? -1) >= 0)
  assert.ok(((await countConnections(tx)).byState['idle in transaction'] ?? 0) >= 1)
  await client.query('rollback')
})

test('GG-23 slow statements are told where the server counts them; where it does not, that is a state with advice', async () => {
  const { state, advice, items } = await listSlowStatements(tx)
  assert.deepEqual([state, items], ['missing', []])
  assert.match(advice ?? '', /create extension pg_stat_statements/)
  const { rows } = await admin.query(
    `select current_setting('shared_preload_libraries') ~ 'pg_stat_statements' as loaded`,
  )
  await prepareStatementStatistics(tx)
  if (rows[0].loaded) {
    await admin.query('select pg_sleep(0.15)')
    const slow = await listSlowStatements(tx)
    assert.equal(slow.state, 'ready')
    const found = slow.items.find(({ text }) => text === 'select pg_sleep($1)')
    assert.ok(found && found.calls === 1 && found.meanMs >= 150 && found.share > 0)
    assert.ok(!slow.items.some(({ meanMs }) => meanMs < 100))
  } else {
    assert.equal((await listSlowStatements(tx)).state, 'missing', 'it is not made where it could not be read')
    await admin.query('create extension pg_stat_statements schema public')
    assert.equal((await listSlowStatements(tx)).state, 'not_loaded')
  }
})

test('values in a statement are not shown', () => {
  const cases = [
    [`select * from users where email = 'a@b.c' and n = $1`, `select * from users where email = '…' and n = $1`],
    [`alter role x password 'SCRAM-SHA-256$4096:abc'`, `alter role x password '…'`],
    [`select 'it''s', E'a', $q$ body 'x' $q$`, `select '…', '…', '…'`],
    [`select 'cut off in the mid`, `select '…'`],
    [String.raw`select E'it\'s 1', e'\\', 'x', name`, `select '…', '…', '…', name`],
    [String.raw`select E'cut \'off`, `select '…'`],
    [String.raw`select E'cut off\ `.trim(), `select '…'`],
    [String.raw`select U&'d\0061t''a', u&'x' uescape '!', n'y' from t`, `select '…', '…' uescape '…', '…' from t`],
    [`select $q$ cut off 'in the mid`, `select '…'`],
    [`select $$it's$$, $a$ $b$ $$ $a$, 'x' from t`, `select '…', '…', '…' from t`],
    [`select a$b$c, 'x' from t where n = $1 and m = $2`, `select a$b$c, '…' from t where n = $1 and m = $2`],
    [`select "it's", "a""b", 'x'`, `select "it's", "a""b", '…'`],
    [`select 1 -- it's\n, 'x' /* don't\n */ from t`, `select …  \n, '…'   from t`],
    [
      `select * from people where ssn = 123456789 and t2.n1 > 1.5e3`,
      `select * from people where ssn = … and t2.n1 > …`,
    ],
  ] as const
  for (const [text, shown] of cases) assert.equal(withoutValues(text), shown)
})

test('GG-23 sequences, transaction numbers, replication and figures are read on a server that has nothing special', async () => {
  await admin.query(
    `create table made.counted (id int2 generated always as identity); select setval('made.counted_id_seq', 30000)`,
  )
  const [fullest] = await listSequenceRoom(tx)
  assert.deepEqual([fullest?.name, fullest?.column, fullest?.most], ['made.counted_id_seq', 'made.counted.id', '32767'])
  const room = await readTransactionRoom(tx)
  assert.ok(room.xidAge > 0 && room.tables.length === 5)
  const { isReplica, standbys } = await readReplication(tx)
  assert.deepEqual([isReplica, standbys], [false, []])
  assert.ok((await readFigures(tx)).commits > 0)
})
