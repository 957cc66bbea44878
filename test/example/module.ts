import type { Module } from '#platform/module.ts'
import { tendersRoutes } from './routes.ts'

export const tendersModule = {
  name: 'tenders',
  schema: 'tenders',
  permissions: {
    'tenders.tenders.read': { description: 'Read tenders', roles: ['owner', 'admin', 'member', 'viewer'] },
    'tenders.tenders.write': { description: 'Watch tenders and drop them', roles: ['owner', 'admin', 'member'] },
  },
  routes: tendersRoutes,
} satisfies Module
