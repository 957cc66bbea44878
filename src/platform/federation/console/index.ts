import type { ConsoleModule } from '#platform/console'
import { groupPages, groupResources } from './group-pages.ts'

/** The pages about the identity providers of a workspace. */
export const federationConsole: ConsoleModule = {
  name: 'federation',
  routes: [...groupPages],
  navigation: [],
  resources: { ...groupResources },
}
