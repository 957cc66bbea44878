import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hash as argon2 } from '@node-rs/argon2'
import fc from 'fast-check'
import { DomainError } from '#platform/errors.ts'
import { headersOf } from '../http/problems.ts'
import { hashPassword, isUsableHash, needsRehash, verifyPassword } from './hashing.ts'

// Made by libxcrypt, not by what verifies them.
const foreign = {
  twelveRounds: '$2b$12$abcdefghijklmnopqrstuuwNzFBGncQBjZyiKFTIgLkA9WtCTqi3C',
  y: '$2y$04$abcdefghijklmnopqrstuutfrWy3ZLobvvn0pGo2ZeIB/0EmL.k9y',
  a: '$2a$04$abcdefghijklmnopqrstuumeEFg6zY3F9UMkjHzpfyE4WkVj6Z2cW',
  long: '$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i',
  abc: '$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2',
}

test('GG-02 a password verifies against its own Argon2id hash only', async () => {
  const hash = await hashPassword('correct horse')
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal(await verifyPassword(hash, 'correct horse'), true)
  assert.equal(await verifyPassword(hash, 'Correct horse'), false)
  assert.notEqual(await hashPassword('correct horse'), hash, 'every hash has its own salt')
  assert.equal(isUsableHash(hash) && !needsRehash(hash), true)
})

test('GG-02 an accent is the same letter, composed by the keyboard or not', async () => {
  assert.equal(await verifyPassword(await hashPassword('caf\u00e9 au lait'), 'cafe\u0301 au lait'), true)
  assert.equal(await verifyPassword(await hashPassword('cafe au lait'), 'caf\u00e9 au lait'), false)
})

test('PE-01 bcrypt hashes of 12 rounds and of all three marks verify, and want to be hashed anew', async () => {
  const cases: [hash: string, password: string][] = [
    [foreign.twelveRounds, 'ein Passwort'],
    [foreign.y, 'ein Passwort'],
    [foreign.a, 'caf\u00e9 au lait'],
  ]
  for (const [hash, password] of cases) {
    assert.equal(isUsableHash(hash), true)
    assert.equal(needsRehash(hash), true)
    assert.equal(await verifyPassword(hash, password), true, hash)
    assert.equal(await verifyPassword(hash, `${password}.`), false, hash)
  }
})

test('PE-01 of a long password bcrypt compares 72 bytes, as whoever made the hash did', async () => {
  assert.equal(await verifyPassword(foreign.long, `${'x'.repeat(72)} and a tail`), true)
  assert.equal(await verifyPassword(foreign.long, `${'x'.repeat(72)} and another`), true)
  assert.equal(await verifyPassword(foreign.long, `${'x'.repeat(71)}y and a tail`), false)
})

test('PE-01 a NUL does not make another password look like the right one', async () => {
  assert.equal(await verifyPassword(foreign.abc, 'abc'), true, 'control')
  assert.equal(await verifyPassword(foreign.abc, 'abc\0abc'), false)
  assert.equal(await verifyPassword(foreign.abc, 'abc\0'), false)
})

test('PE-01 weaker Argon2 hashes verify and want to be hashed anew', async () => {
  const weaker = [
    await argon2('from elsewhere', { algorithm: 2, memoryCost: 4096, timeCost: 3 }),
    await argon2('from elsewhere', { algorithm: 2, memoryCost: 65_536, timeCost: 1 }),
    await argon2('from elsewhere', { algorithm: 1, memoryCost: 19_456, timeCost: 2 }),
  ]
  for (const hash of weaker) {
    assert.equal(await verifyPassword(hash, 'from elsewhere'), true, hash)
    assert.equal(await verifyPassword(hash, 'from anywhere'), false, hash)
    assert.equal(needsRehash(hash), true, hash)
  }
  const stronger = await argon2('from elsewhere', { algorithm: 2, memoryCost: 32_768, timeCost: 3 })
  assert.equal((await verifyPassword(stronger, 'from elsewhere')) && !needsRehash(stronger), true)
})

test('PE-01 what is no hash, of an unknown kind or absurdly costly never verifies and is not computed', async () => {
  const good = await hashPassword('anything')
  const tail = good.slice(good.indexOf('$', 12))
  const refused = [
    '',
    '$',
    'anything',
    '$1$salt$hash',
    '$5$rounds=5000$salt$hash',
    '$2$12$abcdefghijklmnopqrstuuwNzFBGncQBjZyiKFTIgLkA9WtCTqi3C',
    '$2x$12$abcdefghijklmnopqrstuuwNzFBGncQBjZyiKFTIgLkA9WtCTqi3C',
    foreign.twelveRounds.replace('$12$', '$31$'),
    foreign.twelveRounds.replace('$12$', '$15$'),
    foreign.twelveRounds.replace('$12$', '$03$'),
    foreign.twelveRounds.slice(0, -1),
    `${foreign.twelveRounds}\n`,
    '$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '$argon2id$v=19$m=19456,t=4294967295,p=1$c29tZXNhbHRzb21lc2FsdA$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '$argon2id$v=19$m=262144,t=5,p=1$c29tZXNhbHRzb21lc2FsdA$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '$argon2id$v=19$m=19456,t=2,p=255$c29tZXNhbHRzb21lc2FsdA$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aaaa',
    '$argon2id$v=19$m=19456,t=2,p=1$$',
    good.replace('argon2id', 'argon2d'),
    good.replace('v=19', 'v=16'),
    good.replace('m=19456,t=2', 't=2,m=19456'),
    `${good},keyid=a`,
    tail,
  ]
  for (const hash of refused) {
    assert.equal(isUsableHash(hash), false, hash)
    const before = process.cpuUsage()
    assert.equal(await verifyPassword(hash, 'anything'), false, hash)
    const { user, system } = process.cpuUsage(before)
    assert.ok((user + system) / 1e3 < 500, `${hash} took ${(user + system) / 1e3} ms of all threads`)
  }
})

test('PE-01 whatever else stands for a hash, the answer is no', async () => {
  const alike = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.constantFrom('$2a$', '$2b$', '$2y$', '$argon2id$v=19$', '$argon2i$'), fc.string())
      .map(parts => parts.join('')),
  )
  await fc.assert(
    fc.asyncProperty(alike, fc.string(), async (hash, password) => !(await verifyPassword(hash, password))),
    { numRuns: 60 },
  )
})

test('without a hash the answer is no, after the same work', async () => {
  assert.equal(await verifyPassword(undefined, 'anything'), false)
})

test('PE-01 while bcrypt hashes are compared the event loop does not wait', async () => {
  await verifyPassword(foreign.y, 'the thread is there')
  const before = process.threadCpuUsage()
  const answers = await Promise.all(
    Array.from({ length: 4 }, (_, index) => verifyPassword(foreign.twelveRounds, index % 2 ? 'ein Passwort' : 'no')),
  )
  const { user, system } = process.threadCpuUsage(before)
  assert.deepEqual(answers, [false, true, false, true])
  // A quarter of a second each, were they computed here. What this thread itself does: a busy machine delays it at will.
  assert.ok((user + system) / 1e3 < 150, `the thread of the event loop worked for ${(user + system) / 1e3} ms`)
})

test('GG-02 hashing is bounded: too many at once are refused as unavailable, the others done, the loop stays free', async () => {
  const before = process.threadCpuUsage()
  const answers = await Promise.allSettled(Array.from({ length: 400 }, () => hashPassword('many at once')))
  const { user, system } = process.threadCpuUsage(before)
  const refused = answers.filter(answer => answer.status === 'rejected')
  const done = answers.filter(answer => answer.status === 'fulfilled')
  assert.ok(refused.length > 0 && done.length > 0, `${refused.length} refused, ${done.length} done`)
  for (const { reason } of refused) {
    assert.ok(reason instanceof DomainError && reason.kind === 'unavailable' && reason.code === 'identity.hashing_busy')
    assert.deepEqual(headersOf(reason), { 'retry-after': '3' })
  }
  // A hash takes fifteen milliseconds and more of the thread that computes it.
  const own = (user + system) / 1e3 / done.length
  assert.ok(own < 5, `the thread of the event loop worked for ${own} ms per hash`)
  assert.equal(await verifyPassword(await hashPassword('afterwards'), 'afterwards'), true)
})

test('PE-01 bcrypt and Argon2 share the bound: many of both at once are refused in part, and none is lost', async () => {
  const answers = await Promise.allSettled(
    Array.from({ length: 260 }, (_, index) => verifyPassword(index % 2 ? foreign.abc : undefined, 'abc')),
  )
  const refused = answers.filter(answer => answer.status === 'rejected')
  const done = answers.filter(answer => answer.status === 'fulfilled')
  assert.ok(refused.length > 0, 'some are refused')
  assert.equal(refused.length + done.length, 260)
  assert.equal(
    done.some(({ value }) => value),
    true,
  )
  assert.equal(await verifyPassword(foreign.abc, 'abc'), true)
})
