import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'
import { deviceCookie } from './replies.ts'

const world = await testWorld()
const { admin, baseUrl } = world
const api = `${baseUrl}/api/v1`

const post = (body: { email: string; password: string }, headers: Record<string, string> = {}) =>
  fetch(`${api}/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress(), ...headers },
    body: JSON.stringify(body),
  })
const credentialsOf = ({ email, password }: Person) => ({ email, password })

/** Signs in on a new device; the headers by which it is known again. */
async function useDevice(person: Person): Promise<Record<string, string>> {
  const response = await post(credentialsOf(person))
  assert.equal(response.status, 200)
  const cookie = response.headers.getSetCookie().find(text => text.startsWith(`${deviceCookie}=`))
  return { cookie: cookie?.split(';')[0] as string }
}

const tracesOf = async ({ userId }: Person) => {
  const { rows } = await admin.query(
    `select
      (select login_count from identity.users where id = $1) as logins,
      (select count(*)::int from identity.user_devices where user_id = $1) as devices,
      (select count(*)::int from identity.user_sessions where user_id = $1 and device_id is not null) as sessions,
      (
        select count(*)::int
        from identity.refresh_tokens
        join identity.user_sessions on user_sessions.id = session_id
        where user_id = $1
      ) as tokens,
      (
        select count(*)::int
        from identity.login_histories
        join identity.user_sessions on user_sessions.id = session_id
        where login_histories.user_id = $1 and status = 'success'
      ) as history,
      (
        select count(*)::int
        from audit.audit_logs
        join identity.user_sessions on user_sessions.id::text = resource_id
        where action = 'sign_in' and audit_logs.user_id = $1
      ) as events`,
    [userId],
  )
  return rows[0]
}

test('MT-09 GG-19 a sign-in leaves the same behind on a known device as on a new one', async () => {
  const person = await newPerson(world, { tenantName: 'Known Devices' })
  const before = await tracesOf(person)
  const device = await useDevice(person)
  const onNew = await tracesOf(person)
  assert.equal((await post(credentialsOf(person), device)).status, 200)
  const onKnown = await tracesOf(person)
  const grown = (earlier: typeof before, later: typeof before) =>
    Object.fromEntries(Object.keys(later).map(key => [key, later[key] - earlier[key]]))
  const alike = { logins: 1, sessions: 1, tokens: 1, history: 1, events: 1 }
  assert.deepEqual(grown(before, onNew), { ...alike, devices: 1 })
  assert.deepEqual(grown(onNew, onKnown), { ...alike, devices: 0 })
})

test('MT-05 a device of somebody else is not a known one', async () => {
  const [owner, other] = [await newPerson(world), await newPerson(world)]
  const device = await useDevice(owner)
  const before = await tracesOf(other)
  assert.equal((await post(credentialsOf(other), device)).status, 200)
  assert.equal((await tracesOf(other)).devices, before.devices + 1)
})

test('MT-03 (after CVE-2026-16103) of many guesses at once on a known device the right one does not slip past its lock', async () => {
  const person = await newPerson(world)
  const device = await useDevice(person)
  assert.equal((await post(credentialsOf(person), device)).status, 200, 'control: the password is right')
  const before = await tracesOf(person)
  const guesses = Array.from({ length: 20 }, () => post({ email: person.email, password: 'wrong wrong wrong' }, device))
  const right = post(credentialsOf(person), device)
  const answers = await Promise.all([...guesses, right])
  const { rows } = await admin.query(
    'select resting_until > now() as rests from identity.user_devices where user_id = $1 and failed_attempts > 0',
    [person.userId],
  )
  assert.deepEqual(rows, [{ rests: true }])
  assert.equal(answers.at(-1)?.status, 401)
  assert.deepEqual(await tracesOf(person), before, 'nothing of a sign-in is left behind')
  assert.equal((await post(credentialsOf(person))).status, 200, 'control: the account itself does not rest')
})

test('GG-02 of 400 sign-ins at once some wait and are done, the others are told when to come again, and the rest is served', async () => {
  const person = await newPerson(world)
  const device = await useDevice(person)
  const signIns = Array.from({ length: 400 }, () => post(credentialsOf(person), device))
  let isOver = false
  const all = Promise.all(signIns).finally(() => {
    isOver = true
  })
  const pings: number[] = []
  while (!isOver) {
    const started = performance.now()
    assert.equal((await fetch(`${baseUrl}/livez`)).status, 200)
    assert.equal((await person.fetch('/me')).status, 200)
    pings.push(performance.now() - started)
  }
  const answers = await all
  const byStatus = Map.groupBy(answers, ({ status }) => status)
  assert.deepEqual([...byStatus.keys()].toSorted(), [200, 503])
  for (const answer of byStatus.get(503) ?? []) {
    assert.equal(answer.headers.get('retry-after'), '3')
    assert.equal(((await answer.json()) as { code: string }).code, 'identity.hashing_busy')
  }
  pings.sort((one, other) => one - other)
  const middle = pings[Math.floor(pings.length / 2)] as number
  assert.ok(
    pings.length > 5 && middle < 500,
    `${pings.length} other requests meanwhile, half of them within ${middle} ms`,
  )
})
