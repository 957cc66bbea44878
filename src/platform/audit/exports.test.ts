import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import type { Json } from '#test/json.ts'
import { testWorld } from '#test/world.ts'
import { listAuditLogs } from './audit-logs.ts'
import { recordEvent } from './events.ts'
import { exportAuditLogs } from './exports.ts'

const { alice, bob, viewer, db, owner } = await testWorld()

async function fetchFile(person: typeof alice, query: string): Promise<{ response: Response; text: string }> {
  const response = await person.fetch(`/audit-logs/export?${query}`)
  assert.equal(response.status, 200)
  return { response, text: await response.text() }
}

const linesOf = (text: string): Json[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))

const formula = '=HYPERLINK("http://evil.example","a, b")'
const made = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: formula } })
const { id } = (await made.json()) as { id: string }
await alice.fetch(`/contractor-lists/${id}`, { method: 'PATCH', body: { name: 'Partners' } })
const query = `resource=contractors.contractor_lists&resourceId=${id}`

test('PE-08 the log is exported as JSON lines, with the filters of the list and every digit', async () => {
  const { response, text } = await fetchFile(alice, `${query}&format=jsonl`)
  assert.match(String(response.headers.get('content-disposition')), /^attachment; filename="audit-log-.*\.jsonl"$/)
  const entries = linesOf(text)
  assert.deepEqual(
    entries.map(({ action, userId }) => [action, userId]),
    [
      ['update', alice.userId],
      ['insert', alice.userId],
    ],
  )
  assert.deepEqual(entries[0].changes, { name: { old: formula, new: 'Partners' } })
  assert.match(entries[0].createdAt, /\.\d{6}Z$/)

  await owner.query(
    `insert into audit.audit_logs (tenant_id, action, details) values ($1, 'paid', '{"amount": 12345678901234567890.10}')`,
    [alice.tenantId],
  )
  assert.match(
    (await fetchFile(alice, 'action=paid&format=jsonl')).text,
    /"details":\{"amount": 12345678901234567890\.10\}/,
  )
})

test('PE-08 a CSV export has the same values, and no text in it is a formula', async () => {
  await recordEvent(db.scoped({ ...alice.scope, userName: '=1+1', userAgent: '@SUM(A1)' }), {
    action: '+danger',
    resourceId: '-2+3',
    details: { text: 'one, "two"\r\nthree' },
  })
  const { response, text } = await fetchFile(alice, 'action=%2Bdanger')
  assert.match(String(response.headers.get('content-type')), /^text\/csv/)
  const [row, ...more] = parse(text, { columns: true }) as Json[]
  assert.deepEqual(more, [])
  assert.deepEqual(
    [row.action, row.resourceId, row.userName, row.userAgent, row.userId],
    [`'+danger`, `'-2+3`, `'=1+1`, `'@SUM(A1)`, alice.userId],
  )
  assert.deepEqual(JSON.parse(row.details), { text: 'one, "two"\r\nthree' })
  assert.equal((await fetchFile(alice, 'action=nothing')).text.split('\r\n').length, 2, 'a head without records')
})

test('GG-19 an export is an entry itself, written before the first entry goes out', async () => {
  await fetchFile(alice, `${query}&format=jsonl`)
  const { items } = await listAuditLogs(db.reads(alice.scope), { action: 'audit.logs.exported' }, { limit: 1 })
  assert.equal(items[0]?.userId, alice.userId)
  assert.deepEqual(items[0]?.details, { format: 'jsonl', resource: 'contractors.contractor_lists', resourceId: id })

  const broken = { ...db.scoped(alice.scope), run: () => Promise.reject(new Error('no room')) }
  const pieces = exportAuditLogs(broken, db.reads(alice.scope), {}, 'csv')
  await assert.rejects(pieces.next(), /no room/)
})

test('PE-08 an export has every entry once, over many batches and while others write', async () => {
  const scope = { ...alice.scope, tenantId: randomUUID() }
  await owner.query(
    `insert into audit.audit_logs (tenant_id, action, resource_id, created_at)
    select $1, 'many', i, date_trunc('second', now()) - (i / 7) * interval '1 second'
    from generate_series(1, 2500) as i`,
    [scope.tenantId],
  )
  const ids: string[] = []
  for await (const { bytes } of exportAuditLogs(db.scoped(scope), db.reads(scope), { action: 'many' }, 'jsonl')) {
    ids.push(...linesOf(bytes.toString()).map(({ resourceId }) => resourceId))
    await recordEvent(db.scoped(scope), { action: 'many', resourceId: 'meanwhile' })
  }
  assert.equal(ids.length, 2500)
  assert.equal(new Set(ids).size, 2500)
  assert.ok(!ids.includes('meanwhile'))
})

test('MT-20 only the own tenant’s log is exported, by who may export', async () => {
  const { text } = await fetchFile(bob, `${query}&format=jsonl`)
  assert.equal(text, '')
  const all = linesOf((await fetchFile(bob, 'format=jsonl')).text)
  assert.ok(
    all.some(({ userId }) => userId === bob.userId),
    'control',
  )
  assert.ok(!all.some(({ userId }) => userId === alice.userId))
  assert.equal((await viewer.fetch('/audit-logs/export')).status, 403)
  assert.equal((await alice.fetch('/audit-logs/export?format=xls')).status, 400)
})
