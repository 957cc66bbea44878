import { Type } from 'typebox'
import { dateTime, nullable, pageOf, pageQuery, requireFresh, requireOwnSignInFor, route, uuid } from '#platform/http'
import { leaveTenant, removeMember } from './departures.ts'
import { changeMember, getMember, listMembers, Member, MemberFilters } from './members.ts'
import { chooseDefaultTenant, listOwnTenants, OwnTenant } from './own-tenants.ts'

const params = Type.Object({ userId: uuid })
const mayManage = ({ permissions }: { permissions: ReadonlySet<string> }) => ({
  isManager: permissions.has('members.members.write'),
})
const grantRefusals = ['access.grant_exceeded', 'access.owners_only']

/** The people of a tenant. */
export const memberRoutes = [
  route({
    method: 'GET',
    path: '/members',
    allow: 'members.members.read',
    summary: 'List the members, by name',
    description: 'Those too whose membership has ended.',
    query: Type.Object({ ...MemberFilters, ...pageQuery }),
    response: pageOf(Member),
    async handle({ query: { limit, cursor, ...filters }, principal, scope }, app) {
      return await listMembers(app, app.db.scoped(scope), filters, { limit, cursor }, mayManage(principal))
    },
  }),
  route({
    method: 'GET',
    path: '/members/{userId}',
    allow: 'members.members.read',
    summary: 'Get a member',
    params,
    response: Member,
    refusals: ['members.member_not_found'],
    async handle({ params, principal, scope }, app) {
      return await getMember(app, app.db.reads(scope), params.userId, mayManage(principal))
    },
  }),
  route({
    method: 'PATCH',
    path: '/members/{userId}',
    allow: 'members.members.write',
    conditional: true,
    summary: 'Change a member’s roles, or the end of a membership',
    description:
      'Felt at the next request. `roleIds` are all that the member has from now on; a role that he has by hand and by a group of an identity provider stays until he leaves the group. Other roles need a sign-in of the last 10 minutes.',
    params,
    body: Type.Object({
      roleIds: Type.Optional(Type.Array(uuid, { minItems: 1, maxItems: 100, uniqueItems: true })),
      expiresAt: Type.Optional(nullable({ ...dateTime, description: 'Null for no end' })),
    }),
    response: Member,
    refusals: [
      'members.member_not_found',
      'members.last_owner',
      'members.expiry_past',
      'access.own_membership_prolonged',
      'access.role_not_found',
      'http.step_up_required',
      'federation.role_of_group',
      ...grantRefusals,
    ],
    async handle({ params, body, principal, scope, ifMatch }, app) {
      if (body.roleIds !== undefined) requireFresh(app, principal)
      return await changeMember(app, scope, params.userId, body, ifMatch)
    },
  }),
  route({
    method: 'DELETE',
    path: '/members/{userId}',
    allow: 'members.members.write',
    fresh: true,
    summary: 'Remove a member',
    description:
      'Access ends at once, and the person is told by mail. What he made stays; lists that others see get another owner.',
    params,
    body: Type.Object({
      reason: Type.String({
        minLength: 1,
        maxLength: 500,
        pattern: '\\S',
        description: 'For the log; it is not sent to the person',
      }),
    }),
    response: Type.Null(),
    status: 204,
    refusals: ['members.member_not_found', 'members.last_owner', 'members.removal_of_oneself', ...grantRefusals],
    async handle({ params, body, scope }, app) {
      await removeMember(app, scope, params.userId, body.reason.trim())
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/me/tenants',
    allow: 'session',
    summary: 'List my memberships',
    description:
      'By the name of the tenant; those too that have ended. Who came through the identity provider of a tenant sees that one alone.',
    response: pageOf(OwnTenant),
    async handle({ principal, scope }, app) {
      const system = app.db.reads({ ...scope, system: true })
      const own = await listOwnTenants(system, principal.userId)
      const { provider } = principal
      return { items: provider ? own.filter(({ id }) => id === provider.tenantId) : own, nextCursor: null }
    },
  }),
  route({
    method: 'POST',
    path: '/me/tenants/{tenantId}/leave',
    allow: 'session',
    summary: 'Leave a tenant',
    description: 'Access ends at once. What you made stays; lists that others see get another owner.',
    params: Type.Object({ tenantId: uuid }),
    response: Type.Null(),
    status: 204,
    refusals: ['members.membership_not_found', 'members.last_owner', 'http.own_sign_in_required'],
    async handle({ params, principal, scope }, app) {
      requireOwnSignInFor(principal, params.tenantId)
      await leaveTenant(app, scope, principal.userId, params.tenantId)
      return null
    },
  }),
  route({
    method: 'PUT',
    path: '/me/default-tenant',
    allow: 'session',
    summary: 'Choose where my sessions start',
    body: Type.Object({ tenantId: uuid }),
    response: Type.Null(),
    status: 204,
    refusals: ['members.membership_not_found', 'http.own_sign_in_required'],
    async handle({ body, principal, scope }, app) {
      requireOwnSignInFor(principal, body.tenantId)
      await chooseDefaultTenant(app, scope, principal.userId, body.tenantId)
      return null
    },
  }),
]
