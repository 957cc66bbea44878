import type { ConsoleModule } from '#platform/console'

/** The pages about plans, quotas and what a workspace has used. */
export const usageConsole: ConsoleModule = {
  name: 'usage',
  routes: [],
  navigation: [],
}
