import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSchema, judgeOf } from '../entities/schemas.ts'
import { draftsOf, type FieldDraft, faultOfDrafts, newField, schemaOf } from './definition-fields.ts'

const room: readonly FieldDraft[] = [
  { ...newField, title: 'Zimmer-Nr.', kind: 'integer', isRequired: true, least: 1, most: 99 },
  { ...newField, title: 'Floor', kind: 'choice', options: ['ground', 'upper'] },
  { ...newField, title: 'Free from', kind: 'date' },
  { ...newField, title: '42', kind: 'list', most: 2 },
  { ...newField, title: 'floor', kind: 'boolean' },
]

test('VS-05 the fields of a form are a schema by which the server judges, and come back in their order', () => {
  const schema = schemaOf(room)
  checkSchema(schema)
  assert.deepEqual(Object.keys(schema.properties), ['zimmer_nr', 'floor', 'free_from', 'field_42', 'floor_2'])
  const judge = judgeOf(schema)
  assert.deepEqual(
    judge({ zimmer_nr: 7, floor: 'upper', free_from: '2027-03-01', field_42: ['a', 'b'], floor_2: true }),
    [],
  )
  const faults = judge({ zimmer_nr: 100, floor: 'roof', free_from: 'soon', field_42: ['a', 'b', 'c'], other: 1 })
  assert.deepEqual([...new Set(faults.map(({ pointer }) => pointer))].toSorted(), [
    '/field_42',
    '/floor',
    '/free_from',
    '/other',
    '/zimmer_nr',
  ])
  // The database keeps the keys of an object in an order of its own.
  const shuffled = { ...schema, properties: Object.fromEntries(Object.entries(schema.properties).toReversed()) }
  assert.deepEqual(schemaOf(draftsOf(shuffled)), schema)
})

test('VS-05 a schema that another program wrote keeps what the form does not show', () => {
  const schema = {
    type: 'object' as const,
    properties: {
      size: { type: 'integer' as const, enum: [1, 2] },
      since: { type: 'string' as const, format: 'date-time' as const },
      marks: { type: 'array' as const, items: { type: 'number' as const }, uniqueItems: true },
    },
    required: ['size'],
  }
  const after = schemaOf(draftsOf(schema))
  assert.deepEqual(after.properties.size, { type: 'integer', title: 'size', order: 0, enum: [1, 2] })
  assert.deepEqual(after.properties.since, { type: 'string', title: 'since', order: 1, format: 'date-time' })
  assert.deepEqual(after.properties.marks, { ...schema.properties.marks, title: 'marks', order: 2 })
})

test('VS-05 fields that nothing could fit are said before they are sent', () => {
  assert.equal(faultOfDrafts([{ ...newField, title: ' ' }]), 'Give each field a name.')
  assert.match(faultOfDrafts([{ ...newField, title: 'Size', kind: 'choice' }]) ?? '', /to choose for “Size”/)
  assert.match(faultOfDrafts([{ ...newField, title: 'Size', least: 3, most: 2 }]) ?? '', /least is more/)
  assert.equal(faultOfDrafts(room), null)
})
