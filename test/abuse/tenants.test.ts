import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { test } from 'node:test'
import { believedNoLonger, joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'

const world = await testWorld()
const { admin, alice, bob, viewer, baseUrl } = world

type List = { id: string; name: string; ownerId: string }
type Page = { items: List[]; nextCursor: string | null }

const { rows: profiles } = await admin.query(`
  insert into contractors.contractor_profiles (uei, name, field_sources)
  values ('ATTACK00AAA1', 'FIRST', '{}'), ('ATTACK00AAA2', 'SECOND', '{}')
  returning id`)
const contractorId = profiles[0].id as string

async function makeList(person: Person, name: string, isPublic = false): Promise<List> {
  const response = await person.fetch('/contractor-lists', { method: 'POST', body: { name, isPublic } })
  assert.equal(response.status, 201)
  return (await response.json()) as List
}
const read = async <T>(response: Response) => (await response.json()) as T
const codeOf = async (response: Response) => (await read<{ code: string }>(response)).code
const addTo = (person: Person, listId: string, body: object = { contractorId }) =>
  person.fetch(`/contractor-lists/${listId}/items`, { method: 'POST', body })

const secret = await makeList(bob, 'Secret of Northgate', true)
assert.equal((await addTo(bob, secret.id)).status, 201)

/** A request as bytes: fetch would join or refuse what an attacker sends. */
function sendRaw(path: string, headers: [string, string][]): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${baseUrl}/api/v1${path}`, { headers: headers.flat() }, answer => {
      let body = ''
      answer.setEncoding('latin1').on('data', chunk => {
        body += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
    })
    sent.on('error', reject).end()
  })
}

async function leave(person: Person, tenantId: string): Promise<void> {
  await admin.query('delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [tenantId, person.userId])
}

test('AG-01 no spelling of X-Tenant-Id leads into a tenant that one is not a member of', async () => {
  const { tenantId: own } = alice
  const { tenantId: other } = bob
  const bearer: [string, string] = ['Authorization', `Bearer ${alice.accessToken}`]
  const refused: [string, string][][] = [
    [['X-Tenant-Id', other]],
    [['X-Tenant-Id', other.toUpperCase()]],
    [['x-tenant-id', `  ${other}  `]],
    [
      ['X-Tenant-Id', own],
      ['X-Tenant-Id', other],
    ],
    [
      ['x-tenant-id', other],
      ['X-TENANT-ID', own],
    ],
    [['X-Tenant-Id', `${own},${other}`]],
    [['X-Tenant-Id', `{${other}}`]],
    [['X-Tenant-Id', other.replaceAll('-', '')]],
    [['X-Tenant-Id', `${other}' or true --`]],
    [['X-Tenant-Id', '']],
    [['X-Tenant-Id', '00000000-0000-0000-0000-000000000000']],
    [['X-Tenant-Id', randomUUID()]],
  ]
  for (const headers of refused) {
    for (const path of ['/contractor-lists', '/audit-logs', '/me', `/contractor-lists/${secret.id}`]) {
      const { status, body } = await sendRaw(path, [['Host', 'localhost'], bearer, ...headers])
      assert.ok(status === 400 || status === 403, `${JSON.stringify(headers)} ${path}: ${status}`)
      assert.ok(!body.includes(secret.id) && !body.includes('Northgate'), JSON.stringify(headers))
    }
  }
  for (const given of [own, own.toUpperCase(), ` ${own} `]) {
    const answer = await sendRaw('/contractor-lists', [['Host', 'localhost'], bearer, ['X-Tenant-Id', given]])
    assert.equal(answer.status, 200, `control: ${given}`)
    const credentials = { email: alice.email, password: alice.password }
    const init = { method: 'POST', body: credentials, headers: { 'x-tenant-id': given.trim() } }
    const session = await read<{ tenantId: string }>(await alice.fetch('/auth/sign-in', init))
    assert.equal(session.tenantId, own, 'sign-in takes the spellings that requests take')
    const switched = await alice.fetch('/auth/switch-tenant', { method: 'POST', body: { tenantId: given.trim() } })
    assert.equal((await read<{ tenantId: string }>(switched)).tenantId, own)
  }
})

test('CVE-2026-32131 of another tenant’s list nothing answers otherwise than for a list of nobody', async () => {
  const nobody = randomUUID()
  const { items } = await read<{ items: { id: string }[] }>(await bob.fetch(`/contractor-lists/${secret.id}/items`))
  const itemId = items[0]?.id
  const tag = (await bob.fetch(`/contractor-lists/${secret.id}`)).headers.get('etag') as string
  const attempts: [string, { method?: string; body?: unknown; headers?: Record<string, string> }][] = [
    ['', {}],
    ['', { headers: { 'if-none-match': tag } }],
    ['', { headers: { 'if-none-match': '*' } }],
    ['', { method: 'PATCH', body: { name: 'Mine' }, headers: { 'if-match': tag } }],
    ['', { method: 'PATCH', body: { isPublic: true }, headers: { 'if-match': '"wrong"' } }],
    ['', { method: 'DELETE' }],
    ['/items', {}],
    // A contractor that is in the list already: a conflict would tell.
    ['/items', { method: 'POST', body: { contractorId } }],
    ['/items', { method: 'POST', body: { contractorId: profiles[1].id } }],
    ['/items', { method: 'POST', body: { contractorId: randomUUID() } }],
    ['/items', { method: 'POST', body: { uei: 'ATTACK00AAA1' } }],
    [`/items/${itemId}`, { method: 'PATCH', body: { notes: 'mine' } }],
    [`/items/${itemId}`, { method: 'DELETE' }],
  ]
  const answerOf = async (id: string, [path, init]: (typeof attempts)[number]) => {
    const response = await alice.fetch(`/contractor-lists/${id}${path}`, init)
    const body = (await response.text()).replaceAll(id, 'ID').replace(/"requestId":"[^"]+"/, '')
    return { status: response.status, body, etag: response.headers.get('etag') }
  }
  for (const attempt of attempts) {
    const answer = await answerOf(secret.id, attempt)
    assert.equal(answer.status, 404, JSON.stringify(attempt))
    assert.deepEqual(answer, await answerOf(nobody, attempt), JSON.stringify(attempt))
  }
  const fresh = await bob.fetch(`/contractor-lists/${secret.id}`, { headers: { 'if-none-match': tag } })
  assert.equal(fresh.status, 304, 'control: to its owner it is there, unchanged')
})

test('AG-01 a public list is the tenant’s own public, and its readers change nothing of it', async () => {
  const open = await makeList(alice, 'Open to Meridian', true)
  assert.equal((await addTo(alice, open.id)).status, 201)
  const colleague = await signUpInto(alice.tenantId, 'member')
  assert.equal((await colleague.fetch(`/contractor-lists/${open.id}`)).status, 200, 'control: colleagues see it')
  assert.equal((await bob.fetch(`/contractor-lists/${open.id}`)).status, 404)
  const { items } = await read<{ items: { id: string }[] }>(await colleague.fetch(`/contractor-lists/${open.id}/items`))
  const writes: [string, string, object?][] = [
    ['PATCH', '', { name: 'Taken' }],
    ['DELETE', ''],
    ['POST', '/items', { contractorId: profiles[1].id }],
    ['PATCH', `/items/${items[0]?.id}`, { notes: 'taken' }],
    ['DELETE', `/items/${items[0]?.id}`],
  ]
  for (const [method, path, body] of writes) {
    const { status } = await colleague.fetch(`/contractor-lists/${open.id}${path}`, { method, body })
    assert.ok(status === 403 || status === 404 || status === 409, `${method} ${path}: ${status}`)
  }
  const after = await read<{ name: string; itemCount: number }>(await alice.fetch(`/contractor-lists/${open.id}`))
  assert.deepEqual([after.name, after.itemCount], ['Open to Meridian', 1])
})

test('AG-01 a cursor of another tenant pages through one’s own rows only', async () => {
  for (let index = 0; index < 3; index++) await makeList(bob, `Northgate ${index}`)
  for (let index = 0; index < 3; index++) await makeList(alice, `Meridian ${index}`)
  const { nextCursor } = await read<Page>(await bob.fetch('/contractor-lists?limit=1'))
  assert.ok(nextCursor)
  const page = await read<Page>(await alice.fetch(`/contractor-lists?limit=100&cursor=${nextCursor}`))
  assert.ok(page.items.length > 0, 'control: it pages')
  assert.deepEqual([...new Set(page.items.map(({ ownerId }) => ownerId))], [alice.userId])
  const logs = await read<Page>(await bob.fetch('/audit-logs?limit=1'))
  const own = await read<{ items: { userId: string | null }[] }>(
    await alice.fetch(`/audit-logs?limit=100&cursor=${logs.nextCursor}`),
  )
  assert.ok(own.items.every(({ userId }) => userId !== bob.userId))
})

test('PE-08 no filter of the audit log finds what another tenant, or no tenant, did', async () => {
  const filters = [
    `userId=${bob.userId}`,
    `resourceId=${secret.id}`,
    `resourceId=${bob.userId}`,
    'action=sign_in_failed',
  ]
  await alice.fetch('/auth/sign-in', { method: 'POST', body: { email: bob.email, password: 'wrong wrong' } })
  for (const filter of filters) {
    const { items } = await read<Page>(await alice.fetch(`/audit-logs?${filter}`))
    assert.deepEqual(items, [], filter)
  }
  const control = await read<Page>(await bob.fetch(`/audit-logs?resourceId=${secret.id}`))
  assert.ok(control.items.length > 0)
})

test('an idempotency key gives no answer of another user or tenant, nor of rights that are gone', async () => {
  const key = `key-${randomUUID()}`
  const body = { name: 'Once' }
  const send = (person: Person) =>
    person.fetch('/contractor-lists', { method: 'POST', body, headers: { 'idempotency-key': key } })
  const visitor = await signUpInto(alice.tenantId, 'member')
  await joinAs(world, visitor.userId, bob.tenantId, 'member')
  const first = await send(visitor)
  const made = await read<List>(first)
  const again = await send(visitor)
  assert.deepEqual([again.headers.get('idempotency-replayed'), await read<List>(again)], ['true', made], 'control')
  for (const person of [alice, bob, await signIn(baseUrl, visitor, bob.tenantId)]) {
    const answer = await send(person)
    assert.equal(answer.headers.get('idempotency-replayed'), null)
    assert.notEqual((await read<List>(answer)).id, made.id)
  }
  await admin.query(
    `update access.user_tenant_roles as held
     set role_id = role.id
     from access.roles as role, tenancy.user_tenants as membership
     where role.tenant_id = held.tenant_id and role.name = 'viewer' and membership.tenant_id = held.tenant_id
       and membership.id = held.user_tenant_id and membership.user_id = $1`,
    [visitor.userId],
  )
  await believedNoLonger()
  assert.deepEqual([(await send(visitor)).status], [403], 'a viewer gets no answer that a member got')
})

test('GG-04 who has left a tenant reaches nothing of it: not by token, cookie, header, key, tag, cursor or refresh', async () => {
  const leaver = await signUpInto(alice.tenantId, 'member')
  const credentials = { email: leaver.email, password: leaver.password }
  const signedIn = await leaver.fetch('/auth/sign-in', { method: 'POST', body: credentials })
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] as string
  const { refreshToken } = await read<{ refreshToken: string }>(signedIn)
  const list = await makeList(leaver, 'Left behind', true)
  await makeList(leaver, 'Another')
  const tag = (await leaver.fetch(`/contractor-lists/${list.id}`)).headers.get('etag') as string
  const { nextCursor } = await read<Page>(await leaver.fetch('/contractor-lists?limit=1'))
  const headers = { 'idempotency-key': randomUUID() }
  await leaver.fetch('/contractor-lists', { method: 'POST', body: { name: 'Kept' }, headers })
  const share = `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_with_user_id, shared_by)
    select tenant_id, id, $1, user_id from contractors.contractor_lists where id = $2`
  const shared = await makeList(alice, 'Shared')
  await admin.query(share, [leaver.userId, shared.id])
  assert.equal((await leaver.fetch(`/contractor-lists/${shared.id}`)).status, 200, 'control: it is shared with him')

  await leave(leaver, alice.tenantId)
  await believedNoLonger()
  const inTenant = { 'x-tenant-id': alice.tenantId }
  const answers = await Promise.all([
    leaver.fetch('/contractor-lists'),
    leaver.fetch('/contractor-lists', { headers: inTenant }),
    leaver.fetch(`/contractor-lists?cursor=${nextCursor}`),
    leaver.fetch(`/contractor-lists/${list.id}`, { headers: { 'if-none-match': tag } }),
    leaver.fetch(`/contractor-lists/${shared.id}`),
    leaver.fetch('/contractor-lists', { method: 'POST', body: { name: 'Kept' }, headers }),
    leaver.fetch('/auth/switch-tenant', { method: 'POST', body: { tenantId: alice.tenantId } }),
    fetch(`${baseUrl}/api/v1/contractor-lists`, { headers: { cookie } }),
    fetch(`${baseUrl}/api/v1/contractor-lists`, { headers: { cookie, ...inTenant } }),
  ])
  for (const [index, { status }] of answers.entries()) assert.equal(status, 403, `attempt ${index}`)
  const refreshed = await leaver.fetch('/auth/refresh', { method: 'POST', body: { refreshToken } })
  assert.deepEqual((await read<{ tenantId: null; tenants: unknown[] }>(refreshed)).tenants, [])
  const again = { 'x-tenant-id': alice.tenantId }
  const returned = await leaver.fetch('/auth/sign-in', { method: 'POST', body: credentials, headers: again })
  assert.deepEqual([returned.status, await codeOf(returned)], [403, 'accounts.not_a_member'])
})

test('GG-18 a share is with one person of the tenant, until it ends; one to an address opens nothing by itself', async () => {
  const mine = await makeList(alice, 'Mine alone')
  const see = async () => (await viewer.fetch(`/contractor-lists/${mine.id}`)).status
  assert.equal(await see(), 404)
  const share = (columns: string, values: string) =>
    admin.query(
      `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_by, ${columns})
       values ($1, $2, $3, ${values})`,
      [alice.tenantId, mine.id, alice.userId],
    )
  await share('shared_with_email', `'${viewer.email}'`)
  assert.equal(await see(), 404)
  await assert.rejects(share('shared_with_user_id', `'${bob.userId}'`), /shared_with_user_id_fkey/)
  await share('shared_with_user_id, expires_at', `'${viewer.userId}', now() - interval '1 second'`)
  assert.equal(await see(), 404)
  await admin.query('update contractors.contractor_list_shares set expires_at = null where list_id = $1', [mine.id])
  assert.equal(await see(), 200, 'control: a share in date')
})

test('CVE-2026-55670 an account made anew with a deleted one’s address has nothing of it', async () => {
  const old = await signUpInto(alice.tenantId, 'member')
  const list = await makeList(old, 'Of the old account')
  await admin.query(`update identity.users set status = 'deleted', deleted_at = now() where id = $1`, [old.userId])
  const session = await newPerson(world, { email: old.email })
  assert.equal(session.tenantId, '')
  assert.notEqual(session.userId, old.userId)
  for (const path of ['/contractor-lists', `/contractor-lists/${list.id}`]) {
    const headers = { authorization: `Bearer ${session.accessToken}`, 'x-tenant-id': alice.tenantId }
    assert.equal((await fetch(`${baseUrl}/api/v1${path}`, { headers })).status, 403)
  }
})

async function signUpInto(tenantId: string, role: string): Promise<Person> {
  const person = await newPerson(world, { email: `${role}-${randomUUID()}@example.com` })
  await joinAs(world, person.userId, tenantId, role)
  return await signIn(baseUrl, person, tenantId)
}
