import type { Module } from '#platform/module.ts'
import './account-events.ts'
import { sendDigests } from './digests.ts'
import { mailAtOnce } from './immediate-mails.ts'
import { tellPutOut } from './notices.ts'
import { portability } from './portability.ts'
import { removeOldNotifications } from './retention.ts'
import { notificationRoutes } from './routes.ts'

export const notificationsModule = {
  name: 'notifications',
  schema: 'notifications',
  restoration: { stays: { 'notifications.notifications': 'What people were told they have been told' } },
  portability,
  routes: notificationRoutes,
  jobs: [mailAtOnce, tellPutOut, sendDigests, removeOldNotifications],
} satisfies Module
