import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Keyring } from '#platform/crypto'
import type { Scope } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { testDatabase } from '#test/database.ts'
import { hashPassword, isUsableHash, verifyPassword } from './hashing.ts'
import {
  defaultPasswordRules,
  findPasswordHolder,
  findPasswordOf,
  findStandIn,
  hashNewPassword,
  listPasswordHashes,
  rehashPassword,
  replacePassword,
  verifyPasswordOf,
} from './passwords.ts'
import { createUser } from './users.ts'

const { db, admin } = await testDatabase()
const app = { db, keyring: Keyring.parse(Keyring.generate('k1')) }
const system: Scope = { system: true }
// By libxcrypt: 12 rounds of "ein Passwort".
const foreignHash = '$2b$12$abcdefghijklmnopqrstuuwNzFBGncQBjZyiKFTIgLkA9WtCTqi3C'

let counter = 0
async function newUser(passwordHash: string): Promise<{ userId: string; email: string }> {
  const userId = crypto.randomUUID()
  const email = `holder${++counter}@example.com`
  await db.transaction({ ...system, userId }, tx =>
    createUser(tx, { id: userId, email, fullName: 'A Holder', passwordHash }),
  )
  return { userId, email }
}
const replace = (userId: string, hash: string, inPlaceOf?: string | null) =>
  db.transaction(system, tx => replacePassword(tx, userId, hash, inPlaceOf))
const countOf = async (userId: string) => {
  const { rows } = await admin.query(
    `select count(*)::int as all, count(*) filter (where replaced_at is null)::int as current
     from identity.passwords where user_id = $1`,
    [userId],
  )
  return rows[0]
}
const refusedWith = (code: string, field: string) => (error: unknown) => {
  assert.ok(error instanceof DomainError, String(error))
  assert.equal(error.code, code)
  assert.deepEqual(error.details.errors, [{ in: 'body', pointer: `/${field}`, message: error.message }])
  return true
}

test('PE-01 a new password has 8 to 128 characters, whatever they are, and no rules about digits and signs', async () => {
  for (const password of ['short', '1234567', 'x'.repeat(7), 'ab'.repeat(65)]) {
    await assert.rejects(hashNewPassword(password), refusedWith('identity.password_length', 'password'))
  }
  for (const password of ['wort Salat', 'nur kleine buchstaben', '🌲🐢🔭🧵🪗🎏🧂🪁', `${'word '.repeat(25)}end`]) {
    assert.match(await hashNewPassword(password), /^\$argon2id/, password)
  }
})

test('PE-01 frequent passwords are refused where the rules say so, beside the field', async () => {
  await assert.rejects(hashNewPassword('Password1'), refusedWith('identity.password_common', 'password'))
  await assert.rejects(
    hashNewPassword('lovelace-1', undefined, { fullName: 'Ada Lovelace', field: 'newPassword' }),
    refusedWith('identity.password_common', 'newPassword'),
  )
  assert.ok(await hashNewPassword('Password1', { ...defaultPasswordRules, refuseCommon: false }))
})

test('PE-01 as many of the latest passwords are refused as the rules say, the current one among them', async () => {
  const previousHashes = await Promise.all(['first choice', 'second choice', 'third choice'].map(hashPassword))
  const choose = (password: string, refusedReuses: number) =>
    hashNewPassword(password, { ...defaultPasswordRules, refusedReuses }, { previousHashes })
  await assert.rejects(choose('third choice', 3), refusedWith('identity.password_reused', 'password'))
  assert.ok(await choose('third choice', 2))
  await assert.rejects(choose('first choice', 1), refusedWith('identity.password_reused', 'password'))
  assert.ok(await choose('first choice', 0))
  assert.ok(await choose('fourth choice', 3))
})

test('PE-01 a password is replaced where the one that was looked at is still current; of two at once one wins', async () => {
  const { userId } = await newUser(await hashPassword('the first one'))
  const before = await findPasswordOf(db.scoped(system), userId)
  assert.ok(before)
  const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map(letter => replace(userId, `$test$${letter}`, before.id)))
  assert.deepEqual(outcomes.toSorted(), [false, false, false, true])
  assert.deepEqual(await countOf(userId), { all: 2, current: 1 })
  assert.equal(await replace(userId, '$test$none', null), false, 'there is one')
  const blind = await Promise.all(['e', 'f', 'g', 'h'].map(letter => replace(userId, `$test$${letter}`)))
  assert.deepEqual(blind, [true, true, true, true])
  assert.deepEqual(await countOf(userId), { all: 6, current: 1 })
})

test('PE-01 no more replaced passwords are kept than a rule may ask for, the latest', async () => {
  const { userId } = await newUser('$test$0')
  for (let number = 1; number <= 27; number++) await replace(userId, `$test$${number}`)
  const kept = await listPasswordHashes(db.scoped(system), userId)
  assert.deepEqual(
    kept,
    Array.from({ length: 24 }, (_, index) => `$test$${27 - index}`),
  )
  assert.deepEqual(await countOf(userId), { all: 24, current: 1 })
})

test('PE-01 a bcrypt hash becomes an Argon2id hash of the same password, of the same age, and no re-use', async () => {
  const { userId } = await newUser(foreignHash)
  await admin.query(`update identity.passwords set created_at = now() - interval '80 days' where user_id = $1`, [
    userId,
  ])
  const before = await findPasswordOf(db.scoped(system), userId)
  const rehash = () => rehashPassword(db.scoped({ ...system, userId }), userId, foreignHash, 'ein Passwort')
  const outcomes = await Promise.all([rehash(), rehash(), rehash()])
  assert.deepEqual(outcomes.toSorted(), [false, false, true], 'of sign-ins at once one hashes it anew')
  const after = await findPasswordOf(db.scoped(system), userId)
  assert.match(after?.passwordHash ?? '', /^\$argon2id/)
  assert.equal(await verifyPassword(after?.passwordHash, 'ein Passwort'), true)
  assert.deepEqual([after?.id, after?.createdAt], [before?.id, before?.createdAt])
  assert.deepEqual(await countOf(userId), { all: 1, current: 1 })
})

test('PE-01 a password that was replaced meanwhile is not hashed anew', async () => {
  const { userId } = await newUser(foreignHash)
  await replace(userId, '$test$new')
  assert.equal(await rehashPassword(db.scoped(system), userId, foreignHash, 'ein Passwort'), false)
  assert.deepEqual(await listPasswordHashes(db.scoped(system), userId), ['$test$new', foreignHash])
})

test('AG-01 PE-01 passwords are the platform’s to read and write, nobody’s own scope', async () => {
  const one = await newUser('$test$one')
  const other = await newUser('$test$other')
  for (const scope of [{ userId: one.userId }, { userId: other.userId }, {}]) {
    const own = db.scoped(scope)
    assert.equal(await findPasswordOf(own, one.userId), undefined)
    assert.equal((await findPasswordHolder(own, one.userId))?.passwordHash ?? null, null)
    assert.equal(await rehashPassword(own, one.userId, '$test$one', 'a new password'), false)
    assert.deepEqual(await listPasswordHashes(own, one.userId), [])
  }
  assert.equal((await findPasswordHolder(db.scoped(system), one.userId))?.passwordHash, '$test$one', 'control')
})

test('PE-01 addresses that nobody has cost bcrypt in the share that such hashes have here, always the same ones', async () => {
  const emails = Array.from({ length: 400 }, (_, index) => `nobody${index}@example.com`)
  // An app of its own has not read the shares yet: they are believed for a minute.
  const slowOnes = async (rest = {}) => {
    const found = { ...app, ...rest }
    const standIns = await Promise.all(emails.map(email => findStandIn(found, email)))
    for (const hash of standIns) assert.ok(hash === undefined || isUsableHash(hash), hash)
    return emails.filter((_, index) => standIns[index] !== undefined)
  }
  await admin.query(`update identity.passwords set password_hash = '$argon2id$' where replaced_at is null`)
  assert.deepEqual(await slowOnes(), [], 'without such hashes none')
  const { rows } = await admin.query(`select count(*)::int as count from identity.passwords where replaced_at is null`)
  for (let made = 0; made < rows[0].count; made++) await newUser(foreignHash)
  const half = await slowOnes()
  assert.ok(half.length > 140 && half.length < 260, `${half.length} of 400 at a share of one half`)
  assert.deepEqual(await slowOnes(), half)
  const others = await slowOnes({ keyring: Keyring.parse(Keyring.generate('k1')) })
  assert.notDeepEqual(others, half, 'which ones, only the installation’s key tells')
  await admin.query(`update identity.passwords set password_hash = $1 where replaced_at is null`, [foreignHash])
  assert.deepEqual(await slowOnes(), emails, 'where all have such hashes, all')
  const started = performance.now()
  assert.equal(await verifyPasswordOf({ ...app }, 'nobody1@example.com', undefined, 'ein Passwort'), false)
  assert.ok(performance.now() - started > 100, 'bcrypt was computed')
})

test('PE-01 verifyPasswordOf finds the right password of an account, with either kind of hash', async () => {
  const hash = await hashPassword('its own password')
  assert.equal(await verifyPasswordOf(app, 'a@example.com', hash, 'its own password'), true)
  assert.equal(await verifyPasswordOf(app, 'a@example.com', hash, 'another password'), false)
  assert.equal(await verifyPasswordOf(app, 'a@example.com', foreignHash, 'ein Passwort'), true)
  assert.equal(await verifyPasswordOf(app, 'a@example.com', '$test$unknown', 'ein Passwort'), false)
})
