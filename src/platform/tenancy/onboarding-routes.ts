import { Type } from 'typebox'
import { route } from '#platform/http'
import { dismissOnboarding, getOnboarding, Onboarding, tickStep } from './onboarding.ts'

export const onboardingRoutes = [
  route({
    method: 'GET',
    path: '/tenant/onboarding',
    allow: 'tenancy.settings.write',
    summary: 'List the first steps of the tenant',
    response: Onboarding,
    async handle({ scope, principal }, app) {
      return await getOnboarding(app, scope, principal.permissions)
    },
  }),
  route({
    method: 'PUT',
    path: '/tenant/onboarding/{step}',
    allow: 'tenancy.settings.write',
    summary: 'Tick a first step off, or open it again',
    params: Type.Object({ step: Type.String({ maxLength: 100 }) }),
    body: Type.Object({ isDone: Type.Boolean() }),
    refusals: ['tenancy.step_unknown'],
    response: Onboarding,
    async handle({ params, body, scope, principal }, app) {
      await app.db.transaction(scope, tx => tickStep(app, tx, params.step, body.isDone))
      return await getOnboarding(app, scope, principal.permissions)
    },
  }),
  route({
    method: 'DELETE',
    path: '/tenant/onboarding',
    allow: 'tenancy.settings.write',
    summary: 'Put the first steps away',
    response: Onboarding,
    async handle({ scope, principal }, app) {
      await app.db.transaction(scope, dismissOnboarding)
      return await getOnboarding(app, scope, principal.permissions)
    },
  }),
]
