import { exportRoutes } from './exports/export-routes.ts'
import { listRoutes } from './lists/list-routes.ts'
import { profileRoutes } from './profiles/profile-routes.ts'
import { searchRoutes } from './search/search-routes.ts'

export const contractorsRoutes = [...searchRoutes, ...profileRoutes, ...listRoutes, ...exportRoutes]
