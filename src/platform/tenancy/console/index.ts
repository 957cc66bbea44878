import type { ConsoleModule } from '#platform/console'
import { tenancyResources } from './resources.ts'

/** The pages about a workspace itself, and about all of them for the operators of an installation. */
export const tenancyConsole: ConsoleModule = {
  name: 'tenancy',
  routes: [
    {
      path: '/settings',
      title: 'Settings',
      frame: 'shell',
      permission: 'tenancy.settings.read',
      load: () => import('./general.tsx'),
    },
    {
      path: '/settings/security',
      title: 'Security',
      frame: 'shell',
      permission: 'tenancy.security.read',
      load: () => import('./security.tsx'),
    },
    {
      path: '/settings/appearance',
      title: 'Appearance',
      frame: 'shell',
      permission: 'tenancy.settings.read',
      load: () => import('./appearance.tsx'),
    },
    {
      path: '/settings/domains',
      title: 'Domains',
      frame: 'shell',
      permission: 'tenancy.settings.read',
      load: () => import('./domains.tsx'),
    },
    {
      path: '/settings/password-rules',
      title: 'Password rules',
      frame: 'shell',
      permission: 'tenancy.security.read',
      load: () => import('./password-rules.tsx'),
    },
    {
      path: '/settings/features',
      title: 'Features',
      frame: 'shell',
      permission: 'tenancy.settings.read',
      load: () => import('./features.tsx'),
    },
    {
      path: '/settings/export',
      title: 'Export',
      frame: 'shell',
      permission: 'operations.workspace.export',
      load: () => import('./export.tsx'),
    },
    {
      path: '/settings/deletion',
      title: 'Deletion',
      frame: 'shell',
      personal: true,
      load: () => import('./deletion.tsx'),
    },
    {
      path: '/tenants/deleted',
      title: 'Deleted workspaces',
      frame: 'shell',
      personal: true,
      permission: 'tenancy.deletions.manage',
      load: () => import('./deleted-tenants.tsx'),
    },
    {
      path: '/tenants',
      title: 'Workspaces',
      frame: 'shell',
      personal: true,
      permission: 'tenancy.tenants.read',
      load: () => import('./tenants.tsx'),
    },
    {
      path: '/tenants/$id',
      title: 'Workspace',
      frame: 'shell',
      personal: true,
      permission: 'tenancy.tenants.read',
      load: () => import('./tenant.tsx'),
    },
  ],
  navigation: [
    { group: 'Workspace', label: 'Settings', to: '/settings', icon: 'settings', permission: 'tenancy.settings.read' },
    {
      group: 'Installation',
      label: 'Workspaces',
      to: '/tenants',
      icon: 'building',
      permission: 'tenancy.tenants.read',
      place: 2,
    },
  ],
  resources: tenancyResources,
  startCard: { permission: 'tenancy.settings.write', load: () => import('./first-steps.tsx') },
}
