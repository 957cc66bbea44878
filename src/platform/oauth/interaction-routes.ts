import { Type } from 'typebox'
import { route } from '#platform/http'
import { answerQuestion, browserCookie, Decision, getQuestion, InteractionQuestion } from './answers.ts'
import { answerDevice, DeviceQuestion, getDeviceQuestion, UserCode } from './device-answers.ts'

const interactionParams = Type.Object({ uid: Type.String({ pattern: '^[\\w-]{10,100}$' }) })

export const interactionRoutes = [
  route({
    method: 'GET',
    path: '/oauth/interactions/{uid}',
    allow: 'session',
    summary: 'Get what an application asks of you',
    description: 'For the page that an issuer sends people to; only the browser that began it sees it.',
    params: interactionParams,
    etag: false,
    refusals: ['oauth.interaction_not_found', 'oauth.interaction_settled'],
    response: InteractionQuestion,
    async handle({ params, scope, principal, cookies }, app) {
      return await getQuestion(app, scope, params.uid, { principal, browserToken: cookies[browserCookie] })
    },
  }),
  route({
    method: 'POST',
    path: '/oauth/interactions/{uid}',
    allow: 'session',
    secret: true,
    summary: 'Allow an application what it asks, or deny it',
    description: 'Name the workspace in `X-Tenant-Id`. The answer is where the browser goes on.',
    params: interactionParams,
    body: Decision,
    refusals: [
      'oauth.interaction_not_found',
      'oauth.interaction_settled',
      'oauth.another_tenant',
      'oauth.fresh_sign_in_needed',
      'oauth.openid_needed',
      'oauth.scopes_not_asked',
    ],
    response: Type.Object({ redirectTo: Type.String() }),
    async handle({ params, body, scope, principal, cookies }, app) {
      const person = { principal, browserToken: cookies[browserCookie] }
      return { redirectTo: await answerQuestion(app, scope, params.uid, person, body) }
    },
  }),
  route({
    method: 'POST',
    path: '/oauth/devices/find',
    allow: 'session',
    // RFC 8628 5.1: of 20^8 codes nobody finds one in the ten minutes that it lives.
    rateLimit: 10,
    summary: 'Get what the device asks that shows this code',
    body: UserCode,
    refusals: ['oauth.user_code_unknown'],
    response: DeviceQuestion,
    async handle({ body, scope, principal }, app) {
      return await getDeviceQuestion(app, scope, body, principal)
    },
  }),
  route({
    method: 'POST',
    path: '/oauth/devices/decide',
    allow: 'session',
    rateLimit: 10,
    summary: 'Allow a device what it asks, or deny it',
    description: 'Name the workspace in `X-Tenant-Id`. What the device gets is yours, whoever the code was shown to.',
    body: Type.Object({ ...UserCode.properties, ...Decision.properties }),
    refusals: [
      'oauth.user_code_unknown',
      'oauth.another_tenant',
      'oauth.fresh_sign_in_needed',
      'oauth.scopes_not_asked',
    ],
    status: 204,
    response: Type.Null(),
    async handle({ body, scope, principal }, app) {
      await answerDevice(app, scope, body, principal, body)
      return null
    },
  }),
]
