import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashNewPassword } from '#platform/identity'
import { testDatabase } from '#test/database.ts'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, joinAs, signIn, testWorld } from '#test/world.ts'
import { accountsOf } from './principals.ts'
import { askForAccount, createAccount, getEntranceOptions } from './sign-ups.ts'

const world = await testWorld()
const empty = await testDatabase()
const { alice, bob, viewer, baseUrl, admin } = world
const api = `${baseUrl}/api/v1`

type Problem = { code: string; status: number }
type Session = {
  accessToken: string
  refreshToken: string
  expiresIn: number
  user: { id: string; email: string }
  tenants: { id: string; name: string; roles: string[]; isDefault: boolean }[]
  tenantId: string | null
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${api}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': someAddress(), ...headers },
    body: JSON.stringify(body),
  })
}
const someAddress = () => `10.${[0, 0, 0].map(() => Math.trunc(Math.random() * 256)).join('.')}`
const read = async <T>(response: Response) => (await response.json()) as T
const problemOf = async (response: Response) => (await read<Problem>(response)).code
const me = (accessToken: string, headers: Record<string, string> = {}) =>
  fetch(`${api}/me`, { headers: { authorization: `Bearer ${accessToken}`, ...headers } })

let counter = 0
async function newPerson(tenantName?: string): Promise<Session & { email: string; password: string }> {
  const person = { email: `person${++counter}@example.com`, password: 'a rather long passphrase', fullName: 'A Person' }
  const passwordHash = await hashNewPassword(person.password)
  await createAccount(world.app, {}, { ...person, tenantName, passwordHash, isEmailVerified: true })
  const response = await post('/auth/sign-in', { email: person.email, password: person.password })
  assert.equal(response.status, 200)
  return { ...(await read<Session>(response)), ...person }
}

test('GG-03 signing up with a tenant name makes the tenant and its owner, with every permission', async () => {
  const founder = await newPerson('Quiet Harbor, LLC')
  assert.equal(founder.expiresIn, 900)
  assert.deepEqual(
    founder.tenants.map(({ name, roles, isDefault }) => ({ name, roles, isDefault })),
    [{ name: 'Quiet Harbor, LLC', roles: ['owner'], isDefault: true }],
  )
  const answer = await read<{ permissions: string[]; tenantId: string }>(await me(founder.accessToken))
  assert.ok(answer.permissions.includes('audit.logs.read'))
  assert.equal(answer.tenantId, founder.tenantId)
})

test('GG-03 two tenants of one name get different slugs, also at once', async () => {
  const founders = await Promise.all(Array.from({ length: 6 }, () => newPerson('Twin Peaks')))
  const { rows } = await admin.query(`select slug from tenancy.tenants where name = 'Twin Peaks'`)
  assert.equal(new Set(rows.map(row => row.slug)).size, founders.length)
})

test('GG-01 an address has one account in any case and form, also when many are confirmed at once', async () => {
  const fresh = { email: 'race@example.com', password: 'a rather long passphrase', fullName: 'Racer' }
  const variants = [fresh.email, fresh.email.toUpperCase(), ` ${fresh.email} `, fresh.email.replace('@', '＠')]
  for (const email of variants) assert.equal((await post('/auth/sign-up', { ...fresh, email })).status, 202, email)
  await runJobs(world)
  const tokens = (await mailsTo(world, fresh.email)).map(mail => mail.token as string)
  assert.equal(tokens.length, variants.length)
  const confirm = (token: string) => post('/auth/verify-sign-up', { token, password: fresh.password })
  const answers = await Promise.all(tokens.flatMap(token => [confirm(token), confirm(token)]))
  assert.equal(answers.filter(({ status }) => status === 201).length, 1)
  const others = await Promise.all(answers.filter(({ status }) => status !== 201).map(problemOf))
  const expected = ['identity.email_taken', 'accounts.sign_up_link_invalid']
  assert.ok(
    others.every(code => expected.includes(code)),
    others.join(),
  )
})

test('MT-04 an account begins with the link of its mail and the password that was chosen', async () => {
  const wanted = { email: 'linked@example.com', password: 'a rather long passphrase', fullName: 'Lin Ked' }
  assert.equal((await post('/auth/sign-up', { ...wanted, tenantName: 'Linked Ltd' })).status, 202)
  const { email, password } = wanted
  assert.equal((await post('/auth/sign-in', { email, password })).status, 401, 'there is no account yet')
  await runJobs(world)
  const [mail] = await mailsTo(world, email)
  assert.match(mail?.link ?? '', /^http:\/\/localhost:\d+\/verify-email#token=/)
  const token = mail?.token as string

  const wrong = await post('/auth/verify-sign-up', { token, password: 'what its owner would guess' })
  assert.equal(await problemOf(wrong), 'accounts.sign_up_password_wrong')
  assert.equal(await problemOf(await post('/auth/verify-sign-up', { token: `${token}x`, password })), linkInvalid)

  const response = await post('/auth/verify-sign-up', { token, password })
  assert.equal(response.status, 201)
  const session = await read<Session & { status: string }>(response)
  assert.equal(session.status, 'signed_in')
  assert.deepEqual(
    session.tenants.map(({ name, roles }) => ({ name, roles })),
    [{ name: 'Linked Ltd', roles: ['owner'] }],
  )
  const { rows } = await admin.query('select is_email_verified from identity.users where id = $1', [session.user.id])
  assert.equal(rows[0].is_email_verified, true)
  assert.equal(await problemOf(await post('/auth/verify-sign-up', { token, password })), linkInvalid, 'it works once')
})
const linkInvalid = 'accounts.sign_up_link_invalid'

test('MT-04 a link that is older than a day confirms nothing', async () => {
  const wanted = { email: 'late@example.com', password: 'a rather long passphrase', fullName: 'Late' }
  await post('/auth/sign-up', wanted)
  await runJobs(world)
  const token = (await mailsTo(world, wanted.email))[0]?.token as string
  await admin.query(`update identity.sign_ups set expires_at = now() where email = $1`, [wanted.email])
  const response = await post('/auth/verify-sign-up', { token, password: wanted.password })
  assert.equal(await problemOf(response), linkInvalid)
})

test('MT-04 asking for an account is answered alike whether there is one; only the mail tells its owner', async () => {
  const known = await newPerson()
  const body = { password: 'another long passphrase', fullName: 'Somebody' }
  const answers = []
  for (const email of [known.email, 'nobody-yet@example.com']) {
    const response = await post('/auth/sign-up', { ...body, email })
    answers.push({ status: response.status, body: await response.text(), names: [...response.headers.keys()].sort() })
  }
  assert.deepEqual(answers[0], answers[1])
  await runJobs(world)
  const subjects = (await mailsTo(world, known.email)).map(({ subject }) => subject)
  assert.deepEqual(subjects, ['You have an account already'])
  const { rows } = await admin.query('select from identity.users where email = $1', [known.email])
  assert.equal(rows.length, 1)
})

test('sign-up refuses what is not an address, a bad password, and fields that it does not know', async () => {
  const good = { email: 'fine@example.com', password: 'a rather long passphrase', fullName: 'Fine' }
  const bad = [
    { ...good, email: 'no-at-sign' },
    { ...good, email: 'two@@example.com' },
    { ...good, email: 'a b@example.com' },
    { ...good, password: 'short' },
    { ...good, password: 'x'.repeat(129) },
    { ...good, fullName: '   ' },
    { ...good, role: 'owner' },
    { ...good, status: 'active', isEmailVerified: true },
    { ...good, fullName: 'nul\u0000byte' },
  ]
  for (const body of bad) assert.equal((await post('/auth/sign-up', body)).status, 400, JSON.stringify(body))
  const { email, password } = good
  assert.equal((await post('/auth/sign-in', { email, password })).status, 401, 'nothing was half taken')
})

test('GG-02 the password is kept as Argon2id only', async () => {
  const { user, password } = await newPerson()
  const { rows } = await admin.query('select password_hash from identity.passwords where user_id = $1', [user.id])
  assert.match(rows[0].password_hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.ok(!rows[0].password_hash.includes(password))
})

test('VS-02 no token is stored: neither cookie, access nor refresh token is found in any row', async () => {
  const { email, password } = await newPerson()
  const response = await post('/auth/sign-in', { email, password })
  const session = await read<Session>(response.clone())
  const cookie = /__Host-commonhold=([^;]+)/.exec(response.headers.get('set-cookie') ?? '')?.[1] as string
  const { rows: tables } = await admin.query(`
    select format('%I.%I', table_schema, table_name) as name
    from information_schema.tables
    where table_schema in ('identity', 'tenancy', 'access', 'audit', 'http') and table_type = 'BASE TABLE'`)
  for (const { name } of tables) {
    const { rows } = await admin.query(`select row_to_json(t)::text as text from ${name} as t`)
    for (const { text } of rows) {
      for (const token of [cookie, session.accessToken, session.refreshToken, password]) {
        assert.ok(!text.includes(token), `${name} holds a secret`)
      }
    }
  }
})

test('MT-03 sign-in answers alike for an unknown address, a wrong password and a locked account', async () => {
  const { email, password, user } = await newPerson()
  const answers = []
  for (const body of [
    { email: 'nobody@example.com', password },
    { email, password: 'wrong wrong wrong' },
  ]) {
    const response = await post('/auth/sign-in', body)
    answers.push({ ...(await read<Problem>(response)), requestId: undefined })
  }
  for (let attempt = 0; attempt < 4; attempt++) await post('/auth/sign-in', { email, password: 'wrong wrong wrong' })
  const locked = await post('/auth/sign-in', { email, password })
  answers.push({ ...(await read<Problem>(locked)), requestId: undefined })
  assert.deepEqual(answers[1], answers[0])
  assert.deepEqual(answers[2], answers[0])
  await admin.query(`update identity.users set account_locked_until = now() - interval '1 second' where id = $1`, [
    user.id,
  ])
  assert.equal((await post('/auth/sign-in', { email, password })).status, 200, 'the lock ends by itself (MT-03)')
  const { rows } = await admin.query('select failed_login_attempts from identity.users where id = $1', [user.id])
  assert.equal(rows[0].failed_login_attempts, 0)
})

test('PE-05 of 50 concurrent uses of a refresh token one wins, and the family ends', async () => {
  const { refreshToken } = await newPerson()
  const answers = await Promise.all(Array.from({ length: 50 }, () => post('/auth/refresh', { refreshToken })))
  const won = answers.filter(answer => answer.status === 200)
  assert.equal(won.length, 1)
  const next = await read<Session>(won[0] as Response)
  assert.equal((await post('/auth/refresh', { refreshToken: next.refreshToken })).status, 401)
  assert.equal((await me(next.accessToken)).status, 401)
})

test('PE-05 tokens rotate; an old one used again ends the session for the thief and the owner', async () => {
  const first = await newPerson()
  const second = await read<Session>(await post('/auth/refresh', { refreshToken: first.refreshToken }))
  assert.notEqual(second.refreshToken, first.refreshToken)
  assert.equal((await me(second.accessToken)).status, 200)
  assert.equal((await post('/auth/refresh', { refreshToken: first.refreshToken })).status, 401)
  assert.equal((await me(second.accessToken)).status, 401)
  assert.equal((await post('/auth/refresh', { refreshToken: second.refreshToken })).status, 401)
})

test('PE-05 an expired, cut, extended or bit-flipped refresh token refreshes nothing and ends nothing', async () => {
  const { refreshToken, accessToken } = await newPerson()
  const flipped = `${refreshToken.slice(0, -2)}${refreshToken.at(-2) === 'A' ? 'B' : 'A'}${refreshToken.at(-1)}`
  for (const token of [refreshToken.slice(0, -1), `${refreshToken}A`, flipped, '.', refreshToken.toUpperCase()]) {
    assert.equal((await post('/auth/refresh', { refreshToken: token })).status, 401)
  }
  assert.equal((await me(accessToken)).status, 200)
  await admin.query(
    `update identity.refresh_tokens set expires_at = now() - interval '1 second'
    where family_hash = sha256(convert_to($1, 'UTF8'))`,
    [refreshToken.split('.')[0]],
  )
  assert.equal((await post('/auth/refresh', { refreshToken })).status, 401)
})

test('an access token that was altered, signed otherwise or is not one of ours opens nothing', async () => {
  const { accessToken, user } = await newPerson()
  const [header, payload, signature] = accessToken.split('.') as [string, string, string]
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forged = [
    `${header}.${encode({ ...claims, sub: alice.userId })}.${signature}`,
    `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
    `${encode({ alg: 'HS256', typ: 'at+jwt', kid: JSON.parse(Buffer.from(header, 'base64url').toString()).kid })}.${payload}.${signature}`,
    `${encode({ alg: 'ES256', typ: 'at+jwt', kid: "x' or true --" })}.${payload}.${signature}`,
    `${header}.${payload}.${signature.slice(0, -3)}`,
    accessToken.slice(1),
    user.id,
  ]
  for (const token of forged) assert.equal((await me(token)).status, 401)
  assert.equal((await me(accessToken)).status, 200)
})

test('PE-02 a user who is suspended, deactivated or deleted loses a session that he has', async () => {
  const lose = async (status: string) => {
    const { email, password, accessToken, refreshToken, user } = await newPerson()
    assert.equal((await me(accessToken)).status, 200)
    await admin.query(
      `update identity.users set status = $2, deleted_at = case when $2 = 'deleted' then now() end where id = $1`,
      [user.id, status],
    )
    await believedNoLonger()
    assert.equal((await me(accessToken)).status, 401, status)
    assert.equal((await post('/auth/refresh', { refreshToken })).status, 401, status)
    assert.equal((await post('/auth/sign-in', { email, password })).status, 401, status)
  }
  await Promise.all(['suspended', 'inactive', 'deleted'].map(lose))
})

test('MT-02 the address of a deleted account can be used by a new one', async () => {
  const { email, password, user } = await newPerson()
  await admin.query(`update identity.users set status = 'deleted', deleted_at = now() where id = $1`, [user.id])
  await post('/auth/sign-up', { email, password, fullName: 'Second' })
  await runJobs(world)
  const token = (await mailsTo(world, email)).at(-1)?.token
  const response = await post('/auth/verify-sign-up', { token, password })
  assert.equal(response.status, 201)
  assert.notEqual((await read<Session>(response)).user.id, user.id)
})

test('signing out ends the session at once, for cookie, access and refresh token', async () => {
  const { email, password } = await newPerson()
  const response = await post('/auth/sign-in', { email, password })
  const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] as string
  const session = await read<Session>(response)
  assert.equal((await fetch(`${api}/me`, { headers: { cookie } })).status, 200)
  const out = await post('/auth/sign-out', undefined, { authorization: `Bearer ${session.accessToken}` })
  assert.equal(out.status, 204)
  assert.equal((await me(session.accessToken)).status, 401)
  assert.equal((await fetch(`${api}/me`, { headers: { cookie } })).status, 401)
  assert.equal((await post('/auth/refresh', { refreshToken: session.refreshToken })).status, 401)
})

test('the session cookie is bound to host, HTTPS and whole path, hidden from scripts, not sent by other sites', async () => {
  const { email, password } = await newPerson()
  const cookie = (await post('/auth/sign-in', { email, password })).headers.get('set-cookie') ?? ''
  assert.match(cookie, /^__Host-commonhold=[A-Za-z0-9_-]{43};/)
  for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
    assert.ok(cookie.includes(attribute), attribute)
  assert.ok(!/Domain=/i.test(cookie))
})

test('AG-01 no one works in a tenant that he is not a member of, whether it exists or not', async () => {
  const strangers = [bob.tenantId, '00000000-0000-4000-8000-000000000000']
  for (const tenantId of strangers) {
    const asked = await alice.fetch('/me', { headers: { 'x-tenant-id': tenantId } })
    assert.equal(asked.status, 403)
    assert.equal(await problemOf(asked), 'accounts.not_a_member')
    const switched = await alice.fetch('/auth/switch-tenant', { method: 'POST', body: { tenantId } })
    assert.equal(switched.status, 403)
    const signedIn = await post(
      '/auth/sign-in',
      { email: alice.email, password: alice.password },
      { 'x-tenant-id': tenantId },
    )
    assert.equal(signedIn.status, 403)
  }
  const control = await bob.fetch('/me', { headers: { 'x-tenant-id': bob.tenantId } })
  assert.equal(control.status, 200)
})

test('GG-04 PE-04 a membership and a session that end by time end at that moment, though an answer is believed for longer', async () => {
  const person = await newPerson('Ending Ltd')
  await joinAs(world, viewer.userId, person.tenantId as string, 'owner')
  const inTenant = () => me(person.accessToken, { 'x-tenant-id': person.tenantId as string })
  const end = async (table: string, column: string) => {
    accountsOf(world.app).principals.forgetAll()
    await admin.query(`update ${table} set ${column} = now() + interval '1 second' where user_id = $1`, [
      person.user.id,
    ])
    assert.equal((await inTenant()).status, 200, 'control: not yet')
    await new Promise(resolve => setTimeout(resolve, 1_050))
    return (await inTenant()).status
  }
  assert.equal(await end('tenancy.user_tenants', 'expires_at'), 403)
  await admin.query('update tenancy.user_tenants set expires_at = null where user_id = $1', [person.user.id])
  assert.equal(await end('identity.user_sessions', 'ends_at'), 401)
})

test('GG-04 an expired membership gives no access, and a running session feels it', async () => {
  const { email, password, accessToken, tenantId, user } = await newPerson('Short Stay')
  await joinAs(world, viewer.userId, tenantId as string, 'owner')
  assert.equal((await me(accessToken, { 'x-tenant-id': tenantId as string })).status, 200)
  await admin.query('update tenancy.user_tenants set expires_at = now() where user_id = $1', [user.id])
  await believedNoLonger()
  assert.equal((await me(accessToken, { 'x-tenant-id': tenantId as string })).status, 403)
  const again = await read<Session>(await post('/auth/sign-in', { email, password }))
  assert.deepEqual({ tenants: again.tenants, tenantId: again.tenantId }, { tenants: [], tenantId: null })
})

test('MT-12 members of a suspended tenant work in nothing of it', async () => {
  const { accessToken, tenantId, email, password } = await newPerson('Paused')
  await admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [tenantId])
  await believedNoLonger()
  const asked = await me(accessToken, { 'x-tenant-id': tenantId as string })
  assert.equal(await problemOf(asked), 'accounts.tenant_suspended')
  const again = await read<Session>(await post('/auth/sign-in', { email, password }))
  assert.equal(again.tenantId, null)
})

test('MT-13 a member of two tenants switches between them; each shows its own roles', async () => {
  await joinAs(world, bob.userId, alice.tenantId, 'viewer')
  const visiting = await signIn(baseUrl, bob)
  const switched = await visiting.fetch('/auth/switch-tenant', { method: 'POST', body: { tenantId: alice.tenantId } })
  assert.equal(switched.status, 200)
  const { accessToken } = await read<Session>(switched)
  const there = await read<{ tenantId: string; roles: string[] }>(await me(accessToken))
  assert.deepEqual({ tenantId: there.tenantId, roles: there.roles }, { tenantId: alice.tenantId, roles: ['viewer'] })
  const tenants = await read<{ items: { id: string }[] }>(await visiting.fetch('/tenants'))
  assert.deepEqual(new Set(tenants.items.map(tenant => tenant.id)), new Set([alice.tenantId, bob.tenantId]))
})

test('GG-03 one without a tenant makes one, is its owner, and works in it after switching', async () => {
  const person = await newPerson()
  assert.equal(person.tenantId, null)
  const authorization = { authorization: `Bearer ${person.accessToken}` }
  const created = await post('/tenants', { name: '  Late Start  ' }, authorization)
  assert.equal(created.status, 201)
  const tenant = await read<Session['tenants'][number]>(created)
  assert.deepEqual(tenant, {
    id: tenant.id,
    name: 'Late Start',
    slug: 'late-start',
    roles: ['owner'],
    isDefault: true,
    isActive: true,
  })
  const before = await read<{ tenantId: null; tenants: unknown[] }>(await me(person.accessToken))
  assert.deepEqual({ tenantId: before.tenantId, tenants: before.tenants }, { tenantId: null, tenants: [tenant] })
  const switched = await post('/auth/switch-tenant', { tenantId: tenant.id }, authorization)
  const after = await read<{ tenantId: string; permissions: string[] }>(
    await me((await read<Session>(switched)).accessToken),
  )
  assert.equal(after.tenantId, tenant.id)
  assert.ok(after.permissions.includes('audit.logs.read'))
  const { rows } = await admin.query(
    `select user_id, resource_id, ip_address, request_id from audit.audit_logs
     where tenant_id = $1 and action = 'create_tenant'`,
    [tenant.id],
  )
  assert.deepEqual(
    rows.map(row => [row.user_id, row.resource_id]),
    [[person.user.id, tenant.id]],
  )
  assert.ok(rows[0].ip_address && rows[0].request_id)
})

test('AG-01 a tenant that somebody makes is nobody else’s, and changes nobody else’s view', async () => {
  const viewOf = async (person: typeof alice) => {
    const answer = await read<Record<string, unknown>>(await person.fetch('/me'))
    return { tenantId: answer.tenantId, tenants: answer.tenants, roles: answer.roles }
  }
  const before = [await viewOf(alice), await viewOf(viewer)]
  const maker = await signIn(baseUrl, bob)
  const { id } = await read<{ id: string }>(
    await maker.fetch('/tenants', { method: 'POST', body: { name: 'Northgate Labs' } }),
  )
  assert.deepEqual([await viewOf(alice), await viewOf(viewer)], before)
  for (const stranger of [alice, viewer]) {
    assert.equal((await stranger.fetch('/me', { headers: { 'x-tenant-id': id } })).status, 403)
    const switched = await stranger.fetch('/auth/switch-tenant', { method: 'POST', body: { tenantId: id } })
    assert.equal(await problemOf(switched), 'accounts.not_a_member')
  }
  const there = await maker.fetch('/me', { headers: { 'x-tenant-id': id } })
  assert.equal(there.status, 200, 'control: its maker works in it at once')
  const { tenantId, tenants } = await viewOf(maker)
  assert.equal(tenantId, bob.tenantId, 'his session stays where it was')
  const defaults = (tenants as Session['tenants']).filter(({ isDefault }) => isDefault)
  assert.deepEqual(
    defaults.map(tenant => tenant.id),
    [bob.tenantId],
    'and he still signs in where he did',
  )
})

test('GG-03 tenants that one person makes at once are all there, one of them the default', async () => {
  const { accessToken } = await newPerson()
  const authorization = { authorization: `Bearer ${accessToken}` }
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => post('/tenants', { name: 'Same Moment' }, authorization)),
  )
  assert.deepEqual(
    answers.map(answer => answer.status),
    Array.from({ length: 6 }, () => 201),
  )
  const { tenants } = await read<{ tenants: (Session['tenants'][number] & { slug: string })[] }>(await me(accessToken))
  assert.equal(new Set(tenants.map(({ slug }) => slug)).size, 6)
  assert.equal(tenants.filter(({ isDefault }) => isDefault).length, 1)
})

test('a tenant is not made without a name, with one too long, or by nobody', async () => {
  const { accessToken } = await newPerson()
  const authorization = { authorization: `Bearer ${accessToken}` }
  const bad = [
    {},
    { name: '' },
    { name: ' \u00a0 ' },
    { name: 'x'.repeat(256) },
    { name: 'nul\u0000byte' },
    { name: 7 },
    { name: 'Fine', slug: 'mine' },
    { name: 'Fine', ownerId: alice.userId },
  ]
  for (const body of bad) assert.equal((await post('/tenants', body, authorization)).status, 400, JSON.stringify(body))
  assert.equal((await post('/tenants', { name: 'Fine' })).status, 401)
  assert.deepEqual((await read<Session>(await me(accessToken))).tenants, [])
  assert.equal((await post('/tenants', { name: 'x'.repeat(255) }, authorization)).status, 201, 'control')
})

test('where sign-up is closed nobody makes an account or a tenant, and the entrance says so', async () => {
  const options = async () => await read<unknown>(await fetch(`${api}/auth/options`))
  const { accessToken } = await newPerson()
  const authorization = { authorization: `Bearer ${accessToken}` }
  const { config } = world.app
  const others = {
    needsFirstAdministrator: false,
    google: false,
    mailbox: true,
    tenant: null,
    installationUrl: 'http://localhost:0',
  }
  assert.deepEqual(await options(), { signUp: 'open', ...others })
  world.app.config = { ...config, signUp: 'closed' }
  try {
    assert.deepEqual(await options(), { signUp: 'closed', ...others })
    const wanted = { email: 'late@example.com', password: 'a rather long passphrase', fullName: 'Late' }
    for (const refused of [
      await post('/auth/sign-up', wanted),
      await post('/tenants', { name: 'Late' }, authorization),
    ]) {
      assert.equal(refused.status, 403)
      assert.equal(await problemOf(refused), 'accounts.sign_up_closed')
    }
  } finally {
    world.app.config = config
  }
  assert.equal((await post('/tenants', { name: 'Late' }, authorization)).status, 201, 'control')
})

test('an installation without accounts says that it needs its first administrator', async () => {
  const app = { ...world.app, db: empty.db }
  assert.equal((await getEntranceOptions(app, {})).needsFirstAdministrator, true)
  const stranger = { email: 'early@example.com', password: 'a rather long passphrase', fullName: 'Early' }
  await assert.rejects(askForAccount(app, {}, stranger), /before the first administrator/)
})

test('a role without the permission is refused, naming it', async () => {
  const response = await viewer.fetch('/audit-logs')
  assert.equal(response.status, 403)
  assert.match(await response.text(), /audit\.logs\.read/)
  assert.equal((await alice.fetch('/audit-logs')).status, 200)
})

test('GG-19 sign-ins and failures are in the audit log, without secrets', async () => {
  const { email, password, user } = await newPerson('Watched')
  const from = { 'x-forwarded-for': '192.0.2.7' }
  await post('/auth/sign-in', { email, password }, from)
  await post('/auth/sign-in', { email, password: 'wrong wrong wrong' }, from)
  const { rows } = await admin.query(
    `select action, ip_address, user_agent, request_id, audit_logs::text as text
     from audit.audit_logs
     where user_id = $1 and action in ('sign_in', 'sign_in_failed') and ip_address = '192.0.2.7'
     order by created_at`,
    [user.id],
  )
  assert.deepEqual(
    rows.map(row => row.action),
    ['sign_in', 'sign_in_failed'],
  )
  for (const row of rows) {
    assert.ok(row.ip_address && row.user_agent && row.request_id)
    assert.ok(!row.text.includes(password))
  }
})
