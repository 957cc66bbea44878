import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import type { Json } from '#test/json.ts'
import { type Person, testWorld } from '#test/world.ts'
import { addSearchToList } from './search-additions.ts'

const world = await testWorld()
const { alice, bob, viewer, admin } = world
for (let i = 0; i < 30; i++) {
  await admin.query(
    `insert into contractors.contractor_profiles (uei, name, state, total_contract_value) values ($1, $2, $3, $4)`,
    [ueiOf(i), `HARBOR WORKS ${i}`, i % 2 ? 'VA' : 'MD', `${1000 - i}.00`],
  )
}

type Answer = { status: number; body: Json; etag: string | null }

test('GG-10 many contractors go into a list by one request, whose repetition changes nothing', async () => {
  const list = await makeList(alice, 'Many')
  const text = [0, 1, 2].map(ueiOf).join('\n')
  const trial = await call(alice, 'POST', `${list}/additions`, { text, trial: true })
  assert.deepEqual([trial.status, trial.body.added], [200, 3])
  assert.equal((await call(alice, 'GET', list)).body.itemCount, 0)
  const added = await call(alice, 'POST', `${list}/additions`, { text, tags: ['t'], rating: 2 })
  assert.deepEqual([added.status, added.body.added, added.body.itemIds.length], [200, 3, 3])
  assert.equal((await call(alice, 'POST', `${list}/additions`, { text })).body.added, 0)
  for (const body of [{}, { text, contractorIds: added.body.itemIds }]) {
    assert.equal((await call(alice, 'POST', `${list}/additions`, body)).body.code, 'contractors.one_selection_needed')
  }
  const other = await makeList(alice, 'From the other')
  assert.equal((await call(alice, 'POST', `${other}/additions`, { listId: list.split('/').at(-1) })).body.added, 3)
  const { items } = (await call(alice, 'GET', `${list}/items?tag=t&minRating=2&state=MD&sort=name`)).body
  assert.deepEqual(
    items.map((item: { contractor: { name: string } }) => item.contractor.name),
    ['HARBOR WORKS 0', 'HARBOR WORKS 2'],
  )
})

test('GG-10 all that a search finds goes into a list by a job that tells how far it is, the best on top', async () => {
  const list = await makeList(alice, 'Found')
  await call(alice, 'POST', `${list}/items`, { uei: ueiOf(0) })
  const asked = await call(alice, 'POST', `${list}/search-additions`, { search: { q: 'harbor', state: ['MD'] } })
  assert.deepEqual([asked.status, asked.body.status], [202, 'queued'])
  const path = `${list}/search-additions/${asked.body.id}`
  assert.equal((await call(viewer, 'GET', path)).status, 404, 'it is the asker’s own')
  assert.equal((await call(bob, 'GET', path)).status, 404)
  const listed = async (person: Person) => (await call(person, 'GET', `${list}/search-additions`)).body.items
  assert.deepEqual(await listed(alice), [asked.body])
  await call(alice, 'PATCH', list, { isPublic: true })
  assert.deepEqual(await listed(viewer), [], 'who sees the list sees his own alone')
  assert.equal((await call(bob, 'GET', `${list}/search-additions`)).status, 404)
  await runJobs(world)
  const state = await call(alice, 'GET', path)
  assert.deepEqual(await listed(alice), [state.body], 'what became of it is told for a day')
  assert.deepEqual(
    [state.body.status, state.body.lookedAt, state.body.added, state.body.alreadyIn],
    ['done', 15, 14, 1],
  )
  await admin.query(`update contractors.contractor_list_additions set finished_at = now() - interval '25 hours'`)
  assert.deepEqual(await listed(alice), [])
  const { items } = (await call(alice, 'GET', `${list}/items?sort=manual&limit=100`)).body
  assert.equal(items.length, 15)
  assert.deepEqual(
    items.slice(0, 3).map((item: { contractor: { name: string } }) => item.contractor.name),
    ['HARBOR WORKS 2', 'HARBOR WORKS 4', 'HARBOR WORKS 6'],
  )
})

test('GG-10 of each person five search results are on their way into lists, also of many asked for at once', async () => {
  const [list, hers] = [await makeList(alice, 'Busy'), await makeList(bob, 'His own')]
  const ask = () => call(alice, 'POST', `${list}/search-additions`, { search: { q: 'harbor', state: ['VA'] } })
  const answers = await Promise.all(Array.from({ length: 20 }, ask))
  assert.equal(answers.filter(({ status }) => status === 202).length, 5)
  const refused = new Set(
    answers.filter(({ status }) => status !== 202).map(({ status, body }) => `${status} ${body.code}`),
  )
  assert.deepEqual(refused, new Set(['429 contractors.additions_under_way']))
  assert.equal((await call(bob, 'POST', `${hers}/search-additions`, { search: {} })).status, 202, 'control')
  await runJobs(world)
  assert.equal((await call(alice, 'GET', list)).body.itemCount, 15)
  assert.equal((await ask()).status, 202, 'when they are done there are others')
  await runJobs(world)
})

test('GG-10 an addition that fails again and again ends, says so, and keeps nobody out', async () => {
  const list = await makeList(alice, 'Broken')
  const asked = await call(alice, 'POST', `${list}/search-additions`, { search: { q: 'harbor' } })
  await admin.query(
    `update contractors.contractor_list_additions set search = '{"sort": "no such order"}' where id = $1`,
    [asked.body.id],
  )
  const attempt = () =>
    addSearchToList.run({ tenantId: alice.tenantId, userId: alice.userId, additionId: asked.body.id }, world.app)
  for (const _ of [1, 2, 3]) await assert.rejects(attempt())
  assert.equal((await call(alice, 'GET', `${list}/search-additions/${asked.body.id}`)).body.status, 'running')
  await attempt()
  const { status, failure } = (await call(alice, 'GET', `${list}/search-additions/${asked.body.id}`)).body
  assert.deepEqual([status, failure], ['failed', 'Something went wrong in the program.'])
  await runJobs(world)
})

test('GG-10 GG-18 a key that changes lists and may not read contractors looks none up by adding them', async () => {
  const [list, other] = [await makeList(alice, 'By key'), await makeList(alice, 'Held already')]
  await call(alice, 'POST', `${other}/items`, { uei: ueiOf(1) })
  const profile = (await call(alice, 'GET', `/contractors/by-uei/${ueiOf(0)}`)).body.id
  const ways: [string, object | string][] = [
    ['items', { uei: ueiOf(0) }],
    ['items', { contractorId: profile }],
    ['additions', { text: ueiOf(0), trial: true }],
    ['additions', { text: ueiOf(0) }],
    ['additions', { contractorIds: [profile], trial: true }],
    ['search-additions', { search: { q: 'harbor' } }],
    ['sheets?mode=trial', `uei\n${ueiOf(0)}\n`],
  ]
  const keyOf = async (scopes: string[]) => {
    const body = { name: scopes.join(), scopes, expiresAt: '2027-01-01T00:00:00Z' }
    const made = await call(alice, 'POST', '/me/api-keys', body)
    return made.body.secret ?? made.body.key
  }
  const asks =
    (key: string) =>
    async ([way, body]: [string, object | string]) => {
      const isSheet = typeof body === 'string'
      const answer = await fetch(`${world.baseUrl}/api/v1${list}/${way}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': isSheet ? 'text/csv' : 'application/json' },
        body: isSheet ? body : JSON.stringify(body),
      })
      return { status: answer.status, text: await answer.text() }
    }
  const blind = asks(await keyOf(['contractors.lists.read', 'contractors.lists.write']))
  for (const way of ways) {
    const { status, text } = await blind(way)
    assert.equal(status, 403, way[0])
    assert.match(text, /contractors\.addition_not_permitted/)
    assert.doesNotMatch(text, /HARBOR/)
  }
  const held = await blind(['additions', { listId: other.split('/').at(-1) }])
  assert.equal(held.status, 200, 'what it sees in another list it may take over')
  const seeing = asks(await keyOf(['contractors.lists.read', 'contractors.lists.write', 'contractors.profiles.read']))
  for (const way of ways.slice(2)) {
    const { status, text } = await seeing(way)
    assert.ok(status < 300, `control: ${way[0]} ${text}`)
  }
  await runJobs(world)
})

test('GG-10 items are changed, taken out, put back and moved together, over HTTP', async () => {
  const [list, target] = [await makeList(alice, 'Together'), await makeList(alice, 'Target')]
  await call(alice, 'POST', `${list}/additions`, { text: [0, 1, 2, 3].map(ueiOf).join(' ') })
  const ids = (await call(alice, 'GET', `${list}/item-ids`)).body.items.map((item: { id: string }) => item.id)
  const changed = await call(alice, 'POST', `${list}/changes`, { itemIds: ids, addTags: ['x'], priority: 'critical' })
  assert.equal(changed.body.changed, 4)
  const removal = await call(alice, 'POST', `${list}/removals`, { itemIds: ids.slice(0, 2) })
  assert.deepEqual([removal.status, removal.body.itemCount], [201, 2])
  assert.equal((await call(alice, 'GET', `${list}/removals`)).body.items[0].id, removal.body.id)
  const back = await call(alice, 'POST', `${list}/removals/${removal.body.id}/restoration`)
  assert.deepEqual([back.status, back.body], [200, { restored: 2, alreadyIn: 0 }])
  assert.equal((await call(alice, 'POST', `${list}/removals/${removal.body.id}/restoration`)).status, 404)
  const moved = await call(alice, 'POST', `${list}/transfers`, {
    itemIds: ids.slice(2),
    toListId: target.split('/').at(-1),
    move: true,
  })
  assert.deepEqual([moved.body.added, moved.body.moved], [2, 2])
  assert.equal((await call(alice, 'GET', target)).body.itemCount, 2)
  const put = await call(alice, 'PUT', `${list}/items/${ids[1]}/position`, { after: null })
  assert.equal(put.status, 204)
  const sheet = await fetch(`${world.baseUrl}/api/v1${list}/sheets?mode=valid`, {
    method: 'POST',
    headers: { authorization: `Bearer ${alice.accessToken}`, 'content-type': 'text/csv' },
    body: `uei,notes\n${ueiOf(9)},from a sheet\n`,
  })
  assert.equal((await sheet.json()).counts.added, 1)
})

test('GG-09 two who edit one list are told; a list is copied, merged and archived over HTTP', async () => {
  const list = await makeList(alice, 'Versions')
  const { etag } = await call(alice, 'GET', list)
  const rename = (name: string) => call(alice, 'PATCH', list, { name }, { 'if-match': etag ?? '' })
  assert.equal((await rename('One')).status, 200)
  assert.equal((await rename('Two')).status, 412)
  const copy = await call(alice, 'POST', `${list}/copy`, { name: 'Copy' })
  assert.equal(copy.status, 201)
  const merged = await call(alice, 'POST', `/contractor-lists/${copy.body.id}/merge`, {
    fromListId: list.split('/').at(-1),
    afterwards: 'archive',
  })
  assert.deepEqual(merged.body, { added: 0, combined: 0, unchanged: 0 })
  assert.equal((await call(alice, 'PATCH', list, { name: 'Late' })).body.code, 'contractors.list_archived')
  const archived = (await call(alice, 'GET', '/contractor-lists?archived=true')).body.items
  assert.deepEqual(
    archived.map((each: { name: string }) => each.name),
    ['One'],
  )
})

test('GG-18 AG-01 a viewer and another tenant change nothing of a public list by any of these ways', async () => {
  const list = await makeList(alice, 'Guarded', true)
  const added = await call(alice, 'POST', `${list}/additions`, { text: ueiOf(0) })
  const [itemId] = added.body.itemIds
  const mine = (await makeList(bob, 'His')).split('/').at(-1)
  const removal = (await call(alice, 'POST', `${list}/removals`, { itemIds: [itemId] })).body.id
  await call(alice, 'POST', `${list}/removals/${removal}/restoration`)
  const ways: [string, string, object?][] = [
    ['POST', `${list}/additions`, { text: ueiOf(1) }],
    ['POST', `${list}/search-additions`, { search: {} }],
    ['POST', `${list}/changes`, { itemIds: [itemId], rating: 1 }],
    ['POST', `${list}/removals`, { itemIds: [itemId] }],
    ['GET', `${list}/removals`],
    ['POST', `${list}/removals/${removal}/restoration`],
    ['POST', `${list}/transfers`, { itemIds: [itemId], toListId: mine, move: true }],
    ['PUT', `${list}/items/${itemId}/position`, { after: null }],
    ['PUT', `${list}/position`, { after: null }],
    ['POST', `${list}/copy`, { name: 'Copy' }],
    ['POST', `${list}/merge`, { fromListId: mine, afterwards: 'keep' }],
    ['PATCH', list, { isArchived: true }],
  ]
  for (const [method, path, body] of ways) {
    assert.equal((await call(viewer, method, path, body)).status, 403, `viewer ${method} ${path}`)
    assert.equal((await call(bob, method, path, body)).status, 404, `bob ${method} ${path}`)
  }
  for (const path of [`${list}/summary`, `${list}/item-ids`, `${list}/items`]) {
    assert.equal((await call(viewer, 'GET', path)).status, 200, `control: viewer ${path}`)
    assert.equal((await call(bob, 'GET', path)).status, 404, path)
  }
  assert.equal((await call(viewer, 'POST', `${list}/items/${itemId}/views`)).status, 204)
  assert.equal((await call(bob, 'POST', `${list}/items/${itemId}/views`)).status, 404)
  const [item] = (await call(alice, 'GET', `${list}/items`)).body.items
  assert.deepEqual([item.viewCount, item.rating], [1, null])
})

async function makeList(person: Person, name: string, isPublic = false): Promise<string> {
  return `/contractor-lists/${(await call(person, 'POST', '/contractor-lists', { name, isPublic })).body.id}`
}

async function call(
  person: Person,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await person.fetch(path, { method, body, headers })
  const text = await answer.text()
  return { status: answer.status, body: text ? JSON.parse(text) : undefined, etag: answer.headers.get('etag') }
}

function ueiOf(index: number): string {
  return `HARB${String(index).padStart(8, '0')}`
}
