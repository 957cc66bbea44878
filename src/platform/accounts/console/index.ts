import type { ConsoleModule } from '#platform/console'
import { accountsResources } from './resources.ts'

/** The pages before one is signed in, and the one where a workspace begins. */
export const accountsConsole: ConsoleModule = {
  name: 'accounts',
  routes: [
    { path: '/sign-in', title: 'Sign in', frame: 'plain', load: () => import('./sign-in.tsx') },
    { path: '/sign-up', title: 'Create an account', frame: 'plain', load: () => import('./sign-up.tsx') },
    {
      path: '/verify-email',
      title: 'Confirm your address',
      frame: 'plain',
      personal: true,
      load: () => import('./verify-email.tsx'),
    },
    {
      path: '/forgot-password',
      title: 'Forgot your password?',
      frame: 'plain',
      personal: true,
      load: () => import('./forgot-password.tsx'),
    },
    {
      path: '/reset-password',
      title: 'Choose a new password',
      frame: 'plain',
      personal: true,
      load: () => import('./reset-password.tsx'),
    },
    {
      path: '/invitation',
      title: 'Invitation',
      frame: 'plain',
      personal: true,
      load: () => import('./invitation.tsx'),
    },
    { path: '/setup', title: 'First administrator', frame: 'plain', load: () => import('./setup.tsx') },
    {
      path: '/workspaces/new',
      title: 'New workspace',
      frame: 'shell',
      withoutWorkspace: true,
      load: () => import('./new-workspace.tsx'),
    },
  ],
  navigation: [],
  resources: accountsResources,
  stepUp: () => import('./step-up-dialog.tsx'),
}
