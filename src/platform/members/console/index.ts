import type { ConsoleModule } from '#platform/console'

/** The pages about who belongs to a workspace, and who is asked to. */
export const membersConsole: ConsoleModule = {
  name: 'members',
  routes: [
    {
      path: '/members/invitations',
      title: 'Invitations',
      frame: 'shell',
      permission: 'members.invitations.read',
      load: () => import('./invitations.tsx'),
    },
  ],
  navigation: [],
}
