import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import bcrypt from 'bcryptjs'
import type { App } from '#platform/app.ts'
import type { Queryable, Scope } from '#platform/database'
import { hashNewPassword, issueOneTimeToken } from '#platform/identity'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'
import { askPasswordReset } from '../../src/platform/accounts/password-changes.ts'
import { signIn } from '../../src/platform/accounts/sign-ins.ts'
import { askForAccount } from '../../src/platform/accounts/sign-ups.ts'
import { askForEmailChange } from '../../src/platform/identity/email-changes.ts'
import type { Purpose } from '../../src/platform/identity/one-time-tokens.ts'
import { findStandIn, forgetShares } from '../../src/platform/identity/passwords.ts'

const world = await testWorld()
const { app, db, admin, alice, baseUrl } = world
const system: Scope = { system: true }
const password = 'correct horse battery staple'
const wrong = 'not the password of anybody'

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${baseUrl}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress(), ...headers },
    body: JSON.stringify(body),
  })

let crowds = 0
/** Many accounts at once, past the program: as `change` makes them. */
async function makeCrowd(size: number, passwordHash: string | null, change = ''): Promise<string[]> {
  const name = `crowd${++crowds}`
  const { rows } = await admin.query<{ id: string; email: string }>(
    `insert into identity.users (id, email, full_name, email_verified_at)
     select gen_random_uuid(), $1 || '-' || number || '@crowd.example', 'One of many', now()
     from generate_series(1, $2) as number
     returning id, email`,
    [name, size],
  )
  const ids = rows.map(({ id }) => id)
  await admin.query('insert into identity.user_profiles (user_id) select unnest($1::uuid[])', [ids])
  if (passwordHash !== null) {
    await admin.query('insert into identity.passwords (user_id, password_hash) select unnest($1::uuid[]), $2', [
      ids,
      passwordHash,
    ])
  }
  if (change) await admin.query(`update identity.users set ${change} where id = any ($1)`, [ids])
  return rows.map(({ email }) => email)
}

/** Enough for each round of a measurement to guess once at each. */
const samples = 220
// Of little work: what differs besides would drown in that of Argon2id.
const cheap = await bcrypt.hash(password, 4)
const argon2 = await hashNewPassword(password)
const locked = `failed_login_attempts = 9, account_locked_until = now() + interval '1 day'`
const crowdsOf = {
  active: await makeCrowd(samples, cheap),
  locked: await makeCrowd(samples, cheap, locked),
  suspended: await makeCrowd(samples, cheap, `status = 'suspended', status_changed_at = now()`),
  inactive: await makeCrowd(5, argon2, `status = 'inactive', deactivated_at = now()`),
  deleted: await makeCrowd(5, argon2, `status = 'deleted', deleted_at = now()`),
  unverified: await makeCrowd(5, argon2, 'email_verified_at = null'),
  'hashed with Argon2id': await makeCrowd(60, argon2),
}
type Kind = keyof typeof crowdsOf
// Counted when somebody signed in first, with a crowd of none: for a minute no stranger would cost what these accounts do.
forgetShares(app)

/** Addresses of nobody whose refusal costs an Argon2id hash, or one of bcrypt. */
async function strangers(size: number, withBcrypt = false): Promise<string[]> {
  const found: string[] = []
  while (found.length < size) {
    const email = `stranger-${randomUUID()}@crowd.example`
    if (((await findStandIn(app, email)) !== undefined) === withBcrypt) found.push(email)
  }
  return found
}

const varying = ['date', 'x-request-id', 'ratelimit', 'set-cookie', 'content-length']

/** What an answer tells, but for what differs from one request to the next whoever asks. */
async function told(response: Response, email: string) {
  const body = (await response.text())
    .replaceAll(email || 'none', 'ADDRESS')
    .replace(/"requestId":"[^"]+"/, '')
    .replace(/"\d{4}-\d\d-\d\dT[^"]+"/g, '"TIME"')
  const headers = [...response.headers].filter(([name]) => !varying.includes(name))
  const cookies = response.headers
    .getSetCookie()
    .map(cookie => cookie.replace(/=[^;]*/, '').replace(/Expires=[^;]*/, ''))
  return {
    status: response.status,
    body,
    headers: headers.map(String),
    cookies,
    hasQuota: response.headers.has('ratelimit'),
  }
}

describe('what answers tell', () => {
  const asks: Record<string, (email: string) => Promise<Response>> = {
    'a wrong password': email => post('/auth/sign-in', { email, password: wrong }),
    'a wrong password, for a tenant': email =>
      post('/auth/sign-in', { email, password: wrong }, { 'x-tenant-id': alice.tenantId }),
    'the address in capitals': email => post('/auth/sign-in', { email: email.toUpperCase(), password: wrong }),
    'an empty cookie of a device': email =>
      post('/auth/sign-in', { email, password: wrong }, { cookie: '__Host-commonhold-device=x' }),
    'a sign-up': email => post('/auth/sign-up', { email, password: 'a rather long passphrase', fullName: 'Asker' }),
    'a sign-up with a refused password': email =>
      post('/auth/sign-up', { email, password: 'password1', fullName: 'Asker' }),
    'a forgotten password': email => post('/auth/forgot-password', { email }),
    'the options of passkeys': email => post('/auth/passkeys/options', { email }),
    'a setup without a link': email =>
      post('/auth/first-administrator', {
        token: 'x',
        email,
        password: 'a rather long passphrase',
        fullName: 'A',
        tenantName: 'A',
      }),
  }
  for (const [what, ask] of Object.entries(asks)) {
    test(`MT-04 ${what} is answered alike for every kind of account and for none, header by header`, async () => {
      const [nobody = ''] = await strangers(1)
      const expected = await told(await ask(nobody), nobody)
      assert.ok(expected.status < 500)
      for (const [kind, [email = '']] of Object.entries(crowdsOf)) {
        assert.deepEqual(await told(await ask(email), email), expected, kind)
      }
      // Once more, after what has been asked by now.
      assert.deepEqual(await told(await ask(nobody), nobody), expected)
    })
  }

  test('PE-02 the right password of an account that is closed or rests is answered like a wrong one', async () => {
    const [nobody = ''] = await strangers(1)
    const ask = (email: string) => post('/auth/sign-in', { email, password })
    const expected = await told(await ask(nobody), nobody)
    for (const kind of ['locked', 'suspended', 'inactive', 'deleted'] as const) {
      const email = crowdsOf[kind].at(-1) ?? ''
      assert.deepEqual(await told(await ask(email), email), expected, kind)
    }
    assert.equal((await ask(crowdsOf.active.at(-1) ?? '')).status, 200, 'control: it is the right one')
  })

  test('MT-04 a change of the address is answered alike whether or not the new one has an account', async () => {
    const person = await newPerson(world)
    const ask = async (email: string) =>
      told(await person.fetch('/me/email', { method: 'POST', body: { email } }), email)
    const [nobody = ''] = await strangers(1)
    const expected = await ask(nobody)
    assert.equal(expected.status, 202)
    for (const kind of Object.keys(crowdsOf) as Kind[])
      assert.deepEqual(await ask(crowdsOf[kind][1] ?? ''), expected, kind)
    const [free = ''] = await strangers(1)
    const taken = crowdsOf.active[2] ?? ''
    for (const email of [free, taken]) await ask(email)
    const [toFree, toTaken] = [await mailsTo(world, free), await mailsTo(world, taken)]
    assert.deepEqual(
      [toFree.at(-1)?.name, toTaken.at(-1)?.name],
      ['identity.confirm_new_email', 'identity.address_in_use'],
    )
    assert.equal(toTaken.at(-1)?.token, undefined, 'control: the mail tells, and to its reader only')
  })

  test('MT-04 a link that opens nothing is refused alike, whatever it was and whose', async () => {
    const idOf = async (email: string) =>
      (await admin.query('select id from identity.users where email = $1', [email])).rows[0].id as string
    const tx = db.scoped(system)
    const issue = (purpose: Purpose, userId: string, email: string, minutes = 5) =>
      issueOneTimeToken(tx, { purpose, userId, minutes, details: { email } })
    const links: [string, Purpose, object][] = [
      ['/auth/reset-password', 'reset_password', { password: 'an entirely new passphrase' }],
      ['/auth/reset-password/check', 'reset_password', {}],
      ['/auth/confirm-email', 'verify_email', {}],
      ['/auth/verify-sign-up', 'verify_email', { password }],
    ]
    for (const [path, purpose, body] of links) {
      const expected = await told(await post(path, { token: 'never-issued', ...body }), '')
      assert.ok(expected.status === 400 || expected.status === 403, path)
      for (const kind of ['suspended', 'inactive', 'deleted'] as const) {
        const email = crowdsOf[kind][3] ?? ''
        const token = await issue(purpose, await idOf(email), email)
        assert.deepEqual(await told(await post(path, { token, ...body }), ''), expected, `${path} ${kind}`)
      }
      const email = crowdsOf.active[3] ?? ''
      const lapsed = await issue(purpose, await idOf(email), email, 0)
      const moved = await issue(purpose, await idOf(email), 'another@crowd.example')
      for (const token of [lapsed, ...(path === '/auth/confirm-email' ? [] : [moved])]) {
        assert.deepEqual(await told(await post(path, { token, ...body }), ''), expected, `${path} lapsed or moved`)
      }
    }
  })

  test('MT-04 the mails of a sign-up tell its owner, and come for both', async () => {
    const [free = ''] = await strangers(1)
    const taken = crowdsOf.active[4] ?? ''
    for (const email of [free, taken])
      await post('/auth/sign-up', { email, password: 'a rather long passphrase', fullName: 'A' })
    assert.deepEqual(
      [...(await mailsTo(world, free)), ...(await mailsTo(world, taken))],
      [],
      'none with the answer itself',
    )
    await runJobs(world)
    const names = [(await mailsTo(world, free)).at(-1)?.name, (await mailsTo(world, taken)).at(-1)?.name]
    assert.deepEqual(names, ['accounts.confirm_sign_up', 'accounts.account_exists'])
  })
})

describe('what the database is asked', () => {
  /** The program, with a record of what it asks. */
  function recording(): { app: App; asked: string[] } {
    const asked: string[] = []
    const recorded = (tx: Queryable): Queryable =>
      new Proxy(tx, {
        get(target, name) {
          const value = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return (...given: unknown[]) => {
            asked.push(String(name))
            return value.apply(target, given)
          }
        },
      })
    const recordedDb = new Proxy(db, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name === 'scoped' || name === 'reads') return (scope: Scope) => recorded(value.call(target, scope))
        if (name !== 'transaction') return value.bind(target)
        return async (scope: Scope, work: (tx: Queryable) => Promise<unknown>) => {
          asked.push('begin')
          return await value.call(target, scope, (tx: Queryable) => work(recorded(tx)))
        }
      },
    })
    return { app: { ...app, db: recordedDb }, asked }
  }
  const client = (): Scope => ({ ipAddress: randomAddress(), requestId: randomUUID(), userAgent: 'Mozilla/5.0' })

  const asks: Record<string, (app: App, email: string) => Promise<unknown>> = {
    'a sign-in': async (app, email) =>
      await signIn(app, { scope: client(), deviceToken: undefined }, { email, password: wrong }).catch(({ code }) => {
        assert.equal(code, 'accounts.credentials_wrong')
      }),
    'a sign-up': (app, email) =>
      askForAccount(app, client(), { email, password: 'a rather long passphrase', fullName: 'A' }),
    'a forgotten password': (app, email) => askPasswordReset(app, client(), email),
    'a change of the address': (app, email) =>
      app.db.transaction({ ...client(), ...system }, async tx =>
        askForEmailChange(app, tx, { userId: alice.userId, sessionId: await sessionOf(alice), email }),
      ),
  }
  const sessionOf = async ({ userId }: Person) =>
    (await admin.query('select id from identity.user_sessions where user_id = $1 limit 1', [userId])).rows[0]
      .id as string

  for (const [what, ask] of Object.entries(asks)) {
    test(`MT-04 ${what} asks the database the same, in the same order, whoever has the address`, async () => {
      const { app: recorded, asked } = recording()
      const askedFor = async (email: string) => {
        asked.length = 0
        await ask(recorded, email)
        return asked.join(' ')
      }
      const [nobody = '', other = ''] = await strangers(2)
      await askedFor(nobody)
      const expected = await askedFor(other)
      assert.ok(expected.length > 2, 'control: it is recorded')
      for (const kind of Object.keys(crowdsOf) as Kind[]) {
        assert.equal(await askedFor(crowdsOf[kind].at(-2) ?? ''), expected, kind)
      }
    })
  }
})

/** The z-score of Mann and Whitney's U: how surely one kind of sample takes longer than the other. */
function scoreOf(left: readonly number[], right: readonly number[]): number {
  const all = [...left.map(value => ({ value, isLeft: true })), ...right.map(value => ({ value, isLeft: false }))]
  all.sort((one, other) => one.value - other.value)
  const ranks = all.reduce((sum, { isLeft }, rank) => (isLeft ? sum + rank + 1 : sum), 0)
  const [n, m] = [left.length, right.length]
  const u = ranks - (n * (n + 1)) / 2
  return (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12)
}

/** By how much one kind usually takes longer, ms: the median of all differences (Hodges and Lehmann). */
function shiftOf(left: readonly number[], right: readonly number[]): number {
  const differences = left.flatMap(one => right.map(other => one - other)).sort((one, other) => one - other)
  return differences[differences.length >> 1] as number
}

/** What is told apart by so many samples, and what a comparison must be able to tell, or it does not count. */
type Care = { samples: number; least: (usual: number) => number; control: (time: number, usual: number) => number }

/**
 * What somebody on the same machine tells apart; across a network he would need far more tries. A busy machine stretches
 * all of it.
 */
const fine: Care = {
  samples,
  least: usual => Math.max(1, usual / 10),
  control: (time, usual) => time + Math.max(3, usual / 2),
}
/** Where the work of a hash covers the rest: whether it is done at all. */
const coarse: Care = { samples: 60, least: usual => usual / 4, control: time => time * 0.4 }

const usualOf = (times: readonly number[]) => times.toSorted((one, other) => one - other)[times.length >> 1] as number

const isToldApart = (left: readonly number[], right: readonly number[], { least }: Care) =>
  Math.abs(scoreOf(left, right)) > 4 && Math.abs(shiftOf(left, right)) > least(usualOf(right))

const changed = (times: readonly number[], { control }: Care) => times.map(time => control(time, usualOf(times)))

/**
 * Asks for both in turn and compares the distributions, not single times. A busy machine may skew or blur one round, not
 * three; a round counts only where it would have seen the control.
 */
async function takesAsLong(
  kinds: { known: readonly string[]; unknown: readonly string[] },
  ask: (email: string) => Promise<unknown>,
  care = fine,
): Promise<void> {
  const seen: string[] = []
  for (let round = 0; round < 3; round++) {
    const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] }
    for (let index = 0; index < care.samples; index++) {
      // Turn about, so that neither is always the one after a collection of garbage or the like.
      for (const kind of index % 2 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) {
        const list = kinds[kind]
        const began = performance.now()
        await ask(list[index % list.length] as string)
        times[kind].push(performance.now() - began)
      }
    }
    const { known, unknown } = times
    const isSharp = isToldApart(changed(known, care), unknown, care)
    if (isSharp && !isToldApart(known, unknown, care)) return
    const measured = `${shiftOf(known, unknown).toFixed(3)} ms, z ${scoreOf(known, unknown).toFixed(1)}`
    seen.push(isSharp ? measured : `${measured}, too blurred to count`)
  }
  assert.fail(`An account is told by the time of the answer: ${seen.join('; ')}`)
}

describe('what the time of an answer tells', () => {
  const guess = async (email: string) => {
    const response = await post('/auth/sign-in', { email, password: wrong })
    assert.equal(response.status, 401)
    await response.arrayBuffer()
  }
  for (const kind of ['active', 'locked', 'suspended'] as const) {
    test(`MT-03 PE-01 a wrong password takes as long for an account that is ${kind} as for none`, async () => {
      await takesAsLong({ known: crowdsOf[kind], unknown: await strangers(samples, true) }, guess)
    })
  }

  test('MT-03 GG-02 the work of Argon2id is done whether or not there is an account', async () => {
    const known = crowdsOf['hashed with Argon2id']
    await takesAsLong({ known, unknown: await strangers(60) }, guess, coarse)
  })

  test('MT-04 a forgotten password takes as long with an account as without', async () => {
    await takesAsLong({ known: crowdsOf.active, unknown: await strangers(samples) }, async email => {
      assert.equal((await post('/auth/forgot-password', { email })).status, 202)
    })
  })

  test('MT-04 the password of a sign-up is hashed whether or not there is an account', async () => {
    const ask = async (email: string) => {
      const body = { email, password: 'a rather long passphrase', fullName: 'Asker' }
      assert.equal((await post('/auth/sign-up', body)).status, 202)
    }
    await takesAsLong({ known: crowdsOf.active, unknown: await strangers(60) }, ask, coarse)
  })

  test('MT-04 a change to the address of another takes as long as to one of nobody', async () => {
    const { rows } = await admin.query('select id from identity.user_sessions where user_id = $1 limit 1', [
      alice.userId,
    ])
    await takesAsLong({ known: crowdsOf.active, unknown: await strangers(samples) }, email =>
      db.transaction(system, tx => askForEmailChange(app, tx, { userId: alice.userId, sessionId: rows[0].id, email })),
    )
  })

  test('the control: of what the comparison is to find it finds 3 ms, an early return and nothing else', () => {
    // Times as they are on a machine with nothing else to do: 8 ms and a tail.
    let seed = 7
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647
      return seed / 2_147_483_647
    }
    const draw = () => Array.from({ length: samples }, () => 6 + 4 * random() + (random() < 0.1 ? 20 * random() : 0))
    for (let turn = 0; turn < 20; turn++) {
      const [known, unknown] = [draw(), draw()]
      assert.equal(isToldApart(known, unknown, fine), false)
      assert.equal(
        isToldApart(
          known.map(time => time + 3),
          unknown,
          fine,
        ),
        true,
      )
      assert.equal(isToldApart(changed(known, coarse), unknown, coarse), true)
    }
  })
})
