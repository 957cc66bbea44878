import { runRoutes } from './run-routes.ts'

export const planningRoutes = [...runRoutes]
