import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { issueFirstAdministratorToken } from '#platform/accounts'
import { type AnyRoute, sessionCookie } from '#platform/http'
import { hashNewPassword, issueOneTimeToken } from '#platform/identity'
import { SoftwareAuthenticator } from '#test/authenticator.ts'
import { browsersAt } from '#test/browsers.ts'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { turnOnTwoFactor } from '#test/two-factors.ts'
import { believedNoLonger, joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { modules } from '../../src/main/modules.ts'

const world = await testWorld()
const { app, db, admin, alice, viewer, baseUrl } = world
const routes = modules.flatMap(({ routes }): readonly AnyRoute[] => routes ?? [])

type Answer = {
  status?: string
  code?: string
  accessToken?: string
  refreshToken?: string
  stepToken?: string
  tenantId?: string | null
}

const Browser = browsersAt<Answer>(baseUrl)
type Browser = InstanceType<typeof Browser>

/** Signed in with a browser. */
async function enter(person: Person): Promise<Browser> {
  const browser = new Browser()
  assert.equal((await browser.signIn(person)).answer.status, 'signed_in')
  return browser
}

async function operatorWith(tenantName?: string): Promise<Person> {
  const person = await newPerson(world, { ...(tenantName && { tenantName }) })
  await admin.query('insert into identity.operators (user_id) values ($1)', [person.userId])
  return person
}
const operator = await operatorWith()
await believedNoLonger()

const setStatus = (userId: string, status: string) =>
  operator.fetch(`/users/${userId}/status`, { method: 'POST', body: { status, reason: 'A test' } })
const wrong = 'not the password of anybody'

describe('where guesses come from', () => {
  const failuresAt = async (address: string) => {
    const { rows } = await admin.query('select failed_attempts from identity.address_failures where address = $1', [
      address,
    ])
    return rows[0]?.failed_attempts as number | undefined
  }
  const guessFrom = async (address: string) => {
    const browser = new Browser()
    browser.address = address
    return await browser.signIn({ email: `nobody-${randomUUID()}@example.com`, password: wrong })
  }

  test('MT-03 IPv4 clients of a socket for both kinds of addresses are told apart, and are the same as over IPv4', async () => {
    for (const written of ['::ffff:203.0.113.9', '::FFFF:cb00:7109', '0:0:0:0:0:ffff:203.0.113.9', '203.0.113.9']) {
      assert.equal((await guessFrom(written)).http, 401, written)
    }
    assert.equal(await failuresAt('203.0.113.9'), 4)
    assert.equal((await guessFrom('::ffff:198.51.100.77')).http, 401)
    assert.equal(await failuresAt('198.51.100.77'), 1)
    assert.equal(await failuresAt('::/64'), undefined, 'else one of them could make all wait')
    await guessFrom('2001:db8:1:2:3::4')
    await guessFrom('2001:db8:1:2:aaaa::5')
    assert.equal(await failuresAt('2001:db8:1:2::/64'), 2, 'control: a /64 is one')
  })

  test('MT-03 an address with a port, a zone or no address at all stops no sign-in', async () => {
    const written = [
      '192.0.2.44:51234',
      '[2001:db8:77::1]:443',
      'fe80::1%eth0',
      'unknown',
      '_hidden',
      "';--",
      '999.1.1.1',
    ]
    for (const address of written) {
      assert.equal((await guessFrom(address)).http, 401, address)
      const browser = new Browser()
      browser.address = address
      assert.equal((await browser.signIn(alice)).http, 200, address)
    }
    assert.equal(await failuresAt('192.0.2.44'), 1, 'control: it is counted')
    assert.equal(await failuresAt('2001:db8:77::/64'), 1)
    assert.equal(await failuresAt('127.0.0.1'), 4, 'what is none counts as the proxy')
  })

  test('MT-03 stuffing and spraying: whoever tries many accounts from one place has thirty tries, all of them at once too', async () => {
    const victims = await Promise.all(Array.from({ length: 3 }, () => newPerson(world)))
    const place = '2001:db8:5:5'
    const guessFromHost = (host: number) => {
      const browser = new Browser()
      browser.address = `${place}:${host}::1`
      const email = victims[host]?.email ?? `stuffed${host}@example.com`
      return browser.signIn({ email, password: 'Summer2026!' })
    }
    const guesses = await Promise.all(Array.from({ length: 20 }, (_, host) => guessFromHost(host)))
    assert.deepEqual([...new Set(guesses.map(({ http }) => http))], [401])
    assert.equal(await failuresAt(`${place}::/64`), 20, 'each is counted, and once for all of the /64')
    // So many in a minute would meet the route's own limit first.
    await admin.query('update identity.address_failures set failed_attempts = 28 where address = $1', [`${place}::/64`])
    assert.deepEqual(
      await Promise.all([guessFromHost(31), guessFromHost(32)].map(async sent => (await sent).http)),
      [401, 401],
    )
    const [victim] = victims as [Person]
    const late = new Browser()
    late.address = `${place}:ffff::1`
    const found = await late.signIn(victim)
    assert.equal(found.answer.code, 'accounts.too_many_failures', 'what was found by then is worth nothing from there')
    assert.equal((await new Browser().signIn(victim)).http, 200, 'control: its owner comes in from elsewhere')
    const unlocked = await admin.query(
      `select count(*)::int from identity.users where account_locked_until is not null`,
    )
    assert.equal(unlocked.rows[0].count, 0, 'one wrong try each locks nobody')
  })
})

describe('passwords as they are typed', () => {
  test('GG-02 one typed composed or decomposed is the same; compatible signs, case and spaces make another', async () => {
    const composed = 'Ångström déjà-vu 42'
    const person = await newPerson(world, { password: composed })
    assert.notEqual(composed.normalize('NFD'), composed)
    for (const same of [composed, composed.normalize('NFD'), composed.normalize('NFC')]) {
      assert.equal((await new Browser().signIn(person, same)).http, 200)
    }
    const others = ['Angstrom deja-vu 42', composed.toLowerCase(), `${composed} `, composed.replace('42', '４２')]
    for (const other of others) assert.equal((await new Browser().signIn(person, other)).http, 401, other)
    const change = { currentPassword: composed.normalize('NFD'), newPassword: composed.normalize('NFD') }
    const { code } = (await (await person.fetch('/me/password', { method: 'POST', body: change })).json()) as Answer
    assert.equal(code, 'identity.password_reused', 'and it is no new one')
  })

  test('GG-02 a password of a megabyte, or with a NUL, is refused before it is hashed, at every entrance', async () => {
    const person = await newPerson(world)
    const link = await issueOneTimeToken(db.scoped({ system: true }), {
      purpose: 'reset_password',
      userId: person.userId,
      minutes: 5,
      details: { email: person.email },
    })
    const entrances = (password: unknown): [string, object][] => [
      ['/auth/sign-in', { email: person.email, password }],
      ['/auth/sign-up', { email: 'long@example.com', fullName: 'Long', password }],
      ['/auth/verify-sign-up', { token: 'x', password }],
      ['/auth/first-administrator', { token: 'x', email: 'l@example.com', fullName: 'L', tenantName: 'L', password }],
      ['/auth/reset-password', { token: link, password }],
      ['/auth/sign-in/new-password', { stepToken: 'x', newPassword: password }],
    ]
    const own: [string, (password: unknown) => object][] = [
      ['/me/password', password => ({ currentPassword: password, newPassword: password })],
      ['/auth/step-up', password => ({ password })],
    ]
    const began = performance.now()
    for (const password of [
      'a'.repeat(1_000_000),
      `long enough\0${'b'.repeat(20)}`,
      ['long enough'],
      { a: 'long enough' },
      12345678,
    ]) {
      for (const [path, body] of entrances(password)) {
        const { http } = await new Browser().send(path, body)
        assert.equal(http, 400, path)
      }
      for (const [path, bodyOf] of own) {
        const { status } = await person.fetch(path, { method: 'POST', body: bodyOf(password) })
        assert.ok(status === 400 || status === 413, path)
      }
    }
    const more = await new Browser().send('/auth/sign-in', { email: person.email, password: 'a'.repeat(2_000_000) })
    assert.equal(more.http, 413)
    assert.ok(performance.now() - began < 10_000)
    const reset = await new Browser().send('/auth/reset-password', { token: link, password: 'a quite ordinary one' })
    assert.equal(reset.http, 204, 'control: the link was good all the time')
  })
})

describe('mails that strangers cause', () => {
  const statusesAt = async (inbox: string) => {
    const { rows } = await admin.query(
      `select name, status, count(*)::int as count from mail.messages
       where regexp_replace(lower(recipient), '\\+[^@]*', '') = $1 group by name, status order by name, status`,
      [inbox],
    )
    return rows as { name: string; status: string; count: number }[]
  }

  test('MT-04 a thousand sign-ups that wait for one address bring it five mails, and nobody else waits', async () => {
    const inbox = 'drowned@example.com'
    const other = { email: 'patient@example.com', password: 'a rather long passphrase', fullName: 'Patient' }
    const passwordHash = await hashNewPassword('a rather long passphrase')
    // The first one makes the queue.
    await new Browser().send('/auth/sign-up', { ...other, email: 'early@example.com' })
    await admin.query(
      `with waiting as (
         insert into identity.sign_ups (email, full_name, password_hash, expires_at)
         select 'drowned+' || number || '@example.com', 'Drowned', $1, now() + interval '1 day'
         from generate_series(1, 1000) as number
         returning id
       )
       insert into jobs.job (name, data)
       select 'accounts.send-sign-up-mail', jsonb_build_object('signUpId', id) from waiting`,
      [passwordHash],
    )
    assert.equal((await new Browser().send('/auth/sign-up', other)).http, 202)
    await runJobs(world)
    assert.deepEqual(await statusesAt(inbox), [
      { name: 'accounts.confirm_sign_up', status: 'dropped', count: 995 },
      { name: 'accounts.confirm_sign_up', status: 'kept', count: 5 },
    ])
    const [mail] = await mailsTo(world, other.email)
    const { http } = await new Browser().send('/auth/verify-sign-up', { token: mail?.token, password: other.password })
    assert.equal(http, 201, 'another sign-up goes its way')
  })

  test('MT-04 whoever floods an inbox does not keep from it the mails that tell of him', async () => {
    const [mallory, victim] = [await newPerson(world), await newPerson(world, { email: 'flooded@example.com' })]
    const eve = await newPerson(world)
    await enter(victim)
    const post = (path: string, body: object) => new Browser().send(path, body)
    const signUp = { password: 'a rather long passphrase', fullName: 'Flood' }
    for (let turn = 0; turn < 6; turn++) {
      await post('/auth/forgot-password', { email: victim.email })
      await post('/auth/sign-up', { ...signUp, email: victim.email })
      await post('/auth/sign-up', { ...signUp, email: `flooded+${turn}@example.com` })
      await mallory.fetch('/me/email', { method: 'POST', body: { email: victim.email } })
      await eve.fetch('/me/email', { method: 'POST', body: { email: `flooded+${turn}@example.com` } })
    }
    await runJobs(world)
    const flood = (await statusesAt(victim.email)).filter(({ name }) => name !== 'identity.new_device')
    const count = (wanted: string) =>
      flood.filter(({ status }) => status === wanted).reduce((sum, { count }) => sum + count, 0)
    assert.equal(count('kept') + count('dropped'), 30, 'control: it is a flood')
    assert.ok(count('kept') <= 15 && count('kept') > 5, String(count('kept')))
    await admin.query(`delete from mail.messages where name = 'identity.new_device'`)
    // The burglar, who knows the password, comes in on a device of his and changes it.
    const burglar = new Browser()
    assert.equal((await burglar.signIn(victim)).http, 200)
    const change = { currentPassword: victim.password, newPassword: 'the burglar’s own phrase' }
    assert.equal((await burglar.send('/me/password', change)).http, 204)
    const subjects = (await mailsTo(world, victim.email)).map(({ name }) => name)
    for (const name of ['identity.new_device', 'accounts.password_changed']) assert.ok(subjects.includes(name), name)
  })

  test('MT-04 whoever asks for links on and on does not make the owner’s last one void', async () => {
    const person = await newPerson(world)
    for (let turn = 0; turn < 5; turn++) await new Browser().send('/auth/forgot-password', { email: person.email })
    await runJobs(world)
    const links = (await mailsTo(world, person.email)).map(({ token }) => token)
    assert.equal(links.length, 5)
    for (let turn = 0; turn < 5; turn++) await new Browser().send('/auth/forgot-password', { email: person.email })
    await runJobs(world)
    assert.equal((await mailsTo(world, person.email)).length, 5, 'control: what is more is dropped')
    const reset = (token: string | undefined) =>
      new Browser().send('/auth/reset-password', { token, password: 'an entirely new passphrase' })
    assert.equal((await reset(links[3])).http, 403, 'an earlier one is void')
    assert.equal((await reset(links[4])).http, 204)
  })
})

describe('a sign-in that is half done', () => {
  test('MT-05 nothing opens between the password and the second factor: no route takes the step for a session', async () => {
    const person = await newPerson(world, { tenantName: 'Half Done Ltd' })
    const { code } = await turnOnTwoFactor(person)
    const browser = new Browser()
    const { answer } = await browser.signIn(person)
    assert.equal(answer.status, 'second_factor_required')
    assert.deepEqual([...browser.cookies.keys()], ['__Host-commonhold-step'], 'no session, no device')
    assert.deepEqual([answer.accessToken, answer.refreshToken], [undefined, undefined])
    const step = answer.stepToken as string
    const guarded = routes.filter(({ allow }) => allow !== 'public')
    assert.ok(guarded.length > 60, 'control: there are routes')
    for (const { method, path } of guarded) {
      const address = path.replace(/\{\w+\}/g, () => randomUUID())
      const shown: Record<string, string>[] = [
        {},
        { cookie: `${sessionCookie}=${step}` },
        { authorization: `Bearer ${step}` },
        { authorization: 'Bearer', cookie: `${sessionCookie}=${step}` },
      ]
      for (const headers of shown) {
        const { http } = await browser.send(address, undefined, method, headers)
        assert.equal(http, 401, `${method} ${path} ${JSON.stringify(headers)}`)
      }
    }
    const steps: [string, object][] = [
      ['/auth/sign-in/new-password', { newPassword: 'an entirely new passphrase' }],
      ['/auth/sign-in/second-factor', {}],
      ['/auth/sign-in/second-factor', { code: '' }],
      ['/auth/sign-in/second-factor', { rememberDevice: true }],
      ['/auth/sign-in/second-factor', { backupCode: '' }],
      ['/auth/refresh', { refreshToken: step }],
    ]
    for (const [path, body] of steps) {
      const { http } = await browser.send(path, body)
      assert.ok([400, 401, 403].includes(http), `${path} ${http}`)
    }
    assert.equal(await browser.isIn(), false)
    const { http } = await browser.send('/auth/sign-in/second-factor', { code: code() })
    assert.equal(http, 200, 'control: the step was good all the time')
    assert.equal(await browser.isIn(), true)
  })

  test('MT-05 CVE-2026-9092 neither passkey nor codes nor device of another user take a step', async () => {
    const [victim, mallory] = [await newPerson(world), await newPerson(world)]
    const key = new SoftwareAuthenticator({ origin: app.publicUrl })
    const begun = (await (await mallory.fetch('/me/passkeys/options', { method: 'POST' })).json()) as {
      options: Parameters<typeof key.register>[0]
      challengeToken: string
    }
    const added = { challengeToken: begun.challengeToken, answer: key.register(begun.options), name: 'Mine' }
    assert.equal((await mallory.fetch('/me/passkeys', { method: 'POST', body: added })).status, 201)
    const own = await turnOnTwoFactor(mallory)
    const theirs = await turnOnTwoFactor(victim)

    const step = async () => (await new Browser().signIn(victim)).answer.stepToken as string
    const take = (stepToken: string, factor: object) =>
      new Browser().send('/auth/sign-in/second-factor', { stepToken, ...factor })
    const challenge = async (body: object) =>
      (await new Browser().send('/auth/passkeys/options', body)).answer as unknown as {
        options: Parameters<typeof key.signIn>[0]
        challengeToken: string
      }
    const stepToken = await step()
    const mine = (await new Browser().signIn(mallory)).answer.stepToken as string
    // Of his step, of mine, of none; each answered with my passkey, as I am and as him.
    for (const body of [{ stepToken }, { stepToken: mine }, {}]) {
      for (const lies of [
        {},
        { userHandle: undefined },
        { userHandle: Buffer.from(victim.userId).toString('base64url') },
      ]) {
        const { options, challengeToken } = await challenge(body)
        const { answer } = await take(stepToken, { challengeToken, answer: key.signIn(options, lies) })
        assert.equal(answer.code, 'identity.passkey_refused')
      }
    }
    assert.equal((await take(stepToken, { backupCode: own.backupCodes[0] })).answer.code, 'identity.code_wrong')
    assert.equal((await take(stepToken, { code: own.code() })).answer.code, 'identity.code_wrong')
    assert.equal(
      (await take(mine, { code: own.code() })).answer.status,
      'signed_in',
      'control: it was good for himself',
    )
    const { options, challengeToken } = await challenge({})
    const alone = { challengeToken, answer: key.signIn(options) }
    assert.equal((await new Browser().send('/auth/passkeys/sign-in', alone)).answer.status, 'signed_in', 'and his key')
    assert.equal(
      (await take(stepToken, { code: theirs.code() })).answer.status,
      'signed_in',
      'the step was not used up',
    )
  })

  test('MT-05 a device that one user may trust is nothing to another, nor after a reset of the password', async () => {
    const [victim, mallory] = [await newPerson(world), await newPerson(world)]
    const [own, theirs] = [await turnOnTwoFactor(mallory), await turnOnTwoFactor(victim)]
    const trusted = async (person: Person, code: string) => {
      const browser = new Browser()
      await browser.signIn(person)
      await browser.send('/auth/sign-in/second-factor', { code, rememberDevice: true })
      return browser
    }
    const malloryOn = await trusted(mallory, own.code())
    assert.equal((await malloryOn.signIn(mallory)).answer.status, 'signed_in', 'control: it is trusted')
    assert.equal((await malloryOn.signIn(victim)).answer.status, 'second_factor_required')
    const victimOn = await trusted(victim, theirs.code())
    const device = victimOn.cookies.get('__Host-commonhold-device') as string
    malloryOn.cookies.set('__Host-commonhold-device', device)
    assert.equal((await malloryOn.signIn(mallory)).answer.status, 'second_factor_required', 'his cookie is not mine')
    assert.equal((await victimOn.signIn(victim)).answer.status, 'signed_in', 'control')
    await new Browser().send('/auth/forgot-password', { email: victim.email })
    await runJobs(world)
    const token = (await mailsTo(world, victim.email)).findLast(({ name }) => name === 'identity.reset_password')?.token
    const password = 'an entirely new passphrase'
    assert.equal((await new Browser().send('/auth/reset-password', { token, password })).http, 204)
    assert.equal((await victimOn.signIn(victim, password)).answer.status, 'second_factor_required')
  })

  test('MT-04 a sign-in begun with an expired password ends when its owner has replaced it', async () => {
    const person = await newPerson(world, { tenantName: 'Expired Ltd' })
    await admin.query(
      `update tenancy.tenants set password_rules = jsonb_set(password_rules, '{expiresAfterDays}', '30') where id = $1`,
      [person.tenantId],
    )
    await admin.query(`update identity.passwords set created_at = now() - interval '31 days' where user_id = $1`, [
      person.userId,
    ])
    const [mallory, owner] = [new Browser(), new Browser()]
    const begun = await mallory.signIn(person)
    assert.equal(begun.answer.status, 'new_password_required', 'he knows the old one')
    await owner.signIn(person)
    const choose = (browser: Browser, newPassword: string) =>
      browser.send('/auth/sign-in/new-password', { newPassword })
    assert.equal((await choose(owner, 'password1')).http, 400, 'control: a refused one leaves the step')
    assert.equal((await choose(owner, 'the owner’s new phrase')).answer.status, 'signed_in')
    const late = await choose(mallory, 'the burglar’s own phrase')
    assert.equal(late.answer.code, 'accounts.step_ended')
    const again = { stepToken: begun.answer.stepToken, newPassword: 'the burglar’s own phrase' }
    assert.equal((await new Browser().send('/auth/sign-in/new-password', again)).answer.code, 'accounts.step_ended')
    assert.equal(await owner.isIn(), true)
    assert.equal((await new Browser().signIn(person, 'the owner’s new phrase')).http, 200)
  })

  test('MT-03 guesses from elsewhere do not keep the owner from confirming who he is, and guesses here do', async () => {
    const person = await newPerson(world)
    const own = await enter(person)
    for (let guess = 0; guess < 6; guess++) await new Browser().signIn(person, wrong)
    assert.equal((await new Browser().signIn(person)).http, 401, 'control: the account rests')
    assert.equal((await own.send('/auth/step-up', { password: person.password })).http, 200)
    for (let guess = 0; guess < 5; guess++) {
      assert.equal((await own.send('/auth/step-up', { password: wrong })).answer.code, 'accounts.password_wrong')
    }
    const right = await own.send('/auth/step-up', { password: person.password })
    assert.equal(right.answer.code, 'accounts.passwords_resting', 'whoever sits at an open session guesses five times')
    assert.equal(
      (await own.send('/me/password', { currentPassword: person.password, newPassword: 'x'.repeat(12) })).http,
      429,
    )
  })
})

describe('what ends with a change', () => {
  /** Everything that opens an account: two browsers, a program, a step and a link. */
  async function everyWayInto(person: Person, code?: (steps?: number) => string) {
    const browser = new Browser()
    const first = await browser.signIn(person)
    let { answer } = first
    if (code) answer = (await browser.send('/auth/sign-in/second-factor', { code: code(1) })).answer
    assert.equal(answer.status, 'signed_in')
    await new Browser().send('/auth/forgot-password', { email: person.email })
    await runJobs(world)
    const link = (await mailsTo(world, person.email)).findLast(({ name }) => name === 'identity.reset_password')?.token
    assert.ok(link, 'control: there is a link')
    return { browser, accessToken: answer.accessToken as string, refreshToken: answer.refreshToken as string, link }
  }
  type Ways = Awaited<ReturnType<typeof everyWayInto>>

  async function openOf({ browser, accessToken, refreshToken, link }: Ways): Promise<string[]> {
    const bearer = { authorization: `Bearer ${accessToken}` }
    const plain = new Browser()
    const ways: Record<string, boolean> = {
      cookie: await browser.isIn(),
      bearer: (await plain.send('/me', undefined, 'GET', bearer)).http === 200,
      link: (await plain.send('/auth/reset-password/check', { token: link })).http === 200,
      // Last, for it uses the token up.
      refresh: (await plain.send('/auth/refresh', { refreshToken })).http === 200,
    }
    return Object.keys(ways).filter(way => ways[way])
  }

  const endings: Record<string, (person: Person) => Promise<unknown>> = {
    'a change of the password in another session': person =>
      person.fetch('/me/password', {
        method: 'POST',
        body: { currentPassword: person.password, newPassword: 'an entirely new passphrase' },
      }),
    'a suspension': person => setStatus(person.userId, 'suspended'),
    'a deactivation': person => setStatus(person.userId, 'inactive'),
    'a deletion by an operator': person => setStatus(person.userId, 'deleted'),
    'a deletion by himself': person => person.fetch('/me/deletion', { method: 'POST', body: { email: person.email } }),
    'an operator who signs him out everywhere': person =>
      operator.fetch(`/users/${person.userId}/sessions`, { method: 'DELETE' }),
    'an operator who removes his second factor': person =>
      operator.fetch(`/users/${person.userId}/two-factor`, { method: 'DELETE', body: { reason: 'Lost his phone' } }),
  }
  for (const [what, end] of Object.entries(endings)) {
    test(`PE-02 GHSA-2vg6-77g8-24mp ${what} ends sessions, tokens and links at once`, async () => {
      const person = await newPerson(world)
      const control = await openOf(await everyWayInto(person))
      assert.deepEqual(control, ['cookie', 'bearer', 'link', 'refresh'], 'control: they open it')
      const ways = await everyWayInto(person)
      const response = (await end(person)) as Response
      assert.ok(response.ok, await response.text())
      assert.deepEqual(await openOf(ways), [])
    })
  }

  test('PE-02 a reset password ends all sessions at once, and steps that wait for a second factor', async () => {
    const person = await newPerson(world)
    const { code } = await turnOnTwoFactor(person)
    const ways = await everyWayInto(person, code)
    const waiting = new Browser()
    await waiting.signIn(person)
    const password = 'an entirely new passphrase'
    assert.equal((await new Browser().send('/auth/reset-password', { token: ways.link, password })).http, 204)
    assert.deepEqual(await openOf(ways), [])
    assert.equal(
      (await waiting.send('/auth/sign-in/second-factor', { code: code() })).answer.code,
      'accounts.step_ended',
    )
    assert.equal((await new Browser().signIn(person)).http, 401, 'nor does the old password begin another')
  })

  test('MT-05 turning the second factor on ends every session but the own', async () => {
    const person = await newPerson(world)
    const ways = await everyWayInto(person)
    await turnOnTwoFactor(person)
    assert.deepEqual(await openOf(ways), ['link'], 'a link wants the second factor too')
    assert.equal((await person.fetch('/me')).status, 200, 'control: the own')
  })

  test('GHSA-2vg6-77g8-24mp suspended and active again, nothing of before comes back to life', async () => {
    const person = await newPerson(world)
    const ways = await everyWayInto(person)
    assert.equal((await setStatus(person.userId, 'suspended')).status, 200)
    assert.equal((await new Browser().signIn(person)).http, 401)
    assert.equal((await setStatus(person.userId, 'active')).status, 200)
    assert.deepEqual(await openOf(ways), [])
    assert.equal((await new Browser().signIn(person)).http, 200, 'control: he himself')
  })
})

describe('operators', () => {
  const forOperators = new Set(
    modules.flatMap(({ permissions }) =>
      Object.entries(permissions ?? {})
        .filter(([, { forOperators }]) => forOperators)
        .map(([name]) => name),
    ),
  )
  const theirs = routes.filter(({ allow }) => forOperators.has(allow))
  const call = (person: Person, { method, path }: AnyRoute, id = alice.userId) =>
    person.fetch(path.replace('{id}', id), { method })

  test('MT-01 an owner of a tenant, in his own and in any, reaches no route of the operators', async () => {
    assert.ok(theirs.length >= 8, 'control: there are some')
    for (const declared of theirs) {
      for (const person of [alice, viewer]) {
        const response = await call(person, declared)
        assert.equal(response.status, 403, `${declared.method} ${declared.path}`)
      }
    }
    assert.equal((await operator.fetch('/users')).status, 200, 'control')
  })

  test('MT-01 an operator who is removed, or suspended by another, is none from the next request on', async () => {
    for (const end of [
      (person: Person) => operator.fetch(`/users/${person.userId}/operator`, { method: 'DELETE' }),
      (person: Person) => setStatus(person.userId, 'suspended'),
    ]) {
      const second = await operatorWith('Second Ltd')
      await believedNoLonger()
      assert.equal((await second.fetch('/users')).status, 200, 'control')
      assert.ok((await end(second)).ok)
      for (const declared of theirs) {
        assert.ok([401, 403].includes((await call(second, declared)).status), `${declared.method} ${declared.path}`)
      }
    }
  })

  test('MT-01 a hostile operator gets into nobody’s account: he sees no secret, and sets no address and no password', async () => {
    const victim = await newPerson(world)
    const listed = JSON.stringify(await (await operator.fetch(`/users/${victim.userId}`)).json())
    assert.ok(!/argon2|\$2[aby]\$|hash|secret|token/i.test(listed), listed)
    assert.equal((await operator.fetch(`/users/${victim.userId}/password-reset`, { method: 'POST' })).status, 204)
    for (const body of [{ email: operator.email }, { to: operator.email }]) {
      const response = await operator.fetch(`/users/${victim.userId}/password-reset`, { method: 'POST', body })
      assert.equal(response.status, 400)
    }
    await runJobs(world)
    assert.ok(
      (await mailsTo(world, victim.email)).some(({ name }) => name === 'identity.reset_password'),
      'control',
    )
    assert.ok(!(await mailsTo(world, operator.email)).some(({ name }) => name === 'identity.reset_password'))
    for (const status of ['suspended', 'deleted', 'inactive']) {
      assert.equal((await setStatus(operator.userId, status)).status, 409, 'nor does he lock himself out')
    }
    assert.equal(
      (await operator.fetch(`/users/${operator.userId}/two-factor`, { method: 'DELETE', body: { reason: 'x' } }))
        .status,
      409,
    )
  })
})

describe('the link of the first administrator', () => {
  test('MT-01 there is none once there is a user, and no other token does its work', async () => {
    assert.equal(await issueFirstAdministratorToken(app), undefined)
    const wanted = {
      email: 'usurper@example.com',
      password: 'a rather long passphrase',
      fullName: 'U',
      tenantName: 'U',
    }
    const tx = db.scoped({ system: true })
    const guessed = ['', 'x', '0'.repeat(43), randomUUID(), alice.userId, "' or true --"]
    for (const purpose of ['reset_password', 'verify_email', 'sign_in_step'] as const) {
      guessed.push(await issueOneTimeToken(tx, { purpose, userId: alice.userId, minutes: 5 }))
    }
    for (const token of guessed) {
      const { http } = await new Browser().send('/auth/first-administrator', { ...wanted, token })
      assert.equal(http, token === '' ? 400 : 403, token)
    }
    for (const email of [alice.email, 'usurper@example.com']) {
      const { answer } = await new Browser().send('/auth/first-administrator', { ...wanted, email, token: 'x' })
      assert.equal(answer.code, 'accounts.setup_link_invalid', 'nor does it tell who has an account')
    }
    const lapsed = await issueOneTimeToken(tx, { purpose: 'first_administrator', minutes: 0 })
    assert.equal((await new Browser().send('/auth/first-administrator', { ...wanted, token: lapsed })).http, 403)
  })
})

test('GG-04 joining another tenant as its viewer takes no permission along from the own one', async () => {
  const person = await newPerson(world, { tenantName: 'Own Ltd' })
  await joinAs(world, person.userId, alice.tenantId, 'viewer')
  await believedNoLonger()
  const inOther = { 'x-tenant-id': alice.tenantId }
  const put = (headers: Record<string, string>) =>
    person.fetch('/tenant/password-rules', {
      method: 'PUT',
      headers,
      body: { minimumLength: 8, refuseCommon: false, refusedReuses: 0, expiresAfterDays: null },
    })
  assert.equal((await put(inOther)).status, 403)
  assert.equal((await put({})).status, 200, 'control: in his own')
})
