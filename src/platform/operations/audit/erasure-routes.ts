import { type Static, Type } from 'typebox'
import { mainApp } from '#platform/app.ts'
import { ListedErasure, listErasures } from '#platform/audit'
import { nullable, oneOf, route, uuid } from '#platform/http'
import { countLogOf, findSubject, identityErrors } from '#platform/identity'
import { enqueue } from '#platform/jobs'
import { errors } from '../errors.ts'
import { eraseSubjectNow, recordErasure } from './subject-erasures.ts'

const count = Type.Integer()

export const ErasablePerson = Type.Object({
  userId: uuid,
  email: nullable(Type.String({ description: 'Null where the account is erased already' })),
  status: oneOf(['deleted', 'erased']),
  entries: { ...count, description: 'Of all logs that tell something personal' },
  tenants: count,
  databases: count,
})
export type ErasablePerson = Static<typeof ErasablePerson>

const system = { system: true } as const

export const erasureRoutes = [
  route({
    method: 'GET',
    path: '/operations/audit/erasures',
    allow: 'operations.state.read',
    summary: 'List the people who were erased from the audit log',
    response: Type.Object({ items: Type.Array(ListedErasure, { description: 'The latest first, 100 at most' }) }),
    handle: async (_request, given) => ({ items: await listErasures(mainApp(given).db.scoped(system), 100) }),
  }),
  route({
    method: 'GET',
    path: '/operations/audit/erasable-person',
    allow: 'operations.state.manage',
    summary: 'Get what the audit log has of somebody whose account is deleted or erased',
    query: Type.Object({ user: Type.String({ minLength: 1, maxLength: 320, description: 'E-mail address or id' }) }),
    response: ErasablePerson,
    refusals: ['identity.subject_unknown', 'identity.account_exists', 'identity.subject_held'],
    async handle({ query }, given) {
      const app = mainApp(given)
      const { id, email, status } = await findSubject(app.db.scoped(system), query.user.trim())
      if (status !== 'deleted' && status !== 'erased') throw identityErrors.accountExists()
      const { entries, tenants, databases } = await countLogOf(app, id)
      return { userId: id, email, status, entries, tenants, databases }
    },
  }),
  route({
    method: 'POST',
    path: '/operations/audit/erasures',
    allow: 'operations.state.manage',
    fresh: true,
    summary: 'Erase somebody from the audit log for good',
    description:
      'And the account, where it is deleted and could still come back. A worker does it, in all databases; it appears among the erasures within some seconds, and has its end there.',
    body: Type.Object({
      userId: uuid,
      confirmation: Type.String({
        maxLength: 320,
        description: 'The e-mail address of the account, or its id where it is erased already',
      }),
    }),
    status: 202,
    response: Type.Object({ userId: uuid }),
    refusals: [
      'identity.subject_unknown',
      'identity.account_exists',
      'identity.subject_held',
      'identity.no_administrator',
      'operations.erasure_not_confirmed',
    ],
    async handle({ body, scope }, given) {
      const app = mainApp(given)
      const { id, email, status } = await findSubject(app.db.scoped(system), body.userId)
      if (status !== 'deleted' && status !== 'erased') throw identityErrors.accountExists()
      const wanted = email ?? id
      if (body.confirmation.trim().toLowerCase() !== wanted.toLowerCase()) throw errors.erasureNotConfirmed({ wanted })
      if (status === 'deleted' && !app.administration) throw identityErrors.noAdministrator()
      // Refuses what is held, before anything is promised.
      await countLogOf(app, id)
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordErasure(tx, id)
        await enqueue(tx, eraseSubjectNow, { userId: id })
      })
      return { userId: id }
    },
  }),
]
