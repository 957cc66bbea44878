import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, randomAddress, signIn, testWorld } from '#test/world.ts'
import { removeLapsedEmailChanges } from './email-changes.ts'
import { issueOneTimeToken } from './one-time-tokens.ts'

const world = await testWorld()
const { admin, db, alice, bob, baseUrl } = world

let counter = 0
const newAddress = () => `new${++counter}@elsewhere.example`

async function ask(person: Person, email: string) {
  const answer = await person.fetch('/me/email', { method: 'POST', body: { email } })
  return { status: answer.status, json: await answer.json() }
}

async function confirm(token: string) {
  const answer = await fetch(`${baseUrl}/api/v1/auth/confirm-email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress() },
    body: JSON.stringify({ token }),
  })
  return { status: answer.status, json: await answer.json() }
}

const state = async (person: Person) =>
  (await (await person.fetch('/me/email')).json()) as {
    email: string
    isVerified: boolean
    change: { email: string; isConfirmedByOld: boolean; isConfirmedByNew: boolean } | null
  }

async function lastMail(address: string) {
  const mail = (await mailsTo(world, address)).at(-1)
  assert.ok(mail, `no mail to ${address}`)
  return mail
}
const tokenTo = async (address: string) => (await lastMail(address)).token ?? ''
const unverify = (person: Person) =>
  admin.query('update identity.users set email_verified_at = null where id = $1', [person.userId])

test('MT-08 an address is changed once the old and the new one have confirmed it, whoever comes first', async () => {
  for (const first of ['old', 'new'] as const) {
    const person = await newPerson(world)
    const email = newAddress()
    const { status, json } = await ask(person, ` ${email.toUpperCase()}`)
    assert.equal(status, 202)
    assert.deepEqual(
      [json.email, json.change.email, json.change.isConfirmedByOld, json.change.isConfirmedByNew],
      [person.email, email, false, false],
    )
    const tokens = { old: await tokenTo(person.email), new: await tokenTo(email) }
    const second = first === 'old' ? 'new' : 'old'
    const half = { status: 200, json: { kind: 'change_email', email, isDone: false, waitsFor: second } }
    assert.deepEqual(await confirm(tokens[first]), half)
    assert.deepEqual(await confirm(tokens[first]), half, 'pressed twice it says the same')
    assert.equal((await state(person)).email, person.email, 'not yet')
    assert.deepEqual(await confirm(tokens[second]), {
      status: 200,
      json: { kind: 'change_email', email, isDone: true, waitsFor: null },
    })
    assert.deepEqual(await state(person), { email, isVerified: true, change: null })
    for (const token of Object.values(tokens)) {
      assert.deepEqual((await confirm(token)).json.code, 'identity.email_link_invalid')
    }
    assert.ok((await signIn(baseUrl, { ...person, email })).accessToken, 'it signs in with the new address')
    await assert.rejects(signIn(baseUrl, person), /401/)
  }
})

test('MT-08 both mails lead to a page of this installation, with their secret in the fragment', async () => {
  const person = await newPerson(world, { fullName: 'Mara Mail' })
  const email = newAddress()
  await ask(person, email)
  const [old, fresh] = [await lastMail(person.email), await lastMail(email)]
  for (const mail of [old, fresh])
    assert.match(mail.link ?? '', /^http:\/\/localhost[^?]*\/confirm-email#token=[\w-]{43}$/)
  assert.notEqual(old.token, fresh.token)
  assert.ok(old.text.includes(email) && old.text.includes('Mara Mail'))
  assert.ok(!fresh.text.includes(person.email) && !fresh.text.includes('Mara'), 'a stranger learns nobody’s name')
  const { rows } = await admin.query('select * from identity.email_changes where user_id = $1', [person.userId])
  const text = JSON.stringify(rows[0])
  assert.ok(!text.includes(old.token ?? '') && !text.includes(fresh.token ?? ''), 'VS-02 hashes only')
})

test('MT-08 after a change the old address is told, links sent there are dead, and other sessions have ended', async () => {
  const person = await newPerson(world)
  const elsewhere = await signIn(baseUrl, person)
  const email = newAddress()
  await ask(person, email)
  const reset = { purpose: 'reset_password' as const, userId: person.userId, minutes: 30 }
  const stale = await db.transaction({ system: true }, tx => issueOneTimeToken(tx, reset))
  const [old, fresh] = [await tokenTo(person.email), await tokenTo(email)]
  await confirm(fresh)
  assert.equal((await elsewhere.fetch('/me')).status, 200, 'control')
  await confirm(old)
  assert.equal((await elsewhere.fetch('/me')).status, 401, 'at once')
  assert.equal((await person.fetch('/me')).status, 200, 'where it was asked for one stays signed in')
  const told = await lastMail(person.email)
  assert.equal(told.subject, 'Your e-mail address was changed')
  assert.ok(told.text.includes(email))
  assert.equal(told.token, undefined)
  const { rows } = await admin.query('select used_at from identity.one_time_tokens where user_id = $1', [person.userId])
  assert.ok(rows.length === 1 && rows[0].used_at !== null && stale)
  const events = await admin.query(
    `select action from audit.audit_logs where resource = 'identity.users' and resource_id = $1::text and user_id = $1::uuid`,
    [person.userId],
  )
  const actions = events.rows.map(({ action }) => action)
  assert.ok(actions.includes('ask_email_change') && actions.includes('change_email'), String(actions))
})

test('MT-08 a newer question replaces the older, and it can be withdrawn', async () => {
  const person = await newPerson(world)
  const [one, two] = [newAddress(), newAddress()]
  await ask(person, one)
  const older = [await tokenTo(person.email), await tokenTo(one)]
  await confirm(older[0] as string)
  await ask(person, two)
  for (const token of older) assert.equal((await confirm(token)).status, 400)
  const { change } = await state(person)
  assert.deepEqual([change?.email, change?.isConfirmedByOld], [two, false], 'what agreed to one agrees not to another')
  const newer = [await tokenTo(person.email), await tokenTo(two)]
  assert.equal((await person.fetch('/me/email', { method: 'DELETE' })).status, 204)
  assert.equal((await person.fetch('/me/email', { method: 'DELETE' })).status, 204)
  for (const token of newer) assert.equal((await confirm(token)).json.code, 'identity.email_link_invalid')
  assert.deepEqual(await state(person), { email: person.email, isVerified: true, change: null })
})

test('MT-08 links of a change work for 24 hours', async () => {
  const person = await newPerson(world)
  const email = newAddress()
  await ask(person, email)
  const { rows } = await admin.query(
    `select extract(epoch from expires_at - created_at) / 3600 as hours from identity.email_changes where user_id = $1`,
    [person.userId],
  )
  assert.equal(Number(rows[0].hours), 24)
  const [old, fresh] = [await tokenTo(person.email), await tokenTo(email)]
  assert.equal((await confirm(old)).status, 200)
  await admin.query(`update identity.email_changes set expires_at = now() - interval '1 second' where user_id = $1`, [
    person.userId,
  ])
  assert.equal((await confirm(fresh)).json.code, 'identity.email_link_invalid')
  assert.equal((await state(person)).change, null)
  assert.ok((await removeLapsedEmailChanges(db.scoped({ system: true }))) >= 1)
})

test('MT-08 GG-01 an address that somebody took meanwhile is refused at the end, in a clear sentence', async () => {
  const person = await newPerson(world)
  const email = newAddress()
  await ask(person, email)
  const [old, fresh] = [await tokenTo(person.email), await tokenTo(email)]
  await confirm(old)
  await newPerson(world, { email })
  const { status, json } = await confirm(fresh)
  assert.deepEqual([status, json.code], [409, 'identity.email_taken_meanwhile'])
  assert.ok(json.detail.includes(email))
  assert.equal((await state(person)).email, person.email)
})

test('MT-08 GG-01 of two who want one address, and confirm at once, one gets it', async () => {
  const people = [await newPerson(world), await newPerson(world), await newPerson(world)]
  const email = newAddress()
  const tokens: string[] = []
  for (const person of people) {
    await ask(person, email)
    await confirm(await tokenTo(person.email))
    tokens.push(await tokenTo(email))
  }
  const answers = await Promise.all(tokens.map(confirm))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  const { rows } = await admin.query('select id from identity.users where email = $1', [email])
  assert.equal(rows.length, 1)
})

test('MT-08 both links used at the same moment change the address once', async () => {
  const person = await newPerson(world)
  const email = newAddress()
  await ask(person, email)
  const tokens = [await tokenTo(person.email), await tokenTo(email)]
  const answers = await Promise.all(tokens.map(confirm))
  assert.deepEqual(answers.map(({ json }) => json.isDone).sort(), [false, true])
  assert.equal((await state(person)).email, email)
  const told = (await mailsTo(world, person.email)).filter(({ name }) => name === 'identity.email_changed')
  assert.equal(told.length, 1)
})

test('MT-08 who asks for an address does not learn whether it has an account; who reads its mail does', async () => {
  const answers = []
  for (const email of [bob.email, newAddress()]) {
    const person = await newPerson(world)
    const { status, json } = await ask(person, email)
    answers.push({
      status,
      json: { ...json, email: 0, change: { ...json.change, email: 0, askedAt: 0, expiresAt: 0 } },
    })
    assert.equal((await lastMail(person.email)).name, 'identity.confirm_old_email')
    const half = await confirm(await tokenTo(person.email))
    answers.push({ status: half.status, json: { ...half.json, email: 0 } })
    assert.equal((await state(person)).change?.isConfirmedByNew, false)
  }
  assert.deepEqual(answers.slice(0, 2), answers.slice(2))
  const mail = await lastMail(bob.email)
  assert.deepEqual([mail.name, mail.token], ['identity.address_in_use', undefined])
  assert.ok(!mail.text.includes('person'), 'it names nobody')
})

test('MT-08 the present address is no new one, in whatever form it is written', async () => {
  const person = await newPerson(world)
  for (const email of [person.email, person.email.toUpperCase(), person.email.replace('@', '＠')]) {
    const { status, json } = await ask(person, email)
    assert.deepEqual([status, json.code], [409, 'identity.email_unchanged'])
  }
  for (const email of ['nobody', 'a@b@c', 'x@example.com\r\nBcc: y@example.com', '\u0430da@example.com']) {
    assert.equal((await ask(person, email)).status, 400, email)
  }
  assert.equal((await ask(person, `${person.email.replace('@', '+x@')}`)).status, 202)
})

test('MT-08 a change needs a fresh sign-in', async () => {
  const person = await newPerson(world)
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
    [person.userId],
  )
  await new Promise(resolve => setTimeout(resolve, 2_100))
  const { status, json } = await ask(person, newAddress())
  assert.deepEqual([status, json.code], [403, 'http.step_up_required'])
  assert.equal((await state(person)).change, null)
})

test('MT-08 PE-02 who is suspended meanwhile changes nothing', async () => {
  const person = await newPerson(world)
  const email = newAddress()
  await ask(person, email)
  const tokens = [await tokenTo(person.email), await tokenTo(email)]
  await admin.query(`update identity.users set status = 'suspended' where id = $1`, [person.userId])
  for (const token of tokens) assert.equal((await confirm(token)).json.code, 'identity.email_link_invalid')
})

test('AG-01 a pending change is seen by its person alone', async () => {
  const email = newAddress()
  await ask(alice, email)
  assert.equal((await state(alice)).change?.email, email, 'control')
  assert.equal((await state(bob)).change, null)
  await bob.fetch('/me/email', { method: 'DELETE' })
  assert.equal((await state(alice)).change?.email, email)
  await alice.fetch('/me/email', { method: 'DELETE' })
})

test('MT-04 an unverified address is verified by a link that works once', async () => {
  const person = await newPerson(world)
  assert.deepEqual((await person.fetch('/me/verify-email', { method: 'POST' })).status, 409, 'it is verified')
  await unverify(person)
  assert.equal((await state(person)).isVerified, false)
  assert.equal((await person.fetch('/me/verify-email', { method: 'POST' })).status, 204)
  const older = await tokenTo(person.email)
  assert.equal((await person.fetch('/me/verify-email', { method: 'POST' })).status, 204)
  assert.equal((await confirm(older)).json.code, 'identity.email_link_invalid', 'a newer link replaced it')
  const token = await tokenTo(person.email)
  const answers = await Promise.all([confirm(token), confirm(token), confirm(token)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400])
  assert.deepEqual(answers.find(({ status }) => status === 200)?.json, {
    kind: 'verify_email',
    email: person.email,
    isDone: true,
    waitsFor: null,
  })
  assert.equal((await state(person)).isVerified, true)
})

test('MT-04 CVE-2026-9087 a link verifies the address that it was sent to, and no other', async () => {
  const person = await newPerson(world)
  await unverify(person)
  await person.fetch('/me/verify-email', { method: 'POST' })
  const token = await tokenTo(person.email)
  await admin.query('update identity.users set email = $2 where id = $1', [person.userId, newAddress()])
  assert.equal((await confirm(token)).json.code, 'identity.email_link_invalid')
  assert.equal((await state(person)).isVerified, false)
})

test('MT-04 opening the page of a link uses nothing up: mail scanners open all links', async () => {
  const person = await newPerson(world)
  await unverify(person)
  await person.fetch('/me/verify-email', { method: 'POST' })
  const token = await tokenTo(person.email)
  for (const path of ['/confirm-email', `/api/v1/auth/confirm-email?token=${token}`, `/confirm-email?token=${token}`]) {
    for (const method of ['GET', 'HEAD']) await fetch(`${baseUrl}${path}`, { method })
  }
  assert.equal((await confirm(token)).status, 200)
})

test('CVE-2026-27840 a token that is cut, longer, of another purpose or made up confirms nothing', async () => {
  const person = await newPerson(world)
  await unverify(person)
  await person.fetch('/me/verify-email', { method: 'POST' })
  const token = await tokenTo(person.email)
  const other = await db.transaction({ system: true }, tx =>
    issueOneTimeToken(tx, { purpose: 'reset_password', userId: person.userId, minutes: 30 }),
  )
  for (const wrong of [token.slice(0, -1), `${token}x`, token.toUpperCase(), token.slice(1), other, 'x', ' ']) {
    assert.equal((await confirm(wrong)).json.code, 'identity.email_link_invalid', wrong)
  }
  assert.equal((await confirm('')).status, 400)
  assert.equal((await confirm(token)).status, 200, 'control')
})
