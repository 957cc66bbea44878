import { exportRoutes } from './exports/export-routes.ts'
import { codeRoutes } from './imports/code-routes.ts'
import { importRoutes } from './imports/import-routes.ts'
import { listRoutes } from './lists/list-routes.ts'
import { matchRoutes } from './matching/match-routes.ts'
import { profileRoutes } from './profiles/profile-routes.ts'
import { savedSearchRoutes } from './search/saved-search-routes.ts'
import { searchRoutes } from './search/search-routes.ts'
import { shareRoutes } from './sharing/share-routes.ts'
import { sharedListRoutes } from './sharing/shared-list-routes.ts'
import { summaryRoutes } from './summary/summary-routes.ts'

export const contractorsRoutes = [
  ...searchRoutes,
  ...savedSearchRoutes,
  ...profileRoutes,
  ...listRoutes,
  ...matchRoutes,
  ...codeRoutes,
  ...importRoutes,
  ...exportRoutes,
  ...summaryRoutes,
  ...shareRoutes,
  ...sharedListRoutes,
]
