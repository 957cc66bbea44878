import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Secret, TOTP } from 'otpauth'
import type { App } from '#platform/app.ts'
import { Keyring } from '#platform/crypto'
import { DomainError } from '#platform/errors.ts'
import { useBackupCode, useTotpCode } from '#platform/identity'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, testWorld } from '#test/world.ts'
import { readBackupCode, replaceBackupCodes } from './backup-codes.ts'
import { renewBackupCodes, turnOffTwoFactor, turnOnTwoFactor } from './two-factor-changes.ts'
import {
  findSecret,
  findStep,
  findTwoFactor,
  readTotpCode,
  removeAbandonedSetUps,
  removeTwoFactor,
  startTwoFactor,
} from './two-factors.ts'

const world = await testWorld()
const { admin, db, alice, bob, viewer } = world
const [second, minute] = [1_000, 60_000]
const hasCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

/** The program with a clock of its own, which stands until it is moved. */
function appAt(time: string | number): App & { pass(milliseconds: number): void } {
  let now = new Date(time).getTime()
  return { ...world.app, clock: { now: () => new Date(now) }, pass: milliseconds => (now += milliseconds) }
}
type ClockedApp = ReturnType<typeof appAt>

const system = (person: Pick<Person, 'scope'>) => ({ ...person.scope, system: true })
const sessionOf = async ({ userId }: Person): Promise<string> => {
  const { rows } = await admin.query(
    'select id from identity.user_sessions where user_id = $1 and revoked_at is null order by created_at desc limit 1',
    [userId],
  )
  return rows[0].id
}
const codeAt = (secret: string, app: App, shift = 0) =>
  new TOTP({ secret }).generate({ timestamp: app.clock.now().getTime() + shift })
const start = (app: App, person: Person) =>
  db.transaction(system(person), tx => startTwoFactor(app, tx, { id: person.userId, email: person.email }))
const verify = async (app: App, person: Person, code: string) =>
  turnOnTwoFactor(app, person.scope, { userId: person.userId, sessionId: await sessionOf(person), code })
const use = (app: App, person: Person, code: string) =>
  db.transaction(system(person), tx => useTotpCode(app, tx, person.userId, code))
const useBackup = (app: App, person: Person, code: string) =>
  db.transaction(system(person), tx => useBackupCode(app, tx, person.userId, code))
const stateOf = (person: Person) => findTwoFactor(db.scoped(system(person)), person.userId)
const rowOf = async ({ userId }: Person) =>
  (await admin.query('select * from identity.two_factors where user_id = $1', [userId])).rows[0]
const eventsOf = async ({ userId }: Person): Promise<string[]> => {
  const { rows } = await admin.query(
    `select action from audit.audit_logs
     where resource = 'identity.two_factors' and resource_id = $1 and action not in ('insert', 'update', 'delete')
     order by created_at, id`,
    [userId],
  )
  return rows.map(({ action }) => action)
}

/** Somebody with two-factor sign-in, whose first code is of the step before: the present one can be used. */
async function protectedPerson(app: ClockedApp = appAt('2026-11-21T12:00:10Z')) {
  const person = await newPerson(world)
  const { secret } = await start(app, person)
  app.pass(-30 * second)
  const backupCodes = await verify(app, person, codeAt(secret, app))
  app.pass(30 * second)
  return { app, person, secret, backupCodes }
}
const wrongFor = (secret: string, app: App): string => {
  const near = new Set([-1, 0, 1].map(step => codeAt(secret, app, step * 30 * second)))
  return ['000000', '000001', '000002', '000003'].find(code => !near.has(code)) as string
}

test('MT-05 codes are those of RFC 6238, appendix B', () => {
  const secret = Secret.fromLatin1('12345678901234567890')
  // Of the eight digits of the document the last six.
  for (const [time, code, step] of [
    [59, '287082', 0x1],
    [1_111_111_109, '081804', 0x23523ec],
    [1_111_111_111, '050471', 0x23523ed],
    [1_234_567_890, '005924', 0x273ef07],
    [2_000_000_000, '279037', 0x3f940aa],
    [20_000_000_000, '353130', 0x27bc86aa],
  ] as const) {
    assert.equal(findStep(secret, code, new Date(time * second)), step)
    assert.equal(findStep(secret, code, new Date((time + 30) * second)), step, 'the step before')
    assert.equal(findStep(secret, code, new Date((time - 30) * second)), step, 'the step after')
    assert.equal(findStep(secret, code, new Date((time + 60) * second)), undefined)
    assert.equal(findStep(secret, code, new Date((time - 60) * second)), undefined)
  }
})

test('MT-05 a code is six ASCII digits, with spaces anywhere and nothing else', () => {
  for (const [text, code] of [
    ['123456', '123456'],
    [' 123 456\n', '123456'],
    ['123\u00a0456', '123456'],
    ['012345', '012345'],
  ] as const) {
    assert.equal(readTotpCode(text), code)
  }
  const unfit = ['', '12345', '1234567', '12345a', '-12345', '+12345', '1e5000', '123.456', '12345\0', '\x00123456']
  const unicode = ['１２３４５６', '١٢٣٤٥٦', '१२३४५६', '𝟏𝟐𝟑𝟒𝟓𝟔', '12345²', '123456\u0301', '123\u200b456']
  for (const text of [...unfit, ...unicode, '1'.repeat(1e6), `${' '.repeat(1e6)}123456`]) {
    assert.equal(readTotpCode(text), undefined, JSON.stringify(text.slice(0, 20)))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const code = readTotpCode(text)
      assert.ok(code === undefined || /^[0-9]{6}$/.test(code))
    }),
  )
})

test('MT-05 a secret has 160 bits, is kept encrypted, and its URI names issuer and address', async () => {
  const person = await newPerson(world, { email: 'totp+uri@people.example' })
  const app = appAt('2026-11-21T12:00:00Z')
  const { secret, uri, expiresAt } = await start(app, person)
  assert.equal(Secret.fromBase32(secret).bytes.length, 20)
  assert.equal(expiresAt.toISOString(), '2026-11-21T12:30:00.000Z')
  assert.match(uri, /^otpauth:\/\/totp\/Commonhold:totp%2Buri%40people\.example\?issuer=Commonhold&/)
  assert.equal(new URL(uri).searchParams.get('secret'), secret)
  const row = await rowOf(person)
  assert.match(row.secret_encrypted, /^v1\.k1\./)
  const { rows } = await admin.query(
    'select to_jsonb(l)::text as entry from audit.audit_logs as l where resource_id = $1',
    [person.userId],
  )
  assert.ok(rows.length > 0, 'control: the set-up is in the log')
  for (const { entry } of rows) assert.ok(!entry.includes(secret) && !entry.includes(row.secret_encrypted))
})

test('MT-05 a set-up is pending until a code is verified, and protects nothing before', async () => {
  const person = await newPerson(world)
  const app = appAt('2026-11-21T12:00:00Z')
  const { secret } = await start(app, person)
  assert.deepEqual((await stateOf(person))?.isVerified, false)
  assert.equal((await rowOf(person)).is_pending, true)
  assert.equal(await use(app, person, codeAt(secret, app)), 'wrong')
  assert.equal((await verify(app, person, codeAt(secret, app))).length, 10)
  const state = await stateOf(person)
  assert.equal(state?.isVerified, true)
  assert.equal(state?.backupCodesLeft, 10)
  assert.equal((await rowOf(person)).is_pending, false)
})

test('MT-05 starting again replaces a set-up that is pending, never one that is verified', async () => {
  const person = await newPerson(world)
  const app = appAt('2026-11-21T12:00:00Z')
  const first = await start(app, person)
  const next = await start(app, person)
  assert.notEqual(first.secret, next.secret)
  await assert.rejects(verify(app, person, codeAt(first.secret, app)), hasCode('identity.code_wrong'))
  await verify(app, person, codeAt(next.secret, app))
  const before = await rowOf(person)
  await assert.rejects(start(app, person), hasCode('identity.two_factor_on'))
  await assert.rejects(verify(app, person, codeAt(next.secret, app, 30 * second)), hasCode('identity.two_factor_on'))
  assert.deepEqual(await rowOf(person), before)
})

test('MT-05 a set-up ends after 30 minutes and its secret is forgotten', async () => {
  const person = await newPerson(world)
  const app = appAt('2026-11-21T12:00:00Z')
  const { secret } = await start(app, person)
  app.pass(30 * minute - 1)
  await assert.rejects(verify(app, person, wrongFor(secret, app)), hasCode('identity.code_wrong'), 'control: in time')
  app.pass(1)
  await assert.rejects(verify(app, person, codeAt(secret, app)), hasCode('identity.two_factor_not_started'))
  const kept = await protectedPerson(appAt('2026-11-21T09:00:00Z'))
  app.pass(1)
  await removeAbandonedSetUps(app, db.scoped({ system: true }))
  assert.equal(await stateOf(person), undefined)
  assert.ok(await stateOf(kept.person), 'control: what is verified stays')
})

test('MT-05 a code works once, also used twenty times at once, and no earlier one works after it', async () => {
  const { app, person, secret } = await protectedPerson()
  const code = codeAt(secret, app)
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => use(app, person, code)))
  assert.deepEqual(outcomes.toSorted().slice(0, 2), ['accepted', 'wrong'])
  assert.equal(outcomes.filter(outcome => outcome === 'wrong').length, 19)
  assert.equal((await rowOf(person)).verification_attempts, 0, 'a code that was right is no guess')
  assert.equal(await use(app, person, codeAt(secret, app, -30 * second)), 'wrong')
  assert.equal(await use(app, person, codeAt(secret, app, 30 * second)), 'accepted', 'control: the next step')
  assert.equal(await use(app, person, codeAt(secret, app)), 'wrong')
})

test('MT-05 the code that confirmed the set-up does not sign in as well', async () => {
  const person = await newPerson(world)
  const app = appAt('2026-11-21T12:00:00Z')
  const { secret } = await start(app, person)
  const code = codeAt(secret, app)
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => verify(app, person, code)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await stateOf(person))?.backupCodesLeft, 10)
  assert.equal(await use(app, person, code), 'wrong')
  assert.equal(await use(app, person, codeAt(secret, app, 30 * second)), 'accepted')
})

test('MT-05 from the fifth wrong code on nothing is looked at, for a minute that doubles up to fifteen', async () => {
  const { app, person, secret } = await protectedPerson()
  const wrong = () => use(app, person, wrongFor(secret, app))
  for (let attempt = 1; attempt < 5; attempt++) assert.equal(await wrong(), 'wrong')
  for (const minutes of [1, 2, 4, 8, 15, 15]) {
    assert.equal(await wrong(), 'too_many')
    assert.equal((await stateOf(person))?.restingUntil?.getTime(), app.clock.now().getTime() + minutes * minute)
    const counted = await rowOf(person)
    app.pass(minutes * minute - 1)
    assert.equal(await use(app, person, codeAt(secret, app)), 'too_many', 'a right one neither')
    assert.equal(await wrong(), 'too_many')
    assert.deepEqual(await rowOf(person), counted, 'and what comes meanwhile is not counted')
    app.pass(1)
  }
  assert.equal(await use(app, person, codeAt(secret, app)), 'accepted')
  const { verification_attempts, resting_until } = await rowOf(person)
  assert.deepEqual({ verification_attempts, resting_until }, { verification_attempts: 0, resting_until: null })
  assert.equal(await wrong(), 'wrong', 'counted anew')
})

test('MT-05 of many wrong codes at once five are looked at, and the owner gets one mail', async () => {
  const { app, person, secret } = await protectedPerson()
  const wrong = wrongFor(secret, app)
  const outcomes = await Promise.all(Array.from({ length: 25 }, () => use(app, person, wrong)))
  assert.equal(outcomes.filter(outcome => outcome === 'wrong').length, 4)
  assert.equal((await rowOf(person)).verification_attempts, 5)
  assert.equal(await use(app, person, codeAt(secret, app)), 'too_many')
  assert.deepEqual((await eventsOf(person)).slice(1), ['two_factor_limit_reached'])
  app.pass(minute)
  assert.equal(await use(app, person, wrongFor(secret, app)), 'too_many')
  const mails = (await mailsTo(world, person.email)).filter(({ name }) => name === 'identity.codes_guessed')
  assert.equal(mails.length, 1)
  assert.match(mails[0]?.link ?? '', /\/forgot-password$/)
})

test('MT-05 wrong codes of a set-up are counted too', async () => {
  const person = await newPerson(world)
  const app = appAt('2026-11-21T12:00:00Z')
  const { secret } = await start(app, person)
  for (let attempt = 1; attempt < 5; attempt++)
    await assert.rejects(verify(app, person, 'wrong'), hasCode('identity.code_wrong'))
  await assert.rejects(
    verify(app, person, '\0'),
    error =>
      error instanceof DomainError && error.code === 'identity.too_many_codes' && error.details.retryAfter === 60,
  )
  await assert.rejects(verify(app, person, codeAt(secret, app)), hasCode('identity.too_many_codes'))
  const mails = await mailsTo(world, person.email)
  assert.deepEqual(mails, [], 'whoever types has the secret before his eyes: no guessing to warn of')
  app.pass(minute)
  assert.equal((await verify(app, person, codeAt(secret, app))).length, 10)
})

test('MT-05 the codes of one app open no other account', async () => {
  const [one, other] = [await protectedPerson(), await protectedPerson()]
  assert.equal(await use(other.app, other.person, codeAt(one.secret, one.app)), 'wrong')
  assert.equal(await useBackup(other.app, other.person, one.backupCodes[0] as string), 'wrong')
  assert.equal(await use(one.app, one.person, codeAt(one.secret, one.app)), 'accepted', 'control')
  assert.equal(await useBackup(one.app, one.person, one.backupCodes[0] as string), 'accepted', 'control')
})

test('MT-05 GG-17 a secret that was altered or copied from another account opens nothing', async () => {
  const [one, other] = [await protectedPerson(), await protectedPerson()]
  const { secret_encrypted: sealed } = await rowOf(one.person)
  const put = (text: string) =>
    admin.query('update identity.two_factors set secret_encrypted = $2 where user_id = $1', [other.person.userId, text])
  await put(sealed)
  await assert.rejects(use(other.app, other.person, codeAt(one.secret, one.app)), hasCode('crypto.field_altered'))
  const flipped = sealed.slice(0, -4) + (sealed.at(-4) === 'A' ? 'B' : 'A') + sealed.slice(-3)
  await put(flipped)
  await assert.rejects(use(other.app, other.person, codeAt(other.secret, other.app)), hasCode('crypto.field_altered'))
  await assert.rejects(
    useBackup(other.app, other.person, other.backupCodes[0] as string),
    hasCode('crypto.field_altered'),
  )
})

test('MT-05 GG-17 after a rotation of keys the next code seals the secret with the new one, and backup codes go on', async () => {
  const { app, person, secret, backupCodes } = await protectedPerson()
  const old = Keyring.generate('old')
  const sealWith = (keys: string): App => ({ ...app, keyring: Keyring.parse(keys) })
  const context = `identity.two_factors.secret:${person.userId}`
  await admin.query('update identity.two_factors set secret_encrypted = $2 where user_id = $1', [
    person.userId,
    Keyring.parse(old).encrypt(secret, context),
  ])
  const rotated = sealWith(`${Keyring.generate('new')},${old}`)
  assert.equal(await use(rotated, person, codeAt(secret, app)), 'accepted')
  assert.match((await rowOf(person)).secret_encrypted, /^v1\.new\./)
  assert.equal(await useBackup(rotated, person, backupCodes[3] as string), 'accepted')
})

test('MT-05 ten backup codes have 50 bits each, in letters that are read as no others', async () => {
  const { backupCodes } = await protectedPerson()
  assert.equal(new Set(backupCodes).size, 10)
  for (const code of backupCodes) assert.match(code, /^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/)
  const { app, person } = await protectedPerson()
  const letters = new Map<string, number>()
  await db.transaction(system(person), async tx => {
    const factor = await findSecret(tx, person.userId)
    assert.ok(factor)
    for (let time = 0; time < 100; time++) {
      for (const letter of (await replaceBackupCodes(app, tx, factor)).join('').replaceAll('-', ''))
        letters.set(letter, (letters.get(letter) ?? 0) + 1)
    }
  })
  // 10,000 letters: each of 32 comes about 312 times, give or take 6 standard deviations.
  assert.equal(letters.size, 32)
  for (const [letter, count] of letters) assert.ok(Math.abs(count - 312.5) < 6 * 17.4, `${letter}: ${count}`)
})

test('MT-05 a backup code is read in any case, with any dash or none, and i l o as 1 1 0', () => {
  assert.equal(readBackupCode(' ABCDE–oil34\n'), 'abcde01134')
  fc.assert(
    fc.property(
      fc.stringMatching(/^[0-9a-hjkmnp-tv-z]{10}$/),
      fc.constantFrom('', '-', ' ', '–', ' - '),
      fc.boolean(),
      (code, dash, isUpper) => {
        const typed = `${code.slice(0, 5)}${dash}${code.slice(5)}`
        assert.equal(readBackupCode(isUpper ? typed.toUpperCase() : typed), code)
      },
    ),
  )
  for (const text of ['', 'abcde-0123', 'abcde-012345', 'abcde-0123u', 'abcde-0123\0', 'ａbcde-01234', 'a'.repeat(1e6)])
    assert.equal(readBackupCode(text), undefined, JSON.stringify(text.slice(0, 20)))
})

test('MT-05 VS-02 a backup code works once, also used twenty times at once, and is kept as a keyed hash', async () => {
  const { app, person, backupCodes } = await protectedPerson()
  const [code = '', next = ''] = backupCodes
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      useBackup(app, person, index % 2 ? code.toUpperCase() : code.replace('-', '')),
    ),
  )
  assert.equal(outcomes.filter(outcome => outcome === 'accepted').length, 1)
  assert.equal((await stateOf(person))?.backupCodesLeft, 9)
  const { rows } = await admin.query('select code_hash from identity.backup_codes where user_id = $1', [person.userId])
  assert.equal(rows.length, 10)
  for (const { code_hash } of rows) assert.equal(code_hash.length, 32)
  app.pass(15 * minute)
  assert.equal(await useBackup(app, person, next), 'accepted', 'control: another one works')
})

test('MT-05 a used backup code is told to the owner, with how many are left', async () => {
  const { app, person, backupCodes } = await protectedPerson()
  for (const code of backupCodes.slice(0, 4)) assert.equal(await useBackup(app, person, code), 'accepted')
  const told = (await mailsTo(world, person.email)).filter(({ name }) => name === 'identity.backup_code_used')
  assert.deepEqual(
    told.map(({ text }) => text.match(/\d+ codes? (?:is|are) left/)?.[0]),
    ['9 codes are left', '8 codes are left', '7 codes are left', '6 codes are left'],
  )
  for (const mail of told) for (const code of backupCodes) assert.ok(!mail.text.includes(code))
  assert.deepEqual(await eventsOf(person), ['two_factor_enabled', ...Array(4).fill('backup_code_used')])
})

test('MT-05 wrong backup codes count together with wrong codes of the app', async () => {
  const { app, person, secret, backupCodes } = await protectedPerson()
  for (const code of ['aaaaa-aaaaa', '', '\0', 'x'.repeat(1e6)])
    assert.equal(await useBackup(app, person, code), 'wrong', JSON.stringify(code.slice(0, 20)))
  assert.equal(await use(app, person, wrongFor(secret, app)), 'too_many')
  assert.equal(await useBackup(app, person, backupCodes[0] as string), 'too_many')
  app.pass(minute)
  assert.equal(await useBackup(app, person, backupCodes[0] as string), 'accepted')
  assert.equal((await rowOf(person)).verification_attempts, 0)
})

test('MT-05 new backup codes replace all old ones, also when made five times at once', async () => {
  const { app, person, backupCodes } = await protectedPerson()
  const sets = await Promise.all(Array.from({ length: 5 }, () => renewBackupCodes(app, person.scope, person.userId)))
  assert.equal((await stateOf(person))?.backupCodesLeft, 10)
  assert.equal(await useBackup(app, person, backupCodes[0] as string), 'wrong')
  const outcomes: string[] = []
  for (const codes of sets) {
    outcomes.push(await useBackup(app, person, codes[0] as string))
    app.pass(15 * minute)
  }
  assert.equal(outcomes.filter(outcome => outcome === 'accepted').length, 1)
})

test('MT-05 a removed factor leaves no code, no backup code and no trusted device', async () => {
  const { app, person, secret, backupCodes } = await protectedPerson()
  await admin.query(
    `insert into identity.user_devices (user_id, token_hash, trusted_until) values ($1, 'x', now() + interval '30 days')`,
    [person.userId],
  )
  await turnOffTwoFactor(app, person.scope, person.userId)
  assert.equal(await stateOf(person), undefined)
  assert.equal(await use(app, person, codeAt(secret, app)), 'wrong')
  assert.equal(await useBackup(app, person, backupCodes[0] as string), 'wrong')
  const { rows } = await admin.query(
    `select
       (select count(*)::int from identity.backup_codes where user_id = $1) as codes,
       (select count(*)::int from identity.user_devices where user_id = $1 and trusted_until is not null) as trusted`,
    [person.userId],
  )
  assert.deepEqual(rows, [{ codes: 0, trusted: 0 }])
  await assert.rejects(turnOffTwoFactor(app, person.scope, person.userId), hasCode('identity.two_factor_off'))
  await assert.rejects(renewBackupCodes(app, person.scope, person.userId), hasCode('identity.two_factor_off'))
  assert.deepEqual(await eventsOf(person), ['two_factor_enabled', 'two_factor_removed'])
  const names = (await mailsTo(world, person.email)).map(({ name }) => name)
  assert.deepEqual(names, ['identity.two_factor_enabled', 'identity.two_factor_removed'])
})

test('MT-05 ending a set-up that was never confirmed is no news', async () => {
  const person = await newPerson(world)
  const app = appAt('2026-11-21T12:00:00Z')
  await start(app, person)
  await turnOffTwoFactor(app, person.scope, person.userId)
  assert.equal(await stateOf(person), undefined)
  assert.deepEqual(await eventsOf(person), [])
  assert.deepEqual(await mailsTo(world, person.email), [])
})

test('MT-05 neither the owner nor a colleague reads a factor without the system scope', async () => {
  const { person } = await protectedPerson()
  const read = async (scope: object) => [
    await findTwoFactor(db.scoped(scope), person.userId),
    await findSecret(db.scoped(scope), person.userId),
  ]
  for (const { scope } of [person, alice, bob, viewer]) assert.deepEqual(await read(scope), [undefined, undefined])
  for (const found of await read({ system: true })) assert.ok(found, 'control')
  assert.equal(await db.transaction(alice.scope, tx => removeTwoFactor(tx, person.userId)), false)
  assert.ok(await stateOf(person))
})
