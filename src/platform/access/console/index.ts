import type { ConsoleModule } from '#platform/console'

/** The pages about roles, what they permit, and keys for programs. */
export const accessConsole: ConsoleModule = {
  name: 'access',
  routes: [],
  navigation: [],
}
