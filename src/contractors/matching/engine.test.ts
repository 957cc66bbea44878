import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import { importFile } from '../imports/imports.ts'
import { matchMentions } from './engine.ts'
import { readMentionFile } from './mention-files.ts'

const { db, admin } = await testDatabase()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-engine-'))
after(() => rmSync(folder, { recursive: true }))

const header = 'uei,cage_code,legal_business_name,dba_names,street,city,state,zip,country,primary_naics,last_signed'
const firms: [
  uei: string,
  cage: string,
  name: string,
  dba: string,
  street: string,
  city: string,
  state: string,
  zip: string,
][] = [
  ['C12NSYAH27N4', '0DE86', 'VERIZON FEDERAL INC.', 'VERIZON', '22001 LOUDOUN COUNTY PKWY', 'ASHBURN', 'VA', '20147'],
  ['C134QVM1QLB5', '4VMT5', 'MARSTEL-DAY LLC', '', '10708 BALLANTRAYE DR', 'FREDERICKSBURG', 'VA', '22407'],
  ['C15ZAGUWMNK7', '1WA73', 'CLARIVATE ANALYTICS (US) LLC', '', '1500 SPRING GARDEN ST', 'PHILADELPHIA', 'PA', '19130'],
  ['QGUQWSU5AHB4', '1RKV8', 'LOCKHEED MARTIN CORPORATION', '', '1011 LOCKHEED WAY', 'PALMDALE', 'CA', '93599'],
  ['DFH4YBBMYMU8', '1TZ41', 'LOCKHEED MARTIN CORPORATION', '', '459 KENNEDY DR', 'ARCHBALD', 'PA', '18403'],
  ['T8JGE1LE8933', '7GC29', 'TRUSTEES OF TUFTS COLLEGE', '', '136 HARRISON AVE', 'BOSTON', 'MA', '02111'],
  ['KG5PWYBKVCA5', '9Z734', '2NDWAVE LLC', '', '1801 SOUTH BELL ST', 'ARLINGTON', 'VA', '22202'],
]
await importFirms(firms, '2025-01-01')

async function importFirms(rows: typeof firms, signed: string) {
  const path = join(folder, 'entities.csv')
  const lines = rows.map(([uei, cage, name, dba, street, city, state, zip]) =>
    [uei, cage, `"${name}"`, dba, street, city, state, zip, 'USA', '541611', signed].join(','),
  )
  writeFileSync(path, [header, ...lines, ''].join('\n'))
  await importFile(db, { path, source: 'entities' }, { now: new Date('2026-11-21') })
}

const match = async (mention: { name: string; [column: string]: string }) =>
  (await db.transaction({}, tx => matchMentions(tx, [{ id: 'one', ...mention }])))[0]!

test('GG-08 a vendor is recognised by a name that is written otherwise, and it says why', async () => {
  for (const [name, uei] of [
    ['Verizon Federal', 'C12NSYAH27N4'],
    ['Marstel Day, L.L.C.', 'C134QVM1QLB5'],
    ['Calvirate Analytics', 'C15ZAGUWMNK7'],
    ['Tufts College, Trustees of', 'T8JGE1LE8933'],
    ['2nd Wave LLC', 'KG5PWYBKVCA5'],
    ['Verizon', 'C12NSYAH27N4'],
  ] as const) {
    const { candidates, reason } = await match({ name })
    assert.equal(candidates[0]?.uei, uei, name)
    assert.ok(candidates[0].reasons.length > 0 && reason !== '')
  }
  assert.equal((await match({ name: 'MARSTEL-DAY' })).decision, 'accept')
})

test('GG-08 of firms with one name none is accepted unless address or CAGE code tells which', async () => {
  const unclear = await match({ name: 'LOCKHEED MARTIN CORP' })
  assert.equal(unclear.decision, 'review')
  assert.match(unclear.reason, /the same name/)
  const placed = await match({
    name: 'LOCKHEED MARTIN CORP',
    street: '459 Kennedy Drive',
    city: 'Archbald',
    state: 'PA',
    zipCode: '18403',
  })
  assert.equal(placed.candidates[0]?.uei, 'DFH4YBBMYMU8')
  const coded = await match({ name: 'LOCKHEED MARTIN CORP', cageCode: '1RKV8' })
  assert.equal(coded.candidates[0]?.uei, 'QGUQWSU5AHB4')
  assert.equal(coded.decision, 'accept')
  assert.ok(coded.candidates[0].reasons.some(({ kind }) => kind === 'same_cage'))
})

test('GG-08 what is not in the catalogue is accepted as nobody', async () => {
  for (const name of ['ZYXWV HOLDINGS LLC', 'DELOITTE CONSULTING LLP', 'ANALYTICS', '--'])
    assert.notEqual((await match({ name })).decision, 'accept', name)
})

test('GG-06 a firm that has another name now is still found by its former one', async () => {
  const renamed = firms.map(row =>
    row[0] === 'C134QVM1QLB5' ? row.with(2, 'ACACIA LAND ADVISORS LLC') : row,
  ) as typeof firms
  await importFirms(renamed, '2026-01-01')
  const { rows } = await admin.query(
    `select name, kind, normal_name, first_seen::text, last_seen::text from contractors.profile_names where uei = 'C134QVM1QLB5' order by name`,
  )
  assert.deepEqual(rows, [
    {
      name: 'ACACIA LAND ADVISORS LLC',
      kind: 'legal',
      normal_name: 'acacia land advisors',
      first_seen: '2026-01-01',
      last_seen: '2026-01-01',
    },
    {
      name: 'MARSTEL-DAY LLC',
      kind: 'former',
      normal_name: 'marstel day',
      first_seen: '2025-01-01',
      last_seen: '2025-01-01',
    },
  ])
  const { candidates } = await match({ name: 'Marstel-Day' })
  assert.equal(candidates[0]?.uei, 'C134QVM1QLB5')
  assert.ok(candidates[0].reasons.some(({ kind }) => kind === 'former_name'))
})

test('GG-08 stand-ins and hidden contractors are nobody’s candidates', async () => {
  assert.equal((await match({ name: 'TRUSTEES OF TUFTS COLLEGE' })).candidates[0]?.uei, 'T8JGE1LE8933')
  await admin.query(`update contractors.contractor_profiles set is_hidden = true where uei = 'T8JGE1LE8933'`)
  assert.deepEqual((await match({ name: 'TRUSTEES OF TUFTS COLLEGE' })).candidates, [])
})

test('GG-08 a file of vendors is read by the names of its columns', async () => {
  const path = join(folder, 'vendors.csv')
  writeFileSync(path, 'mention_id,name,zip5,cage_code\r\nM1,"ACME, INC.",20190,1AAA1\r\n,,,\r\n,OTHER,,\r\n')
  const blank = {
    street: undefined,
    city: undefined,
    state: undefined,
    country: undefined,
    firstSeen: undefined,
    lastSeen: undefined,
  }
  assert.deepEqual(await readMentionFile(path), [
    { id: 'M1', name: 'ACME, INC.', zipCode: '20190', cageCode: '1AAA1', ...blank },
    { id: '4', name: 'OTHER', zipCode: undefined, cageCode: undefined, ...blank },
  ])
  writeFileSync(path, 'uei,city\nX,Y\n')
  await assert.rejects(readMentionFile(path), { code: 'contractors.names_missing' })
})
