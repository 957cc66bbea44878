import type { ConsoleModule } from '#platform/console'
import { membersResources } from './resources.ts'

/** The pages about who belongs to a workspace, and who is asked to. */
export const membersConsole: ConsoleModule = {
  name: 'members',
  routes: [
    {
      path: '/members',
      title: 'Members',
      frame: 'shell',
      permission: 'members.members.read',
      load: () => import('./members.tsx'),
    },
    {
      path: '/organizations',
      title: 'Organizations',
      frame: 'shell',
      permission: 'members.organizations.read',
      load: () => import('./organizations.tsx'),
    },
    {
      path: '/account/workspaces',
      title: 'Workspaces',
      frame: 'shell',
      personal: true,
      load: () => import('./workspaces.tsx'),
    },
    {
      path: '/members/invitations',
      title: 'Invitations',
      frame: 'shell',
      permission: 'members.invitations.read',
      load: () => import('./invitations.tsx'),
    },
  ],
  navigation: [
    { group: 'Workspace', label: 'Members', to: '/members', icon: 'people', permission: 'members.members.read' },
    {
      group: 'Workspace',
      label: 'Organizations',
      to: '/organizations',
      icon: 'tree',
      permission: 'members.organizations.read',
    },
  ],
  resources: membersResources,
}
