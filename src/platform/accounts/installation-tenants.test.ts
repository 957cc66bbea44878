import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommanderError } from 'commander'
import { createTemplateRoles } from '#platform/access'
import { DomainError } from '#platform/errors.ts'
import { buildServer } from '#platform/http'
import { getTemplate, resolveHost } from '#platform/tenancy'
import { commandsOn, runCommand } from '#test/commands.ts'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { modules } from '../../main/modules.ts'
import { createApp } from '../../main/program.ts'
import { registerTenantCommands } from './installation-commands.ts'
import { accountsOf } from './principals.ts'

const template = {
  label: 'Sales team',
  description: 'For who sells.',
  roles: [{ name: 'Seller', description: 'Sells', permissions: ['contractors.lists.read', 'contractors.lists.write'] }],
  settings: { description: 'We sell.' },
  features: { 'offered.exports': false },
  organizations: [
    { name: 'Sales', slug: 'sales' },
    { name: 'North', slug: 'north', parent: 'sales' },
  ],
}
const offered = {
  name: 'offered',
  tenantTemplates: { 'sales-team': template },
  features: {
    'offered.exports': { label: 'Exports', description: 'Take lists along.', default: true },
    'offered.trial': { label: 'Trials', description: 'Try things.', default: false },
  },
}
const world = await testWorld()
const { admin, app, alice, bob, viewer, baseUrl } = world
Object.assign(app, { modules: [...modules, offered] })
const operator = await newPerson(world, { fullName: 'Olga Operator' })
await admin.query('insert into identity.operators (user_id) values ($1)', [operator.userId])
await believedNoLonger()

type Body = {
  id: string
  code: string
  status: string
  name: string
  slug: string
  memberCount: number
  owners: { email: string }[]
  statusChanges: { toStatus: string; reason: string; changedByName: string }[]
  features: { name: string; isOn: boolean; allowed: boolean | null; choice: boolean | null }[]
  items: { id: string; name: string; isOn: boolean }[]
  nextCursor: string | null
}
const call = async (person: Person, method: string, path: string, body?: unknown, base = baseUrl) => {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${person.accessToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, json: (await answer.json().catch(() => ({}))) as Body }
}
const setStatus = (id: string, status: string, reason = 'Unpaid bills') =>
  call(operator, 'POST', `/installation/tenants/${id}/status`, { status, reason })

test('MT-10 an operator finds tenants by words of name and slug, and pages through them', async () => {
  const names = ['Zebra Holdings', 'Zebra North', 'Quagga Partners']
  for (const name of names) await newPerson(world, { tenantName: name })
  const found = async (q: string, more = '') =>
    (await call(operator, 'GET', `/installation/tenants?q=${encodeURIComponent(q)}${more}`)).json.items.map(
      ({ name }) => name,
    )
  assert.deepEqual(await found('zebra'), ['Zebra North', 'Zebra Holdings'])
  assert.deepEqual(await found('ZEB hold'), ['Zebra Holdings'])
  assert.deepEqual(await found('zebra-nor'), ['Zebra North'])
  assert.deepEqual(await found('holdings zebra'), ['Zebra Holdings'])
  for (const none of ['ebra', 'zebra quagga', 'z%', 'z_bra', "'", '\u{10ffff}'])
    assert.deepEqual(await found(none), [], none)
  assert.deepEqual(await found('zebra', '&status=suspended'), [])

  const all: string[] = []
  let cursor = ''
  do {
    const { json } = await call(operator, 'GET', `/installation/tenants?limit=2${cursor && `&cursor=${cursor}`}`)
    all.push(...json.items.map(({ id }) => id))
    cursor = json.nextCursor ?? ''
  } while (cursor)
  const { rows } = await admin.query('select id from tenancy.tenants order by created_at desc, id desc')
  assert.deepEqual(
    all,
    rows.map(({ id }) => id),
  )
})

test('MT-10 who is no operator learns nothing of others’ tenants', async () => {
  for (const person of [alice, viewer]) {
    for (const path of ['/installation/tenants', `/installation/tenants/${bob.tenantId}`]) {
      assert.deepEqual((await call(person, 'GET', path)).json.code, 'http.permission_missing', path)
    }
    const write = { status: 'suspended', reason: 'x' }
    assert.equal((await call(person, 'POST', `/installation/tenants/${bob.tenantId}/status`, write)).status, 403)
    assert.equal(
      (await call(person, 'PATCH', `/installation/tenants/${alice.tenantId}/features`, { features: {} })).status,
      403,
    )
  }
  assert.equal(
    (await call(operator, 'GET', `/installation/tenants/${crypto.randomUUID()}`)).json.code,
    'tenancy.tenant_not_found',
  )
})

test('MT-10 an operator makes a tenant for somebody, from a template, who is told and owns it', async () => {
  const ada = await newPerson(world)
  const wanted = { name: 'Made For Ada', ownerEmail: ada.email.toUpperCase(), template: 'sales-team' }
  const made = await call(operator, 'POST', '/installation/tenants', wanted)
  assert.equal(made.status, 201, JSON.stringify(made.json))
  assert.deepEqual(
    [made.json.slug, made.json.memberCount, made.json.owners.map(({ email }) => email)],
    ['made-for-ada', 1, [ada.email]],
  )
  assert.equal(made.json.features.find(({ name }) => name === 'offered.exports')?.isOn, false)
  assert.match((await mailsTo(world, ada.email)).at(-1)?.text ?? '', /Made For Ada/)
  const { rows: roles } = await admin.query(
    `select role.name, array_agg(granted.permission order by granted.permission) as permissions
     from access.roles as role left join access.role_grants as granted on granted.tenant_id = role.tenant_id and granted.role_id = role.id
     where role.tenant_id = $1 and not role.is_built_in group by role.name`,
    [made.json.id],
  )
  assert.deepEqual(roles, [{ name: 'Seller', permissions: ['contractors.lists.read', 'contractors.lists.write'] }])
  const { rows: organizations } = await admin.query(
    `select child.slug, parent.slug as parent from tenancy.organizations as child
     left join tenancy.organizations as parent on parent.tenant_id = child.tenant_id and parent.id = child.parent_id
     where child.tenant_id = $1 order by 1`,
    [made.json.id],
  )
  assert.deepEqual(organizations, [
    { slug: 'north', parent: 'sales' },
    { slug: 'sales', parent: null },
  ])
  const inIt = await signIn(baseUrl, ada, made.json.id)
  const seen = (await (await inIt.fetch('/tenant')).json()) as { settings: unknown }
  assert.deepEqual(seen.settings, { description: 'We sell.' })

  const refused = async (body: unknown) => (await call(operator, 'POST', '/installation/tenants', body)).json.code
  assert.equal(await refused({ ...wanted, template: 'toString' }), 'tenancy.template_unknown')
  assert.equal(await refused({ ...wanted, ownerEmail: 'nobody@example.com' }), 'accounts.account_unknown')
})

test('MT-10 somebody makes a tenant of his own from a template; the templates are there for everybody to see', async () => {
  const answer = await fetch(`${baseUrl}/api/v1/tenant-templates`)
  assert.deepEqual(
    ((await answer.json()) as Body).items.map(({ name }) => name),
    ['standard', 'capture-team', 'sales-team'],
  )
  const ada = await newPerson(world)
  const made = await call(ada, 'POST', '/tenants', { name: 'Sellers', template: 'sales-team' })
  assert.equal(made.status, 201)
  const { rows } = await admin.query(`select settings, features from tenancy.tenants where id = $1`, [made.json.id])
  assert.deepEqual(rows, [{ settings: { description: 'We sell.' }, features: { 'offered.exports': false } }])
  assert.equal(
    (await call(ada, 'POST', '/tenants', { name: 'X', template: 'nope' })).json.code,
    'tenancy.template_unknown',
  )
})

test('MT-10 a template that names what no module declares, or what is for operators, makes nothing', async () => {
  for (const permissions of [['no.such.permission'], ['tenancy.tenants.manage']]) {
    const work = world.db.transaction({ ...alice.scope, system: true }, tx =>
      createTemplateRoles(tx, { ...template, roles: [{ name: 'Wrong', description: '', permissions }] }),
    )
    await assert.rejects(work, /unknown permission/)
  }
  assert.equal(getTemplate(app).label, 'Standard')
})

test('MT-10 PE-12 a tenant switches features, an operator takes them away, and both are felt within 5 seconds', async () => {
  const ada = await newPerson(world, { tenantName: 'Feature Tenant' })
  const isOn = async (name: string) =>
    (await call(ada, 'GET', '/tenant/features')).json.items.find(each => each.name === name)?.isOn
  const choose = (features: object) => call(ada, 'PATCH', '/tenant/features', { features })
  const allow = (features: object) =>
    call(operator, 'PATCH', `/installation/tenants/${ada.tenantId}/features`, { features })
  assert.deepEqual([await isOn('offered.exports'), await isOn('offered.trial')], [true, false])
  await choose({ 'offered.exports': false, 'offered.trial': true })
  assert.deepEqual([await isOn('offered.exports'), await isOn('offered.trial')], [false, true])
  assert.equal((await allow({ 'offered.trial': false })).status, 200)
  assert.equal(await isOn('offered.trial'), false)
  assert.equal((await choose({ 'offered.trial': true })).json.code, 'tenancy.feature_taken')
  await allow({ 'offered.trial': null })
  await choose({ 'offered.exports': null })
  assert.deepEqual([await isOn('offered.exports'), await isOn('offered.trial')], [true, true])
  assert.equal((await choose({ 'no.such': true })).json.code, 'tenancy.feature_unknown')
  assert.equal((await choose({ 'offered.trial': 'yes' })).status, 400)
  assert.equal((await call(viewer, 'PATCH', '/tenant/features', { features: {} })).status, 403)
  await assert.rejects(
    admin.query(`update tenancy.tenants set feature_flags = '{"a": "yes"}' where id = $1`, [ada.tenantId]),
    /tenants_feature_flags_booleans/,
  )
  const others = (await call(bob, 'GET', '/tenant/features')).json.items.find(({ name }) => name === 'offered.trial')
  assert.equal(others?.isOn, false, 'AG-01 another tenant has what it had')
})

/** The same installation in another process: its own memory, the same database. */
async function secondServer() {
  const { config: settings, keyring, log } = app
  const second = createApp({ settings: settings as never, login: world.login, keyring, log })
  const server = await buildServer({
    app: second,
    modules,
    authenticate: accountsOf(second).principals.authenticate,
    resolveHost: host => resolveHost(second, host),
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  const base = await server.listen({ host: '127.0.0.1', port: 0 })
  after(async () => {
    await server.close()
    await second.db.close()
  })
  return base
}

test('MT-12 a suspended tenant is closed to all of its members everywhere within 5 seconds, and nothing is lost', async () => {
  const elsewhere = await secondServer()
  const ada = await newPerson(world, { tenantName: 'Closing Tenant', fullName: 'Ada Owner' })
  const other = await newPerson(world, { tenantName: 'Her Own' })
  await joinAs(world, other.userId, ada.tenantId, 'member')
  const guest = await signIn(baseUrl, other, ada.tenantId)
  const made = await call(ada, 'POST', '/contractor-lists', { name: 'Kept' })
  assert.equal(made.status, 201)
  const counted = async () =>
    (
      await admin.query(
        `select (select count(*)::int from contractors.contractor_lists where tenant_id = $1) as lists,
           (select count(*)::int from tenancy.user_tenants where tenant_id = $1) as members`,
        [ada.tenantId],
      )
    ).rows[0]
  const isIn = async (person: Person, base: string) =>
    (await call(person, 'GET', '/contractor-lists', undefined, base)).status === 200
  for (const base of [baseUrl, elsewhere])
    for (const person of [ada, guest]) assert.ok(await isIn(person, base), 'control')

  const before = await counted()
  const closed = await setStatus(ada.tenantId, 'suspended')
  assert.equal(closed.status, 200)
  const began = performance.now()
  assert.equal(await isIn(ada, baseUrl), false, 'at once where it was done')
  while (await isIn(ada, elsewhere)) {
    assert.ok(performance.now() - began < 5_000)
    await sleep(50)
  }
  await sleep(Math.max(0, 2_200 - (performance.now() - began)))
  for (const base of [baseUrl, elsewhere]) {
    for (const person of [ada, guest]) {
      const read = await call(person, 'GET', '/contractor-lists', undefined, base)
      assert.equal(read.status, 403)
      const write = await call(person, 'POST', '/contractor-lists', { name: 'Late' }, base)
      assert.equal(write.status, 403)
      assert.equal((await call(person, 'PATCH', '/tenant', { name: 'Late' }, base)).status, 403)
    }
    const named = await fetch(`${base}/api/v1/contractor-lists`, {
      headers: { authorization: `Bearer ${other.accessToken}`, 'x-tenant-id': ada.tenantId },
    })
    assert.equal(((await named.json()) as Body).code, 'accounts.tenant_suspended')
    const switched = await call(other, 'POST', '/auth/switch-tenant', { tenantId: ada.tenantId }, base)
    assert.equal(switched.json.code, 'accounts.tenant_suspended')
    assert.equal((await call(other, 'GET', '/contractor-lists', undefined, base)).status, 200, 'her own tenant is open')
  }
  await assert.rejects(signIn(baseUrl, ada, ada.tenantId), /tenant_suspended/)
  assert.deepEqual(await counted(), before)

  const mail = (await mailsTo(world, ada.email)).at(-1)
  assert.equal(mail?.subject, 'Your workspace is suspended')
  assert.match(mail?.text ?? '', /Unpaid bills/)
  assert.ok(
    !(await mailsTo(world, other.email)).some(({ name }) => name === 'accounts.tenant_suspended'),
    'owners only',
  )

  const opened = await setStatus(ada.tenantId, 'active', 'Paid')
  assert.deepEqual(
    opened.json.statusChanges.map(({ toStatus, reason, changedByName }) => [toStatus, reason, changedByName]),
    [
      ['active', 'Paid', 'Olga Operator'],
      ['suspended', 'Unpaid bills', 'Olga Operator'],
    ],
  )
  await believedNoLonger()
  for (const base of [baseUrl, elsewhere]) assert.ok(await isIn(ada, base), 'open again')
  assert.ok(await isIn(guest, elsewhere))
  assert.equal((await mailsTo(world, ada.email)).at(-1)?.subject, 'Your workspace is open again')
  const { rows } = await admin.query(
    `select user_id, user_name, ip_address, details ->> 'reason' as reason from audit.audit_logs
     where tenant_id = $1 and action = 'suspend'`,
    [ada.tenantId],
  )
  assert.deepEqual(rows, [
    { user_id: operator.userId, user_name: 'Olga Operator', ip_address: null, reason: 'Unpaid bills' },
  ])
})

test('MT-12 a status is changed with a reason, by an operator who signed in lately, and to something else', async () => {
  const ada = await newPerson(world, { tenantName: 'Status Tenant' })
  assert.equal((await setStatus(ada.tenantId, 'active')).json.code, 'tenancy.status_unchanged')
  assert.equal((await setStatus(ada.tenantId, 'suspended', '  ')).status, 400)
  assert.equal((await setStatus(ada.tenantId, 'pending_deletion')).status, 400)
  assert.equal((await setStatus(crypto.randomUUID(), 'suspended')).json.code, 'tenancy.tenant_not_found')
  const set = (age: string) =>
    admin.query(`update identity.user_sessions set authenticated_at = now() - $2::interval where user_id = $1`, [
      operator.userId,
      age,
    ])
  await set('1 hour')
  await believedNoLonger()
  assert.equal((await setStatus(ada.tenantId, 'suspended')).json.code, 'http.step_up_required')
  await set('0')
  await believedNoLonger()
  await admin.query(
    `update tenancy.tenants set status = 'pending_deletion', deletion_requested_at = now(), deletion_scheduled_at = now() + interval '7 days' where id = $1`,
    [ada.tenantId],
  )
  assert.equal((await setStatus(ada.tenantId, 'suspended')).json.code, 'tenancy.status_refused')
})

test('MT-12 of operators who suspend at once one does', async () => {
  const ada = await newPerson(world, { tenantName: 'Twice Suspended' })
  const answers = await Promise.all(Array.from({ length: 4 }, () => setStatus(ada.tenantId, 'suspended')))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409])
  const { rows } = await admin.query('select from tenancy.status_changes where tenant_id = $1', [ada.tenantId])
  assert.equal(rows.length, 1)
})

test('MT-10 MT-12 the command line lists, shows, makes, suspends and opens tenants', async () => {
  const tenants = async (...words: string[]) =>
    (await runCommand(commandsOn(app, registerTenantCommands), words)).written
  const isCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code
  const ada = await newPerson(world)
  assert.equal(await tenants('create', 'By Hand', '--owner', ada.email), `by-hand is made, and ${ada.email} owns it.\n`)
  assert.match(await tenants('list', '--search', 'by hand'), /^active +by-hand {2}By Hand\n1 tenants\n$/)
  const shown = JSON.parse(await tenants('suspend', 'by-hand', '--reason', 'Spam', '--json'))
  assert.deepEqual([shown.status, shown.statusReason], ['suspended', 'Spam'])
  assert.match(await tenants('show', 'by-hand'), /^status +suspended: Spam$/m)
  assert.equal(
    JSON.parse(await tenants('list', '--status', 'suspended', '--search', 'by-hand', '--json')).items.length,
    1,
  )
  assert.equal(await tenants('activate', 'by-hand', '--reason', 'Fine'), 'by-hand is active now.\n')
  await assert.rejects(tenants('activate', 'by-hand', '--reason', 'Fine'), isCode('tenancy.status_unchanged'))
  await assert.rejects(tenants('suspend', 'by-hand', '--reason', ' '), isCode('accounts.reason_invalid'))
  await assert.rejects(tenants('suspend', 'by-hand'), CommanderError, 'without a reason')
  await assert.rejects(tenants('show', 'no-such'), isCode('accounts.tenant_unknown'))
  await assert.rejects(tenants('list', '--limit', 'x'), isCode('accounts.limit_invalid'))
})
