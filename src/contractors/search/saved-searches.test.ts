import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '#platform/app.ts'
import { appFor } from '#platform/app.ts'
import { sql } from '#platform/database'
import { relayOutboxes } from '#platform/tenancy'
import { joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { contractorsModule } from '../module.ts'
import { tellAtOnce, tellDaily, tellPerson } from './alerts.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, bob, viewer } = world
const app = appFor(contractorsModule, world.app)
let made = 0

const radar = { q: 'radar', state: ['VA'] }

test('GG-06 a member saves searches for himself: no colleague and no other tenant sees, changes or deletes them', async () => {
  const made = await alice.fetch('/saved-searches', { method: 'POST', body: { name: ' Radar ', search: radar } })
  assert.equal(made.status, 201)
  const saved = await made.json()
  assert.deepEqual([saved.name, saved.search, saved.alert, saved.newCount], ['Radar', radar, 'never', 0])
  const path = `/saved-searches/${saved.id}`
  for (const other of [bob, viewer]) {
    assert.deepEqual((await (await other.fetch('/saved-searches')).json()).items, [])
    for (const [method, suffix] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['GET', '/matches'],
      ['POST', '/check'],
      ['POST', '/seen'],
    ] as const) {
      const init = method === 'PATCH' ? { method, body: { name: 'Mine' } } : { method }
      assert.equal((await other.fetch(path + suffix, init)).status, 404, `${method} ${suffix}`)
    }
    const same = await other.fetch('/saved-searches', { method: 'POST', body: { name: 'Radar', search: radar } })
    assert.equal(same.status, 201)
  }
  const control = await (await alice.fetch('/saved-searches')).json()
  assert.deepEqual(
    control.items.map(({ id }: { id: string }) => id),
    [saved.id],
  )
})

test('GG-06 the codes in saved searches are told with their names, also one that nobody has any more', async () => {
  const person = await newPerson(world, { tenantName: 'Readers of codes' })
  await admin.query(`
    insert into contractors.agencies values ('9700', 'DEPT OF DEFENSE') on conflict do nothing;
    insert into contractors.business_types (code, name, category) values ('A5', 'Veteran-Owned Business', 'socioeconomic')
    on conflict (code) do update set name = excluded.name;
    insert into contractors.naics_codes (code, edition, level, title)
    values ('541512', 2017, 6, 'Older'), ('541512', 2022, 6, 'Computer Systems Design Services') on conflict do nothing`)
  for (const [name, search] of Object.entries({
    One: { agency: ['9700', 'ZZ99'], naics: ['541512', '99'] },
    Two: { businessType: ['A5', 'QQ'], state: ['VA'] },
  })) {
    const made = await person.fetch('/saved-searches', { method: 'POST', body: { name, search } })
    assert.equal(made.status, 201)
  }
  const { items, names } = await (await person.fetch('/saved-searches')).json()
  assert.equal(items.length, 2)
  assert.deepEqual(names, {
    'agency 9700': 'DEPT OF DEFENSE',
    'agency ZZ99': 'Agency ZZ99',
    'businessType A5': 'Veteran-Owned Business',
    'naics 541512': 'Computer Systems Design Services',
  })
  const gone = items.find(({ name }: { name: string }) => name === 'One')
  const checked = await person.fetch(`/saved-searches/${gone.id}/check`, { method: 'POST' })
  assert.equal(checked.status, 200, 'and is looked for all the same')
})

test('GG-06 names are given once, at most 100 are kept, and what is no search is refused', async () => {
  const person = await newPerson(world, { tenantName: 'Hoarders' })
  const post = (body: unknown) => person.fetch('/saved-searches', { method: 'POST', body })
  assert.equal((await post({ name: 'Number 1', search: {} })).status, 201)
  const taken = await post({ name: 'number 1', search: {} })
  assert.deepEqual([taken.status, (await taken.json()).code], [409, 'contractors.saved_search_name_taken'])
  assert.equal((await post({ name: 'Odd', search: { state: ['Virginia'] } })).status, 400)
  assert.equal((await post({ name: ' ', search: {} })).status, 400)
  await admin.query(
    `with made as (
      insert into contractors.saved_searches (tenant_id, user_id, name, search)
      select $1, $2, 'Number ' || i, '{}' from generate_series(2, 100) as i
      returning tenant_id, id
    )
    insert into contractors.saved_search_states (tenant_id, saved_search_id, revision) select tenant_id, id, 0 from made`,
    [person.tenantId, person.userId],
  )
  const full = await post({ name: 'One too many', search: {} })
  assert.deepEqual([full.status, (await full.json()).code], [429, 'contractors.saved_searches_full'])
})

test('GG-06 GG-18 a key for saved searches that may not read contractors is told of none', async () => {
  const saved = await (
    await alice.fetch('/saved-searches', { method: 'POST', body: { name: 'By key', search: {} } })
  ).json()
  const statuses = async (scopes: string[]) => {
    const body = { name: scopes.join(), scopes, expiresAt: '2027-01-01T00:00:00Z' }
    const { secret, key = secret } = await (await alice.fetch('/me/api-keys', { method: 'POST', body })).json()
    const ask = async (method: string, part: string) => {
      const headers = { authorization: `Bearer ${key}` }
      return (await alice.fetch(`/saved-searches/${saved.id}${part}`, { method, headers })).status
    }
    return [await ask('GET', ''), await ask('GET', '/matches'), await ask('POST', '/check')]
  }
  assert.deepEqual(await statuses(['contractors.searches.save']), [200, 403, 403])
  assert.deepEqual(
    await statuses(['contractors.searches.save', 'contractors.profiles.read']),
    [200, 200, 200],
    'control',
  )
  assert.equal((await alice.fetch(`/saved-searches/${saved.id}`, { method: 'DELETE' })).status, 204)
})

test('GG-06 of many who are saved at once no more than 100 are kept', async () => {
  const person = await newPerson(world, { tenantName: 'Racers' })
  await admin.query(
    `with made as (
      insert into contractors.saved_searches (tenant_id, user_id, name, search)
      select $1, $2, 'Number ' || i, '{}' from generate_series(1, 97) as i
      returning tenant_id, id
    )
    insert into contractors.saved_search_states (tenant_id, saved_search_id, revision) select tenant_id, id, 0 from made`,
    [person.tenantId, person.userId],
  )
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      person.fetch('/saved-searches', { method: 'POST', body: { name: `At once ${i}`, search: {} } }),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [...Array(3).fill(201), ...Array(9).fill(429)])
  assert.equal((await (await person.fetch('/saved-searches')).json()).items.length, 100)
})

test('GG-06 what comes and what changes into a saved search is new in it until its user has looked', async () => {
  const old = await make('LIDAR OLD')
  const saved = await save(alice, 'Sonar', { q: 'sonar' })
  const come = await make('SONAR NEW')
  await rename(old, 'SONAR RENAMED')
  const { savedSearch, unseen } = await check(alice, saved.id)
  assert.equal(savedSearch.newCount, 2)
  assert.deepEqual(unseen.toSorted(), [old, come].toSorted())
  assert.equal((await check(alice, saved.id)).savedSearch.newCount, 2)
  const matches = await (await alice.fetch(`/saved-searches/${saved.id}/matches`)).json()
  assert.deepEqual(
    matches.items
      .map((match: { contractor: { name: string }; isNewContractor: boolean; isUnseen: boolean }) => [
        match.contractor.name,
        match.isNewContractor,
        match.isUnseen,
      ])
      .toSorted(),
    [
      ['SONAR NEW', true, true],
      ['SONAR RENAMED', false, true],
    ],
  )
  const first = await (await alice.fetch(`/saved-searches/${saved.id}/matches?limit=1`)).json()
  const second = await (
    await alice.fetch(`/saved-searches/${saved.id}/matches?limit=1&cursor=${first.nextCursor}`)
  ).json()
  assert.equal(new Set([first.items[0].contractor.id, second.items[0].contractor.id]).size, 2)
  assert.equal((await alice.fetch(`/saved-searches/${saved.id}/seen`, { method: 'POST' })).status, 204)
  const after = await check(alice, saved.id)
  assert.deepEqual([after.savedSearch.newCount, after.unseen], [0, []])
  await make('SONAR NEWER')
  assert.equal((await check(alice, saved.id)).unseen.length, 1)
})

test('GG-06 another search has no news of the old one, and alerts tell nothing of the time before them', async () => {
  const saved = await save(alice, 'Torpedoes', { q: 'torpedo' })
  await make('TORPEDO ONE')
  await patch(alice, saved.id, { alert: 'at_once' })
  assert.equal((await check(alice, saved.id)).savedSearch.newCount, 0)
  await make('TORPEDO TWO')
  assert.equal((await check(alice, saved.id)).savedSearch.newCount, 1)
  await patch(alice, saved.id, { search: { q: 'missile' } })
  const { savedSearch, unseen } = await check(alice, saved.id)
  assert.deepEqual([savedSearch.newCount, unseen], [0, []])
})

test('GG-06 at once: each change is told once, to who wants it, however often the job runs or is killed', async () => {
  const saved = await save(viewer, 'Drones', { q: 'drone' }, 'at_once')
  await save(viewer, 'Drones, silent', { q: 'drone' })
  await runAtOnce()
  assert.deepEqual(await told(viewer), [])
  const ids = [await make('DRONE ALPHA', 20), await make('DRONE BETA', 10)]
  // Killed before it is noted: nobody was told, and the next one tells.
  const broken = {
    ...app,
    db: { ...app.db, scoped: app.db.scoped.bind(app.db), transaction: () => Promise.reject(new Error('killed')) },
  }
  await assert.rejects(
    tellPerson.run({ tenantId: viewer.tenantId, userId: viewer.userId, alert: 'at_once' }, broken as unknown as App),
    /killed/,
  )
  assert.deepEqual(await told(viewer), [])
  await Promise.all([runAtOnce(), runAtOnce()])
  await runAtOnce()
  const notices = await told(viewer)
  assert.deepEqual(notices, [
    {
      title: '2 new contractors in “Drones”',
      message: 'DRONE ALPHA\nDRONE BETA',
      link: `/saved-searches/${saved.id}`,
      kind: 'contractors.search_matched',
    },
  ])
  await rename(ids[0] as string, 'DRONE ALPHA ONE')
  await runAtOnce()
  assert.equal((await told(viewer)).length, 1)
  assert.deepEqual(await told(bob), [])
})

test('GG-06 nobody is told who may not search any more, nor in a workspace that is closed', async () => {
  const person = await newPerson(world, { tenantName: 'Closing' })
  const leaver = await newPerson(world, {})
  await joinAs(world, leaver.userId, person.tenantId, 'viewer')
  await save(person, 'Boats', { q: 'boat' }, 'at_once')
  await asMember(leaver, person.tenantId, 'Boats', { q: 'boat' })
  await admin.query(
    `delete from access.user_tenant_roles where tenant_id = $1 and user_tenant_id = (
      select id from tenancy.user_tenants where tenant_id = $1 and user_id = $2
    )`,
    [person.tenantId, leaver.userId],
  )
  await make('BOAT ONE')
  await admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [person.tenantId])
  await runAtOnce()
  assert.deepEqual([await told(person), await told(leaver)], [[], []])
  await admin.query(`update tenancy.tenants set status = 'active' where id = $1`, [person.tenantId])
  await runAtOnce()
  assert.equal((await told(person)).length, 1)
  assert.deepEqual(await told(leaver), [])
  await admin.query('delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
    person.tenantId,
    leaver.userId,
  ])
  await make('BOAT TWO')
  await runAtOnce()
  assert.deepEqual(await told(leaver), [])
})

test('GG-06 daily: told once, at seven by the clock of who asked', async () => {
  const person = await newPerson(world, { tenantName: 'Early birds' })
  await admin.query(`update identity.user_profiles set timezone = 'Asia/Kolkata' where user_id = $1`, [person.userId])
  const saved = await save(person, 'Birds', { q: 'bird' }, 'daily')
  await make('BIRD ONE')
  await setChecked(saved.id, '2026-11-20T12:00:00Z')
  // Seven in Kolkata is 1.30 in Greenwich.
  await runDaily('2026-11-21T01:15:00Z')
  assert.deepEqual(await told(person), [])
  await runDaily('2026-11-21T01:30:00Z')
  await runDaily('2026-11-21T01:45:00Z')
  const notices = await told(person)
  assert.deepEqual(
    notices.map(({ title, kind }) => [title, kind]),
    [['1 new contractor in “Birds”', 'contractors.search_matched_daily']],
  )
  await runAtOnce()
  await make('BIRD TWO')
  await setChecked(saved.id, '2026-11-21T01:30:00Z')
  await runDaily('2026-11-22T01:29:00Z')
  assert.equal((await told(person)).length, 1)
  await runDaily('2026-11-22T01:31:00Z')
  assert.equal((await told(person)).length, 2)
})

async function save(person: Person, name: string, search: object, alert = 'never') {
  const answer = await person.fetch('/saved-searches', { method: 'POST', body: { name, search, alert } })
  assert.equal(answer.status, 201)
  return await answer.json()
}

/** As the member of a tenant that is not the one of his session. */
async function asMember(person: Person, tenantId: string, name: string, search: object) {
  const { saveSearch } = await import('./saved-searches.ts')
  const { getRevision } = await import('./new-matches.ts')
  const revision = await getRevision(app.db.unscoped)
  await app.db.transaction({ userId: person.userId, tenantId }, tx =>
    saveSearch(tx, { name, search, alert: 'at_once' }, revision),
  )
}

async function patch(person: Person, id: string, body: object) {
  const answer = await person.fetch(`/saved-searches/${id}`, { method: 'PATCH', body })
  assert.equal(answer.status, 200)
}

async function check(person: Person, id: string) {
  return await (await person.fetch(`/saved-searches/${id}/check`, { method: 'POST' })).json()
}

const runAtOnce = () => runWith(app, () => tellAtOnce.run({}, app))

async function runDaily(moment: string) {
  const then = { ...app, clock: { now: () => new Date(moment) } }
  await runWith(app, () => tellDaily.run({}, then))
}

/** What was put into the queue, as a worker would do it, twice. */
async function runWith(app: App, work: () => Promise<void>) {
  await work()
  const { rows } = await admin.query(`delete from jobs.job where name = $1 returning data`, [tellPerson.name])
  for (const { data } of [...rows, ...rows]) await tellPerson.run(data, app)
  // With COMMONHOLD_TEST_PLACED they are told by way of the outbox.
  await relayOutboxes(world.app)
  for (const job of world.app.modules.flatMap(module => module.jobs ?? [])) {
    if (job.name !== 'notifications.tell-put-out') continue
    const { rows } = await admin.query(`delete from jobs.job where name = $1 returning data`, [job.name])
    for (const { data } of rows) await job.run(data, world.app)
  }
}

async function told({ userId }: Person) {
  const { rows } = await admin.query(
    `select title, message, link, kind from notifications.notifications where user_id = $1 and kind like 'contractors.search%' order by id`,
    [userId],
  )
  return rows
}

async function setChecked(id: string, moment: string) {
  const person = await admin.query('select tenant_id, user_id from contractors.saved_searches where id = $1', [id])
  const { tenant_id: tenantId, user_id: userId } = person.rows[0]
  await app.db
    .scoped({ tenantId, userId })
    .run(
      sql`update contractors.saved_search_states set checked_at = ${moment}::timestamptz where saved_search_id = ${id}`,
    )
}

async function rename(id: string, name: string) {
  await admin.query('update contractors.contractor_profiles set name = $2 where id = $1', [id, name])
}

async function make(name: string, value = 0): Promise<string> {
  const { rows } = await admin.query(
    `insert into contractors.contractor_profiles (uei, name, state, total_contract_value) values ($1, $2, 'VA', $3) returning id`,
    [`S${String(++made).padStart(11, '0')}`, name, value],
  )
  return rows[0].id
}
