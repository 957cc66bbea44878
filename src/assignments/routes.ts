import { boardRoutes } from './boards/board-routes.ts'
import { feedRoutes } from './calendars/feed-routes.ts'
import { domainRoutes } from './domains/domain-routes.ts'
import { entityRoutes } from './entities/entity-routes.ts'
import { fairnessRoutes } from './fairness/fairness-routes.ts'
import { fileRoutes } from './files/file-routes.ts'
import { ownRoutes } from './own/own-routes.ts'
import { participantRoutes } from './participants/participant-routes.ts'
import { planningRoutes } from './planning/planning-routes.ts'
import { assignmentRoutes } from './rounds/assignment-routes.ts'
import { scheduleRoutes } from './schedules/schedule-routes.ts'
import { targetRoutes } from './targets/target-routes.ts'

export const assignmentsRoutes = [
  ...domainRoutes,
  ...boardRoutes,
  ...fairnessRoutes,
  ...feedRoutes,
  ...scheduleRoutes,
  ...participantRoutes,
  ...targetRoutes,
  ...ownRoutes,
  ...assignmentRoutes,
  ...planningRoutes,
  ...entityRoutes,
  ...fileRoutes,
]
