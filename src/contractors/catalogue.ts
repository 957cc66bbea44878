import type { Scope } from '#platform/database'

/** The catalogue is everybody's, and in the main database wherever a tenant has its lists. */
export const inCatalogue = (scope: Scope): Scope => ({ ...scope, tenantId: undefined })
