import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, type IfMatch, nullable, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { checkBusinessRules } from './business-rules.ts'
import { BusinessRule, Configuration, Words, wordsOf } from './configurations.ts'

/** VS-04: what is assigned in one place, in its own words. */
export const Domain = Type.Object({
  id: uuid,
  name: Type.String(),
  displayName: Type.String(),
  description: nullable(Type.String()),
  version: Type.String(),
  isActive: Type.Boolean(),
  configuration: Configuration,
  businessRules: Type.Array(BusinessRule),
  words: Words,
  participantCount: Type.Integer({ description: 'Those that are active' }),
  targetCount: Type.Integer({ description: 'Those that are active' }),
  createdBy: nullable(uuid),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Domain = Static<typeof Domain>

export const DomainFields = Type.Object({
  name: Type.String({
    pattern: '^[a-z0-9]+([_-][a-z0-9]+)*$',
    maxLength: 100,
    description: 'For addresses and commands, once in the workspace',
    examples: ['chores'],
  }),
  displayName: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S', examples: ['Chores of the house'] }),
  description: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  version: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
  isActive: Type.Optional(Type.Boolean()),
  configuration: Type.Optional(Configuration),
  businessRules: Type.Optional(Type.Array(BusinessRule, { maxItems: 100 })),
})
export type DomainFields = Static<typeof DomainFields>

export const DomainChanges = Type.Partial(DomainFields)
export type DomainChanges = Static<typeof DomainChanges>

type Page = { limit: number; cursor?: string; isActive?: boolean }

/** By their names for people. */
export async function listDomains(tx: Reader, { limit, cursor, isActive }: Page) {
  const order = `assignment-domains ${isActive}`
  const after = readCursor(cursor, order, place)
  const rows = await tx.run<DomainRow>(sql`
    select ${domainColumns}
    from assignments.domains as domain
    where ${isActive === undefined ? sql`true` : sql`is_active = ${isActive}`}
      and ${after ? sql`display_name >= ${after[0]} and (display_name > ${after[0]} or id > ${after[1]})` : sql`true`}
    order by display_name, id
    limit ${limit + 1}
  `)
  const page = cutPage(rows, limit, order, domain => [domain.displayName, domain.id])
  return { ...page, items: page.items.map(domainOf) }
}

/** Refuses with not_found what does not exist or belongs to another tenant. */
export async function getDomain(tx: Reader, id: string): Promise<Domain> {
  return await findBy(tx, id, sql`id = ${id}`)
}

/** By its name, as commands say it. */
export async function getDomainByName(tx: Reader, name: string): Promise<Domain> {
  return await findBy(tx, name, sql`name = ${name}`)
}

export async function createDomain(tx: Queryable, fields: DomainFields): Promise<Domain> {
  checkBusinessRules(fields.businessRules ?? [])
  const { id } = await onViolation(
    tx.one<{ id: string }>(sql`
      insert into assignments.domains
        (name, display_name, description, version, is_active, configuration, business_rules)
      values (
        ${fields.name}, ${fields.displayName.trim()}, ${fields.description ?? null}, ${fields.version ?? '1.0'},
        ${fields.isActive ?? true}, ${json(fields.configuration ?? {})}, ${json(fields.businessRules ?? [])}
      )
      returning id
    `),
    { domains_name_unique: errors.domainNameTaken },
  )
  return await getDomain(tx, id)
}

/** Changes the given fields alone. `tx` is a transaction. */
export async function updateDomain(
  tx: Queryable,
  id: string,
  changes: DomainChanges,
  ifMatch?: IfMatch,
): Promise<Domain> {
  await tx.run(sql`select id from assignments.domains where id = ${id} for update`)
  const domain = await getDomain(tx, id)
  requireMatch(ifMatch, domain)
  const next = { ...domain, ...changes }
  checkBusinessRules(changes.businessRules ?? [])
  await onViolation(
    tx.run(sql`
      update assignments.domains
      set
        name = ${next.name},
        display_name = ${next.displayName.trim()},
        description = ${next.description},
        version = ${next.version},
        is_active = ${next.isActive},
        configuration = ${json(next.configuration)},
        business_rules = ${json(next.businessRules)}
      where id = ${id}
    `),
    { domains_name_unique: errors.domainNameTaken },
  )
  return await getDomain(tx, id)
}

/** Deletes a domain that has nothing. */
export async function deleteDomain(tx: Queryable, id: string): Promise<void> {
  const deleted = await onViolation(tx.maybe(sql`delete from assignments.domains where id = ${id} returning id`), {
    participants_domain_id_fkey: errors.domainInUse,
    assignment_targets_domain_id_fkey: errors.domainInUse,
    assignments_domain_id_fkey: errors.domainInUse,
    schedules_domain_id_fkey: errors.domainInUse,
    entity_definitions_domain_id_fkey: errors.domainInUse,
  })
  if (!deleted) throw errors.domainNotFound({ id })
}

const place = Type.Tuple([Type.String(), uuid])

const domainColumns = sql`
  domain.id, domain.name, domain.display_name, domain.description, domain.version, domain.is_active, domain.configuration,
  domain.business_rules,
  (
    select count(*)::integer
    from assignments.participants as participant
    where participant.tenant_id = domain.tenant_id
      and participant.domain_id = domain.id
      and participant.is_active
  ) as participant_count,
  (
    select count(*)::integer
    from assignments.assignment_targets as target
    where target.tenant_id = domain.tenant_id
      and target.domain_id = domain.id
      and target.is_active
  ) as target_count,
  domain.created_by, domain.created_at, domain.updated_at
`

type DomainRow = Omit<Domain, 'words'>

const domainOf = ({ createdBy, createdAt, updatedAt, ...row }: DomainRow): Domain => ({
  ...row,
  words: wordsOf(row.configuration),
  createdBy,
  createdAt,
  updatedAt,
})

async function findBy(tx: Reader, named: string, condition: ReturnType<typeof sql>): Promise<Domain> {
  const row = await tx.maybe<DomainRow>(sql`
    select ${domainColumns}
    from assignments.domains as domain
    where ${condition}
  `)
  if (!row) throw errors.domainNotFound({ id: named })
  return domainOf(row)
}
