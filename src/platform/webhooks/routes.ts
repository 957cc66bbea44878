import { Type } from 'typebox'
import { idParams, oneOf, pageOf, pageQuery, Reply, route } from '#platform/http'
import {
  Delivery,
  DeliveryDetails,
  deliveryStatuses,
  getDelivery,
  listDeliveries,
  replayDelivery,
} from './deliveries.ts'
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  Endpoint,
  EndpointFields,
  getEndpoint,
  listEndpoints,
  NewEndpoint,
  rotateSecret,
  sendTest,
} from './endpoints.ts'
import { listEventTypes } from './events.ts'

const read = 'webhooks.endpoints.read'
const write = 'webhooks.endpoints.write'
const notFound = 'webhooks.endpoint_not_found'
const unfit = ['webhooks.url_invalid', 'webhooks.event_type_unknown']

export const webhookRoutes = [
  route({
    method: 'GET',
    path: '/webhook-event-types',
    allow: read,
    summary: 'What webhooks can be told of',
    response: Type.Object({ items: Type.Array(Type.Object({ type: Type.String(), description: Type.String() })) }),
    async handle(_request, app) {
      return { items: listEventTypes(app) }
    },
  }),
  route({
    method: 'GET',
    path: '/webhooks',
    allow: read,
    summary: 'List the webhooks',
    response: Type.Object({ items: Type.Array(Endpoint) }),
    async handle({ scope }, app) {
      return { items: await listEndpoints(app.db.reads(scope)) }
    },
  }),
  route({
    method: 'POST',
    path: '/webhooks',
    allow: write,
    fresh: true,
    secret: true,
    summary: 'Make a webhook',
    description:
      'Events are sent as Standard Webhooks (standardwebhooks.com) wants it: a POST with `webhook-id`, `webhook-timestamp` and `webhook-signature`, again for three days until it is answered with 2xx. Only to public addresses, by https.',
    body: EndpointFields,
    refusals: [...unfit, 'webhooks.endpoints_too_many'],
    response: NewEndpoint,
    status: 201,
    async handle({ body, scope }, app) {
      return await createEndpoint(app, scope, body)
    },
  }),
  route({
    method: 'GET',
    path: '/webhooks/{id}',
    allow: read,
    summary: 'Get a webhook',
    params: idParams,
    refusals: [notFound],
    response: Endpoint,
    async handle({ params, scope }, app) {
      return await getEndpoint(app.db.reads(scope), params.id)
    },
  }),
  route({
    method: 'PATCH',
    path: '/webhooks/{id}',
    allow: write,
    fresh: true,
    conditional: true,
    summary: 'Change a webhook, or switch it on or off',
    params: idParams,
    body: Type.Object({ ...Type.Partial(EndpointFields).properties, isEnabled: Type.Optional(Type.Boolean()) }),
    refusals: [notFound, ...unfit],
    response: Endpoint,
    async handle({ params, body, scope, ifMatch }, app) {
      return await changeEndpoint(app, scope, params.id, body, ifMatch)
    },
  }),
  route({
    method: 'DELETE',
    path: '/webhooks/{id}',
    allow: write,
    fresh: true,
    summary: 'Delete a webhook with its deliveries',
    params: idParams,
    refusals: [notFound],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await deleteEndpoint(app, scope, params.id)
      return new Reply(204, null)
    },
  }),
  route({
    method: 'POST',
    path: '/webhooks/{id}/secret',
    allow: write,
    fresh: true,
    secret: true,
    summary: 'Give a webhook another secret',
    params: idParams,
    body: Type.Object({
      overlapHours: Type.Integer({
        minimum: 0,
        maximum: 168,
        default: 24,
        description: 'How long events are signed with the old secret as well',
      }),
    }),
    refusals: [notFound],
    response: NewEndpoint,
    status: 201,
    async handle({ params, body, scope }, app) {
      return await rotateSecret(app, scope, params.id, body.overlapHours)
    },
  }),
  route({
    method: 'POST',
    path: '/webhooks/{id}/test',
    allow: write,
    summary: 'Send a test to a webhook',
    params: idParams,
    refusals: [notFound, 'webhooks.endpoint_off'],
    response: Type.Object({ eventId: Type.String({ format: 'uuid' }) }),
    status: 202,
    rateLimit: 30,
    async handle({ params, scope }, app) {
      return new Reply(202, await sendTest(app, scope, params.id))
    },
  }),
  route({
    method: 'GET',
    path: '/webhooks/{id}/deliveries',
    allow: read,
    summary: 'List what was sent to a webhook, the newest first',
    description: 'Kept 30 days.',
    params: idParams,
    query: Type.Object({ ...pageQuery, status: Type.Optional(oneOf(deliveryStatuses)) }),
    refusals: [notFound],
    response: pageOf(Delivery),
    async handle({ params, query: { limit, cursor, ...filters }, scope }, app) {
      const tx = app.db.reads(scope)
      await getEndpoint(tx, params.id)
      return await listDeliveries(tx, params.id, filters, { limit, cursor })
    },
  }),
  route({
    method: 'GET',
    path: '/webhook-deliveries/{id}',
    allow: read,
    summary: 'Get a delivery with what was sent and what came back',
    params: idParams,
    refusals: ['webhooks.delivery_not_found'],
    response: DeliveryDetails,
    async handle({ params, scope }, app) {
      return await getDelivery(app.db.scoped(scope), params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/webhook-deliveries/{id}/replay',
    allow: write,
    summary: 'Send an event to its webhook once more',
    params: idParams,
    refusals: ['webhooks.delivery_not_found', 'webhooks.endpoint_off'],
    response: DeliveryDetails,
    status: 201,
    rateLimit: 120,
    async handle({ params, scope }, app) {
      return await replayDelivery(app, scope, params.id)
    },
  }),
]
