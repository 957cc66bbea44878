import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { accountsOf } from '#platform/accounts'
import { Keyring } from '#platform/crypto'
import { buildServer, createLogger, sessionCookie } from '#platform/http'
import { openSession } from '#platform/identity'
import { notify } from '#platform/notifications'
import { loadConfig } from '../src/main/config.ts'
import { modules } from '../src/main/modules.ts'
import { createApp } from '../src/main/program.ts'
import type { Bench } from './context.ts'

const windows = 1_000
const notifications = 400
const kind = 'accounts.password_changed'

/**
 * MT-19: a thousand people with an open window each, on one server: what the windows weigh, what it costs to look after
 * their sessions, and how long a notification takes from the beginning of its transaction to the window, over NOTIFY.
 */
const bench: Bench = async ({ admin, login, log }) => {
  const { settings } = loadConfig(modules, {})
  const quiet = createLogger('info', { write: () => {} })
  const app = createApp({ settings, login, keyring: Keyring.parse(Keyring.generate('k1')), log: quiet })
  const server = await buildServer({
    app,
    modules,
    authenticate: accountsOf(app).principals.authenticate,
    requestsPerMinute: 1_000_000_000,
    readiness: async () => {},
  })
  const address = await server.listen({ host: '127.0.0.1', port: 0 })
  const { rows: tenants } = await admin.query(
    "insert into tenancy.tenants (name, slug) values ('Bench', 'bench') returning id",
  )
  const tenantId: string = tenants[0].id
  const { rows: users } = await admin.query(
    `insert into identity.users (email, full_name)
     select 'bench' || i || '@bench.example', 'Bench ' || i
     from generate_series(1, $1) as i
     returning id`,
    [windows],
  )
  const userIds: string[] = users.map(({ id }) => id)
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) select $1, unnest($2::uuid[])', [
    tenantId,
    userIds,
  ])
  const cookies: string[] = []
  for (const userId of userIds) {
    const { cookieToken } = await openSession(app.db.scoped({ system: true, userId }), {
      userId,
      tenantId,
      methods: ['password'],
    })
    cookies.push(`${sessionCookie}=${cookieToken}`)
  }
  await fetch(`${address}/api/v1/notifications/unread-count`, { headers: { cookie: cookies[0] as string } })

  const before = await restingMemory()
  const child = fork(new URL('./notifications/windows.ts', import.meta.url))
  const began = performance.now()
  const isOpen = once(child, 'message')
  child.send({ address, cookies })
  await isOpen
  log(`${windows} windows open after ${Math.round(performance.now() - began)} ms`)
  await sleep(5_000)
  const memory = (await restingMemory()) - before
  const cpuBefore = process.cpuUsage()
  await sleep(10_000)
  const cpu = process.cpuUsage(cpuBefore)
  const cpuShare = (cpu.user + cpu.system) / 10_000_000

  const taken: number[] = []
  child.on('message', ({ ms }: { ms?: number }) => ms !== undefined && taken.push(ms))
  const now = () => performance.timeOrigin + performance.now()
  const tell = (to: readonly string[]) =>
    app.db.transaction({ system: true, tenantId }, tx => notify(app, tx, { userIds: to, kind, title: `sent ${now()}` }))
  for (let number = 0; number < notifications; number++) {
    await tell([userIds[(number * 37) % windows] as string])
    await sleep(10)
  }
  await sleep(500)
  const single = percentile(taken, 0.95)
  const median = percentile(taken, 0.5)
  const arrived = taken.length
  taken.length = 0
  await tell(userIds)
  for (let waited = 0; taken.length < windows && waited < 10_000; waited += 20) await sleep(20)
  const all = Math.max(...taken)
  const arrivedOfAll = taken.length

  const closing = performance.now()
  await server.close()
  const closed = performance.now() - closing
  child.disconnect()
  await app.db.close()
  log(`${arrived} of ${notifications} arrived, to all ${arrivedOfAll} of ${windows}; median ${median.toFixed(1)} ms`)
  return [
    {
      name: `Notifications: memory of an open window, of ${windows}`,
      value: Math.round(memory / windows / 1024),
      unit: 'KiB',
      target: '≤ 128',
      ok: memory / windows <= 131_072,
    },
    {
      name: `Notifications: share of a core that looks after ${windows} sessions`,
      value: Math.round(cpuShare * 1000) / 10,
      unit: '%',
      target: '≤ 30',
      ok: cpuShare <= 0.3,
    },
    {
      name: `Notifications: to one of ${windows} windows, p95`,
      value: Math.round(single * 10) / 10,
      unit: 'ms',
      target: '≤ 100',
      ok: single <= 100 && arrived === notifications,
    },
    {
      name: `Notifications: to all of ${windows} windows, the last`,
      value: Math.round(all),
      unit: 'ms',
      target: '≤ 2,000',
      ok: all <= 2_000 && arrivedOfAll === windows,
    },
    {
      name: `Notifications: end of a server with ${windows} open windows`,
      value: Math.round(closed),
      unit: 'ms',
      target: '≤ 2,000',
      ok: closed <= 2_000,
    },
  ]
}
export default bench

async function restingMemory(): Promise<number> {
  globalThis.gc?.()
  await sleep(200)
  return process.memoryUsage().rss
}

const percentile = (values: readonly number[], share: number) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length * share)] ?? Number.NaN
