import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('tenancy', {
  policyUnfit: ['invalid', 'The policy is not valid; `errors` lists where and why.'],
})
