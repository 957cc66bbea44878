import { type ConsoleModule, request } from '#platform/console'

const read = 'contractors.profiles.read'
const lists = 'contractors.lists.read'
const review = 'contractors.matches.review'

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
      path: '/contractors/compare',
      title: 'Compare contractors',
      frame: 'shell',
      permission: read,
      load: () => import('./compare-page.tsx'),
    },
    {
      path: '/saved-searches',
      title: 'Saved searches',
      frame: 'shell',
      permission: 'contractors.searches.save',
      load: () => import('./saved-searches-page.tsx'),
    },
    {
      path: '/saved-searches/$id',
      title: 'Saved search',
      frame: 'shell',
      permission: 'contractors.searches.save',
      load: () => import('./saved-search-page.tsx'),
    },
    {
      path: '/contractors/$id',
      title: 'Contractor',
      frame: 'shell',
      permission: read,
      load: () => import('./contractor-page.tsx'),
    },
    {
      path: '/contractors/$id/identity',
      title: 'Merge and split',
      frame: 'shell',
      permission: review,
      load: () => import('./identity-page.tsx'),
    },
    {
      path: '/matches',
      title: 'Matches',
      frame: 'shell',
      personal: true,
      permission: review,
      load: () => import('./matches-page.tsx'),
    },
    {
      path: '/matches/decisions',
      title: 'Decisions about matches',
      frame: 'shell',
      personal: true,
      permission: review,
      load: () => import('./match-decisions-page.tsx'),
    },
    {
      path: '/imports',
      title: 'Imports',
      frame: 'shell',
      personal: true,
      permission: 'contractors.sources.manage',
      load: () => import('./imports-page.tsx'),
    },
    { path: '/lists', title: 'Lists', frame: 'shell', permission: lists, load: () => import('./lists-page.tsx') },
    { path: '/lists/$id', title: 'List', frame: 'shell', permission: lists, load: () => import('./list-page.tsx') },
    {
      path: '/shared/list',
      title: 'A shared list',
      frame: 'plain',
      personal: true,
      load: () => import('./shared-list-page.tsx'),
    },
    {
      path: '/overview',
      title: 'Overview',
      frame: 'shell',
      permission: read,
      load: () => import('./overview-page.tsx'),
    },
    {
      path: '/exports',
      title: 'Exports',
      frame: 'shell',
      permission: 'contractors.exports.run',
      load: () => import('./exports-page.tsx'),
    },
  ],
  navigation: [
    {
      group: 'Contractors',
      label: 'Search',
      to: '/contractors',
      icon: 'search',
      permission: read,
      isStart: true,
      // Everybody has favourites, which may be empty.
      isInUse: async () => {
        const { items } = await request<{ items: readonly { itemCount: number }[] }>('/contractor-lists')
        return items.some(({ itemCount }) => itemCount > 0)
      },
    },
    { group: 'Contractors', label: 'Overview', to: '/overview', icon: 'chart', permission: read },
    {
      group: 'Contractors',
      label: 'Saved searches',
      to: '/saved-searches',
      icon: 'bell',
      permission: 'contractors.searches.save',
    },
    { group: 'Contractors', label: 'Lists', to: '/lists', icon: 'list', permission: lists },
    {
      group: 'Installation',
      label: 'Imports',
      to: '/imports',
      icon: 'upload',
      permission: 'contractors.sources.manage',
      place: 5,
    },
    { group: 'Installation', label: 'Matches', to: '/matches', icon: 'merge', permission: review, place: 6 },
    {
      group: 'Contractors',
      label: 'Exports',
      to: '/exports',
      icon: 'download',
      permission: 'contractors.exports.run',
      place: 9,
    },
  ],
  resources: {
    'contractors.imports': {
      noun: 'import',
      sentences: { import: '{who} imported a file of contractors' },
      api: '/contractors/imports/{id}',
      permission: 'contractors.sources.manage',
    },
    'contractors.saved_searches': {
      noun: 'saved search',
      columns: { alert: 'alert', search: 'what is looked for' },
      technical: ['user_id'],
      api: '/saved-searches/{id}',
      permission: 'contractors.searches.save',
      page: '/saved-searches/$id',
    },
    'contractors.exports': {
      noun: 'export',
      sentences: {
        export: '{who} exported contractors',
        download: '{who} downloaded an export of contractors',
      },
    },
    'contractors.contractor_profile_summary': {
      noun: 'overview',
      sentences: { refresh: '{who} had the contractors counted anew' },
    },
    'contractors.contractor_profiles': {
      noun: 'contractor',
      api: '/contractors/{id}',
      permission: read,
      page: '/contractors/$id',
    },
    'contractors.match_decisions': {
      noun: 'decision about a match',
      columns: { undone_at: 'whether it holds' },
      technical: ['before', 'mention_ids', 'batch_id', 'decided_by', 'decided_by_name', 'undone_by', 'undone_by_name'],
      refers: {
        profile_id: 'contractors.contractor_profiles',
        other_profile_id: 'contractors.contractor_profiles',
      },
    },
    'contractors.contractor_lists': {
      noun: 'list',
      columns: { is_public: 'visibility', is_default: 'default', sort_order: 'place in the order' },
      technical: ['user_id', 'sort_order', 'settings'],
      api: '/contractor-lists/{id}',
      permission: lists,
      page: '/lists/$id',
    },
    'contractors.contractor_list_items': {
      noun: 'list item',
      sentences: {
        insert: '{who} added {contractor_profile_id} to the list {list_id}',
        update: '{who} changed {columns} on {contractor_profile_id} in the list {list_id}',
        delete: '{who} removed {contractor_profile_id} from the list {list_id}',
      },
      columns: { notes: 'note' },
      technical: ['custom_data'],
      refers: {
        list_id: 'contractors.contractor_lists',
        contractor_profile_id: 'contractors.contractor_profiles',
      },
    },
    'contractors.contractor_list_comments': {
      noun: 'comment on a list',
      sentences: {
        insert: '{who} commented on the list {list_id}',
        update: '{who} changed a comment on the list {list_id}',
        delete: '{who} removed a comment from the list {list_id}',
      },
      columns: { body: 'text', mentioned_ids: 'mentions', guest_email: 'guest' },
      technical: ['share_id', 'parent_id'],
      refers: { list_id: 'contractors.contractor_lists', user_id: 'identity.users' },
    },
    'contractors.contractor_list_shares': {
      noun: 'share of a list',
      sentences: {
        insert: '{who} shared the list {list_id}',
        update: '{who} changed {columns} of a share of the list {list_id}',
        delete: '{who} ended a share of the list {list_id}',
      },
      columns: {
        shared_with_email: 'e-mail',
        access_token_hash: 'link',
        password_hash: 'password',
        includes_remarks: 'remarks',
        is_single_use: 'use',
        expires_at: 'end',
      },
      technical: ['used_at', 'issued_by', 'issued_at', 'closed_until'],
      refers: { list_id: 'contractors.contractor_lists', shared_with_user_id: 'identity.users' },
    },
  },
}
