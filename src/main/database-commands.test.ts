import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { runCommand } from '#test/commands.ts'
import { emptyTestDatabase, migrationFolder } from '#test/migrations.ts'
import { registerDatabaseCommands } from './database-commands.ts'

const first = '20260101_000000_shop_create_things'
const second = '20260102_000000_shop_create_parts'
const files = {
  [`${first}.up`]: `create schema shop; create table shop.things (id int primary key, name text); insert into shop.things values (1, 'bell' || chr(7))`,
  [`${first}.down`]: 'drop table shop.things; drop schema shop;',
  [`${second}.up`]: 'create table shop.parts ();',
  [`${second}.down`]: 'drop table shop.parts;',
}

async function start(t: TestContext, isEmbedded = true) {
  const { admin, client } = await emptyTestDatabase(t)
  const folder = migrationFolder(t)
  folder.write(files)
  /** Runs `commonhold db …` in this process: what it writes, and the exit code it asks for. */
  const db = async (...words: string[]) => {
    let code = 0
    let closed = 0
    const { written } = await runCommand(
      program =>
        registerDatabaseCommands(program, {
          open: async () => ({ admin, isEmbedded, close: async () => void closed++ }),
          files: folder,
          exit: wanted => {
            code = wanted
          },
        }),
      ['db', ...words],
    )
    return { code, closed, text: written }
  }
  const json = async (...words: string[]) => JSON.parse((await db(...words, '--json')).text)
  return { admin, client, folder, db, json }
}

test('GG-14 db status ends with 7 when something is pending, 3 when something is amiss, else 0', async t => {
  const { db, json, folder } = await start(t)
  const pending = await db('status')
  assert.deepEqual([pending.code, pending.closed], [7, 1])
  assert.match(pending.text, new RegExp(`pending +${first}`))
  await db('up', '--to', first)
  assert.equal((await db('status')).code, 7)
  assert.equal((await json('status')).pending, 1)
  await db('up')
  assert.deepEqual(await db('status').then(({ code, text }) => [code, text.includes('Nothing is pending.')]), [0, true])
  folder.write({ ...files, [`${first}.up`]: 'select 1;' })
  const amiss = await db('status')
  assert.equal(amiss.code, 3)
  assert.match(amiss.text, /20260101_000000_shop_create_things\.up\.sql was changed after it was applied/)
})

test('GG-14 db down asks, and without a terminal refuses unless --yes', async t => {
  const { db, json } = await start(t)
  assert.deepEqual(await json('up'), { applied: [first, second], replaced: [] })
  await assert.rejects(db('down'), { code: 'program.not_confirmed', kind: 'conflict' })
  assert.equal((await json('status')).pending, 0)
  assert.deepEqual(await json('down', '--yes'), { reverted: [second] })
  assert.deepEqual(await json('down', '--yes', '--to', '0'), { reverted: [first] })
  assert.deepEqual(await json('down', '--yes'), { reverted: [] })
})

test('GG-14 db push and db reset are for the embedded database, and for another only with --force', async t => {
  const { db, json, client } = await start(t, false)
  await assert.rejects(db('push'), { code: 'program.not_development' })
  await assert.rejects(db('reset', '--yes'), { code: 'program.not_development' })
  assert.deepEqual((await json('push', '--force')).applied, [first, second])
  await client.query('create schema mine; create table mine.things ()')
  await assert.rejects(db('reset', '--force'), { code: 'program.not_confirmed' })
  assert.deepEqual((await json('reset', '--force', '--yes')).applied, [first, second])
  const { rows } = await client.query(`select to_regnamespace('mine') as gone`)
  assert.equal(rows[0].gone, null)
})

test('VS-14 db drift ends with 3 and prints each difference with its repair', async t => {
  const { db, client } = await start(t)
  await db('up')
  assert.deepEqual(await db('drift').then(({ code, text }) => [code, text]), [
    0,
    'The database is as the migrations make it.\n',
  ])
  await client.query('alter table shop.things drop column name')
  const drift = await db('drift')
  assert.equal(drift.code, 3)
  assert.equal(
    drift.text,
    'column shop.things.name: missing\n  repair:\n    alter table shop.things add column name text;\n',
  )
})

test('GG-14 db new writes both files; db studio shows tables and rows without what a terminal would obey', async t => {
  const { db, json } = await start(t)
  const made = await json('new', 'shop', 'create', 'orders')
  assert.match(made.name, /^\d{8}_\d{6}_shop_create_orders$/)
  assert.equal(made.files.length, 2)
  await db('up', '--to', second)
  assert.ok((await json('studio')).some((row: { table: string }) => row.table === 'shop.things'))
  assert.match((await db('studio', 'shop.things')).text, /^id +name\n-+ +-+\n1 +bell *\n$/)
  assert.deepEqual(await json('studio', 'shop.things', '--limit', '0'), [])
  await assert.rejects(db('studio', 'shop.nothing'), { code: 'studio.no_table', kind: 'not_found' })
  await assert.rejects(db('studio', 'shop.things; drop table shop.things'), { code: 'studio.no_table' })
})
