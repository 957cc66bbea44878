import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { testDatabase } from '#test/database.ts'
import { findNewMatches, getRevision } from './new-matches.ts'
import type { Search } from './search.ts'

const { db, admin } = await testDatabase()
let made = 0

const radar: Search = { q: 'radar', state: ['VA'] }

test('GG-06 new in a search is who came, and who was changed so that he matches, not who matched before', async () => {
  const before = await make('RADAR OLD', { state: 'VA' })
  const elsewhere = await make('RADAR MOVING', { state: 'MD' })
  const renamed = await make('SONAR RENAMED', { state: 'VA' })
  const since = await revision()
  const come = await make('RADAR NEW', { state: 'VA' })
  await make('RADAR FAR', { state: 'CA' })
  await change(before, { total_contract_value: 10 })
  await change(elsewhere, { state: 'VA' })
  await change(renamed, { name: 'RADAR RENAMED' })
  const found = await newSince(radar, since)
  assert.deepEqual(
    sorted(found.matches),
    sorted([
      { id: come, isNew: true },
      { id: elsewhere, isNew: false },
      { id: renamed, isNew: false },
    ]),
  )
  assert.equal(found.count, 3)
  assert.equal((await newSince(radar, found.revision)).count, 0)
})

test('GG-06 who left the matches and came back between two looks is not new, whatever happened in between', async () => {
  const id = await make('RADAR SWINGING', { state: 'VA' })
  const since = await revision()
  await change(id, { state: 'MD' })
  await change(id, { state: 'VA' })
  assert.equal((await newSince(radar, since)).count, 0)
  await change(id, { state: 'MD' })
  const later = await revision()
  await change(id, { state: 'VA' })
  assert.deepEqual((await newSince(radar, later)).matches, [{ id, isNew: false }])
})

test('GG-06 changed twice in one transaction, a contractor is what it was before the first change', async () => {
  const id = await make('RADAR TWICE', { state: 'MD' })
  const since = await revision()
  await admin.query('begin')
  await change(id, { state: 'VA' })
  await change(id, { city: 'RESTON' })
  await admin.query('commit')
  assert.equal(await revision(), since + 1)
  assert.deepEqual((await newSince(radar, since)).matches, [{ id, isNew: false }])
})

test('GG-06 a contractor that is hidden, absorbed or a placeholder is not new, and is when that ends', async () => {
  const id = await make('RADAR SHY', { state: 'VA', is_hidden: true })
  const survivor = await make('LIDAR ONLY', { state: 'VA' })
  const absorbed = await make('RADAR ABSORBED', { state: 'VA', merged_into: survivor })
  const since = await revision()
  assert.equal((await newSince({ q: 'radar shy' }, 0)).count, 0)
  await change(id, { is_hidden: false })
  await change(absorbed, { merged_into: null })
  assert.deepEqual(sorted((await newSince(radar, since)).matches.map(({ id }) => id)), sorted([id, absorbed]))
})

test('GG-06 what changes nothing that the search sees makes no revision, and one that is undone neither', async () => {
  const id = await make('RADAR STILL', { state: 'VA' })
  const since = await revision()
  await change(id, { address_line_1: '1 MAIN ST' })
  await admin.query('begin')
  await change(id, { state: 'MD' })
  await admin.query('rollback')
  assert.equal(await revision(), since)
})

test('GG-06 a saved word that nobody has yet is waited for, not corrected', async () => {
  await make('WIDGETS LTD', { state: 'VA' })
  const since = await revision()
  await make('WIDGETS TWO', { state: 'VA' })
  assert.equal((await newSince({ q: 'widgits' }, since)).count, 0)
  await make('WIDGITS', { state: 'VA' })
  assert.equal((await newSince({ q: 'widgits' }, since)).count, 1)
})

test('GG-06 of very many new matches the number is exact and a thousand are kept', async () => {
  const since = await revision()
  await admin.query(`
    insert into contractors.contractor_profiles (uei, name, total_contract_value, state)
    select 'MANY' || lpad(i::text, 8, '0'), 'PLENTIFUL ' || i, i, 'VA'
    from generate_series(1, 2500) as i
  `)
  const found = await newSince({ q: 'plentiful' }, since)
  assert.deepEqual([found.count, found.matches.length], [2_500, 1_000])
  const { rows } = await admin.query(`select id from contractors.contractor_profiles where name = 'PLENTIFUL 2500'`)
  assert.equal(found.matches[0]?.id, rows[0].id)
})

test('GG-06 two who change contractors at once make their revisions in the order of their commits', async () => {
  const [one, other] = [await make('RADAR ONE', { state: 'MD' }), await make('RADAR OTHER', { state: 'MD' })]
  const since = await revision()
  await admin.query('begin')
  await change(one, { state: 'VA' })
  const waiting = db.transaction({}, async tx => {
    await tx.run(sql`update contractors.contractor_profiles set state = 'VA' where id = ${other}`)
  })
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.equal((await newSince(radar, since)).count, 0)
  await admin.query('commit')
  await waiting
  const found = await newSince(radar, since)
  assert.deepEqual([found.revision, found.count], [since + 2, 2])
})

const revision = () => getRevision(db.unscoped)

function newSince(search: Search, since: number) {
  return db.transaction({}, tx => findNewMatches(tx, search, since))
}

function sorted<T>(values: readonly T[]): T[] {
  return values.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

async function change(id: string, values: Record<string, unknown>): Promise<void> {
  const sets = Object.keys(values).map((column, index) => `${column} = $${index + 2}`)
  await admin.query(`update contractors.contractor_profiles set ${sets.join(', ')} where id = $1`, [
    id,
    ...Object.values(values),
  ])
}

async function make(name: string, values: Record<string, unknown>): Promise<string> {
  const columns = Object.keys(values)
  const { rows } = await admin.query(
    `insert into contractors.contractor_profiles (uei, name${columns.map(c => `, ${c}`).join('')})
    values ($1, $2${columns.map((_, index) => `, $${index + 3}`).join('')})
    returning id`,
    [`N${String(++made).padStart(11, '0')}`, name, ...Object.values(values)],
  )
  return rows[0].id
}
