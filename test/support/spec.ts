import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { findTests } from './test-names.ts'

const root = join(import.meta.dirname, '../..')

const DocumentSchemas = Type.Record(
  Type.String(),
  Type.Object({
    document: Type.String(),
    tables: Type.Record(
      Type.String(),
      Type.Object({
        columns: Type.Record(Type.String(), Type.String()),
        indexes: Type.Array(Type.String()),
        note: Type.Optional(Type.String()),
      }),
    ),
  }),
)

const closed = { additionalProperties: false }
const why = Type.String({ minLength: 1 })
const Awaited = Type.Object({ awaits: Type.String({ minLength: 1 }) }, closed)
const Target = Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 2 })])
const MappedColumn = Type.Union([
  Type.String(),
  Type.Object({ to: Target, why }, closed),
  Type.Object({ why }, closed),
  Awaited,
])
const MappedIndex = Type.Union([Type.Object({ by: Type.String(), why }, closed), Type.Object({ why }, closed), Awaited])
const MappedTable = Type.Object(
  {
    to: Type.String({ pattern: '^[a-z_]+\\.[a-z_]+$' }),
    columns: Type.Optional(Type.Record(Type.String(), MappedColumn)),
    indexes: Type.Optional(Type.Record(Type.String(), MappedIndex)),
  },
  closed,
)

/**
 * db/spec-map.json: `system.table` of a document to where it lives. A column that is not spelt has the same name there, in
 * snake_case. A target is a column of that table, or `schema.table.column` of another table or view; several
 * stand in an array. `why` gives the reason wherever a column or index is another one than the document says, or none;
 * `awaits` names what will bring it: it is missing until then.
 */
const SpecMap = Type.Record(Type.String(), Type.Union([MappedTable, Awaited]))

export type DocumentSchemas = Static<typeof DocumentSchemas>
export type SpecMap = Static<typeof SpecMap>
export type MappedTable = Static<typeof MappedTable>

/** `spec/schema.json`: every table, column and index of the documents. */
export function readDocumentSchemas(): DocumentSchemas {
  return Value.Parse(DocumentSchemas, readJson('spec/schema.json'))
}

/** `db/spec-map.json`, refused if it has anything that would be overlooked. */
export function readSpecMap(): SpecMap {
  return Value.Parse(SpecMap, readJson('db/spec-map.json'))
}

export type Requirement = { id: string; section: string; text: string }

/** `spec/requirements.md`, in its order: one to a line, and AG-03 behind VS-03. */
export function readRequirements(): Requirement[] {
  const requirements: Requirement[] = []
  let section = ''
  for (const line of readFileSync(join(root, 'spec/requirements.md'), 'utf8').split('\n')) {
    section = /^## (.+)/.exec(line)?.[1] ?? section
    if (!/^- [A-Z]{2}-\d\d /.test(line)) continue
    for (const text of line.slice(2).split(/; (?=AG-03 )/)) {
      requirements.push({ id: text.slice(0, 5), section, text: text.slice(6) })
    }
  }
  return requirements
}

export type Proof = { file: string; name: string; ids: string[] }

/** Every test of the project, by its sources. */
export function readTests(): Proof[] {
  return globSync('{src,test,bench}/**/*.test.ts', { cwd: root })
    .sort()
    .flatMap(file => findTests(readFileSync(join(root, file), 'utf8')).map(test => ({ file, ...test })))
}

/** A document's column, `multi-tenant-platform.Users.googleId`, with where it lives or what it still awaits. */
export type PlacedColumn = { id: string; places: string[]; why?: string; awaits?: string }

/** Each column of the documents, in their order. */
export function placeColumns(schemas: DocumentSchemas, map: SpecMap): PlacedColumn[] {
  return documentTables(schemas).flatMap(({ id, columns }) =>
    Object.keys(columns).map(column => {
      const entry = map[id]
      if (entry === undefined) return { id: `${id}.${column}`, places: [], awaits: 'an entry in db/spec-map.json' }
      if ('awaits' in entry) return { id: `${id}.${column}`, places: [], awaits: entry.awaits }
      return { id: `${id}.${column}`, ...placeColumn(entry, column) }
    }),
  )
}

/** Where one column of a mapped table lives. */
export function placeColumn(table: MappedTable, column: string): Omit<PlacedColumn, 'id'> {
  const given = table.columns?.[column] ?? inSnakeCase(column)
  const entry = typeof given === 'string' ? { to: given } : given
  if (!('to' in entry)) return { places: [], ...entry }
  const places = [entry.to].flat().map(to => (to.includes('.') ? to : `${table.to}.${to}`))
  return { ...entry, places }
}

/** The tables of all documents as `system.table`. */
export function documentTables(
  schemas: DocumentSchemas,
): { id: string; columns: Record<string, string>; indexes: string[] }[] {
  return Object.entries(schemas).flatMap(([system, { tables }]) =>
    Object.entries(tables).map(([name, { columns, indexes }]) => ({ id: `${system}.${name}`, columns, indexes })),
  )
}

export type DocumentIndex = { name: string; columns: string[]; isUnique: boolean; isGin: boolean; isPartial: boolean }

/**
 * The indexes of a document's table: those that it names, and those that a column's own line asks for (`UNIQUE`, `INDEX`),
 * which are called `column UNIQUE` here.
 */
export function documentIndexes(table: { columns: Record<string, string>; indexes: string[] }): DocumentIndex[] {
  const named = table.indexes.map(text => {
    const [, name, columns = ''] = /^(\w+)?[^(]*\(([^)]+)\)/.exec(text) ?? []
    return {
      name: name ?? text,
      columns: columns.split(',').map(column => column.trim().replace(/ (asc|desc)$/i, '')),
      isUnique: /unique/i.test(text),
      isGin: /using gin/i.test(text),
      isPartial: / where /i.test(text),
    }
  })
  const ofColumns = Object.entries(table.columns).flatMap(([column, type]) => {
    const [word] = /\b(UNIQUE|INDEX)\b/.exec(type) ?? []
    if (!word) return []
    return [
      { name: `${column} ${word}`, columns: [column], isUnique: word === 'UNIQUE', isGin: false, isPartial: false },
    ]
  })
  return [...named, ...ofColumns]
}

function inSnakeCase(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(root, file), 'utf8'))
}
