import { Type } from 'typebox'
import { recordEvent } from '#platform/audit'
import { nullable, oneOf, route, timestamp } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { errors } from './errors.ts'
import { beginBackup, beginDrill } from './jobs.ts'
import { hasBackup, makesBackups, ownArchive } from './schedule.ts'
import { adapters } from './settings.ts'
import { readState } from './state.ts'

const text = Type.String()
const count = Type.Integer()
const kind = oneOf(['full', 'incremental'])
const time = Type.String({ format: 'date-time' })

const Backup = Type.Object({
  id: text,
  kind,
  parent: { ...nullable(text), description: 'The backup on which an incremental one builds' },
  startedAt: time,
  finishedAt: { ...time, description: 'By the clock of the database server; from here on it can be recovered' },
  plainBytes: count,
  storedBytes: count,
  timeline: count,
  startLsn: text,
  stopLsn: text,
  verification: nullable(Type.Object({ at: time, faults: Type.Array(text) })),
})

const Run = Type.Object({
  id: text,
  kind: oneOf(['full', 'incremental', 'verify', 'drill', 'expire', 'restore']),
  state: oneOf(['running', 'done', 'failed']),
  backupId: nullable(text),
  requestedBy: { ...nullable(text), description: 'Null where it was due' },
  startedAt: timestamp,
  finishedAt: nullable(timestamp),
  result: nullable(Type.Object({}, { additionalProperties: true })),
  failure: nullable(text),
  progress: nullable(
    Type.Object(
      {
        at: { ...time, description: 'When it was so far' },
        step: Type.Optional(text),
        bytes: Type.Optional(count),
        expectedBytes: Type.Optional(count),
        files: Type.Optional(count),
      },
      { description: 'How far a running one is' },
    ),
  ),
})

const State = Type.Object({
  status: oneOf(['protected', 'attention', 'unprotected']),
  advice: Type.Array(text, { description: 'What to do, the most important first' }),
  adapter: oneOf(adapters),
  folder: text,
  freeBytes: nullable(count),
  retentionDays: count,
  received: nullable(
    Type.Object({
      until: time,
      lsn: text,
      timeline: count,
      isReceiving: Type.Boolean(),
      lagBytes: { ...nullable(count), description: 'What the server has written and we have not' },
    }),
  ),
  windows: Type.Array(Type.Object({ from: time, until: time, backup: text, missing: Type.Optional(text) }), {
    description: 'From when to when the database can be recovered; a gap in the WAL ends one',
  }),
  chains: Type.Array(Type.Array(Backup), { description: 'Each a full backup and those that build on it' }),
  lastBackupAt: nullable(time),
  archivedUntil: { ...nullable(time), description: 'Where something else than this program archives WAL' },
  others: Type.Array(
    Type.Object({
      databases: Type.Array(text),
      tenants: count,
      status: oneOf(['protected', 'attention', 'unprotected']),
      message: { ...nullable(text), description: 'What lacks' },
      lastBackupAt: nullable(time),
      from: { ...nullable(time), description: 'From when to when it can be recovered' },
      until: nullable(time),
    }),
    { description: 'Other servers, on which workspaces have databases of their own' },
  ),
  runs: Type.Array(Run, { description: 'What was done, the latest first' }),
  lastDrill: { ...nullable(Run), description: 'The last restore drill that has ended, however long ago' },
  restores: Type.Array(Run, {
    description: 'Those of workspaces and tables, with what came of them, the latest first',
  }),
  now: time,
})

export const backupRoutes = [
  route({
    method: 'GET',
    path: '/operations/backups',
    allow: 'operations.state.read',
    summary: 'Get how well the database is protected: backups, WAL, and from when to when it can be recovered',
    response: State,
    handle: (_request, app) => readState(app),
  }),
  route({
    method: 'POST',
    path: '/operations/backups',
    allow: 'operations.state.manage',
    fresh: true,
    summary: 'Begin a backup',
    description: 'It is made by a worker; its record appears among the runs within some seconds.',
    body: Type.Object({ kind }),
    status: 202,
    response: Type.Object({ kind }),
    refusals: ['backups.made_elsewhere'],
    async handle({ body, scope, principal }, app) {
      if (!makesBackups(app)) throw errors.madeElsewhere()
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordEvent(tx, {
          action: 'begin_backup',
          resource: 'operations.backup_runs',
          details: { kind: body.kind },
        })
        await enqueue(tx, beginBackup, { kind: body.kind, requestedBy: principal.userName })
      })
      return { kind: body.kind }
    },
  }),
  route({
    method: 'POST',
    path: '/operations/backup-drills',
    allow: 'operations.state.manage',
    fresh: true,
    summary: 'Begin a restore drill: recover the last backup aside and look at it',
    status: 202,
    response: Type.Object({ kind: oneOf(['drill']) }),
    refusals: ['backups.made_elsewhere', 'backups.no_backup'],
    async handle({ scope, principal }, app) {
      if (!makesBackups(app)) throw errors.madeElsewhere()
      const archive = await ownArchive(app)
      if (!hasBackup(archive)) throw errors.noBackup({ folder: archive.folder, target: 'the latest', first: 'no time' })
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordEvent(tx, { action: 'begin_drill', resource: 'operations.backup_runs' })
        await enqueue(tx, beginDrill, { requestedBy: principal.userName })
      })
      return { kind: 'drill' as const }
    },
  }),
]
