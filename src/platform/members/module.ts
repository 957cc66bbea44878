import type { Module } from '#platform/module.ts'
import { tellOfExpiries } from './expiries.ts'
import { invitationRoutes } from './invitation-routes.ts'
import { expireInvitations, sendInvitation } from './invitations.ts'
import { memberRoutes } from './member-routes.ts'
import { organizationRoutes } from './organization-routes.ts'
import { portability } from './portability.ts'
import { securityEvents } from './security-events.ts'

export const membersModule = {
  name: 'members',
  schema: 'members',
  restoration: { stays: { 'members.*': 'An invitation that was used or withdrawn stays so' } },
  portability,
  securityEvents,
  events: {
    'members.member.joined': 'Somebody joined the workspace',
    'members.member.left': 'Somebody left the workspace, or was removed',
  },
  notifications: {
    'members.removed': { description: 'You were removed from a workspace', mail: 'at_once', hasOwnMail: true },
    'members.left': { description: 'Somebody left a workspace that you own', mail: 'never' },
    'members.invitation_accepted': { description: 'Somebody accepted an invitation of yours', mail: 'never' },
  },
  permissions: {
    'members.members.read': {
      description: 'See who works in the workspace, with roles and organizations',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'members.members.write': {
      description: 'Give members other roles and another end, and remove them',
      roles: ['owner', 'admin'],
    },
    'members.organizations.read': {
      description: 'See the organizations of the workspace and who belongs to them',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'members.organizations.write': {
      description: 'Make, change, move and remove all organizations, and say who belongs to them',
      roles: ['owner', 'admin'],
    },
    'members.invitations.read': {
      description: 'See who is asked to work in the workspace',
      roles: ['owner', 'admin'],
    },
    'members.invitations.write': {
      description: 'Ask people to work in the workspace, with roles that one holds oneself, and withdraw that',
      roles: ['owner', 'admin'],
    },
  },
  routes: [...invitationRoutes, ...memberRoutes, ...organizationRoutes],
  jobs: [sendInvitation, expireInvitations, tellOfExpiries],
} satisfies Module
