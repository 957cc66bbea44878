import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '#test/json.ts'
import { type Person, testWorld } from '#test/world.ts'
import { contractorsModule } from './module.ts'

const { admin, alice, bob, viewer } = await testWorld()

const [leidos, verizon] = await makeContractors()

test('GG-06 the search answers a page with facets, total and correction', async () => {
  const page = await get(alice, '/contractors?q=leidso&facets=true')
  assert.equal(page.correctedQuery, 'leidos')
  assert.deepEqual(page.total, { count: 1, capped: false })
  assert.equal(page.nextCursor, null)
  assert.deepEqual(page.facets.states, [{ value: 'VA', label: 'Virginia', count: 1 }])
  const [found] = page.items
  assert.equal(found.id, leidos)
  assert.equal(found.totalContractValue, '500.10')
  assert.equal(found.addressLine1, '1750 PRESIDENTS ST')
  assert.equal(found.employeeCount, null)
  assert.deepEqual(found.businessTypes, ['2X', 'XX'])
  assert.equal((await get(viewer, '/contractors?q=verizn&limit=1')).items[0].id, verizon)
  assert.equal((await get(bob, '/contractors?businessType=2X&businessType=XX')).items.length, 1)
  assert.equal((await get(bob, '/contractors?state=VA&state=MD&naics=54&naics=51')).items.length, 0)
  assert.equal((await get(bob, '/contractors?state=va&state=MD')).items.length, 2)
  assert.equal((await get(bob, '/contractors?state=MD')).items.length, 0)
})

test('the search refuses with 400 what it cannot take and answers everything else', async () => {
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=x',
    'cursor=%00',
    'cursor=abc',
    'naics=5',
    'naics=54151234',
    'naics=54%25',
    'state=VIR',
    'minValue=1e9',
    'minValue=,5',
    'maxValue=--1',
    'facets=maybe',
    'unknown=1',
    `q=${'x'.repeat(501)}`,
    `q=${'x'.repeat(10_000)}`,
  ]) {
    const response = await alice.fetch(`/contractors?${query}`)
    assert.equal(response.status, 400, query)
    assert.match(response.headers.get('content-type') ?? '', /problem\+json/)
  }
  for (const q of ['%', "'", '"', '\\', '🚀', ':*', '()', "' or 1=1 --", '<script>', '   ', '&&&', '\u202e']) {
    assert.equal((await alice.fetch(`/contractors?facets=true&q=${encodeURIComponent(q)}`)).status, 200, q)
  }
  assert.ok((await alice.fetch('/contractors?q=%00')).status < 500)
  assert.ok((await alice.fetch('/contractors?q=%ED%A0%80')).status < 500)
  const first = await get(alice, '/contractors?limit=1')
  const next = await alice.fetch(`/contractors?limit=1&q=other&cursor=${first.nextCursor}`)
  assert.equal(next.status, 400)
  assert.equal((await next.json()).code, 'http.cursor_invalid')
  assert.equal((await get(alice, `/contractors?limit=1&cursor=${first.nextCursor}`)).items.length, 1)
})

test('GG-08 a contractor says which record gave which field', async () => {
  const page = await get(alice, `/contractors/${leidos}`)
  const byUei = await get(alice, '/contractors/by-uei/f1rst00a1b11')
  assert.deepEqual(byUei, page)
  assert.deepEqual(Object.keys(page.sources).sort(), [
    'activeContractsCount',
    'completedContractsCount',
    'name',
    'state',
    'totalContractValue',
  ])
  assert.deepEqual([page.sources.name.source, page.sources.name.sourceId], ['entities', 'F1RST00A1B11'])
  assert.deepEqual([page.sources.totalContractValue.source, page.sources.totalContractValue.sourceId], ['awards', null])
  assert.deepEqual(page.businessTypeLabels, [{ code: '2X', name: 'For Profit Organization' }])
  assert.deepEqual(
    page.records.map((record: { sourceId: string }) => record.sourceId),
    ['F1RST00A1B11'],
  )
  assert.equal(page.recordCount, 1)
  const missing = await alice.fetch('/contractors/11111111-1111-4111-8111-111111111111')
  assert.deepEqual([missing.status, (await missing.json()).code], [404, 'contractors.contractor_not_found'])
  assert.equal((await alice.fetch('/contractors/by-uei/ZZZZZZZZZZZZ')).status, 404)
  assert.equal((await alice.fetch('/contractors/nonsense')).status, 400)
})

test('GG-08 awards are paged by their latest action and summed by year', async () => {
  const pages = []
  let cursor = ''
  do {
    const page = await get(alice, `/contractors/${leidos}/awards?limit=1${cursor && `&cursor=${cursor}`}`)
    pages.push(...page.items)
    cursor = page.nextCursor ?? ''
  } while (cursor)
  assert.deepEqual(
    pages.map(award => [award.piid, award.totalObligated, award.status, award.lastActionDate]),
    [
      ['P3', '300.05', 'active', '2024-06-01'],
      ['P1', '100.05', 'completed', '2024-01-01'],
      ['P2', '100.00', null, null],
    ],
  )
  assert.deepEqual((await get(alice, `/contractors/${leidos}/award-totals`)).items, [
    { year: 2023, awards: 1, obligated: '100.05' },
    { year: 2024, awards: 2, obligated: '400.05' },
  ])
})

test('GG-10 a list is made, filled, changed and deleted, and nobody of another tenant sees it', async () => {
  const created = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Prime', color: '#0b7285' } })
  assert.equal(created.status, 201)
  const list = await created.json()
  assert.deepEqual([list.itemCount, list.totalValue, list.isMine, list.ownerId], [0, '0.00', true, alice.userId])

  const added = await alice.fetch(`/contractor-lists/${list.id}/items`, {
    method: 'POST',
    body: { uei: 'F1RST00A1B11', rating: 4, tags: ['cyber'] },
  })
  assert.equal(added.status, 201)
  const item = await added.json()
  assert.deepEqual([item.contractor.name, item.contractorId, item.rating], ['LEIDOS, INC.', leidos, 4])
  const again = await alice.fetch(`/contractor-lists/${list.id}/items`, {
    method: 'POST',
    body: { contractorId: leidos },
  })
  assert.deepEqual([again.status, (await again.json()).code], [409, 'contractors.already_in_list'])
  for (const body of [{}, { uei: 'F1RST00A1B11', contractorId: leidos }, { contractorId: leidos, rating: 6 }]) {
    assert.equal((await alice.fetch(`/contractor-lists/${list.id}/items`, { method: 'POST', body })).status, 400)
  }
  assert.deepEqual((await get(alice, `/contractors/${leidos}/lists`)).items, [
    { id: list.id, name: 'Prime', itemId: item.id },
  ])

  const read = await alice.fetch(`/contractor-lists/${list.id}`)
  const etag = read.headers.get('etag') ?? ''
  assert.equal((await read.json()).totalValue, '500.10')
  const patched = await alice.fetch(`/contractor-lists/${list.id}`, {
    method: 'PATCH',
    body: { description: 'first choice' },
    headers: { 'if-match': etag },
  })
  assert.equal(patched.status, 200)
  const late = await alice.fetch(`/contractor-lists/${list.id}`, {
    method: 'PATCH',
    body: { name: 'late' },
    headers: { 'if-match': etag },
  })
  assert.equal(late.status, 412)
  const fresh = { 'if-match': patched.headers.get('etag') ?? '' }
  const renamed = await alice.fetch(`/contractor-lists/${list.id}`, {
    method: 'PATCH',
    body: { name: 'x' },
    headers: fresh,
  })
  assert.equal(renamed.status, 200)

  for (const person of [bob, viewer]) {
    assert.equal((await person.fetch(`/contractor-lists/${list.id}`)).status, 404)
    assert.equal((await person.fetch(`/contractor-lists/${list.id}/items`)).status, 404)
    assert.deepEqual((await get(person, `/contractors/${leidos}/lists`)).items, [])
  }
  const path = `/contractor-lists/${list.id}/items/${item.id}`
  assert.equal((await bob.fetch(path, { method: 'PATCH', body: { rating: 1 } })).status, 404)
  assert.equal((await bob.fetch(path, { method: 'DELETE' })).status, 404)
  assert.equal((await bob.fetch(`/contractor-lists/${list.id}`, { method: 'DELETE' })).status, 404)
  assert.equal((await get(alice, `/contractor-lists/${list.id}/items`)).items[0].rating, 4)

  const [listed] = (await get(alice, `/contractor-lists/${list.id}/items`)).items
  assert.equal(listed.etag, added.headers.get('etag'))
  const note = (notes: string, etag: string) =>
    alice.fetch(path, { method: 'PATCH', body: { notes }, headers: { 'if-match': etag } })
  const noted = await note('first', listed.etag)
  assert.equal(noted.status, 200)
  const overwritten = await note('second', listed.etag)
  assert.deepEqual([overwritten.status, (await overwritten.json()).code], [412, 'http.changed_meanwhile'])
  assert.equal((await get(alice, `/contractor-lists/${list.id}/items`)).items[0].notes, 'first')
  assert.equal((await note('second', noted.headers.get('etag') ?? '')).status, 200)

  assert.equal((await alice.fetch(path, { method: 'DELETE' })).status, 204)
  assert.equal((await alice.fetch(`/contractor-lists/${list.id}`, { method: 'DELETE' })).status, 204)
  assert.equal((await alice.fetch(`/contractor-lists/${list.id}`)).status, 404)
})

test('a viewer reads lists and changes none, not even a favourite', async () => {
  const favourites = (await get(viewer, '/contractor-lists')).items[0]
  assert.deepEqual([favourites.isDefault, favourites.isMine], [true, true])
  const refused = await viewer.fetch(`/contractor-lists/${favourites.id}/items`, {
    method: 'POST',
    body: { contractorId: leidos },
  })
  assert.equal(refused.status, 403)
  const mine = (await get(alice, '/contractor-lists')).items[0]
  const deleted = await alice.fetch(`/contractor-lists/${mine.id}`, { method: 'DELETE' })
  assert.deepEqual([deleted.status, (await deleted.json()).code], [409, 'contractors.default_list_stays'])
})

test('nobody reaches a route of contractors without signing in, but for a list that was shared by a link', async () => {
  const anonymous = (alice.fetch as Person['fetch']).bind(undefined)
  for (const { method, path, allow } of contractorsModule.routes) {
    if (allow === 'public') {
      assert.match(path, /^\/shared-lists/)
      continue
    }
    const filled = path.replace('{uei}', 'F1RST00A1B11').replaceAll(/\{\w+\}/g, leidos)
    const response = await anonymous(filled, { method, headers: { authorization: 'Bearer none' } })
    assert.equal(response.status, 401, `${method} ${path}`)
  }
})

async function get(person: Person, path: string): Promise<Json> {
  const response = await person.fetch(path)
  assert.equal(response.status, 200, `${path}: ${response.status}`)
  return await response.json()
}

async function makeContractors(): Promise<[string, string]> {
  const { rows } = await admin.query(`
    insert into contractors.contractor_profiles
      (uei, name, address_line_1, state, total_contract_value, business_types, active_contracts_count,
      completed_contracts_count, field_sources)
    values
      ('F1RST00A1B11', 'LEIDOS, INC.', '1750 PRESIDENTS ST', 'VA', 500.10, '["2X", "XX"]', 1, 1,
      '{"11111111-1111-7111-8111-111111111111": ["name", "state"]}'),
      ('SEC0ND0A2222', 'VERIZON FEDERAL INC.', null, 'VA', null, '["2X"]', 0, 0, '{}')
    returning id
  `)
  await admin.query(`
    insert into contractors.business_types values ('2X', 'For Profit Organization', 'profit_structure') on conflict do nothing;
    insert into contractors.contractors (id, source, source_id, data, uei, content_hash)
    values ('11111111-1111-7111-8111-111111111111', 'entities', 'F1RST00A1B11', '{}', 'F1RST00A1B11', gen_random_uuid());
    insert into contractors.awards
      (id, uei, kind, agency_id, piid, signed_date, last_action_date, completion_date, total_obligated, record_id)
    values
      (gen_random_uuid(), 'F1RST00A1B11', 'award', '9700', 'P1', '2023-05-01', '2024-01-01', '2024-02-01', 100.05, gen_random_uuid()),
      (gen_random_uuid(), 'F1RST00A1B11', 'award', '9700', 'P2', '2024-05-01', null, null, 100, gen_random_uuid()),
      (gen_random_uuid(), 'F1RST00A1B11', 'award', '9700', 'P3', '2024-06-01', '2024-06-01', '2124-02-01', 300.05, gen_random_uuid());
  `)
  return [rows[0].id, rows[1].id]
}
