import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, type IfMatch, nullable, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { getDomain } from '../domains/domains.ts'
import { errors } from '../errors.ts'
import { checkSchema, type Entity, EntitySchema, judgeOf } from './schemas.ts'

export const DefinitionFields = Type.Object({
  name: Type.String({ pattern: '^[a-z0-9]+([_-][a-z0-9]+)*$', maxLength: 100, examples: ['room'] }),
  displayName: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S', examples: ['Room'] }),
  description: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  schema: EntitySchema,
  isActive: Type.Optional(Type.Boolean()),
})
export type DefinitionFields = Static<typeof DefinitionFields>

export const DefinitionChanges = Type.Partial(DefinitionFields)
export type DefinitionChanges = Static<typeof DefinitionChanges>

/** VS-05: a kind of thing of a domain with its fields. */
export const EntityDefinition = Type.Object({
  id: uuid,
  domainId: uuid,
  ...Type.Required(DefinitionFields).properties,
  version: Type.Integer({ description: 'Counts changes of the schema' }),
  entityCount: Type.Integer(),
  unfitCount: Type.Integer({ description: 'Entities that no longer fit it: they stay readable as they are' }),
  createdBy: nullable(uuid),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type EntityDefinition = Static<typeof EntityDefinition>

type Page = { limit: number; cursor?: string; domainId?: string }

export async function listDefinitions(tx: Reader, { limit, cursor, domainId }: Page) {
  const order = `entity-definitions ${domainId}`
  const after = readCursor(cursor, order, place)
  const rows = await tx.run<EntityDefinition>(sql`
    select ${definitionColumns}
    from assignments.entity_definitions as definition
    where ${domainId === undefined ? sql`true` : sql`domain_id = ${domainId}`}
      and ${after ? sql`display_name >= ${after[0]} and (display_name > ${after[0]} or id > ${after[1]})` : sql`true`}
    order by display_name, id
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, definition => [definition.displayName, definition.id])
}

export async function getDefinition(tx: Reader, id: string): Promise<EntityDefinition> {
  const definition = await tx.maybe<EntityDefinition>(sql`
    select ${definitionColumns}
    from assignments.entity_definitions as definition
    where id = ${id}
  `)
  if (!definition) throw errors.definitionNotFound({ id })
  return definition
}

/** `tx` is a transaction. */
export async function createDefinition(tx: Queryable, domainId: string, fields: DefinitionFields) {
  await getDomain(tx, domainId)
  checkSchema(fields.schema)
  const { id } = await onViolation(
    tx.one<{ id: string }>(sql`
      insert into assignments.entity_definitions (domain_id, name, display_name, description, schema, is_active)
      values (
        ${domainId}, ${fields.name}, ${fields.displayName.trim()}, ${fields.description ?? null}, ${json(fields.schema)},
        ${fields.isActive ?? true}
      )
      returning id
    `),
    { entity_definitions_name_unique: errors.definitionNameTaken },
  )
  return await getDefinition(tx, id)
}

/**
 * Changes the given fields alone. With another schema its entities are checked anew: those that no longer fit stay as they
 * are, and are said to. `tx` is a transaction.
 */
export async function updateDefinition(tx: Queryable, id: string, changes: DefinitionChanges, ifMatch?: IfMatch) {
  await tx.run(sql`select id from assignments.entity_definitions where id = ${id} for update`)
  const definition = await getDefinition(tx, id)
  requireMatch(ifMatch, definition)
  const next = { ...definition, ...changes }
  const isOther = JSON.stringify(sorted(next.schema)) !== JSON.stringify(sorted(definition.schema))
  if (isOther) checkSchema(next.schema)
  await onViolation(
    tx.run(sql`
      update assignments.entity_definitions
      set
        name = ${next.name},
        display_name = ${next.displayName.trim()},
        description = ${next.description},
        schema = ${json(next.schema)},
        version = ${definition.version + (isOther ? 1 : 0)},
        is_active = ${next.isActive}
      where id = ${id}
    `),
    { entity_definitions_name_unique: errors.definitionNameTaken },
  )
  if (isOther) await checkEntities(tx, id, definition.version + 1, next.schema)
  return await getDefinition(tx, id)
}

export async function deleteDefinition(tx: Queryable, id: string): Promise<void> {
  const deleted = await onViolation(
    tx.maybe(sql`delete from assignments.entity_definitions where id = ${id} returning id`),
    { entities_definition_id_fkey: errors.definitionInUse },
  )
  if (!deleted) throw errors.definitionNotFound({ id })
}

const place = Type.Tuple([Type.String(), uuid])
const portion = 1_000

const definitionColumns = sql`
  definition.id, definition.domain_id, definition.name, definition.display_name, definition.description, definition.schema,
  definition.is_active, definition.version,
  (
    select count(*)::integer
    from assignments.entities as entity
    where entity.tenant_id = definition.tenant_id
      and entity.definition_id = definition.id
  ) as entity_count,
  (
    select count(*)::integer
    from assignments.entities as entity
    where entity.tenant_id = definition.tenant_id
      and entity.definition_id = definition.id
      and not entity.fits
  ) as unfit_count,
  definition.created_by, definition.created_at, definition.updated_at
`

async function checkEntities(tx: Queryable, id: string, version: number, schema: EntitySchema): Promise<void> {
  const judge = judgeOf(schema)
  for (let after: string | undefined; ; ) {
    const entities: { id: string; data: Entity }[] = await tx.run(sql<{ id: string; data: Entity }>`
      select id, data
      from assignments.entities
      where definition_id = ${id}
        and ${after === undefined ? sql`true` : sql`id > ${after}`}
      order by id
      limit ${portion}
    `)
    const judged = entities.map(entity => ({ id: entity.id, faults: judge(entity.data) }))
    await tx.run(sql`
      update assignments.entities as entity
      set checked_version = ${version}, faults = judged.faults
      from jsonb_to_recordset(${json(judged)}) as judged (id uuid, faults jsonb)
      where entity.definition_id = ${id}
        and entity.id = judged.id
    `)
    after = entities.at(-1)?.id
    if (entities.length < portion) return
  }
}

/** Whatever order the fields of an object were written in. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, of]) => [key, sorted(of)]),
  )
}
