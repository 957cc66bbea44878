import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { testDatabase } from '#test/database.ts'
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
}

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
  isHidden: oneOf(false, false, false, false, true),
  isMerged: oneOf(false, false, false, false, true),
})
const some = <T>(values: T[]) => fc.option(fc.subarray(values, { minLength: 1 }), { nil: undefined })
const asked: fc.Arbitrary<Search> = fc.record({
  state: some(states),
  naics: some(['54', '5415', '236220']),
  agency: some(agencies),
  status: some(statuses),
  businessType: fc.option(fc.subarray(['2X', '27'], { minLength: 1 }), { nil: undefined }),
  registeredSince: fc.option(oneOf(...days), { nil: undefined }),
  minValue: fc.option(oneOf('1', '1000.00', '5000'), { nil: undefined }),
  hasActiveContracts: fc.option(fc.constant(true), { nil: undefined }),
  includePlaceholders: fc.option(fc.constant(true), { nil: undefined }),
  sort: oneOf('relevance' as const, 'value' as const, 'updated' as const, 'awarded' as const, 'name' as const),
})

test('GG-06 totals and the counts of facets under other filters are what a plain count gives, after changes too', async () => {
  let all: Firm[] = []
  for (const seed of [1, 2]) {
    const added = fc.sample(firm, { numRuns: 300, seed })
    await insert(added)
    all = [...all, ...added]
    if (seed === 2) {
      await admin.query(
        `update contractors.contractor_profiles set state = 'MD', award_agencies = '{9700}' where state = 'TX'`,
      )
      all = all.map(each => (each.state === 'TX' ? { ...each, state: 'MD', agencies: ['9700'] } : each))
    }
    await admin.query('vacuum analyze contractors.contractor_profiles')
    await fc.assert(
      fc.asyncProperty(asked, async search => {
        const found = await db.transaction({}, tx => searchContractors(tx, { ...search, limit: 5, facets: true }))
        assert.equal(found.total.count, all.filter(each => isMatch(each, search)).length)
        const { facets } = found
        assert.ok(facets && !facets.capped)
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
      { numRuns: 60, seed },
    )
  }
})

/** By the rule of the page: the filter of a facet does not narrow its own counts. */
function tally(
  all: readonly Firm[],
  search: Search,
  own: keyof Search | undefined,
  of: (each: Firm) => (string | null)[],
) {
  const counts: Record<string, number> = {}
  const others = own ? { ...search, [own]: undefined } : search
  for (const each of all)
    if (isMatch(each, others))
      for (const value of of(each)) if (value !== null) counts[value] = (counts[value] ?? 0) + 1
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
    (!search.minValue || (each.value !== null && each.value >= Number(search.minValue))) &&
    (!search.hasActiveContracts || each.active > 0)
  )
}

async function insert(firms: readonly Firm[]): Promise<void> {
  await admin.query(
    `with survivor as (
      insert into contractors.contractor_profiles (name, is_hidden) values ('SURVIVOR', true) returning id
    )
    insert into contractors.contractor_profiles
      (name, state, naics_code, award_agencies, business_types, registration_status, registration_date,
      active_contracts_count, total_contract_value, is_placeholder, is_hidden, merged_into)
    select 'FIRM ' || md5(random()::text), state, naics,
      array(select jsonb_array_elements_text(agencies)), types, status, registered::date, active, value, "isPlaceholder",
      "isHidden", case when "isMerged" then (select id from survivor) end
    from jsonb_to_recordset($1::jsonb) as firm (state text, naics text, agencies jsonb, types jsonb, status text,
      registered text, active integer, value numeric, "isPlaceholder" boolean, "isHidden" boolean, "isMerged" boolean)`,
    [JSON.stringify(firms)],
  )
}
