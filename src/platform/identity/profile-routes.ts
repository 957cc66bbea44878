import type { AnyRoute } from '#platform/http'

export const profileRoutes: readonly AnyRoute[] = []
