import { type Static, Type } from 'typebox'
import { json, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, type IfMatch, nullable, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { getDefinition } from './definitions.ts'
import { type Entity as Data, Fault, judgeOf } from './schemas.ts'

export const EntityData = Type.Record(Type.String({ maxLength: 100 }), Type.Unknown(), { maxProperties: 500 })

/** VS-05: a thing of a kind. */
export const Entity = Type.Object({
  id: uuid,
  definitionId: uuid,
  data: EntityData,
  fits: Type.Boolean({ description: 'False where its definition has changed since, and asks for something else' }),
  faults: Type.Array(Fault),
  createdBy: nullable(uuid),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Entity = Static<typeof Entity>

type Page = { limit: number; cursor?: string; definitionId: string; fits?: boolean }

/** Of one kind, none where there is no such kind; `fits` false: those that no longer fit their definition. */
export async function listEntities(tx: Reader, { limit, cursor, definitionId, fits }: Page) {
  const order = `entities ${definitionId} ${fits}`
  const after = readCursor(cursor, order, Type.Tuple([uuid]))
  const rows = await tx.run<Entity>(sql`
    select ${entityColumns}
    from assignments.entities
    where definition_id = ${definitionId}
      and ${fits === undefined ? sql`true` : sql`fits = ${fits}`}
      and ${after ? sql`id > ${after[0]}` : sql`true`}
    order by id
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, entity => [entity.id])
}

export async function getEntity(tx: Reader, id: string): Promise<Entity> {
  const entity = await tx.maybe<Entity>(sql`select ${entityColumns} from assignments.entities where id = ${id}`)
  if (!entity) throw errors.entityNotFound({ id })
  return entity
}

/** Refuses what does not fit the definition, with every fault. `tx` is a transaction. */
export async function createEntity(tx: Queryable, definitionId: string, data: Data): Promise<Entity> {
  const version = await requireFit(tx, definitionId, data)
  const { id } = await tx.one<{ id: string }>(sql`
    insert into assignments.entities (definition_id, data, checked_version)
    values (${definitionId}, ${json(data)}, ${version})
    returning id
  `)
  return await getEntity(tx, id)
}

/** Puts other data in its place, which fits the definition as it is now. `tx` is a transaction. */
export async function updateEntity(tx: Queryable, id: string, data: Data, ifMatch?: IfMatch): Promise<Entity> {
  const { definitionId } = await getEntity(tx, id)
  const version = await requireFit(tx, definitionId, data)
  await tx.run(sql`select id from assignments.entities where id = ${id} for update`)
  requireMatch(ifMatch, await getEntity(tx, id))
  await tx.run(sql`
    update assignments.entities
    set data = ${json(data)}, checked_version = ${version}, faults = '[]'
    where id = ${id}
  `)
  return await getEntity(tx, id)
}

export async function deleteEntity(tx: Queryable, id: string): Promise<void> {
  const deleted = await tx.maybe(sql`delete from assignments.entities where id = ${id} returning id`)
  if (!deleted) throw errors.entityNotFound({ id })
}

const entityColumns = sql`id, definition_id, data, fits, faults, created_by, created_at, updated_at`

/** Until the transaction ends the definition stays what it is: who changes it waits, and then checks this one too. */
async function requireFit(tx: Queryable, definitionId: string, data: Data): Promise<number> {
  await tx.run(sql`select id from assignments.entity_definitions where id = ${definitionId} for update`)
  const { schema, version } = await getDefinition(tx, definitionId)
  const faults = judgeOf(schema)(data)
  if (faults.length === 0) return version
  const where = faults.map(({ pointer, message }) => ({ in: 'body', pointer: `/data${pointer}`, message }))
  throw errors.entityUnfit({ faults: faults.map(each => `${each.pointer} ${each.message}`).join('; '), errors: where })
}
