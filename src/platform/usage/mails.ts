import { defineMail } from '#platform/mail'

export const limitNearMail = defineMail<{
  name: string
  tenantName: string
  metric: string
  used: string
  limit: string
  isReached: boolean
  isHard: boolean
  isMonthly: boolean
  link: string
}>({
  name: 'usage.limit_near',
  description: 'A workspace has used 80 or 100 percent of what its plan allows; goes to its owners, once a month each',
  compose: ({ name, tenantName, metric, used, limit, isReached, isHard, isMonthly, link }) => ({
    subject: isReached ? `${metric}: the limit is reached` : `${metric}: 80 % of the limit are used`,
    lines: [
      `Hello ${name},`,
      isReached
        ? `${tenantName} has used all that its plan allows of this${isMonthly ? ' in this month' : ''}.`
        : `${tenantName} has used more than 80 % of what its plan allows of this${isMonthly ? ' in this month' : ''}.`,
      isHard
        ? isMonthly
          ? 'At the limit further requests by programs are refused until the month is over. The console is not affected.'
          : 'At the limit nothing can be added. What is there stays.'
        : 'Nothing is refused: this limit is only told.',
    ],
    facts: [
      [metric, used],
      ['Limit', limit],
    ],
    button: { label: 'See what is used', link },
  }),
})
