import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { Explanation, explainAccess } from './explanations.ts'
import { listPermissions, Permission } from './permissions.ts'
import { listRoleMembers, RoleMember } from './role-members.ts'
import { createRole, deleteRole, getRole, listRoles, Role, RoleFields, setDefaultRole, updateRole } from './roles.ts'

const read = 'access.roles.read'
const write = 'access.roles.write'

const bounded = ['access.grant_exceeded', 'access.owners_only']
const named = [
  'access.role_name_taken',
  'access.role_name_reserved',
  'access.permission_unknown',
  'access.scope_unknown',
]

export const roleRoutes = [
  route({
    method: 'GET',
    path: '/roles',
    allow: read,
    summary: 'List the roles of the tenant',
    description: 'The built-in ones first, then its own by name.',
    query: Type.Object(pageQuery),
    response: pageOf(Role),
    handle: ({ query, scope }, app) => listRoles(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/roles',
    allow: write,
    fresh: true,
    summary: 'Make a role of the tenant’s own',
    description: 'It permits at most what you may yourself.',
    body: RoleFields,
    status: 201,
    etag: true,
    response: Role,
    refusals: [...bounded, ...named],
    handle: ({ body, scope }, app) => changeAndAnnounce(app, scope, tx => createRole(tx, body)),
  }),
  route({
    method: 'GET',
    path: '/roles/{id}',
    allow: read,
    summary: 'Get a role',
    params: idParams,
    response: Role,
    refusals: ['access.role_not_found'],
    handle: ({ params, scope }, app) => getRole(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/roles/{id}',
    allow: write,
    fresh: true,
    summary: 'Change a role of the tenant’s own',
    description:
      'Only what is sent changes; `permissions` and `scopes` are sent whole. You must hold all that the role permits, before and after. With `If-Match` only as long as the role is as you read it.',
    params: idParams,
    body: Type.Partial(RoleFields),
    conditional: true,
    response: Role,
    refusals: ['access.role_not_found', 'access.role_built_in', ...bounded, ...named],
    handle: ({ params, body, ifMatch, scope }, app) =>
      changeAndAnnounce(app, scope, tx => updateRole(tx, params.id, body, ifMatch)),
  }),
  route({
    method: 'DELETE',
    path: '/roles/{id}',
    allow: write,
    fresh: true,
    summary: 'Remove a role of the tenant’s own',
    description:
      'While members have it, `replacementId` says which role they get instead. You must hold all that both permit.',
    params: idParams,
    query: Type.Object({ replacementId: Type.Optional(uuid) }),
    response: Type.Null(),
    status: 204,
    refusals: [
      'access.role_not_found',
      'access.role_built_in',
      'access.role_is_default',
      'access.role_in_use',
      'access.replacement_same',
      ...bounded,
    ],
    async handle({ params, query, scope }, app) {
      await changeAndAnnounce(app, scope, tx => deleteRole(tx, params.id, query.replacementId))
      return null
    },
  }),
  route({
    method: 'PUT',
    path: '/roles/{id}/default',
    allow: write,
    fresh: true,
    summary: 'Give this role to new members from now on',
    description: 'You must hold all that it permits. It takes the place of the role that was the default.',
    params: idParams,
    response: Role,
    refusals: ['access.role_not_found', ...bounded],
    handle: ({ params, scope }, app) => changeAndAnnounce(app, scope, tx => setDefaultRole(tx, params.id)),
  }),
  route({
    method: 'GET',
    path: '/roles/{id}/members',
    allow: read,
    summary: 'List who has a role, by name',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(RoleMember),
    refusals: ['access.role_not_found'],
    handle: ({ params, query, scope }, app) => listRoleMembers(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'GET',
    path: '/permissions',
    allow: read,
    summary: 'List what a role can permit',
    query: Type.Object(pageQuery),
    response: pageOf(Permission),
    handle: ({ query, scope }, app) => listPermissions(app.db.reads(scope), query),
  }),
  route({
    method: 'GET',
    path: '/access/explanation',
    allow: read,
    summary: 'Say why a member may do something, or may not',
    description:
      'For members of this tenant and permissions that roles give. What the security policy wants besides, such as a second factor, depends on the session and is not asked.',
    query: Type.Object({ userId: uuid, permission: Type.String({ minLength: 1, maxLength: 200 }) }),
    response: Explanation,
    refusals: ['access.user_unknown', 'access.permission_not_found', 'access.permission_for_operators'],
    handle: ({ query: { userId, permission }, scope }, app) =>
      explainAccess(app.db.reads(scope), { userId, permission, tenantId: scope.tenantId ?? '' }),
  }),
]
