import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('contractors', {
  contractorNotFound: ['not_found', 'There is no contractor {id}.'],
  listNotFound: ['not_found', 'There is no list {id}.'],
  listNotYours: ['forbidden', 'The list belongs to somebody else, who has not shared it with you for editing.'],
  defaultListStays: ['conflict', 'The favourites are made for each user and cannot be deleted.'],
  itemNotFound: ['not_found', 'There is no item {id} in this list.'],
  oneContractorNeeded: ['invalid', 'Name the contractor by either contractorId or uei.'],
  alreadyInList: ['conflict', 'The contractor is in this list already.'],
})
