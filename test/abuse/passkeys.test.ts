import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import { DomainError } from '#platform/errors.ts'
import { finishPasskeySignIn, startPasskeySignIn } from '#platform/identity'
import { encode, type Lies, SoftwareAuthenticator } from '#test/authenticator.ts'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'

const world = await testWorld()
const { app, admin, alice, bob, baseUrl } = world
const { origin } = new URL(app.publicUrl)
const system = app.db.scoped({ system: true })

type Started = { options: PublicKeyCredentialCreationOptionsJSON; challengeToken: string }
const start = async (person: Person) =>
  (await (await person.fetch('/me/passkeys/options', { method: 'POST' })).json()) as Started
const send = (person: Person, body: unknown) => person.fetch('/me/passkeys', { method: 'POST', body })
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code
const codeAndStatus = async (response: Response) => [response.status, await codeOf(response)]
const unfit = [400, 'identity.passkey_unfit']

/** Somebody with a passkey. */
async function someone() {
  const person = await newPerson(world)
  const authenticator = new SoftwareAuthenticator({ origin, counts: true })
  const { options, challengeToken } = await start(person)
  assert.equal((await send(person, { challengeToken, answer: authenticator.register(options) })).status, 201)
  return { person, authenticator }
}

type Finish = Parameters<typeof finishPasskeySignIn>[2]
/** What comes of an answer: the user's id, or the code of the refusal. Everything else that is thrown is a bug. */
const finish = (given: Finish): Promise<string> =>
  finishPasskeySignIn(app, system, given).then(
    ({ userId }) => userId,
    error => {
      if (error instanceof DomainError) return error.code
      throw error
    },
  )
const refused = 'identity.passkey_refused'

async function answered(authenticator: SoftwareAuthenticator, lies?: Lies, userId?: string): Promise<Finish> {
  const { options, challengeToken } = await startPasskeySignIn(app, system, userId)
  return { challengeToken, answer: authenticator.signIn(options, lies), userId }
}

test('MT-06 an answer is good for one sign-in, of 20 at once as of two in a row', async () => {
  const { person, authenticator } = await someone()
  const given = await answered(authenticator)
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => finish(given)))
  assert.equal(outcomes.filter(outcome => outcome === person.userId).length, 1)
  assert.equal(outcomes.filter(outcome => outcome === refused).length, 19)
  assert.equal(await finish(given), refused)
  assert.equal(await finish(await answered(authenticator)), person.userId, 'control: a new one is good')
})

test('MT-06 a wrong answer burns its challenge: the right one afterwards comes too late', async () => {
  const { person, authenticator } = await someone()
  const { options, challengeToken } = await startPasskeySignIn(app, system)
  const wrong = authenticator.signIn(options, { origin: 'https://evil.example' })
  assert.equal(await finish({ challengeToken, answer: wrong }), refused)
  assert.equal(await finish({ challengeToken, answer: authenticator.signIn(options) }), refused)

  const registration = await start(person)
  const { challengeToken: token } = registration
  const other = new SoftwareAuthenticator({ origin })
  const bad = other.register(registration.options, { rpId: 'evil.example' })
  assert.deepEqual(await codeAndStatus(await send(person, { challengeToken: token, answer: bad })), unfit)
  const good = other.register(registration.options)
  assert.deepEqual(await codeAndStatus(await send(person, { challengeToken: token, answer: good })), unfit)
})

test('MT-06 a challenge that is 120 seconds old is none', async () => {
  const { person, authenticator } = await someone()
  const age = (seconds: number) =>
    admin.query(
      `update identity.one_time_tokens
       set expires_at = expires_at - $1 * interval '1 second'
       where purpose = 'passkey_challenge' and used_at is null`,
      [seconds],
    )
  const inTime = await answered(authenticator)
  await age(110)
  assert.equal(await finish(inTime), person.userId, 'control')
  const late = await answered(authenticator)
  const registration = await start(person)
  await age(120)
  assert.equal(await finish(late), refused)
  const answer = new SoftwareAuthenticator({ origin }).register(registration.options)
  assert.deepEqual(await codeAndStatus(await send(person, { ...registration, options: undefined, answer })), unfit)
})

test('MT-06 a challenge for a registration is none for a sign-in, nor another token, nor one made up', async () => {
  const { person, authenticator } = await someone()
  const registration = await start(person)
  // As second factor of the very user who began the registration, too.
  for (const userId of [undefined, person.userId]) {
    const { challengeToken } = await start(person)
    const answer = authenticator.signIn({ rpId: 'localhost', challenge: challengeToken })
    assert.equal(await finish({ challengeToken, answer, userId }), refused)
  }

  const { options, challengeToken: signInToken } = await startPasskeySignIn(app, system, person.userId)
  const creation = { ...registration.options, challenge: options.challenge }
  const answer = new SoftwareAuthenticator({ origin }).register(creation)
  assert.deepEqual(await codeAndStatus(await send(person, { challengeToken: signInToken, answer })), unfit)

  for (const made of [randomBytes(32).toString('base64url'), 'x', '\u2028', "' or true --"]) {
    assert.equal(
      await finish({ challengeToken: made, answer: authenticator.signIn({ challenge: made, rpId: 'localhost' }) }),
      refused,
    )
    assert.deepEqual(await codeAndStatus(await send(person, { challengeToken: made, answer })), unfit)
  }
})

test('MT-06 GHSA-g38m-r43w-p2q7 a registration that one person has begun adds nothing to the account of another', async () => {
  const begun = await start(alice)
  const authenticator = new SoftwareAuthenticator({ origin })
  const answer = authenticator.register(begun.options)
  const { challengeToken } = begun
  assert.deepEqual(await codeAndStatus(await send(bob, { challengeToken, answer })), unfit)
  const items = async (person: Person) => ((await (await person.fetch('/me/passkeys')).json()) as { items: [] }).items
  assert.deepEqual([await items(alice), await items(bob)], [[], []])
})

test('MT-06 a passkey answers for its own user only, whatever handle comes with it', async () => {
  const [ada, eve] = [await someone(), await someone()]
  const handle = ada.authenticator.credentials[0]?.userHandle as string
  const outcomes = {
    'the handle of another': await answered(eve.authenticator, { userHandle: handle }),
    'no handle where no address was typed': await answered(eve.authenticator, { userHandle: undefined }),
    'an empty handle': await answered(eve.authenticator, { userHandle: '' }),
    'a handle with something behind': await answered(ada.authenticator, { userHandle: `${handle}AAAA` }),
    'the id of a user': await answered(eve.authenticator, {
      userHandle: Buffer.from(ada.person.userId.replaceAll('-', ''), 'hex').toString('base64url'),
    }),
    'another’s credential, signed by an own key': await answered(eve.authenticator, {
      credentialId: ada.authenticator.credentials[0]?.credentialId as Buffer,
      userHandle: handle,
    }),
    'a credential of nobody': await answered(eve.authenticator, { credentialId: randomBytes(32) }),
    'another’s passkey as second factor': await answered(eve.authenticator, {}, ada.person.userId),
    'another’s passkey as second factor, with the right handle': await answered(
      eve.authenticator,
      { userHandle: handle },
      ada.person.userId,
    ),
  }
  for (const [name, given] of Object.entries(outcomes)) assert.equal(await finish(given), refused, name)
  assert.equal(await finish(await answered(ada.authenticator)), ada.person.userId, 'control')
})

test('MT-06 a removed passkey signs nobody in, not even with a challenge from before', async () => {
  const { person, authenticator } = await someone()
  const given = await answered(authenticator)
  const { items } = (await (await person.fetch('/me/passkeys')).json()) as { items: { id: string }[] }
  assert.equal((await person.fetch(`/me/passkeys/${items[0]?.id}`, { method: 'DELETE' })).status, 204)
  assert.equal(await finish(given), refused)
})

test('MT-06 the counter cannot be moved by an answer that nobody has signed', async () => {
  const { person, authenticator } = await someone()
  const forged = await answered(authenticator, {
    authenticatorData: data => Buffer.concat([data.subarray(0, 33), Buffer.from('ffffffff', 'hex')]),
  })
  const { count } = (
    await admin.query(`select count(*)::int as count from audit.audit_logs where action = 'passkey_counter_went_back'`)
  ).rows[0]
  assert.equal(await finish(forged), refused)
  const backwards = await answered(authenticator, {
    authenticatorData: data => Buffer.concat([data.subarray(0, 33), Buffer.alloc(4)]),
  })
  assert.equal(await finish(backwards), refused)
  const after = await admin.query(
    `select count(*)::int as count from audit.audit_logs where action = 'passkey_counter_went_back'`,
  )
  assert.equal(after.rows[0].count, count, 'nobody is alarmed by what anybody can send')
  assert.equal(await finish(await answered(authenticator)), person.userId)
})

test('MT-06 no body makes the routes of passkeys fail', async () => {
  const person = await newPerson(world)
  const authenticator = new SoftwareAuthenticator({ origin })
  const { options } = await start(person)
  const answer = authenticator.register(options)
  const deep = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
  const responses: Record<string, unknown> = {
    'a NUL': { ...answer.response, clientDataJSON: 'a\0b' },
    'a NUL in a transport': { ...answer.response, transports: ['internal\0'] },
    'NUL bytes for client data': { ...answer.response, clientDataJSON: Buffer.alloc(40).toString('base64url') },
    'client data that is no object': { ...answer.response, clientDataJSON: Buffer.from('null').toString('base64url') },
    'client data in an array': { ...answer.response, clientDataJSON: Buffer.from('[]').toString('base64url') },
    'client data of a number': { ...answer.response, clientDataJSON: Buffer.from('7').toString('base64url') },
    'deep client data': {
      ...answer.response,
      clientDataJSON: Buffer.from('['.repeat(5_000) + ']'.repeat(5_000))
        .toString('base64url')
        .slice(0, 8_000),
    },
    'deep CBOR': { ...answer.response, attestationObject: Buffer.alloc(30_000, 0x81).toString('base64url') },
    'huge CBOR': { ...answer.response, attestationObject: 'A'.repeat(900_000) },
    'CBOR that promises much': {
      ...answer.response,
      attestationObject: Buffer.from('bbffffffffffffffff', 'hex').toString('base64url'),
    },
    'a member of no use, deep': { ...answer.response, extra: deep(900) },
    'too many transports': { ...answer.response, transports: Array.from({ length: 11 }, () => 'usb') },
    'a number': 7,
    nothing: null,
  }
  for (const [name, response] of Object.entries(responses)) {
    const { challengeToken } = await start(person)
    const given = await send(person, { challengeToken, answer: { ...answer, response } })
    assert.equal(given.status, 400, name)
    assert.ok(['identity.passkey_unfit', 'http.request_invalid', 'http.text_unfit'].includes(await codeOf(given)), name)
  }
  for (const body of [null, [], 'text', {}, { challengeToken: 7 }, { userId: alice.userId }]) {
    assert.equal((await send(person, body)).status, 400)
  }
  const { challengeToken, options: again } = await start(person)
  const forOther = { challengeToken, answer: authenticator.register(again), userId: alice.userId, counter: 0 }
  assert.equal(
    (await send(person, forOther)).status,
    400,
    'CVE-2025-61928: whose it becomes is not for the body to say',
  )
  for (const name of ['', '   ', 'a'.repeat(101), 'a\0', 7, null]) {
    const started = await start(person)
    const named = await send(person, {
      challengeToken: started.challengeToken,
      answer: authenticator.register(started.options),
      name,
    })
    assert.equal(named.status, 400, String(name))
  }
})

test('MT-06 parts of an answer that a database cannot hold are refused before it', async () => {
  const { authenticator } = await someone()
  for (const lies of [
    { credentialId: Buffer.alloc(0) },
    { credentialId: randomBytes(1_023) },
    { authenticatorData: () => encode(new Map()) },
    {
      authenticatorData: (data: Buffer) =>
        Buffer.concat([data.subarray(0, 32), Buffer.from([0xff]), Buffer.alloc(2_000, 0x81)]),
    },
  ]) {
    assert.equal(await finish(await answered(authenticator, lies)), refused)
  }
})

const post = (path: string, body: unknown) =>
  fetch(`${baseUrl}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress() },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
type Asked = { options: PublicKeyCredentialRequestOptionsJSON; challengeToken: string }
const ask = async () => (await (await post('/auth/passkeys/options', {})).json()) as Asked

test('MT-06 over HTTP, too, an answer signs in once, and a wrong one burns its challenge', async () => {
  const { authenticator } = await someone()
  const { options, challengeToken } = await ask()
  const body = { challengeToken, answer: authenticator.signIn(options) }
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/auth/passkeys/sign-in', body)))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array.from({ length: 19 }, () => 401)])
  const second = await ask()
  const wrong = authenticator.signIn(second.options, { signature: () => Buffer.alloc(70) })
  const right = authenticator.signIn(second.options)
  for (const answer of [wrong, right]) {
    const response = await post('/auth/passkeys/sign-in', { challengeToken: second.challengeToken, answer })
    assert.deepEqual(await codeAndStatus(response), [401, refused])
  }
})

test('PE-02 MT-06 nobody who is suspended, inactive or deleted signs in with a passkey', async () => {
  const { person, authenticator } = await someone()
  const signIn = async () => {
    const { options, challengeToken } = await ask()
    return (await post('/auth/passkeys/sign-in', { challengeToken, answer: authenticator.signIn(options) })).status
  }
  assert.equal(await signIn(), 200, 'control')
  for (const status of ['suspended', 'inactive', 'deleted']) {
    await admin.query(
      `update identity.users set status = $2, deleted_at = case when $2 = 'deleted' then now() end where id = $1`,
      [person.userId, status],
    )
    assert.equal(await signIn(), 401, status)
  }
})

test('MT-06 no body makes the sign-in with a passkey fail', async () => {
  const { authenticator } = await someone()
  const { options } = await ask()
  const answer = authenticator.signIn(options)
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  for (const response of [
    { ...answer.response, userHandle: '\0' },
    { ...answer.response, authenticatorData: Buffer.alloc(36).toString('base64url') },
    { ...answer.response, authenticatorData: Buffer.alloc(3_000, 0xff).toString('base64url') },
    { ...answer.response, clientDataJSON: Buffer.from('null').toString('base64url') },
    { ...answer.response, clientDataJSON: Buffer.from('{"challenge":{}}').toString('base64url') },
    { ...answer.response, signature: 'A'.repeat(100_000) },
    {},
    null,
  ]) {
    const { challengeToken } = await ask()
    const given = await post('/auth/passkeys/sign-in', { challengeToken, answer: { ...answer, response } })
    assert.ok([400, 401].includes(given.status), JSON.stringify(response).slice(0, 200))
  }
  for (const text of [
    `{"challengeToken":"\\u0041","answer":${deep}}`,
    `{"challengeToken":"A","answer":${deep}}`,
    deep,
  ]) {
    assert.equal((await post('/auth/passkeys/sign-in', text)).status, 400)
  }
})
