import type { AnyRoute } from '#platform/http'

export const twoFactorRoutes: readonly AnyRoute[] = []
