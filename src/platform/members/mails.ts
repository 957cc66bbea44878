import { defineMail } from '#platform/mail'

export const membershipEndedMail = defineMail<{ name: string; tenantName: string; isOwnWish: boolean }>({
  name: 'members.membership_ended',
  description: 'Somebody was removed from a workspace, or has left it',
  compose: ({ name, tenantName, isOwnWish }) => ({
    subject: isOwnWish ? 'You have left a workspace' : 'You were removed from a workspace',
    lines: [
      `Hello ${name},`,
      isOwnWish
        ? `As you asked, you are no longer a member of ${tenantName}.`
        : `You are no longer a member of ${tenantName}: somebody who manages its members has removed you.`,
      'You no longer have access to it. Your account, and other workspaces that you work in, stay as they are.',
    ],
  }),
})

type Moments = readonly (readonly [label: string, value: string])[]

export const membershipEndsMail = defineMail<{
  name: string
  tenantName: string
  moment: string
  hasEnded: boolean
  link: string
}>({
  name: 'members.membership_ends',
  description: 'The membership of the recipient in a workspace ends soon, or has ended (GG-04)',
  compose: ({ name, tenantName, moment, hasEnded, link }) => ({
    subject: hasEnded ? 'Your membership has ended' : 'Your membership ends soon',
    lines: [
      `Hello ${name},`,
      hasEnded
        ? `Your membership in ${tenantName} ended on ${moment}. You no longer have access to it; nothing was deleted.`
        : `Your membership in ${tenantName} ends on ${moment}. From then on you have no access to it.`,
      'If you still work there, ask one of its owners for another end.',
    ],
    button: { label: 'Show my workspaces', link },
  }),
})

export const membershipsEndMail = defineMail<{
  name: string
  tenantName: string
  ending: Moments
  ended: Moments
  link: string
}>({
  name: 'members.memberships_end',
  description: 'Memberships in a workspace that the recipient owns end soon, or have ended (GG-04)',
  compose: ({ name, tenantName, ending, ended, link }) => ({
    subject: ending.length > 0 ? 'Memberships end soon' : 'Memberships have ended',
    lines: [
      `Hello ${name},`,
      `In ${tenantName}, which you own, memberships end or have ended. Who is to go on working there needs another end; nobody is removed.`,
    ],
    facts: [
      ...ending.map(([who, moment]) => [who, `ends on ${moment}`] as const),
      ...ended.map(([who, moment]) => [who, `ended on ${moment}`] as const),
    ],
    button: { label: 'Show the members', link },
  }),
})
