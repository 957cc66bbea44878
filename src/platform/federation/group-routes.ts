import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, Reply, route, uuid } from '#platform/http'
import { GroupSettings } from './group-claims.ts'
import {
  changeGroupMapping,
  createGroupMapping,
  deleteGroupMapping,
  GroupMapping,
  GroupMappingChanges,
  GroupMappingFields,
  getGroupMapping,
  listGroupMappings,
} from './group-mappings.ts'
import { changeGroupSettings, getGroupProvider } from './group-settings.ts'
import { listMemberGroupRoles, MemberGroupRole } from './member-roles.ts'
import { acceptRoleProposal, dismissRoleProposal, listRoleProposals, RoleProposal } from './role-proposals.ts'
import { countKnownGroups, GroupKnowledge, listSeenGroups, SeenGroup } from './seen-groups.ts'

const read = 'federation.groups.read'
const write = 'federation.groups.write'
const noProvider = 'federation.provider_not_found'
const noMapping = 'federation.group_mapping_not_found'
const noProposal = 'federation.role_proposal_not_found'
const grantRefusals = ['access.grant_exceeded', 'access.owners_only']

export const groupRoutes = [
  route({
    method: 'GET',
    path: '/federation/members/{userId}/group-roles',
    allow: read,
    summary: 'Get which roles of a member groups give, and which groups',
    params: Type.Object({ userId: uuid }),
    response: Type.Object({ items: Type.Array(MemberGroupRole) }),
    async handle({ params, scope }, app) {
      return { items: await listMemberGroupRoles(app.db.reads(scope), params.userId) }
    },
  }),
  route({
    method: 'GET',
    path: '/federation/providers/{id}/group-settings',
    allow: read,
    summary: 'Get where the groups of a provider’s people are read, and of how many they are known',
    params: idParams,
    refusals: [noProvider],
    response: Type.Object({
      ...GroupSettings.properties,
      provider: Type.Object({ id: uuid, name: Type.String(), type: Type.String(), isActive: Type.Boolean() }),
      knowledge: GroupKnowledge,
    }),
    async handle({ params, scope }, app) {
      const tx = app.db.reads(scope)
      const { settings, ...provider } = await getGroupProvider(tx, params.id)
      return { ...settings, provider, knowledge: await countKnownGroups(tx, params.id) }
    },
  }),
  route({
    method: 'PUT',
    path: '/federation/providers/{id}/group-settings',
    allow: write,
    fresh: true,
    summary: 'Say where the groups of a provider’s people are read',
    description: 'Whoever says so holds all that the groups of this provider give.',
    params: idParams,
    body: GroupSettings,
    refusals: [noProvider, ...grantRefusals],
    response: GroupSettings,
    async handle({ params, body, scope }, app) {
      const { settings } = await app.db.transaction(scope, tx => changeGroupSettings(tx, params.id, body))
      return settings
    },
  }),
  route({
    method: 'GET',
    path: '/federation/providers/{id}/group-mappings',
    allow: read,
    summary: 'List which groups of a provider give which roles',
    params: idParams,
    refusals: [noProvider],
    response: Type.Object({ items: Type.Array(GroupMapping) }),
    async handle({ params, scope }, app) {
      const tx = app.db.reads(scope)
      await getGroupProvider(tx, params.id)
      return { items: await listGroupMappings(tx, params.id) }
    },
  }),
  route({
    method: 'POST',
    path: '/federation/providers/{id}/group-mappings',
    allow: write,
    fresh: true,
    summary: 'Let a group give a role',
    description:
      'Whoever says so holds all that the role permits. A sync brings everybody in line whose groups are known; the others follow at their next sign-in.',
    params: idParams,
    body: GroupMappingFields,
    refusals: [
      noProvider,
      'federation.group_mapping_taken',
      'federation.group_of_everybody',
      'federation.group_in_other_form',
      'federation.group_mappings_too_many',
      'federation.mapped_role_not_found',
      ...grantRefusals,
    ],
    response: GroupMapping,
    status: 201,
    async handle({ params, body, scope }, app) {
      return await createGroupMapping(app, scope, params.id, body)
    },
  }),
  route({
    method: 'GET',
    path: '/federation/group-mappings/{id}',
    allow: read,
    summary: 'Get a group mapping',
    params: idParams,
    refusals: [noMapping],
    response: GroupMapping,
    async handle({ params, scope }, app) {
      return await getGroupMapping(app.db.reads(scope), params.id)
    },
  }),
  route({
    method: 'PATCH',
    path: '/federation/group-mappings/{id}',
    allow: write,
    fresh: true,
    conditional: true,
    summary: 'Change a group mapping, or switch it on or off',
    params: idParams,
    body: GroupMappingChanges,
    refusals: [noMapping, 'federation.group_of_everybody', ...grantRefusals],
    response: GroupMapping,
    async handle({ params, body, scope, ifMatch }, app) {
      return await changeGroupMapping(app, scope, params.id, body, ifMatch)
    },
  }),
  route({
    method: 'DELETE',
    path: '/federation/group-mappings/{id}',
    allow: write,
    fresh: true,
    summary: 'Delete a group mapping; who has the role by it alone loses it at once',
    params: idParams,
    refusals: [noMapping, 'members.last_owner', ...grantRefusals],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await deleteGroupMapping(app, scope, params.id)
      return new Reply(204, null)
    },
  }),
  route({
    method: 'GET',
    path: '/federation/providers/{id}/groups',
    allow: read,
    summary: 'List the groups that a provider has told of, the largest first',
    params: idParams,
    query: Type.Object({ ...pageQuery, isMapped: Type.Optional(Type.Boolean()) }),
    refusals: [noProvider],
    response: pageOf(SeenGroup),
    async handle({ params, query: { limit, cursor, ...filters }, scope }, app) {
      const tx = app.db.reads(scope)
      await getGroupProvider(tx, params.id)
      return await listSeenGroups(tx, params.id, filters, { limit, cursor })
    },
  }),
  route({
    method: 'GET',
    path: '/federation/providers/{id}/role-proposals',
    allow: read,
    summary: 'List who would get which role if somebody accepts it',
    params: idParams,
    query: Type.Object({ ...pageQuery, isDismissed: Type.Boolean({ default: false }) }),
    refusals: [noProvider],
    response: pageOf(RoleProposal),
    async handle({ params, query: { limit, cursor, ...filters }, scope }, app) {
      const tx = app.db.reads(scope)
      await getGroupProvider(tx, params.id)
      return await listRoleProposals(tx, params.id, filters, { limit, cursor })
    },
  }),
  route({
    method: 'POST',
    path: '/federation/role-proposals/{id}/accept',
    allow: write,
    fresh: true,
    summary: 'Give a proposed role',
    description: 'Leaving the group takes it away again. Whoever accepts it holds all that the role permits.',
    params: idParams,
    refusals: [noProposal, ...grantRefusals],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await acceptRoleProposal(app, scope, params.id)
      return new Reply(204, null)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/role-proposals/{id}/dismiss',
    allow: write,
    summary: 'Dismiss a proposed role; it is not proposed again while its person stays in the group',
    params: idParams,
    refusals: [noProposal],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await app.db.transaction(scope, tx => dismissRoleProposal(tx, params.id))
      return new Reply(204, null)
    },
  }),
]
