import type { ConsoleModule } from '#platform/console'

const read = 'contractors.profiles.read'
const lists = 'contractors.lists.read'

export const contractorsConsole: ConsoleModule = {
  name: 'contractors',
  routes: [
    {
      path: '/contractors',
      title: 'Contractors',
      frame: 'shell',
      permission: read,
      load: () => import('./search-page.tsx'),
    },
    {
      path: '/contractors/$id',
      title: 'Contractor',
      frame: 'shell',
      permission: read,
      load: () => import('./contractor-page.tsx'),
    },
    { path: '/lists', title: 'Lists', frame: 'shell', permission: lists, load: () => import('./lists-page.tsx') },
    { path: '/lists/$id', title: 'List', frame: 'shell', permission: lists, load: () => import('./list-page.tsx') },
  ],
  navigation: [
    { group: 'Contractors', label: 'Search', to: '/contractors', icon: 'search', permission: read },
    { group: 'Contractors', label: 'Lists', to: '/lists', icon: 'list', permission: lists },
  ],
}
