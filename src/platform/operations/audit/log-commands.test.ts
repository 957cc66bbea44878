import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { listAuditLogs } from '#platform/audit'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testDatabase } from '#test/database.ts'
import { registerAuditCommands } from './audit-commands.ts'

const { db, owner } = await testDatabase()
const directory = mkdtempSync(join(tmpdir(), 'commonhold-log-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const app = { db } as unknown as App
const ann = { tenantId: randomUUID() }
const bob = { tenantId: randomUUID() }

await owner.query(`
  create schema shop;
  grant usage on schema shop to commonhold_app;
  create table shop.orders (
    tenant_id uuid not null,
    id integer not null,
    note text,
    secret text,
    constraint orders_pkey primary key (tenant_id, id)
  );
  select platform.isolate('shop.orders');
  select audit.track('shop.orders', '{secret}', '{}', '{note}');
  grant select, insert, update, delete on shop.orders to commonhold_app`)
await db.scoped(ann).run(sql`insert into shop.orders (id, note, secret) values (1, 'early', 'hush')`)
const [{ at = '' } = {}] = await db.unscoped.run(
  sql<{ at: string }>`select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
)
await db.scoped(ann).run(sql`update shop.orders set note = 'late' where id = 1`)

/** What a command prints. */
const run = async (...words: string[]) => (await runCommand(commandsOn(app, registerAuditCommands), words)).written

test('GG-19 a row as of a moment is shown by command, from its own tenant’s log only', async () => {
  const asOf = (tenantId: string, ...more: string[]) =>
    run('as-of', 'shop.orders', '1', '--at', at, '--tenant', tenantId, ...more)
  const row = JSON.parse(await asOf(ann.tenantId, '--json'))
  assert.deepEqual(row.values, { note: 'early', secret: '[redacted]' })
  assert.equal(row.isComplete, true)
  const text = await asOf(ann.tenantId)
  assert.match(text, /note {4}early\n {2}secret {2}\[redacted\]/)
  assert.match(text, /Last insert before: .* by the system/)
  await assert.rejects(
    asOf(bob.tenantId),
    error => error instanceof DomainError && error.code === 'audit.row_not_found',
  )
  await assert.rejects(asOf('nobody'), error => error instanceof DomainError && error.code === 'audit.tenant_unknown')
  await assert.rejects(run('as-of', 'shop.orders', '1', '--at', 'yesterday', '--tenant', ann.tenantId), /It is a time/)
})

test('PE-08 the log is looked through by command, by each filter, and tells a row’s history with what changed', async () => {
  const list = async (...words: string[]) => JSON.parse(await run('list', '--tenant', ann.tenantId, '--json', ...words))
  const changed = { userId: randomUUID(), userName: 'Ann \u001b[2J' }
  await db.scoped({ ...ann, ...changed }).run(sql`insert into shop.orders (id, note) values (2, 'other')`)
  await db.scoped({ ...ann, ...changed }).run(sql`delete from shop.orders where id = 2`)
  const ids = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id)
  const all = await list()
  const filters = {
    '--user': changed.userId,
    '--action': 'update',
    '--resource-id': '1',
    '--q': 'hush',
    '--from': at,
    '--to': at,
  }
  const counts: Record<string, number> = {}
  for (const [name, value] of Object.entries(filters)) counts[name] = (await list(name, value)).items.length
  assert.deepEqual(counts, {
    '--user': 2,
    '--action': 1,
    '--resource-id': 2,
    '--q': 0,
    '--from': all.items.length - 1,
    '--to': 1,
  })
  assert.equal((await list('--resource', 'shop.lines')).items.length, 0)
  const first = await list('--limit', '2')
  assert.deepEqual(ids(first), ids(all).slice(0, 2))
  assert.deepEqual(ids(await list('--limit', '2', '--cursor', first.nextCursor)), ids(all).slice(2, 4))

  const history = ['--resource', 'shop.orders', '--resource-id', '1']
  const text = await run('list', '--tenant', ann.tenantId, ...history)
  assert.match(text, /Z {2}the system {2}update {2}shop\.orders {2}1\n {4}note: early → late\n\d/)
  assert.match(text, /insert {2}shop\.orders {2}1\n {4}note: early\n {4}secret: \[redacted\]\n/)
  assert.match(await run('list', '--tenant', ann.tenantId, '--user', changed.userId), /Ann \\u\{1b\}\[2J {2}delete/)

  const bobs = await runCommand(commandsOn(app, registerAuditCommands), ['list', '--tenant', bob.tenantId, ...history])
  assert.deepEqual([bobs.written, bobs.errors], ['', 'No entry fits.\n'])
  await assert.rejects(run('list', '--tenant', ann.tenantId, '--limit', '0'), /from 1 to 1000/)
  await assert.rejects(run('list', '--tenant', ann.tenantId, '--user', 'nobody@example.org'), {
    code: 'identity.subject_unknown',
  })
})

test('PE-08 the log is exported by command into a file that is there when it is whole, and the log says so', async () => {
  const file = join(directory, 'log.jsonl')
  const exported = (tenantId: string, ...more: string[]) =>
    run('export', '--tenant', tenantId, '--format', 'jsonl', '--output', file, '--json', ...more)
  const written = JSON.parse(await exported(ann.tenantId, '--q', 'early'))
  const text = readFileSync(file, 'utf8')
  assert.deepEqual([written.entries, written.bytes], [2, Buffer.byteLength(text)])
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ action }) => action),
    ['update', 'insert'],
  )
  assert.equal(existsSync(`${file}.part`), false)
  const { items } = await listAuditLogs(db.reads(ann), { action: 'audit.logs.exported' }, { limit: 5 })
  assert.deepEqual(
    items.map(({ details }) => details),
    [{ format: 'jsonl', q: 'early' }],
  )

  const one = await exported(ann.tenantId, '--action', 'insert', '--resource-id', '1', '--resource', 'shop.orders')
  assert.equal(JSON.parse(one).entries, 1)
  await exported(bob.tenantId)
  assert.doesNotMatch(readFileSync(file, 'utf8'), /shop\.orders/)
  assert.equal(JSON.parse(await exported(ann.tenantId, '--to', '2020-01-01')).entries, 0)
  await assert.rejects(exported(ann.tenantId, '--output', join(directory, 'away', 'log.jsonl')), {
    code: 'audit.export_not_written',
    message: /there is no such folder/,
  })
})
