import type { ResourceDescription } from '#platform/console'

/** How the audit log tells of these tables. */
export const membersResources: Readonly<Record<string, ResourceDescription>> = {
  'members.invitations': {
    noun: 'invitation',
    sentences: {
      insert: '{who} invited {email}',
      update: '{who} changed {columns} of the invitation of {email}',
      delete: '{who} deleted the invitation of {email}',
    },
    columns: { token_hash: 'link', expires_at: 'end', membership_expires_at: 'end of membership' },
    technical: ['accepted_at', 'cancelled_at'],
  },
  'members.invitation_roles': {
    noun: 'role of an invitation',
    sentences: {
      insert: '{who} put the role {role_id} into an invitation',
      delete: '{who} took the role {role_id} out of an invitation',
    },
    refers: { role_id: 'access.roles' },
  },
}
