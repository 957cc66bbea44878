import type { ConsoleModule } from '#platform/console'

/** The pages about oneself, and about everybody for the operators of an installation. */
export const identityConsole: ConsoleModule = {
  name: 'identity',
  routes: [
    { path: '/account', title: 'My profile', frame: 'shell', personal: true, load: () => import('./profile.tsx') },
    {
      path: '/account/security',
      title: 'Sign-in and security',
      frame: 'shell',
      personal: true,
      load: () => import('./security.tsx'),
    },
    {
      path: '/account/sessions',
      title: 'Devices and history',
      frame: 'shell',
      personal: true,
      load: () => import('./sessions.tsx'),
    },
    { path: '/account/data', title: 'My data', frame: 'shell', personal: true, load: () => import('./data.tsx') },
    {
      path: '/confirm-email',
      title: 'Confirm an e-mail address',
      frame: 'plain',
      personal: true,
      load: () => import('./confirm-email.tsx'),
    },
    {
      path: '/users',
      title: 'Accounts',
      frame: 'shell',
      personal: true,
      permission: 'identity.users.read',
      load: () => import('./users.tsx'),
    },
    {
      path: '/users/$id',
      title: 'Account',
      frame: 'shell',
      personal: true,
      permission: 'identity.users.read',
      load: () => import('./user.tsx'),
    },
  ],
  navigation: [
    {
      group: 'Installation',
      label: 'Accounts',
      to: '/users',
      icon: 'people',
      permission: 'identity.users.read',
      place: 1,
    },
  ],
}
