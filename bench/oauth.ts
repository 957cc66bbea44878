import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import type { Bench, BenchResult } from './context.ts'
import type { Tokens } from './oauth/alone.ts'
import type { Floor } from './oauth/floors.ts'
import type { Process } from './oauth/processes.ts'
import { type Issuer, openWorld, type World } from './oauth/world.ts'
import { median } from './tenancy/load.ts'

/**
 * `--profile=FOLDER` has V8 write there what the servers did, as a `.cpuprofile` each; `--only=NAMES` measures some parts, with
 * commas between.
 */
const { values: flags } = parseArgs({
  strict: false,
  options: {
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '3' },
    profile: { type: 'string' },
    only: { type: 'string' },
  },
})
const seconds = Number(flags.seconds)
const rounds = Number(flags.rounds)
const clients = 16
const issuers = 1_000

/** Client-credential grants a second of each vCPU, as their makers tell. */
const published = { 'Zitadel, 2,006/s on 42 + 8': 2_006 / 50, 'Keycloak, 120/s on each': 120 }

/**
 * What tokens cost where each is kept as a hash in PostgreSQL and all that it rests on is asked for at each use: against
 * oidc-provider alone in the memory of its process, and against one row of the same database. Each is a process of its own
 * beside this one, which asks.
 */
const oauth: Bench = async context => {
  const world = await openWorld(context, flags.profile === undefined ? undefined : String(flags.profile))
  try {
    const results: BenchResult[] = []
    const only = flags.only === undefined ? Object.keys(parts) : String(flags.only).split(',')
    for (const [name, part] of Object.entries(parts)) {
      if (!only.includes(name)) continue
      const measured = await part(world)
      for (const each of measured) {
        const { value, unit, target } = each
        context.log(`${each.name}: ${value.toPrecision(4)} ${unit}${target ? ` (${target})` : ''}`)
      }
      results.push(...measured)
    }
    return results
  } finally {
    await world.close()
  }
}

export default oauth

const parts = {
  grants: benchGrants,
  introspections: benchIntrospections,
  userinfo: benchUserinfo,
  rotations: benchRotations,
  issuers: measureIssuers,
}

async function benchGrants(world: World): Promise<BenchResult[]> {
  const grants = async (issuer: Issuer) =>
    askingFor(issuer, '/token', [grantForm], body => body.includes('access_token'))
  const measured = await compare(world, grants, 'insert')
  const perCore = median(measured.map(({ ours }) => ours.perCore))
  return [
    ...resultsOf('client-credential grants', measured, 'INSERT'),
    ...Object.entries(published).map(([who, each]) => ({
      name: `… against ${who} vCPU, per core`,
      value: perCore / each,
      unit: '×',
    })),
  ]
}

async function benchIntrospections(world: World): Promise<BenchResult[]> {
  const introspections = async (issuer: Issuer) => {
    const tokens = await Promise.all(
      Array.from({ length: clients }, async () => {
        const answer = await post(issuer, '/token', grantForm)
        return (JSON.parse(answer) as { access_token: string }).access_token
      }),
    )
    const forms = tokens.map(token => `token=${token}`)
    return askingFor(issuer, '/introspection', forms, body => body.includes('"active":true'))
  }
  return [
    ...resultsOf('introspections', await compare(world, introspections, 'select'), 'SELECT'),
    ...(await benchFirstIntrospections(world)),
  ]
}

/** Each token once: nothing about it is known yet. */
async function benchFirstIntrospections({ ours, postgres }: World): Promise<BenchResult[]> {
  const measured: Turn[] = []
  for (let round = 0; round < rounds; round++) {
    const answers = await inTurns(Array<string>(1_000).fill(grantForm), form => post(ours, '/token', form))
    const tokens = answers.map(answer => (JSON.parse(answer) as { access_token: string }).access_token)
    const work = async () => {
      const before = performance.now()
      const told = await inTurns(tokens, token => post(ours, '/introspection', `token=${token}`))
      if (!told.every(answer => answer.includes('"active":true'))) throw new Error('A token was not known')
      return { count: told.length, seconds: (performance.now() - before) / 1_000 }
    }
    measured.push(await measure(work, ours.process, postgres))
  }
  const of = (figure: (turn: Turn) => number) => median(measured.map(figure))
  return [
    {
      name: 'introspections of tokens never asked about before, per core with PostgreSQL',
      value: of(({ perCore }) => perCore),
      unit: '/s',
    },
    { name: '… CPU of the server for one', value: of(({ server }) => server), unit: 'µs' },
    { name: '… CPU of PostgreSQL for one', value: of(turn => turn.postgres), unit: 'µs' },
  ]
}

/** As many at once as there are clients. */
async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const goOn = async () => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index] as Item)
    }
  }
  await Promise.all(Array.from({ length: clients }, goOn))
  return results
}

async function benchUserinfo(world: World): Promise<BenchResult[]> {
  const userinfo = async (issuer: Issuer) => {
    const tokens = await issuer.signIn(clients)
    const requests = tokens.map(({ access }) => ({
      method: 'GET' as const,
      path: `${new URL(issuer.address).pathname.replace(/^\/$/, '')}/userinfo`,
      headers: { authorization: `Bearer ${access}` },
    }))
    return () => fire(issuer, requests, body => body.includes('"email_verified":true'))
  }
  return resultsOf('userinfo', await compare(world, userinfo, 'select'), 'SELECT')
}

/** Chains of refresh tokens beside each other; afterwards each has one token that was not used, and all others are used. */
async function benchRotations(world: World): Promise<BenchResult[]> {
  let answered = 0
  const rotations = async (issuer: Issuer) => {
    const chains = await issuer.signIn(clients)
    return async () => {
      const before = performance.now()
      const counts = await Promise.all(chains.map(chain => rotateFor(issuer, chain)))
      const count = counts.reduce((sum, each) => sum + each, 0)
      if (issuer === world.ours) answered += count
      return { count, seconds: (performance.now() - before) / 1_000 }
    }
  }
  const measured = await compare(world, rotations, 'insert')
  const { rows } = await world.admin.query<{ used: number; families: number; wrong: number }>(
    `select
       count(*) filter (where token.used_at is not null)::int as used,
       count(distinct token.grant_id) filter (where allowed.revoked_at is null)::int as families,
       count(*) filter (where token.used_at is null)::int - count(distinct token.grant_id)::int as wrong
     from oauth.oauth_refresh_tokens as token
     join oauth.grants as allowed on allowed.tenant_id = token.tenant_id and allowed.id = token.grant_id
     where exists (
       select
       from oauth.oauth_refresh_tokens as used
       where used.grant_id = token.grant_id
         and used.used_at is not null
     )`,
  )
  const { used = 0, families = 0, wrong = 0 } = rows[0] ?? {}
  const astray = Math.abs(used - answered) + Math.abs(families - clients) + Math.abs(wrong)
  return [
    ...resultsOf(`refresh rotations, ${clients} at once`, measured, 'INSERT'),
    { name: `… of ${answered} lost or doubled`, value: astray, unit: '', target: '0', ok: astray === 0 },
  ]
}

async function rotateFor(issuer: Issuer, chain: Tokens): Promise<number> {
  const until = performance.now() + seconds * 1_000
  let count = 0
  while (performance.now() < until) {
    const answer = await post(issuer, '/token', `grant_type=refresh_token&refresh_token=${chain.refresh}`)
    chain.refresh = (JSON.parse(answer) as { refresh_token: string }).refresh_token
    count++
  }
  return count
}

/** What a process grows by when it is asked as each of so many issuers; it keeps some of them only. */
async function measureIssuers({ admin, ours }: World): Promise<BenchResult[]> {
  await admin.query(
    `insert into tenancy.tenants (name, slug) select 'Issuer ' || n, 'issuer-' || n from generate_series(1, $1::int) as n`,
    [issuers],
  )
  const [before, cpuBefore] = [await ours.process.memory(), await ours.process.cpu()]
  const { origin } = new URL(ours.address)
  for (let number = 1; number <= issuers; number++) {
    const answer = await fetch(`${origin}/t/issuer-${number}/.well-known/openid-configuration`)
    if (!answer.ok) throw new Error(`Issuer ${number} answered ${answer.status}`)
    await answer.text()
  }
  const cpu = (await ours.process.cpu()) - cpuBefore
  const after = await ours.process.memory()
  const count = issuers.toLocaleString('en')
  return [
    { name: `${count} issuers asked once each: heap`, value: after.heap - before.heap, unit: 'MiB' },
    { name: '… memory of the process after it', value: after.resident, unit: 'MiB' },
    { name: '… CPU of the first request to an issuer', value: (cpu * 1_000) / issuers, unit: 'ms' },
  ]
}

const grantForm = 'grant_type=client_credentials&scope=contractors.lists.read'

type Done = { count: number; seconds: number }
type Turn = { perSecond: number; perCore: number; perServerCore: number; server: number; postgres: number }
type Round = { ours: Turn; alone: Turn; floor: Turn }

/**
 * Rounds of all three, the first to go changing, so that the machine's moods fall on all alike. `prepare` makes what one
 * issuer is asked for some seconds.
 */
async function compare(
  { ours, alone, floors, postgres }: World,
  prepare: (issuer: Issuer) => Promise<() => Promise<Done>>,
  floor: Floor,
): Promise<Round[]> {
  const [askOurs, askAlone] = [await prepare(ours), await prepare(alone)]
  const askFloor = async () => ({ count: await floors.ask<number>('run', { floor, clients, seconds }), seconds })
  const contenders = [
    () => measure(askOurs, ours.process, postgres),
    // PostgreSQL has no part in it: what it does meanwhile is somebody else's.
    () => measure(askAlone, alone.process, () => 0),
    () => measure(askFloor, floors, postgres),
  ]
  await warmUp(askOurs)
  await warmUp(askAlone)
  await askFloor()
  const measured: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const turns: Turn[] = []
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (round + turn) % contenders.length
      turns[index] = (await contenders[index]?.()) as Turn
    }
    measured.push({ ours: turns[0] as Turn, alone: turns[1] as Turn, floor: turns[2] as Turn })
  }
  return measured
}

/** V8 makes code fast by how often it ran, and not by how long: as many requests for each, on a busy machine too. */
async function warmUp(work: () => Promise<Done>): Promise<void> {
  const until = performance.now() + 6_000
  for (let count = 0; count < 6_000 && performance.now() < until; ) count += (await work()).count
}

async function measure(work: () => Promise<Done>, server: Process, postgres: () => number): Promise<Turn> {
  const [serverBefore, postgresBefore] = [await server.cpu(), postgres()]
  const done = await work()
  const ofServer = (await server.cpu()) - serverBefore
  const ofPostgres = postgres() - postgresBefore
  return {
    perSecond: done.count / done.seconds,
    perCore: done.count / (ofServer + ofPostgres),
    perServerCore: done.count / ofServer,
    server: (ofServer * 1e6) / done.count,
    postgres: (ofPostgres * 1e6) / done.count,
  }
}

/** A core is a second of CPU: of the server, and of PostgreSQL where it has a part. */
function resultsOf(what: string, measured: readonly Round[], floor: string): BenchResult[] {
  const of = (figure: (round: Round) => number) => median(measured.map(figure))
  const against = of(({ ours, alone }) => ours.perCore / alone.perCore)
  const ratio = (name: string, figure: (round: Round) => number) => ({
    name: `… ${name}`,
    value: of(figure),
    unit: '×',
  })
  return [
    { name: `${what}, per core with PostgreSQL`, value: of(({ ours }) => ours.perCore), unit: '/s' },
    { name: '… by the clock', value: of(({ ours }) => ours.perSecond), unit: '/s' },
    { name: '… CPU of the server for one', value: of(({ ours }) => ours.server), unit: 'µs' },
    { name: '… CPU of PostgreSQL for one', value: of(({ ours }) => ours.postgres), unit: 'µs' },
    { name: '… CPU of oidc-provider alone for one', value: of(({ alone }) => alone.server), unit: 'µs' },
    {
      name: `… CPU of a bare ${floor}: who asks`,
      value: of(round => round.floor.server),
      unit: 'µs',
    },
    { name: `… CPU of a bare ${floor}: PostgreSQL`, value: of(round => round.floor.postgres), unit: 'µs' },
    {
      name: '… against oidc-provider alone, per core',
      value: against,
      unit: '×',
      target: '≥ 0.5',
      ok: against >= 0.5,
    },
    ratio('the same without what PostgreSQL takes', ({ ours, alone }) => ours.perServerCore / alone.perServerCore),
    ratio('the same by the clock', ({ ours, alone }) => ours.perSecond / alone.perSecond),
    ratio(`against a bare ${floor}, per core`, round => round.ours.perCore / round.floor.perCore),
    ratio('the same by the clock', round => round.ours.perSecond / round.floor.perSecond),
  ]
}

const headersOf = ({ authorization }: Issuer) => ({
  authorization,
  'content-type': 'application/x-www-form-urlencoded',
})

/** What asks one endpoint with these forms in turn. */
function askingFor(issuer: Issuer, path: string, forms: readonly string[], isRight: (body: string) => boolean) {
  const requests = forms.map(body => ({
    method: 'POST' as const,
    path: `${new URL(issuer.address).pathname.replace(/^\/$/, '')}${path}`,
    headers: headersOf(issuer),
    body,
  }))
  return () => fire(issuer, requests, isRight)
}

/** Any answer that is no success, or not what was asked for, is an error. */
async function fire(
  { address }: Issuer,
  requests: autocannon.Request[],
  isRight: (body: string) => boolean,
): Promise<Done> {
  const verifyBody = (body: string | Buffer | undefined) => isRight(String(body))
  const done = await autocannon({ url: address, connections: clients, duration: seconds, requests, verifyBody })
  const wrong = done.non2xx + done.errors + done.mismatches
  if (wrong > 0) throw new Error(`${address}${requests[0]?.path}: ${wrong} answers were no success`)
  return { count: done['2xx'], seconds: done.duration }
}

const agent = new Agent({ keepAlive: true, maxSockets: clients })

function post(issuer: Issuer, path: string, body: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(`${issuer.address}${path}`, { agent, method: 'POST', headers: headersOf(issuer) }, answer => {
    const parts: string[] = []
    answer.setEncoding('utf8')
    answer.on('data', part => parts.push(part))
    answer.on('error', reject)
    answer.on('end', () => {
      if (answer.statusCode === 200) resolve(parts.join(''))
      else reject(new Error(`${path} answered ${answer.statusCode}: ${parts.join('')}`))
    })
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}
