import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TOTP } from 'otpauth'
import type { App } from '#platform/app.ts'
import { Keyring } from '#platform/crypto'
import { findTwoFactor, useBackupCode, useTotpCode } from '#platform/identity'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, signIn, testWorld } from '#test/world.ts'

const world = await testWorld()
const { admin, db, app, baseUrl } = world

const system = ({ scope }: Person) => ({ ...scope, system: true })
const post = (person: Person, path: string, body?: unknown, headers = {}) =>
  person.fetch(path, { method: 'POST', body, headers })
const codeOf = (secret: string, shift = 0) =>
  new TOTP({ secret }).generate({ timestamp: app.clock.now().getTime() + shift })
const use = (person: Person, code: string, by: App = app) =>
  db.transaction(system(person), tx => useTotpCode(by, tx, person.userId, code))
const useBackup = (person: Person, code: string, by: App = app) =>
  db.transaction(system(person), tx => useBackupCode(by, tx, person.userId, code))
async function start(person: Person): Promise<string> {
  return ((await (await post(person, '/me/two-factor')).json()) as { secret: string }).secret
}
async function protectedPerson() {
  const person = await newPerson(world)
  const secret = await start(person)
  const response = await post(person, '/me/two-factor/verify', { code: codeOf(secret, -30_000) })
  assert.equal(response.status, 200)
  return { person, secret, ...((await response.json()) as { backupCodes: string[] }) }
}
const attemptsOf = async ({ userId }: Person): Promise<number> =>
  (await admin.query('select verification_attempts as n from identity.two_factors where user_id = $1', [userId]))
    .rows[0].n

test('MT-05 (after Logto 1.41) a code seen over the shoulder is worth nothing once it was used, in whatever spelling', async () => {
  const { person, secret } = await protectedPerson()
  const code = codeOf(secret)
  const spellings = [code, ` ${code}`, `${code} `, `${code.slice(0, 3)} ${code.slice(3)}`, [...code].join(' ')]
  const outcomes = await Promise.all(
    [...spellings, ...spellings, ...spellings, ...spellings].map(each => use(person, each)),
  )
  assert.equal(outcomes.filter(outcome => outcome === 'accepted').length, 1)
  for (const each of spellings) assert.equal(await use(person, each), 'wrong')
  assert.equal(await use(person, codeOf(secret, 30_000)), 'accepted', 'control: the next one is good')
})

test('MT-05 (after Logto 1.41) the limit holds at five and not at fifty, for guesses at once as for one after another', async () => {
  const { person, secret, backupCodes } = await protectedPerson()
  const guesses = Array.from({ length: 60 }, (_, index) => String(index).padStart(6, '0'))
  const near = [-1, 0, 1].map(step => codeOf(secret, step * 30_000))
  const outcomes = await Promise.all(
    guesses
      .filter(guess => !near.includes(guess))
      .map((guess, index) => (index % 3 ? use(person, guess) : useBackup(person, guess))),
  )
  assert.equal(outcomes.filter(outcome => outcome === 'wrong').length, 4)
  assert.equal(await attemptsOf(person), 5)
  assert.equal(await use(person, codeOf(secret)), 'too_many')
  assert.equal(await useBackup(person, backupCodes[0] as string), 'too_many')
})

test('MT-05 a refusal that comes with an abandoned transaction does not reset what was counted', async () => {
  const { person, secret } = await protectedPerson()
  await use(person, '12345')
  const abandoned = db.transaction(system(person), async tx => {
    assert.equal(await useTotpCode(app, tx, person.userId, codeOf(secret)), 'accepted')
    throw new Error('the session could not be opened')
  })
  await assert.rejects(abandoned, /could not be opened/)
  assert.equal(await attemptsOf(person), 1)
  assert.equal(await use(person, codeOf(secret)), 'accepted', 'and the code is not used up')
})

test('MT-05 (after Logto 1.41) whatever is sent as a code, no answer is the server’s fault', async () => {
  const { person } = await protectedPerson()
  const setUp = await newPerson(world)
  await start(setUp)
  const codes = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.anything({ maxDepth: 2 }))
  await fc.assert(
    fc.asyncProperty(codes, async code => {
      // Else all but the first would be refused unread.
      await admin.query('update identity.two_factors set verification_attempts = 0, resting_until = null')
      const { status } = await post(setUp, '/me/two-factor/verify', { code })
      assert.ok([400, 429].includes(status), `${status}`)
      if (typeof code !== 'string') return
      for (const attempt of [use, useBackup]) assert.notEqual(await attempt(person, code), 'accepted')
    }),
    { numRuns: 150 },
  )
  for (const code of ['\0', '000000\0', '\ud800', '1'.repeat(10_000_000), '٠'.repeat(6)]) {
    assert.notEqual(await use(person, code), 'accepted')
    assert.notEqual(await useBackup(person, code), 'accepted')
  }
})

test('MT-05 VS-02 a stolen database without its keys opens nobody’s second factor', async () => {
  const { person, secret, backupCodes } = await protectedPerson()
  const { rows } = await admin.query<{ stolen: string }>(
    `select jsonb_build_array(
       (select jsonb_agg(f) from identity.two_factors as f),
       (select jsonb_agg(b) from identity.backup_codes as b),
       (select jsonb_agg(l) from audit.audit_logs as l),
       (select jsonb_agg(m) from mail.messages as m),
       (select jsonb_agg(k) from http.idempotency_keys as k)
     )::text as stolen`,
  )
  const stolen = rows[0]?.stolen ?? ''
  assert.ok(stolen.includes(person.userId), 'control: the person is in it')
  const plain = [secret, ...backupCodes, ...backupCodes.map(code => code.replace('-', ''))]
  for (const text of plain) assert.ok(!stolen.toLowerCase().includes(text.toLowerCase()))
  const elsewhere: App = { ...app, keyring: Keyring.parse(Keyring.generate('k1')) }
  await assert.rejects(use(person, codeOf(secret), elsewhere), { code: 'crypto.field_altered' })
  await assert.rejects(useBackup(person, backupCodes[0] as string, elsewhere), { code: 'crypto.field_altered' })
  assert.equal(await use(person, codeOf(secret)), 'accepted', 'control')
})

test('MT-05 an attacker who can write rows cannot give a victim his own app', async () => {
  const [mallory, victim] = [await protectedPerson(), await protectedPerson()]
  const ids = [mallory.person.userId, victim.person.userId]
  for (const [table, value] of [
    ['two_factors', 'secret_encrypted'],
    ['backup_codes', 'code_hash'],
  ]) {
    await admin.query(
      `update identity.${table} as of_victim
       set ${value} = stolen.${value}
       from (select ${value}, row_number() over (order by ${value}) as n from identity.${table} where user_id = $1) as stolen,
         (select ctid as place, row_number() over () as n from identity.${table} where user_id = $2) as target
       where of_victim.ctid = target.place and target.n = stolen.n`,
      ids,
    )
  }
  await assert.rejects(use(victim.person, codeOf(mallory.secret)), { code: 'crypto.field_altered' })
  await assert.rejects(useBackup(victim.person, mallory.backupCodes[0] as string), { code: 'crypto.field_altered' })
})

test('MT-05 a thief of a session that is not fresh can neither replace nor remove the factor, nor make backup codes', async () => {
  const { person } = await protectedPerson()
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '10 minutes' where user_id = $1`,
    [person.userId],
  )
  await new Promise(resolve => setTimeout(resolve, 2_100))
  const before = await findTwoFactor(db.scoped(system(person)), person.userId)
  const overrides: Record<string, string>[] = [{}, { 'x-http-method-override': 'GET' }, { 'idempotency-key': 'again' }]
  for (const [method, path] of [
    ['POST', '/me/two-factor'],
    ['DELETE', '/me/two-factor'],
    ['POST', '/me/two-factor/backup-codes'],
  ] as const) {
    for (const headers of overrides) {
      assert.equal((await person.fetch(path, { method, headers })).status, 403, `${method} ${path}`)
    }
  }
  assert.deepEqual(await findTwoFactor(db.scoped(system(person)), person.userId), before)
})

test('MT-05 a password-only session of a thief ends when its owner turns two-factor sign-in on', async () => {
  const owner = await newPerson(world)
  const thief = await signIn(baseUrl, owner)
  const secret = await start(owner)
  assert.equal((await thief.fetch('/me')).status, 200, 'control: before')
  await post(owner, '/me/two-factor/verify', { code: codeOf(secret) })
  assert.equal((await thief.fetch('/me')).status, 401)
  assert.equal((await thief.fetch('/me/two-factor', { method: 'DELETE' })).status, 401)
})

test('MT-05 nobody says whose factor it is, nor that it is verified', async () => {
  const { person: victim } = await protectedPerson()
  const mallory = await newPerson(world)
  const claims = { userId: victim.userId, user_id: victim.userId, isVerified: true, verifiedAt: '2020-01-01T00:00:00Z' }
  assert.equal((await post(mallory, '/me/two-factor', claims)).status, 400)
  assert.equal((await post(mallory, `/me/two-factor?userId=${victim.userId}`)).status, 400)
  assert.equal((await post(mallory, '/me/two-factor/verify', { ...claims, code: '123456' })).status, 400)
  assert.equal(
    (await mallory.fetch('/me/two-factor', { method: 'DELETE', headers: { 'x-user-id': victim.userId } })).status,
    409,
  )
  assert.ok(await findTwoFactor(db.scoped(system(victim)), victim.userId))
  assert.equal(await findTwoFactor(db.scoped(system(mallory)), mallory.userId), undefined)
})

test('MT-05 a page of another site can change nothing with the cookie', async () => {
  const person = await newPerson(world)
  const answer = await fetch(`${baseUrl}/api/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: person.email, password: person.password }),
  })
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] as string
  const from = (headers: Record<string, string>, method: string, path: string) =>
    fetch(`${baseUrl}/api/v1${path}`, { method, headers: { cookie, ...headers } })
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ] as Record<string, string>[]) {
    assert.equal((await from(headers, 'POST', '/me/two-factor')).status, 403)
    assert.equal((await from(headers, 'DELETE', '/me/two-factor')).status, 403)
    assert.equal((await from(headers, 'POST', '/me/two-factor/backup-codes')).status, 403)
  }
  assert.equal(await findTwoFactor(db.scoped(system(person)), person.userId), undefined)
  const own = await from({ 'sec-fetch-site': 'same-origin' }, 'POST', '/me/two-factor')
  assert.equal(own.status, 200, 'control')
})

test('MT-05 a name full of markup and line breaks stays a name in the mails', async () => {
  const person = await newPerson(world, { fullName: 'Eve <img src=x>\r\nBcc: all@people.example' })
  const secret = await start(person)
  await post(person, '/me/two-factor/verify', { code: codeOf(secret) })
  const [mail] = await mailsTo(world, person.email)
  assert.ok(mail)
  assert.ok(!mail.html.includes('<img src=x'))
  assert.ok(!/[\r\n]/.test(mail.subject))
  assert.ok(!/^Bcc:/m.test(mail.text))
})
