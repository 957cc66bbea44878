import type { AnyRoute } from '#platform/http'

export const externalIdentityRoutes: readonly AnyRoute[] = []
