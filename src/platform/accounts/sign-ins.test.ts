import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashNewPassword, replacePassword } from '#platform/identity'
import { SoftwareAuthenticator } from '#test/authenticator.ts'
import { browsersAt } from '#test/browsers.ts'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { turnOnTwoFactor } from '#test/two-factors.ts'
import { believedNoLonger, newPerson, randomAddress, testWorld } from '#test/world.ts'
import { admitUser } from './admissions.ts'
import { tellOfRests } from './rests.ts'

const world = await testWorld()
const { admin, app, baseUrl } = world

type Answer = {
  status: string
  code?: string
  accessToken?: string
  stepToken?: string
  methods?: string[]
  mayRememberDevice?: boolean
  rules?: { expiresAfterDays: number | null }
}

const Browser = browsersAt<Answer>(baseUrl)
type Browser = InstanceType<typeof Browser>

const methodsOf = async (userId: string): Promise<string[]> => {
  const { rows } = await admin.query(
    `select authentication_methods from identity.user_sessions where user_id = $1 order by created_at desc limit 1`,
    [userId],
  )
  return rows[0].authentication_methods
}

test('MT-05 with a second factor the password alone opens nothing; the code completes the sign-in', async () => {
  const person = await newPerson(world)
  const { code } = await turnOnTwoFactor(person)
  const browser = new Browser()
  const { http, answer } = await browser.signIn(person)
  assert.equal(http, 200)
  assert.equal(answer.status, 'second_factor_required')
  assert.deepEqual(answer.methods, ['totp', 'backup_code'])
  assert.equal(answer.accessToken, undefined)
  assert.ok(!browser.cookies.has('__Host-commonhold'))
  assert.equal((await browser.send('/me', undefined, 'GET')).http, 401)

  assert.equal(
    (await browser.send('/auth/sign-in/second-factor', { code: '000000' })).answer.code,
    'identity.code_wrong',
  )
  const done = await browser.send('/auth/sign-in/second-factor', { code: code() })
  assert.equal(done.answer.status, 'signed_in')
  assert.deepEqual(await methodsOf(person.userId), ['password', 'totp'])
  assert.equal((await browser.send('/me', undefined, 'GET')).http, 200)
  assert.ok(!browser.cookies.has('__Host-commonhold-step'), 'the step is over')
})

test('MT-05 a step works once, for programs by its token too, and not for the next wanted thing', async () => {
  const person = await newPerson(world)
  const { backupCodes } = await turnOnTwoFactor(person)
  const { answer } = await new Browser().signIn(person)
  const take = (backupCode: string | undefined) =>
    new Browser().send('/auth/sign-in/second-factor', { stepToken: answer.stepToken, backupCode })
  const taken = await Promise.all(backupCodes.slice(0, 4).map(take))
  assert.deepEqual(taken.map(({ answer }) => answer.code ?? answer.status).sort(), [
    ...Array<string>(3).fill('accounts.step_ended'),
    'signed_in',
  ])
  const other = await new Browser().signIn(person)
  const wrongStep = { stepToken: other.answer.stepToken, newPassword: 'quite another passphrase' }
  assert.equal((await new Browser().send('/auth/sign-in/new-password', wrongStep)).answer.code, 'accounts.step_ended')
  for (const stepToken of [`${other.answer.stepToken}x`, other.answer.stepToken?.slice(1), 'x']) {
    const refused = await new Browser().send('/auth/sign-in/second-factor', { stepToken, code: '123456' })
    assert.equal(refused.answer.code, 'accounts.step_ended')
  }
})

test('MT-05 codes are limited also across sign-ins, and the history tells of wrong ones', async () => {
  const person = await newPerson(world)
  const { code } = await turnOnTwoFactor(person)
  const codes: (string | undefined)[] = []
  for (let attempt = 0; attempt < 7; attempt++) {
    const browser = new Browser()
    await browser.signIn(person)
    codes.push((await browser.send('/auth/sign-in/second-factor', { code: '000000' })).answer.code)
  }
  assert.equal(codes[0], 'identity.code_wrong')
  assert.equal(codes.at(-1), 'identity.too_many_codes')
  const browser = new Browser()
  await browser.signIn(person)
  const right = await browser.send('/auth/sign-in/second-factor', { code: code() })
  assert.equal(right.answer.code, 'identity.too_many_codes', 'a right one is not looked at meanwhile')
  const { rows } = await admin.query(
    `select count(*)::int as count from identity.login_histories where user_id = $1 and failure_reason = 'wrong second factor'`,
    [person.userId],
  )
  assert.equal(rows[0].count, 8)
})

test('MT-05 a device is remembered only where every tenant of the user allows it', async () => {
  const person = await newPerson(world, { tenantName: 'Remembering Ltd' })
  const { code, backupCodes } = await turnOnTwoFactor(person)
  const allow = (allowed: boolean) =>
    admin.query(
      `update tenancy.tenants
       set security_policy = jsonb_set(security_policy, '{twoFactor,allowRememberDevice}', $2::jsonb)
       where id = $1`,
      [person.tenantId, JSON.stringify(allowed)],
    )
  const forbidden = new Browser()
  assert.equal((await forbidden.signIn(person)).answer.mayRememberDevice, false)
  await forbidden.send('/auth/sign-in/second-factor', { code: code(), rememberDevice: true })
  assert.equal((await forbidden.signIn(person)).answer.status, 'second_factor_required')

  await allow(true)
  const browser = new Browser()
  assert.equal((await browser.signIn(person)).answer.mayRememberDevice, true)
  await browser.send('/auth/sign-in/second-factor', { backupCode: backupCodes[0], rememberDevice: true })
  assert.equal((await browser.signIn(person)).answer.status, 'signed_in')
  assert.deepEqual(await methodsOf(person.userId), ['password', 'trusted_device'])
  assert.equal((await new Browser().signIn(person)).answer.status, 'second_factor_required', 'another device')
  const stolen = await newPerson(world)
  await turnOnTwoFactor(stolen)
  assert.equal((await browser.signIn(stolen)).answer.status, 'second_factor_required', 'another user on it')

  await allow(false)
  assert.equal((await browser.signIn(person)).answer.status, 'second_factor_required', 'the policy has changed')
})

test('MT-06 a passkey is a whole sign-in, also past a second factor, and a second factor where asked', async () => {
  const person = await newPerson(world)
  const device = new SoftwareAuthenticator({ origin: app.publicUrl })
  const registration = (await (await person.fetch('/me/passkeys/options', { method: 'POST' })).json()) as {
    options: Parameters<typeof device.register>[0]
    challengeToken: string
  }
  const { challengeToken, options } = registration
  const added = await person.fetch('/me/passkeys', {
    method: 'POST',
    body: { challengeToken, answer: device.register(options), name: 'Key' },
  })
  assert.equal(added.status, 201)
  await turnOnTwoFactor(person)

  const show = async (browser: Browser, path: string) => {
    const asSecondFactor = path === '/auth/sign-in/second-factor'
    const { answer } = await browser.send('/auth/passkeys/options', { asSecondFactor })
    const challenge = answer as unknown as {
      options: Parameters<typeof device.signIn>[0]
      challengeToken: string
    }
    const body = { challengeToken: challenge.challengeToken, answer: device.signIn(challenge.options) }
    return { body, ...(await browser.send(path, body)) }
  }
  const browser = new Browser()
  const alone = await show(browser, '/auth/passkeys/sign-in')
  assert.equal(alone.answer.code ?? alone.answer.status, 'signed_in')
  assert.deepEqual(await methodsOf(person.userId), ['passkey'])
  assert.equal((await browser.send('/auth/passkeys/sign-in', alone.body)).answer.code, 'identity.passkey_refused')

  const second = new Browser()
  assert.deepEqual((await second.signIn(person)).answer.methods, ['totp', 'passkey', 'backup_code'])
  assert.equal((await show(second, '/auth/sign-in/second-factor')).answer.status, 'signed_in')
  assert.deepEqual(await methodsOf(person.userId), ['password', 'passkey'])

  const left = new Browser()
  await left.signIn(person)
  assert.equal(
    (await show(left, '/auth/passkeys/sign-in')).answer.status,
    'signed_in',
    'a step that was left is no matter',
  )

  await admin.query(`update identity.users set status = 'suspended' where id = $1`, [person.userId])
  assert.equal((await show(new Browser(), '/auth/passkeys/sign-in')).http, 401, 'PE-02 not for who is suspended')
})

test('MT-03 guesses from elsewhere do not lock the owner out of a device of his, nor a passkey', async () => {
  const person = await newPerson(world)
  const own = new Browser()
  assert.equal((await own.signIn(person)).answer.status, 'signed_in')
  const stranger = new Browser()
  for (let guess = 0; guess < 6; guess++) assert.equal((await stranger.signIn(person, 'wrong one')).http, 401)
  assert.equal((await new Browser().signIn(person)).http, 401, 'the account rests for new devices')
  assert.equal((await own.signIn(person)).answer.status, 'signed_in', 'not for a known one')

  for (let guess = 0; guess < 6; guess++) await own.signIn(person, 'wrong one')
  assert.equal((await own.signIn(person)).http, 401, 'a known one has a count of its own')
  const { rows } = await admin.query(
    'select failed_attempts from identity.user_devices where user_id = $1 order by 1',
    [person.userId],
  )
  assert.equal(rows.at(-1)?.failed_attempts, 5, 'what comes while it rests is not counted')
})

test('MT-03 the owner of an account that rests is written to once, after the answer', async () => {
  const person = await newPerson(world)
  for (let guess = 0; guess < 6; guess++) await new Browser().signIn(person, 'wrong one')
  assert.deepEqual(await mailsTo(world, person.email), [])
  await tellOfRests.run({}, app)
  await tellOfRests.run({}, app)
  await runJobs(world)
  const subjects = (await mailsTo(world, person.email)).map(({ subject }) => subject)
  assert.deepEqual(subjects, ['Somebody tries passwords on your account'])
})

test('MT-03 a network address that guesses on and on is told to wait, an IPv6 one with its whole /64', async () => {
  const person = await newPerson(world)
  const prefix = randomAddress().replace(/:[^:]*::1$/, '')
  const from = (host: number) => {
    const browser = new Browser()
    browser.address = `${prefix}:7::${host.toString(16)}`
    return browser
  }
  const guess = (host: number) => from(host).signIn({ email: `nobody${host}@example.com`, password: 'wrong one' })
  assert.equal((await guess(1)).http, 401)
  // So many in a minute would meet the route's own limit first.
  await admin.query(`update identity.address_failures set failed_attempts = 28 where address <<= $1`, [
    `${prefix}:7::/64`,
  ])
  assert.deepEqual([(await guess(2)).http, (await guess(3)).http, (await guess(4)).http], [401, 401, 429])
  const refused = await from(999).signIn(person)
  assert.equal(refused.answer.code, 'accounts.too_many_failures')
  assert.equal((await new Browser().signIn(person)).answer.status, 'signed_in', 'control: from elsewhere')
  await admin.query(`update identity.address_failures set resting_until = now() - interval '1 second'`)
  assert.equal((await from(999).signIn(person)).answer.status, 'signed_in', 'it ends')
})

test('MT-04 an expired password is replaced before there is a session, and a refused one leaves the step', async () => {
  const person = await newPerson(world, { tenantName: 'Expiring Ltd' })
  await admin.query(
    `update tenancy.tenants set password_rules = jsonb_set(password_rules, '{expiresAfterDays}', '30') where id = $1`,
    [person.tenantId],
  )
  const browser = new Browser()
  assert.equal((await browser.signIn(person)).answer.status, 'signed_in', 'control: it is young')
  await admin.query(`update identity.passwords set created_at = now() - interval '31 days' where user_id = $1`, [
    person.userId,
  ])
  const { answer } = await browser.signIn(person)
  assert.equal(answer.status, 'new_password_required')
  assert.equal(answer.rules?.expiresAfterDays, 30, 'the form shows the rules')
  assert.equal(answer.accessToken, undefined)
  const choose = (newPassword: string) => browser.send('/auth/sign-in/new-password', { newPassword })
  assert.equal((await choose('password1')).http, 400)
  assert.equal((await choose(person.password)).answer.code, 'identity.password_reused')
  assert.equal((await choose('an entirely new passphrase')).answer.status, 'signed_in')
  assert.equal((await browser.signIn({ ...person, password: 'an entirely new passphrase' })).answer.status, 'signed_in')
})

test('MT-04 an old password that was verified just before a change opens nothing after it', async () => {
  const person = await newPerson(world)
  const { rows } = await admin.query('select password_version from identity.users where id = $1', [person.userId])
  const proof = { userId: person.userId, methods: ['password'] as const, passwordVersion: rows[0].password_version }
  const own = new Browser()
  await own.signIn(person)
  const deviceToken = own.cookies.get('__Host-commonhold-device')
  const client = (known: boolean) => ({ scope: {}, deviceToken: known ? deviceToken : undefined })
  for (const known of [true, false]) assert.ok('signedIn' in (await admitUser(app, client(known), proof)), 'control')
  const passwordHash = await hashNewPassword('an entirely new passphrase')
  await app.db.transaction({ system: true }, tx => replacePassword(tx, person.userId, passwordHash))
  for (const known of [true, false]) {
    await assert.rejects(admitUser(app, client(known), proof), /password is wrong/, String(known))
  }
})

test('a sensitive action wants a sign-in of the last 10 minutes; confirming it makes the session fresh', async () => {
  const person = await newPerson(world)
  const { code } = await turnOnTwoFactor(person)
  const sensitive = () => person.fetch('/me/two-factor', { method: 'DELETE' })
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '10 minutes' where user_id = $1`,
    [person.userId],
  )
  await believedNoLonger()
  const refused = await sensitive()
  assert.equal(refused.status, 403)
  assert.equal(((await refused.json()) as Answer).code, 'http.step_up_required')

  const confirm = async (body: unknown) => {
    const response = await person.fetch('/auth/step-up', { method: 'POST', body })
    return ((await response.json()) as Answer).code ?? response.status
  }
  assert.deepEqual(await (await person.fetch('/auth/step-up')).json(), { methods: ['password'], needsCode: true })
  assert.equal(await confirm({ password: 'wrong one', code: code() }), 'accounts.password_wrong')
  assert.equal(await confirm({ password: person.password }), 'accounts.second_factor_missing')
  assert.equal(await confirm({ code: code() }), 'accounts.second_factor_missing', 'a code alone is half of it')
  assert.equal((await sensitive()).status, 403, 'still')
  assert.equal(await confirm({ password: person.password, code: code(1) }), 200)
  assert.equal((await sensitive()).status, 204)
})

test('MT-01 MT-04 the first administrator operates the installation, and is asked to confirm his address', async () => {
  await admin.query(
    `insert into identity.one_time_tokens (purpose, token_hash, expires_at)
     values ('first_administrator', sha256('the link'), now() + interval '1 hour')`,
  )
  const browser = new Browser()
  const account = { email: 'first@people.example', password: 'a rather long passphrase', fullName: 'First' }
  const made = await browser.send('/auth/first-administrator', {
    ...account,
    token: 'the link',
    tenantName: 'First Ltd',
  })
  assert.equal(made.answer.status, 'signed_in')
  assert.equal((await browser.send('/users', undefined, 'GET')).http, 200)
  const subjects = (await mailsTo(world, account.email)).map(({ link }) => new URL(link ?? '').pathname)
  assert.deepEqual(subjects, ['/confirm-email'])
  const person = await newPerson(world, { tenantName: 'Later Ltd' })
  assert.equal((await person.fetch('/users')).status, 403, 'the owner of a later tenant does not')
})
