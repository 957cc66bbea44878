import { planRoutes } from './plan-routes.ts'
import { runRoutes } from './run-routes.ts'

export const planningRoutes = [...runRoutes, ...planRoutes]
