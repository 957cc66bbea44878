import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { type Lies, SoftwareAuthenticator } from '#test/authenticator.ts'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, testWorld } from '#test/world.ts'
import { finishPasskeySignIn, startPasskeySignIn } from './passkey-sign-ins.ts'
import { listPasskeys, type Passkey } from './passkeys.ts'

const world = await testWorld()
const { app, admin, alice, bob } = world
const { origin } = new URL(app.publicUrl)
const system = app.db.scoped({ system: true })

type Started = { options: PublicKeyCredentialCreationOptionsJSON; challengeToken: string }

async function start(person: Person): Promise<Started> {
  const response = await person.fetch('/me/passkeys/options', { method: 'POST' })
  assert.equal(response.status, 200)
  return (await response.json()) as Started
}

async function add(person: Person, authenticator: SoftwareAuthenticator, name?: string): Promise<Passkey> {
  const { options, challengeToken } = await start(person)
  const answer = authenticator.register(options)
  const response = await person.fetch('/me/passkeys', { method: 'POST', body: { challengeToken, answer, name } })
  assert.equal(response.status, 201, await response.clone().text())
  return (await response.json()) as Passkey
}

const list = async (person: Person) =>
  ((await (await person.fetch('/me/passkeys')).json()) as { items: Passkey[] }).items
const authenticatorOf = (options: { counts?: boolean; isSynced?: boolean } = {}) =>
  new SoftwareAuthenticator({ origin, ...options })
const refused = (error: unknown) => error instanceof DomainError && error.code === 'identity.passkey_refused'
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

test('MT-06 several passkeys are registered, named, renamed and removed, and others see none of them', async () => {
  const person = await newPerson(world)
  const [laptop, phone] = [authenticatorOf({ counts: true }), authenticatorOf({ isSynced: true })]
  const first = await add(person, laptop)
  const second = await add(person, phone, ' Phone ')
  assert.deepEqual([first.name, first.kind, first.lastUsedAt], ['Primary Authenticator', 'device', null])
  assert.deepEqual([second.name, second.kind], ['Phone', 'synced'])
  assert.deepEqual(await list(person), [first, second])
  assert.deepEqual(await list(bob), [])

  const rename = (who: Person) => who.fetch(`/me/passkeys/${first.id}`, { method: 'PATCH', body: { name: 'Laptop' } })
  const remove = (who: Person) => who.fetch(`/me/passkeys/${first.id}`, { method: 'DELETE' })
  assert.equal(await codeOf(await rename(bob)), 'identity.passkey_not_found')
  assert.equal(await codeOf(await remove(bob)), 'identity.passkey_not_found')
  assert.equal(((await (await rename(person)).json()) as Passkey).name, 'Laptop')
  assert.equal((await remove(person)).status, 204)
  assert.deepEqual(
    (await list(person)).map(({ name }) => name),
    ['Phone'],
  )
  assert.equal(await codeOf(await remove(person)), 'identity.passkey_not_found')
})

test('MT-06 registration asks for a verified user, tells the authenticator nothing about him, and excludes what he has', async () => {
  const person = await newPerson(world)
  const authenticator = authenticatorOf()
  const { options } = await start(person)
  assert.deepEqual(options.rp, { name: 'Commonhold', id: 'localhost' })
  assert.equal(options.attestation, 'none')
  assert.equal(options.timeout, 120_000)
  assert.equal(options.authenticatorSelection?.userVerification, 'required')
  assert.equal(options.authenticatorSelection?.residentKey, 'required')
  await add(person, authenticator)
  const again = (await start(person)).options
  const credential = authenticator.credentials[0]
  assert.deepEqual(
    again.excludeCredentials?.map(({ id }) => id),
    [credential?.credentialId.toString('base64url')],
  )
  assert.equal(again.user.id, credential?.userHandle, 'one handle for all passkeys of a user')
  assert.equal(Buffer.from(again.user.id, 'base64url').length, 32)
  const other = (await start(await newPerson(world))).options
  assert.notEqual(other.user.id, again.user.id)
})

test('MT-06 VS-02 a challenge is kept as a hash, for 120 seconds', async () => {
  const { challengeToken } = await start(alice)
  const { rows } = await admin.query(
    `select extract(epoch from expires_at - created_at)::float as seconds, user_id, t::text as row
     from identity.one_time_tokens as t
     where purpose = 'passkey_challenge' and token_hash = sha256($1)`,
    [challengeToken],
  )
  assert.deepEqual([rows[0].seconds, rows[0].user_id], [120, alice.userId])
  assert.ok(!rows[0].row.includes(challengeToken))
  const hex = Buffer.from(challengeToken, 'base64url').toString('hex')
  assert.ok(!rows[0].row.includes(hex))
})

test('MT-06 a passkey signs in without an address, says whose it is, and keeps its last use and counter', async () => {
  const person = await newPerson(world)
  const authenticator = authenticatorOf({ counts: true })
  const { id } = await add(person, authenticator)
  const { options, challengeToken } = await startPasskeySignIn(app, system)
  assert.deepEqual(options.allowCredentials, [])
  assert.equal(options.userVerification, 'required')
  assert.equal(options.rpId, 'localhost')
  const found = await finishPasskeySignIn(app, system, { challengeToken, answer: authenticator.signIn(options) })
  assert.deepEqual(found, { userId: person.userId, authenticatorId: id })
  const { rows } = await admin.query('select counter, last_used_at from identity.authenticators where id = $1', [id])
  assert.equal(Number(rows[0].counter), 1)
  assert.ok(rows[0].last_used_at)
  assert.ok((await listPasskeys(system, person.userId))[0]?.lastUsedAt)
})

test('MT-05 MT-06 as a second factor only the passkeys of that user are asked for and taken', async () => {
  const [ada, eve] = [await newPerson(world), await newPerson(world)]
  const [own, foreign] = [authenticatorOf(), authenticatorOf()]
  const { id } = await add(ada, own)
  await add(eve, foreign)
  const ask = () => startPasskeySignIn(app, system, ada.userId)
  const { options, challengeToken } = await ask()
  assert.deepEqual(
    options.allowCredentials?.map(each => each.id),
    [own.credentials[0]?.credentialId.toString('base64url')],
  )
  const answer = own.signIn(options, { userHandle: undefined })
  const given = { challengeToken, answer, userId: ada.userId }
  assert.deepEqual(await finishPasskeySignIn(app, system, given), { userId: ada.userId, authenticatorId: id })

  const second = await ask()
  const byEve = { challengeToken: second.challengeToken, answer: foreign.signIn(second.options), userId: ada.userId }
  await assert.rejects(finishPasskeySignIn(app, system, byEve), refused)
})

test('MT-06 a challenge for one user is of no use for another, nor for a sign-in without an address', async () => {
  const [ada, eve] = [await newPerson(world), await newPerson(world)]
  const authenticator = authenticatorOf()
  await add(eve, authenticator)
  const finish = async (asked: string | undefined, claimed: string | undefined) => {
    const { options, challengeToken } = await startPasskeySignIn(app, system, asked)
    const answer = authenticator.signIn(options)
    return await finishPasskeySignIn(app, system, { challengeToken, answer, userId: claimed })
  }
  await assert.rejects(finish(ada.userId, undefined), refused)
  await assert.rejects(finish(undefined, eve.userId), refused)
  await assert.rejects(finish(ada.userId, eve.userId), refused)
  assert.equal((await finish(eve.userId, eve.userId)).userId, eve.userId)
})

test('MT-06 a counter that goes back is refused and told; authenticators that do not count are fine', async () => {
  const person = await newPerson(world)
  const authenticator = authenticatorOf()
  const { id } = await add(person, authenticator)
  const signIn = async (counter: number) => {
    const { options, challengeToken } = await startPasskeySignIn(app, system)
    return await finishPasskeySignIn(app, system, {
      challengeToken,
      answer: authenticator.signIn(options, { counter }),
    })
  }
  await signIn(0)
  await signIn(0)
  await signIn(7)
  for (const counter of [7, 6, 0]) await assert.rejects(signIn(counter), refused)
  const { rows } = await admin.query(
    `select details from audit.audit_logs where action = 'passkey_counter_went_back' and resource_id = $1 order by id`,
    [id],
  )
  assert.deepEqual(
    rows.map(({ details }) => details),
    [7, 6, 0].map(counter => ({ user_id: person.userId, friendly_name: 'Primary Authenticator', counter })),
  )
  assert.equal((await signIn(8)).authenticatorId, id)
})

test('MT-06 MT-09 the history tells of a passkey that was refused, unless the caller knew whose sign-in it was', async () => {
  const person = await newPerson(world)
  const authenticator = authenticatorOf({ counts: true })
  await add(person, authenticator)
  const signIn = async (lies: Lies, userId?: string) => {
    const { options, challengeToken } = await startPasskeySignIn(app, system, userId)
    const given = { challengeToken, answer: authenticator.signIn(options, lies), userId }
    return await finishPasskeySignIn(app, system, given)
  }
  await signIn({})
  await assert.rejects(signIn({ origin: 'https://evil.example' }), refused)
  await assert.rejects(signIn({ counter: 1 }), refused)
  await assert.rejects(signIn({ origin: 'https://evil.example' }, person.userId), refused)
  const { rows } = await admin.query(
    `select failure_reason, methods from identity.login_histories where user_id = $1 and status = 'failed' order by created_at, id`,
    [person.userId],
  )
  assert.deepEqual(rows, [
    { failure_reason: 'passkey not valid', methods: ['passkey'] },
    { failure_reason: 'passkey may be a copy', methods: ['passkey'] },
  ])
})

test('MT-06 a copied key used at the same time: of two answers with one counter a single one is taken', async () => {
  const person = await newPerson(world)
  const authenticator = authenticatorOf()
  await add(person, authenticator)
  const answers = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const { options, challengeToken } = await startPasskeySignIn(app, system)
      return { challengeToken, answer: authenticator.signIn(options, { counter: 1 }) }
    }),
  )
  const outcomes = await Promise.allSettled(answers.map(given => finishPasskeySignIn(app, system, given)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('MT-06 a passkey answers for a suspended user with no more than his id: letting him in is not its business', async () => {
  const person = await newPerson(world)
  const authenticator = authenticatorOf()
  const { id } = await add(person, authenticator)
  await admin.query(`update identity.users set status = 'suspended' where id = $1`, [person.userId])
  const { options, challengeToken } = await startPasskeySignIn(app, system)
  const found = await finishPasskeySignIn(app, system, { challengeToken, answer: authenticator.signIn(options) })
  assert.deepEqual(found, { userId: person.userId, authenticatorId: id })
})

test('MT-06 an account has at most 20 passkeys, however many are added at once', async () => {
  const person = await newPerson(world)
  const authenticator = authenticatorOf()
  const started = await Promise.all(Array.from({ length: 3 }, () => start(person)))
  // All began without a passkey, each with a handle of its own: only the first one's handle is taken.
  const { options, challengeToken } = started.pop() as Started
  const body = { challengeToken, answer: authenticator.register(options) }
  assert.equal((await person.fetch('/me/passkeys', { method: 'POST', body })).status, 201)
  const late = started.map(({ options, challengeToken }) => ({
    challengeToken,
    answer: authenticator.register(options),
  }))
  const unfit = await Promise.all(late.map(body => person.fetch('/me/passkeys', { method: 'POST', body })))
  assert.ok(unfit.every(({ status }) => status === 400))

  const pending = await Promise.all(
    Array.from({ length: 24 }, async () => {
      const { options, challengeToken } = await start(person)
      return { challengeToken, answer: authenticator.register(options) }
    }),
  )
  const answers = await Promise.all(pending.map(body => person.fetch('/me/passkeys', { method: 'POST', body })))
  assert.equal(answers.filter(({ status }) => status === 201).length, 19)
  const refusals = await Promise.all(answers.filter(({ status }) => status !== 201).map(codeOf))
  assert.deepEqual([...new Set(refusals)], ['identity.too_many_passkeys'])
  assert.equal((await list(person)).length, 20)
  const full = await person.fetch('/me/passkeys/options', { method: 'POST' })
  assert.deepEqual([full.status, await codeOf(full)], [409, 'identity.too_many_passkeys'])
})

test('MT-06 MT-07 a passkey may be the only way in, and then stays', async () => {
  const person = await newPerson(world)
  const { id } = await add(person, authenticatorOf())
  await system.run(sql`delete from identity.passwords where user_id = ${person.userId}`)
  const kept = await person.fetch(`/me/passkeys/${id}`, { method: 'DELETE' })
  assert.deepEqual([kept.status, await codeOf(kept)], [409, 'identity.last_way_in'])
  await add(person, authenticatorOf())
  assert.equal((await person.fetch(`/me/passkeys/${id}`, { method: 'DELETE' })).status, 204)
})

test('MT-06 a sign-in that is not fresh adds and removes no passkey', async () => {
  const person = await newPerson(world)
  const { id } = await add(person, authenticatorOf())
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
    [person.userId],
  )
  await new Promise(resolve => setTimeout(resolve, 2_100))
  for (const [method, path] of [
    ['POST', '/me/passkeys/options'],
    ['DELETE', `/me/passkeys/${id}`],
  ] as const) {
    const response = await person.fetch(path, { method })
    assert.deepEqual([response.status, await codeOf(response)], [403, 'http.step_up_required'])
  }
  assert.equal((await list(person)).length, 1, 'control: he is signed in still')
})

test('MT-06 its owner gets a mail when a passkey is added or removed, and the audit log keeps both without keys', async () => {
  const person = await newPerson(world)
  const { id } = await add(person, authenticatorOf(), 'Key www.evil.example')
  assert.equal((await person.fetch(`/me/passkeys/${id}`, { method: 'DELETE' })).status, 204)
  const mails = await mailsTo(world, person.email)
  assert.deepEqual(
    mails.map(({ subject }) => subject),
    ['A passkey was added to your account', 'A passkey was removed from your account'],
  )
  assert.ok(mails.every(({ text }) => text.includes('Key www. evil. example')))
  assert.ok(mails.every(({ link }) => link === `${app.publicUrl}/account/security`))
  const { rows } = await admin.query(
    `select action, user_id, changes from audit.audit_logs where resource = 'identity.authenticators' and resource_id = $1 order by id`,
    [id],
  )
  assert.deepEqual(
    rows.map(({ action, user_id }) => [action, user_id]),
    [
      ['insert', person.userId],
      ['delete', person.userId],
    ],
  )
  assert.ok(!JSON.stringify(rows).match(/credential|user_handle/))
})

test('MT-06 a credential that somebody has registered is nobody else’s', async () => {
  const [ada, eve] = [await newPerson(world), await newPerson(world)]
  const authenticator = authenticatorOf()
  await add(ada, authenticator)
  const { options, challengeToken } = await start(eve)
  const credentialId = authenticator.credentials[0]?.credentialId as Buffer
  const answer = authenticatorOf().register(options, { credentialId })
  const response = await eve.fetch('/me/passkeys', { method: 'POST', body: { challengeToken, answer } })
  assert.deepEqual([response.status, await codeOf(response)], [409, 'identity.passkey_taken'])
})
