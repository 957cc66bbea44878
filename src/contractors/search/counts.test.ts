import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { testDatabase } from '#test/database.ts'
import { isRefreshDue, refreshSearchBits } from './refresh-bits.ts'
import { type Search, searchContractors } from './search.ts'

const { db, admin } = await testDatabase()

type Firm = {
  state: string | null
  naics: string | null
  agencies: string[]
  types: string[]
  status: string | null
  registered: string | null
  active: number
  value: number | null
  isPlaceholder: boolean
  isHidden: boolean
  isMerged: boolean
  district: string | null
  updated: string | null
  awarded: string | null
  city?: string
}
type Inserted = Firm & { ids: string[]; names: string[] }

const oneOf = <T>(...values: T[]) => fc.constantFrom(...values)
const states = ['VA', 'MD', 'TX']
const codes = ['541511', '541512', '541330', '236220']
const agencies = ['1205', '12C2', '9700']
const statuses = ['Active', 'Expired']
const days = ['2019-05-01', '2023-01-01', '2024-02-29']
const firm: fc.Arbitrary<Firm> = fc.record({
  state: oneOf(...states, null),
  naics: oneOf(...codes, null),
  agencies: fc.subarray(agencies),
  types: fc.subarray(['2X', '27', 'A5']),
  status: oneOf(...statuses, null),
  registered: oneOf(...days, null),
  active: oneOf(0, 0, 3),
  value: oneOf(1, 1000, 1_000_000, null),
  isPlaceholder: oneOf(false, false, false, true),
  isHidden: oneOf(...Array<boolean>(9).fill(false), true),
  isMerged: oneOf(...Array<boolean>(9).fill(false), true),
  district: oneOf('08', '11', null),
  updated: oneOf(...days, null),
  awarded: oneOf(...days, null),
})
/** Few conditions, so that of some searches more is left than is counted one by one. */
const sometimes = { nil: undefined, freq: 2 }
const some = <T>(values: T[]) => fc.option(fc.subarray(values, { minLength: 1 }), sometimes)
const asked: fc.Arbitrary<Search> = fc.record({
  state: some(states),
  naics: some(['54', '5415', '236220']),
  agency: some(agencies),
  status: some(statuses),
  businessType: fc.option(fc.subarray(['2X', '27'], { minLength: 1 }), sometimes),
  registeredSince: fc.option(oneOf(...days), sometimes),
  district: fc.option(fc.subarray(['VA-08', 'MD-11'], { minLength: 1 }), sometimes),
  maxValue: fc.option(oneOf('1000', '999999.99'), sometimes),
  minValue: fc.option(oneOf('1', '1000.00', '5000'), sometimes),
  hasActiveContracts: fc.option(fc.constant(true), sometimes),
  includePlaceholders: fc.option(fc.constant(true), sometimes),
  sort: oneOf('relevance' as const, 'value' as const, 'updated' as const, 'awarded' as const, 'name' as const),
})

const visible = { isHidden: false, isMerged: false, isPlaceholder: false }

test('GG-06 GG-08 of who is no longer shown, or deleted, the bits keep nothing', async () => {
  const [, hidden, deleted] = await insert(
    ['SHOWN', 'HIDDEN', 'DELETED'].map(city => ({ ...fc.sample(firm, 1)[0]!, city, state: 'GU', ...visible })),
    1,
  )
  const inGuam = async () => {
    const { total } = await db.transaction({}, tx => searchContractors(tx, { state: ['GU'], limit: 5 }))
    return total.count
  }
  const bits = async () =>
    (await admin.query('select count(*)::integer as count from contractors.search_bits')).rows[0].count
  assert.equal(await isRefreshDue({ db }), false, 'three are searched without bits as fast')
  await refresh()
  assert.equal(await inGuam(), 3)
  await admin.query(
    `update contractors.contractor_profiles set is_hidden = true, uei = 'HZDDEN000001' where id = $1`,
    hidden?.ids,
  )
  assert.equal(await inGuam(), 2)
  assert.ok((await bits()) > 0, 'control: so far search_changes tells it')
  await admin.query(`select contractors.forget_hidden('{HZDDEN000001}')`)
  assert.equal(await inGuam(), 2)
  assert.equal(await bits(), 0)

  await refresh()
  await admin.query('delete from contractors.contractor_profiles where id = $1', deleted?.ids)
  assert.equal(await inGuam(), 1)
  await refresh()
  await db.transaction({}, async tx => {
    // As an import that has just hidden somebody holds it.
    await admin.query('begin')
    await admin.query(`select pg_advisory_xact_lock_shared(hashtextextended('contractors.search_snapshot', 0))`)
    assert.equal(await refreshSearchBits({ db: { unscoped: tx } as never }), false)
    await admin.query('rollback')
  })
  assert.equal(await inGuam(), 1)
  await admin.query('delete from contractors.contractor_profiles')
})

test('GG-06 pages, totals and counts of facets under other filters are what a plain search gives: with bits, beside later changes, and without', async () => {
  // More than one chunk of bits, and more of some than are counted one by one.
  const begun = await insert(fc.sample(firm, { numRuns: 210, seed: 1 }), 100)
  assert.equal(await isRefreshDue({ db }), true)
  await refresh()
  assert.equal(await isRefreshDue({ db }), false)
  const { rows } = await admin.query('select max(chunk) as last from contractors.search_bits')
  assert.equal(rows[0].last, 1)
  await compare(begun, 1, 15)
  const added = await insert(fc.sample(firm, { numRuns: 200, seed: 2 }), 1)
  const since = (age: string) =>
    admin.query('update contractors.search_snapshot set made_at = now() - $1::interval', [age])
  await since('2 hours')
  assert.equal(await isRefreshDue({ db }), false, '200 have come')
  await since('2 days')
  assert.equal(await isRefreshDue({ db }), true)
  const moved = begun.slice(0, 6)
  await admin.query(
    `update contractors.contractor_profiles
    set state = 'MD', award_agencies = '{9700}', total_contract_value = 5000
    where id = any($1)`,
    [moved.flatMap(({ ids }) => ids)],
  )
  await since('59 minutes')
  assert.equal(await isRefreshDue({ db }), false)
  await since('61 minutes')
  assert.equal(await isRefreshDue({ db }), true, '600 have changed')
  for (const each of moved) Object.assign(each, { state: 'MD', agencies: ['9700'], value: 5000 })
  const all = [...begun, ...added]
  await compare(all, 2, 40)

  await admin.query(`update contractors.search_bits set bits = ~bits where kind = 'state'`)
  await assert.rejects(compare(all, 3, 10), /Property failed/, 'control: the bits are what is counted')
  await admin.query('delete from contractors.search_snapshot')
  await compare(all, 4, 15)
})

async function refresh(): Promise<void> {
  assert.equal(await refreshSearchBits({ db }), true)
}

async function compare(all: readonly Inserted[], seed: number, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(asked, async search => {
      const ask = (cursor?: string) =>
        db.transaction({}, tx => searchContractors(tx, { ...search, limit: 5, cursor, facets: cursor === undefined }))
      const found = await ask()
      const matching = all.filter(each => isMatch(each, search))
      const count = matching.reduce((sum, { ids }) => sum + ids.length, 0)
      assert.deepEqual(found.total, { count: Math.min(count, 10_000), capped: count > 10_000 })
      const expected = inOrder(matching, search.sort ?? 'relevance')
      const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)
      assert.deepEqual(idsOf(found), expected.slice(0, 5))
      if (found.nextCursor) assert.deepEqual(idsOf(await ask(found.nextCursor)), expected.slice(5, 10))
      const { facets } = found
      assert.ok(facets)
      if (facets.capped) return
      const told = (values: readonly { value: string; count: number }[]) =>
        Object.fromEntries(values.map(({ value, count }) => [value, count]))
      assert.deepEqual(
        told(facets.states),
        tally(all, search, 'state', ({ state }) => [state]),
      )
      assert.deepEqual(
        told(facets.naics),
        tally(all, search, 'naics', ({ naics }) => [naics]),
      )
      assert.deepEqual(
        told(facets.agencies),
        tally(all, search, 'agency', each => each.agencies),
      )
      assert.deepEqual(
        told(facets.statuses),
        tally(all, search, 'status', ({ status }) => [status]),
      )
      assert.deepEqual(
        told(facets.businessTypes),
        tally(all, search, undefined, ({ types }) => types),
      )
    }),
    { numRuns, seed },
  )
}

function inOrder(matching: readonly Inserted[], sort: Exclude<Search['sort'], undefined>): string[] {
  const key = { relevance: 'value', value: 'value', updated: 'updated', awarded: 'awarded', name: 'name' }[sort]
  const places = matching.flatMap(each =>
    each.ids.map((id, at) => ({
      id,
      name: each.names[at],
      value: each.value,
      updated: each.updated,
      awarded: each.awarded,
    })),
  )
  const by = (place: (typeof places)[number]) => place[key as keyof typeof place] ?? ''
  const sign = sort === 'name' ? 1 : -1
  return places
    .sort((a, b) => {
      const [one, other] = [by(a), by(b)]
      if (one !== other) {
        if (one === '') return 1
        if (other === '') return -1
        return one < other ? -sign : sign
      }
      return a.id < b.id ? -1 : 1
    })
    .map(({ id }) => id)
}

/** By the rule of the page: the filter of a facet does not narrow its own counts. */
function tally(
  all: readonly Inserted[],
  search: Search,
  own: keyof Search | undefined,
  of: (each: Firm) => (string | null)[],
) {
  const counts: Record<string, number> = {}
  const others = own ? { ...search, [own]: undefined } : search
  for (const each of all)
    if (isMatch(each, others))
      for (const value of of(each)) if (value !== null) counts[value] = (counts[value] ?? 0) + each.ids.length
  return counts
}

function isMatch(each: Firm, search: Search): boolean {
  return (
    !each.isHidden &&
    !each.isMerged &&
    (search.includePlaceholders === true || !each.isPlaceholder) &&
    (!search.state || search.state.includes(each.state ?? '')) &&
    (!search.naics || search.naics.some(code => each.naics?.startsWith(code))) &&
    (!search.agency || search.agency.some(code => each.agencies.includes(code))) &&
    (!search.status || search.status.includes(each.status ?? '')) &&
    (!search.businessType || search.businessType.every(code => each.types.includes(code))) &&
    (!search.registeredSince || (each.registered !== null && each.registered >= search.registeredSince)) &&
    (!search.district || search.district.includes(`${each.state}-${each.district}`)) &&
    (!search.maxValue || (each.value !== null && each.value <= Number(search.maxValue))) &&
    (!search.minValue || (each.value !== null && each.value >= Number(search.minValue))) &&
    (!search.hasActiveContracts || each.active > 0)
  )
}

let number = 0

/** Each firm so many times, with names in the order of their numbers. */
async function insert(firms: readonly Firm[], copies: number): Promise<Inserted[]> {
  const inserted = firms.map(each => ({
    ...each,
    ids: Array.from({ length: copies }, () => randomUUID()),
    names: Array.from({ length: copies }, () => `FIRM ${String(++number).padStart(6, '0')}`),
  }))
  await admin.query(
    `with survivor as (
      insert into contractors.contractor_profiles (name, is_hidden) values ('SURVIVOR', true) returning id
    )
    insert into contractors.contractor_profiles
      (id, name, city, state, congressional_district, naics_code, award_agencies, business_types, registration_status,
      registration_date, active_contracts_count, total_contract_value, last_updated_date, last_award_date, is_placeholder,
      is_hidden, merged_into)
    select unnest(ids), unnest(names), city, state, district, naics,
      array(select jsonb_array_elements_text(agencies)), types, status, registered::date, active, value,
      updated::date::timestamp at time zone 'UTC', awarded::date, "isPlaceholder", "isHidden",
      case when "isMerged" then (select id from survivor) end
    from jsonb_to_recordset($1::jsonb) as firm (ids uuid[], names text[], city text, state text, district text, naics text,
      agencies jsonb, types jsonb, status text, registered text, active integer, value numeric, updated text, awarded text,
      "isPlaceholder" boolean, "isHidden" boolean, "isMerged" boolean)`,
    [JSON.stringify(inserted)],
  )
  await admin.query('vacuum analyze contractors.contractor_profiles')
  return inserted
}
