import type { AnyRoute } from '#platform/http'

export const userRoutes: readonly AnyRoute[] = []
