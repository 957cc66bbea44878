import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from '#platform/database'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import type { OrganizationMember } from './organization-members.ts'
import type { Organization } from './organizations.ts'

const world = await testWorld()
const { db, admin, alice, bob, viewer, baseUrl } = world

const read = async <T>(response: Response) => (await response.json()) as T
const codeOf = async (response: Response) => (await read<{ code: string }>(response)).code
const call = (person: Person, method: string, path: string, body?: object, headers = {}) =>
  person.fetch(`/organizations${path}`, { method, ...(body && { body }), headers })
async function make(person: Person, name: string, parentId: string | null = null): Promise<Organization> {
  const response = await call(person, 'POST', '', { name, parentId })
  assert.equal(response.status, 201, name)
  return await read<Organization>(response)
}
const tree = async (person: Person) => (await read<{ items: Organization[] }>(await call(person, 'GET', ''))).items
const move = (person: Person, id: string, parentId: string | null) => call(person, 'PATCH', `/${id}`, { parentId })
const put = (person: Person, id: string, userId: string, role = 'member') =>
  call(person, 'POST', `/${id}/members`, { userId, role })

async function tenant(name: string): Promise<{ owner: Person; colleague: Person }> {
  const owner = await newPerson(world, { tenantName: name })
  const person = await newPerson(world)
  await joinAs(world, person.userId, owner.tenantId, 'viewer')
  return { owner, colleague: await signIn(baseUrl, person, owner.tenantId) }
}

test('GG-05 organizations are a tree: each before those below it, siblings by name, people counted once', async () => {
  const { owner, colleague } = await tenant('Tree Ltd')
  const company = await make(owner, 'Company')
  const sales = await make(owner, 'Sales', company.id)
  const europe = await make(owner, 'Europe', sales.id)
  await make(owner, 'Accounting', company.id)
  await make(owner, 'Board')
  for (const { id } of [sales, europe]) assert.equal((await put(owner, id, colleague.userId)).status, 201)
  assert.equal((await put(owner, company.id, owner.userId, 'admin')).status, 201)
  assert.deepEqual(
    (await tree(owner)).map(({ name, level, memberCount, memberCountWithBelow, organizationsBelow }) => [
      name,
      level,
      memberCount,
      memberCountWithBelow,
      organizationsBelow,
    ]),
    [
      ['Board', 1, 0, 0, 0],
      ['Company', 1, 1, 2, 3],
      ['Accounting', 2, 0, 0, 0],
      ['Sales', 2, 1, 1, 1],
      ['Europe', 3, 1, 1, 0],
    ],
  )
  assert.deepEqual([sales.slug, (await make(owner, 'Sales')).slug], ['sales', 'sales-2'])
  assert.equal(await codeOf(await call(owner, 'POST', '', { name: 'X', slug: 'sales' })), 'members.slug_taken')
  const listed = await read<{ items: OrganizationMember[] }>(await call(owner, 'GET', `/${company.id}/members`))
  assert.deepEqual(
    listed.items.map(({ userId, role }) => [userId, role]),
    [[owner.userId, 'admin']],
  )

  assert.equal((await call(owner, 'DELETE', `/${company.id}`)).status, 204)
  assert.deepEqual(
    (await tree(owner)).map(({ name }) => name),
    ['Board', 'Sales'],
    'what stands below goes along',
  )
  assert.equal((await owner.fetch(`/members/${colleague.userId}`)).status, 200, 'its people stay in the tenant')
})

test('GG-05 an organization is changed field by field, and not where it has changed meanwhile', async () => {
  const { owner } = await tenant('Changes Ltd')
  const { id } = await make(owner, 'Before')
  const response = await call(owner, 'GET', `/${id}`)
  const etag = { 'if-match': response.headers.get('etag') ?? '' }
  const changed = await call(owner, 'PATCH', `/${id}`, { name: 'After', settings: { costCentre: 7 } }, etag)
  const after = await read<Organization>(changed)
  assert.deepEqual([after.name, after.slug, after.settings], ['After', 'before', { costCentre: 7 }])
  assert.equal(await codeOf(await call(owner, 'PATCH', `/${id}`, { name: 'Lost' }, etag)), 'http.changed_meanwhile')
  const large = await call(owner, 'PATCH', `/${id}`, { settings: { text: 'x'.repeat(20_000) } })
  assert.equal(await codeOf(large), 'members.settings_too_large')
})

test('GG-05 nothing stands below itself, and nothing in an eleventh level', async () => {
  const { owner } = await tenant('Deep Ltd')
  const levels: Organization[] = []
  for (let level = 1; level <= 10; level++) levels.push(await make(owner, `Level ${level}`, levels.at(-1)?.id ?? null))
  const [top, second] = levels as [Organization, Organization]
  const bottom = levels.at(-1) as Organization
  const deeper = await call(owner, 'POST', '', { name: 'Eleven', parentId: bottom.id })
  assert.deepEqual([deeper.status, await codeOf(deeper)], [409, 'members.organization_too_deep'])
  for (const below of [bottom.id, second.id, top.id]) {
    assert.equal(await codeOf(await move(owner, top.id, below)), 'members.organization_below_itself')
  }
  const other = await make(owner, 'Other')
  assert.equal(await codeOf(await move(owner, top.id, other.id)), 'members.organization_too_deep')
  assert.equal((await move(owner, second.id, other.id)).status, 200, 'control: nine below one are ten')
  assert.equal((await tree(owner)).find(({ id }) => id === bottom.id)?.level, 10)
  assert.equal(await codeOf(await move(owner, second.id, randomUUID())), 'members.parent_not_found')
})

test('GG-05 whoever moves organizations at once, they stay a tree of ten levels', async () => {
  const { owner } = await tenant('Moves Ltd')
  const ids: string[] = []
  for (let index = 0; index < 12; index++) ids.push((await make(owner, `Node ${index}`)).id)
  const moves = fc.array(fc.tuple(fc.nat(11), fc.option(fc.nat(11))), { minLength: 10, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(moves, async wanted => {
      const outcomes = await Promise.allSettled(
        wanted.map(([id, parent]) =>
          db
            .scoped(owner.scope)
            .run(
              sql`update tenancy.organizations set parent_id = ${parent === null ? null : (ids[parent] as string)} where id = ${ids[id] as string}`,
            ),
        ),
      )
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          assert.match(String(outcome.reason?.code), /members\.organization_(below_itself|too_deep)|23514/)
      }
      const { rows } = await admin.query(
        `with recursive place as (
           select id, 1 as level from tenancy.organizations where tenant_id = $1 and parent_id is null
           union all
           select child.id, place.level + 1 from place join tenancy.organizations as child on child.parent_id = place.id
           where place.level < 20
         )
         select count(*)::int as reached, max(level) as levels from place`,
        [owner.tenantId],
      )
      assert.equal(rows[0].reached, ids.length, 'each is reached from the top, once')
      assert.ok(rows[0].levels <= 10)
    }),
    { numRuns: 25 },
  )
})

test('GG-05 an administrator of an organization manages it and what stands below, and nothing beside or above', async () => {
  const { owner, colleague } = await tenant('Managed Ltd')
  const company = await make(owner, 'Company')
  const sales = await make(owner, 'Sales', company.id)
  const europe = await make(owner, 'Europe', sales.id)
  const legal = await make(owner, 'Legal', company.id)
  assert.equal(await codeOf(await call(colleague, 'PATCH', `/${sales.id}`, { name: 'Mine' })), notYours)
  await put(owner, sales.id, colleague.userId)
  assert.equal(await codeOf(await call(colleague, 'PATCH', `/${sales.id}`, { name: 'Mine' })), notYours, 'as a member')
  const promoted = await call(owner, 'PATCH', `/${sales.id}/members/${colleague.userId}`, { role: 'admin' })
  assert.equal(promoted.status, 200)

  assert.deepEqual(
    (await tree(colleague)).filter(({ mayManage }) => mayManage).map(({ name }) => name),
    ['Sales', 'Europe'],
  )
  assert.equal((await call(colleague, 'PATCH', `/${sales.id}`, { name: 'Sales team' })).status, 200)
  assert.equal((await put(colleague, europe.id, owner.userId)).status, 201)
  const asia = await make(colleague, 'Asia', sales.id)
  assert.equal((await move(colleague, asia.id, europe.id)).status, 200)
  assert.equal((await call(colleague, 'DELETE', `/${asia.id}`)).status, 204)

  for (const refused of [
    await call(colleague, 'POST', '', { name: 'Top' }),
    await call(colleague, 'POST', '', { name: 'Beside', parentId: legal.id }),
    await call(colleague, 'PATCH', `/${legal.id}`, { name: 'Mine' }),
    await call(colleague, 'PATCH', `/${company.id}`, { name: 'Mine' }),
    await move(colleague, sales.id, null),
    await move(colleague, europe.id, legal.id),
    await move(colleague, legal.id, sales.id),
    await call(colleague, 'DELETE', `/${sales.id}`),
    await put(colleague, legal.id, colleague.userId, 'admin'),
  ])
    assert.deepEqual([refused.status, await codeOf(refused)], [403, notYours])

  assert.equal((await call(colleague, 'DELETE', `/${sales.id}/members/${colleague.userId}`)).status, 204, 'he leaves')
  assert.equal(await codeOf(await put(colleague, sales.id, colleague.userId)), notYours)
})

const notYours = 'members.organization_not_yours'

test('GG-05 the database itself lets nobody write where he may not manage, whatever the program forgets', async () => {
  const { owner, colleague } = await tenant('Guarded Ltd')
  const company = await make(owner, 'Company')
  const sales = await make(owner, 'Sales', company.id)
  await put(owner, company.id, owner.userId)
  const as = (person: Person) => db.scoped(person.scope)
  const attempts = [
    sql`update tenancy.organizations set name = 'Mine' where id = ${sales.id} returning id`,
    sql`delete from tenancy.organizations where id = ${sales.id} returning id`,
    sql`delete from tenancy.user_organizations where user_id = ${owner.userId} returning id`,
    sql`update tenancy.user_organizations set role = 'admin' returning id`,
  ]
  for (const attempt of attempts) assert.deepEqual(await as(colleague).run(attempt), [])
  for (const attempt of [
    sql`insert into tenancy.organizations (name, slug, parent_id) values ('Mine', 'mine', ${company.id})`,
    sql`insert into tenancy.organizations (name, slug) values ('Mine', 'mine')`,
    sql`insert into tenancy.user_organizations (organization_id, user_id, role) values (${sales.id}, ${colleague.userId}, 'admin')`,
  ])
    await assert.rejects(as(colleague).run(attempt), /row-level security/)
  for (const attempt of attempts.slice(0, 1)) assert.equal((await as(owner).run(attempt)).length, 1, 'control')
})

test('AG-01 GG-05 the organizations of another tenant are neither seen nor changed, nor parents of one’s own', async () => {
  const { owner, colleague } = await tenant('Separate Ltd')
  const { id } = await make(owner, 'Hidden')
  await put(owner, id, colleague.userId)
  const [before] = await tree(owner)
  assert.deepEqual(await tree(bob), [])
  for (const refused of [
    await call(bob, 'GET', `/${id}`),
    await call(bob, 'GET', `/${id}/members`),
    await call(bob, 'PATCH', `/${id}`, { name: 'Mine' }),
    await call(bob, 'DELETE', `/${id}`),
    await put(bob, id, bob.userId),
    await call(bob, 'DELETE', `/${id}/members/${colleague.userId}`),
  ])
    assert.deepEqual([refused.status, await codeOf(refused)], [404, 'members.organization_not_found'])
  const below = await call(bob, 'POST', '', { name: 'Below', parentId: id })
  assert.deepEqual([below.status, await codeOf(below)], [404, 'members.parent_not_found'])
  const own = await make(bob, 'Own')
  assert.equal(await codeOf(await put(bob, own.id, colleague.userId)), 'members.member_not_found')
  assert.deepEqual(await tree(owner), [before], 'control: it is there, unchanged')
  assert.equal((await call(viewer, 'POST', '', { name: 'By a viewer' })).status, 403)
  assert.equal((await call(alice, 'POST', '', { name: 'By an owner' })).status, 201)
})
