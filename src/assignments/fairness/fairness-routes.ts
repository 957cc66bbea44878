import { Type } from 'typebox'
import { idParams, oneOf, route } from '#platform/http'
import { Period } from '../boards/periods.ts'
import { errors } from '../errors.ts'
import { Turns } from '../planning/turns.ts'
import { timezoneOf } from '../timezones.ts'
import { Fairness, getFairness } from './fairness.ts'
import { getHeat, Heat, heatBy } from './heat.ts'
import { getParticipantLoads, ParticipantLoads } from './participant-loads.ts'
import { previewDomain, WeightsFields, WeightsPreview } from './previews.ts'

/** Each takes a core for seconds. */
const previewsAtWork = new Turns({ most: 4, mostOfOne: 1 })

const read = 'assignments.assignments.read'
const refusals = ['assignments.period_refused']

export const fairnessRoutes = [
  route({
    method: 'GET',
    path: '/assignment-domains/{id}/fairness',
    allow: read,
    summary: 'Get how evenly a domain’s rounds were shared out',
    description: 'Of the rounds that begin in the period; drafts too, none that was cancelled.',
    params: idParams,
    query: Period,
    refusals,
    response: Fairness,
    handle: ({ params, query, scope }, app) => getFairness(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'GET',
    path: '/assignment-domains/{id}/heat',
    allow: read,
    summary: 'Get who was on how much, week by week or round by round',
    description:
      'Of the rounds that begin in the period; drafts too, none that was cancelled. By week each day on which somebody is on something counts, by round each target.',
    params: idParams,
    query: Type.Object({ ...Period.properties, by: oneOf(heatBy) }),
    refusals,
    response: Heat,
    async handle({ params, query, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return await getHeat(app.db.reads(scope), params.id, query, timeZone)
    },
  }),
  route({
    method: 'GET',
    path: '/participants/{id}/loads',
    allow: read,
    summary: 'Get what a participant had done after each round, and what would have been his part',
    description: 'Of the rounds that begin in the period; drafts too, none that was cancelled.',
    params: idParams,
    query: Period,
    refusals,
    response: ParticipantLoads,
    handle: ({ params, query, scope }, app) => getParticipantLoads(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'POST',
    path: '/assignment-domains/{id}/fairness/preview',
    allow: read,
    summary: 'See what the last rounds would have been with other weights',
    description:
      'They are planned anew, each on what those before it then were, by the rules and people of today. Nothing is kept.',
    params: idParams,
    body: Type.Object({ weights: WeightsFields }),
    refusals: ['assignments.preview_too_long', 'assignments.preview_busy'],
    rateLimit: 30,
    response: WeightsPreview,
    async handle({ params, body, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      const { tenantId } = scope as { tenantId: string }
      const preview = await previewsAtWork.during(tenantId, () =>
        previewDomain(app.db.reads(scope), params.id, body.weights, timeZone),
      )
      if (!preview) throw errors.previewBusy()
      return preview
    },
  }),
]
