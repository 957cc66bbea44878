import { type App, mainApp } from '#platform/app.ts'
import { type Statements, sql } from '#platform/database'
import type { GaugeDeclaration } from '#platform/module.ts'
import { asAdministrator } from './administration.ts'
import { countConnections, findOldestTransaction } from './health/connections.ts'
import { readFigures } from './health/figures.ts'
import { listBlocked } from './health/locks.ts'
import { readDatabaseSize } from './health/relation-sizes.ts'
import { readReplication } from './health/replication.ts'
import { readTransactionRoom } from './health/room.ts'

type Reading = {
  bytes: number
  connections: Awaited<ReturnType<typeof countConnections>>
  oldest: number
  cacheHit: number | null
  xidAge: number
  blocked: number
  lag: number
  alarms: { severity: string; count: number }[]
}

/** Several gauges, one look: it is believed for so long, ms, also by the scrapes of several servers that come together. */
const believedFor = 10_000
const readings = new WeakMap<App, { at: number; reading: Promise<Reading> }>()

function readAll(given: App): Promise<Reading> {
  const app = mainApp(given)
  const known = readings.get(app)
  if (known && performance.now() - known.at < believedFor) return known.reading
  const reading = asAdministrator(app, tx => read(app, tx), { statementTimeout: 2_000 })
  // Who waits for it is told; here it must not be unheard of.
  reading.catch(() => {})
  readings.set(app, { at: performance.now(), reading })
  return reading
}

async function read(app: App, tx: Statements): Promise<Reading> {
  const { standbys, slots } = await readReplication(tx)
  return {
    bytes: await readDatabaseSize(tx),
    connections: await countConnections(tx),
    oldest: (await findOldestTransaction(tx))?.seconds ?? 0,
    cacheHit: (await readFigures(tx)).cacheHit,
    xidAge: (await readTransactionRoom(tx, 0)).xidAge,
    blocked: (await listBlocked(tx, 0)).length,
    lag: Math.max(0, ...standbys.map(({ lagBytes }) => lagBytes), ...slots.map(({ keptBytes }) => keptBytes ?? 0)),
    alarms: await app.db.scoped({ system: true }).run(sql<{ severity: string; count: number }>`
      select severity, count(*)::integer as count
      from operations.alarms
      where closed_at is null
      group by severity`),
  }
}

const one =
  (value: (reading: Reading) => number | null): GaugeDeclaration['read'] =>
  async app => {
    const known = value(await readAll(app))
    return known === null ? [] : [{ value: known }]
  }

/** GG-23: the main figures of the database, for who watches them elsewhere. */
export const healthGauges: readonly GaugeDeclaration[] = [
  { name: 'operations_database_bytes', help: 'Size of the main database', read: one(({ bytes }) => bytes) },
  {
    name: 'operations_connections',
    help: 'Connections of the database server, by state',
    labelNames: ['state'],
    read: async app =>
      Object.entries((await readAll(app)).connections.byState).map(([state, value]) => ({ labels: { state }, value })),
  },
  {
    name: 'operations_connections_limit',
    help: 'Connections that the database server takes',
    read: one(({ connections }) => connections.limit),
  },
  {
    name: 'operations_oldest_transaction_seconds',
    help: 'Age of the oldest open transaction',
    read: one(({ oldest }) => oldest),
  },
  {
    name: 'operations_cache_hit_ratio',
    help: 'Of the blocks that were asked for, those that were in memory',
    read: one(({ cacheHit }) => cacheHit),
  },
  {
    name: 'operations_transaction_ids_used',
    help: 'Transactions since the oldest row that is not frozen; at 2147483648 the server stops writing',
    read: one(({ xidAge }) => xidAge),
  },
  { name: 'operations_sessions_blocked', help: 'Sessions that wait for a lock', read: one(({ blocked }) => blocked) },
  {
    name: 'operations_replication_lag_bytes',
    help: 'WAL that the slowest replica or slot has not taken yet',
    read: one(({ lag }) => lag),
  },
  {
    name: 'operations_alarms_open',
    help: 'Alarms that are open, by severity',
    labelNames: ['severity'],
    read: async app => {
      const { alarms } = await readAll(app)
      return ['critical', 'warning'].map(severity => ({
        labels: { severity },
        value: alarms.find(each => each.severity === severity)?.count ?? 0,
      }))
    },
  },
]
