import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditLog } from './audit-logs.ts'
import { readable, rememberRows, tell } from './sentences.ts'

const resources = {
  'shop.returns': { noun: 'return', sentences: { insert: '{who} sent {parcel} back' } },
  'shop.orders': { noun: 'order', columns: { is_paid: 'payment' } },
  'shop.lines': {
    noun: 'order line',
    sentences: { insert: '{who} put {product_id} into {order_id}', update: '{who} changed {columns} on {product_id}' },
    columns: { notes: 'note' },
    technical: ['weight'],
    refers: { order_id: 'shop.orders', product_id: 'shop.products' },
  },
}

const entry = (some: Partial<AuditLog>): AuditLog => ({
  id: 'e',
  createdAt: '2026-11-21T00:00:00Z',
  userId: 'u',
  userName: 'Ann',
  action: 'update',
  resource: 'shop.lines',
  resourceId: '7',
  changes: null,
  details: null,
  ipAddress: null,
  userAgent: null,
  requestId: null,
  erased: [],
  ...some,
})

const read = (some: Partial<AuditLog>) =>
  tell(entry(some), resources)
    .map(part =>
      'who' in part
        ? 'Ann'
        : 'value' in part
          ? part.value
          : 'text' in part
            ? part.text
            : `<${part.reference.name ?? part.reference.id}>`,
    )
    .join('')

const inOrder = { order_id: 'o1', product_id: 'p1' }
const changed = { old: null, new: 'x' }

test('PE-08 an entry reads as a sentence about what it refers to', () => {
  assert.equal(read({ changes: { notes: changed }, details: inOrder }), 'Ann changed the note on <p1>')
  assert.equal(
    read({ changes: { notes: changed, tags: changed, rating: changed }, details: inOrder }),
    'Ann changed the note, tags and rating on <p1>',
  )
  const added = { order_id: { new: 'o1' }, product_id: { new: 'p1' }, tags: { new: [] } }
  assert.equal(read({ action: 'insert', changes: added }), 'Ann put <p1> into <o1>', 'from the new row itself')
  assert.equal(
    read({ resource: 'shop.returns', action: 'insert', changes: { parcel: { new: 'P-1' } } }),
    'Ann sent P-1 back',
  )
  assert.equal(
    read({ resource: 'shop.orders', changes: { is_paid: { old: false, new: true } }, details: { name: 'Spring' } }),
    'Ann changed the payment of the order <Spring>',
  )
})

test('PE-08 an entry whose references or table nobody knows is told in general terms', () => {
  assert.equal(read({ changes: { notes: changed } }), 'Ann changed the note of the order line <7>')
  assert.equal(read({ action: 'delete', resource: 'a.old_things' }), 'Ann deleted the old things <7>')
  assert.equal(read({ action: 'shop.export_made', resource: null, resourceId: null }), 'Ann: export made')
})

test('PE-08 ids, times of writing, technical columns and empty defaults are not read out', () => {
  const values = { tags: [], data: {}, weight: 5, created_at: 'x', tenant_id: 'x', notes: 'kept', order_id: 'o1' }
  const changes = Object.fromEntries(Object.entries(values).map(([column, value]) => [column, { new: value }]))
  assert.deepEqual(readable(entry({ action: 'insert', changes }), resources), ['notes'])
  const emptied = { tags: { old: ['a'], new: [] } }
  assert.deepEqual(readable(entry({ changes: emptied }), resources), ['tags'], 'control: to empty it is a change')
})

test('PE-08 the log itself remembers the newest name of a row and that it is gone', () => {
  const rows = rememberRows([
    entry({ action: 'delete', resource: 'shop.orders', resourceId: '1', changes: { name: { old: 'Late' } } }),
    entry({ resource: 'shop.orders', resourceId: '1', changes: { name: { old: 'Early', new: 'Late' } } }),
    entry({ resource: 'shop.orders', resourceId: '2', details: { name: 'Two' } }),
  ])
  assert.deepEqual(rows.get('shop.orders/1'), { name: 'Late', isGone: true })
  assert.deepEqual(rows.get('shop.orders/2'), { name: 'Two', isGone: false })
})
