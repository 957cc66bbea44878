import type { Module } from '#platform/module.ts'

export const webhooksModule = { name: 'webhooks', schema: 'webhooks' } satisfies Module
