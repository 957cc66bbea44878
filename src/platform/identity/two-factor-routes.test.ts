import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TOTP } from 'otpauth'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, signIn, testWorld } from '#test/world.ts'

const world = await testWorld()
const { admin, app, alice, bob, baseUrl } = world

type State = { isEnabled: boolean; enabledAt: string | null; lastUsedAt: string | null; backupCodesLeft: number }
const stateOf = async (person: Person) => (await (await person.fetch('/me/two-factor')).json()) as State
const post = (person: Person, path: string, body?: unknown, headers = {}) =>
  person.fetch(path, { method: 'POST', body, headers })
const codeOf = (secret: string) => new TOTP({ secret }).generate({ timestamp: app.clock.now().getTime() })
const refusal = async (response: Response) => ({
  status: response.status,
  code: ((await response.json()) as { code: string }).code,
})
async function start(person: Person): Promise<{ secret: string; uri: string; expiresAt: string }> {
  const response = await post(person, '/me/two-factor')
  assert.equal(response.status, 200)
  return (await response.json()) as { secret: string; uri: string; expiresAt: string }
}
async function turnOn(person: Person): Promise<{ secret: string; backupCodes: string[] }> {
  const { secret } = await start(person)
  const response = await post(person, '/me/two-factor/verify', { code: codeOf(secret) })
  assert.equal(response.status, 200)
  return { secret, ...((await response.json()) as { backupCodes: string[] }) }
}

/** The sign-in was eleven minutes ago. */
async function growOld({ userId }: Person): Promise<void> {
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
    [userId],
  )
}

test('MT-05 two-factor sign-in is set up, told of by mail, and turned off', async () => {
  const person = await newPerson(world)
  assert.deepEqual(await stateOf(person), {
    isEnabled: false,
    enabledAt: null,
    lastUsedAt: null,
    backupCodesLeft: 0,
    backupCodesMadeAt: null,
  })
  const { secret, uri } = await start(person)
  assert.match(uri, /^otpauth:\/\/totp\/Commonhold:/)
  assert.equal((await stateOf(person)).isEnabled, false)
  const code = codeOf(secret)
  const verified = await post(person, '/me/two-factor/verify', { code: `${code.slice(0, 3)} ${code.slice(3)}` })
  assert.equal(verified.headers.get('cache-control'), 'no-store')
  const { backupCodes } = (await verified.json()) as { backupCodes: string[] }
  assert.equal(backupCodes.length, 10)
  const state = await stateOf(person)
  assert.equal(state.isEnabled, true)
  assert.equal(state.backupCodesLeft, 10)
  assert.ok(state.enabledAt)
  const body = JSON.stringify(state)
  assert.ok(!body.includes(secret) && !body.includes(backupCodes[0] as string))
  const renewed = await post(person, '/me/two-factor/backup-codes')
  const next = (await renewed.json()) as { backupCodes: string[] }
  assert.equal(new Set([...next.backupCodes, ...backupCodes]).size, 20)
  assert.equal((await person.fetch('/me/two-factor', { method: 'DELETE' })).status, 204)
  assert.equal((await stateOf(person)).isEnabled, false)
  assert.deepEqual(
    (await mailsTo(world, person.email)).map(({ subject }) => subject),
    ['Two-factor sign-in is on', 'You have new backup codes', 'Two-factor sign-in is off'],
  )
})

test('MT-05 turning it on ends the other sessions at once and keeps this one', async () => {
  const person = await newPerson(world)
  const elsewhere = await signIn(baseUrl, person)
  assert.equal((await elsewhere.fetch('/me')).status, 200, 'control')
  await turnOn(person)
  assert.equal((await elsewhere.fetch('/me')).status, 401)
  assert.equal((await person.fetch('/me')).status, 200)
})

test('MT-05 starting, removing and new backup codes need a fresh sign-in; verifying does not', async () => {
  const person = await newPerson(world)
  const { secret } = await start(person)
  await growOld(person)
  await new Promise(resolve => setTimeout(resolve, 2_100))
  const stepUp = { status: 403, code: 'http.step_up_required' }
  assert.deepEqual(await refusal(await post(person, '/me/two-factor')), stepUp)
  assert.equal((await post(person, '/me/two-factor/verify', { code: codeOf(secret) })).status, 200)
  assert.deepEqual(await refusal(await post(person, '/me/two-factor/backup-codes')), stepUp)
  assert.deepEqual(await refusal(await person.fetch('/me/two-factor', { method: 'DELETE' })), stepUp)
  assert.equal((await stateOf(person)).isEnabled, true)
})

test('MT-05 refusals have codes of their own, and a rest says when to come back', async () => {
  const person = await newPerson(world)
  const none = { status: 409, code: 'identity.two_factor_not_started' }
  assert.deepEqual(await refusal(await post(person, '/me/two-factor/verify', { code: '123456' })), none)
  const off = { status: 409, code: 'identity.two_factor_off' }
  assert.deepEqual(await refusal(await post(person, '/me/two-factor/backup-codes')), off)
  assert.deepEqual(await refusal(await person.fetch('/me/two-factor', { method: 'DELETE' })), off)
  const { secret } = await start(person)
  const wrong = { status: 400, code: 'identity.code_wrong' }
  for (const code of ['１２３４５６', '١٢٣٤٥٦', '12345', 'abcdef'])
    assert.deepEqual(await refusal(await post(person, '/me/two-factor/verify', { code })), wrong)
  const rest = await post(person, '/me/two-factor/verify', { code: '1234567' })
  assert.ok(Number(rest.headers.get('retry-after')) > 50)
  const problem = (await rest.json()) as { code: string; detail: string }
  assert.equal(problem.code, 'identity.too_many_codes')
  assert.equal(problem.detail, 'Too many wrong codes. Wait a minute, then try again.')
  assert.equal((await post(person, '/me/two-factor/verify', { code: codeOf(secret) })).status, 429)
})

test('MT-05 (after Logto 1.41) a NUL byte and huge text are the caller’s fault, and nothing is counted', async () => {
  const person = await newPerson(world)
  await start(person)
  for (const code of ['12345\0', '\0', '1'.repeat(65), '1'.repeat(100_000), ''])
    assert.equal((await post(person, '/me/two-factor/verify', { code })).status, 400)
  for (const body of [{}, { code: 123456 }, { code: null }, { code: ['123456'] }, { code: '1', userId: bob.userId }])
    assert.equal((await post(person, '/me/two-factor/verify', body)).status, 400)
  const { rows } = await admin.query('select verification_attempts from identity.two_factors where user_id = $1', [
    person.userId,
  ])
  assert.deepEqual(rows, [{ verification_attempts: 0 }])
})

test('MT-05 what one person does changes nothing for another', async () => {
  await turnOn(alice)
  assert.equal((await stateOf(bob)).isEnabled, false)
  assert.equal((await bob.fetch('/me/two-factor', { method: 'DELETE' })).status, 409)
  assert.equal((await stateOf(alice)).isEnabled, true)
})

test('MT-05 secrets shown once are not kept for Idempotency-Key', async () => {
  const person = await newPerson(world)
  const once = { 'idempotency-key': 'the same key' }
  const first = (await (await post(person, '/me/two-factor', undefined, once)).json()) as { secret: string }
  const next = (await (await post(person, '/me/two-factor', undefined, once)).json()) as { secret: string }
  assert.notEqual(first.secret, next.secret)
  const key = { 'idempotency-key': 'another key' }
  const verified = await post(person, '/me/two-factor/verify', { code: codeOf(next.secret) }, key)
  assert.equal(verified.status, 200)
  const { rows } = await admin.query('select 1 from http.idempotency_keys where user_id = $1', [person.userId])
  assert.deepEqual(rows, [])
})
