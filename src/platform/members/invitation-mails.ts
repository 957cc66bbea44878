import { defineMail } from '#platform/mail'

export const invitationMail = defineMail<{
  inviterName: string
  tenantName: string
  roles: readonly string[]
  link: string
  days: number
}>({
  name: 'members.invitation',
  description: 'Somebody is asked to work in a workspace (MT-18)',
  byAnybody: true,
  compose: ({ inviterName, tenantName, roles, link, days }) => ({
    subject: `You are invited to ${tenantName}`,
    lines: ['Hello,', `${inviterName} invites you to work in ${tenantName}.`],
    facts: roles.length > 0 ? [['Your role', roles.join(', ')]] : [],
    button: { label: 'Show the invitation', link },
    after: [
      `The link works once, for ${days} days, and only for this address.`,
      'You do not know what this is about? Then do nothing.',
    ],
  }),
})
