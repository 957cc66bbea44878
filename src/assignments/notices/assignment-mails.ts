import { defineMail } from '#platform/mail'

export const assignmentMail = defineMail<{
  title: string
  lines: readonly string[]
  tenantName: string
  domainName: string
}>({
  name: 'assignments.assigned',
  description: 'A participant without an account is told what he is on, where the domain says so (VS-08)',
  compose: ({ title, lines, tenantName, domainName }) => ({
    subject: title,
    lines: ['Hello,', `${title}.`, ...lines],
    after: [
      `${tenantName} plans “${domainName}” and has this address of you. To get no more of these mails, tell those who plan there.`,
    ],
  }),
})
