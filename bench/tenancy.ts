import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { accountsOf } from '#platform/accounts'
import { Keyring } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'
import { buildServer, createLogger } from '#platform/http'
import { hasFeature, resolveHost } from '#platform/tenancy'
import { createMeter, giveBack, useQuota } from '#platform/usage'
import { emitEvent } from '#platform/webhooks'
import { listItems } from '../src/contractors/lists/item-pages.ts'
import { createList, listLists } from '../src/contractors/lists/lists.ts'
import { loadConfig } from '../src/main/config.ts'
import { modules } from '../src/main/modules.ts'
import { createApp, upgradeDatabase } from '../src/main/program.ts'
import { createEndpoint } from '../src/platform/webhooks/endpoints.ts'
import type { Bench, BenchContext, BenchResult } from './context.ts'
import { alternate, anyOf, call, type Load, median, overRounds, percentile } from './tenancy/load.ts'
import { measurePolicyCost } from './tenancy/policies.ts'
import { type Population, populate, type Reader } from './tenancy/population.ts'
import { startProgram } from './tenancy/program.ts'

/** Small, to try it out; `npm run bench tenancy -- --full` has the sizes of the issue. */
const { values: flags } = parseArgs({
  strict: false,
  options: {
    full: { type: 'boolean', default: false },
    tenants: { type: 'string' },
    items: { type: 'string' },
    seconds: { type: 'string' },
    parts: { type: 'string', default: 'reads,directory,requests,webhooks,program' },
  },
})
const sizes = String(flags.tenants ?? (flags.full ? '10,1000,100000' : '10,100,1000'))
  .split(',')
  .map(Number)
const items = Number(flags.items ?? (flags.full ? 2_000_000 : 60_000))
const seconds = Number(flags.seconds ?? (flags.full ? 60 : 5))
const parts = String(flags.parts).split(',')
const roamers = Math.min(2_000, Math.max(...sizes))
const largest = sizes.at(-1) as number
const versus = `${count(largest)} : ${count(sizes[0] as number)} tenants`

/**
 * What the number of tenants in one database costs: reads in a tenant, finding tenants, start and memory; and what each
 * request and each write pays for policies, quotas, features and webhooks.
 */
const tenancy: Bench = async context => {
  const worlds: World[] = []
  const results: BenchResult[] = []
  const keep = (measured: BenchResult[]) => {
    for (const { name, value, unit, target } of measured)
      context.log(`${name}: ${value.toPrecision(4)} ${unit}${target ? ` (${target})` : ''}`)
    results.push(...measured)
  }
  try {
    for (const tenants of sizes) {
      await context.admin.query(`create database ${nameOf(tenants)}`)
      await context.admin.query(`grant connect on database ${nameOf(tenants)} to ${context.login.user}`)
    }
    worlds.push(...(await Promise.all(sizes.map(tenants => openWorld(context, tenants)))))
    const last = worlds.at(-1) as World
    const work: Record<string, () => Promise<BenchResult[]>> = {
      reads: () => benchReads(worlds, context.log),
      directory: () => benchDirectory(worlds, context.log),
      requests: () => benchRequests(last, context.log),
      webhooks: () => benchWebhooks(last, context.log),
      program: () => benchProgram(worlds, context.log),
    }
    for (const part of parts) keep((await work[part]?.()) ?? [])
  } finally {
    for (const world of worlds) await world.close()
  }
  return results
}

export default tenancy

const nameOf = (tenants: number) => `bench_tenancy_${tenants}`

type World = Awaited<ReturnType<typeof openWorld>>

async function openWorld(context: BenchContext, tenants: number) {
  const database = nameOf(tenants)
  const admin = { ...context.adminConfig, database }
  await upgradeDatabase(admin, modules)
  const began = performance.now()
  const population: Population = await populate(admin, { tenants, items, roamers })
  const keys = Keyring.generate('k1')
  const { settings } = loadConfig(modules, { COMMONHOLD_LOG_LEVEL: 'info' })
  const login = { ...context.login, database }
  // The log is written as in service, to where it costs no terminal.
  const app = createApp({
    settings,
    login,
    keyring: Keyring.parse(keys),
    log: createLogger('info', { write: () => {} }),
  })
  const server = await buildServer({
    app,
    modules,
    authenticate: accountsOf(app).principals.authenticate,
    meter: createMeter(app),
    resolveHost: host => resolveHost(app, host),
    requestsPerMinute: 1_000_000_000,
    readiness: async () => {},
  })
  const address = await server.listen({ host: '127.0.0.1', port: 0 })
  const { bytes } = await app.db.scoped({ system: true }).one(sql<{ bytes: number }>`
    select pg_database_size(${database}) as bytes`)
  context.log(
    `${count(tenants)} tenants: ${Math.round((performance.now() - began) / 1000)} s to fill, ${Math.round(bytes / 2 ** 20)} MiB, ` +
      `${population.readers.length} readers, ${population.roamers.length} roamers`,
  )
  let isOpen = true
  const rest = async () => {
    if (!isOpen) return
    isOpen = false
    await server.close()
    await app.db.close()
  }
  const close = async () => {
    await rest()
    await context.admin.query(`drop database ${database} with (force)`)
  }
  return { ...population, app, address, admin, keys, rest, close }
}

/** The items of a list and the page of lists, as a member of a tenant of one shape: of what lies around them nothing is seen. */
async function benchReads(worlds: World[], log: (line: string) => void): Promise<BenchResult[]> {
  const page = { limit: 25 }
  const kinds: [name: string, work: (world: World) => () => Promise<unknown>][] = [
    [
      'items of a list, function',
      ({ app, readers }) =>
        () => {
          const { scope, listId } = anyOf(readers)
          return listItems(app.db.reads(scope), listId, page)
        },
    ],
    [
      'page of lists, function',
      ({ app, readers }) =>
        () =>
          listLists(app.db.scoped(anyOf(readers).scope), page),
    ],
    [
      'items of a list, HTTP',
      ({ address, readers }) =>
        () => {
          const { cookie, listId } = anyOf(readers)
          return call(address, `/contractor-lists/${listId}/items?limit=25`, cookie)
        },
    ],
    [
      'page of lists, HTTP',
      ({ address, readers }) =>
        () =>
          call(address, '/contractor-lists?limit=25', anyOf(readers).cookie),
    ],
    [
      `items of a list, function, over ${count(roamers)} people of all tenants`,
      ({ app, roamers }) =>
        () => {
          const { scope, listId } = anyOf(roamers)
          return listItems(app.db.reads(scope), listId, page)
        },
    ],
  ]
  const results: BenchResult[] = []
  for (const [name, work] of kinds) {
    const rounds = await alternate(worlds.map(work), { rounds: 5 })
    const at = (index: number, key: 'p50' | 'p95') => overRounds(rounds, loads => (loads[index] as Load)[key])
    log(
      `${name}, 4 at once, p50/p95 ms: ${worlds.map((world, index) => `${count(world.tenants)}: ${at(index, 'p50').toFixed(2)}/${at(index, 'p95').toFixed(2)}`).join(', ')}`,
    )
    const last = worlds.length - 1
    for (const key of ['p50', 'p95'] as const) {
      const value = overRounds(rounds, loads => (loads[last] as Load)[key] / (loads[0] as Load)[key])
      results.push(atMost(`${name}, ${key}, ${versus}`, value, 1.2))
    }
    results.push({ name: `… p95 at ${count(largest)} tenants`, value: at(last, 'p95'), unit: 'ms' })
  }
  return results
}

/** As an operator, over HTTP, one after another. Pages are walked as the console walks them, to the end. */
async function benchDirectory(worlds: World[], log: (line: string) => void): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const { tenants, address, operatorCookie } of worlds) {
    const taken: Record<string, number[]> = {}
    const ask = async (kind: string, query: Record<string, string>) => {
      const started = performance.now()
      const text = await call(
        address,
        `/installation/tenants?${new URLSearchParams({ limit: '50', ...query })}`,
        operatorCookie,
      )
      taken[kind] = [...(taken[kind] ?? []), performance.now() - started]
      return JSON.parse(text) as { items: { slug: string }[]; nextCursor: string | null }
    }
    const walk = async (kind: string, query: Record<string, string>, most: number) => {
      let cursor: string | null = null
      for (let page = 0; page < most; page++) {
        const { nextCursor } = await ask(kind, cursor === null ? query : { ...query, cursor })
        if (nextCursor === null) return
        cursor = nextCursor
      }
    }
    const someone = () => 1 + Math.trunc(Math.random() * tenants)
    const nth = async (n: number) => {
      const { items } = await ask('a number', { q: String(n) })
      return items[0]?.slug ?? 'meridian'
    }
    // The first requests make plans and connections.
    for (let time = 0; time < 10; time++) await ask('warm-up', {})
    delete taken['warm-up']
    for (let time = 0; time < 100; time++) {
      const slug = await nth(someone())
      const [first = '', second = ''] = slug.split('-')
      await ask('first page', {})
      await ask('a whole slug', { q: slug })
      await ask('beginning of a slug', { q: slug.slice(0, -1) })
      await ask('a domain', { q: `${slug}.com` })
      await ask('a word', { q: first })
      await ask('first letter', { q: first.slice(0, 1) })
      await ask('three letters', { q: second.slice(0, 3) })
      await ask('two words', { q: `${first} ${second}` })
      await ask('two beginnings', { q: `${first.slice(0, 2)} ${second.slice(0, 2)}` })
      await ask('a word and a number', { q: `${first} ${someone()}` })
      await ask('a word of a third of all', { q: 'com' })
      await ask('that and a letter', { q: `com ${second.slice(0, 1)}` })
      await ask('suspended', { status: 'suspended' })
      await ask('suspended, with a word', { status: 'suspended', q: first })
      await ask('a status that none has', { status: 'pending_deletion' })
      await ask('nothing like it', { q: 'zzyzx' })
    }
    await walk('every page', {}, 2_000)
    await walk('every page of a word', { q: 'meridian' }, 100)
    await walk('pages of a third of all', { q: 'com' }, 100)
    const all = Object.values(taken).flat()
    const worst = Object.entries(taken)
      .map(([kind, times]) => ({ kind, p95: percentile(times, 0.95) }))
      .toSorted((one, other) => other.p95 - one.p95)
    log(`${count(tenants)} tenants, p95 ms: ${worst.map(({ kind, p95 }) => `${kind} ${p95.toFixed(1)}`).join(', ')}`)
    if (tenants !== largest) continue
    const p95 = percentile(all, 0.95)
    results.push(
      {
        name: `an operator lists and finds among ${count(tenants)} tenants, ${count(all.length)} requests, p95`,
        value: p95,
        unit: 'ms',
        target: '≤ 100',
        ok: p95 <= 100,
      },
      { name: '… p50', value: percentile(all, 0.5), unit: 'ms' },
    )
    for (const { kind, p95 } of worst.slice(0, 3))
      results.push({ name: `… of these ${kind}, p95`, value: p95, unit: 'ms', target: '≤ 100', ok: p95 <= 100 })
  }
  return results
}

/** What all requests pay, or those that ask. */
async function benchRequests({ app, roamers }: World, log: (line: string) => void): Promise<BenchResult[]> {
  const cost = measurePolicyCost()
  log(`a policy made ready, once for its text: ${cost.compile.toFixed(0)} µs`)
  const limit = (name: string, value: number): BenchResult => ({
    name,
    value,
    unit: 'µs',
    target: '≤ 50',
    ok: value <= 50,
  })

  const meter = createMeter(app)
  const known = roamers.slice(0, 500)
  for (const { scope } of known) await meter.admit(scope.tenantId as string)
  const admit = await cpuOf(20_000, round =>
    meter.admit((known[round % known.length] as Reader).scope.tenantId as string),
  )
  await hasFeature(app, known[0]?.scope.tenantId as string, publicLists)
  const feature = await cpuOf(20_000, () => hasFeature(app, known[0]?.scope.tenantId as string, publicLists))

  await app.db.scoped({ system: true }).run(sql`select 1`)
  const pool = (tx: (reader: Reader) => Promise<unknown>) => () => tx(anyOf(roamers))
  const touch = ({ scope, listId }: Reader) =>
    app.db
      .scoped(scope)
      .run(sql`update contractors.contractor_lists set settings = settings where id = ${listId} and false`)
  const use = ({ scope }: Reader) => app.db.scoped(scope).run(sql`select usage.use_quota('contractors.lists', 1)`)
  const both = ({ scope }: Reader) =>
    app.db.transaction(scope, async tx => {
      await useQuota(tx, 'contractors.lists', 1)
      await giveBack(tx, 'contractors.lists', 1)
    })
  const rounds = await alternate([pool(touch), pool(use), pool(both)], { rounds: 5 })
  const p50 = (index: number) => overRounds(rounds, loads => (loads[index] as Load).p50)
  log(
    `p50 of an empty update ${p50(0).toFixed(2)} ms, of a quota used ${p50(1).toFixed(2)} ms, used and given back in a transaction ${p50(2).toFixed(2)} ms`,
  )
  return [
    limit('policy of 200 addresses, 200 ranges, 200 blocked, MFA, session: CPU of a request', cost.all),
    limit('… from an address never seen', cost.strangers),
    limit('… where the standing is remembered: the address alone', cost.address),
    { name: 'monthly quota of a request and its counting: CPU', value: admit, unit: 'µs' },
    { name: 'a feature flag: CPU', value: feature, unit: 'µs' },
    { name: 'a quota used, committed, 4 at once, p50', value: p50(1), unit: 'ms' },
  ]
}

const publicLists = 'contractors.public_lists'

/** Making a list in a transaction: alone, with an event that nobody wants, with one that an endpoint wants. */
async function benchWebhooks({ app, readers }: World, log: (line: string) => void): Promise<BenchResult[]> {
  const tenantOf = ({ scope }: Reader) => scope.tenantId as string
  const other = tenantOf(readers.find(reader => tenantOf(reader) !== tenantOf(readers[0] as Reader)) as Reader)
  const hearing = readers.filter(reader => tenantOf(reader) === other)
  const deaf = readers.filter(reader => tenantOf(reader) !== other)
  await createEndpoint(app, hearing[0]?.scope as Reader['scope'], {
    url: 'https://hooks.example.com/',
    eventTypes: ['*'],
  })
  const make = (people: Reader[], beside: (tx: Queryable, id: string) => Promise<void>) => () =>
    app.db.transaction(anyOf(people).scope, async tx => {
      const { id } = await createList(tx, { name: 'Bench' })
      await beside(tx, id)
    })
  const emit = (tx: Queryable, id: string) =>
    emitEvent(app, tx, { type: 'contractors.list.created', data: { id, name: 'Bench' } })
  const rounds = await alternate([make(deaf, async () => {}), make(deaf, emit), make(hearing, emit)])
  const p50 = (index: number) => overRounds(rounds, loads => (loads[index] as Load).p50)
  const ratio = (index: number) => overRounds(rounds, loads => (loads[index] as Load).p50 / (loads[0] as Load).p50)
  log(`a list made, p50: ${[0, 1, 2].map(index => `${p50(index).toFixed(2)} ms`).join(', ')}`)
  return [
    { name: 'a list made with an event, no endpoint, p50 against without', value: ratio(1), unit: '×' },
    { name: 'a list made with an event that an endpoint wants, p50 against without', value: ratio(2), unit: '×' },
  ]
}

/** `commonhold start` itself, smallest and largest in turn. */
async function benchProgram(worlds: World[], log: (line: string) => void): Promise<BenchResult[]> {
  // Nothing but the program itself is at work.
  for (const world of worlds) await world.rest()
  const dataDir = mkdtempSync(join(tmpdir(), 'commonhold-bench-tenancy-'))
  const ends = [worlds[0] as World, worlds.at(-1) as World] as const
  try {
    for (const { admin, keys } of ends) await (await startProgram(admin, keys, dataDir)).stop()
    const starts: number[][] = [[], []]
    for (let round = 0; round < 3; round++) {
      for (const [index, { admin, keys }] of ends.entries()) {
        const program = await startProgram(admin, keys, dataDir)
        starts[index]?.push(program.secondsToReady)
        await program.stop()
      }
    }
    const memories: { atStart: number; after: number }[][] = [[], []]
    for (let round = 0; round < 1; round++) {
      for (const [index, world] of ends.entries()) {
        const program = await startProgram(world.admin, world.keys, dataDir)
        try {
          await sleep(3_000)
          const atStart = program.memory()
          await mixRequests(program.address, world.roamers)
          memories[index]?.push({ atStart, after: program.memory() })
        } finally {
          await program.stop()
        }
      }
    }
    const start = (index: number) => median(starts[index] as number[])
    const mean = (index: number, key: 'atStart' | 'after') => {
      const found = (memories[index] ?? []).map(memory => memory[key])
      return found.reduce((sum, one) => sum + one, 0) / found.length
    }
    log(`start ${start(0).toFixed(2)} and ${start(1).toFixed(2)} s; MiB ${JSON.stringify(memories)}`)
    return [
      { name: `start to /readyz at ${count(largest)} tenants`, value: start(1), unit: 's' },
      atMost(`start to /readyz, ${versus}`, start(1) / start(0), 1.2),
      { name: `memory after the start at ${count(largest)} tenants`, value: mean(1, 'atStart'), unit: 'MiB' },
      atMost(`memory after the start, ${versus}`, mean(1, 'atStart') / mean(0, 'atStart'), 1.2),
      {
        name: `memory after ${seconds} s of mixed requests by ${count(roamers)} people, ${count(largest)} tenants`,
        value: mean(1, 'after'),
        unit: 'MiB',
      },
      atMost(`memory after these requests, ${versus}`, mean(1, 'after') / mean(0, 'after'), 1.2),
    ]
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** As many requests in every size: 150 a second, each of somebody else, one in twenty a write. */
async function mixRequests(address: string, people: readonly Reader[]): Promise<void> {
  const began = performance.now()
  const under = new Set<Promise<unknown>>()
  let failure: unknown
  for (let number = 0; number < seconds * 150; number++) {
    const wait = began + (number * 1_000) / 150 - performance.now()
    if (wait > 0) await sleep(wait)
    const { cookie, listId } = people[(number * 7) % people.length] as Reader
    const sent = requestOf(number, address, cookie, listId)
      .catch(error => {
        failure ??= error
      })
      .finally(() => under.delete(sent))
    under.add(sent)
    if (under.size >= 16) await Promise.race(under)
  }
  await Promise.all(under)
  if (failure) throw failure
}

function requestOf(number: number, address: string, cookie: string, listId: string): Promise<string> {
  if (number % 20 === 0) return call(address, '/contractor-lists', cookie, { method: 'POST', body: { name: 'Mixed' } })
  const paths = [
    '/me',
    '/contractor-lists?limit=25',
    `/contractor-lists/${listId}/items?limit=25`,
    '/notifications/unread-count',
    '/tenant/features',
  ]
  return call(address, paths[number % paths.length] as string, cookie)
}

/** CPU microseconds of one. */
async function cpuOf(times: number, work: (round: number) => Promise<unknown>): Promise<number> {
  for (let round = 0; round < times / 5; round++) await work(round)
  const before = process.cpuUsage()
  for (let round = 0; round < times; round++) await work(round)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

function atMost(name: string, value: number, limit: number): BenchResult {
  return { name, value, unit: '×', target: `≤ ${limit}`, ok: value <= limit }
}

function count(number: number): string {
  return number.toLocaleString('en')
}
