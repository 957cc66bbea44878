import type { Job } from '#platform/jobs'
import { asAdministrator } from '../administration.ts'
import { takeSizeSnapshot } from './relation-sizes.ts'

export const measureSizes: Job = {
  name: 'operations.measure-sizes',
  description: 'GG-23: writes down how large the tables and indexes are today',
  cron: '12 1 * * *',
  async run(_data, app) {
    await asAdministrator(app, tx => takeSizeSnapshot(tx, app.db.scoped({ system: true })))
  },
}
