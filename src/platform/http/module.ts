import { Type } from 'typebox'
import type { Module } from '#platform/module.ts'
import { forgetIdempotencyKeys } from './idempotency.ts'
import { readNetworks } from './public-addresses.ts'
import { securityEvents } from './security-events.ts'

/** The frame's own part in the descriptor's terms: it has no routes, only what has to be remembered between requests. */
export const httpModule = {
  name: 'http',
  schema: 'http',
  restoration: { stays: { 'http.*': 'Answers to requests that were made' } },
  securityEvents,
  metrics: {
    'http.requests': { description: 'Requests by programs', unit: 'count', kind: 'flow' },
    'http.bytes_sent': { description: 'Bandwidth', unit: 'bytes', kind: 'flow' },
  },
  jobs: [forgetIdempotencyKeys],
  config: {
    keptAnswersMegabytes: Type.Integer({
      minimum: 0,
      maximum: 4_096,
      default: 32,
      description:
        'Memory of one program, in MB, for answers of reports that are given again for some seconds; 0 keeps none',
    }),
    outgoingAllow: Type.Refine(
      Type.String({
        default: '',
        description:
          'Addresses or CIDR ranges, separated by commas, inside private networks that webhooks and domain checks may reach, also by http; none unless set',
      }),
      text => readNetworks(text) !== undefined,
      () => 'is no list of addresses and CIDR ranges',
    ),
  },
} satisfies Module
