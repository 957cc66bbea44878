import type { Module } from '#platform/module.ts'
import { portability } from './portability.ts'

export const federationModule = {
  name: 'federation',
  schema: 'federation',
  portability,
  encrypted: [
    {
      table: 'federation.iam_providers',
      key: ['tenant_id', 'id'],
      column: 'client_secret_encrypted',
      context: 'federation.iam_providers.client_secret:{id}',
    },
  ],
} satisfies Module
