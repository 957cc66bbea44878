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
import { type Backup, backupPath, innerName } from './catalogue.ts'
import { pagesByKey } from './key-pages.ts'
import { findOmissions, requireRead, withoutKeys } from './omissions.ts'
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
await takeBackup({ shelf, admin })

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

test('GG-21 a key leads to each page that has a row of the workspace', async () => {
  // So few kinds that one entry leads to many rows.
  await client.query(`
    create table public.notes (tenant_id uuid, kind integer, text text);
    create index notes_key on public.notes (tenant_id, kind);
    create index notes_text on public.notes (text)`)
  const addNotes = (tenantId: string, count: number) =>
    client.query(
      `insert into public.notes select $1, n % 3, repeat('x', 30 + n % 400) from generate_series(1, $2::integer) as n`,
      [tenantId, count],
    )
  for (let round = 0; round < 4; round++) {
    await addNotes(other, 3000)
    await addNotes(own, 800)
  }
  await client.query(`delete from public.notes where tenant_id = '${own}' and kind = 1`)
  await client.query(`update public.notes set kind = 7 where tenant_id = '${other}' and length(text) < 40`)
  await client.query('vacuum public.notes')
  await client.query(`update public.notes set text = text || '!', kind = 9 where tenant_id = '${own}' and kind = 2`)
  await client.query('checkpoint')
  const { rows } = await client.query(
    `select pg_relation_filepath('public.notes') as heap, pg_relation_filepath('public.notes_key') as key`,
  )
  const fileOf = (path: string) => join(root, 'data', 'postgres', path)
  const { rows: all } = await client.query(
    `select tenant_id as tenant, array_agg(distinct (ctid::text::point)[0]::integer) as pages from public.notes group by 1`,
  )
  for (const { tenant, pages } of all as { tenant: string; pages: number[] }[]) {
    const found = new Set(pagesByKey(fileOf(rows[0].key), tenant))
    assert.deepEqual(
      pages.filter(page => !found.has(page)),
      [],
    )
    const inAll = statSync(fileOf(rows[0].heap)).size / 8192
    assert.ok(found.size < inAll, `control: ${found.size} of ${inAll}`)
  }
  assert.deepEqual(pagesByKey(fileOf(rows[0].key), '6e0f3f2a-6c1c-4f8e-9d39-0c6f1f6f7a03'), [])
  assert.equal(pagesByKey(fileOf(rows[0].heap), own), undefined, 'a table is no key')
})

test('GG-21 by a small key only pages with rows are taken out of a backup, and each part that is taken is checked', async () => {
  await client.query(`insert into ${lists} (tenant_id, user_id, name) select $1, gen_random_uuid(), 'Last'`, [own])
  await client.query(`vacuum ${lists}`)
  const backup = await takeBackup({ shelf, admin })
  const omissions = await reading()
  assert.ok(omissions)
  assert.equal(omissions.portionOf(heap), 'keyed')
  await withCopy(async (past, cluster) => {
    assert.deepEqual(await rowsOf(own, past), await rowsOf(own))
    const { size, blocks } = statSync(join(cluster, heap))
    assert.ok(blocks * 512 * 3 < size, `${blocks * 512} of ${size} bytes are there`)
    assert.ok((await rowsOf(other, past)).length < (await rowsOf(other)).length, 'control: others are not whole')
  })

  const { rows } = await client.query(
    `select array_agg(distinct (ctid::text::point)[0]::integer) as pages from ${lists} where tenant_id = $1`,
    [own],
  )
  const used = (rows[0].pages as number[]).map(page => page * 8192)
  const { size } = statSync(join(root, 'data', 'postgres', heap))
  const farFrom = (at: number) => Math.min(...used.map(each => Math.abs(each - at)))
  const unused = Array.from({ length: size / 8192 }, (_, page) => page * 8192).find(at => farFrom(at) > 2 ** 21)
  assert.ok(unused !== undefined)
  const into = join(root, 'refused')
  const options = { shelf, target: { backup: backup.id }, into, durable: false, database: admin.database ?? 'postgres' }
  const isAltered = /base\.sealed was altered/
  const mend = await flip(backup, unused)
  const copy = await recoverAside({ ...options, omissions })
  await copy.stop()
  rmSync(into, { recursive: true, force: true })
  for (const searched of [withoutKeys(omissions), { ...omissions, hasChecksums: false }])
    await assert.rejects(recoverAside({ ...options, omissions: searched }), isAltered, 'the whole table is searched')
  mend()
  const mendUsed = await flip(backup, used.at(-1) as number)
  await assert.rejects(recoverAside({ ...options, omissions }), isAltered)
  rmSync(into, { recursive: true, force: true })
  mendUsed()

  // What an incremental backup and the WAL have is newer.
  await client.query(`update ${lists} set name = name || '?' where tenant_id = $1 and name like '%4'`, [own])
  await add(own, 7000, 7049)
  assert.equal((await takeBackup({ shelf, admin, incremental: true })).kind, 'incremental')
  await client.query(`update public.large set text = 'w' where n % 50 = 0`)
  await add(own, 7100, 7149)
  await withCopy(async (past, _cluster, said) => {
    assert.deepEqual(await rowsOf(own, past), await rowsOf(own))
    assert.deepEqual(said, [])
  })
  // Written anew it is whole in the incremental one.
  await client.query(`vacuum full ${lists}`)
  await takeBackup({ shelf, admin, incremental: true })
  await client.query(`delete from ${lists} where tenant_id = $1 and name like '%8'`, [own])
  await withCopy(async past => assert.deepEqual(await rowsOf(own, past), await rowsOf(own)))

  const keyBy = (columns: string) =>
    client.query(`alter table ${lists} drop constraint contractor_lists_pkey cascade;
      alter table ${lists} add constraint contractor_lists_pkey primary key (${columns})`)
  await keyBy('id')
  const { id } = await takeBackup({ shelf, admin })
  await keyBy('tenant_id, id')
  const said: string[] = []
  const log = (line: string) => void said.push(line)
  const otherwise = await reading()
  assert.ok(otherwise)
  const keyedOtherwise = await recoverAside({ ...options, target: { backup: id }, omissions: otherwise, log })
  const past = await connectSide({ ...keyedOtherwise.adminConfig(admin.database), application_name: 'test' })
  try {
    assert.match(said.join('\n'), /primary key .* was another one: tables are laid out whole/)
    await requireRead(past, [lists], otherwise)
    assert.deepEqual(await rowsOf(own, past), await rowsOf(own))
  } finally {
    await past.end()
    await keyedOtherwise.stop()
    rmSync(into, { recursive: true, force: true })
  }
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

/** Changes what is at that place of the table in a backup; returns what puts it back. */
async function flip(backup: Backup, place: number): Promise<() => void> {
  const archive = findArchive(shelf)
  const path = join(backupPath(archive, backup.id), 'base.sealed')
  let begin = -1
  const sink = {
    begin: async ({ path: member, end = 0, size }: Member) => {
      if (member === heap) begin = end - size
    },
    data: async () => {},
    end: async () => {},
  }
  await readTar(readSealed(path, archive.keyring, innerName(backup, 'base')), sink)
  assert.ok(begin >= 0)
  const bytes = readFileSync(path)
  // Past the header and the frames before (sealed-files.ts).
  let at = 8 + bytes.readUInt32BE(4)
  for (let frame = 0; frame < Math.floor((begin + place) / 2 ** 20); frame++) at += 4 + bytes.readUInt32BE(at)
  const altered = Buffer.from(bytes)
  altered.writeUInt8(bytes.readUInt8(at + 100) ^ 1, at + 100)
  writeFileSync(path, altered)
  return () => writeFileSync(path, bytes)
}
