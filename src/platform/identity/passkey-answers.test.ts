import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mock, test } from 'node:test'
import fc from 'fast-check'
import { Value } from 'typebox/value'
import type { App } from '#platform/app.ts'
import { encode, type Lies, SoftwareAuthenticator } from '#test/authenticator.ts'
import {
  RegistrationAnswer,
  relyingPartyOf,
  SignInAnswer,
  verifyRegistration,
  verifySignIn,
} from './passkey-answers.ts'

const at = (publicUrl: string) => ({ publicUrl }) as App
const app = at('https://commonhold.example')
const { id: rpId, origin } = relyingPartyOf(app)
const challenge = randomBytes(32).toString('base64url')

const authenticator = new SoftwareAuthenticator({ origin })
const creation = {
  rp: { id: rpId, name: 'Commonhold' },
  user: { id: randomBytes(32).toString('base64url'), name: 'ada', displayName: 'Ada' },
  challenge,
  pubKeyCredParams: [],
}
const register = (lies?: Lies) => {
  const answer = authenticator.register(creation, lies)
  return verifyRegistration(app, challenge, answer)
}
const registered = await register()
const known = { publicKey: registered.publicKey, deviceType: registered.deviceType }
const credential = authenticator.credentials[0]
const answerTo = (lies?: Lies) => authenticator.signIn({ rpId, challenge }, lies, credential)
const signIn = (lies?: Lies) => verifySignIn(app, challenge, answerTo(lies), known)

const { privateKey: anotherKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Each of them alone makes an answer unfit, for a registration as for a sign-in. */
const lies: Record<string, Lies> = {
  'the origin of another site': { origin: 'https://evil.example' },
  'an origin that begins like ours': { origin: 'https://commonhold.example.evil.example' },
  'an origin that ends like ours': { origin: 'https://evilcommonhold.example' },
  'a part of our site': { origin: 'https://sub.commonhold.example' },
  'our host without encryption': { origin: 'http://commonhold.example' },
  'our host at another port': { origin: 'https://commonhold.example:8443' },
  'our origin with a slash': { origin: 'https://commonhold.example/' },
  'our origin in capitals': { origin: 'HTTPS://COMMONHOLD.EXAMPLE' },
  'a wildcard': { origin: 'https://*' },
  'no origin': { origin: '' },
  'the origin null': { origin: 'null' },
  'another RP id': { rpId: 'evil.example' },
  'a parent of the RP id': { rpId: 'example' },
  'another challenge': { challenge: randomBytes(32).toString('base64url') },
  'an empty challenge': { challenge: '' },
  'a part of the challenge': { challenge: challenge.slice(0, -1) },
  'the challenge with something behind': { challenge: `${challenge}A` },
  'an unverified user': { userVerified: false },
  'nobody present': { userPresent: false },
  'a foreign frame': { clientData: { crossOrigin: true } },
  'a foreign frame named': { clientData: { crossOrigin: true, topOrigin: 'https://evil.example' } },
  'a foreign frame that denies it': { clientData: { topOrigin: 'https://evil.example' } },
  'an odd crossOrigin': { clientData: { crossOrigin: 'yes' } },
  'a type of nothing': { type: 'payment.get' },
  'authenticator data cut off': { authenticatorData: data => data.subarray(0, 36) },
  'authenticator data with something behind': { authenticatorData: data => Buffer.concat([data, Buffer.alloc(3)]) },
  'no authenticator data': { authenticatorData: () => Buffer.alloc(0) },
}

test('MT-06 CVE-2026-18211 an answer for another site, challenge, kind or person’s absence is refused, for sign-in and registration', async () => {
  assert.deepEqual(await signIn(), { counter: 0, isBackedUp: false }, 'control')
  assert.ok(await register(), 'control')
  for (const [name, lie] of Object.entries(lies)) {
    await assert.rejects(signIn(lie), `sign-in: ${name}`)
    await assert.rejects(register(lie), `registration: ${name}`)
  }
})

test('MT-06 the answer of a registration is no sign-in, nor the other way round', async () => {
  await assert.rejects(signIn({ type: 'webauthn.create' }))
  await assert.rejects(register({ type: 'webauthn.get' }))
})

test('MT-06 a signature by another key, or of nothing, is refused', async () => {
  await assert.rejects(signIn({ key: anotherKey }))
  await assert.rejects(signIn({ signature: () => Buffer.alloc(64) }))
  await assert.rejects(signIn({ signature: () => encode(0) }))
  // r and s zero: what some libraries have taken for a signature of everything (CVE-2022-21449).
  await assert.rejects(signIn({ signature: () => Buffer.from([0x30, 6, 2, 1, 0, 2, 1, 0]) }))
  for (const length of [0, 1, 8, 35, 70]) {
    await assert.rejects(
      signIn({ signature: signature => signature.subarray(0, Math.min(length, signature.length - 1)) }),
    )
  }
})

test('MT-06 CVE-2026-27840 no bit of an answer may be another', async () => {
  const flip = (bit: number) => (data: Buffer) => {
    const copy = Buffer.from(data)
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return copy
  }
  for (let bit = 0; bit < 37 * 8; bit++) await assert.rejects(signIn({ authenticatorData: flip(bit) }), `bit ${bit}`)
  const answer = answerTo()
  const data = Buffer.from(answer.response.clientDataJSON, 'base64url')
  for (let bit = 0; bit < data.length * 8; bit++) {
    const clientDataJSON = flip(bit)(data).toString('base64url')
    const changed = { ...answer, response: { ...answer.response, clientDataJSON } }
    await assert.rejects(verifySignIn(app, challenge, changed, known), `bit ${bit}`)
  }
})

test('MT-06 a key that could not be synced and now says so is not the one that was registered', async () => {
  const synced = new SoftwareAuthenticator({ origin, isSynced: true })
  const answer = synced.signIn({ rpId, challenge }, {}, credential)
  await assert.rejects(verifySignIn(app, challenge, answer, known))
})

test('MT-06 what an authenticator attests is neither believed nor fetched', async () => {
  const fetched = mock.method(globalThis, 'fetch', () => Promise.reject(new Error('fetched')))
  const certificate = new Uint8Array(randomBytes(500))
  const statement = new Map<string, unknown>([
    ['alg', -7],
    ['sig', new Uint8Array(70)],
    ['x5c', [certificate]],
  ])
  for (const fmt of ['packed', 'tpm', 'fido-u2f', 'android-key', 'android-safetynet', 'apple', 'none', 'made up']) {
    assert.ok(await register({ fmt, attStmt: statement }), fmt)
  }
  assert.equal(fetched.mock.callCount(), 0)
  fetched.mock.restore()
})

test('MT-06 attestation objects of any bytes, however deep or long, end in a refusal', async () => {
  const answer = authenticator.register(creation)
  const refuse = async (attestationObject: Buffer) => {
    const began = performance.now()
    const changed = {
      ...answer,
      response: { ...answer.response, attestationObject: attestationObject.toString('base64url') },
    }
    await assert.rejects(verifyRegistration(app, challenge, changed))
    assert.ok(performance.now() - began < 1_000, 'it took long')
  }
  const most = 30_000
  // Arrays in arrays, maps in maps, tags of tags, and lengths that nothing follows.
  for (const byte of [0x81, 0xa1, 0xc0, 0x9f, 0xbf, 0x5f, 0xff, 0xf8]) await refuse(Buffer.alloc(most, byte))
  for (const head of [
    '9affffffff',
    '9bffffffffffffffff',
    'baffffffff',
    'bbffffffffffffffff',
    '5affffffff',
    '7bffffffffffffffff',
  ]) {
    await refuse(Buffer.from(head, 'hex'))
    await refuse(Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(most)]))
  }
  await refuse(encode(new Map([['authData', new Uint8Array(36)]])))
  await refuse(encode(new Map([['authData', 'text']])))
  await refuse(encode(new Map(Array.from({ length: 5_000 }, (_, index) => [index, index]))))
  await refuse(encode('authData'))
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), bytes => refuse(Buffer.from(bytes))),
    { numRuns: 300 },
  )
})

test('MT-06 a public key that is none, and a credential without a fit id, are refused', async () => {
  const key = (entries: [number, unknown][]) => encode(new Map(entries))
  const malformed = {
    'no key': Buffer.alloc(0),
    'no map': encode('key'),
    'no algorithm': key([[1, 2]]),
    'an algorithm that we did not ask for': key([
      [1, 2],
      [3, -65535],
    ]),
    'an algorithm in words': key([
      [1, 2],
      [3, 'none'],
    ]),
    'a key of 5,000 bytes': key([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, new Uint8Array(5_000)],
    ]),
  }
  for (const [name, publicKey] of Object.entries(malformed)) await assert.rejects(register({ publicKey }), name)
  await assert.rejects(register({ credentialId: Buffer.alloc(0) }))
  await assert.rejects(register({ credentialId: randomBytes(1024) }))
  assert.equal((await register({ credentialId: randomBytes(1023) })).credentialId.length, 1023, 'control')
  const answer = authenticator.register(creation)
  await assert.rejects(verifyRegistration(app, challenge, { ...answer, id: 'AAAA', rawId: 'AAAA' }))
})

test('MT-06 the shape of an answer keeps out what is no base64url, and what is too long', () => {
  const creationAnswer = authenticator.register(creation)
  const requestAnswer = answerTo()
  assert.ok(Value.Check(RegistrationAnswer, creationAnswer), 'control')
  assert.ok(Value.Check(SignInAnswer, requestAnswer), 'control')
  for (const text of ['', 'a\0b', 'a b', '=', 'a+/b', 'ä', 'A'.repeat(50_000)]) {
    for (const member of ['clientDataJSON', 'authenticatorData', 'signature'] as const) {
      assert.ok(
        !Value.Check(SignInAnswer, { ...requestAnswer, response: { ...requestAnswer.response, [member]: text } }),
      )
    }
    for (const member of ['clientDataJSON', 'attestationObject'] as const) {
      const response = { ...creationAnswer.response, [member]: text }
      assert.ok(!Value.Check(RegistrationAnswer, { ...creationAnswer, response }))
    }
    assert.ok(!Value.Check(SignInAnswer, { ...requestAnswer, id: text }))
  }
  assert.ok(!Value.Check(SignInAnswer, { ...requestAnswer, type: 'password' }))
})

test('MT-06 the relying party is the host of the public address, and its origin with the port', () => {
  assert.deepEqual(relyingPartyOf(at('http://localhost:3000')), { id: 'localhost', origin: 'http://localhost:3000' })
  assert.deepEqual(relyingPartyOf(at('https://Commonhold.Example:443')), {
    id: 'commonhold.example',
    origin: 'https://commonhold.example',
  })
})
