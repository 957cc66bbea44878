import { Type } from 'typebox'
import type { Module } from '#platform/module.ts'
import { accountsRoutes } from './routes.ts'

export const accountsModule = {
  name: 'accounts',
  schema: 'accounts',
  routes: accountsRoutes,
  config: {
    signUp: Type.Unsafe<'open' | 'closed'>({
      type: 'string',
      enum: ['open', 'closed'],
      default: 'open',
      description: 'Whether anybody may make an account and a tenant of his own',
    }),
  },
} satisfies Module
