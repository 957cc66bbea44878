import type { AnyRoute } from '#platform/http'

export const sessionRoutes: readonly AnyRoute[] = []
