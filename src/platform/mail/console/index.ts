import type { ConsoleModule } from '#platform/console'

export const mailConsole: ConsoleModule = { name: 'mail', routes: [], navigation: [] }
