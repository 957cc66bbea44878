import { Type } from 'typebox'
import type { Module } from '#platform/module.ts'
import { registerContractorCommands } from './commands.ts'
import { makeExport, removeExport } from './exports/making.ts'
import { dropImportFiles, runImport } from './imports/import-jobs.ts'
import { hasItems } from './lists/items.ts'
import { addSearchToList } from './lists/search-additions.ts'
import { resolveMentionsJob } from './matching/resolutions.ts'
import { portability } from './portability.ts'
import { contractorsRoutes } from './routes.ts'
import { tellAtOnce, tellDaily, tellPerson } from './search/alerts.ts'
import { refreshSearchBitsJob } from './search/refresh-bits.ts'
import { refreshSummaryJob } from './summary/refreshes.ts'

export const contractorsModule = {
  name: 'contractors',
  schema: 'contractors',
  restoration: {
    stays: {
      'contractors.contractor_list_additions': 'Work that was begun ends once',
      'contractors.contractor_list_share_sessions': 'A guest whose session ended stays outside',
      'contractors.exports': 'Files that end after days',
      'contractors.export_chunks': 'Files that end after days',
    },
    keeps: {
      'contractors.contractor_list_shares.access_token_hash': 'A link that was withdrawn opens nothing again',
      'contractors.contractor_list_shares.password_hash': 'A link that was withdrawn opens nothing again',
      'contractors.contractor_list_shares.is_single_use': 'A link that was used stays used',
      'contractors.contractor_list_shares.used_at': 'A link that was used stays used',
      'contractors.contractor_list_shares.issued_by': 'Tells of the link',
      'contractors.contractor_list_shares.issued_at': 'Tells of the link',
      'contractors.contractor_list_shares.wrong_passwords': 'Wrong passwords stay counted',
      'contractors.contractor_list_shares.closed_until': 'Wrong passwords stay counted',
    },
  },
  portability,
  retention: {
    'contractors.list_activity': {
      description: 'Who did what in lists',
      table: 'contractors.contractor_list_activity',
      by: 'created_at',
      after: '1 year',
      action: 'archive',
    },
    'contractors.removed_items': {
      description: 'Items that were taken out of lists: until then they can be put back',
      table: 'contractors.contractor_list_removed_items',
      by: 'removed_at',
      after: '30 days',
      action: 'remove',
    },
    'contractors.list_additions': {
      description: 'Additions of searches to lists, which are long done',
      table: 'contractors.contractor_list_additions',
      by: 'created_at',
      after: '30 days',
      action: 'remove',
    },
  },
  metrics: {
    'contractors.lists': { description: 'Contractor lists', unit: 'count', kind: 'gauge' },
    'contractors.list_items': { description: 'Contractors in lists', unit: 'count', kind: 'gauge' },
    'contractors.saved_searches': { description: 'Saved searches', unit: 'count', kind: 'gauge' },
    'contractors.exports': { description: 'Exports of contractors', unit: 'count', kind: 'flow' },
  },
  events: {
    'contractors.list.created': 'Somebody made a list of contractors',
    'contractors.list.deleted': 'A list of contractors was deleted',
    'contractors.list.shared': 'A list of contractors was shared with a member or by a link',
    'contractors.list.unshared': 'A share of a list of contractors has ended',
    'contractors.item.added': 'A contractor was put into a list',
    'contractors.item.removed': 'A contractor was taken out of a list',
    'contractors.list.archived': 'A list of contractors was archived',
    'contractors.list.unarchived': 'A list of contractors was taken out of the archive',
    'contractors.list.merged': 'All that one list has was brought into another',
    'contractors.items.added': 'Several contractors were put into a list: how many, and which items (at most 1,000)',
    'contractors.items.changed': 'Several items of a list were changed alike: how many, and which (at most 1,000)',
    'contractors.items.removed':
      'Several contractors were taken out of a list: how many, and which items (at most 1,000)',
  },
  notifications: {
    'contractors.search_matched': { description: 'A saved search has found something new', mail: 'at_once' },
    'contractors.search_matched_daily': {
      description: 'What saved searches have found that day, at seven in the morning',
      mail: 'at_once',
    },
    'contractors.list_shared': { description: 'Somebody shared a list of contractors with you', mail: 'at_once' },
    'contractors.mentioned': { description: 'Somebody mentioned you in a list of contractors', mail: 'at_once' },
    'contractors.export_done': { description: 'An export of contractors is ready', mail: 'never' },
    'contractors.export_failed': { description: 'An export of contractors could not be made', mail: 'digest' },
  },
  permissions: {
    'contractors.profiles.read': {
      description: 'Search contractors and read about them',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'contractors.searches.save': {
      description: 'Save searches for oneself, and be told of what is new in them',
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
    'contractors.shares.write': {
      description: 'Share lists of one’s own with members, and by links',
      roles: ['owner', 'admin', 'member'],
    },
    'contractors.matches.review': {
      description: 'Decide which contractors vendors’ texts mean, merge contractors and split them',
      roles: [],
      forOperators: true,
    },
    'contractors.exports.run': {
      description: 'Export contractors to files',
      roles: ['owner', 'admin', 'member'],
    },
    'contractors.summary.refresh': {
      description: 'Count the catalogue of contractors anew',
      roles: [],
      forOperators: true,
    },
    'contractors.sources.manage': {
      description: 'Import contractors through the console, and see the imports',
      roles: [],
      forOperators: true,
    },
    'contractors.imports.run': { description: 'Import contractors into the catalogue', roles: ['owner', 'admin'] },
  },
  features: {
    'contractors.public_lists': {
      label: 'Lists for everybody',
      description: 'Members may open lists of theirs to all in the workspace. Lists that are open already stay open.',
      default: true,
    },
    'contractors.outside_shares': {
      label: 'Lists for people outside',
      description:
        'Members may share lists of theirs by links with people who have no account. Off, links that were sent open nothing either.',
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
      'merged_into',
      'name',
      'state',
      'naics_code',
      'total_contract_value',
      'is_placeholder',
      'is_hidden',
    ],
  },
  config: {
    sourcesDirectory: Type.Optional(
      Type.String({
        env: 'COMMONHOLD_SOURCES_DIRECTORY',
        description:
          'Folder with sources of contractors of your own, one JSON file each, beside those that the program brings',
      }),
    ),
    importLimit: Type.Integer({
      env: 'COMMONHOLD_IMPORT_LIMIT',
      minimum: 1,
      maximum: 100_000,
      default: 2_000,
      description: 'Megabytes that a file of contractors sent through the API may have; the command line has no limit',
    }),
  },
  routes: contractorsRoutes,
  jobs: [
    runImport,
    dropImportFiles,
    tellAtOnce,
    tellDaily,
    tellPerson,
    resolveMentionsJob,
    makeExport,
    removeExport,
    refreshSummaryJob,
    refreshSearchBitsJob,
    addSearchToList,
  ],
  commands: registerContractorCommands,
} satisfies Module
