import type { ConsoleModule } from '#platform/console'

export const tenancyConsole: ConsoleModule = { name: 'tenancy', routes: [], navigation: [] }
