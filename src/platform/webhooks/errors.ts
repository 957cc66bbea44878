import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('webhooks', {
  endpointNotFound: ['not_found', 'There is no webhook {id}.'],
  deliveryNotFound: ['not_found', 'There is no delivery {id}, or it is older than 30 days.'],
  endpointsTooMany: ['conflict', 'A workspace has {most} webhooks at most.'],
  endpointOff: ['conflict', 'This webhook is switched off. Switch it on first.'],
  urlInvalid: ['invalid', 'This is no address that webhooks can go to: {reason}.'],
  eventTypeUnknown: ['invalid', 'No module declares the event {type}.'],
})
