import type { Module } from '#platform/module.ts'
import { forgetIdempotencyKeys } from './idempotency.ts'

/** The frame's own part in the descriptor's terms: it has no routes, only what has to be remembered between requests. */
export const httpModule = { name: 'http', schema: 'http', jobs: [forgetIdempotencyKeys] } satisfies Module
