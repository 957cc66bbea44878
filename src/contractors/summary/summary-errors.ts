import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('contractors', {
  summaryRefreshing: ['conflict', 'The summary is being refreshed already.'],
})
