import type { ConsoleModule } from '#platform/console'

/** The pages about who else is told of what happens in a workspace. */
export const webhooksConsole: ConsoleModule = {
  name: 'webhooks',
  routes: [],
  navigation: [],
}
