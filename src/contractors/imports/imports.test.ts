import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { DomainError } from '#platform/errors.ts'
import { csvReader } from '#platform/files'
import { testDatabase } from '#test/database.ts'
import { type ImportOptions, importFile } from './imports.ts'

const { db, admin, login } = await testDatabase()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-imports-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const now = new Date('2026-06-01T12:00:00Z')
const later = new Date('2026-07-01T12:00:00Z')
const data = (name: string) => fileURLToPath(new URL(`../../../data/contractors/${name}`, import.meta.url))
const realFiles = [
  { path: data('fpds_awards.csv.gz'), source: 'fpds_awards' },
  { path: data('fpds_vendor_observations.csv.gz'), source: 'fpds_vendors' },
  { path: data('sam_public_v2_real_sample.dat'), source: 'sam_v2' },
]
const tables = ['contractors', 'observations', 'awards', 'contractor_profiles'] as const
let files = 0

beforeEach(clear)

async function clear(): Promise<void> {
  for (const table of [...tables, 'families', 'imports']) await admin.query(`delete from contractors.${table}`)
}

type Values = Record<string, string>

const awardColumns = [
  'agency_id',
  'piid',
  'mod_number',
  'ref_agency_id',
  'ref_piid',
  'signed_date',
  'completion_date',
  'obligated_amount',
  'total_obligated_amount',
  'uei',
  'entity_name',
  'cage_code',
  'street',
  'street2',
  'city',
  'state',
  'zip',
  'country',
  'congressional_district',
  'naics_code',
]
const award: Values = {
  agency_id: '9700',
  piid: 'W1',
  mod_number: '0',
  signed_date: '2025-01-10',
  completion_date: '2026-12-31',
  obligated_amount: '100.10',
  total_obligated_amount: '100.10',
  uei: 'C12NSYAH27N4',
  entity_name: 'VERIZON FEDERAL INC.',
}
const entityColumns = [
  'uei',
  'cage_code',
  'legal_business_name',
  'street',
  'city',
  'state',
  'zip',
  'country',
  'primary_naics',
  'n_actions',
  'last_signed',
]
const entity: Values = { uei: 'C12NSYAH27N4', legal_business_name: 'VERIZON', last_signed: '2025-03-26' }

const cell = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
const csv = (columns: string[], rows: Values[]) =>
  [columns.join(','), ...rows.map(row => columns.map(column => cell(row[column] ?? '')).join(','))].join('\n')

function write(content: string | Buffer, name = `file-${files++}.csv`): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const importAwards = (rows: Values[], options: Partial<ImportOptions> = {}) =>
  importFile(db, { path: write(csv(awardColumns, rows)), source: 'fpds_awards' }, { now, ...options })
const importEntities = (rows: Values[], options: Partial<ImportOptions> = {}) =>
  importFile(db, { path: write(csv(entityColumns, rows)), source: 'entities' }, { now, ...options })

const run = async (text: string, values: unknown[] = []) => (await admin.query(text, values)).rows
const profile = async (uei = 'C12NSYAH27N4') =>
  (await run('select * from contractors.contractor_profiles where uei = $1', [uei]))[0]

/** Everything that an import makes, except what a repeated import may make anew: ids and times. */
async function contents(): Promise<string> {
  const parts = await Promise.all([
    run(
      'select source, source_id, data, uei, observation_id, observed_on, content_hash from contractors.contractors order by 1, 2',
    ),
    run('select * from contractors.observations order by id'),
    run(
      `select a.*, r.source_id as record
       from contractors.awards as a
       join contractors.contractors as r on r.id = a.record_id
       order by a.id`,
    ).then(rows => rows.map(({ record_id, ...row }) => row)),
    run('select * from contractors.contractor_profiles order by uei').then(rows =>
      rows.map(({ id, created_at, updated_at, field_sources, ...row }) => row),
    ),
    run(
      `select p.uei, f.field, f.source, f.source_id
       from contractors.contractor_field_sources as f
       join contractors.contractor_profiles as p on p.id = f.contractor_profile_id
       order by 1, 2`,
    ),
    run(`
      select to_jsonb(family) - 'head_id' as family, head.uei as head
      from contractors.families as family
      join contractors.contractor_profiles as head on head.id = family.head_id
      order by family.uei`),
  ])
  return JSON.stringify(parts)
}

/** Every row of the tables whole, ids and times too. */
const everything = async () =>
  JSON.stringify(
    await Promise.all(tables.map(table => run(`select t.* from contractors.${table} as t order by t::text`))),
  )

function parse(path: string): Values[] {
  const bytes = readFileSync(path)
  const rows: string[][] = []
  const reader = csvReader({ onRow: row => rows.push(row.values), onBad: bad => assert.fail(bad.reason) })
  reader.push((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString(), false)
  reader.end()
  const [header, ...lines] = rows
  return lines.map(values => Object.fromEntries(values.map((value, index) => [header![index]!, value])))
}

test('GG-06 a profile has all columns of the document, filled from a registration', async () => {
  await importFile(db, { path: data('sam_public_v2_real_sample.dat'), source: 'sam_v2' }, { now })
  const found = await profile('UE9QJD4KK1L6')
  const expected = {
    cage_code: '5UTE1',
    name: 'LEIDOS, INC.',
    legal_business_name: 'LEIDOS, INC.',
    address_line_1: '1750 PRESIDENTS ST FL 10',
    city: 'RESTON',
    state: 'VA',
    zip_code: '20190-5617',
    country: 'USA',
    congressional_district: '11',
    fiscal_year_end_date: '12-31',
    naics_code: '541715',
    naics_description:
      'Research and Development in the Physical, Engineering, and Life Sciences (except Nanotechnology and Biotechnology)',
    entity_structure: 'Corporate Entity (Not Tax Exempt)',
    business_types: ['2X', 'MF'],
    registration_status: 'Active',
    employee_count: null,
    annual_revenue: null,
    performance_rating: null,
    capabilities: null,
    total_contract_value: null,
    active_contracts_count: 0,
  }
  for (const [column, value] of Object.entries(expected)) assert.deepEqual(found[column], value, column)
  assert.equal((await profile('C39LJA3KD378')).registration_status, 'Expired')
})

test('GG-06 a NAICS title is that of 2022, else of 2017, and an unknown code has none', async () => {
  await importEntities([
    { ...entity, primary_naics: '541611.0' },
    { ...entity, uei: 'C134QVM1QLB5', primary_naics: '541712' },
    { ...entity, uei: 'QGUQWSU5AHB4', primary_naics: '517110' },
    { ...entity, uei: 'T8JGE1LE8933', primary_naics: '511110' },
  ])
  const titles = await run(
    'select naics_code, naics_description from contractors.contractor_profiles order by naics_code',
  )
  assert.deepEqual(titles, [
    { naics_code: '511110', naics_description: 'Newspaper Publishers' },
    { naics_code: '517110', naics_description: null },
    {
      naics_code: '541611',
      naics_description: 'Administrative Management and General Management Consulting Services',
    },
    { naics_code: '541712', naics_description: null },
  ])
})

test('GG-07 importing every file twice changes nothing, not even a time', async () => {
  for (const file of realFiles) await importFile(db, file, { now })
  const before = await everything()
  for (const file of realFiles) {
    const { rows, profiles } = await importFile(db, file, { now: later })
    assert.equal(rows.unchanged, rows.read)
    assert.deepEqual([rows.inserted, rows.updated, rows.rejected], [0, 0, 0])
    assert.deepEqual(profiles, { inserted: 0, updated: 0 })
  }
  assert.equal(await everything(), before)
})

test('GG-07 a changed record updates its record and profile, a new one is added, the others stay', async () => {
  const other = { ...award, piid: 'W2', uei: 'C134QVM1QLB5', entity_name: 'HX5, LLC' }
  await importAwards([award, other])
  const { id } = await profile()
  const untouched = await profile('C134QVM1QLB5')
  const changed = { ...award, entity_name: 'VERIZON FEDERAL LLC', total_obligated_amount: '90.05' }
  const { rows } = await importAwards([changed, other, { ...award, piid: 'W3' }], { now: later })
  assert.deepEqual(rows, { read: 3, inserted: 1, updated: 1, unchanged: 1, rejected: 0 })
  const found = await profile()
  assert.equal(found.id, id)
  assert.equal(found.name, 'VERIZON FEDERAL INC.', 'the new record is as new and comes later in its order')
  assert.equal(found.total_contract_value, '190.15')
  assert.deepEqual(await profile('C134QVM1QLB5'), untouched)
  const [record] = await run(
    "select data, imported_at, updated_at from contractors.contractors where source_id = '9700|W1|||0'",
  )
  assert.equal(record.data.entity_name, 'VERIZON FEDERAL LLC')
  assert.deepEqual([record.imported_at, record.updated_at], [now, later])
})

test('GG-07 a record that moves to another UEI leaves its old profile and enters the new one', async () => {
  await importAwards([award, { ...award, piid: 'W2' }])
  await importAwards([{ ...award, uei: 'C134QVM1QLB5' }], { now: later })
  assert.equal((await profile()).total_contract_value, '100.10')
  assert.equal((await profile('C134QVM1QLB5')).total_contract_value, '100.10')
})

test('GG-07 of two rows with one key in a file the last wins, whatever was there before', async () => {
  const first = { ...award, entity_name: 'FIRST' }
  const last = { ...award, entity_name: 'LAST' }
  const { rows } = await importAwards([first, last])
  assert.deepEqual(rows, { read: 2, inserted: 1, updated: 0, unchanged: 1, rejected: 0 })
  assert.equal((await profile()).name, 'LAST')
  const again = await importAwards([first, last], { now: later })
  assert.equal(again.rows.unchanged, 2)
  assert.equal((await profile()).name, 'LAST')
  assert.equal((await run('select from contractors.observations')).length, 2)
})

test('GG-08 an award is performed where its latest action says, whichever file brings that', async () => {
  const columns = [...awardColumns, 'pop_country', 'pop_state', 'pop_city']
  const bring = (...rows: Values[]) =>
    importFile(db, { path: write(csv(columns, rows)), source: 'fpds_awards' }, { now })
  const places = () => run('select place_country, place_state, place_city from contractors.awards')
  await bring({ ...award, pop_country: 'USA', pop_state: 'md', pop_city: 'Laurel' })
  assert.deepEqual(await places(), [{ place_country: 'USA', place_state: 'MD', place_city: 'LAUREL' }])
  await bring({ ...award, mod_number: 'P1', signed_date: '2025-03-01', pop_country: 'DEU' })
  assert.deepEqual(await places(), [{ place_country: 'DEU', place_state: null, place_city: null }])
  // An older action that comes later leaves the latest one, which is not in this file, as it is.
  await bring({ ...award, mod_number: 'P0', signed_date: '2025-02-01', pop_country: 'USA', pop_state: 'VA' })
  assert.deepEqual(await places(), [{ place_country: 'DEU', place_state: null, place_city: null }])
})

test('GG-07 a dry run tells what would change and changes nothing', async () => {
  await importAwards([award])
  const before = await everything()
  const rows = [
    { ...award, entity_name: 'OTHER' },
    { ...award, piid: 'W2' },
    { ...award, uei: 'no' },
  ]
  const summary = await importAwards(rows, { dryRun: true, now: later })
  assert.deepEqual(summary.rows, { read: 3, inserted: 1, updated: 1, unchanged: 0, rejected: 1 })
  assert.equal(summary.id, undefined)
  assert.equal(await everything(), before)
  assert.equal((await run('select from contractors.imports')).length, 1)
  assert.deepEqual((await importAwards(rows, { now: later })).rows, summary.rows)
})

test('GG-08 each field comes from the source that is trusted most with it, then from the newest record, never from an empty value', async () => {
  await importAwards([
    { ...award, entity_name: 'OLD NAME', cage_code: '1ABC5', signed_date: '2020-01-01' },
    {
      ...award,
      mod_number: 'P1',
      entity_name: 'NEW NAME',
      cage_code: '',
      naics_code: '511110',
      signed_date: '2025-01-01',
    },
  ])
  await importEntities([
    {
      ...entity,
      legal_business_name: 'ENTITY NAME',
      primary_naics: '541611',
      city: 'ASHBURN',
      state: 'VA',
      country: 'USA',
      last_signed: '2026-01-01',
    },
  ])
  const found = await profile()
  assert.equal(found.name, 'NEW NAME')
  assert.equal(found.cage_code, '1ABC5')
  assert.equal(found.naics_code, '541611', 'an award tells what is bought, not what the contractor does')
  assert.equal(found.city, 'ASHBURN')
  const sources = await run('select field, source, source_id from contractors.contractor_field_sources order by field')
  assert.deepEqual(Object.fromEntries(sources.map(row => [row.field, `${row.source} ${row.source_id}`])), {
    cageCode: 'fpds_awards 9700|W1|||0',
    city: 'entities C12NSYAH27N4',
    country: 'entities C12NSYAH27N4',
    legalBusinessName: 'fpds_awards 9700|W1|||P1',
    naicsCode: 'entities C12NSYAH27N4',
    state: 'entities C12NSYAH27N4',
  })
})

test('GG-08 a second address line never stays behind with another first line', async () => {
  await importAwards([
    { ...award, street: 'OLD STREET 1', street2: 'FLOOR 1', signed_date: '2020-01-01' },
    { ...award, mod_number: 'P1', street: 'NEW STREET 2', signed_date: '2025-01-01' },
  ])
  const { address_line_1, address_line_2 } = await profile()
  assert.deepEqual([address_line_1, address_line_2], ['NEW STREET 2', null])
})

test('GG-08 a profile is drawn from three real sources, and the order of the imports does not matter', async () => {
  for (const file of realFiles) await importFile(db, file, { now })
  const given = await run(
    `select distinct f.source
     from contractors.contractor_field_sources as f
     join contractors.contractor_profiles as p on p.id = f.contractor_profile_id
     where p.uei = 'UE9QJD4KK1L6'
     order by 1`,
  )
  assert.deepEqual(
    given.map(row => row.source),
    ['fpds_vendors', 'sam_v2'],
  )
  const [three] = await run(
    `select count(*)::integer as profiles
     from (
       select uei from contractors.contractors group by uei having count(distinct source) = 3
     ) as x`,
  )
  assert.ok(three.profiles >= 1)
  const [nothing] = await run(
    `select count(*)::integer as profiles
     from contractors.contractor_profiles as p
     where p.legal_business_name is not null
       and not exists (
         select from contractors.contractor_field_sources as f where f.contractor_profile_id = p.id and f.field = 'legalBusinessName'
       )`,
  )
  assert.equal(nothing.profiles, 0)
  const forwards = await contents()
  await clear()
  for (const file of realFiles.toReversed()) await importFile(db, file, { now })
  assert.equal(await contents(), forwards)
})

test('GG-08 money and counts agree to the cent with sums over the files in integer cents', async () => {
  const actions = [
    ...parse(data('fpds_awards.csv.gz')).map(row => ({
      ...row,
      completion: row.completion_date ?? '',
      rank: 'fpds_awards',
    })),
    ...parse(data('fpds_idv_actions.csv.gz')).map(row => ({
      ...row,
      completion: row.current_completion_date || row.last_date_to_order || row.ultimate_completion_date || '',
      rank: 'fpds_idv',
    })),
  ] as Values[]
  const indexes = () =>
    run(`select indexname, indexdef from pg_indexes where schemaname = 'contractors' order by indexname`)
  const before = await indexes()
  await importFile(db, { path: data('fpds_idv_actions.csv.gz'), source: 'fpds_idv' }, { now })
  assert.deepEqual(await indexes(), before, 'GG-07 those that rested during a large import are back as they were')
  await importFile(db, { path: data('fpds_awards.csv.gz'), source: 'fpds_awards' }, { now })

  const cents = (amount: string) => {
    const [, sign, dollars, part] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(amount)!
    return BigInt(`${sign}${dollars}${(part ?? '').padEnd(2, '0')}`)
  }
  const awards = Map.groupBy(
    actions.filter(row => row.agency_id && row.piid),
    row => [row.agency_id, row.piid, row.ref_agency_id, row.ref_piid].join('|'),
  )
  const expected = new Map<string, { total: bigint; awards: bigint; active: number; completed: number }>()
  for (const rows of awards.values()) {
    const ordered = rows.toSorted(
      (one, other) =>
        compare(other.signed_date!, one.signed_date!) ||
        other.mod_number!.length - one.mod_number!.length ||
        compare(other.mod_number!, one.mod_number!) ||
        compare(one.rank!, other.rank!),
    )
    const latest = ordered[0]!
    let total = 0n
    const counted = new Set<string>()
    for (const action of ordered) {
      if (action.total_obligated_amount) {
        total += cents(action.total_obligated_amount)
        break
      }
      if (!counted.has(action.mod_number!)) total += cents(action.obligated_amount!)
      counted.add(action.mod_number!)
    }
    const sums = expected.get(latest.uei!) ?? { total: 0n, awards: 0n, active: 0, completed: 0 }
    sums.total += total
    sums.awards++
    if (latest.completion && latest.completion >= '2026-06-01') sums.active++
    if (latest.completion && latest.completion < '2026-06-01') sums.completed++
    expected.set(latest.uei!, sums)
  }
  const found = await run(
    `select uei, total_contract_value, average_contract_value, active_contracts_count, completed_contracts_count
     from contractors.contractor_profiles
     where total_contract_value is not null`,
  )
  assert.equal(found.length, expected.size)
  for (const row of found) {
    const sums = expected.get(row.uei)!
    assert.equal(cents(row.total_contract_value), sums.total, row.uei)
    assert.equal(row.active_contracts_count, sums.active, row.uei)
    assert.equal(row.completed_contracts_count, sums.completed, row.uei)
    const rest = cents(row.average_contract_value) * sums.awards - sums.total
    assert.ok((rest < 0n ? -rest : rest) * 2n <= sums.awards, `average of ${row.uei}`)
  }
})

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

test('GG-08 an award that two sources report counts once, as its latest action leaves it', async () => {
  const vehicleColumns = [...awardColumns.filter(column => column !== 'completion_date' && column !== 'entity_name')]
  const idvColumns = [
    ...vehicleColumns,
    'record_kind',
    'current_completion_date',
    'last_date_to_order',
    'uei_legal_business_name',
  ]
  const idv = { ...award, record_kind: 'IDV', last_date_to_order: '2025-06-30', uei_legal_business_name: 'VERIZON' }
  await importAwards([award])
  await importFile(
    db,
    {
      path: write(
        csv(idvColumns, [
          idv,
          {
            ...idv,
            mod_number: 'P2',
            signed_date: '2025-05-05',
            obligated_amount: '-0.20',
            total_obligated_amount: '99.90',
          },
        ]),
      ),
      source: 'fpds_idv',
    },
    { now },
  )
  let found = await profile()
  assert.deepEqual(
    [found.total_contract_value, found.active_contracts_count, found.completed_contracts_count],
    ['99.90', 0, 1],
  )
  // the latest modification is that with the highest number on the same day, and it states no total
  await importAwards([
    { ...award, mod_number: 'P10', signed_date: '2025-05-05', obligated_amount: '10.05', total_obligated_amount: '' },
  ])
  found = await profile()
  assert.deepEqual([found.total_contract_value, found.active_contracts_count], ['109.95', 1])
  assert.equal((await run('select from contractors.awards')).length, 1)
})

test('GG-08 the same PIID of another agency or under another parent award is another award', async () => {
  await importAwards([
    award,
    { ...award, agency_id: '1900' },
    { ...award, ref_agency_id: '4700', ref_piid: 'GS1' },
    {
      ...award,
      ref_agency_id: '4700',
      ref_piid: 'GS2',
      obligated_amount: '-300.31',
      total_obligated_amount: '-300.31',
    },
  ])
  const found = await profile()
  assert.deepEqual([found.total_contract_value, found.average_contract_value], ['-0.01', '0.00'])
})

test('GG-08 the clock tells active from completed', async () => {
  await importAwards([
    { ...award, completion_date: '2026-06-01' },
    { ...award, piid: 'W2', completion_date: '' },
  ])
  assert.deepEqual([(await profile()).active_contracts_count, (await profile()).completed_contracts_count], [1, 0])
  await importAwards([{ ...award, piid: 'W3', completion_date: '2030-01-01' }], {
    now: new Date('2026-06-02T00:00:00Z'),
  })
  assert.deepEqual([(await profile()).active_contracts_count, (await profile()).completed_contracts_count], [1, 1])
})

test('GG-06 the five recipients that stand for others are marked, nobody else is', async () => {
  await importFile(db, realFiles[0]!, { now })
  await importFile(db, realFiles[1]!, { now })
  const marked = await run('select uei, name from contractors.contractor_profiles where is_placeholder order by uei')
  assert.deepEqual(
    marked.map(row => row.uei),
    ['EL41SWNXP4J5', 'KA5HQCLKUVW1', 'LN9PU5M2YZN5', 'NN2NGPDNCK23', 'R5NWZ87HPLX4'],
  )
})

const bad: Array<[reason: RegExp, column: string, change: Values]> = [
  [/not a Unique Entity Identifier/, 'uei', { uei: 'C12NSYAH27I4' }],
  [/not a Unique Entity Identifier/, 'uei', { uei: 'c12nsyah27n4' }],
  [/not a Unique Entity Identifier/, 'uei', { uei: '' }],
  [/not a date/, 'signed_date', { signed_date: '2025-02-30' }],
  [/not a date/, 'completion_date', { completion_date: '2025-13-01' }],
  [/not a date/, 'signed_date', { signed_date: '02/03/2025' }],
  [/not an amount/, 'obligated_amount', { obligated_amount: '1.234' }],
  [/not an amount/, 'total_obligated_amount', { total_obligated_amount: '12345678901234.00' }],
  [/not an amount/, 'total_obligated_amount', { total_obligated_amount: 'NaN' }],
  [/longer than 500/, 'entity_name', { entity_name: 'x'.repeat(501) }],
  [/longer than 50/, 'piid', { piid: 'x'.repeat(51) }],
  [/a NUL byte/, '', { entity_name: 'a\0b' }],
]

test('GG-07 a bad row is refused with line, column and reason, the rest goes in', async () => {
  const rows = bad.map(([, , change], index) => ({ ...award, piid: `B${index}`, ...change }))
  const good = { ...award, entity_name: 'Größe "GmbH"\nsecond line' }
  const lines = csv(awardColumns, [good, ...rows]).split('\n')
  lines.push('9700,W9', `${lines[3]},more`)
  const text = Buffer.concat([
    Buffer.from(`${lines.join('\n')}\n`),
    Buffer.from(csv(awardColumns, [{ ...award, piid: 'L1', entity_name: 'CAFÉ' }]).split('\n')[1]!, 'latin1'),
    Buffer.from(`\n${csv(awardColumns, [{ ...award, piid: 'L2', entity_name: 'CAFÉ' }]).split('\n')[1]}\n`),
  ])
  const rejectsPath = join(folder, 'bad.rejects.csv')
  const summary = await importFile(db, { path: write(text), source: 'fpds_awards' }, { now, rejectsPath })
  const refused = parse(rejectsPath)
  const expected = [
    ...bad.map(([reason, column]) => [reason, column] as const),
    [/2 columns instead of 20/, ''],
    [/21 columns instead of 20/, ''],
    [/invalid UTF-8/, ''],
  ] as const
  assert.equal(refused.length, expected.length)
  for (const [index, [reason, column]] of expected.entries()) {
    assert.match(refused[index]!.reason!, reason)
    assert.equal(refused[index]!.column, column)
    assert.equal(refused[index]!.line, String(index + 4))
  }
  assert.equal(refused[0]!.raw, lines[3])
  assert.deepEqual(summary.rows, {
    read: expected.length + 2,
    inserted: 2,
    updated: 0,
    unchanged: 0,
    rejected: expected.length,
  })
  assert.equal(summary.rejects[0]!.line, 4)
  const names = await run("select data ->> 'entity_name' as name from contractors.contractors order by source_id")
  assert.deepEqual(names, [{ name: 'CAFÉ' }, { name: 'Größe "GmbH"\nsecond line' }])
})

test('GG-07 a negative count is refused', async () => {
  const { rejects } = await importEntities([{ ...entity, n_actions: '-1' }])
  assert.deepEqual(
    rejects.map(({ line, column }) => [line, column]),
    [[2, 'n_actions']],
  )
})

test('GG-07 without a refused row no reject file is made', async () => {
  const rejectsPath = join(folder, 'none.rejects.csv')
  await importAwards([award], { rejectsPath })
  assert.equal(existsSync(rejectsPath), false)
})

test('GG-07 a file without a needed column is refused whole, with the names', async () => {
  const columns = awardColumns.filter(column => column !== 'uei' && column !== 'piid')
  await assert.rejects(
    importFile(db, { path: write(csv(columns, [award])), source: 'fpds_awards' }, { now }),
    (error: DomainError) => error.code === 'contractors.columns_missing' && /piid, uei/.test(error.message),
  )
  assert.deepEqual(await run('select status, rows_inserted, failure is not null as told from contractors.imports'), [
    { status: 'failed', rows_inserted: '0', told: true },
  ])
})

const refusals: Array<[what: string, code: string, make: () => { path: string; source: string }]> = [
  ['an unknown source', 'contractors.source_unknown', () => ({ path: write('a'), source: 'nobody' })],
  ['a missing file', 'files.not_found', () => ({ path: join(folder, 'missing.csv'), source: 'entities' })],
  ['an empty file', 'files.empty', () => ({ path: write(''), source: 'entities' })],
  ['a directory', 'files.unreadable', () => ({ path: folder, source: 'entities' })],
  [
    'a file with nothing but a line end',
    'contractors.columns_missing',
    () => ({ path: write('\n'), source: 'entities' }),
  ],
  [
    'a truncated gzip file',
    'files.damaged',
    () => ({ path: write(readFileSync(data('fpds_awards.csv.gz')).subarray(0, 300_000)), source: 'fpds_awards' }),
  ],
  [
    'a small gzip file that unpacks to one endless line',
    'files.inflated',
    () => ({ path: write(gzipSync(Buffer.alloc(101_000_000, 'x'))), source: 'entities' }),
  ],
  [
    'a small gzip file that unpacks to lines without end',
    'files.inflated',
    () => {
      const line = `${'x'.repeat(999)}\n`
      return { path: write(gzipSync(`${entityColumns.join()}\n${line.repeat(101_000)}`)), source: 'entities' }
    },
  ],
  [
    'a SAM file of version 1',
    'contractors.sam_version_unknown',
    () => ({ path: write('BOF PUBLIC 00000000 20140504 0000447 0000089\n'), source: 'sam_v2' }),
  ],
  [
    'a SAM file without its head',
    'contractors.sam_header_missing',
    () => ({ path: write('UE9QJD4KK1L6|||\n'), source: 'sam_v2' }),
  ],
  [
    'a SAM file that is cut off',
    'contractors.sam_file_cut_off',
    () => ({ path: write(readFileSync(data('sam_public_v2_real_sample.dat')).subarray(0, 1500)), source: 'sam_v2' }),
  ],
]
for (const [what, code, make] of refusals) {
  test(`GG-07 ${what} is refused and nothing is taken`, async () => {
    await assert.rejects(importFile(db, make(), { now }), (error: unknown) => {
      assert.ok(error instanceof DomainError, String(error))
      assert.equal(error.code, code)
      return true
    })
    assert.equal((await run('select from contractors.contractors')).length, 0)
  })
}

test('GG-07 a byte order mark, CRLF and gzip make no other records', async () => {
  const text = csv(entityColumns, [entity, { ...entity, uei: 'C134QVM1QLB5' }])
  await importFile(db, { path: write(text), source: 'entities' }, { now })
  const variants = [`\ufeff${text}`, text.replaceAll('\n', '\r\n'), gzipSync(text), `${text}\n\n`]
  for (const variant of variants) {
    const { rows } = await importFile(db, { path: write(variant), source: 'entities' }, { now: later })
    assert.deepEqual(rows, { read: 2, inserted: 0, updated: 0, unchanged: 2, rejected: 0 })
  }
})

test('GG-06 a registrant who did not authorise public display is hidden, and nothing but the identifier is kept', async () => {
  const sample = readFileSync(data('sam_public_v2_real_sample.dat'), 'utf8')
  await importFile(db, { path: write(sample), source: 'sam_v2' }, { now })
  assert.equal((await profile('UE9QJD4KK1L6')).is_hidden, false)
  const hide = (line: string, uei: string) => {
    const values = line.split('|')
    if (values[0] !== uei) return line
    values[118] = 'NPDY'
    return values.join('|')
  }
  const hidden = sample
    .split('\n')
    .map(line => hide(line, 'UE9QJD4KK1L6'))
    .join('\n')
  await importFile(db, { path: write(hidden), source: 'sam_v2' }, { now: later })
  const found = await profile('UE9QJD4KK1L6')
  assert.deepEqual([found.is_hidden, found.name, found.city, found.metadata], [true, 'UE9QJD4KK1L6', null, {}])
  const [record] = await run("select data from contractors.contractors where source_id = 'UE9QJD4KK1L6'")
  assert.deepEqual(record.data, { unique_entity_id: 'UE9QJD4KK1L6', no_public_display_flag: 'NPDY' })
  const text = await everything()
  assert.ok(!text.includes('PRESIDENTS ST'))
  await clear()
  await importFile(db, { path: write(hidden), source: 'sam_v2' }, { now })
  assert.equal(await profile('UE9QJD4KK1L6'), undefined, 'nothing else is known: there is no profile at all')
})

test('GG-06 neither DUNS numbers nor points of contact are kept of a SAM record', async () => {
  const sample = readFileSync(data('sam_public_v2_real_sample.dat'), 'utf8').replace(
    'UE9QJD4KK1L6||',
    'UE9QJD4KK1L6|123456789|',
  )
  const lines = sample.split('\n').map(line => {
    const values = line.split('|')
    if (values.length === 142) values[46] = 'POC-NAME'
    return values.join('|')
  })
  await importFile(db, { path: write(lines.join('\n')), source: 'sam_v2' }, { now })
  const text = await everything()
  assert.ok(!text.includes('123456789') && !text.includes('POC-NAME'))
})

test('GG-07 the end of a registration in a daily file does not wipe out what the complete record said', async () => {
  await importFile(db, { path: data('sam_public_v2_real_sample.dat'), source: 'sam_v2' }, { now })
  const ended = ['UE9QJD4KK1L6', '', '', '5UTE1', '', '4', 'Z2', ...Array.from({ length: 134 }, () => ''), '!end'].join(
    '|',
  )
  const head = 'PUBLIC V2 20260906 20260907 0000001 0008332'
  const { warnings } = await importFile(
    db,
    { path: write(`BOF ${head}\n${ended}\nEOF ${head}\n`), source: 'sam_v2' },
    { now },
  )
  assert.deepEqual(warnings, [])
  const found = await profile('UE9QJD4KK1L6')
  assert.deepEqual([found.registration_status, found.name, found.city], ['Expired', 'LEIDOS, INC.', 'RESTON'])
})

test('GG-07 each run is recorded with file, hash, counts and who', async () => {
  await importAwards([award, { ...award, piid: '', agency_id: '', uei: 'bad' }], { actor: 'tester' })
  const [found] = await run('select * from contractors.imports')
  assert.match(found.file_hash, /^[0-9a-f]{64}$/)
  assert.deepEqual(
    [
      found.source,
      found.status,
      found.actor,
      found.rows_read,
      found.rows_inserted,
      found.rows_rejected,
      found.started_at,
    ],
    ['fpds_awards', 'done', 'tester', '2', '1', '1', now],
  )
})

test('GG-07 two imports of the same file at once end as one', async () => {
  const file = realFiles[0]!
  const results = await Promise.all([1, 2, 3].map(() => importFile(db, file, { now })))
  assert.deepEqual(results.map(result => result.rows.inserted).toSorted(), [0, 0, 5230])
  const together = await contents()
  await clear()
  await importFile(db, file, { now })
  assert.equal(await contents(), together)
})

test('GG-07 an interrupted import takes nothing and says so', async () => {
  const stop = new AbortController()
  await assert.rejects(
    importFile(db, realFiles[0]!, {
      now,
      signal: stop.signal,
      onProgress: ({ phase }) => phase === 'merging' && stop.abort(),
    }),
    { code: 'files.interrupted' },
  )
  assert.equal((await run('select from contractors.contractors')).length, 0)
  assert.deepEqual(await run('select status from contractors.imports'), [{ status: 'failed' }])
})

test('GG-07 an import killed at any moment and repeated ends in the same state', async () => {
  // Ten thousand of its 77,210 lines: each of the four imports takes a few seconds still.
  const lines = gunzipSync(readFileSync(data('fpds_idv_actions.csv.gz')))
    .toString()
    .split('\n')
    .slice(0, 10_001)
  const file = { path: write(`${lines.join('\n')}\n`), source: 'fpds_idv' }
  const whole = startImport(file)
  const started = performance.now()
  assert.equal(await whole.exit, 0)
  const duration = performance.now() - started
  const expected = await contents()
  await clear()
  for (const share of [0.5, 0.8, 0.92]) {
    const child = startImport(file)
    await new Promise(resolve => setTimeout(resolve, duration * share))
    child.kill()
    await child.exit
    const [count] = await run('select count(*)::integer as records from contractors.contractors')
    // a kill may come too late, but never half-way
    assert.ok([0, 10_000].includes(count.records), `${count.records} records after a kill`)
  }
  await importFile(db, file, { now })
  assert.equal(await contents(), expected)
  await admin.query('select pg_sleep(0.2)')
  const left = await run("select relname from pg_class where relname = 'import_rows'")
  assert.deepEqual(left, [], 'staging has gone with its connections')
})

function startImport(file: { path: string; source: string }): { exit: Promise<number | null>; kill: () => void } {
  const code = `
    import { Database } from ${JSON.stringify(new URL('../../platform/database/index.ts', import.meta.url).href)}
    import { importFile } from ${JSON.stringify(new URL('./imports.ts', import.meta.url).href)}
    const db = new Database({ login: ${JSON.stringify(login)} })
    await importFile(db, ${JSON.stringify(file)}, { now: new Date(${now.getTime()}) })
    await db.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'ignore', 'inherit'] })
  const exit = new Promise<number | null>(resolve => child.once('exit', resolve))
  return { exit, kill: () => child.kill('SIGKILL') }
}
