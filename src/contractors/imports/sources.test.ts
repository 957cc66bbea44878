import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { DomainError } from '#platform/errors.ts'
import { testDatabase } from '#test/database.ts'
import { type ImportOptions, importFile } from './imports.ts'
import { addSources, allSources, findSource, openSource } from './sources.ts'

const { db, admin } = await testDatabase()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-sources-'))
after(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => addSources(undefined))

const now = new Date('2026-09-10T12:00:00Z')
const data = (name: string) => fileURLToPath(new URL(`../../../data/contractors/${name}`, import.meta.url))
const v2Sample = readFileSync(data('sam_public_v2_real_sample.dat'), 'utf8')
const v1Sample = gunzipSync(readFileSync(data('sam_public_v1_masked_sample.dat.gz'))).toString('latin1')
const v2Layout = readFileSync(data('sam_public_v2_layout.csv'), 'utf8')
const leidos = 'UE9QJD4KK1L6'
let files = 0

beforeEach(clear)

async function clear(): Promise<void> {
  const tables = [
    'listed_awards',
    'awards',
    'contractors',
    'observations',
    'mentions',
    'contractor_profiles',
    'families',
  ]
  for (const table of [...tables, 'profile_names', 'profile_changes', 'search_changes', 'imports'])
    await admin.query(`delete from contractors.${table}`)
}

const run = async (text: string, values: unknown[] = []) => (await admin.query(text, values)).rows

function write(content: string, name = `file-${files++}.dat`): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const profile = async (uei = leidos) =>
  (await run('select * from contractors.contractor_profiles where uei = $1', [uei]))[0]

/** Every row of every table that the catalogue has, as text. */
async function everything(): Promise<string> {
  const tables = await run(
    `select c.oid::regclass::text as name
     from pg_class as c
     where c.relnamespace = 'contractors'::regnamespace and c.relkind in ('r', 'p')
     order by 1`,
  )
  const parts = await Promise.all(tables.map(({ name }) => run(`select '${name}' || t::text as row from ${name} as t`)))
  return parts.flatMap(rows => rows.map(({ row }) => row)).join('\n')
}

type Change = Record<number, string>

/** The sample's record with fields put in by position from 1. */
function v2Record(change: Change, uei = leidos): string {
  const values = v2Sample
    .split('\n')
    .find(line => line.startsWith(uei))!
    .split('|')
  for (const [position, value] of Object.entries(change)) values[Number(position) - 1] = value
  return values.join('|')
}

/** What a daily file says of a registration that has ended. */
function endRecord(code: '1' | '4', uei = leidos, cage = '5UTE1', eft = ''): string {
  return [uei, '', eft, cage, '', code, 'Z2', ...Array.from({ length: 134 }, () => ''), '!end'].join('|')
}

function samFile(day: string, records: string[], { full = false, version = 'V2 ' } = {}): string {
  const head = `PUBLIC ${version}${full ? '00000000' : day} ${day} ${String(records.length).padStart(7, '0')} 0008331`
  return write(`BOF ${head}\n${records.map(record => `${record}\n`).join('')}EOF ${head}\n`)
}

const monthly = (day: string, records: string[]) => samFile(day, records, { full: true })
const take = (path: string, source = 'sam_v2', options: Partial<ImportOptions> = {}) =>
  importFile(db, { path, source }, { now, ...options })
const status = async (uei = leidos) => (await profile(uei))?.registration_status

test('GG-07 a new source is a file: it is listed, checked and imported with nothing else', async () => {
  const own = mkdtempSync(join(folder, 'own-'))
  const written = {
    name: 'state_register',
    aliases: ['virginia'],
    title: 'Register of a state',
    format: 'csv',
    required: ['id', 'firm', 'as_of'],
    omitted: ['phone'],
    checks: { id: 'uei', firm: 500, as_of: 'usDate' },
    uei: 'id',
    observedOn: 'as_of',
    key: ['id'],
    priority: 35,
    tables: { kinds: { W: 'A2', V: 'A5' } },
    fields: {
      legalBusinessName: 'firm',
      businessTypes: { rule: 'lookups', from: 'kinds', separator: ';', table: 'kinds' },
      state: { rule: 'constant', value: 'VA' },
    },
  }
  writeFileSync(join(own, 'state_register.json'), JSON.stringify(written))
  assert.equal(findSource('state_register'), undefined, 'control: before, there is none')
  addSources(own)
  assert.equal(findSource('virginia')?.title, 'Register of a state')
  const path = write(
    `id,firm,as_of,kinds,phone,recipient_duns,note\n${leidos},LEIDOS OF VIRGINIA,3/4/2026,W;V;W;X,703-555-0100,123456789,kept\n`,
    'register.csv',
  )
  const { rows } = await take(path, 'state-register')
  assert.deepEqual(rows, { read: 1, inserted: 1, updated: 0, unchanged: 0, rejected: 0 })
  const found = await profile()
  assert.deepEqual([found.name, found.business_types, found.state], ['LEIDOS OF VIRGINIA', ['A2', 'A5'], 'VA'])
  const [record] = await run('select source, data, observed_on::text from contractors.contractors')
  assert.deepEqual(record, {
    source: 'state_register',
    data: { id: leidos, firm: 'LEIDOS OF VIRGINIA', as_of: '3/4/2026', kinds: 'W;V;W;X', note: 'kept' },
    observed_on: '2026-03-04',
  })
  // trusted between the registry (40) and FPDS (30)
  await take(data('sam_public_v2_real_sample.dat'))
  assert.equal((await profile()).name, 'LEIDOS, INC.')
})

const good = {
  name: 'mine',
  title: 'Mine',
  format: 'csv',
  required: ['uei'],
  checks: { uei: 'uei', day: 'date' },
  uei: 'uei',
  observedOn: 'day',
  key: ['uei'],
  priority: 10,
  fields: { city: 'city' },
}
const faults: Array<[what: string, change: Record<string, unknown>, says: RegExp]> = [
  [
    'an unknown rule',
    { fields: { city: { rule: 'upper', from: 'city' } } },
    /fields\.city: there is no rule upper\. Rules are text, /,
  ],
  [
    'too few columns',
    { fields: { state: { rule: 'state', from: 'st' } } },
    /fields\.state: the rule state takes 2 columns in "from", not 1/,
  ],
  [
    'a missing argument',
    { fields: { city: { rule: 'codes', from: 'city' } } },
    /fields\.city: the rule codes needs "separator"/,
  ],
  [
    'an argument too many',
    { fields: { zipCode: { rule: 'zip', from: ['a', 'b'], value: 'x' } } },
    /fields\.zipCode: the rule zip takes no "value"/,
  ],
  [
    'an unknown table',
    { fields: { city: { rule: 'lookup', from: 'c', table: 'towns' } } },
    /fields\.city: there is no table towns/,
  ],
  ['an unknown field', { fields: { town: 'city' } }, /fields/],
  ['an unknown property', { colour: 'red' }, /file/],
  ['a missing property', { key: undefined }, /key/],
  ['no identifier and no mention', { uei: undefined }, /uei: name the column with the UEI, or say in "mention"/],
  ['no check of the UEI', { checks: { day: 'date' } }, /checks\.uei: must be "uei"/],
  ['no date', { checks: { uei: 'uei' } }, /checks\.day: must be a kind of date/],
  ['a DUNS number', { key: ['recipient_duns'] }, /key: DUNS numbers are not imported/],
  [
    'a layout where there is none',
    { layout: { version: 'V2', fieldCount: 1, columns: { 1: 'uei' } } },
    /layout: only the format "sam" has one/,
  ],
]
for (const [what, change, says] of faults) {
  test(`GG-07 a source with ${what} is refused with file, field and what would be right`, () => {
    const path = write(JSON.stringify({ ...good, ...change }), 'mine.json')
    assert.throws(
      () => openSource(path),
      (error: DomainError) => {
        assert.equal(error.code, 'contractors.source_invalid')
        assert.ok(error.message.includes(path))
        assert.match(error.message, says)
        return true
      },
    )
    assert.equal(openSource(write(JSON.stringify(good), 'mine.json')).name, 'mine', 'control')
  })
}

test('GG-07 a source that takes the name of another, and a folder that is none, stop the start', () => {
  const own = mkdtempSync(join(folder, 'own-'))
  writeFileSync(join(own, 'mine.json'), JSON.stringify({ ...good, aliases: ['sam'] }))
  assert.throws(() => addSources(own), /sam is the name of the source in sam_v2\.json already/)
  writeFileSync(join(own, 'mine.json'), '{')
  assert.throws(() => addSources(own), /it is no JSON/)
  assert.throws(() => addSources(join(folder, 'nowhere')), { code: 'contractors.sources_unreadable' })
  assert.equal(findSource('mine'), undefined)
})

test('GG-07 the sources that the program brings name each other column of the layout once, and none that is personal or DUNS', () => {
  const sam = findSource('sam')!
  const left = Array.from({ length: 142 }, (_, index) => index + 1).filter(
    position => !(String(position) in sam.layout!.columns),
  )
  const fields = v2Layout
    .split('\n')
    .slice(1)
    .map(line => line.split(',')[1] ?? '')
  for (const position of left)
    assert.match(fields[position - 1]!, /POC|BLANK|FLEX FIELD|END OF RECORD/, `field ${position} is left out`)
  for (const position of Object.keys(sam.layout!.columns))
    assert.doesNotMatch(fields[Number(position) - 1]!, /POC|FLEX/)
  for (const source of allSources()) {
    const columns = Object.values(source.layout?.columns ?? {})
    assert.equal(new Set(columns).size, columns.length)
  }
})

test('GG-06 of a SAM record every public field is kept, without points of contact and DUNS number', async () => {
  const positions = Object.entries(findSource('sam')!.layout!.columns)
  const change: Change = { 2: '123456789' }
  for (let position = 47; position <= 112; position++) change[position] = `POC${position}`
  for (const [position, column] of positions)
    if (/mailing|credit|correspondence|d_b_open|division|dodaac|flag/.test(column) && Number(position) !== 119)
      change[Number(position)] = `V${position}`
  await take(samFile('20260907', [v2Record(change)]))
  const [record] = await run('select data from contractors.contractors')
  const values = v2Record(change).split('|')
  for (const [position, column] of positions)
    assert.equal(record.data[column] ?? '', values[Number(position) - 1]!.trim(), column)
  const text = await everything()
  assert.ok(!text.includes('123456789') && !text.includes('POC'))
})

test('GG-07 a file of version 1 is taken by CAGE code, and no DUNS number or person of it is kept anywhere', async () => {
  const lines = v1Sample.split('\n')
  const marked = lines.map(line => {
    const values = line.split('|')
    if (values.length !== 150) return line
    values[0] = `98765${values[0]!.slice(5)}`
    return values.join('|')
  })
  // one row is refused, another cannot be read at all
  marked[3] = marked[3]!.replace('20131220', '20139999')
  marked[4] = marked[4]!.replace('!end', 'more|!end')
  const rejectsPath = join(folder, 'v1.rejects.csv')
  const { rows, warnings } = await take(write(marked.join('\n')), 'sam_v1', { rejectsPath })
  assert.deepEqual([rows.read, rows.inserted, rows.rejected], [447, 445, 2])
  assert.deepEqual(warnings, [])
  const text = (await everything()) + readFileSync(rejectsPath, 'utf8')
  assert.ok(!text.includes('98765'), 'no DUNS number')
  assert.ok(!/MERICA|5555555555|something@sam\.gov/.test(text), 'no point of contact')
  assert.match(readFileSync(rejectsPath, 'utf8'), /initial_registration_date,not a date: 20139999/)
  const [record] = await run("select * from contractors.contractors where source_id = '7LBF7'")
  assert.equal(record.uei, null)
  assert.equal(record.data.legal_business_name, 'Entity 84 Legal Business Name')
  const [mention] = await run('select * from contractors.mentions where id = $1', [record.mention_id])
  assert.deepEqual(
    [mention.name, mention.city, mention.state, mention.zip_code, mention.country, mention.cage_code],
    ['Entity 84 Legal Business Name', 'MADISON', 'WI', '53705-2254', 'USA', '7LBF7'],
  )
  const [hidden] = await run(
    "select count(*)::integer as records from contractors.contractors where data ? 'no_public_display_flag' and mention_id is not null",
  )
  assert.equal(hidden.records, 0, 'who does not want to be shown is not looked for')
  const again = await take(write(marked.join('\n')), 'sam_v1')
  assert.deepEqual([again.rows.inserted, again.rows.updated, again.rows.unchanged], [0, 0, 445])
  await assert.rejects(take(write(v1Sample), 'sam_v2'), /SAM extract V1, and sam_v2 reads V2/)
})

test('GG-07 an older file does not undo a newer one', async () => {
  const named = (name: string, updated: string) => v2Record({ 12: name, 10: updated })
  await take(monthly('20260906', [named('AS OF THE MONTH', '20260801'), v2Record({}, 'PHZDZ8SJ5CM1')]))
  await take(samFile('20260909', [named('AS OF THE NINTH', '20260908')]))
  assert.equal((await profile()).name, 'AS OF THE NINTH')
  const late = await take(
    samFile('20260908', [named('AS OF THE EIGHTH', '20260909'), v2Record({ 12: 'CDW OF THE EIGHTH' }, 'PHZDZ8SJ5CM1')]),
  )
  assert.deepEqual([late.rows.updated, late.rows.unchanged], [1, 1])
  assert.match(late.warnings.join(), /1 records are left as they are: a newer file has brought them already/)
  assert.equal((await profile()).name, 'AS OF THE NINTH')
  assert.equal((await profile('PHZDZ8SJ5CM1')).name, 'CDW OF THE EIGHTH', 'what the newer file does not tell is taken')
  await take(monthly('20260906', [named('AS OF THE MONTH', '20260801'), v2Record({}, 'PHZDZ8SJ5CM1')]))
  assert.equal((await profile()).name, 'AS OF THE NINTH')
  await assert.rejects(take(monthly('20260802', [named('OLD', '20260701')])), {
    code: 'contractors.file_outdated',
  })
  await assert.rejects(
    take(samFile('20260905', [named('OLD', '20260701')])),
    /of 2026-09-05\. A full file of 2026-09-06/,
  )
})

test('GG-07 daily files delete, add, change and expire registrations, and the profiles stay', async () => {
  const others = ['PHZDZ8SJ5CM1', 'C39LJA3KD378']
  await take(monthly('20260906', [v2Record({}), v2Record({}, others[0]), v2Record({}, others[1])]))
  assert.deepEqual([await status(), await status(others[0]), await status(others[1])], ['Active', 'Active', 'Expired'])
  const { id } = await profile()
  await take(
    samFile('20260907', [
      endRecord('4'),
      endRecord('1', others[0], '1KH72'),
      v2Record({ 6: '3', 10: '20260907', 9: '20270907' }, others[1]),
      v2Record({ 1: 'C12NSYAH27N4', 4: '0DE86', 6: '2', 10: '20260907', 12: 'NEW FIRM' }),
    ]),
  )
  assert.deepEqual(
    [await status(), await status(others[0]), await status(others[1])],
    ['Expired', 'Inactive', 'Active'],
  )
  const found = await profile()
  assert.deepEqual([found.id, found.name, found.city], [id, 'LEIDOS, INC.', 'RESTON'])
  assert.equal((await profile('C12NSYAH27N4')).name, 'NEW FIRM')

  // renewed, with a day of update before the day on which it expired
  const before = await run('select from contractors.observations')
  await take(samFile('20260909', [v2Record({ 6: '3', 10: '20260906' })]))
  assert.equal(await status(), 'Active')
  assert.equal((await run(`select from contractors.contractors where source_id like '${leidos}%'`)).length, 1)
  assert.ok((await run('select from contractors.observations')).length <= before.length, 'nothing is left of the end')
  // the end comes again, in a file of before
  const late = await take(samFile('20260908', [endRecord('4')]))
  assert.deepEqual([late.rows.inserted, late.rows.unchanged], [0, 1])
  assert.equal(await status(), 'Active')
})

test('GG-07 what a full file lacks is no longer published: inactive, unless it had expired or was refused, and back when a file has it', async () => {
  const others = ['PHZDZ8SJ5CM1', 'C39LJA3KD378']
  const all = [v2Record({}), v2Record({}, others[0]), v2Record({}, others[1])]
  await take(monthly('20260906', all))
  const dry = await take(monthly('20261004', [all[0]!]), 'sam_v2', { dryRun: true })
  assert.equal(dry.ended, 1)
  assert.equal(await status(others[0]), 'Active', 'control')
  const { ended, rows, warnings, profiles } = await take(monthly('20261004', [all[0]!]))
  assert.deepEqual([ended, rows.inserted, rows.unchanged, profiles.updated], [1, 0, 1, 1])
  assert.deepEqual(warnings, ['1 registrations are no longer in the file: they are marked as inactive.'])
  assert.deepEqual(
    [await status(), await status(others[0]), await status(others[1])],
    ['Active', 'Inactive', 'Expired'],
  )
  const again = await take(monthly('20261004', [all[0]!]))
  assert.deepEqual([again.ended, again.profiles.updated], [0, 0])

  await take(monthly('20261101', all.slice(0, 2)))
  assert.equal(await status(others[0]), 'Active')

  const broken = v2Record({ 8: '20269999' }, others[0])
  const spared = await take(monthly('20261206', [all[0]!, broken]))
  assert.deepEqual([spared.rows.rejected, spared.ended], [1, 0])
  assert.equal(await status(others[0]), 'Active', 'it is in the file, though its row was refused')
  const unreadable = await take(monthly('20261207', [all[0]!, `${broken}|more`]))
  assert.equal(unreadable.ended, 0, 'nobody can say whose row it is')

  const short = write(readFileSync(monthly('20261208', [all[0]!]), 'utf8').replaceAll('0000001', '0000009'))
  assert.equal((await take(short)).ended, 0, 'a file that has fewer records than it announces is none that is full')
})

test('GG-08 of several records of one entity the one without EFT indicator is its own', async () => {
  const own = v2Record({ 10: '20250101' })
  const part = v2Record({
    3: '1111',
    4: '9ZZZ9',
    10: '20260801',
    12: 'LEIDOS PAYMENTS',
    27: 'https://payments.example',
  })
  for (const records of [
    [own, part],
    [part, own],
  ]) {
    await clear()
    await take(samFile('20260907', records))
    const found = await profile()
    assert.deepEqual([found.name, found.cage_code], ['LEIDOS, INC.', '5UTE1'])
    assert.equal((await run('select from contractors.contractors')).length, 2)
  }
  await clear()
  await take(samFile('20260907', [part]))
  assert.equal((await profile()).name, 'LEIDOS PAYMENTS', 'where there is no other, it speaks')
})

test('GG-06 who no longer wants to be shown leaves nothing behind but the identifier, in no table', async () => {
  await take(monthly('20260906', [v2Record({}), v2Record({}, 'PHZDZ8SJ5CM1')]))
  await take(samFile('20260907', [endRecord('4')]))
  await take(samFile('20260908', [v2Record({ 12: 'LEIDOS FEDERAL' })]))
  assert.match(await everything(), /PRESIDENTS ST|LEIDOS/, 'control')
  await take(samFile('20260909', [v2Record({ 119: 'NPDY', 12: 'LEIDOS SECRET' })]))
  const found = await profile()
  assert.deepEqual([found.is_hidden, found.name, found.cage_code, found.metadata], [true, leidos, null, {}])
  const rest = await everything()
  for (const gone of ['PRESIDENTS ST', '5UTE1', 'leidos.com', 'LEIDOS FEDERAL', 'LEIDOS SECRET'])
    assert.deepEqual(
      rest.split('\n').filter(row => row.includes(gone)),
      [],
      `${gone} is gone`,
    )
  assert.match(rest, /CDW GOVERNMENT/, 'control')
  // an end that comes later says nothing of him either
  const late = await take(samFile('20260910', [endRecord('4')]))
  assert.equal(late.rows.unchanged, 1)
  assert.ok(!(await everything()).includes('5UTE1'))
  // and shown again when he wants to be
  await take(samFile('20260911', [v2Record({ 10: '20260911' })]))
  assert.deepEqual([(await profile()).is_hidden, (await profile()).name], [false, 'LEIDOS, INC.'])
})

/** What a catalogue says of contractors, without ids and moments of making. */
const profiles = () =>
  run(
    `select to_jsonb(p) - array['id', 'field_sources', 'created_at', 'updated_at'] as profile,
       (
         select jsonb_object_agg(f.field, f.source || ' ' || f.source_id)
         from contractors.contractor_field_sources as f
         where f.contractor_profile_id = p.id
       ) as sources,
       (
         select jsonb_agg(field order by field)
         from jsonb_each(p.field_sources) as record, jsonb_array_elements_text(record.value) as field
       ) as told,
       (select jsonb_agg(to_jsonb(n) order by n.name) from contractors.profile_names as n where n.uei = p.uei) as names
     from contractors.contractor_profiles as p
     where p.uei <> 'C12NSYAH27N4'
     order by p.uei`,
  )

test('GG-08 the first import makes the contractors that it makes where there are others', async () => {
  const records = [
    v2Record({ 17: 'SUITE 7' }),
    v2Record({ 12: 'CDW GOVERNMENT & SONS, LLC', 13: "O'BRIEN'S CDW.COM" }, 'PHZDZ8SJ5CM1'),
    v2Record({ 3: '9999', 4: '9ZZZ9', 10: '20260801', 12: 'CDW PAYMENTS' }, 'PHZDZ8SJ5CM1'),
    v2Record({ 1: 'KQ67BV2F84S6', 16: '', 17: 'FLOOR 2', 18: '', 27: '' }),
    v2Record({ 1: 'N3WSDZNKBT29', 119: 'NPDY' }),
    endRecord('4', 'GN7QLFB8WJG7'),
    v2Record({ 1: 'FMVHCTK7FKL5', 12: 'ÉCLAIR №5 (FRANCE)' }),
    v2Record({ 1: 'HVPTJFQCZ8E9', 12: 'TWICE' }),
    v2Record({ 1: 'HVPTJFQCZ8E9', 12: 'TWICE, THE LAST' }),
  ]
  await take(monthly('20260906', records))
  const first = await profiles()
  await clear()
  const columns = 'uei,cage_code,legal_business_name,street,city,state,zip,country,primary_naics,last_signed'
  await take(write(`${columns}\nC12NSYAH27N4,,VERIZON,,,,,,,2025-03-26\n`, 'other.csv'), 'entities')
  await take(monthly('20260906', records))
  assert.deepEqual(first, await profiles())
  assert.equal(first.length, 6)
})

test('GG-07 a monthly file that says the same again writes nothing to contractors, names or changes', async () => {
  const records = [v2Record({}), v2Record({ 6: 'E' }, 'PHZDZ8SJ5CM1')]
  await take(monthly('20260806', records))
  const rows = async () => {
    const tables = ['contractors', 'observations', 'contractor_profiles', 'profile_names', 'search_words', 'families']
    const found = await Promise.all(
      [...tables, 'profile_changes', 'search_changes', 'catalogue_revisions', 'naics_codes', 'business_types'].map(
        table => run(`select '${table}', ctid::text, xmin::text from contractors.${table} order by ctid`),
      ),
    )
    return found.flat()
  }
  const before = await rows()
  const { rows: counts, profiles } = await take(monthly('20260906', records))
  assert.deepEqual([counts.unchanged, profiles], [2, { inserted: 0, updated: 0 }])
  assert.deepEqual(await rows(), before)
  await take(samFile('20260907', [v2Record({ 12: 'LEIDOS FEDERAL' })]))
  assert.notDeepEqual(await rows(), before, 'control')
})

test('GG-06 certifications have the day on which they end, and one without a day is kept', async () => {
  await take(samFile('20260907', [v2Record({ 117: '0003', 118: 'A620191108~XX~JT2026010120290101' })]))
  assert.deepEqual((await profile()).certifications, { A6: '2019-11-08', XX: null, JT: '2029-01-01' })
})

test('GG-07 an award list without identifiers brings raw records and mentions, once however often a vendor occurs', async () => {
  const path = data('award_list_without_uei.csv.gz')
  const { rows } = await take(path, 'award-list-without-uei')
  assert.deepEqual(rows, { read: 3360, inserted: 3360, updated: 0, unchanged: 0, rejected: 0 })
  const [counts] = await run(
    `select count(*)::integer as records, count(uei)::integer as identified, count(mention_id)::integer as mentioned,
       count(distinct mention_id)::integer as mentions, count(distinct data ->> 'vendor')::integer as vendors
     from contractors.contractors`,
  )
  assert.equal(counts.records, 3360)
  const [none] = await run(
    `select count(*)::integer as records,
       count(distinct data ->> 'vendor') filter (where lower(data ->> 'vendor') in ('unavailable', 'n/a', 'none', 'unknown'))::integer as vendors
     from contractors.contractors
     where data ->> 'vendor' is null or lower(data ->> 'vendor') in ('unavailable', 'n/a', 'none', 'unknown')`,
  )
  assert.equal(counts.mentioned, 3360 - none.records, 'of nobody there is no mention')
  assert.equal(counts.mentions, counts.vendors - none.vendors)
  const mentions = await run('select name, source from contractors.mentions')
  assert.equal(mentions.length, counts.mentions)
  const again = await take(path, 'award_list')
  assert.deepEqual([again.rows.unchanged, again.rows.inserted], [3360, 0])
  assert.equal((await run('select from contractors.mentions')).length, counts.mentions)
})

test('GG-08 the same PIID of another agency is another row of an award list, and an empty vendor none that is looked for', async () => {
  const list = (rows: string[]) => write(`piid,vendor,agency,value\n${rows.join('\n')}\n`, `list-${files++}.csv`)
  const { rows } = await take(
    list(['P1,ACME LLC,NASA,10.00', 'P1,ACME LLC,Treasury,20.00', 'P2,Unavailable,NASA,1.00', 'P3,,NASA,1.00']),
    'award_list',
  )
  assert.equal(rows.inserted, 4)
  assert.deepEqual(await run('select name from contractors.mentions'), [{ name: 'ACME LLC' }])
  const changed = await take(list(['P1,ACME LLC,NASA,11.00']), 'award_list')
  assert.deepEqual([changed.rows.updated, changed.rows.inserted], [1, 0])
})
