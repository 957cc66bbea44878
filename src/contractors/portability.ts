import type { PortabilityDeclaration } from '#platform/module.ts'

const link = 'The link and its password open this installation: share anew where the tenant goes'
const looked = 'How far this installation’s catalogue was looked through'

export const portability: PortabilityDeclaration = {
  stays: {
    'contractors.contractor_list_additions': 'Work of this installation; what it added is in the lists',
    'contractors.contractor_list_share_sessions': 'Sessions of guests of this installation',
    'contractors.exports': 'Files that end after days: make them anew',
    'contractors.export_chunks': 'Files that end after days: make them anew',
    'contractors.saved_search_matches': looked,
  },
  withheld: {
    'contractors.contractor_list_shares.access_token_hash': { reason: link },
    'contractors.contractor_list_shares.password_hash': { reason: link },
    'contractors.saved_search_states.revision': {
      reason: looked,
      value: 'coalesce((select revision from contractors.catalogue_state), 0)',
    },
    'contractors.saved_search_states.checked_at': { reason: looked },
    'contractors.saved_search_states.new_count': { reason: looked },
  },
  naturalKeys: { 'contractors.contractor_profiles': [['uei'], ['id', 'name']] },
}
