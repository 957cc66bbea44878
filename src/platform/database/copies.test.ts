import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { CopyInto } from '#platform/database'
import { testDatabase } from '#test/database.ts'

const { admin, adminConfig } = await testDatabase()

async function connected(): Promise<pg.Client> {
  const client = new pg.Client(adminConfig)
  client.on('error', () => {})
  await client.connect()
  await client.query('create temporary table rows (line integer not null, email text)')
  return client
}

test('rows go into the table in chunks, and the connection can be used afterwards', async () => {
  const client = await connected()
  const copy = new CopyInto(client, 'pg_temp.rows (line, email)')
  for (let line = 1; line <= 20_000; line++) {
    copy.add(`${line}\tsomebody-${line}@example.org`)
    if (line % 1_000 === 0) await copy.flush()
  }
  await copy.end()
  const { rows } = await client.query('select count(*)::integer as count, max(line) as last from pg_temp.rows')
  assert.deepEqual(rows, [{ count: 20_000, last: 20_000 }])
  await client.end()
})

test('without a line nothing is sent', async () => {
  const client = await connected()
  const copy = new CopyInto(client, 'pg_temp.no_such_table')
  await copy.end()
  await copy.abandon()
  await client.end()
})

const refused = [
  ['a column that is not there', 'pg_temp.rows (line, name)', '1\tAda', /column "name" .* does not exist/],
  ['a line that does not fit', 'pg_temp.rows (line, email)', 'one\tAda', /invalid input syntax for type integer/],
] as const

for (const [what, target, line, refusal] of refused) {
  test(`${what} is thrown at the end`, async () => {
    const client = await connected()
    const copy = new CopyInto(client, target)
    copy.add(line)
    await assert.rejects(copy.end(), refusal)
    await copy.abandon()
    assert.equal(await countOf(client), 0)
    await client.end()
  })

  test(`${what} is thrown where more is sent`, async () => {
    const client = await connected()
    const copy = new CopyInto(client, target)
    await assert.rejects(sendUntilRefused(copy, line), refusal)
    await copy.abandon()
    assert.equal(await countOf(client), 0)
    await client.end()
  })
}

async function sendUntilRefused(copy: CopyInto, line: string): Promise<never> {
  for (;;) {
    copy.add(line)
    await copy.flush()
    await setTimeout(20)
  }
}

async function countOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query('select count(*)::integer as count from pg_temp.rows')
  return rows[0].count
}

test('what was given up is not there, and the connection can be used afterwards', async () => {
  const client = await connected()
  const copy = new CopyInto(client, 'pg_temp.rows (line, email)')
  copy.add('1\tada@example.org')
  await copy.flush()
  await copy.abandon()
  assert.equal(await countOf(client), 0)
  await client.end()
})

test('the loss of the connection is thrown', async () => {
  const client = await connected()
  const { rows } = await client.query('select pg_backend_pid() as pid')
  const copy = new CopyInto(client, 'pg_temp.rows (line, email)')
  copy.add('1\tada@example.org')
  await copy.flush()
  await admin.query('select pg_terminate_backend($1)', [rows[0].pid])
  await assert.rejects(sendUntilRefused(copy, '2\tada@example.org'), /terminat|connection|EPIPE|ECONNRESET/i)
  await copy.abandon()
})
