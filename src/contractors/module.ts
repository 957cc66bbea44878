import type { Module } from '#platform/module.ts'
import { registerContractorCommands } from './commands.ts'
import { hasItems } from './lists/items.ts'
import { contractorsRoutes } from './routes.ts'

export const contractorsModule = {
  name: 'contractors',
  schema: 'contractors',
  metrics: {
    'contractors.lists': { description: 'Contractor lists', unit: 'count', kind: 'gauge' },
    'contractors.list_items': { description: 'Contractors in lists', unit: 'count', kind: 'gauge' },
  },
  events: {
    'contractors.list.created': 'Somebody made a list of contractors',
    'contractors.list.deleted': 'A list of contractors was deleted',
    'contractors.item.added': 'A contractor was put into a list',
    'contractors.item.removed': 'A contractor was taken out of a list',
  },
  permissions: {
    'contractors.profiles.read': {
      description: 'Search contractors and read about them',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'contractors.lists.read': {
      description: 'Read one’s own lists of contractors and those open to one',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'contractors.lists.write': {
      description: 'Make lists of contractors and change them',
      roles: ['owner', 'admin', 'member'],
    },
    'contractors.imports.run': { description: 'Import contractors into the catalogue', roles: ['owner', 'admin'] },
  },
  features: {
    'contractors.public_lists': {
      label: 'Lists for everybody',
      description: 'Members may open lists of theirs to all in the workspace. Lists that are open already stay open.',
      default: true,
    },
  },
  onboarding: {
    'contractors.first_list': {
      title: 'Put the first contractor into a list',
      text: 'Search for one that you know, and add it to your favourites.',
      link: '/contractors',
      permission: 'contractors.lists.write',
      isDone: hasItems,
    },
  },
  tenantTemplates: {
    'capture-team': {
      label: 'Capture team',
      description:
        'With the roles Researcher, who looks and notes, and Capture lead, who also imports and sees the log.',
      roles: [
        {
          name: 'Researcher',
          description: 'Looks for contractors and keeps lists of them',
          permissions: [
            'contractors.profiles.read',
            'contractors.lists.read',
            'contractors.lists.write',
            'tenancy.settings.read',
          ],
        },
        {
          name: 'Capture lead',
          description: 'A researcher who also imports contractors and sees the audit log',
          permissions: [
            'contractors.profiles.read',
            'contractors.lists.read',
            'contractors.lists.write',
            'contractors.imports.run',
            'audit.logs.read',
            'tenancy.settings.read',
          ],
        },
      ],
    },
  },
  placement: 'tenant',
  mirrors: {
    'contractors.contractor_profiles': [
      'uei',
      'name',
      'state',
      'naics_code',
      'total_contract_value',
      'is_placeholder',
      'is_hidden',
    ],
  },
  routes: contractorsRoutes,
  commands: registerContractorCommands,
} satisfies Module
