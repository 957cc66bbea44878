import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import { mergeContractors, undoDecision } from '../matching/reviews.ts'
import { importFile } from './imports.ts'

const { db, admin } = await testDatabase()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-families-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const now = new Date('2026-06-01T12:00:00Z')
const [top, middle, child, other] = ['C12NSYAH27N4', 'LCHBJDK6HJH6', 'UENMF5GLCS69', 'J7M9HPTGJ1S9'] as const
const columns = [
  'uei',
  'cage_code',
  'legal_business_name',
  'street',
  'city',
  'state',
  'zip',
  'country',
  'primary_naics',
  'last_signed',
  'parent_uei',
  'parent_name',
]
let files = 0

beforeEach(async () => {
  await admin.query(`
    delete from contractors.match_decisions;
    delete from contractors.contractors;
    delete from contractors.observations;
    delete from contractors.families;
    delete from contractors.contractor_profiles`)
})

type Values = Record<string, string>

async function load(source: 'entities' | 'fpds_vendors', rows: Values[]) {
  const path = join(folder, `${files++}.csv`)
  const header =
    source === 'entities'
      ? columns
      : [
          'uei',
          'vendor_name',
          'street',
          'city',
          'state',
          'zip',
          'country',
          'cage_code',
          'first_signed',
          'last_signed',
          'parent_uei',
          'parent_uei_name',
        ]
  writeFileSync(
    path,
    [header.join(','), ...rows.map(row => header.map(column => row[column] ?? '').join(','))].join('\n'),
  )
  return await importFile(db, { path, source }, { now })
}
const entity = (uei: string, parent = '', more: Values = {}): Values => ({
  uei,
  legal_business_name: `FIRM ${uei.slice(0, 3)}`,
  last_signed: '2025-01-01',
  parent_uei: parent,
  ...more,
})
const familiesOf = async () =>
  Object.fromEntries(
    (await admin.query('select uei, family_uei from contractors.contractor_profiles order by uei')).rows.map(row => [
      row.uei,
      row.family_uei,
    ]),
  )
const families = async () =>
  (await admin.query('select uei, name, profile_count from contractors.families order by uei')).rows

test('GG-08 a contractor is in the family of the top of its chain of parents, and one without parent in its own', async () => {
  await load('entities', [entity(top), entity(middle, top), entity(child, middle), entity(other)])
  assert.deepEqual(await familiesOf(), { [top]: top, [middle]: top, [child]: top, [other]: other })
  assert.deepEqual(await families(), [{ uei: top, name: 'FIRM C12', profile_count: 3 }])
})

test('GG-08 families follow when a parent changes, comes later or is given up, whoever stands below', async () => {
  await load('entities', [entity(child, middle)])
  assert.deepEqual(await familiesOf(), { [child]: middle })
  assert.deepEqual(await families(), [{ uei: middle, name: middle, profile_count: 1 }])
  await load('entities', [entity(middle, top)])
  assert.deepEqual(await familiesOf(), { [child]: top, [middle]: top })
  await load('entities', [entity(middle, '', { city: 'RESTON' })])
  assert.deepEqual(await familiesOf(), { [child]: middle, [middle]: middle })
  assert.deepEqual(await families(), [{ uei: middle, name: 'FIRM LCH', profile_count: 2 }])
  await load('entities', [entity(child)])
  assert.deepEqual(await familiesOf(), { [child]: child, [middle]: middle })
  assert.deepEqual(await families(), [])
})

test('GG-08 rings of parents, a contractor that is its own parent and stand-ins end in a family all the same', async () => {
  await load('entities', [entity(top, middle), entity(middle, child), entity(child, top), entity(other, other)])
  const first = [top, middle, child].sort()[0]
  assert.deepEqual(await familiesOf(), { [top]: first, [middle]: first, [child]: first, [other]: other })
  await load('entities', [entity(other, top)])
  assert.equal((await familiesOf())[other], first)
  await load('entities', [entity(other, 'LN9PU5M2YZN5')])
  assert.equal((await familiesOf())[other], other)
})

test('GG-08 the top stands for a family; of one without a profile the member with the greatest value does, under the parent’s name', async () => {
  const led = async () =>
    (
      await admin.query(`
        select family.name, head.uei as head, is_named_only, head.family_value,
          (select count(*)::integer from contractors.contractor_profiles where family_value is not null) as valued
        from contractors.families as family
        join contractors.contractor_profiles as head on head.id = family.head_id`)
    ).rows
  const worth = async (uei: string, value: number) => {
    await admin.query('update contractors.contractor_profiles set total_contract_value = $2 where uei = $1', [
      uei,
      value,
    ])
    await admin.query('select contractors.refresh_families($1)', [[uei]])
  }
  await load('entities', [
    entity(middle, top, { parent_name: 'ABROAD AG' }),
    entity(child, top, { parent_name: 'ABROAD AG' }),
  ])
  await worth(child, 10)
  const named = { name: 'ABROAD AG', is_named_only: true, valued: 1 }
  assert.deepEqual(await led(), [{ ...named, head: child, family_value: '10.00' }])
  await worth(middle, 30)
  assert.deepEqual(
    await led(),
    [{ ...named, head: middle, family_value: '40.00' }],
    'the former head has its own value',
  )
  await admin.query('update contractors.contractor_profiles set is_hidden = true where uei = $1', [middle])
  await worth(child, 10)
  assert.deepEqual(await led(), [{ ...named, head: child, family_value: '10.00' }], 'a hidden one stands for nobody')
  await load('entities', [entity(top)])
  assert.deepEqual(await led(), [
    { name: 'FIRM C12', is_named_only: false, valued: 1, head: top, family_value: '10.00' },
  ])
})

test('GG-08 a parent without a profile is called what most of its children say, not what they are called themselves', async () => {
  const said: [string, string, string][] = [
    [middle, 'ABROAD  HOLDING  INC.', 'PARENT TWO'],
    [child, 'ABROAD HOLDING, INC.', 'PARENT THREE'],
    [other, 'ZEBRA LLC', 'ZEBRA LLC'],
  ]
  await load(
    'entities',
    said.map(([uei, name, own]) => entity(uei, top, { parent_name: `"${name}"`, legal_business_name: own })),
  )
  assert.deepEqual(await families(), [{ uei: top, name: 'ABROAD HOLDING INC.', profile_count: 3 }])
  await load('entities', [entity(top)])
  assert.equal((await families())[0].name, 'FIRM C12', 'the parent’s own name once it has a profile')
})

test('GG-08 of parents that sources contradict each other about the newest counts', async () => {
  await load('fpds_vendors', [
    { uei: child, vendor_name: 'FIRM', last_signed: '2019-01-01', first_signed: '2019-01-01', parent_uei: top },
  ])
  await load('entities', [entity(child, middle, { last_signed: '2024-01-01' })])
  assert.equal((await familiesOf())[child], middle)
})

test('GG-08 who was absorbed leads its children to the survivor’s family, until that is undone', async () => {
  await load('entities', [entity(top), entity(middle), entity(child, middle)])
  const { rows } = await admin.query('select id, uei from contractors.contractor_profiles')
  const id = (uei: string) => rows.find(row => row.uei === uei).id
  const reviewer = { name: 'Ann', now }
  const merge = await mergeContractors(
    db,
    {},
    { survivorId: id(top), absorbedId: id(middle), reason: 'The same' },
    reviewer,
  )
  assert.equal((await familiesOf())[child], top)
  assert.deepEqual(await families(), [{ uei: top, name: 'FIRM C12', profile_count: 2 }])
  await undoDecision(db, {}, merge.id, { reason: 'Not the same' }, reviewer)
  assert.equal((await familiesOf())[child], middle)
  assert.deepEqual(await families(), [{ uei: middle, name: 'FIRM LCH', profile_count: 2 }])
})
