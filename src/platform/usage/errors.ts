import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('usage', {
  quotaExceeded: [
    'conflict',
    'The plan of this workspace allows {limit} {what}, and there are {used}. Remove what is not needed, or ask for a larger plan.',
  ],
  monthlyQuotaExceeded: [
    'limited',
    'The plan of this workspace allows {limit} {what} in a calendar month, and they are used up. It goes on with the next month, or with a larger plan.',
  ],
  amountInvalid: ['invalid', 'An amount is a whole number above 0.'],
  metricUnknown: ['not_found', 'There is no metric {metric}.'],
  rangeInvalid: ['invalid', '`from` must be before `to`, and between them may be at most {most} of these periods.'],
  planNotFound: ['not_found', 'There is no plan {id}.'],
  planNameTaken: ['conflict', 'There is a plan with this name already.'],
  planHeld: ['conflict', 'Workspaces have or had this plan. Make it inactive instead: nobody can be given it then.'],
  planNeeded: ['conflict', 'Every installation has the plan Standard, and one default plan. Neither can be deleted.'],
  planDefaultStays: ['conflict', 'The default plan stays active. Make another one the default first.'],
  planInactive: ['conflict', 'The plan {name} is not active: workspaces cannot be given it.'],
  trialEndMissing: ['invalid', 'A trial has an end: say trialEndsAt.'],
  tenantNotFound: ['not_found', 'There is no workspace {id}.'],
  limitNotFound: ['not_found', 'This workspace has no limit of its own for {metric}.'],
  statusUnknown: ['invalid', 'There is no status {status}.'],
  timeMalformed: ['invalid', '"{text}" is no time.'],
  limitMalformed: ['invalid', 'A limit is written metric=number, such as contractors.lists=100; "{text}" is not.'],
})
