import type { ConsoleModule } from '#platform/console'

/** What a person is told, and how. */
export const notificationsConsole: ConsoleModule = {
  name: 'notifications',
  routes: [],
  navigation: [],
}
