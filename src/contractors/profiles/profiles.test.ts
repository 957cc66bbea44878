import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandsOn, runCommand } from '#test/commands.ts'
import type { Json } from '#test/json.ts'
import { type Person, testWorld } from '#test/world.ts'
import { registerShowCommand } from './show-command.ts'

const { admin, app, alice, bob, viewer } = await testWorld()
const ids = await makeFamily()

test('GG-06 a contractor’s page tells its registration, its parent and the size of its family', async () => {
  const page = await get(alice, `/contractors/${ids.child}`)
  assert.deepEqual(page.parent, { uei: 'PARENT000001', id: ids.parent, name: 'NORTH HOLDINGS INC' })
  assert.deepEqual([page.familyUei, page.familySize], ['PARENT000001', 3])
  assert.equal(page.website, 'http://north.example')
  assert.deepEqual(page.registration, {
    source: 'sam_v2',
    registeredOn: '2001-05-08',
    activatedOn: '2025-08-27',
    expiresOn: '2026-08-25',
    isExpired: true,
    purpose: 'All awards',
    isExcluded: false,
    hasDebt: true,
  })
  assert.equal(page.awardCount, 4)
  assert.equal((await get(alice, `/contractors/${ids.lone}`)).registration, null)
})

test('GG-06 names over time tell which is the legal one now and which came before', async () => {
  const { items } = await get(viewer, `/contractors/${ids.child}/names`)
  assert.deepEqual(
    items.map((each: Json) => [each.name, each.kind, each.firstSeen, each.lastSeen, each.records, each.sources]),
    [
      ['NORTH RADAR, LLC', 'legal', '2024-01-01', '2026-01-01', 2, ['sam_v2', 'fpds_vendors']],
      ['NORTHERN SIGNALS INC', 'former', '2010-02-03', '2015-06-30', 1, ['fpds_vendors']],
      ['SIGNALS', 'dba', '2010-02-03', '2015-06-30', 1, ['fpds_vendors']],
    ],
  )
})

test('GG-06 every address is listed with its period, its districts and which one is the current', async () => {
  const { items } = await get(alice, `/contractors/${ids.child}/locations`)
  assert.deepEqual(
    items.map((each: Json) => [
      each.addressLine1,
      each.city,
      each.congressionalDistricts,
      each.isCurrent,
      each.records,
    ]),
    [
      ['1 Main St.', 'RESTON', ['11', '10'], true, 2],
      ['9 OLD RD', 'DENVER', ['01'], false, 1],
    ],
  )
})

test('GG-06 industries are told as registered, with the size that counts in each, and as awarded', async () => {
  const { items } = await get(alice, `/contractors/${ids.child}/industries`)
  const told = items.map((each: Json) => [
    each.code,
    each.isPrimary,
    each.isRegistered,
    each.size,
    each.awards,
    each.obligated,
  ])
  assert.deepEqual(told, [
    ['541512', true, true, 'small', 2, '700.00'],
    ['511210', false, false, null, 1, '50.25'],
    ['541519', false, true, 'exception', 0, '0.00'],
    ['541611', false, true, 'other', 0, '0.00'],
    ['541715', false, true, 'other', 0, '0.00'],
  ])
  const [first, old] = items
  assert.deepEqual([first.title, first.edition], ['Computer Systems Design Services', 2022])
  assert.deepEqual(
    first.groups.map((group: Json) => group.code),
    ['54', '541', '5415'],
  )
  assert.equal(old.edition, 2017)
})

test('GG-06 certifications end, and what only earlier sources state is marked as former', async () => {
  const { items } = await get(alice, `/contractors/${ids.child}/qualifications`)
  assert.deepEqual(
    items.map((each: Json) => [each.code, each.basis, each.status, each.until]),
    [
      ['XX', 'certified', 'current', '2099-01-01'],
      ['A6', 'certified', 'expired', '2019-11-08'],
      ['2X', 'stated', 'current', null],
      ['A5', 'stated', 'former', null],
    ],
  )
  assert.equal(items[0].name, 'SBA Certified HUBZone Firm')
  assert.deepEqual([items[3].firstSeen, items[3].lastSeen], ['2010-02-03', '2015-06-30'])
})

test('GG-08 awards are filtered and sorted, and each order pages without loss', async () => {
  const path = `/contractors/${ids.child}/awards`
  const piids = async (query: string) => (await get(alice, `${path}?${query}`)).items.map((each: Json) => each.piid)
  assert.deepEqual(await piids('status=active'), ['A1'])
  assert.deepEqual(await piids('status=unknown'), ['A4'])
  assert.deepEqual(await piids('agencyId=9700&sort=value'), ['A1', 'A2'])
  assert.deepEqual(await piids('naics=5112'), ['A3'])
  assert.deepEqual(await piids('year=2023'), ['A1'])
  assert.deepEqual(await piids('kind=vehicle'), ['A4'])
  assert.deepEqual(await piids('q=RADAR'), ['A1'])
  for (const sort of ['action', 'signed', 'value', 'completion']) {
    for (const order of ['desc', 'asc']) {
      const whole = await piids(`sort=${sort}&order=${order}`)
      const paged = []
      let cursor = ''
      do {
        const page = await get(alice, `${path}?sort=${sort}&order=${order}&limit=1${cursor && `&cursor=${cursor}`}`)
        paged.push(...page.items.map((each: Json) => each.piid))
        cursor = page.nextCursor ?? ''
      } while (cursor)
      assert.deepEqual(paged, whole, `${sort} ${order}`)
      assert.equal(new Set(paged).size, 4)
    }
  }
  assert.deepEqual(await piids('sort=value&order=asc'), ['A4', 'A3', 'A2', 'A1'])
  assert.equal((await alice.fetch(`${path}?sort=nonsense`)).status, 400)
})

test('GG-08 an award has its actions, and belongs to its contractor only', async () => {
  const [{ id }] = (await get(alice, `/contractors/${ids.child}/awards?q=A1`)).items
  const award = await get(alice, `/contractors/${ids.child}/awards/${id}`)
  assert.deepEqual(
    [award.piid, award.naicsTitle, award.potentialValue],
    ['A1', 'Computer Systems Design Services', '900.00'],
  )
  const first = await get(alice, `/contractors/${ids.child}/awards/${id}/actions?limit=1`)
  const second = await get(alice, `/contractors/${ids.child}/awards/${id}/actions?limit=1&cursor=${first.nextCursor}`)
  assert.deepEqual(
    [...first.items, ...second.items].map((each: Json) => [
      each.modNumber,
      each.signedDate,
      each.obligatedAmount,
      each.reason,
    ]),
    [
      ['P00001', '2024-03-01', '-20.00', 'FUNDING ONLY ACTION'],
      ['0', '2023-05-01', '520.00', null],
    ],
  )
  assert.equal(second.nextCursor, null)
  for (const path of [`/contractors/${ids.parent}/awards/${id}`, `/contractors/${ids.parent}/awards/${id}/actions`])
    assert.equal((await alice.fetch(path)).status, 404, path)
})

test('GG-08 awards are summed by quarter and fiscal year, by agency and by industry', async () => {
  const path = `/contractors/${ids.child}`
  assert.deepEqual((await get(alice, `${path}/award-totals?by=quarter`)).items, [
    { year: 2022, quarter: 4, awards: 1, obligated: '200.00' },
    { year: 2023, quarter: 2, awards: 1, obligated: '500.00' },
    { year: 2024, quarter: 1, awards: 1, obligated: '50.25' },
  ])
  assert.deepEqual(
    (await get(alice, `${path}/award-totals?by=fiscal_year`)).items.map((each: Json) => [each.year, each.awards]),
    [
      [2023, 2],
      [2024, 1],
    ],
  )
  assert.deepEqual(await get(alice, `${path}/award-breakdown?by=agency`), {
    items: [
      { key: '9700', label: 'DEPT OF DEFENSE', awards: 2, active: 1, obligated: '700.00' },
      {
        key: '8000',
        label: 'National Aeronautics and Space Administration (8000)',
        awards: 2,
        active: 0,
        obligated: '50.25',
      },
    ],
    others: null,
  })
  const industries = await get(alice, `${path}/award-breakdown?by=naics`)
  assert.deepEqual(
    industries.items.map((each: Json) => each.key),
    ['541512', '511210', null],
  )
  const recode = (from: string, to: string) =>
    admin.query('update contractors.awards set naics_code = $2 where naics_code = $1', [from, to])
  await recode('511210', '541710')
  const { items: older } = await get(alice, `${path}/award-breakdown?by=naics`)
  assert.equal(older[1]?.label, 'NAICS 541710, of an edition before 2017', 'no title is known, and that is said')
  await recode('541710', '511210')
  const worth = (await admin.query(`select id, total_obligated from contractors.awards where agency_id = '8000'`)).rows
  await admin.query(`update contractors.awards set total_obligated = null where agency_id = '8000'`)
  const { items: unsaid } = await get(alice, `${path}/award-breakdown?by=agency`)
  assert.deepEqual([unsaid[1]?.awards, unsaid[1]?.obligated], [2, null], 'what no award says is not nothing')
  for (const { id, total_obligated } of worth) {
    await admin.query('update contractors.awards set total_obligated = $2 where id = $1', [id, total_obligated])
  }
  const many = await get(alice, `/contractors/${ids.parent}/award-breakdown?by=agency`)
  assert.equal(many.items.length, 10)
  assert.deepEqual(many.others, { count: 2, awards: 2, active: 0, obligated: '3.00' })
})

test('GG-08 awards are summed by where they are performed, and those of unknown place are told', async () => {
  await admin.query(`
    update contractors.awards set place_country = 'USA', place_state = 'MD', place_city = 'LAUREL' where piid = 'A1';
    update contractors.awards set place_country = 'DEU', place_state = 'BY' where piid = 'A2'`)
  assert.deepEqual(await get(viewer, `/contractors/${ids.child}/performance-places`), {
    states: [{ state: 'MD', awards: 1, active: 1, obligated: '500.00', cities: [{ city: 'LAUREL', awards: 1 }] }],
    abroad: [{ country: 'DEU', awards: 1, active: 0, obligated: '200.00' }],
    unknown: { awards: 2, active: 0, obligated: '50.25' },
  })
})

test('GG-06 the command line shows a contractor by UEI or id, as text or as JSON', async () => {
  const show = async (...given: string[]) =>
    (await runCommand(commandsOn(app, registerShowCommand), ['show', ...given])).written
  const text = await show('ch1ld0000002')
  assert.match(text, /^NORTH RADAR, LLC\n/)
  assert.match(text, / parent +NORTH HOLDINGS INC \(PARENT000001\)/)
  assert.match(text, / other names +NORTHERN SIGNALS INC \(former\)/)
  const shown = JSON.parse(await show(ids.child, '--json'))
  assert.deepEqual([shown.uei, shown.names.length, shown.agencies.items.length], ['CH1LD0000002', 3, 2])
  await assert.rejects(show('H1DDEN000009'), { code: 'contractors.contractor_not_found' })
  await assert.rejects(show('nonsense'), { code: 'commander.invalidArgument' })
})

test('GG-08 the family is told with parents, children and siblings, and pages by dollars', async () => {
  const family = await get(alice, `/contractors/${ids.child}/family`)
  assert.deepEqual([family.uei, family.name, family.profileCount], ['PARENT000001', 'NORTH HOLDINGS INC', 3])
  assert.deepEqual(
    family.ancestors.map((each: Json) => each.id),
    [ids.parent],
  )
  assert.deepEqual(
    family.siblings.map((each: Json) => each.id),
    [ids.sibling],
  )
  const above = await get(alice, `/contractors/${ids.parent}/family`)
  assert.deepEqual([above.ancestors, above.siblings], [[], []])
  assert.deepEqual(
    above.children.map((each: Json) => each.id),
    [ids.child, ids.sibling],
  )
  const stranger = await get(alice, `/contractors/${ids.orphan}/family`)
  assert.deepEqual(
    stranger.ancestors.map((each: Json) => [each.id, each.uei, each.name]),
    [[null, 'UNKNWN000009', 'ABROAD AG']],
  )
  const first = await get(alice, `/contractors/${ids.child}/family-members?limit=2`)
  const rest = await get(alice, `/contractors/${ids.child}/family-members?limit=2&cursor=${first.nextCursor}`)
  assert.deepEqual(
    [...first.items, ...rest.items].map((each: Json) => each.id),
    [ids.parent, ids.child, ids.sibling],
  )
})

test('GG-08 what sources say otherwise is told beside the value that the profile has', async () => {
  const { items } = await get(alice, `/contractors/${ids.child}/values`)
  const city = items.find((each: Json) => each.field === 'city')
  assert.deepEqual(
    city.values.map((each: Json) => [each.value, each.isCurrent, each.sources]),
    [
      ['RESTON', true, ['sam_v2', 'fpds_vendors']],
      ['DENVER', false, ['fpds_vendors']],
    ],
  )
})

test('GG-07 a raw record is shown as its source published it, to its own contractor only', async () => {
  const { items } = await get(alice, `/contractors/${ids.child}/records?source=sam_v2`)
  assert.equal(items.length, 1)
  const record = await get(alice, `/contractors/${ids.child}/records/${items[0].id}`)
  assert.equal(record.data.naics_code_string, '541512Y~541611N~541519E~541715E')
  assert.equal((await alice.fetch(`/contractors/${ids.parent}/records/${items[0].id}`)).status, 404)
})

test('GG-15 each change of a profile is written down with what it was before, and pages', async () => {
  await admin.query(
    `update contractors.contractor_profiles set city = 'HERNDON', average_contract_value = 3 where id = $1`,
    [ids.lone],
  )
  await admin.query(
    `update contractors.contractor_profiles set total_contract_value = 99.5, active_contracts_count = 2 where id = $1`,
    [ids.lone],
  )
  await admin.query(`update contractors.contractor_profiles set updated_at = now() where id = $1`, [ids.lone])
  const first = await get(bob, `/contractors/${ids.lone}/changes?limit=1`)
  assert.deepEqual(first.items[0].changes, [
    { field: 'totalContractValue', before: '40.00', after: '99.50' },
    { field: 'activeContractsCount', before: 0, after: 2 },
  ])
  const second = await get(bob, `/contractors/${ids.lone}/changes?limit=1&cursor=${first.nextCursor}`)
  assert.deepEqual(
    [second.items[0].changes, second.nextCursor],
    [[{ field: 'city', before: null, after: 'HERNDON' }], null],
  )
  assert.equal((await get(bob, `/contractors/${ids.lone}/changes?field=city`)).items.length, 1)
  const { rows } = await admin.query(
    `select count(*)::int as n from platform.month_partition_horizons
     where table_name = 'contractors.profile_changes' and not is_short`,
  )
  assert.equal(rows[0].n, 1, 'the daily job makes its partitions')
})

test('GG-15 of a profile that is hidden only that is written down', async () => {
  await admin.query(`update contractors.contractor_profiles set is_hidden = true, city = null where id = $1`, [
    ids.hidden,
  ])
  const { rows } = await admin.query(`select changes from contractors.profile_changes where profile_id = $1`, [
    ids.hidden,
  ])
  assert.deepEqual(rows, [{ changes: { isHidden: [false, true] } }])
})

test('GG-08 similar contractors are told with reasons, and never one of the same family', async () => {
  const { items } = await get(alice, `/contractors/${ids.child}/similar`)
  assert.deepEqual(
    items.map((each: Json) => each.id),
    [ids.lone],
  )
  assert.deepEqual(
    items[0].reasons.map((each: Json) => each.text),
    [
      'Same industry: Computer Systems Design Services',
      'Both hold: SBA Certified HUBZone Firm',
      'Both work for DEPT OF DEFENSE',
      'In the same state',
      'Dollars in awards of the same order',
    ],
  )
  assert.equal(
    items[0].score,
    items[0].reasons.reduce((sum: number, each: Json) => sum + each.weight, 0),
  )
})

test('GG-08 a merged contractor says into which one, and its records are that one’s', async () => {
  const page = await get(alice, `/contractors/${ids.merged}`)
  assert.deepEqual(page.mergedInto, { id: ids.lone, name: 'LONE STAR SYSTEMS', uei: 'L0NE00000005' })
  const survivor = await get(alice, `/contractors/${ids.lone}`)
  assert.deepEqual(
    survivor.absorbed.map((each: Json) => each.id),
    [ids.merged],
  )
  assert.deepEqual(
    (await get(alice, `/contractors/${ids.lone}/awards`)).items.map((each: Json) => each.piid),
    ['M1', 'L1'],
  )
})

test('GG-06 no part of a hidden or unknown contractor is told, and nobody reads without permission', async () => {
  const parts = [
    '',
    '/names',
    '/locations',
    '/performance-places',
    '/industries',
    '/qualifications',
    '/awards',
    `/awards/${ids.child}`,
    `/awards/${ids.child}/actions`,
    '/award-totals',
    '/award-breakdown',
    '/family',
    '/family-members',
    '/similar',
    '/values',
    '/records',
    `/records/${ids.child}`,
    '/changes',
  ]
  for (const part of parts) {
    for (const id of [ids.hidden, '11111111-1111-4111-8111-111111111111']) {
      const response = await alice.fetch(`/contractors/${id}${part}`)
      assert.deepEqual([response.status, (await response.json()).code], [404, 'contractors.contractor_not_found'], part)
    }
    assert.equal((await alice.fetch(`/contractors/nonsense${part}`)).status, 400, part)
    if (!part.includes(ids.child))
      assert.equal((await viewer.fetch(`/contractors/${ids.child}${part}`)).status, 200, part)
  }
})

test('GG-06 how a list without identifiers spells a contractor is no former legal name of it', async () => {
  await admin.query(`
    insert into contractors.mentions (id, source, name, status, profile_id)
    values ('0e000000-0000-4000-8000-000000000001', 'award_list', 'Northern Radars', 'accepted', '${ids.child}');
    insert into contractors.observations (id, uei, source, fields)
    values ('0e000000-0000-4000-8000-000000000002', 'CH1LD0000002', 'award_list', '{"legalBusinessName": "Northern Radars"}');
    insert into contractors.contractors (id, source, source_id, data, uei, mention_id, observation_id, observed_on, content_hash)
    values ('0e000000-0000-7000-8000-000000000003', 'award_list', 'l1', '{}', 'CH1LD0000002',
      '0e000000-0000-4000-8000-000000000001', '0e000000-0000-4000-8000-000000000002', '2025-02-11', gen_random_uuid())`)
  const { items } = await get(viewer, `/contractors/${ids.child}/names`)
  assert.deepEqual(
    items.map((each: Json) => [each.name, each.kind, each.isCurrent]),
    [
      ['NORTH RADAR, LLC', 'legal', true],
      ['Northern Radars', 'alternative', false],
      ['NORTHERN SIGNALS INC', 'former', false],
      ['SIGNALS', 'dba', false],
    ],
  )
})

async function get(person: Person, path: string): Promise<Json> {
  const response = await person.fetch(path)
  assert.equal(response.status, 200, `${path}: ${response.status} ${await response.clone().text()}`)
  return await response.json()
}

async function makeFamily() {
  const profile = async (values: Record<string, unknown>) => {
    const names = Object.keys(values)
    const { rows } = await admin.query(
      `insert into contractors.contractor_profiles (${names.join(', ')})
       values (${names.map((_, index) => `$${index + 1}`).join(', ')}) returning id`,
      Object.values(values).map(value => (value !== null && typeof value === 'object' ? JSON.stringify(value) : value)),
    )
    return rows[0].id as string
  }
  await admin.query(`
    insert into contractors.naics_codes (code, edition, level, title, parent_code) values
      ('54', 2022, 2, 'Professional, Scientific, and Technical Services', null),
      ('541', 2022, 3, 'Professional Services', '54'),
      ('5415', 2022, 4, 'Computer Systems Design and Related Services', '541'),
      ('54151', 2022, 5, 'Computer Systems Design and Related Services', '5415'),
      ('541512', 2022, 6, 'Computer Systems Design Services', '54151'),
      ('541512', 2017, 6, 'Computer Systems Design Services of old', '54151'),
      ('511210', 2017, 6, 'Software Publishers', '51121')
    on conflict (code, edition) do update set title = excluded.title, level = excluded.level, parent_code = excluded.parent_code;
    insert into contractors.business_types (code, name, category) values
      ('XX', 'SBA Certified HUBZone Firm', 'sba_certified'), ('A6', 'SBA Certified 8(a)', 'sba_certified'),
      ('2X', 'For Profit Organization', 'profit_structure'), ('A5', 'Veteran-Owned Business', 'socioeconomic')
    on conflict (code) do update set name = excluded.name, category = excluded.category;
    insert into contractors.imports (source, file_name, status) values ('fpds_idv', 'x.csv', 'done')`)
  const ids = {
    parent: await profile({
      uei: 'PARENT000001',
      name: 'NORTH HOLDINGS INC',
      family_uei: 'PARENT000001',
      total_contract_value: 5000,
    }),
    child: await profile({
      uei: 'CH1LD0000002',
      name: 'NORTH RADAR, LLC',
      legal_business_name: 'NORTH RADAR, LLC',
      parent_uei: 'PARENT000001',
      family_uei: 'PARENT000001',
      address_line_1: '1 MAIN ST',
      city: 'RESTON',
      state: 'VA',
      zip_code: '20190-1234',
      naics_code: '541512',
      naics_description: 'Computer Systems Design Services',
      business_types: ['2X'],
      certifications: { XX: '2099-01-01', A6: '2019-11-08' },
      total_contract_value: 750.25,
      metadata: { website: 'http://north.example', parentUei: 'PARENT000001' },
      field_sources: { '0a000000-0000-7000-8000-000000000001': ['city', 'addressLine1'] },
    }),
    sibling: await profile({
      uei: 'S1BL1NG00003',
      name: 'NORTH OPTICS LLC',
      parent_uei: 'PARENT000001',
      family_uei: 'PARENT000001',
      naics_code: '541512',
      total_contract_value: 10,
    }),
    orphan: await profile({
      uei: 'RPHAN0000004',
      name: 'DAUGHTER OF STRANGERS',
      parent_uei: 'UNKNWN000009',
      family_uei: 'UNKNWN000009',
      metadata: { parentUei: 'UNKNWN000009', parentName: 'ABROAD AG' },
    }),
    lone: await profile({
      uei: 'L0NE00000005',
      name: 'LONE STAR SYSTEMS',
      family_uei: 'L0NE00000005',
      state: 'VA',
      naics_code: '541512',
      naics_description: 'Computer Systems Design Services',
      certifications: { XX: '2098-01-01' },
      total_contract_value: 40,
    }),
    hidden: await profile({
      uei: 'H1DDEN000006',
      name: 'SHY LLC',
      is_hidden: false,
      city: 'AUSTIN',
      naics_code: '541512',
    }),
    merged: '',
  }
  ids.merged = await profile({
    uei: 'MERGED000007',
    name: 'LONE STAR SYS',
    merged_into: ids.lone,
    naics_code: '541512',
  })
  await admin.query(`
    insert into contractors.families (uei, name, profile_count, total_contract_value, active_contracts_count, completed_contracts_count,
      head_id, is_named_only)
    values ('PARENT000001', 'NORTH HOLDINGS INC', 3, 5760.25, 1, 2, '${ids.parent}', false);
    insert into contractors.observations (id, uei, source, fields) values
      ('00000000-0000-4000-8000-000000000001', 'CH1LD0000002', 'sam_v2', '{"legalBusinessName": "NORTH RADAR, LLC",
        "street": {"addressLine1": "1 Main St."}, "city": "RESTON", "state": "VA", "zipCode": "20190-1234", "congressionalDistrict": "11",
        "businessTypes": ["2X"], "certifications": {"XX": "2099-01-01", "A6": "2019-11-08"}}'),
      ('00000000-0000-4000-8000-000000000002', 'CH1LD0000002', 'fpds_vendors', '{"legalBusinessName": "NORTH RADAR LLC",
        "street": {"addressLine1": "1 MAIN ST"}, "city": "RESTON", "state": "VA", "zipCode": "20190", "congressionalDistrict": "10"}'),
      ('00000000-0000-4000-8000-000000000003', 'CH1LD0000002', 'fpds_vendors', '{"legalBusinessName": "NORTHERN SIGNALS INC", "dbaName": "SIGNALS",
        "street": {"addressLine1": "9 OLD RD"}, "city": "DENVER", "state": "CO", "zipCode": "80201", "congressionalDistrict": "01", "businessTypes": ["A5"]}');
    insert into contractors.contractors (id, source, source_id, data, uei, observation_id, observed_on, content_hash) values
      ('0a000000-0000-7000-8000-000000000001', 'sam_v2', 'CH1LD0000002', '{"initial_registration_date": "20010508", "activation_date": "20250827",
        "registration_expiration_date": "20260825", "purpose_of_registration": "Z2", "sam_extract_code": "E", "debt_subject_to_offset_flag": "Y",
        "naics_code_string": "541512Y~541611N~541519E~541715E", "naics_exception_string": "541519NY  ~541715NNNN"}',
        'CH1LD0000002', '00000000-0000-4000-8000-000000000001', '2026-01-01', gen_random_uuid()),
      ('0a000000-0000-7000-8000-000000000002', 'fpds_vendors', 'v2', '{"first_signed": "2024-01-01"}',
        'CH1LD0000002', '00000000-0000-4000-8000-000000000002', '2025-01-01', gen_random_uuid()),
      ('0a000000-0000-7000-8000-000000000003', 'fpds_vendors', 'v3', '{"first_signed": "2010-02-03"}',
        'CH1LD0000002', '00000000-0000-4000-8000-000000000003', '2015-06-30', gen_random_uuid()),
      ('0a000000-0000-7000-8000-000000000004', 'fpds_idv', '9700|A1|||0', '{"mod_number": "0", "signed_date": "2023-05-01",
        "obligated_amount": "520.00"}', 'CH1LD0000002', null, '2023-05-01', gen_random_uuid()),
      ('0a000000-0000-7000-8000-000000000005', 'fpds_idv', '9700|A1|||P00001', '{"mod_number": "P00001", "signed_date": "2024-03-01",
        "obligated_amount": "-20.00", "reason_mod_desc": "FUNDING ONLY ACTION"}', 'CH1LD0000002', null, '2024-03-01', gen_random_uuid());
    insert into contractors.awards
      (id, uei, kind, agency_id, agency_name, piid, naics_code, description, signed_date, last_action_date, completion_date,
       total_obligated, potential_value, record_id)
    values
      (gen_random_uuid(), 'CH1LD0000002', 'award', '9700', 'DEPT OF DEFENSE', 'A1', '541512', 'Radar work', '2023-05-01', '2024-03-01', '2124-02-01', 500, 900, gen_random_uuid()),
      (gen_random_uuid(), 'CH1LD0000002', 'award', '9700', 'DEPT OF DEFENSE', 'A2', '541512', null, '2022-11-01', '2022-11-01', '2023-02-01', 200, null, gen_random_uuid()),
      (gen_random_uuid(), 'CH1LD0000002', 'award', '8000', null, 'A3', '511210', null, '2024-01-01', null, '2024-02-01', 50.25, null, gen_random_uuid()),
      (gen_random_uuid(), 'CH1LD0000002', 'vehicle', '8000', null, 'A4', null, null, null, null, null, null, null, gen_random_uuid()),
      (gen_random_uuid(), 'L0NE00000005', 'award', '9700', 'DEPT OF DEFENSE', 'L1', '541512', null, '2022-11-01', '2022-11-01', null, 40, null, gen_random_uuid()),
      (gen_random_uuid(), 'MERGED000007', 'award', '9700', 'DEPT OF DEFENSE', 'M1', '541512', null, '2022-12-01', '2022-12-01', null, null, null, gen_random_uuid());
    insert into contractors.awards (id, uei, kind, agency_id, piid, total_obligated, record_id)
    select gen_random_uuid(), 'PARENT000001', 'award', '10' || n, 'P' || n, n, gen_random_uuid() from generate_series(1, 12) as n;
    update contractors.contractor_profiles set award_agencies = '{9700}' where uei in ('CH1LD0000002', 'L0NE00000005')`)
  return ids
}
