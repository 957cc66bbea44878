import { Type } from 'typebox'
import { mainApp } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { route } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { inCatalogue } from '../catalogue.ts'
import { refreshSummaryJob } from './refreshes.ts'
import { Count, getSummary, listIndustries, Summary } from './summary.ts'

const read = 'contractors.profiles.read'

export const summaryRoutes = [
  route({
    method: 'GET',
    path: '/contractor-summary',
    allow: read,
    reads: 'report',
    summary: 'Get the catalogue of contractors in numbers',
    description:
      'As it was at `refresh.refreshedAt`; counted every hour. The same for all tenants, of whose data nothing is in it.',
    kept: { seconds: 10, per: 'permissions' },
    etag: true,
    response: Summary,
    handle: ({ scope }, app) => getSummary(app.db.reads(inCatalogue(scope))),
  }),
  route({
    method: 'GET',
    path: '/contractor-summary/industries',
    allow: read,
    reads: 'report',
    kept: { seconds: 10, per: 'permissions' },
    summary: 'List the industries below a sector or an industry in numbers',
    query: Type.Object({
      parent: Type.String({
        pattern: '^([0-9]{2,5}|31-33|44-45|48-49)$',
        description: 'A sector or the first digits of a NAICS code',
        examples: ['54'],
      }),
    }),
    response: Type.Object({ items: Type.Array(Count) }),
    handle: async ({ query, scope }, app) => ({
      items: await listIndustries(app.db.reads(inCatalogue(scope)), query.parent),
    }),
  }),
  route({
    method: 'POST',
    path: '/contractor-summary/refresh',
    allow: 'contractors.summary.refresh',
    summary: 'Count the catalogue of contractors anew',
    description:
      'By a job: `refresh.startedAt` of the summary is set while it runs. False where it is waiting or running already.',
    status: 202,
    response: Type.Object({ isQueued: Type.Boolean() }),
    async handle({ principal, scope }, app) {
      const { db } = mainApp(app)
      return await db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        const id = await enqueue(tx, refreshSummaryJob, { requestedBy: principal.userName })
        if (id !== undefined)
          await recordEvent(tx, { action: 'refresh', resource: 'contractors.contractor_profile_summary' })
        return { isQueued: id !== undefined }
      })
    },
  }),
]
