import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import {
  documentIndexes,
  documentTables,
  type MappedTable,
  placeColumn,
  placeColumns,
  readDocumentSchemas,
  readRequirements,
  readSpecMap,
  readTests,
} from '#test/spec.ts'
import { findTests, requirementId } from '#test/test-names.ts'

/** Columns that had no place when the last one was given: this number only falls. */
const mostMissing = 210

const schemas = readDocumentSchemas()
const map = readSpecMap()
const tables = documentTables(schemas)
const mapped = tables.flatMap(table => {
  const entry = map[table.id]
  return entry && 'to' in entry ? [{ ...table, entry }] : []
})
const { admin } = await testDatabase()

test('the map knows every table of the documents and nothing that no document has', () => {
  assert.deepEqual(
    Object.keys(map),
    tables.map(({ id }) => id),
    'each table once, in the order of the documents',
  )
  for (const { id, entry, columns, ...table } of mapped) {
    const indexNames = documentIndexes({ columns, ...table }).map(({ name }) => name)
    const invented = [
      ...Object.keys(entry.columns ?? {}).filter(column => !(column in columns)),
      ...Object.keys(entry.indexes ?? {}).filter(index => !indexNames.includes(index)),
    ]
    assert.deepEqual(invented, [], `${id} of the documents has no such column or index`)
  }
  assert.deepEqual([tables.length, tables.flatMap(({ columns }) => Object.keys(columns)).length], [55, 550])
})

type LiveColumn = { type: string; isRequired: boolean; isDerived: boolean; default: string | null }

async function readLiveColumns(): Promise<Map<string, LiveColumn>> {
  const { rows } = await admin.query<LiveColumn & { name: string }>(`
    select format('%I.%I.%I', n.nspname, c.relname, a.attname) as name, format_type(a.atttypid, a.atttypmod) as type,
      a.attnotnull as "isRequired", a.attgenerated <> '' as "isDerived", pg_get_expr(d.adbin, d.adrelid) as default
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and a.attnum > 0 and not a.attisdropped
  `)
  return new Map(rows.map(({ name, ...column }) => [name, column]))
}

test('every place of the map is a column of the migrated database', async () => {
  const live = await readLiveColumns()
  const relations = new Set([...live.keys()].map(name => name.split('.', 2).join('.')))
  const dangling = [
    ...mapped.filter(({ entry }) => !relations.has(entry.to)).map(({ id, entry }) => `${id} -> ${entry.to}`),
    ...placeColumns(schemas, map).flatMap(({ id, places }) =>
      places.filter(place => !live.has(place)).map(place => `${id} -> ${place}`),
    ),
  ]
  assert.deepEqual(dangling, [])
})

test('a column keeps the type, NOT NULL and default of its document, or the map says why not', async () => {
  const live = await readLiveColumns()
  const faults = mapped.flatMap(({ id, entry, columns }) =>
    Object.entries(columns).flatMap(([column, asked]) => {
      const { places, why } = placeColumn(entry, column)
      const found = live.get(places[0] ?? '')
      if (!asked || !found || why) return []
      const kept = keeps(asked, found)
      return kept ? [] : [`${id}.${column}: ${asked} is ${JSON.stringify(found)}`]
    }),
  )
  assert.deepEqual(faults, [])
})

/** Lengths and ENUMs are checks here, and a document's TEXT may be a type that says more. */
function keeps(asked: string, found: LiveColumn): boolean {
  const [, type = '', value] =
    /^(.+?)(?: (?:NOT|UNIQUE|PRIMARY|FOREIGN|REFERENCES|CHECK|INDEX)\b.*?)?(?: DEFAULT (\S.*))?$/.exec(asked) ?? []
  const family = familyOf(found.type)
  const isSameType = familyOf(type) === family || (/^TEXT\b/.test(type) && /^(uuid|inet)$/.test(family))
  const isRequired = /NOT NULL|PRIMARY KEY/.test(asked)
  // Any other default (a function, an empty object or array) has only to be there.
  const literal = /^(?:'([\w. -]+)'|(true|false|[\d.]+)$)/
    .exec(value ?? '')
    ?.slice(1)
    .find(text => text !== undefined)
  const isSameDefault =
    literal === undefined || found.default?.replace(/^'([^']*)'.*/, '$1').toLowerCase() === literal.toLowerCase()
  return (
    isSameType &&
    (found.isRequired || found.isDerived || !isRequired) &&
    (value === undefined || found.isDerived || (found.default !== null && isSameDefault))
  )
}

function familyOf(type: string): string {
  const name = type.toLowerCase()
  if (name.endsWith('[]')) return 'array'
  if (/^(varchar|character varying|text|enum)/.test(name)) return 'text'
  if (/^(decimal|numeric)/.test(name)) return name.replace(/^decimal/, 'numeric').replace(/\s/g, '')
  return (/^[a-z]+/.exec(name) ?? [''])[0].replace('timestamptz', 'timestamp')
}

test('what the tables of the first cut leave to later modules is known by name', () => {
  const missing = placeColumns(schemas, map).filter(({ awaits }) => awaits !== undefined)
  const left = missing.filter(({ id }) => mapped.some(table => id.startsWith(`${table.id}.`))).map(({ id }) => id)
  assert.deepEqual(left, [
    'agoat-publisher.users.site_id',
    'agoat-publisher.users.role',
    'agoat-publisher.customers.email',
    'agoat-publisher.audit_logs.site_id',
  ])
  assert.ok(
    missing.length <= mostMissing,
    `${missing.length} columns have no place, ${mostMissing} at most is what we had`,
  )
})

test('VS-15 each index of the documents is served by a live one, or the map says why not', async () => {
  const live = await readLiveIndexes()
  const faults = mapped.flatMap(({ entry, ...table }) =>
    documentIndexes(table).flatMap(index => {
      const given = entry.indexes?.[index.name]
      const served = servedBy(live, entry, index)
      if (given === undefined) return served ? [] : [`${table.id}: nothing serves ${index.name}`]
      if (served) return [`${table.id}: ${served} serves ${index.name}, the map need not explain it`]
      return 'by' in given && !live.some(({ name }) => name === given.by)
        ? [`${table.id}: there is no index ${given.by}`]
        : []
    }),
  )
  assert.deepEqual(faults, [])
})

type LiveIndex = {
  relation: string
  name: string
  isUnique: boolean
  isGin: boolean
  isPartial: boolean
  keys: string[]
}

async function readLiveIndexes(): Promise<LiveIndex[]> {
  const { rows } = await admin.query<LiveIndex>(`
    select format('%I.%I', n.nspname, c.relname) as relation, i.relname as name, x.indisunique as "isUnique",
      m.amname = 'gin' as "isGin", x.indpred is not null as "isPartial",
      array(select pg_get_indexdef(x.indexrelid, at, true) from generate_series(1, x.indnkeyatts) as at) as keys
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    join pg_am m on m.oid = i.relam
    join pg_class c on c.oid = x.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    where x.indisvalid and not c.relispartition
  `)
  // upper(city) is the city's index: the documents compare without regard to case as well.
  return rows.map(row => ({ ...row, keys: row.keys.map(key => key.replace(/^\w+\((\w+)\)$/, '$1')) }))
}

/** The live index that begins with the document's columns, behind tenant_id or not, and keeps what it promises. */
function servedBy(
  live: readonly LiveIndex[],
  table: MappedTable,
  index: ReturnType<typeof documentIndexes>[number],
): string | undefined {
  const places = index.columns.map(column => placeColumn(table, column).places[0] ?? '')
  const wanted = places.map(place => place.split('.')[2])
  return live.find(({ relation, keys, ...found }) => {
    const own = keys[0] === 'tenant_id' && wanted[0] !== 'tenant_id' ? keys.slice(1) : keys
    return (
      places.every(place => place.startsWith(`${relation}.`)) &&
      // A GIN index serves each of its columns alike.
      wanted.every((column, at) => (found.isGin ? own.includes(column ?? '') : own[at] === column)) &&
      found.isGin === index.isGin &&
      (found.isUnique || !index.isUnique) &&
      (!found.isUnique || !index.isUnique || own.length === wanted.length) &&
      (!found.isPartial || index.isPartial)
    )
  })?.name
}

test('tests name only requirements that there are, and none of those is overlooked', () => {
  const ids = readRequirements().map(({ id }) => id)
  const written = new Set(readFileSync('spec/requirements.md', 'utf8').match(requirementId))
  assert.deepEqual(ids.toSorted(), [...written].toSorted())
  const unknown = readTests().flatMap(({ file, name, ids: named }) =>
    named.filter(id => !ids.includes(id)).map(id => `${file}: there is no ${id} (${name})`),
  )
  assert.deepEqual(unknown, [])
})

test('npm run spec prints each requirement with its tests and each column without a place', () => {
  const report = JSON.parse(execFileSync(process.execPath, ['test/spec.ts', '--json'], { encoding: 'utf8' }))
  assert.deepEqual(Object.keys(report), ['requirements', 'missing', 'columns'])
  assert.ok(report.requirements['VS-15'].some((name: string) => name.startsWith('VS-15 each index of the documents')))
  assert.deepEqual(
    report.missing,
    Object.keys(report.requirements).filter(id => report.requirements[id].length === 0),
  )
  const placed = placeColumns(schemas, map)
  assert.deepEqual(report.columns, {
    mapped: placed.filter(({ awaits }) => awaits === undefined).length,
    missing: placed.filter(({ awaits }) => awaits !== undefined).map(({ id }) => id),
  })

  const text = execFileSync(process.execPath, ['test/spec.ts'], { encoding: 'utf8' })
  assert.match(text, /VS-15 {2}proved/)
  assert.match(text, new RegExp(`${report.columns.mapped} of 550 columns`))
})

test('names of tests are read from sources as they are written', () => {
  const id = (number: number) => `GG-${number}`
  const source = `
    import { describe, it, test } from 'node:test'
    // test('${id(91)} in a comment')
    /* it('${id(92)} here too') */
    const ratio = total / test / 2 // no pattern: '
    if (/['"\`]test\\('${id(93)}/.test(text)) run("test('${id(94)} in a string')")
    test('${id(11)} it\\'s plain', () => {})
    describe('${id(12)} outer', () => {
      it("${id(13)} inner", { timeout: 1 }, async () => { await check(() => ')') })
      test(name, () => {})
    })
    for (const kind of kinds) test(\`${id(14)} \${kind} and \${a ? \`\${b} ${id(15)}\` : '}'}\`, async t => {
      await t.test('${id(16)} step', () => {})
    })
    test.skip('${id(95)} skipped', () => { test('${id(96)} within', () => {}) })
    describe.only('with a modifier', () => test('${id(17)} counts', () => {}))
    test('${id(18)} joined with ' + kind, () => {})
    test('last')
  `
  const found = findTests(source)
  assert.deepEqual(
    found.map(({ ids }) => ids.map(each => each.slice(3)).join(' ')),
    ['11', '12 13', '12', '14 15', '14 15 16', '17', '18', ''],
  )
  assert.deepEqual(
    [found[0], found[1], found[2], found[7]].map(each => each?.name.replaceAll(requirementId, '')),
    [" it's plain", ' outer >  inner', ` outer > \${name}`, 'last'],
  )
})
