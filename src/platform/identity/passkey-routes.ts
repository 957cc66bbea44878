import type { AnyRoute } from '#platform/http'

export const passkeyRoutes: readonly AnyRoute[] = []
