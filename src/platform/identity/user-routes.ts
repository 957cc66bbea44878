import { Type } from 'typebox'
import { AuditLog, listAuditLogs, noTenant, recordEvent } from '#platform/audit'
import { idParams, oneOf, pageOf, pageQuery, route } from '#platform/http'
import { asOperator, makeOperator, operatorScope, removeOperator } from './operators.ts'
import { resetTwoFactor, sendOperatorsReset } from './recoveries.ts'
import { countUsers, getUser, ListedUser, listUsers, StatusCounts, UserDetails, UserFilters } from './user-directory.ts'
import { changeUserStatus, endAccess, userStatuses } from './user-statuses.ts'

const reason = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '\\S',
  description: 'For the log; it is not sent to the person',
})

/** For the operators of an installation: everybody's accounts. */
export const userRoutes = [
  route({
    method: 'GET',
    path: '/users',
    allow: 'identity.users.read',
    summary: 'List the accounts of this installation, newest first',
    description: '`counts` stands beside the first page only.',
    query: Type.Object({ ...UserFilters, ...pageQuery }),
    response: pageOf(ListedUser, { counts: Type.Optional(StatusCounts) }),
    async handle({ query: { limit, cursor, ...filters }, scope }, app) {
      const tx = app.db.scoped(operatorScope(scope))
      const [page, counts] = await Promise.all([
        listUsers(tx, filters, { limit, cursor }),
        cursor === undefined ? countUsers(tx, filters.q) : undefined,
      ])
      return { ...page, ...(counts && { counts }) }
    },
  }),
  route({
    method: 'GET',
    path: '/users/{id}',
    allow: 'identity.users.read',
    summary: 'Get an account',
    params: idParams,
    response: UserDetails,
    refusals: ['identity.user_not_found'],
    async handle({ params, scope }, app) {
      return await getUser(app.db.reads(operatorScope(scope)), params.id)
    },
  }),
  route({
    method: 'GET',
    path: '/users/{id}/events',
    allow: 'identity.users.read',
    summary: 'List what was done to an account, newest first',
    description: 'Entries of the audit log that belong to no tenant.',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(AuditLog),
    refusals: ['identity.user_not_found'],
    async handle({ params, query, scope }, app) {
      await getUser(app.db.reads(operatorScope(scope)), params.id)
      const log = app.db.reads({ ...operatorScope(scope), tenantId: noTenant })
      return await listAuditLogs(log, { resource: 'identity.users', resourceId: params.id }, query)
    },
  }),
  route({
    method: 'POST',
    path: '/users/{id}/status',
    allow: 'identity.users.manage',
    fresh: true,
    summary: 'Suspend, deactivate, reactivate, delete or restore an account',
    description:
      'Unless it becomes active, its sessions end at once. A deleted account becomes active again within 90 days, after that it is erased.',
    params: idParams,
    body: Type.Object({ status: oneOf(userStatuses), reason }),
    response: UserDetails,
    refusals: [
      'identity.user_not_found',
      'identity.status_unchanged',
      'identity.status_refused',
      'identity.status_of_oneself',
      'identity.restore_too_late',
      'identity.restore_address_taken',
      'identity.last_operator',
    ],
    async handle({ params, body, scope }, app) {
      return await asOperator(app, scope, async tx => {
        await changeUserStatus(app, tx, { userId: params.id, status: body.status, reason: body.reason.trim() })
        return await getUser(tx, params.id)
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/users/{id}/sessions',
    allow: 'identity.users.manage',
    fresh: true,
    summary: 'Sign somebody out everywhere',
    params: idParams,
    response: Type.Null(),
    status: 204,
    refusals: ['identity.user_not_found'],
    async handle({ params, scope }, app) {
      await asOperator(app, scope, async tx => {
        await getUser(tx, params.id)
        const ended = await endAccess(tx, params.id, 'signed out by an operator')
        await recordEvent(tx, { action: 'end_sessions', resource, resourceId: params.id, details: { ended } })
      })
      return null
    },
  }),
  route({
    method: 'DELETE',
    path: '/users/{id}/two-factor',
    allow: 'identity.users.manage',
    fresh: true,
    summary: 'Remove the second factor of somebody who lost it',
    description:
      'Authenticator app, backup codes and remembered devices; he is signed out everywhere and told by mail.',
    params: idParams,
    body: Type.Object({ reason, alsoPasskeys: Type.Optional(Type.Boolean({ default: false })) }),
    response: Type.Null(),
    status: 204,
    refusals: ['identity.user_not_found', 'identity.last_way_in', 'identity.status_of_oneself'],
    async handle({ params, body, scope }, app) {
      const { reason, alsoPasskeys = false } = body
      await asOperator(app, scope, tx =>
        resetTwoFactor(app, tx, { userId: params.id, reason: reason.trim(), alsoPasskeys }),
      )
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/users/{id}/password-reset',
    allow: 'identity.users.manage',
    fresh: true,
    summary: 'Send somebody a link for a new password',
    description: 'It goes to the address of the account and works for 30 minutes; the password stays until then.',
    params: idParams,
    response: Type.Null(),
    status: 204,
    refusals: ['identity.user_not_found', 'identity.account_not_active'],
    async handle({ params, scope }, app) {
      await asOperator(app, scope, async tx => {
        await getUser(tx, params.id)
        await sendOperatorsReset(app, tx, params.id)
      })
      return null
    },
  }),
  route({
    method: 'PUT',
    path: '/users/{id}/operator',
    allow: 'identity.users.manage',
    fresh: true,
    summary: 'Make somebody an operator of this installation',
    params: idParams,
    response: Type.Null(),
    status: 204,
    refusals: ['identity.user_not_found', 'identity.operator_inactive'],
    async handle({ params, scope }, app) {
      await asOperator(app, scope, async tx => {
        await getUser(tx, params.id)
        await makeOperator(tx, params.id, scope.userId)
      })
      return null
    },
  }),
  route({
    method: 'DELETE',
    path: '/users/{id}/operator',
    allow: 'identity.users.manage',
    fresh: true,
    summary: 'Let somebody no longer be an operator',
    params: idParams,
    response: Type.Null(),
    status: 204,
    refusals: ['identity.user_not_found', 'identity.last_operator'],
    async handle({ params, scope }, app) {
      await asOperator(app, scope, async tx => {
        await getUser(tx, params.id)
        await removeOperator(tx, params.id)
      })
      return null
    },
  }),
]

const resource = 'identity.users'
