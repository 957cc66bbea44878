import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Keyring } from '#platform/crypto'
import { connectSide, startEmbedded } from '#platform/database'
import { migrateDatabase } from '../../database/migrate.ts'
import { takeBackup } from './base-backups.ts'
import { backupPath, innerName } from './catalogue.ts'
import { findOmissions, requireRead } from './omissions.ts'
import { parseLsn } from './positions.ts'
import { startReceiver } from './receiver.ts'
import { findArchive, recoverAside } from './recoveries.ts'
import { readSealed } from './sealed-files.ts'
import { type Member, readTar } from './tars.ts'

const root = mkdtempSync(join(tmpdir(), 'commonhold-partial-'))
chmodSync(root, 0o755)
const settings = { fsync: 'off', autovacuum: 'off' }
const server = await startEmbedded({ dataDirectory: join(root, 'data'), settings })
const admin = server.adminConfig()
await migrateDatabase({ admin })
const client = await connectSide({ ...admin, application_name: 'test' })
const shelf = { folder: join(root, 'backups'), keyring: Keyring.parse(Keyring.generate('k1')) }
const receiver = await startReceiver({ shelf, admin })
after(async () => {
  await receiver.stop()
  await client.end()
  await server.stop()
  rmSync(root, { recursive: true, force: true })
})

const lists = 'contractors.contractor_lists'
const [own, other] = ['6e0f3f2a-6c1c-4f8e-9d39-0c6f1f6f7a01', '6e0f3f2a-6c1c-4f8e-9d39-0c6f1f6f7a02']
const add = (tenantId: string, from: number, to: number) =>
  client.query(
    `insert into ${lists} (tenant_id, user_id, name, description)
    select $1, gen_random_uuid(), 'List ' || n, repeat('x', 200) from generate_series($2::integer, $3::integer) as n`,
    [tenantId, from, to],
  )
/** All that is there of the other one is removed, and its room is free for whoever comes. */
const makeRoom = async (from: number, to: number) => {
  await client.query(`delete from ${lists} where tenant_id = $1 and substr(name, 6)::integer between $2 and $3`, [
    other,
    from,
    to,
  ])
  await client.query(`vacuum ${lists}`)
}
const rowsOf = async (tenantId: string, side = client) =>
  (await side.query(`select t::text as text from ${lists} as t where tenant_id = $1 order by id`, [tenantId])).rows.map(
    ({ text }) => text as string,
  )
const firstPage = async () =>
  (await client.query(`select min((ctid::text::point)[0])::integer as page from ${lists} where tenant_id = $1`, [own]))
    .rows[0].page as number

async function settle(): Promise<void> {
  const { rows } = await client.query('select pg_current_wal_lsn()::text as lsn')
  while (parseLsn(receiver.position()?.lsn ?? '0/0') < parseLsn(rows[0].lsn)) await sleep(20)
}

const reading = () =>
  findOmissions(client, {
    tables: [lists],
    platform: ['platform'],
    target: { latest: true },
    tenant: { id: own, tables: [lists], indexed: [] },
  })

let copies = 0
/** Hands `work` a copy in which only the rows of one tenant are asked for, and what was said of it. */
async function withCopy<T>(work: (read: typeof client, cluster: string, said: string[]) => Promise<T>): Promise<T> {
  await settle()
  const omissions = await reading()
  assert.ok(omissions)
  const into = join(root, `copy-${copies++}`)
  const said: string[] = []
  const options = { shelf, target: { latest: true } as const, into, durable: false, omissions }
  const log = (line: string) => void said.push(line)
  const copy = await recoverAside({ ...options, log, database: admin.database ?? 'postgres' })
  const past = await connectSide({ ...copy.adminConfig(admin.database), application_name: 'test' })
  try {
    await requireRead(past, [lists], omissions)
    return await work(past, join(into, 'postgres'), said)
  } finally {
    await past.end()
    await copy.stop()
    rmSync(into, { recursive: true, force: true })
  }
}

await client.query('set session_replication_role = replica')
await client.query(
  `create table public.large as select n, repeat('y', 500) as text from generate_series(1, 20000) as n`,
)
for (let n = 0; n < 4; n++) {
  await add(other, n * 4000, n * 4000 + 3999)
  await add(own, n * 100, n * 100 + 99)
}
await client.query(`vacuum analyze ${lists}`)
const { rows: files } = await client.query(
  `select
    pg_relation_filepath('${lists}') as heap,
    pg_relation_filepath('contractors.contractor_lists_pkey') as key,
    pg_relation_filepath('public.large') as large`,
)
const { heap, key, large } = files[0] as { heap: string; key: string; large: string }
const full = await takeBackup({ shelf, admin })

test('GG-21 a copy for one workspace has of its tables the pages with its rows, and reads all of them', async () => {
  await withCopy(async (past, cluster, said) => {
    assert.deepEqual(await rowsOf(own, past), await rowsOf(own))
    const { size, blocks } = statSync(join(cluster, heap))
    assert.ok(blocks * 512 * 5 < size, `${blocks * 512} of ${size} bytes are there`)
    for (const path of [key, large]) assert.ok(!existsSync(join(cluster, path)), path)
    await assert.rejects(past.query('select count(*) from public.large'), /could not open file/, 'and not as if empty')
    assert.ok((await rowsOf(other, past)).length < (await rowsOf(other)).length, 'control: others are not whole')
    assert.ok(!said.some(line => line.includes('laid out whole')))
  })
})

test('GG-21 rows that came since onto pages of others are there, and those that went are not', async () => {
  await makeRoom(0, 3999)
  await add(own, 1000, 1999)
  assert.equal(await firstPage(), 0, 'control: on the first page, which had rows of the other one alone')
  await client.query(`update ${lists} set name = name || '!' where tenant_id = $1 and name like '%7'`, [own])
  await client.query(`delete from ${lists} where tenant_id = $1 and name like '%3'`, [own])
  await client.query(`update public.large set text = 'z' where n % 50 = 0`)
  await withCopy(async (past, _cluster, said) => {
    assert.deepEqual(await rowsOf(own, past), await rowsOf(own))
    assert.ok(!said.some(line => line.includes('laid out whole')), 'the WAL has these pages whole')
  })

  // The same by an incremental backup, and WAL after it.
  const { kind } = await takeBackup({ shelf, admin, incremental: true })
  assert.equal(kind, 'incremental')
  await makeRoom(4000, 7999)
  await add(own, 2000, 2999)
  await withCopy(async past => assert.deepEqual(await rowsOf(own, past), await rowsOf(own)))
})

test('GG-21 where its index is small beside a table, the rows are found by it, and what it has of rows that went is no row', async () => {
  await add(own, 5000, 5499)
  await client.query(
    `insert into ${lists} (tenant_id, user_id, name, description)
    select $1, gen_random_uuid(), 'List ' || n, left((select string_agg(md5(n::text || m), '') from generate_series(1, 30) as m), 900)
    from generate_series(20000, 29999) as n`,
    [other],
  )
  await client.query(`delete from ${lists} where tenant_id = $1 and substr(name, 6, 4) between '5000' and '5449'`, [
    own,
  ])
  // Whoever reads a page takes away what nobody sees any more; what leads there stays until the next vacuum.
  await client.query(`select count(*) from ${lists}`)
  await takeBackup({ shelf, admin })
  await add(own, 6000, 6099)
  await withCopy(async (past, cluster) => {
    assert.ok(existsSync(join(cluster, key)))
    const { rows: plan } = await past.query(`explain select from ${lists} where tenant_id = '${own}'`)
    assert.match(plan.map(row => row['QUERY PLAN']).join('\n'), /contractor_lists_pkey/)
    assert.deepEqual(await rowsOf(own, past), await rowsOf(own))
    await past.query('set enable_seqscan = off')
    await past.query('set enable_bitmapscan = off')
    assert.deepEqual(await rowsOf(own, past), await rowsOf(own))
  })
})

test('GG-21 where the WAL does not have a page whole that was left out, whole tables are laid out', async () => {
  await client.query('checkpoint')
  await client.query('alter system set full_page_writes = off')
  await client.query('select pg_reload_conf()')
  await sleep(300)
  assert.equal((await reading())?.tenantId, undefined, 'as long as it is off nothing is left out of tables')
  await makeRoom(8000, 11999)
  await add(own, 3000, 3999)
  await client.query('alter system set full_page_writes = on')
  await client.query('select pg_reload_conf()')
  await sleep(300)
  await withCopy(async (past, _cluster, said) => {
    assert.ok(said.some(line => line.includes('laid out whole')))
    assert.deepEqual(await rowsOf(own, past), await rowsOf(own))
  })
})

test('GG-21 a flipped bit in a table is found and named, also where its page is left out', async () => {
  const archive = findArchive(shelf)
  const path = join(backupPath(archive, full.id), 'base.sealed')
  let middle = 0
  const begin = async (member: Member) => {
    if (member.path === heap) middle = (member.end ?? 0) - member.size / 2
  }
  const sink = { begin, data: async () => {}, end: async () => {} }
  await readTar(readSealed(path, archive.keyring, innerName(full, 'base')), sink)
  const bytes = readFileSync(path)
  // Past the header and the frames before (sealed-files.ts).
  let at = 8 + bytes.readUInt32BE(4)
  for (let frame = 0; frame < Math.floor(middle / 2 ** 20); frame++) at += 4 + bytes.readUInt32BE(at)
  bytes.writeUInt8(bytes.readUInt8(at + 100) ^ 1, at + 100)
  writeFileSync(path, bytes)
  const omissions = await reading()
  assert.ok(omissions?.portionOf(heap) === 'rows')
  const options = { shelf, target: { backup: full.id }, into: join(root, 'refused'), durable: false, omissions }
  await assert.rejects(recoverAside(options), /base\.sealed was altered/)
})
