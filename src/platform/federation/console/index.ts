import type { ConsoleModule } from '#platform/console'
import { groupPages, groupResources } from './group-pages.ts'
import { providerNavigation, providerPages, providerResources } from './provider-pages.ts'
import { provisioningPages, provisioningResources } from './provisioning-pages.ts'

/** The pages about the identity providers of a workspace. */
export const federationConsole: ConsoleModule = {
  name: 'federation',
  routes: [...providerPages, ...groupPages, ...provisioningPages],
  navigation: [...providerNavigation],
  resources: { ...providerResources, ...groupResources, ...provisioningResources },
}
