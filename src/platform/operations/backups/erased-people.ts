import pg from 'pg'
import { addressPattern, listPersonalColumns } from '#platform/audit'
import { quoted, type Side, statementsOf } from '#platform/database'
import { listAddresses, listErasedAccounts, listFreeAddresses } from '#platform/identity'
import type { TableShape } from './table-shapes.ts'

/** Who is in a copy and was erased since. */
export type ErasedPeople = {
  ids: string[]
  /** In lower case; not those that somebody else has by now. */
  addresses: string[]
  /** Finds an address in a text; null where there are none. */
  pattern: string | null
  /** By table: columns with personal values, and those that say of whom. */
  declared: ReadonlyMap<string, { columns: string[]; subjects: string[] }>
}

/** Undefined where nobody was. */
export async function findErasedPeople(present: Side, past: Side): Promise<ErasedPeople | undefined> {
  const now = statementsOf(present)
  const people = await listAddresses(statementsOf(past), await listErasedAccounts(now))
  if (people.length === 0) return undefined
  const addresses = await listFreeAddresses(
    now,
    people.map(({ email }) => email),
  )
  return {
    ids: people.map(({ id }) => id),
    addresses,
    pattern: await addressPattern(now, addresses),
    declared: new Map((await listPersonalColumns(now)).map(({ resource, ...each }) => [resource, each])),
  }
}

/** SQL over a row as `t`: it is one of theirs, which does not come back: it has one of their addresses as a value. */
export function isTheirs({ columns, types }: TableShape, { addresses }: ErasedPeople): string {
  const list = addresses.map(each => pg.escapeLiteral(each)).join()
  const texts = list === '' ? [] : columns.filter(column => isText(types[column]))
  return anyOf(texts.map(column => `lower(t.${quoted(column)}) in (${list})`))
}

/** SQL over a row as `t`: it leads to one of them, or is one of them, and would have gone with him. */
export function wentWithThem({ name, references }: TableShape, people: ErasedPeople): string {
  const own = name === accounts ? [`t.id in (${idList(people)})`] : []
  const led = references
    .filter(({ table, columns, onDelete }) => table === accounts && columns.length === 1 && onDelete !== 'empty')
    .map(({ columns }) => `t.${quoted(columns[0] ?? '')} in (${idList(people)})`)
  return anyOf([...own, ...led])
}

/** SQL over a row as `t`: it comes back without something. */
export function losesValues(shape: TableShape, people: ErasedPeople): string {
  return anyOf(
    shape.columns.flatMap(column => {
      const without = valueWithout(shape, people, column)
      return without === plain(column) ? [] : [`(${without})::text is distinct from ${plain(column)}::text`]
    }),
  )
}

/** SQL over a row as `t`: the columns without what is theirs. Where `isAlone`, nothing else empties columns that lead to them. */
export function columnsWithout(
  shape: TableShape,
  people: ErasedPeople,
  columns: readonly string[],
  isAlone = false,
): string {
  const emptied = shape.references
    .filter(({ table, onDelete }) => isAlone && table === accounts && onDelete === 'empty')
    .flatMap(reference => reference.emptied)
  return columns
    .map(column =>
      emptied.includes(column)
        ? `case when ${plain(column)} in (${idList(people)}) then null else ${plain(column)} end`
        : valueWithout(shape, people, column),
    )
    .join(', ')
}

function valueWithout({ name, columns, types, required }: TableShape, people: ErasedPeople, column: string): string {
  const { pattern, declared } = people
  const type = types[column] ?? ''
  const value = plain(column)
  if (!isText(type) && !/^jsonb?$|^text\[\]$/.test(type)) return value
  const replaced = `regexp_replace(${value}::text, ${pg.escapeLiteral(pattern ?? '')}, '[erased]', 'gi')::${type}`
  const kept = pattern === null ? value : `case when ${value}::text like '%@%' then ${replaced} else ${value} end`
  const personal = declared.get(name)
  const subjects = (personal?.subjects ?? [])
    .map(subject => (subject === 'resource_id' ? 'id' : subject))
    .filter(subject => types[subject] === 'uuid' && columns.includes(subject))
  if (!personal?.columns.includes(column) || subjects.length === 0) return kept
  const isAbout = anyOf(subjects.map(subject => `${plain(subject)} in (${idList(people)})`))
  return `case when ${isAbout} then ${required.includes(column) && isText(type) ? `'[erased]'` : 'null'} else ${kept} end`
}

const accounts = 'identity.users'
const plain = (column: string) => `t.${quoted(column)}`
const isText = (type = '') => /^(text|character varying.*|citext)$/.test(type)
const anyOf = (conditions: readonly string[]) =>
  conditions.length === 0 ? 'false' : `coalesce(${conditions.join(' or ')}, false)`
const idList = ({ ids }: ErasedPeople) => ids.map(id => pg.escapeLiteral(id)).join()
