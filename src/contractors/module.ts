import type { Module } from '#platform/module.ts'
import { registerContractorCommands } from './commands.ts'
import { contractorsRoutes } from './routes.ts'

export const contractorsModule = {
  name: 'contractors',
  schema: 'contractors',
  metrics: {
    'contractors.lists': { description: 'Contractor lists', unit: 'count', kind: 'gauge' },
    'contractors.list_items': { description: 'Contractors in lists', unit: 'count', kind: 'gauge' },
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
