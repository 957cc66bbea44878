import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Answer, directoryOf, scimClient } from '#test/scim-clients.ts'
import { testWorld } from '#test/world.ts'

const world = await testWorld()
const { alice } = world
const acme = await directoryOf(world, alice, { name: 'Acme', domains: ['acme.example'] })

const patchOp = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const bulkUrn = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
const patching = (...Operations: object[]) => ({ schemas: [patchOp], Operations })

let people = 0
async function newUser(more: object = {}) {
  people += 1
  const userName = `user${people}@acme.example`
  const { status, body } = await acme.ask('POST', '/Users', { userName, ...more })
  assert.equal(status, 201, JSON.stringify(body))
  return body
}

const found = async (filter: string, of = 'Users') => {
  const { status, body } = await acme.ask('GET', `/${of}?filter=${encodeURIComponent(filter)}`)
  assert.equal(status, 200, `${filter}: ${JSON.stringify(body)}`)
  return body.Resources.map(
    (each: { userName?: string; displayName?: string }) => each.userName ?? each.displayName,
  ).sort()
}

function refused({ status, type, body }: Answer, as: number, scimType?: string): void {
  assert.deepEqual(
    [status, type, body.scimType],
    [as, 'application/scim+json; charset=utf-8', scimType],
    JSON.stringify(body),
  )
  assert.deepEqual(body.schemas, ['urn:ietf:params:scim:api:messages:2.0:Error'])
}

test('AG-05 filters find by every kind of attribute, in any case where the schema says so, and nothing of what is not', async () => {
  const ann = await newUser({
    title: 'Ärztin 100%',
    nickName: 'ann_',
    externalId: 'Ext1',
    name: { familyName: 'Ng' },
    emails: [{ value: 'ann@acme.example', type: 'work' }],
  })
  const bob = await newUser({
    active: false,
    emails: [
      { value: 'bob@acme.example', type: 'home' },
      { value: 'bw@acme.example', type: 'work' },
    ],
  })
  const names = [ann.userName, bob.userName].sort()
  const cases: [string, string[]][] = [
    [`userName eq "${ann.userName.toUpperCase()}"`, [ann.userName]],
    ['title eq "ÄRZTIN 100%"', [ann.userName]],
    ['title co "%"', [ann.userName]],
    ['nickName ew "_"', [ann.userName]],
    ['externalId eq "Ext1"', [ann.userName]],
    ['externalId eq "ext1"', []],
    ['name.familyName sw "n"', [ann.userName]],
    ['active eq false', [bob.userName]],
    ['active eq "False"', [bob.userName]],
    ['title pr', [ann.userName]],
    ['not (title pr)', [bob.userName]],
    ['title ne "x"', names],
    ['title eq null', [bob.userName]],
    ['emails co "BW@"', [bob.userName]],
    ['emails[type eq "work" and value sw "b"]', [bob.userName]],
    ['emails[type eq "work" and value eq "bob@acme.example"]', []],
    ['emails[not (type eq "work")]', [bob.userName]],
    [`id eq "${ann.id}"`, [ann.userName]],
    [`meta.created ge "${ann.meta.created}"`, names],
    [`meta.lastModified lt "2020-01-01T00:00:00Z"`, []],
    [`userName gt "user"`, names],
    ['urn:ietf:params:scim:schemas:core:2.0:User:TITLE pr', [ann.userName]],
    [`userName eq "x' or 1=1 --"`, []],
    [`title eq "'); drop table federation.scim_users; --"`, []],
    ['title co "\\\\"', []],
  ]
  for (const [filter, expected] of cases) assert.deepEqual(await found(filter), expected, filter)
  const bad = [
    'password eq "x"',
    'nothing eq "x"',
    'name eq "x"',
    'emails.nothing eq "x"',
    'active eq "maybe"',
    'active gt true',
    'userName eq true',
    'name[type eq "x"]',
  ].concat(
    'attributes eq "x"',
    'tenant_id eq "x"',
    'meta.created eq "yesterday"',
    'title gt null',
    'emails[value[a pr]]',
    '__proto__ pr',
    'constructor eq "x"',
  )
  for (const filter of bad)
    refused(await acme.ask('GET', `/Users?filter=${encodeURIComponent(filter)}`), 400, 'invalidFilter')
  refused(await acme.ask('GET', `/Users?filter=${'('.repeat(3_000)}`), 400, 'invalidFilter')
  const group = await acme.ask('POST', '/Groups', { displayName: 'Finders', members: [{ value: ann.id }] })
  assert.deepEqual(await found(`groups.value eq "${group.body.id}"`), [ann.userName])
  assert.deepEqual(await found(`groups[display eq "finders"]`), [ann.userName])
  assert.deepEqual(await found(`members[value eq "${ann.id}"]`, 'Groups'), ['Finders'])
  refused(await acme.ask('GET', `/Groups?filter=${encodeURIComponent('title eq "x"')}`), 400, 'invalidFilter')
})

test('AG-05 attributes and excludedAttributes choose what is told; the id always is', async () => {
  const { id } = await newUser({ name: { givenName: 'A', familyName: 'B' }, title: 'x' })
  const one = async (query: string) => (await acme.ask('GET', `/Users/${id}?${query}`)).body
  const some = await one('attributes=name.givenName,TITLE')
  assert.deepEqual([Object.keys(some).sort(), some.name], [['id', 'name', 'schemas', 'title'], { givenName: 'A' }])
  const rest = await one('excludedAttributes=title,name.familyName,meta,id')
  assert.deepEqual([rest.title, rest.meta, rest.name, rest.id], [undefined, undefined, { givenName: 'A' }, id])
})

test('AG-05 entity tags are weak: a change under an old one is refused with 412, an unchanged resource answers 304', async () => {
  const { id, meta } = await newUser()
  const path = `/Users/${id}`
  assert.equal((await acme.ask('GET', path)).etag, meta.version)
  assert.equal(
    (
      await fetch(`${acme.base}${path}`, {
        headers: { authorization: `Bearer ${acme.token}`, 'if-none-match': meta.version },
      })
    ).status,
    304,
  )
  const titled = patching({ op: 'add', path: 'title', value: 'x' })
  const first = await acme.ask('PATCH', path, titled, { 'if-match': meta.version })
  assert.equal(first.status, 200)
  assert.notEqual(first.etag, meta.version)
  refused(await acme.ask('PATCH', path, titled, { 'if-match': meta.version }), 412)
  refused(await acme.ask('DELETE', path, undefined, { 'if-match': meta.version }), 412)
  assert.equal((await acme.ask('PATCH', path, titled)).etag, first.etag, 'nothing changed')
  assert.equal((await acme.ask('PATCH', path, titled, { 'if-match': '*' })).status, 200)
})

test('AG-05 of two PATCHes at once none is lost, and of two under one tag one is refused', async () => {
  const { id } = await newUser()
  const path = `/Users/${id}`
  const attributes = ['title', 'nickName', 'userType', 'locale', 'timezone', 'displayName']
  await Promise.all(attributes.map(path_ => acme.ask('PATCH', path, patching({ op: 'add', path: path_, value: 'x' }))))
  const { body, etag } = await acme.ask('GET', path)
  assert.deepEqual(
    attributes.map(attribute => body[attribute]),
    attributes.map(() => 'x'),
  )
  const answers = await Promise.all(
    ['a', 'b', 'c'].map(value =>
      acme.ask('PATCH', path, patching({ op: 'replace', path: 'title', value }), { 'if-match': etag as string }),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412])
  const group = (await acme.ask('POST', '/Groups', { displayName: randomUUID() })).body.id
  const users = await Promise.all([1, 2, 3, 4].map(() => newUser()))
  await Promise.all(
    users.map(user =>
      acme.ask('PATCH', `/Groups/${group}`, patching({ op: 'Add', path: 'members', value: [{ value: user.id }] })),
    ),
  )
  assert.equal((await acme.ask('GET', `/Groups/${group}`)).body.members.length, 4)
  const name = `twin${randomUUID()}@acme.example`
  const twins = await Promise.all([1, 2, 3].map(() => acme.ask('POST', '/Users', { userName: name })))
  assert.deepEqual(twins.map(({ status }) => status).sort(), [201, 409, 409])
})

test('AG-05 what the server can do is told as it is', async () => {
  const config = (await acme.ask('GET', '/ServiceProviderConfig')).body
  assert.deepEqual(
    [config.patch, config.sort, config.etag, config.changePassword],
    [{ supported: true }, { supported: false }, { supported: true }, { supported: false }],
  )
  const types = (await acme.ask('GET', '/ResourceTypes')).body
  assert.deepEqual(
    types.Resources.map(({ endpoint }: { endpoint: string }) => endpoint),
    ['/Users', '/Groups'],
  )
  assert.equal((await acme.ask('GET', '/ResourceTypes/User')).body.id, 'User')
  const schemas = (await acme.ask('GET', '/Schemas')).body
  assert.equal(schemas.totalResults, 3)
  const user = (await acme.ask('GET', '/Schemas/urn:ietf:params:scim:schemas:core:2.0:User')).body
  assert.deepEqual(
    user.attributes.find(({ name }: { name: string }) => name === 'userName'),
    {
      name: 'userName',
      type: 'string',
      multiValued: false,
      description: 'By which the directory tells its people apart, in any case',
      required: true,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'server',
    },
  )
  refused(await acme.ask('GET', '/Schemas/nothing'), 404)
})

test('AG-05 refusals that never reach SCIM are told as SCIM does: no JSON, another media type, too large, no such path, no token', async () => {
  refused(await acme.ask('POST', '/Users', '{"userName":'), 400, 'invalidSyntax')
  refused(await acme.ask('POST', '/Users', '{"__proto__":{"x":1}}'), 400, 'invalidSyntax')
  refused(await acme.ask('POST', '/Users', '{"userName":"a\\u0000"}'), 400, 'invalidValue')
  refused(await acme.ask('POST', '/Users', 'x', { 'content-type': 'text/plain' }), 415)
  refused(await acme.ask('POST', '/Users', JSON.stringify({ userName: 'x'.repeat(4_200_000) })), 413)
  refused(await acme.ask('GET', '/Nothing'), 404)
  refused(await acme.ask('PUT', '/Users', {}), 405)
  const nobody = await scimClient(acme.base, 'chk_ABCDEFGH_x').ask('GET', '/Users')
  refused(nobody, 401)
  assert.match(nobody.headers.get('www-authenticate') ?? '', /^Bearer/)
  assert.equal(
    (
      await acme.ask(
        'POST',
        '/Users',
        { userName: `j${randomUUID()}@acme.example` },
        { 'content-type': 'application/json' },
      )
    ).status,
    201,
  )
})

test('AG-05 a bulk does each operation for itself, whatever order its bulkIds need, and stops at failOnErrors', async () => {
  const name = () => `bulk${randomUUID()}@acme.example`
  const existing = await newUser()
  const group = (bulkId: string, ...members: string[]) => ({
    method: 'POST',
    path: '/Groups',
    bulkId,
    data: { displayName: `Bulk ${randomUUID()}`, members: members.map(value => ({ value })) },
  })
  const user = (bulkId: string, userName = name()) => ({ method: 'POST', path: '/Users', bulkId, data: { userName } })
  const bulk = (Operations: object[], more = {}) =>
    acme.ask('POST', '/Bulk', { schemas: [bulkUrn], Operations, ...more })
  const { status, body } = await bulk([
    group('g', 'bulkId:u', existing.id),
    user('u'),
    user('taken', existing.userName),
    { method: 'patch', path: `/Users/${existing.id}`, data: patching({ op: 'replace', value: { active: false } }) },
    { method: 'PATCH', path: '/Users/bulkId:u', data: patching({ op: 'add', path: 'title', value: 'Made' }) },
    { method: 'DELETE', path: `/Users/${randomUUID()}` },
  ])
  assert.equal(status, 200)
  assert.deepEqual(
    body.Operations.map((each: { status: string }) => each.status),
    ['201', '201', '409', '200', '200', '404'],
  )
  assert.equal(body.Operations[2].response.scimType, 'uniqueness')
  const made = (await acme.ask('GET', `/Groups/${body.Operations[0].location.split('/').at(-1)}`)).body
  assert.equal(made.members.length, 2)
  const circle = await bulk([
    group('a', 'bulkId:b'),
    group('b', 'bulkId:a'),
    group('self', 'bulkId:self'),
    user('fine'),
  ])
  assert.deepEqual(
    circle.body.Operations.map((each: { status: string }) => each.status),
    ['409', '409', '409', '201'],
  )
  const stopped = await bulk([user('x', existing.userName), user('y'), user('z')], { failOnErrors: 1 })
  assert.equal(stopped.body.Operations.length, 1)
  refused(await bulk(Array.from({ length: 201 }, (_, index) => user(String(index)))), 400, 'tooMany')
  refused(await bulk([user('same'), user('same')]), 400, 'invalidSyntax')
  refused(await bulk([{ method: 'POST', path: '/Bulk', bulkId: 'x', data: {} }]), 400, 'invalidSyntax')
  refused(await bulk([{ method: 'GET', path: '/Users' }]), 400, 'invalidSyntax')
})
