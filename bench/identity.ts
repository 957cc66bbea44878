import { monitorEventLoopDelay } from 'node:perf_hooks'
import { verify } from '@node-rs/argon2'
import pg from 'pg'
import { accountsOf, createAccount } from '#platform/accounts'
import { createToken, hashToken, Keyring } from '#platform/crypto'
import { buildServer, createLogger } from '#platform/http'
import { hashNewPassword } from '#platform/identity'
import { loadConfig } from '../src/main/config.ts'
import { modules } from '../src/main/modules.ts'
import { createApp } from '../src/main/program.ts'
import type { Bench, BenchContext, BenchResult } from './context.ts'

const people = 200
const password = 'correct horse battery staple'

/**
 * What every request and every sign-in costs with all that Commonhold looks at, against the least that it could cost.
 * Requests go through the whole frame of the server without a socket: clients would need the cores that are measured.
 */
const identity: Bench = async context => {
  const world = await open(context)
  try {
    const results = [...(await benchChecks(world)), ...(await benchRefreshes(world)), ...(await benchSignIns(world))]
    for (const { name, value, unit, target } of results) context.log(`${name}: ${value.toFixed(2)} ${unit} (${target})`)
    return results
  } finally {
    await world.close()
  }
}

export default identity

type World = Awaited<ReturnType<typeof open>>
type Session = { accessToken: string; refreshToken: string; cookie: string }

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
    const cookie = answer.cookies.find(({ name }) => name === '__Host-commonhold')?.value ?? ''
    return { ...(answer.json() as Session), cookie }
  }
  const sessions: Session[] = []
  for (let number = 0; number < people; number++) sessions.push(await signIn(number))
  await admin.query('analyze')
  const close = async () => {
    await server.close()
    await Promise.all([app.db.close(), pool.end()])
  }
  return { app, server, pool, sessions, signIn, passwordHash, close, log }
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

async function benchRefreshes({ server, pool, sessions, log }: World): Promise<BenchResult[]> {
  const ids: string[] = (await pool.query('select id from identity.refresh_tokens')).rows.map(row => row.id)
  const text = 'update identity.refresh_tokens set used_at = used_at where id = $1'
  const bare = () => pool.query({ name: 'update', text, values: [anyOf(ids)] })
  const tokens = sessions.map(({ refreshToken }) => refreshToken)
  const rotate = async () => {
    const refreshToken = tokens.shift() ?? createToken()
    const answer = await server.inject({
      method: 'POST',
      url: '/api/v1/auth/refresh',
      headers: { 'x-forwarded-for': randomAddress() },
      payload: { refreshToken },
    })
    if (answer.statusCode !== 200) throw new Error(`Refresh answered ${answer.statusCode}: ${answer.body}`)
    tokens.push((answer.json() as Session).refreshToken)
  }
  const rounds = await alternate([bare, rotate], 16)
  log(`refresh a second: ${rounds[0]?.map(({ perSecond }) => perSecond.toFixed(0)).join(', ')}`)
  const value = median(rounds.map(([one, other]) => (other as Load).perSecond / (one as Load).perSecond))
  return [ratio('refresh rotations a second, 16 at once, against one update by key', value, '≥', 0.6)]
}

async function benchSignIns({ server, signIn, passwordHash, log }: World): Promise<BenchResult[]> {
  const raw = () => verify(passwordHash, password)
  let number = 0
  const whole = () => signIn(number++ % people)
  const rounds = await alternate([raw, whole], 8, 2_000, 5)
  log(`sign-ins a second: ${rounds[0]?.map(({ perSecond }) => perSecond.toFixed(0)).join(', ')}`)
  const value = median(rounds.map(([one, other]) => (other as Load).perSecond / (one as Load).perSecond))

  const delay = monitorEventLoopDelay({ resolution: 5 })
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
  delay.enable()
  await load(whole, 32, 3_000)
  delay.disable()
  isDone = true
  await pinging
  pings.sort((one, other) => one - other)
  const p99 = delay.percentile(99) / 1e6
  const ping = pings[Math.floor(pings.length * 0.99)] as number
  return [
    ratio('sign-ins a second, 8 at once, against Argon2id alone', value, '≥', 0.85),
    { name: 'event-loop delay under 32 sign-ins at once, p99', value: p99, unit: 'ms', target: '≤ 50', ok: p99 <= 50 },
    { name: 'another route meanwhile, p99', value: ping, unit: 'ms', target: '≤ 50', ok: ping <= 50 },
  ]
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

/** Rounds of all candidates, the first to go changing, so that the machine's moods fall on all alike. */
async function alternate(
  candidates: (() => Promise<unknown>)[],
  clients: number,
  ms = 700,
  rounds = 9,
): Promise<Load[][]> {
  for (const candidate of candidates) await load(candidate, clients, 500)
  const measured: Load[][] = []
  for (let round = 0; round < rounds; round++) {
    const loads: Load[] = []
    for (let turn = 0; turn < candidates.length; turn++) {
      const index = (round + turn) % candidates.length
      loads[index] = await load(candidates[index] as () => Promise<unknown>, clients, ms)
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
