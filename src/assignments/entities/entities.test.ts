import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chores, db, inTx, ours, theirs } from '../assignments.test.world.ts'
import { createDefinition, deleteDefinition, getDefinition, listDefinitions, updateDefinition } from './definitions.ts'
import { createEntity, deleteEntity, getEntity, listEntities, updateEntity } from './entities.ts'
import type { EntitySchema } from './schemas.ts'

const schema: EntitySchema = {
  type: 'object',
  properties: {
    number: { type: 'string', maxLength: 5 },
    beds: { type: 'integer', minimum: 1, maximum: 12 },
    tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
  },
  required: ['number'],
}
const define = (name: string, of = schema) =>
  inTx(ours, tx => createDefinition(tx, chores, { name, displayName: name, schema: of }))
const enter = (definitionId: string, data: Record<string, unknown>) =>
  inTx(ours, tx => createEntity(tx, definitionId, data))

test('VS-05 AG-01 an entity is taken where it fits its definition, else refused with each fault, and is of one tenant', async () => {
  const { id } = await define('room')
  const room = await enter(id, { number: '12b', beds: 4, tags: ['quiet'] })
  assert.deepEqual([room.fits, room.faults, room.createdBy], [true, [], ours.userId])
  const refused = async (data: Record<string, unknown>, faults: RegExp) =>
    await assert.rejects(enter(id, data), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'assignments.entity_unfit')
      assert.match(error.message, faults)
      return true
    })
  await refused({ beds: 4 }, /\/number is required/)
  await refused({ number: '1', beds: 13 }, /\/beds must be <= 12/)
  await refused({ number: 7 }, /\/number must be string/)
  await refused({ number: '1', colour: 'red' }, /\/colour is no field/)
  await refused({ number: '1', tags: ['a', 'a'] }, /\/tags/)
  const unknown = { code: 'assignments.entity_not_found' }
  await assert.rejects(getEntity(db.scoped(theirs), room.id), unknown)
  await assert.rejects(
    inTx(theirs, tx => updateEntity(tx, room.id, { number: '1' })),
    unknown,
  )
  await assert.rejects(deleteEntity(db.scoped(theirs), room.id), unknown)
  const undefinedThere = { code: 'assignments.definition_not_found' }
  await assert.rejects(
    inTx(theirs, tx => createEntity(tx, id, { number: '1' })),
    undefinedThere,
  )
  await assert.rejects(
    inTx(theirs, tx => updateDefinition(tx, id, { displayName: 'Taken' })),
    undefinedThere,
  )
  assert.deepEqual((await listEntities(db.scoped(theirs), { limit: 1, definitionId: id })).items, [])
  assert.deepEqual((await listDefinitions(db.scoped(theirs), { limit: 10 })).items, [])
  assert.deepEqual((await getEntity(db.scoped(ours), room.id)).data, { number: '12b', beds: 4, tags: ['quiet'] })
})

test('VS-05 a definition that changes keeps its entities readable and says which no longer fit', async () => {
  const definition = await define('ward')
  const fitting = await enter(definition.id, { number: '1', beds: 2 })
  const large = await enter(definition.id, { number: '2', beds: 9 })
  const narrower = { ...schema, properties: { ...schema.properties, beds: { type: 'integer' as const, maximum: 4 } } }
  const changed = await inTx(ours, tx => updateDefinition(tx, definition.id, { schema: narrower }))
  assert.deepEqual([changed.version, changed.entityCount, changed.unfitCount], [2, 2, 1])
  const unfit = await listEntities(db.scoped(ours), { limit: 10, definitionId: definition.id, fits: false })
  assert.deepEqual(
    unfit.items.map(each => [each.id, each.data, each.faults]),
    [[large.id, { number: '2', beds: 9 }, [{ pointer: '/beds', message: 'must be <= 4' }]]],
  )
  assert.equal((await inTx(ours, tx => updateEntity(tx, large.id, { number: '2', beds: 3 }))).fits, true)
  assert.equal((await inTx(ours, tx => updateDefinition(tx, definition.id, { displayName: 'Ward' }))).version, 2)
  const back = await inTx(ours, tx => updateDefinition(tx, definition.id, { schema }))
  assert.deepEqual([back.version, back.unfitCount], [3, 0])
  await assert.rejects(deleteDefinition(db.scoped(ours), definition.id), { code: 'assignments.definition_in_use' })
  for (const { id } of [fitting, large]) await deleteEntity(db.scoped(ours), id)
  await deleteDefinition(db.scoped(ours), definition.id)
  await assert.rejects(getDefinition(db.scoped(ours), definition.id), { code: 'assignments.definition_not_found' })
})

test('VS-05 a definition that nothing could fit is refused, and a name is one definition of a domain', async () => {
  await define('track')
  await assert.rejects(define('track'), { code: 'assignments.definition_name_taken' })
  const faulty = { code: 'assignments.definition_faulty' }
  await assert.rejects(define('a', { ...schema, required: ['colour'] }), faulty)
  await assert.rejects(
    define('b', { type: 'object', properties: { n: { type: 'integer', minimum: 2, maximum: 1 } } }),
    faulty,
  )
})
