import type { RawBuilder } from 'kysely'
import { sql } from '#platform/database'
import { type Attribute, findPlace, groupShape, named, type Shape, userShape } from './attributes.ts'
import { scimErrors as errors } from './errors.ts'
import type { AttributePath, Comparison, Filter } from './filters.ts'

type Sql = RawBuilder<unknown>

/** Which rows of `federation.scim_users as person` fit. Names come from the schema, values are bound. */
export function userCondition(filter: Filter): Sql {
  return conditionOf(filter, userSource)
}

/** Which rows of `federation.scim_groups as pushed` fit. */
export function groupCondition(filter: Filter): Sql {
  return conditionOf(filter, groupSource)
}

/** Where the values of a shape's attributes are. */
type Source = {
  shape: Shape
  /** Columns; what is not here is in `details`. */
  columns: Readonly<Record<string, Sql>>
  /** Of those that are compared in any case, in small letters: `lower` is not leakproof, and keeps an index from serving. */
  keys: Readonly<Record<string, Sql>>
  details: Sql | undefined
  /** Attributes of several values that are in other tables: SQL with the columns of `subs` as `element`. */
  elsewhere: Readonly<Record<string, Sql>>
  /** A faster way to what has this element: it narrows, and decides nothing. */
  narrow?: (attribute: string, sub: string, value: string) => Sql | undefined
}

const userSource: Source = {
  shape: userShape,
  columns: {
    id: sql`person.id::text`,
    externalId: sql`person.external_id`,
    userName: sql`person.user_name`,
    active: sql`person.is_active`,
    'meta.created': sql`person.created_at`,
    'meta.lastModified': sql`person.updated_at`,
  },
  keys: { userName: sql`person.user_name_key` },
  details: sql`person.attributes`,
  elsewhere: {
    groups: sql`
      select jsonb_build_object('value', pushed.id, 'display', pushed.display_name) as element
      from federation.scim_group_members as held
      join federation.scim_groups as pushed
        on pushed.tenant_id = held.tenant_id and pushed.id = held.group_id
      where held.tenant_id = person.tenant_id
        and held.scim_user_id = person.id`,
  },
  narrow: (attribute, sub, value) =>
    attribute === 'emails' && sub === 'value' ? sql`person.addresses @> array[lower(${value})]` : undefined,
}

const groupSource: Source = {
  shape: groupShape,
  columns: {
    id: sql`pushed.id::text`,
    externalId: sql`pushed.external_id`,
    displayName: sql`pushed.display_name`,
    'meta.created': sql`pushed.created_at`,
    'meta.lastModified': sql`pushed.updated_at`,
  },
  keys: { displayName: sql`pushed.display_name_key` },
  details: undefined,
  elsewhere: {
    members: sql`
      select jsonb_build_object('value', held.scim_user_id, 'type', 'User') as element
      from federation.scim_group_members as held
      where held.tenant_id = pushed.tenant_id
        and held.group_id = pushed.id`,
  },
}

function conditionOf(filter: Filter, source: Source): Sql {
  switch (filter.op) {
    case 'and':
    case 'or':
      return joined(
        filter.op,
        filter.filters.map(each => conditionOf(each, source)),
      )
    case 'not':
      return sql`(not coalesce(${conditionOf(filter.filter, source)}, false))`
    case 'some': {
      const { attribute } = placeOf(source, filter.path)
      if (!attribute.isMultiValued) throw unfit(filter.path, 'it has one value only')
      const inner = [filter.filter, ...(filter.rest ? [filter.rest] : [])]
      return someElement(
        source,
        attribute,
        joined(
          'and',
          inner.map(each => elementCondition(each, attribute)),
        ),
        inner,
      )
    }
    default:
      return leafCondition(filter, source)
  }
}

type Leaf = Extract<Filter, { path: AttributePath }> & { op: Comparison | 'pr' }

function leafCondition(leaf: Leaf, source: Source): Sql {
  const { attribute, urn, sub } = placeOf(source, leaf.path)
  if (attribute.isMultiValued) {
    // `emails eq "x"` means the value of one of them (RFC 7644, 3.4.2.2).
    const element = { ...leaf, path: { name: sub ?? 'value' } }
    if (leaf.op === 'pr' && sub === undefined) return someElement(source, attribute, sql`true`, [])
    return someElement(source, attribute, elementCondition(element, attribute), [element])
  }
  const part = sub === undefined ? undefined : partOf(attribute, sub, leaf.path)
  if (attribute.type === 'complex' && !part && leaf.op !== 'pr') throw unfit(leaf.path, 'a sub-attribute is missing')
  const column = source.columns[part ? `${attribute.name}.${part.name}` : attribute.name]
  const key = part ? undefined : source.keys[attribute.name]
  if (key && leaf.op === 'eq' && typeof leaf.value === 'string') return sql`(${key} = lower(${leaf.value}::text))`
  if (column) return compare(leaf, column, part ?? attribute)
  if (!source.details) throw unfit(leaf.path, 'it cannot be filtered by')
  const steps = [...(urn === undefined ? [] : [urn]), attribute.name, ...(part ? [part.name] : [])]
  return compare(leaf, sql`(${source.details} #>> ${steps}::text[])`, part ?? attribute)
}

function someElement(source: Source, attribute: Attribute, condition: Sql, within: readonly Filter[]): Sql {
  const elsewhere = source.elsewhere[attribute.name]
  if (!elsewhere && !source.details) throw unfit({ name: attribute.name }, 'it cannot be filtered by')
  const elements =
    elsewhere ?? sql`select element from jsonb_array_elements(${source.details} -> ${attribute.name}) as element`
  const hit = sql`exists (select from (${elements}) as listed where ${condition})`
  const narrowed = within.flatMap(each =>
    each.op === 'eq' && typeof each.value === 'string'
      ? (source.narrow?.(attribute.name, each.path.name.toLowerCase(), each.value) ?? [])
      : [],
  )
  return narrowed.length === 0 ? hit : joined('and', [...narrowed, hit])
}

/** Over an element of several, as jsonb in the column `element`. */
function elementCondition(filter: Filter, attribute: Attribute): Sql {
  switch (filter.op) {
    case 'and':
    case 'or':
      return joined(
        filter.op,
        filter.filters.map(each => elementCondition(each, attribute)),
      )
    case 'not':
      return sql`(not coalesce(${elementCondition(filter.filter, attribute)}, false))`
    case 'some':
      throw unfit(filter.path, 'there is a list in a list')
    default: {
      const part = partOf(attribute, filter.path.name, filter.path)
      return compare(filter, sql`(element ->> ${part.name})`, part)
    }
  }
}

/** Null where there is no value: that fits nothing, and `not` makes everything of it. Bare, so that an index may serve it. */
function compare(leaf: Leaf, column: Sql, { type, isCaseExact }: Attribute): Sql {
  if (leaf.op === 'pr') return sql`(coalesce(${column}::text, '') not in ('', '[]', '{}'))`
  const { op, value, path } = leaf
  if (value === null) {
    if (op === 'eq') return sql`(${column} is null)`
    if (op === 'ne') return sql`(${column} is not null)`
    throw unfit(path, 'null is neither more nor less than anything')
  }
  if (type === 'boolean') {
    // Entra asks for `active eq "True"` too.
    const asked = typeof value === 'string' && /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value
    if (typeof asked !== 'boolean' || (op !== 'eq' && op !== 'ne')) throw unfit(path, 'it is true or false')
    return sql`(coalesce(${column}::boolean, false) ${operators[op]} ${asked})`
  }
  if (typeof value === 'boolean') throw unfit(path, 'it is neither true nor false')
  if (type === 'dateTime') {
    const moment = new Date(String(value))
    if (Number.isNaN(moment.getTime()) || !(op in operators)) throw unfit(path, 'it is a moment, as in RFC 3339')
    return sql`(date_trunc('milliseconds', ${column}) ${operators[op as Ordering]} ${moment}::timestamptz)`
  }
  const [left, right] = isCaseExact
    ? [column, sql`${String(value)}::text`]
    : [sql`lower(${column})`, sql`lower(${String(value)}::text)`]
  switch (op) {
    case 'ne':
      return sql`(${left} is distinct from ${right})`
    case 'co':
      return sql`(strpos(${left}, ${right}) > 0)`
    case 'sw':
      return sql`starts_with(${left}, ${right})`
    case 'ew':
      return sql`(right(${left}, length(${right})) = ${right})`
    case 'eq':
      return sql`(${left} = ${right})`
    default:
      return sql`(${left} collate "C" ${operators[op]} ${right} collate "C")`
  }
}

type Ordering = keyof typeof operators
const operators = { eq: sql`=`, ne: sql`<>`, gt: sql`>`, ge: sql`>=`, lt: sql`<`, le: sql`<=` }

function joined(op: 'and' | 'or', conditions: readonly Sql[]): Sql {
  return sql`(${sql.join([...conditions], op === 'and' ? sql` and ` : sql` or `)})`
}

function placeOf({ shape }: Source, path: AttributePath) {
  const place = findPlace(shape, path.name)
  if (!place?.attribute) throw unfit(path, 'there is no such attribute')
  if (place.attribute.mutability === 'writeOnly') throw unfit(path, 'it cannot be filtered by')
  return { attribute: place.attribute, urn: place.urn, sub: path.sub }
}

function partOf({ subs = [] }: Attribute, name: string, path: AttributePath): Attribute {
  const part = named(subs, name)
  if (!part) throw unfit(path, 'there is no such sub-attribute')
  return part
}

const unfit = ({ name, sub }: AttributePath, reason: string) =>
  errors.scimFilterInvalid({ reason: `${[name, sub].filter(Boolean).join('.').slice(0, 100)}: ${reason}` })
