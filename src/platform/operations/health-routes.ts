import { Type } from 'typebox'
import { recordEvent } from '#platform/audit'
import { date, idParams, nullable, oneOf, route, timestamp } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { asAdministrator } from './administration.ts'
import { Alarm, acknowledgeAlarm, listAlarms } from './alarms/alarms.ts'
import { Examination, findLastExamination, keepExamination } from './doctor/examinations.ts'
import { errors } from './errors.ts'
import { listIndexBloat, listTableBloat } from './health/bloat.ts'
import { findOldestTransaction, readConnections } from './health/connections.ts'
import { readFigures } from './health/figures.ts'
import { listDuplicateIndexes, listIndexes, listInvalidIndexes, listUnindexedKeys } from './health/indexes.ts'
import { readLockTree } from './health/locks.ts'
import { listPartitionHorizons } from './health/partitions.ts'
import { listSizeHistory, listTableSizes, readDatabaseSize } from './health/relation-sizes.ts'
import { readReplication } from './health/replication.ts'
import { listSequenceRoom, readTransactionRoom } from './health/room.ts'
import { listSlowStatements } from './health/statements.ts'
import { maintainNow } from './maintenance/maintenance-jobs.ts'
import { listLastRuns, listMaintenanceRuns, MaintenanceRun } from './maintenance/runs.ts'
import { findTask, tasks } from './maintenance/tasks.ts'
import { readStandings, Standing } from './standings.ts'

const count = Type.Integer()
const share = Type.Number({ minimum: 0, maximum: 1 })
const text = Type.String()
const seconds = Type.Number()

const SizeHistory = Type.Array(Type.Object({ day: date, bytes: count, rows: nullable(count) }))

const Session = {
  pid: count,
  application: text,
  login: text,
  database: text,
  state: text,
  waitsFor: nullable(text),
  transactionSeconds: nullable(seconds),
  querySeconds: nullable(seconds),
  query: Type.String({ description: 'What it does or did last; values that stand in it are left out' }),
}

const SlowStatement = Type.Object({
  id: text,
  text: Type.String({ description: 'With `$1` in the place of values' }),
  calls: count,
  meanMs: Type.Number(),
  longestMs: Type.Number(),
  totalMs: Type.Number(),
  share: { ...share, description: 'Of the time of all statements' },
  rows: count,
  cacheHit: nullable(share),
})

const StatementStatistics = Type.Object({
  state: oneOf(['ready', 'missing', 'not_loaded', 'hidden']),
  advice: nullable(text),
  items: Type.Array(SlowStatement),
})

const Overview = Type.Object({
  standings: Type.Array(Standing, { description: 'How each thing is that is looked at every morning' }),
  alarms: Type.Array(Alarm, { description: 'Those that are open' }),
  examination: nullable(Examination),
  bytes: { ...count, description: 'Size of the main database' },
  sizes: SizeHistory,
  connections: Type.Object({ used: count, limit: count }),
  cacheHit: nullable(share),
  deadlocks: count,
  since: { ...nullable(timestamp), description: 'When the statistics of the server began' },
  oldestTransactionSeconds: nullable(seconds),
  statements: StatementStatistics,
  maintenance: Type.Array(MaintenanceRun, { description: 'The last run of each task' }),
})

const Bloat = Type.Array(
  Type.Object({
    name: text,
    table: nullable(text),
    bytes: count,
    neededBytes: count,
    wastedBytes: count,
    wasted: share,
  }),
)

const allow = 'operations.state.read'
const system = { system: true } as const

/** For the operators of an installation: how its database is. Nothing here belongs to a tenant. */
export const healthRoutes = [
  route({
    method: 'GET',
    path: '/operations/overview',
    allow,
    kept: { seconds: 5, per: 'user' },
    summary: 'Get what an operator looks at in the morning',
    description: 'Alarms, what the doctor has found last, and the main figures of the database.',
    response: Overview,
    async handle(_request, app) {
      const own = app.db.scoped(system)
      const seen = await asAdministrator(app, async tx => ({
        bytes: await readDatabaseSize(tx),
        connections: await readConnections(tx),
        figures: await readFigures(tx),
        oldest: await findOldestTransaction(tx),
        statements: await listSlowStatements(tx, 5),
        standings: await readStandings({ app, own, tx }),
      }))
      const { used, limit } = seen.connections
      return {
        standings: seen.standings,
        alarms: (await listAlarms(own)).filter(({ closedAt }) => closedAt === null),
        examination: (await findLastExamination(own)) ?? null,
        bytes: seen.bytes,
        sizes: await listSizeHistory(own, undefined, 400),
        connections: { used, limit },
        cacheHit: seen.figures.cacheHit,
        deadlocks: seen.figures.deadlocks,
        since: seen.figures.since,
        oldestTransactionSeconds: seen.oldest?.seconds ?? null,
        statements: seen.statements,
        maintenance: await listLastRuns(own),
      }
    },
  }),
  route({
    method: 'GET',
    path: '/operations/alarms',
    allow,
    summary: 'List the alarms: open ones first, then the last hundred that are over',
    response: Type.Object({ items: Type.Array(Alarm) }),
    handle: async (_request, app) => ({ items: await listAlarms(app.db.scoped(system)) }),
  }),
  route({
    method: 'POST',
    path: '/operations/alarms/{id}/acknowledgement',
    allow: 'operations.state.manage',
    summary: 'Say that somebody looks after an alarm',
    params: idParams,
    refusals: ['operations.alarm_not_found', 'operations.alarm_closed'],
    response: Alarm,
    handle: ({ params, scope }, app) => acknowledgeAlarm(app, scope, params.id),
  }),
  route({
    method: 'GET',
    path: '/operations/examination',
    allow,
    summary: 'Get what the doctor has found the last time that all checks ran',
    response: Type.Object({ examination: nullable(Examination) }),
    handle: async (_request, app) => ({ examination: (await findLastExamination(app.db.scoped(system))) ?? null }),
  }),
  route({
    method: 'POST',
    path: '/operations/examination',
    allow: 'operations.state.manage',
    summary: 'Run all checks of the doctor now',
    description: 'It takes some seconds, and changes nothing.',
    rateLimit: 6,
    response: Examination,
    handle: (_request, app) => keepExamination(app, 'the console'),
  }),
  route({
    method: 'GET',
    path: '/operations/health/tables',
    allow,
    kept: { seconds: 15, per: 'user' },
    summary: 'List tables by size and growth, with bloat, partitions and what sequences have left',
    response: Type.Object({
      items: Type.Array(
        Type.Object({
          name: text,
          bytes: count,
          tableBytes: count,
          indexBytes: count,
          rows: count,
          deadRows: count,
          partitions: count,
          lastVacuumAt: nullable(timestamp),
          lastAnalyzeAt: nullable(timestamp),
          grownInWeek: nullable(count),
          grownInMonth: nullable(count),
        }),
      ),
      bloat: Bloat,
      partitions: Type.Array(
        Type.Object({ table: text, madeUntil: nullable(timestamp), isShort: Type.Boolean(), partitions: count }),
      ),
      sequences: Type.Array(Type.Object({ name: text, column: nullable(text), last: text, most: text, used: share })),
    }),
    handle: (_request, app) =>
      asAdministrator(app, async tx => ({
        items: await listTableSizes(tx, 500),
        bloat: await listTableBloat(tx),
        partitions: await listPartitionHorizons(tx),
        sequences: await listSequenceRoom(tx, 20),
      })),
  }),
  route({
    method: 'GET',
    path: '/operations/health/sizes',
    allow,
    summary: 'Get the size of a table, an index or the whole database, day by day',
    query: Type.Object({
      name: Type.Optional(
        Type.String({ maxLength: 200, description: '`schema.name`; the whole database unless told' }),
      ),
      days: Type.Integer({ minimum: 1, maximum: 400, default: 400 }),
    }),
    response: Type.Object({ items: SizeHistory }),
    handle: async ({ query }, app) => ({
      items: await listSizeHistory(app.db.scoped(system), query.name, query.days),
    }),
  }),
  route({
    method: 'GET',
    path: '/operations/health/indexes',
    allow,
    kept: { seconds: 15, per: 'user' },
    summary: 'List indexes with their use, and those that are unused, double, invalid, missing or bloated',
    response: Type.Object({
      since: nullable(timestamp),
      items: Type.Array(
        Type.Object({
          name: text,
          table: text,
          definition: text,
          bytes: count,
          scans: count,
          lastScanAt: nullable(timestamp),
          isUnique: Type.Boolean(),
          isPrimary: Type.Boolean(),
          isValid: Type.Boolean(),
          isConstraint: Type.Boolean(),
        }),
      ),
      invalid: Type.Array(Type.Object({ name: text, table: text, bytes: count, isLeftover: Type.Boolean() })),
      duplicate: Type.Array(
        Type.Object({ name: text, table: text, sameAs: text, bytes: count, isCovered: Type.Boolean() }),
      ),
      missing: Type.Array(Type.Object({ table: text, name: text, columns: text, refersTo: text })),
      bloat: Bloat,
    }),
    handle: (_request, app) =>
      asAdministrator(app, async tx => ({
        ...(await listIndexes(tx, 1_000)),
        invalid: await listInvalidIndexes(tx),
        duplicate: await listDuplicateIndexes(tx),
        missing: await listUnindexedKeys(tx),
        bloat: await listIndexBloat(tx),
      })),
  }),
  route({
    method: 'GET',
    path: '/operations/health/statements',
    allow,
    summary: 'List the statements that take longer than 100 ms on average',
    query: Type.Object({
      aboveMs: Type.Integer({ minimum: 0, maximum: 3_600_000, default: 100, description: 'Another bound' }),
    }),
    response: StatementStatistics,
    handle: ({ query }, app) => asAdministrator(app, tx => listSlowStatements(tx, 100, query.aboveMs)),
  }),
  route({
    method: 'GET',
    path: '/operations/health/connections',
    allow,
    summary: 'Get who is connected, by state, and the oldest transactions',
    response: Type.Object({
      limit: count,
      used: count,
      groups: Type.Array(
        Type.Object({ application: text, login: text, database: text, state: text, count, longestSeconds: seconds }),
      ),
      longest: Type.Array(Type.Object(Session)),
    }),
    handle: (_request, app) => asAdministrator(app, readConnections),
  }),
  route({
    method: 'GET',
    path: '/operations/health/locks',
    allow,
    summary: 'Get who waits for a lock, because of whom',
    response: Type.Object({
      items: Type.Array(
        Type.Object({
          ...Session,
          wants: nullable(text),
          waitedSeconds: nullable(seconds),
          depth: { ...count, description: '0 waits for nobody; else it waits for the one before it with a depth less' },
        }),
      ),
    }),
    handle: async (_request, app) => ({
      items: (await asAdministrator(app, readLockTree)).flatMap(node => flattened(node)),
    }),
  }),
  route({
    method: 'GET',
    path: '/operations/health/replication',
    allow,
    summary: 'Get replicas, slots, the room for transaction numbers, checkpoints and WAL',
    response: Type.Object({
      isReplica: Type.Boolean(),
      standbys: Type.Array(
        Type.Object({
          name: text,
          address: nullable(text),
          state: text,
          isSynchronous: Type.Boolean(),
          lagBytes: count,
          lagSeconds: nullable(seconds),
        }),
      ),
      reports: Type.Array(
        Type.Object({
          name: text,
          state: oneOf(['unknown', 'ready', 'behind', 'away', 'refused']),
          reason: nullable(text),
          lagSeconds: nullable(seconds),
          lagBytes: nullable(count),
          lastTransactionAt: nullable(timestamp),
          running: count,
          answered: count,
          failed: Type.Object({ conflict: count, lost: count, error: count }),
        }),
        { description: 'Replicas that reports are read from, as the process sees them that answers this' },
      ),
      fallbacks: nullable(
        Type.Object(
          { unavailable: count, older: count, failed: count },
          {
            description:
              'Reports that went to the main database: no replica could be asked, none had what the caller had seen, or one failed',
          },
        ),
      ),
      slots: Type.Array(
        Type.Object({
          name: text,
          kind: text,
          isActive: Type.Boolean(),
          keptBytes: nullable(count),
          walStatus: nullable(text),
        }),
      ),
      room: Type.Object({
        xidAge: count,
        multixactAge: count,
        freezeMaxAge: count,
        tables: Type.Array(Type.Object({ name: text, xidAge: count, multixactAge: count })),
      }),
      checkpoints: Type.Object({ timed: count, requested: count }),
      walBytes: count,
      since: nullable(timestamp),
    }),
    handle: (_request, app) =>
      asAdministrator(app, async tx => {
        const { checkpoints, walBytes, since } = await readFigures(tx)
        const { statuses: reports = [], fallbacks = null } = app.replicas ?? {}
        const replication = await readReplication(tx)
        return { ...replication, reports, fallbacks, room: await readTransactionRoom(tx), checkpoints, walBytes, since }
      }),
  }),
  route({
    method: 'GET',
    path: '/operations/maintenance',
    allow,
    summary: 'List maintenance: what there is, and its runs, newest first',
    query: Type.Object({
      task: Type.Optional(Type.String({ maxLength: 100 })),
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
    }),
    response: Type.Object({
      tasks: Type.Array(Type.Object({ name: text, title: text, every: oneOf(['day', 'week', 'month']) })),
      items: Type.Array(MaintenanceRun),
    }),
    async handle({ query }, app) {
      return {
        tasks: tasks.map(({ name, title, every }) => ({ name, title, every })),
        items: await listMaintenanceRuns(app.db.scoped(system), query.limit, query.task),
      }
    },
  }),
  route({
    method: 'POST',
    path: '/operations/maintenance/{task}/runs',
    allow: 'operations.state.manage',
    summary: 'Have maintenance done now',
    description: 'It is begun within seconds by a worker, and stands among the runs then.',
    params: Type.Object({ task: Type.String({ maxLength: 100 }) }),
    refusals: ['operations.task_unknown'],
    status: 202,
    response: Type.Object({ task: text }),
    async handle({ params, scope }, app) {
      if (!findTask(params.task))
        throw errors.taskUnknown({ task: params.task, tasks: tasks.map(({ name }) => name).join(', ') })
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordEvent(tx, { action: 'run', resource: 'operations.maintenance_runs', resourceId: params.task })
        await enqueue(tx, maintainNow, { task: params.task })
      })
      return { task: params.task }
    },
  }),
]

/** Trees as JSON schemas know none: rows with how deep each stands. */
function flattened<T extends { blocked: T[] }>(node: T, depth = 0): (Omit<T, 'blocked'> & { depth: number })[] {
  const { blocked, ...rest } = node
  return [{ ...rest, depth }, ...blocked.flatMap(each => flattened(each, depth + 1))]
}
