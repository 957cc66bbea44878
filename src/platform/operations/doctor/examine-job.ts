import type { Job } from '#platform/jobs'
import { keepExamination } from './examinations.ts'

export const examineDaily: Job = {
  name: 'operations.examine',
  description: 'GG-23: runs all checks of the doctor, for who looks in the morning',
  cron: '40 5 * * *',
  async run(_data, app) {
    await keepExamination(app)
  },
}
