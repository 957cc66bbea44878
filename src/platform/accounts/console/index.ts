import type { ConsoleModule } from '#platform/console'

/** Pages before one is signed in. */
export const accountsConsole: ConsoleModule = {
  name: 'accounts',
  routes: [
    { path: '/sign-in', title: 'Sign in', frame: 'plain', load: () => import('./sign-in.tsx') },
    { path: '/sign-up', title: 'Create an account', frame: 'plain', load: () => import('./sign-up.tsx') },
    { path: '/setup', title: 'First administrator', frame: 'plain', load: () => import('./setup.tsx') },
  ],
  navigation: [],
}
