import { dropOutRoutes } from './drop-out-routes.ts'
import { planRoutes } from './plan-routes.ts'
import { runRoutes } from './run-routes.ts'

export const planningRoutes = [...runRoutes, ...planRoutes, ...dropOutRoutes]
