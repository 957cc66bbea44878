import { type Static, Type } from 'typebox'
import { onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, oneOf, readCursor, uuid } from '#platform/http'
import { errors } from '../errors.ts'

const kind = oneOf(['together', 'apart'], { description: 'On the same targets, or never on the same' })

export const RelationFields = Type.Object({
  participantIds: Type.Array(uuid, { minItems: 2, maxItems: 2 }),
  kind,
})
export type RelationFields = Static<typeof RelationFields>

/** Two people who are on the same targets, or never on the same. */
export const Relation = Type.Object({
  id: uuid,
  domainId: uuid,
  kind,
  participants: Type.Array(Type.Object({ id: uuid, name: Type.String() })),
})
export type Relation = Static<typeof Relation>

type Page = { limit: number; cursor?: string; domainId?: string; participantId?: string }

export async function listRelations(tx: Reader, { limit, cursor, domainId, participantId }: Page) {
  const order = `participant-relations ${domainId} ${participantId}`
  const after = readCursor(cursor, order, Type.Tuple([uuid]))
  const rows = await selectRelations(
    tx,
    sql`
      ${domainId === undefined ? sql`true` : sql`one.domain_id = ${domainId}`}
      and ${participantId === undefined ? sql`true` : sql`${participantId}::uuid in (one.id, other.id)`}
      and ${after ? sql`relation.id > ${after[0]}` : sql`true`}
    `,
    limit + 1,
  )
  return cutPage(rows, limit, order, relation => [relation.id])
}

/** Refuses two of different domains, and a pair that is there already. `tx` is a transaction. */
export async function relate(tx: Queryable, { participantIds, kind }: RelationFields): Promise<Relation> {
  const people = await tx.run<{ id: string; domainId: string }>(sql`
    select id, domain_id
    from assignments.participants
    where id = any (${participantIds}::uuid[])
    order by id
  `)
  const [one, other] = people
  const missing = participantIds.find(id => !people.some(person => person.id === id.toLowerCase()))
  if (missing) throw errors.participantNotFound({ id: missing })
  if (!one || !other || one.domainId !== other.domainId) throw errors.relationOfOne()
  const { id } = await onViolation(
    tx.one<{ id: string }>(sql`
      insert into assignments.participant_relations (participant_id, other_participant_id, kind)
      values (${one.id}, ${other.id}, ${kind})
      returning id
    `),
    { participant_relations_once: errors.relationTaken, participant_relations_pair: errors.relationTaken },
  )
  const [relation] = await selectRelations(tx, sql`relation.id = ${id}`, 1)
  return relation as Relation
}

export async function unrelate(tx: Queryable, id: string): Promise<void> {
  const removed = await tx.maybe(sql`delete from assignments.participant_relations where id = ${id} returning id`)
  if (!removed) throw errors.relationNotFound({ id })
}

async function selectRelations(tx: Reader, condition: ReturnType<typeof sql>, limit: number): Promise<Relation[]> {
  return await tx.run<Relation>(sql`
    select
      relation.id, one.domain_id, relation.kind,
      jsonb_build_array(
        jsonb_build_object('id', one.id, 'name', one.name),
        jsonb_build_object('id', other.id, 'name', other.name)
      ) as participants
    from assignments.participant_relations as relation
    join assignments.participants as one on one.id = relation.participant_id
    join assignments.participants as other on other.id = relation.other_participant_id
    where ${condition}
    order by relation.id
    limit ${limit}
  `)
}
