import { Type } from 'typebox'
import { recordEvent } from '#platform/audit'
import { nullable, oneOf, route, timestamp, uuid } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { readKeyStatus } from './key-status.ts'
import { listPrograms, requireKeyEverywhere } from './programs.ts'
import { rotateNow } from './rotation-job.ts'
import { listRotations } from './rotations.ts'

const text = Type.String()
const count = Type.Integer()
const system = { system: true } as const

const Rotation = Type.Object({
  id: uuid,
  toKey: text,
  fromKeys: Type.Array(text),
  status: oneOf(['running', 'interrupted', 'done', 'incomplete', 'failed']),
  startedAt: timestamp,
  endedAt: nullable(timestamp),
  requestedBy: nullable(text),
  encryptedAgain: count,
  total: { ...nullable(count), description: 'How many were to be encrypted again when it began' },
  unreadable: count,
  remaining: nullable(count),
  reason: nullable(text),
})

/** GG-17, for the operators of an installation: the ids of its keys, never the keys. */
export const keyRoutes = [
  route({
    method: 'GET',
    path: '/operations/keys',
    allow: 'operations.state.read',
    summary: 'List the keys by their ids, with how much is under each, and the rotations',
    response: Type.Object({
      newest: text,
      keys: Type.Array(
        Type.Object({
          id: text,
          isConfigured: Type.Boolean(),
          isNewest: Type.Boolean(),
          values: count,
          files: count,
          archives: count,
          isRemovable: Type.Boolean(),
          reasons: Type.Array(text),
        }),
      ),
      away: Type.Array(Type.Object({ name: text, error: text }), { description: 'Databases that could not be asked' }),
      programs: Type.Array(Type.Object({ host: text, processId: count, keyIds: Type.Array(text) }), {
        description: 'Servers and workers that run, and the keys that each has',
      }),
      rotations: Type.Array(Rotation, { description: 'The newest first' }),
    }),
    refusals: ['operations.rotation_needs_administrator'],
    async handle(_request, app) {
      const { newest, keys, away } = await readKeyStatus(app)
      const programs = await listPrograms(app.db.scoped(system))
      return {
        newest,
        keys,
        away,
        programs: programs.map(({ host, processId, keyIds }) => ({ host, processId, keyIds })),
        rotations: (await listRotations(app)).map(({ columns: _, resumedAt: __, ...rotation }) => rotation),
      }
    },
  }),
  route({
    method: 'POST',
    path: '/operations/key-rotations',
    allow: 'operations.state.manage',
    fresh: true,
    summary: 'Have all that is encrypted encrypted again with the newest key',
    description: 'A worker does it while the program is used; one that was interrupted goes on.',
    status: 202,
    response: Type.Object({ toKey: text }),
    refusals: ['operations.key_unknown_elsewhere'],
    async handle({ scope }, app) {
      await requireKeyEverywhere(app)
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordEvent(tx, { action: 'begin_rotation', resource: 'operations.key_rotations' })
        await enqueue(tx, rotateNow, {})
      })
      return { toKey: app.keyring.newestKeyId }
    },
  }),
]
