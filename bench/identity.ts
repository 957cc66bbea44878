import { availableParallelism } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { verify } from '@node-rs/argon2'
import pg from 'pg'
import { accountsOf, createAccount } from '#platform/accounts'
import { createToken, hashToken, Keyring } from '#platform/crypto'
import { buildServer, createLogger } from '#platform/http'
import { hashNewPassword, rotateRefreshToken } from '#platform/identity'
import { loadConfig } from '../src/main/config.ts'
import { modules } from '../src/main/modules.ts'
import { createApp } from '../src/main/program.ts'
import type { Bench, BenchContext, BenchResult } from './context.ts'
import { openBetterAuth } from './identity/better-auth.ts'

const people = 200
const password = 'correct horse battery staple'

/**
 * What every request and every sign-in costs with all that Commonhold looks at, against the least that it could cost.
 * Sign-ins go through the whole frame of the server, without a socket: clients would need the cores that are measured.
 * People come back with their browsers, as most do: a known device, whose cookie goes along.
 */
const identity: Bench = async context => {
  const world = await open(context)
  try {
    const results = [
      ...(await benchChecks(world)),
      ...(await benchRefreshes(world)),
      ...(await benchSignIns(world)),
      ...(await compareWithBetterAuth(world, context)),
    ]
    for (const { name, value, unit, target } of results)
      context.log(`${name}: ${value.toFixed(2)} ${unit}${target ? ` (${target})` : ''}`)
    return results
  } finally {
    await world.close()
  }
}

export default identity

type World = Awaited<ReturnType<typeof open>>
type Session = { accessToken: string; refreshToken: string; cookie: string; device: string }

async function open({ login, adminConfig, admin, log }: BenchContext) {
  const { settings } = loadConfig(modules, { COMMONHOLD_LOG_LEVEL: 'info' })
  const keyring = Keyring.parse(Keyring.generate('k1'))
  // The log is written as in service, to where it costs no terminal.
  const app = createApp({ settings, login, keyring, log: createLogger('info', { write: () => {} }) })
  const server = await buildServer({
    app,
    modules,
    authenticate: accountsOf(app).principals.authenticate,
    requestsPerMinute: 1_000_000_000,
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  const pool = new pg.Pool({ ...adminConfig, max: 10 })
  // Its last connections may still be closing when the database is dropped.
  pool.on('error', () => {})
  const passwordHash = await hashNewPassword(password)
  for (let number = 0; number < people; number++) {
    const email = emailOf(number)
    await createAccount(
      app,
      {},
      { email, fullName: 'B', tenantName: `B ${number}`, passwordHash, isEmailVerified: true },
    )
  }
  const signIn = async (number: number): Promise<Session> => {
    const answer = await server.inject({
      method: 'POST',
      url: '/api/v1/auth/sign-in',
      headers: { 'x-forwarded-for': randomAddress() },
      payload: { email: emailOf(number), password },
    })
    if (answer.statusCode !== 200) throw new Error(`Sign-in answered ${answer.statusCode}: ${answer.body}`)
    const cookieOf = (name: string) => answer.cookies.find(cookie => cookie.name === name)?.value ?? ''
    const { accessToken, refreshToken } = answer.json() as Session
    return {
      accessToken,
      refreshToken,
      cookie: cookieOf('__Host-commonhold'),
      device: cookieOf('__Host-commonhold-device'),
    }
  }
  const signInAgain = async (number: number): Promise<void> => {
    const answer = await server.inject({
      method: 'POST',
      url: '/api/v1/auth/sign-in',
      headers: {
        'x-forwarded-for': randomAddress(),
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
        cookie: `__Host-commonhold-device=${(sessions[number] as Session).device}`,
      },
      payload: { email: emailOf(number), password },
    })
    if (answer.statusCode !== 200) throw new Error(`Sign-in answered ${answer.statusCode}: ${answer.body}`)
  }
  const sessions: Session[] = []
  for (let number = 0; number < people; number++) sessions.push(await signIn(number))
  // The rounds sign each person in hundreds of times; in service a browser's new session takes the place of its old one.
  await admin.query(
    `update tenancy.tenants set security_policy = jsonb_set(security_policy, '{session,maxConcurrentSessions}', '1000')`,
  )
  await admin.query('analyze')
  const close = async () => {
    await server.close()
    await Promise.all([app.db.close(), pool.end()])
  }
  return { app, server, pool, sessions, signInAgain, passwordHash, close, log }
}

const emailOf = (number: number) => `person${number}@bench.example`
const randomAddress = () => `10.${[0, 0, 0].map(() => Math.trunc(Math.random() * 256)).join('.')}`
const anyOf = <T>(items: readonly T[]): T => items[Math.trunc(Math.random() * items.length)] as T

/** Who asks, where and what he may do, for a cookie: never remembered, and as it is (believed for two seconds). */
async function benchChecks({ app, pool, sessions, log }: World): Promise<BenchResult[]> {
  const { principals } = accountsOf(app)
  const client = { ipAddress: '192.0.2.1', requestId: 'bench' }
  const text = 'select id, user_id, expires_at, revoked_at from identity.user_sessions where token_hash = $1'
  const bare = () => pool.query({ name: 'bare', text, values: [hashToken(anyOf(sessions).cookie)] })
  const cold = () => {
    principals.forgetAll()
    return principals.authenticate({ cookie: anyOf(sessions).cookie }, client)
  }
  const warm = () => principals.authenticate({ cookie: anyOf(sessions).cookie }, client)
  const results: BenchResult[] = []
  for (const clients of [1, 16]) {
    const rounds = await alternate([bare, cold, warm], clients)
    log(`session check, ${clients} at once, p50 µs: ${rounds[0]?.map(({ p50 }) => (p50 * 1000).toFixed(0)).join(', ')}`)
    const of = (index: number) => median(rounds.map(loads => (loads[index] as Load).p50 / (loads[0] as Load).p50))
    results.push(ratio(`session check, never remembered, latency p50, ${clients} at once`, of(1), '≤', 1.3))
    results.push(ratio(`session check, as it is, latency p50, ${clients} at once`, of(2), '≤', 1.3))
  }
  return results
}

async function benchRefreshes({ app, server, pool, sessions, log }: World): Promise<BenchResult[]> {
  const ids: string[] = (await pool.query('select session_id from identity.refresh_tokens')).rows.map(
    row => row.session_id,
  )
  const text = 'update identity.refresh_tokens set rotated_at = rotated_at where session_id = $1'
  const bare = () => pool.query({ name: 'update', text, values: [anyOf(ids)] })
  const tokens = sessions.map(({ refreshToken }) => refreshToken)
  const next = () => tokens.shift() ?? createToken()
  const system = app.db.scoped({ system: true })
  const rotate = async () => {
    const rotated = await rotateRefreshToken(system, next())
    if (!rotated) throw new Error('A refresh token was refused')
    tokens.push(rotated.refreshToken)
  }
  const whole = async () => {
    const answer = await server.inject({
      method: 'POST',
      url: '/api/v1/auth/refresh',
      headers: { 'x-forwarded-for': randomAddress() },
      payload: { refreshToken: next() },
    })
    if (answer.statusCode !== 200) throw new Error(`Refresh answered ${answer.statusCode}: ${answer.body}`)
    tokens.push((answer.json() as Session).refreshToken)
  }
  const rounds = await alternate([bare, rotate, whole], 16, { warmUp: 1_500 })
  log(`refresh a second: ${rounds[0]?.map(({ perSecond }) => perSecond.toFixed(0)).join(', ')}`)
  const of = (index: number) =>
    median(rounds.map(loads => (loads[index] as Load).perSecond / (loads[0] as Load).perSecond))
  return [
    ratio('refresh rotations a second, 16 at once, against one update by key', of(1), '≥', 0.6),
    { name: 'the same as a request, with tenants and access token', value: of(2), unit: '×' },
  ]
}

async function benchSignIns({ server, signInAgain, passwordHash, log }: World): Promise<BenchResult[]> {
  const idle = await delayDuring(() => new Promise(resolve => setTimeout(resolve, 2_000)))
  // More at once than there are cores hash no faster, but take the cores from whoever else has work on this machine.
  const cores = availableParallelism()
  const raw = () => verify(passwordHash, password)
  let number = 0
  const whole = () => signInAgain(number++ % people)
  const rounds = await alternate([raw, whole], [cores, cores * 4], { milliseconds: 2_000, rounds: 7, warmUp: 5_000 })
  log(`sign-ins a second: ${rounds[0]?.map(({ perSecond }) => perSecond.toFixed(0)).join(', ')}`)
  const value = median(rounds.map(([one, other]) => (other as Load).perSecond / (one as Load).perSecond))

  const pings: number[] = []
  let isDone = false
  const pinging = (async () => {
    while (!isDone) {
      const started = performance.now()
      await server.inject({ url: '/livez' })
      pings.push(performance.now() - started)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  })()
  const p99 = await delayDuring(() => load(whole, 32, 5_000))
  isDone = true
  await pinging
  pings.sort((one, other) => one - other)
  const ping = pings[Math.floor(pings.length * 0.99)] as number
  return [
    ratio('sign-ins a second, four for each core at once, against Argon2id alone', value, '≥', 0.85),
    { name: 'event-loop delay without any work, p99', value: idle, unit: 'ms' },
    { name: 'event-loop delay under 32 sign-ins at once, p99', value: p99, unit: 'ms', target: '≤ 50', ok: p99 <= 50 },
    { name: 'another route meanwhile, p99', value: ping, unit: 'ms', target: '≤ 50', ok: ping <= 50 },
  ]
}

/** Side by side on the same server. It has no refresh tokens of its own: its sessions live on by being used. */
async function compareWithBetterAuth(
  { app, sessions, signInAgain, log }: World,
  { adminConfig }: BenchContext,
): Promise<BenchResult[]> {
  const other = await openBetterAuth(adminConfig, { count: 50, password })
  if (!other) {
    log('better-auth is not installed (npm install --no-save better-auth): nothing to compare with')
    return []
  }
  try {
    const { principals } = accountsOf(app)
    const check = () =>
      principals.authenticate({ cookie: anyOf(sessions).cookie }, { ipAddress: '192.0.2.1', requestId: 'bench' })
    const cold = () => {
      principals.forgetAll()
      return check()
    }
    let number = 0
    const checks = await alternate([check, cold, () => other.check(number++ % 50)], 16)
    const signIns = await alternate([() => signInAgain(number++ % people), () => other.signIn(number++ % 50)], 8, {
      milliseconds: 2_000,
      rounds: 5,
      warmUp: 2_000,
    })
    const of = (rounds: Load[][], index: number) => median(rounds.map(loads => (loads[index] as Load).perSecond))
    return [
      { name: 'session checks a second, 16 at once: as it is', value: of(checks, 0), unit: '/s' },
      { name: '… never remembered', value: of(checks, 1), unit: '/s' },
      { name: '… better-auth', value: of(checks, 2), unit: '/s' },
      { name: 'sign-ins a second, 8 at once: with Argon2id', value: of(signIns, 0), unit: '/s' },
      { name: '… better-auth, with scrypt', value: of(signIns, 1), unit: '/s' },
    ]
  } finally {
    await other.close()
  }
}

/** Its p99 in milliseconds, without the time between two looks at the clock. */
async function delayDuring(work: () => Promise<unknown>): Promise<number> {
  const resolution = 5
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  await work()
  delay.disable()
  return Math.max(0, delay.percentile(99) / 1e6 - resolution)
}

function ratio(name: string, value: number, direction: '≤' | '≥', limit: number): BenchResult {
  return {
    name,
    value,
    unit: '×',
    target: `${direction} ${limit}`,
    ok: direction === '≤' ? value <= limit : value >= limit,
  }
}

type Load = { perSecond: number; p50: number }

/**
 * Rounds of all candidates, the first to go changing, so that the machine's moods fall on all alike. Warmed up long enough
 * that each connection has its plans: the first five times PostgreSQL plans a statement anew.
 */
async function alternate(
  candidates: (() => Promise<unknown>)[],
  clients: number | number[],
  { milliseconds = 700, rounds = 9, warmUp = 500 } = {},
): Promise<Load[][]> {
  const clientsOf = (index: number) => (typeof clients === 'number' ? clients : (clients[index] as number))
  for (const [index, candidate] of candidates.entries()) await load(candidate, clientsOf(index), warmUp)
  const measured: Load[][] = []
  for (let round = 0; round < rounds; round++) {
    const loads: Load[] = []
    for (let turn = 0; turn < candidates.length; turn++) {
      const index = (round + turn) % candidates.length
      loads[index] = await load(candidates[index] as () => Promise<unknown>, clientsOf(index), milliseconds)
    }
    measured.push(loads)
  }
  return measured
}

async function load(work: () => Promise<unknown>, clients: number, milliseconds: number): Promise<Load> {
  const latencies: number[] = []
  const started = performance.now()
  const until = started + milliseconds
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        const begun = performance.now()
        await work()
        latencies.push(performance.now() - begun)
      }
    }),
  )
  latencies.sort((one, other) => one - other)
  const seconds = (performance.now() - started) / 1000
  return { perSecond: latencies.length / seconds, p50: latencies[Math.floor(latencies.length / 2)] as number }
}

function median(figures: number[]): number {
  return figures.sort((one, other) => one - other)[Math.floor(figures.length / 2)] as number
}
