import { defineMail } from '#platform/mail'

export const shareMail = defineMail<{
  sharerName: string
  tenantName: string
  listName: string
  may: string
  hasPassword: boolean
  isSingleUse: boolean
  expires: string | undefined
  link: string
}>({
  name: 'contractors.list_shared',
  description: 'Somebody outside is sent the link of a list of contractors (GG-11)',
  byAnybody: true,
  compose: ({ sharerName, tenantName, listName, may, hasPassword, isSingleUse, expires, link }) => ({
    subject: `${sharerName} shares a list with you`,
    lines: ['Hello,', `${sharerName} of ${tenantName} shares the list “${listName}” with you. ${may}`],
    facts: expires === undefined ? [] : [['Open until', expires]],
    button: { label: 'Open the list', link },
    after: [
      ...(isSingleUse ? ['The link works once; the browser that opens it sees the list for eight hours.'] : []),
      ...(hasPassword ? ['It wants a password, which the sender tells you in another way.'] : []),
      'Whoever has this link can open the list: do not pass it on. You need no account.',
    ],
  }),
})
