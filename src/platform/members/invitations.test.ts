import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from '#platform/database'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, joinAs, newPerson, type Person, randomAddress, signIn, testWorld } from '#test/world.ts'
import type { Offer } from './invitation-acceptances.ts'
import type { InvitationImport } from './invitation-imports.ts'
import { expireInvitations, type Invitation } from './invitations.ts'

const world = await testWorld()
const { admin, alice, bob, viewer, baseUrl, app } = world

async function answer<T>(response: Response, status: number): Promise<T> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return (text ? JSON.parse(text) : undefined) as T
}

async function refusal(response: Response, status: number, code: string): Promise<void> {
  assert.equal((await answer<{ code: string }>(response, status)).code, code)
}

async function rolesOf(tenantId: string, ...names: string[]): Promise<string[]> {
  const { rows } = await admin.query('select id from access.roles where tenant_id = $1 and name = any ($2)', [
    tenantId,
    names,
  ])
  return rows.map(({ id }) => id)
}

let number = 0
const newAddress = () => `invited${++number}@people.example`

async function ask(by: Person, email: string, ...roles: string[]): Promise<Invitation> {
  const body = { email, roleIds: await rolesOf(by.tenantId, ...(roles.length > 0 ? roles : ['member'])) }
  return await answer<Invitation>(await by.fetch('/invitations', { method: 'POST', body }), 201)
}

/** The secret of the newest mail to this address. */
async function tokenFor(email: string): Promise<string> {
  await runJobs(world)
  const mail = (await mailsTo(world, email)).at(-1)
  assert.ok(mail?.token, `a mail to ${email}`)
  return mail.token
}

const publicly = (path: string, body: unknown) =>
  fetch(`${baseUrl}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress() },
    body: JSON.stringify(body),
  })
const offerOf = (token: string) => publicly('/auth/invitation', { token })
const password = 'correct horse battery staple'
const signUp = (token: string, more: object = {}) =>
  publicly('/auth/invitation/sign-up', { token, fullName: 'New Person', password, ...more })
const accept = (person: Person, token: string) =>
  person.fetch('/auth/invitation/acceptance', { method: 'POST', body: { token } })
const statusOf = async (by: Person, { id }: Invitation) =>
  (await answer<Invitation>(await by.fetch(`/invitations/${id}`), 200)).status

async function memberIn(tenantId: string, role: string): Promise<Person> {
  const person = await newPerson(world)
  await joinAs(world, person.userId, tenantId, role)
  return await signIn(baseUrl, person, tenantId)
}

test('MT-18 who is new accepts by the link with a name and a password, and works there at once', async () => {
  const email = newAddress()
  const invitation = await ask(alice, email, 'member', 'viewer')
  assert.equal(invitation.status, 'pending')
  assert.equal(invitation.sentAt, null)
  const token = await tokenFor(email)
  const offer = await answer<Offer>(await offerOf(token), 200)
  assert.deepEqual(
    [offer.tenantName, offer.email, offer.roles, offer.invitedByName, offer.hasAccount],
    ['Meridian Capture', email, ['member', 'viewer'], 'Alice Archer', false],
  )
  const signedIn = await answer<{ status: string; accessToken: string; tenantId: string }>(await signUp(token), 201)
  assert.deepEqual([signedIn.status, signedIn.tenantId], ['signed_in', alice.tenantId])
  const me = await fetch(`${baseUrl}/api/v1/me`, { headers: { authorization: `Bearer ${signedIn.accessToken}` } })
  const { roles, user } = (await me.json()) as { roles: string[]; user: { email: string } }
  assert.deepEqual([roles, user.email], [['member', 'viewer'], email])
  assert.equal(await statusOf(alice, invitation), 'accepted')
  const { rows } = await admin.query('select is_email_verified from identity.users where email = $1', [email])
  assert.deepEqual(rows, [{ is_email_verified: true }])
  await refusal(await signUp(token), 403, 'members.invitation_used')
  await refusal(await offerOf(token), 403, 'members.invitation_used')
})

test('MT-18 who has an account accepts with it, by the link or among his own invitations', async () => {
  const [byLink, byList] = [await newPerson(world), await newPerson(world)]
  await ask(alice, byLink.email, 'viewer')
  const token = await tokenFor(byLink.email)
  assert.equal((await answer<Offer>(await offerOf(token), 200)).hasAccount, true)
  await refusal(await signUp(token), 409, 'members.invited_has_account')
  assert.deepEqual(await answer(await accept(byLink, token), 200), { tenantId: alice.tenantId })
  const there = await signIn(baseUrl, byLink, alice.tenantId)
  assert.equal(there.tenantId, alice.tenantId)

  const invitation = await ask(alice, byList.email, 'member')
  const { items } = await answer<{ items: { id: string; tenantName: string }[] }>(
    await byList.fetch('/me/invitations'),
    200,
  )
  assert.deepEqual(
    items.map(({ id, tenantName }) => [id, tenantName]),
    [[invitation.id, 'Meridian Capture']],
  )
  await refusal(
    await byLink.fetch(`/me/invitations/${invitation.id}/acceptance`, { method: 'POST' }),
    404,
    'members.invitation_not_found',
  )
  await answer(await byList.fetch(`/me/invitations/${invitation.id}/acceptance`, { method: 'POST' }), 200)
  assert.equal((await signIn(baseUrl, byList, alice.tenantId)).tenantId, alice.tenantId)
})

test('MT-18 an invitation is bound to its address: the link is worth nothing with another account', async () => {
  const [meant, other] = [await newPerson(world), await newPerson(world)]
  const invitation = await ask(alice, meant.email, 'admin')
  const token = await tokenFor(meant.email)
  await refusal(await accept(other, token), 403, 'members.invitation_for_another')
  await refusal(await accept(bob, token), 403, 'members.invitation_for_another')
  assert.equal(await statusOf(alice, invitation), 'pending')
  await admin.query('update identity.users set email_verified_at = null where id = $1', [meant.userId])
  await refusal(await accept(meant, token), 403, 'members.invitation_address_unconfirmed')
  await admin.query('update identity.users set email_verified_at = now() where id = $1', [meant.userId])
  await answer(await accept(meant, token), 200)
})

test('MT-18 CVE-2026-1529 nothing about an invitation can be forged or guessed: the secret alone opens it', async () => {
  const email = newAddress()
  const invitation = await ask(alice, email)
  const token = await tokenFor(email)
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: token.length - 1 }), fc.constantFrom('cut', 'flip', 'more'), async (at, how) => {
      const flipped = token[at] === 'A' ? 'B' : 'A'
      const forged =
        how === 'cut'
          ? token.slice(0, at) || 'x'
          : how === 'more'
            ? `${token}A`
            : token.slice(0, at) + flipped + token.slice(at + 1)
      await refusal(await offerOf(forged), 403, 'members.invitation_unknown')
    }),
    { numRuns: 20 },
  )
  await refusal(await offerOf(invitation.id), 403, 'members.invitation_unknown')
  // What the request says beside the secret changes nothing.
  const more = { email: 'evil@people.example', tenantId: bob.tenantId, roles: ['owner'], roleIds: [] }
  const response = await signUp(token, more)
  const text = await response.text()
  if (response.status === 201) assert.equal(JSON.parse(text).tenantId, alice.tenantId)
  else assert.equal(response.status, 400, text)
  const { rows } = await admin.query(`select from identity.users where email = 'evil@people.example'`)
  assert.equal(rows.length, 0)
  const stored = await admin.query('select to_jsonb(i) as row from members.invitations as i where id = $1', [
    invitation.id,
  ])
  assert.ok(!JSON.stringify(stored.rows).includes(token), 'VS-02: only the hash is kept')
})

test('MT-18 of many acceptances at once one is, and a link works once', async () => {
  const person = await newPerson(world)
  await ask(alice, person.email)
  const token = await tokenFor(person.email)
  const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await accept(person, token)).status))
  assert.equal(statuses.filter(status => status === 200).length, 1)
  const email = newAddress()
  await ask(alice, email)
  const secret = await tokenFor(email)
  const made = await Promise.all(Array.from({ length: 5 }, async () => (await signUp(secret)).status))
  assert.equal(made.filter(status => status === 201).length, 1, String(made))
  const { rows } = await admin.query('select count(*)::int as count from identity.users where email = $1', [email])
  assert.equal(rows[0].count, 1)
})

test('MT-18 withdrawn is withdrawn, sent again is a new link, and after seven days it is over', async () => {
  const email = newAddress()
  const invitation = await ask(alice, email)
  const first = await tokenFor(email)
  await answer(await alice.fetch(`/invitations/${invitation.id}/resend`, { method: 'POST' }), 200)
  const second = await tokenFor(email)
  assert.notEqual(first, second)
  await refusal(await offerOf(first), 403, 'members.invitation_unknown')
  await answer(await offerOf(second), 200)
  const cancelled = await answer<Invitation>(
    await alice.fetch(`/invitations/${invitation.id}/cancel`, { method: 'POST' }),
    200,
  )
  assert.deepEqual([cancelled.status, cancelled.cancelledByName], ['cancelled', 'Alice Archer'])
  await refusal(await signUp(second), 403, 'members.invitation_unknown')
  await refusal(
    await alice.fetch(`/invitations/${invitation.id}/resend`, { method: 'POST' }),
    409,
    'members.invitation_settled',
  )

  const later = newAddress()
  const expiring = await ask(alice, later)
  const token = await tokenFor(later)
  await admin.query(`update members.invitations set expires_at = now() - interval '1 second' where id = $1`, [
    expiring.id,
  ])
  await refusal(await offerOf(token), 403, 'members.invitation_expired')
  await refusal(await signUp(token), 403, 'members.invitation_expired')
  assert.equal(await statusOf(alice, expiring), 'expired')
  await expireInvitations.run({}, app)
  assert.equal(await statusOf(alice, expiring), 'expired')
  const again = await ask(alice, later)
  assert.notEqual(again.id, expiring.id)
  await refusal(
    await alice.fetch('/invitations', {
      method: 'POST',
      body: { email: later, roleIds: await rolesOf(alice.tenantId, 'member') },
    }),
    409,
    'members.invitation_twice',
  )
})

test('MT-20 nobody invites to more than he holds, by the routes or past them', async () => {
  const manager = await memberIn(alice.tenantId, 'admin')
  const body = { email: newAddress(), roleIds: await rolesOf(alice.tenantId, 'owner') }
  await refusal(await manager.fetch('/invitations', { method: 'POST', body }), 403, 'access.owners_only')
  const owners = await ask(alice, newAddress(), 'owner')
  await refusal(await manager.fetch(`/invitations/${owners.id}/resend`, { method: 'POST' }), 403, 'access.owners_only')
  await refusal(
    await viewer.fetch('/invitations', {
      method: 'POST',
      body: { ...body, roleIds: await rolesOf(alice.tenantId, 'viewer') },
    }),
    403,
    'http.permission_missing',
  )
  const allowed = await ask(manager, newAddress(), 'admin')
  await assert.rejects(
    world.db.scoped(manager.scope).run(sql`
      insert into members.invitation_roles (invitation_id, role_id)
      values (${allowed.id}, ${body.roleIds[0]})`),
    /owner/,
  )
})

test('MT-18 who is removed or demoted leaves no invitation behind that still works', async () => {
  const manager = await memberIn(alice.tenantId, 'admin')
  const email = newAddress()
  await ask(manager, email, 'admin')
  const token = await tokenFor(email)
  await answer(await offerOf(token), 200)
  await admin.query('delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
    alice.tenantId,
    manager.userId,
  ])
  await refusal(await offerOf(token), 403, 'members.invitation_void')
  await refusal(await signUp(token), 403, 'members.invitation_void')
})

test('AG-01 MT-18 another tenant sees, sends and withdraws none of it', async () => {
  const invitation = await ask(alice, newAddress())
  const shown = await answer<{ items: Invitation[] }>(await bob.fetch('/invitations'), 200)
  assert.ok(!shown.items.some(({ id }) => id === invitation.id))
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/resend'],
    ['POST', '/cancel'],
  ] as const) {
    await refusal(
      await bob.fetch(`/invitations/${invitation.id}${path}`, { method }),
      404,
      'members.invitation_not_found',
    )
  }
  await refusal(
    await bob.fetch('/invitations', {
      method: 'POST',
      body: { email: newAddress(), roleIds: await rolesOf(alice.tenantId, 'viewer') },
    }),
    404,
    'access.role_not_found',
  )
  assert.equal(await statusOf(alice, invitation), 'pending', 'control')
})

test('MT-12 a suspended tenant takes nobody in', async () => {
  const email = newAddress()
  await ask(bob, email)
  const token = await tokenFor(email)
  await admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [bob.tenantId])
  await refusal(await signUp(token), 403, 'members.invitations_tenant_closed')
  await admin.query(`update tenancy.tenants set status = 'active' where id = $1`, [bob.tenantId])
  await believedNoLonger()
  await answer(await signUp(token), 201)
})

test('GG-04 a membership that comes of an invitation ends when the invitation says', async () => {
  const person = await newPerson(world)
  const membershipExpiresAt = new Date(Date.now() + 86_400_000).toISOString()
  const body = { email: person.email, roleIds: await rolesOf(alice.tenantId, 'viewer'), membershipExpiresAt }
  await answer(await alice.fetch('/invitations', { method: 'POST', body }), 201)
  await answer(await accept(person, await tokenFor(person.email)), 200)
  const { rows } = await admin.query('select expires_at from tenancy.user_tenants where user_id = $1', [person.userId])
  assert.equal(rows[0].expires_at.toISOString(), membershipExpiresAt)
})

const importFile = (by: Person, text: string, query = '') =>
  fetch(`${baseUrl}/api/v1/invitations/import${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${by.accessToken}`, 'content-type': 'text/csv' },
    body: text,
  })

test('MT-18 a CSV file invites all or nobody, and passes over who is there or asked already', async () => {
  const [fresh, quoted, waiting] = [newAddress(), newAddress(), newAddress()]
  await ask(alice, waiting)
  const good = `email,roles\n${fresh},member;Viewer\n"${quoted.toUpperCase()}",user\n${viewer.email},member\n${waiting},member\n`
  const tried = await answer<InvitationImport>(await importFile(alice, good, '?dryRun=true'), 200)
  assert.deepEqual(
    tried.rows.map(({ line, outcome }) => [line, outcome]),
    [
      [2, 'invited'],
      [3, 'invited'],
      [4, 'member'],
      [5, 'waiting'],
    ],
  )
  const count = async () =>
    (
      await admin.query('select count(*)::int as count from members.invitations where email = any ($1)', [
        [fresh, quoted],
      ])
    ).rows[0].count
  assert.equal(await count(), 0)
  const bad = `${good}nobody,member\n${newAddress()},emperor\n${fresh},member\n`
  const report = await answer<InvitationImport>(await importFile(alice, bad, '?dryRun=true'), 200)
  assert.deepEqual(
    report.rows.slice(4).map(({ outcome }) => outcome),
    ['invalid', 'invalid', 'invalid'],
  )
  await refusal(await importFile(alice, bad), 400, 'members.import_invalid')
  assert.equal(await count(), 0)
  const done = await answer<InvitationImport>(await importFile(alice, good), 200)
  assert.equal(done.invited, 2)
  assert.equal(await count(), 2)
  assert.ok(await tokenFor(quoted))
  for (const file of ['', 'name\nAda\n', 'email\n']) {
    const response = await importFile(alice, file)
    assert.equal(response.status, 400, file)
  }
  const roleIds = await rolesOf(alice.tenantId, 'viewer')
  const plain = await answer<InvitationImport>(
    await importFile(alice, `email\n${newAddress()}\n`, `?roleIds=${roleIds[0]}`),
    200,
  )
  assert.equal(plain.invited, 1)
})

test('MT-20 a file names no role above one’s own', async () => {
  const manager = await memberIn(alice.tenantId, 'admin')
  const report = await answer<InvitationImport>(
    await importFile(manager, `email,roles\n${newAddress()},owner\n`, '?dryRun=true'),
    200,
  )
  assert.equal(report.rows[0]?.outcome, 'invalid')
})
