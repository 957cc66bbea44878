import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '#platform/clock.ts'
import { testDatabase } from '#test/database.ts'
import { iterateSearch } from './iterate.ts'
import { type Search, type SearchPart, searchContractors } from './search.ts'

const { db, admin } = await testDatabase()

type Made = { name: string; value?: number | null; state?: string; [column: string]: unknown }
let made = 0

await make({ name: 'LEIDOS, INC.', value: 500, state: 'VA', city: 'RESTON', naics_code: '541512', cage_code: '5UTE1' })
await make({ name: 'LEIDOS BIOMEDICAL RESEARCH INC', value: 9000, state: 'MD', naics_code: '541715' })
await make({ name: 'AMERICAN LEIDOS HOLDINGS', value: 99000, state: 'VA', naics_code: '551112' })
await make({ name: 'Leidos L.L.C.', value: null, state: 'TX', business_types: ['2X', '27'] })
await make({ name: 'VERIZON FEDERAL INC.', value: 70.5, state: 'VA', dba_name: 'VERIZON', business_types: ['2X'] })
await make({ name: 'AT&T CORP.', value: 60, state: 'TX', naics_code: '517111' })
await make({ name: 'AMAZON.COM SERVICES', value: 55, state: 'WA' })
await make({ name: "O'REILLY & ÉCOLE S.A.", value: 50, country: 'FRA' })
await make({ name: 'FOREIGN AWARDEES (UNDISCLOSED)', value: 1e6, is_placeholder: true })
await make({ name: 'SECRETIVE LEIDOS', value: 1e6, is_hidden: true })
await make({ name: '東京電力 HOLDINGS', value: 45, country: 'JPN' })

test('GG-06 names that are what was typed come first, then those that begin so, then by total value', async () => {
  assert.deepEqual(await names({ q: 'leidos' }), [
    'LEIDOS, INC.',
    'Leidos L.L.C.',
    'LEIDOS BIOMEDICAL RESEARCH INC',
    'AMERICAN LEIDOS HOLDINGS',
  ])
  assert.deepEqual(await names({ q: 'Leidos, Inc' }), ['LEIDOS, INC.', 'LEIDOS BIOMEDICAL RESEARCH INC'])
})

test('GG-06 the last word may be unfinished, the others are whole', async () => {
  assert.equal((await names({ q: 'leid' })).length, 4)
  assert.deepEqual(await names({ q: 'leidos bio' }), ['LEIDOS BIOMEDICAL RESEARCH INC'])
  assert.deepEqual(await names({ q: 'bio leidos' }), [])
  assert.deepEqual(await names({ q: 'leidos bio ' }), [])
  assert.deepEqual(await names({ q: 'v' }), ['VERIZON FEDERAL INC.'])
})

test('GG-06 one wrong, missing, surplus or swapped letter is corrected, and told', async () => {
  for (const typo of ['leidso', 'LEIDOSS', 'liedos', 'lidos', 'keidos', 'elidos', 'leid0s']) {
    const result = await search({ q: typo })
    assert.equal(result.correctedQuery, 'leidos', typo)
    assert.equal(result.items[0]?.name, 'LEIDOS, INC.', typo)
  }
  assert.equal((await search({ q: 'verizn' })).correctedQuery, 'verizon')
  assert.deepEqual(await names({ q: 'vreizon fedral' }), ['VERIZON FEDERAL INC.'])
  assert.equal((await search({ q: 'verizon' })).correctedQuery, undefined)
  assert.equal((await search({ q: 'biomedcla reserch' })).correctedQuery, 'biomedical research')
})

test('GG-06 a mistyped beginning is corrected while it is being typed', async () => {
  assert.deepEqual(await names({ q: 'amzaon' }), ['AMAZON.COM SERVICES'])
  assert.equal((await search({ q: 'biomdei' })).items[0]?.name, 'LEIDOS BIOMEDICAL RESEARCH INC')
})

test('GG-06 of two corrections the more frequent word is meant', async () => {
  await make({ name: 'SERVICE ONE' })
  await make({ name: 'SERVICE TWO' })
  await make({ name: 'SERVIKE' })
  assert.equal((await search({ q: 'servi8e' })).correctedQuery, 'service')
})

test('GG-06 points, apostrophes, accents and & in a name do not hide it', async () => {
  for (const q of ['at&t', 'att', 'AT & T', 'at t corp']) assert.deepEqual(await names({ q }), ['AT&T CORP.'], q)
  for (const q of ['amazon services', 'amazon.com', 'AMAZON COM'])
    assert.deepEqual(await names({ q }), ['AMAZON.COM SERVICES'], q)
  for (const q of ["o'reilly", 'oreilly', 'o’reilly ecole', 'école', 'sa oreilly']) {
    assert.deepEqual(await names({ q }), ["O'REILLY & ÉCOLE S.A."], q)
  }
  assert.deepEqual(await names({ q: '東京' }), ['東京電力 HOLDINGS'])
})

test('GG-06 a UEI or a CAGE code in any case finds its contractor alone', async () => {
  const uei = (await search({ q: 'verizon' })).items[0]?.uei ?? ''
  assert.deepEqual(await names({ q: uei.toLowerCase() }), ['VERIZON FEDERAL INC.'])
  assert.deepEqual(await names({ q: ` ${uei} ` }), ['VERIZON FEDERAL INC.'])
  assert.deepEqual(await names({ q: '5ute1' }), ['LEIDOS, INC.'])
  assert.deepEqual(await names({ q: 'ZZZZZZZZZZZZ' }), [])
})

test('GG-06 filters by state, city, industry, business types and value, all of which must hold', async () => {
  assert.deepEqual(await names({ q: 'leidos', state: ['va'] }), ['LEIDOS, INC.', 'AMERICAN LEIDOS HOLDINGS'])
  assert.deepEqual(await names({ city: 'Reston' }), ['LEIDOS, INC.'])
  assert.deepEqual(await names({ naics: ['541'] }), ['LEIDOS BIOMEDICAL RESEARCH INC', 'LEIDOS, INC.'])
  assert.deepEqual(await names({ naics: ['541512'] }), ['LEIDOS, INC.'])
  assert.deepEqual(await names({ businessType: ['2X'] }), ['VERIZON FEDERAL INC.', 'Leidos L.L.C.'])
  assert.deepEqual(await names({ businessType: ['27', '2X'] }), ['Leidos L.L.C.'])
  assert.deepEqual(await names({ minValue: '60.00', maxValue: '70.5' }), ['VERIZON FEDERAL INC.', 'AT&T CORP.'])
  assert.deepEqual(await names({ minValue: '60.001', maxValue: '70.499' }), [])
  assert.deepEqual(await names({ q: 'leidos', maxValue: '99999999999999999999' }), [
    'LEIDOS, INC.',
    'LEIDOS BIOMEDICAL RESEARCH INC',
    'AMERICAN LEIDOS HOLDINGS',
  ])
})

test('GG-06 placeholders are out of results unless asked for, hidden contractors always', async () => {
  assert.deepEqual(await names({ q: 'undisclosed' }), [])
  assert.deepEqual(await names({ q: 'undisclosed', includePlaceholders: true }), ['FOREIGN AWARDEES (UNDISCLOSED)'])
  assert.deepEqual(await names({ q: 'secretive', includePlaceholders: true }), [])
})

test('GG-06 facets count the matches by state, industry and business type, with their names', async () => {
  await admin.query(
    `insert into contractors.naics_codes values ('541512', 2022, 6, 'Computer Systems Design Services')`,
  )
  await admin.query(
    `insert into contractors.business_types values ('2X', 'For Profit Organization', 'profit_structure')`,
  )
  const { facets, total } = await search({ q: 'leidos', facets: true })
  assert.deepEqual(total, { count: 4, capped: false })
  assert.deepEqual(facets, {
    states: [
      { value: 'VA', label: 'Virginia', count: 2 },
      { value: 'MD', label: 'Maryland', count: 1 },
      { value: 'TX', label: 'Texas', count: 1 },
    ],
    naics: [
      { value: '541512', label: 'Computer Systems Design Services', count: 1 },
      { value: '541715', label: '541715', count: 1 },
      { value: '551112', label: '551112', count: 1 },
    ],
    businessTypes: [
      { value: '27', label: '27', count: 1 },
      { value: '2X', label: 'For Profit Organization', count: 1 },
    ],
    agencies: [],
    statuses: [],
    capped: false,
  })
})

test('GG-06 of several states or industries one is enough, and their counts do not heed their own filter', async () => {
  assert.deepEqual(await names({ q: 'leidos', state: ['md', 'TX', 'md'] }), [
    'Leidos L.L.C.',
    'LEIDOS BIOMEDICAL RESEARCH INC',
  ])
  assert.deepEqual(await names({ naics: ['5417', '517'] }), ['LEIDOS BIOMEDICAL RESEARCH INC', 'AT&T CORP.'])
  assert.deepEqual(await names({ naics: ['5417', '517'], state: ['MD'] }), ['LEIDOS BIOMEDICAL RESEARCH INC'])
  const counts = async (asked: Partial<Search & SearchPart>) => {
    const { facets } = await search({ ...asked, facets: true })
    const of = (facet: { value: string; count: number }[] = []) =>
      Object.fromEntries(facet.map(({ value, count }) => [value, count]))
    return { states: of(facets?.states), naics: of(facets?.naics) }
  }
  assert.deepEqual(await counts({ q: 'leidos', state: ['VA'] }), {
    states: { VA: 2, MD: 1, TX: 1 },
    naics: { 541512: 1, 551112: 1 },
  })
  assert.deepEqual(await counts({ q: 'leidos', naics: ['541'] }), {
    states: { VA: 1, MD: 1 },
    naics: { 541512: 1, 541715: 1, 551112: 1 },
  })
  assert.deepEqual(await counts({ q: 'leidos', naics: ['541'], state: ['MD', 'TX'] }), {
    states: { VA: 1, MD: 1 },
    naics: { 541715: 1 },
  })
})

test('GG-06 a mistyped word is corrected together with one that lacks its last letter', async () => {
  await make({ name: 'VERIZON WIRELESS LLC' })
  assert.equal((await search({ q: 'verizn wireles' })).correctedQuery, 'verizon wireless')
  assert.equal((await search({ q: 'verizn wire' })).correctedQuery, 'verizon wire')
  assert.equal((await search({ q: 'wireles' })).correctedQuery, undefined)
})

test('GG-06 of several corrections that is meant which stands beside the other words, not the most frequent', async () => {
  for (const name of ['GRANITE SUPPLY', 'GRANITE WORKS', 'GRANITE ROOFING', 'GRANITA CATERING', 'GRANITO PAVING'])
    await make({ name })
  assert.equal((await search({ q: 'granitx' })).correctedQuery, 'granite')
  assert.equal((await search({ q: 'granitx catering' })).correctedQuery, 'granita catering')
  assert.equal((await search({ q: 'granitx catring' })).correctedQuery, 'granita catering')
  assert.equal((await search({ q: 'paving granitx' })).correctedQuery, 'paving granito')
  for (const name of ['MARBLE COATINGS', 'COATINGS OF MARBLE', 'MARVLE', 'COATINGS MARGLE']) await make({ name })
  const named = await search({ q: 'coatings marle' })
  assert.equal(named.correctedQuery, 'coatings margle', 'a whole name before words that more names have')
})

test('GG-06 words of which each is in a name, but which no name has together, are corrected one at a time', async () => {
  for (const [name, state] of [
    ['CANYON LANTERN MARINE', 'ME'],
    ['CANNON FOUNDRY', 'OH'],
    ['CANYON FOUNDRY', 'ME'],
    ['LANTERN HARVEST', 'OH'],
  ] as const)
    await make({ name, state })
  for (const q of ['cannon lantern', 'cannon lantern marine', 'lantern cannon', 'marine cannon']) {
    const found = await search({ q })
    assert.equal(found.correctedQuery, q.replace('cannon', 'canyon'), q)
    assert.deepEqual(
      found.items.map(({ name }) => name),
      ['CANYON LANTERN MARINE'],
    )
  }
  const streamed: string[] = []
  for await (const portion of iterateSearch({ db, clock: systemClock }, {}, { q: 'cannon lantern' }))
    streamed.push(...portion.map(({ name }) => name))
  assert.deepEqual(streamed, ['CANYON LANTERN MARINE'])
  const elsewhere = await search({ q: 'cannon foundry', state: ['ME'] })
  assert.deepEqual(
    [elsewhere.correctedQuery, elsewhere.total.count],
    [undefined, 0],
    'it is the filter that lets none through',
  )
  assert.equal((await search({ q: 'cannon granite' })).correctedQuery, undefined)
})

test('GG-06 pages of any size give each match once, in the order of the whole, those without a value last', async () => {
  for (const asked of [{ q: 'leidos' }, {}, { q: 'inc' }, { minValue: '1' }, { state: ['VA', 'TX', 'WA'] }]) {
    const whole = (await search({ ...asked, limit: 100 })).items.map(({ id }) => id)
    for (const limit of [1, 2, 3]) assert.deepEqual(await collect({ ...asked, limit }), whole, JSON.stringify(asked))
  }
})

test('GG-06 beyond 10,000 matches the total is capped and the order is the same', async () => {
  await admin.query(`
    insert into contractors.contractor_profiles (uei, name, state, total_contract_value)
    select
      'CAPPED' || lpad(i::text, 6, '0'),
      case when i % 4 = 0 then 'COPIOUS SUPPLY ' || i when i % 1000 = 1 then 'COPIOUS' else 'SUPPLY COPIOUS ' || i end,
      case when i % 2 = 0 then 'VT' else 'NH' end,
      case when i % 3 = 0 then i % 500 end
    from generate_series(1, 22000) as i
  `)
  const asked = { q: 'copious', facets: true, limit: 100 }
  const first = await search(asked)
  assert.deepEqual(first.total, { count: 10_000, capped: true })
  assert.equal(first.facets?.capped, true)
  assert.equal((first.facets?.states ?? []).reduce((sum, { count }) => sum + count, 0) >= 10_000, true)
  const { rows } = await admin.query(`
    select id
    from contractors.contractor_profiles
    where search_words @@ 'copious'
    order by name <> 'COPIOUS', not name like 'COPIOUS%', total_contract_value desc nulls last, id
  `)
  const expected = rows.map(({ id }) => id)
  const met: string[] = []
  let cursor: string | undefined
  for (let page = 0; page < 6; page++) {
    const result = await search({ ...asked, facets: page === 3, cursor })
    assert.deepEqual(result.total, { count: 10_000, capped: true })
    met.push(...result.items.map(({ id }) => id))
    cursor = result.nextCursor ?? undefined
  }
  assert.deepEqual(met, expected.slice(0, 600))
  assert.equal((await search({ q: 'copious', state: ['VT'], facets: true })).total.capped, true)
  const far = await collect({ q: 'copious', limit: 100, state: ['VT'] }, 112)
  assert.equal(new Set(far).size, 11_000)
  const both = { q: 'copious', limit: 100, state: ['VT', 'NH'] }
  assert.deepEqual(await collect(both, 6), expected.slice(0, 600))
  const others = await search({ q: 'copious', state: ['WY'], facets: true })
  assert.deepEqual([others.total.count, others.facets?.capped], [0, true])
})

test('GG-06 results are sorted by value, name, latest update or latest award, each on pages of any size', async () => {
  const dated = [
    ['SORTABLE BETA', 300, '2024-03-01', '2020-01-01'],
    ['sortable alpha', 100, '2026-01-01', null],
    ['SORTABLE GAMMA, INC.', null, null, '2025-05-05'],
    ['SORTABLE DELTA', 200, '2024-03-01', '2025-05-05'],
    ['THE SORTABLE', 250, '2025-01-01', '1999-12-31'],
  ] as const
  for (const [name, value, last_updated_date, last_award_date] of dated)
    await make({ name, value, last_updated_date, last_award_date })
  const orders = {
    value: ['SORTABLE BETA', 'THE SORTABLE', 'SORTABLE DELTA', 'sortable alpha', 'SORTABLE GAMMA, INC.'],
    name: ['sortable alpha', 'SORTABLE BETA', 'SORTABLE DELTA', 'SORTABLE GAMMA, INC.', 'THE SORTABLE'],
    updated: ['sortable alpha', 'THE SORTABLE', undefined, undefined, 'SORTABLE GAMMA, INC.'],
    awarded: [undefined, undefined, 'SORTABLE BETA', 'THE SORTABLE', 'sortable alpha'],
  } as const
  for (const [sort, expected] of Object.entries(orders)) {
    const asked = { q: 'sortable', sort: sort as keyof typeof orders }
    const found = await names(asked)
    assert.equal(found.length, 5, sort)
    for (const [at, name] of expected.entries()) if (name) assert.equal(found[at], name, `${sort} ${at}`)
    const whole = (await search({ ...asked, limit: 100 })).items.map(({ id }) => id)
    for (const limit of [1, 2, 3]) assert.deepEqual(await collect({ ...asked, limit }), whole, sort)
    const all = (await search({ sort: asked.sort, limit: 100 })).items.map(({ id }) => id)
    for (const limit of [3, 7]) {
      const paged = await collect({ sort: asked.sort, limit }, 12)
      assert.deepEqual(paged, all.slice(0, paged.length), sort)
    }
  }
})

test('GG-06 filters by district, agency, certification in force, status, registration and active contracts', async () => {
  const facts = {
    state: 'CO',
    congressional_district: '05',
    award_agencies: '{9700,4732}',
    certifications: '{"A6": "2027-01-31"}',
    registration_status: 'Active',
    registration_date: '2024-06-01',
  }
  await make({ name: 'FILTERABLE ONE', ...facts, active_contracts_count: 2 })
  await make({ name: 'FILTERABLE TWO', state: 'CO', congressional_district: '07', award_agencies: '{9700}' })
  await make({ name: 'FILTERABLE THREE', registration_status: 'Expired', registration_date: '2010-01-01' })
  const q = 'filterable'
  assert.deepEqual(await names({ q, district: ['co-05', 'VA-05'] }), ['FILTERABLE ONE'])
  assert.equal((await names({ q, district: ['CO-05', 'CO-07'] })).length, 2)
  assert.deepEqual(await names({ q, district: ['CO-05', 'CO-07'], state: ['va'] }), [])
  assert.deepEqual(await names({ q, district: ['CO-05', 'VA-07'], state: ['VA', 'CO'] }), ['FILTERABLE ONE'])
  const { facets: elsewhere } = await search({ q, district: ['CO-05', 'CO-07'], state: ['VA'], facets: true })
  assert.deepEqual(elsewhere?.states, [{ value: 'CO', label: 'Colorado', count: 2 }])
  assert.deepEqual(await names({ q, agency: ['4732'] }), ['FILTERABLE ONE'])
  assert.equal((await names({ q, agency: ['4732', '9700'] })).length, 2)
  assert.deepEqual(await names({ q, certification: ['A6'], certifiedOn: '2027-01-31' }), ['FILTERABLE ONE'])
  assert.deepEqual(await names({ q, certification: ['A6'], certifiedOn: '2027-02-01' }), [])
  assert.deepEqual(await names({ q, certification: ['A6', 'A4'], certifiedOn: '2026-01-01' }), [])
  assert.deepEqual(await names({ q, status: ['Expired'] }), ['FILTERABLE THREE'])
  assert.deepEqual(await names({ q, registeredSince: '2024-06-01' }), ['FILTERABLE ONE'])
  assert.deepEqual(await names({ q, hasActiveContracts: true }), ['FILTERABLE ONE'])
  const { facets } = await search({ q, agency: ['4732'], status: ['Active'], facets: true })
  assert.deepEqual(
    facets?.agencies.map(({ value, label, count }) => [value, label, count]),
    [
      ['4732', 'General Services Administration (4732)', 1],
      ['9700', 'Department of Defense (9700)', 1],
    ],
  )
  assert.deepEqual(facets?.statuses, [{ value: 'Active', label: 'Active', count: 1 }])
  const byStatus = await search({ q, status: ['Active'], facets: true })
  assert.deepEqual(
    byStatus.facets?.statuses.map(({ value, count }) => [value, count]),
    [
      ['Active', 1],
      ['Expired', 1],
    ],
  )
})

test('GG-06 a firm that was absorbed is found as the one that absorbed it, by its UEI, its CAGE code and its name', async () => {
  const survivor = await make({ name: 'SURVIVING WORKS' })
  const absorbed = await make({ name: 'VANISHED FOUNDRY', cage_code: '9ZZZ9' })
  const { rows } = await admin.query('select uei from contractors.contractor_profiles where id = $1', [absorbed])
  assert.deepEqual(await names({ q: 'vanished foundry' }), ['VANISHED FOUNDRY'])
  await admin.query('update contractors.contractor_profiles set merged_into = $1 where id = $2', [survivor, absorbed])
  for (const q of [rows[0].uei, '9zzz9', 'vanished foundry', 'vanished fou']) {
    assert.deepEqual(await names({ q }), ['SURVIVING WORKS'], q)
  }
  assert.equal((await search({ q: 'vanished', facets: true })).total.count, 1)
})

test('GG-06 a former name finds the firm, and is not taken for a mistyped one', async () => {
  const id = await make({ name: 'ALTERED AFTERWARDS INC' })
  const { rows } = await admin.query('select uei from contractors.contractor_profiles where id = $1', [id])
  await admin.query(
    `insert into contractors.profile_names (uei, name, normal_name, kind, source)
    values ($1, 'LEIDOX PRIMEVAL', 'leidox primeval', 'former', 'test')`,
    [rows[0].uei],
  )
  const found = await search({ q: 'leidox' })
  assert.deepEqual(
    found.items.map(({ name }) => name),
    ['ALTERED AFTERWARDS INC'],
  )
  assert.equal(found.correctedQuery, undefined)
  assert.deepEqual(await names({ q: 'primeval lei' }), ['ALTERED AFTERWARDS INC'])
})

test('GG-06 rolled up, a firm is shown once with what its family was awarded, and sorted by that', async () => {
  const head = await make({ name: 'ROLLED HEAD', value: 10, family_uei: null })
  const { rows } = await admin.query('select uei from contractors.contractor_profiles where id = $1', [head])
  const uei = rows[0].uei
  await make({ name: 'ROLLED CHILD', value: 500, parent_uei: uei, family_uei: uei })
  await make({ name: 'ROLLED ORPHAN', value: 300, family_uei: 'ZZZZZZZZZZZZ' })
  await make({ name: 'ROLLED SINGLE', value: 400 })
  await admin.query(`update contractors.contractor_profiles set family_uei = uei where id = $1`, [head])
  await admin.query(
    `insert into contractors.families
      (uei, name, profile_count, total_contract_value, active_contracts_count, completed_contracts_count, head_id, is_named_only)
    values ($1, 'ROLLED HEAD', 2, 510, 3, 4, $2, false)`,
    [uei, head],
  )
  assert.deepEqual(await names({ q: 'rolled' }), ['ROLLED CHILD', 'ROLLED SINGLE', 'ROLLED ORPHAN', 'ROLLED HEAD'])
  const up = await search({ q: 'rolled', rollUp: true })
  assert.deepEqual(
    up.items.map(({ name }) => name),
    ['ROLLED HEAD', 'ROLLED SINGLE', 'ROLLED ORPHAN'],
  )
  assert.deepEqual(up.families, [
    {
      contractorId: head,
      uei,
      name: 'ROLLED HEAD',
      isNamedOnly: false,
      contractorCount: 2,
      totalContractValue: '510.00',
      activeContractsCount: 3,
      completedContractsCount: 4,
    },
  ])
  assert.deepEqual(await names({ q: 'rolled', rollUp: true, minValue: '450' }), ['ROLLED HEAD'])
  assert.deepEqual((await collect({ q: 'rolled', rollUp: true, limit: 1 })).length, 3)
  await admin.query('delete from contractors.families where uei = $1', [uei])
  assert.deepEqual(
    await names({ q: 'rolled head', rollUp: true, minValue: '450' }),
    [],
    'who stands for no family any more has its own value',
  )
})

test('GG-06 rolled up, a firm whose parent has no profile is shown once, under the name that sources give the parent', async () => {
  const parent = 'ZZABRADZZZZ9'
  const below = { parent_uei: parent, family_uei: parent }
  const head = await make({ name: 'GROUND STATIONS', value: 500, state: 'VA', ...below })
  const member = await make({ name: 'AIRBORNE PODS', value: 300, state: 'MD', cage_code: '7AB19', ...below })
  await make({ name: 'GROUND SINGLE', value: 600 })
  assert.equal((await names({ q: 'ground', rollUp: true })).length, 2)
  await admin.query(
    `insert into contractors.families
      (uei, name, profile_count, total_contract_value, active_contracts_count, completed_contracts_count, head_id, is_named_only)
    values ($1, 'Überseeische Werke AG', 2, 800, 3, 4, $2, true)`,
    [parent, head],
  )
  const { rows } = await admin.query('select uei from contractors.contractor_profiles where id = $1', [member])
  const found = async (q: string, more: Search = {}) =>
    (await search({ q, rollUp: true, ...more })).items.map(({ id }) => id)
  const byWhat = {
    'its own name': 'ground stations',
    'a member’s name': 'airborne',
    'the parent’s name': 'uberseeische werke',
    'the parent’s UEI': parent,
    'a member’s UEI': rows[0].uei,
    'a member’s CAGE code': '7AB19',
  }
  for (const [what, q] of Object.entries(byWhat)) assert.deepEqual(await found(q), [head], `by ${what}`)
  const hidden = await make({ name: 'GROUND SECRET', is_hidden: true, cage_code: '7AB18', ...below })
  const { rows: secret } = await admin.query('select uei from contractors.contractor_profiles where id = $1', [hidden])
  for (const q of [secret[0].uei, '7AB18']) assert.deepEqual(await found(q), [], 'nor whose family a hidden one is of')
  assert.deepEqual(
    await names({ q: 'ground', rollUp: true }),
    ['GROUND STATIONS', 'GROUND SINGLE'],
    'by the family’s value',
  )
  assert.deepEqual(await found('airborne', { minValue: '700' }), [head])
  assert.deepEqual(await found('airborne', { state: ['MD'] }), [], 'filters ask who stands for it')
  assert.deepEqual(await names({ q: 'uberseeische' }), [], 'not rolled up nobody is called so')
  assert.deepEqual((await search({ q: 'airborne', rollUp: true })).families, [
    {
      contractorId: head,
      uei: parent,
      name: 'Überseeische Werke AG',
      isNamedOnly: true,
      contractorCount: 2,
      totalContractValue: '800.00',
      activeContractsCount: 3,
      completedContractsCount: 4,
    },
  ])
  assert.deepEqual((await collect({ q: 'ground', rollUp: true, limit: 1 })).length, 2)
  await admin.query('delete from contractors.contractor_profiles where id = any($1)', [[head, member]])
})

test('GG-06 a whole search is streamed in the order of its pages, none twice, up to its limit', async () => {
  const searches: Search[] = [
    { q: 'copious' },
    { q: 'leidos', sort: 'name' },
    { q: 'copious', sort: 'name', state: ['VT'] },
  ]
  for (const asked of searches) {
    const streamed: string[] = []
    for await (const portion of iterateSearch({ db, clock: systemClock }, {}, asked))
      streamed.push(...portion.map(({ id }) => id))
    assert.equal(new Set(streamed).size, streamed.length)
    const pages = await collect({ ...asked, limit: 100 }, 12)
    assert.deepEqual(streamed.slice(0, pages.length), pages)
    if (asked.q === 'copious') assert.equal(streamed.length, asked.state ? 11_000 : 22_000)
  }
  const few: string[] = []
  for await (const portion of iterateSearch({ db, clock: systemClock }, {}, { q: 'copious' }, { limit: 1_500 }))
    few.push(...portion.map(({ name }) => name))
  assert.equal(few.length, 1_500)
  for await (const _ of iterateSearch({ db, clock: systemClock }, {}, { q: 'nobodyiscalledthis zzzz' }))
    assert.fail('nothing is found')
})

test('a cursor is good for its own search only', async () => {
  const { nextCursor } = await search({ q: 'leidos', limit: 1 })
  for (const [asked, cursor] of [
    [{ q: 'verizon' }, nextCursor],
    [{ q: 'leidos', state: ['VA'] as string[] }, nextCursor],
    [{ q: 'leidos', sort: 'name' }, nextCursor],
    [{ q: 'leidos' }, 'garbled'],
    [{ q: 'leidos' }, Buffer.from('[1,2,3]').toString('base64url')],
  ] satisfies [Search, string | null][]) {
    await assert.rejects(search({ ...asked, cursor: cursor ?? '' }), { code: 'http.cursor_invalid' })
  }
  assert.equal((await search({ q: 'leidos', limit: 2, cursor: nextCursor ?? '', facets: true })).items.length, 2)
})

test('whatever is typed is searched for, never an error', async () => {
  const hostile = [
    '%',
    '_',
    "'",
    "''",
    '"',
    '\\',
    '\\\\',
    ':*',
    '!',
    '& | !',
    '<->',
    '()',
    "a' | 'b",
    'a:*b',
    '\0',
    'a\0b',
    '🚀',
    '👩‍👩‍👧',
    '\ud800',
    '   ',
    '.',
    '---',
    "';drop table x;--",
    'é́́',
    '\u202e',
    'x'.repeat(10_000),
    'a '.repeat(5_000),
    'ǅ ﬁ ß İ',
    '\u00ad',
    '\n\t',
  ]
  for (const q of hostile) {
    const { items } = await search({ q, limit: 5, facets: true })
    assert.ok(Array.isArray(items))
  }
  assert.deepEqual(await names({ q: '&&&' }), [])
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 10 }),
      async (q, city) => {
        await search({ q, city, limit: 2 })
      },
    ),
    { numRuns: 150 },
  )
})

test('names in any script and of any length can be kept and found', async () => {
  for (const name of [
    '한'.repeat(500),
    'ﷺ'.repeat(500),
    'x'.repeat(500),
    '🚀'.repeat(500),
    `${'é'.repeat(250)} ${'ﬃ'.repeat(249)}`,
  ]) {
    const id = await make({ name, dba_name: name, legal_business_name: name })
    assert.ok(
      (await search({ q: name })).items.some(contractor => contractor.id === id),
      name.slice(0, 3),
    )
  }
})

test('the vocabulary follows every change of the names', async () => {
  const count = async (word: string) => {
    const { rows } = await admin.query('select profiles from contractors.search_words where word = $1', [word])
    return rows[0]?.profiles ?? 0
  }
  const [first] = [await make({ name: 'ZEPHYR WORKS' }), await make({ name: 'ZEPHYR YARD', dba_name: 'ZEPHYR' })]
  assert.equal(await count('zephyr'), 2)
  await admin.query(`update contractors.contractor_profiles set name = 'MISTRAL WORKS' where id = $1`, [first])
  assert.deepEqual([await count('zephyr'), await count('mistral')], [1, 1])
  await admin.query(`update contractors.contractor_profiles set total_contract_value = 1 where id = $1`, [first])
  assert.equal(await count('mistral'), 1)
  await admin.query(
    `insert into contractors.contractor_profiles (uei, name)
    select uei, name from contractors.contractor_profiles where id = $1
    on conflict (uei) do update set name = 'SIROCCO WORKS'`,
    [first],
  )
  assert.deepEqual([await count('mistral'), await count('sirocco')], [0, 1])
  await admin.query('delete from contractors.contractor_profiles where id = $1', [first])
  assert.equal(await count('sirocco'), 0)
  const { rows } = await admin.query(`
    select count(*)::int as differences
    from (
      select word, count(*)::int as profiles
      from contractors.contractor_profiles, unnest(tsvector_to_array(search_words)) as word
      where contractors.is_vocabulary(word)
      group by word
    ) as actual
    full join contractors.search_words as kept using (word)
    where actual.profiles is distinct from kept.profiles
  `)
  assert.equal(rows[0].differences, 0)
})

function search(asked: Partial<Search & SearchPart>) {
  return db.transaction({}, tx => searchContractors(tx, { limit: 25, ...asked }))
}

async function names(asked: Partial<Search & SearchPart>): Promise<string[]> {
  return (await search(asked)).items.map(contractor => contractor.name)
}

async function collect(asked: Partial<Search & SearchPart>, mostPages = 60): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  for (let page = 0; page === 0 || (cursor && page < mostPages); page++) {
    const result = await search({ ...asked, cursor })
    ids.push(...result.items.map(({ id }) => id))
    cursor = result.nextCursor ?? undefined
  }
  return ids
}

async function make({ name, value = null, ...others }: Made): Promise<string> {
  const columns = Object.keys(others)
  const { rows } = await admin.query(
    `insert into contractors.contractor_profiles (uei, name, total_contract_value${columns.map(c => `, ${c}`).join('')})
    values ($1, $2, $3${columns.map((_, index) => `, $${index + 4}`).join('')})
    returning id`,
    [
      `T${String(++made).padStart(11, '0')}`,
      name,
      value,
      ...columns.map(column => (Array.isArray(others[column]) ? JSON.stringify(others[column]) : others[column])),
    ],
  )
  return rows[0].id
}
