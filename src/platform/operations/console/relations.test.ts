import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BrowsedTable } from './data.ts'
import { boxHeight, boxWidth, drawRelations, neighboursOf, relationsOf } from './relations.ts'

type Key = [columns: string[], table: string]
const table = (name: string, columns: Record<string, 'key' | 'required' | 'free'>, ...keys: Key[]) =>
  ({
    name,
    schema: 'shop',
    columns: Object.entries(columns).map(([column, kind]) => ({
      name: column,
      isKey: kind === 'key',
      isRequired: kind !== 'free',
    })),
    references: keys.map(([own, table]) => ({ columns: own, table, referred: own })),
  }) as unknown as BrowsedTable

const tables = [
  table('tenancy.tenants', { id: 'key' }),
  table('shop.people', { tenant_id: 'key', id: 'key' }, [['tenant_id'], 'tenancy.tenants']),
  table('shop.badges', { tenant_id: 'key', person_id: 'key' }, [['tenant_id', 'person_id'], 'shop.people']),
  table(
    'shop.orders',
    { tenant_id: 'key', id: 'key', person_id: 'free', parent_id: 'free' },
    [['tenant_id', 'person_id'], 'shop.people'],
    [['tenant_id', 'parent_id'], 'shop.orders'],
  ),
]

test('GG-14 the lines of a diagram tell one from many and required from optional, and leave the tenant out', () => {
  assert.deepEqual(relationsOf(tables), [
    { from: 'shop.badges', to: 'shop.people', columns: 'person_id', isOne: true, isRequired: true },
    { from: 'shop.orders', to: 'shop.people', columns: 'person_id', isOne: false, isRequired: false },
    { from: 'shop.orders', to: 'shop.orders', columns: 'parent_id', isOne: false, isRequired: false },
  ])
  const { names, relations, left } = neighboursOf('shop.people', tables, 1)
  assert.deepEqual([names, left], [['shop.people', 'shop.badges'], ['shop.orders']])
  assert.equal(relations.length, 1)
  const drawn = drawRelations(['shop.orders', 'shop.people'], relationsOf(tables))
  const [people, orders] = ['shop.people', 'shop.orders'].map(name => drawn.boxes.find(box => box.name === name))
  assert.ok(people && orders && people.x + boxWidth < orders.x, 'what refers stands to the right')
  assert.deepEqual([people.refersToItself, orders.refersToItself], [false, true])
  assert.equal(drawn.lines.length, 1)
})

test('GG-14 whatever refers to what, each table is drawn once, within the drawing, over no other one', () => {
  const name = fc.integer({ min: 0, max: 11 }).map(id => `t${id}`)
  const relation = fc.record({ from: name, to: name, columns: name, isOne: fc.boolean(), isRequired: fc.boolean() })
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.array(relation, { maxLength: 30 }), (names, relations) => {
      const { boxes, lines, width, height } = drawRelations(names, relations)
      assert.deepEqual(boxes.map(box => box.name).sort(), names.toSorted())
      for (const [at, { x, y }] of boxes.entries()) {
        assert.ok(x >= 0 && y >= 0 && x + boxWidth <= width && y + boxHeight <= height)
        for (const other of boxes.slice(at + 1))
          assert.ok(Math.abs(other.x - x) >= boxWidth || Math.abs(other.y - y) >= boxHeight)
      }
      const drawn = relations.filter(({ from, to }) => from !== to && names.includes(from) && names.includes(to))
      assert.equal(lines.length, drawn.length)
      assert.ok(lines.every(({ path }) => !path.includes('NaN')))
    }),
  )
})
