import { Type } from 'typebox'
import { idParams, oneOf, pageOf, pageQuery, route, uuid } from '#platform/http'
import {
  addOrganizationMember,
  changeOrganizationMember,
  listOrganizationMembers,
  OrganizationMember,
  organizationRoles,
  removeOrganizationMember,
} from './organization-members.ts'
import {
  changeOrganization,
  createOrganization,
  deleteOrganization,
  getOrganization,
  listOrganizations,
  Organization,
  OrganizationInput,
} from './organizations.ts'

// Who may write depends on the organization: administrators manage theirs and what stands below, without a permission for
// all. The database decides it once more (members.may_manage), in the policies of the tables.
const allow = 'members.organizations.read'
const notYours = 'members.organization_not_yours'
const unknown = 'members.organization_not_found'
const unfit = [
  'members.organization_too_deep',
  'members.organizations_too_many',
  'members.slug_taken',
  'members.settings_too_large',
]
const memberParams = Type.Object({ id: uuid, userId: uuid })
const role = oneOf(organizationRoles)

/** The tree of departments and subsidiaries inside a tenant (GG-05). */
export const organizationRoutes = [
  route({
    method: 'GET',
    path: '/organizations',
    allow,
    summary: 'List the organizations, as a tree',
    description:
      'All of them (2,000 at most), each before those below it, siblings by name; `level` and `parentId` say where it stands.',
    response: pageOf(Organization),
    async handle({ principal, scope }, app) {
      return { items: await listOrganizations(app.db.scoped(scope), principal), nextCursor: null }
    },
  }),
  route({
    method: 'POST',
    path: '/organizations',
    allow,
    summary: 'Make an organization',
    description: 'At the top with `members.organizations.write`, below another one also as an administrator of that.',
    body: Type.Object(OrganizationInput),
    response: Organization,
    status: 201,
    refusals: [notYours, 'members.parent_not_found', ...unfit],
    async handle({ body, principal, scope }, app) {
      return await createOrganization(app, scope, principal, body)
    },
  }),
  route({
    method: 'GET',
    path: '/organizations/{id}',
    allow,
    summary: 'Get an organization',
    params: idParams,
    response: Organization,
    refusals: [unknown],
    async handle({ params, principal, scope }, app) {
      return await getOrganization(app.db.scoped(scope), params.id, principal)
    },
  }),
  route({
    method: 'PATCH',
    path: '/organizations/{id}',
    allow,
    conditional: true,
    summary: 'Change or move an organization',
    description: 'Another `parentId` moves it with all below; it cannot stand below itself.',
    params: idParams,
    body: Type.Partial(Type.Object(OrganizationInput)),
    response: Organization,
    refusals: [unknown, notYours, 'members.parent_not_found', 'members.organization_below_itself', ...unfit],
    async handle({ params, body, principal, scope, ifMatch }, app) {
      return await changeOrganization(app, scope, principal, params.id, body, ifMatch)
    },
  }),
  route({
    method: 'DELETE',
    path: '/organizations/{id}',
    allow,
    summary: 'Delete an organization with all below it',
    description: 'Its members stay members of the tenant. An administrator deletes what stands below his own.',
    params: idParams,
    response: Type.Null(),
    status: 204,
    refusals: [unknown, notYours],
    async handle({ params, principal, scope }, app) {
      await deleteOrganization(app, scope, principal, params.id)
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/organizations/{id}/members',
    allow,
    summary: 'List who belongs to an organization, by name',
    description: 'Directly; not those of the organizations below it.',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(OrganizationMember),
    refusals: [unknown],
    async handle({ params, query, scope }, app) {
      return await listOrganizationMembers(app.db.scoped(scope), params.id, query)
    },
  }),
  route({
    method: 'POST',
    path: '/organizations/{id}/members',
    allow,
    summary: 'Put a member of the tenant into an organization',
    params: idParams,
    body: Type.Object({ userId: uuid, role: Type.Optional(role) }),
    response: OrganizationMember,
    status: 201,
    refusals: [unknown, notYours, 'members.member_not_found', 'members.place_taken'],
    async handle({ params, body, principal, scope }, app) {
      const { userId, role = 'member' } = body
      return await addOrganizationMember(app, scope, principal, { organizationId: params.id, userId, role })
    },
  }),
  route({
    method: 'PATCH',
    path: '/organizations/{id}/members/{userId}',
    allow,
    etag: false,
    summary: 'Change what somebody is in an organization',
    params: memberParams,
    body: Type.Object({ role }),
    response: OrganizationMember,
    refusals: [unknown, notYours, 'members.place_not_found'],
    async handle({ params, body, principal, scope }, app) {
      const place = { organizationId: params.id, userId: params.userId, role: body.role }
      return await changeOrganizationMember(app, scope, principal, place)
    },
  }),
  route({
    method: 'DELETE',
    path: '/organizations/{id}/members/{userId}',
    allow,
    summary: 'Take somebody out of an organization, or leave it',
    params: memberParams,
    response: Type.Null(),
    status: 204,
    refusals: [unknown, notYours, 'members.place_not_found'],
    async handle({ params, principal, scope }, app) {
      await removeOrganizationMember(app, scope, principal, { organizationId: params.id, userId: params.userId })
      return null
    },
  }),
]
