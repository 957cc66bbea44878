import { errorTable } from '#platform/errors.ts'

export const matchErrors = errorTable('contractors', {
  mentionNotFound: ['not_found', 'There is no mention {id}.'],
  contractorUnknown: ['not_found', 'There is no contractor {id} to be chosen.'],
  decidedAlready: ['conflict', 'This was decided meanwhile: {by} {what} at {at}. Undo that first.'],
  decisionNotFound: ['not_found', 'There is no decision {id}.'],
  undoneAlready: ['conflict', 'The decision was undone already, by {by} at {at}.'],
  decidedSince: ['conflict', 'The same was decided anew since, by {by}. Undo that decision first.'],
  mentionElsewhere: ['conflict', 'The mention {id} is not one of {contractor}.'],
  nothingLeft: ['conflict', 'All that is known of {contractor} are these mentions: nothing would be left of it.'],
  absorbedAlready: [
    'conflict',
    '{contractor} was merged into {survivor} already. Merge {survivor}, or undo that merge first.',
  ],
  mergeIsRing: ['conflict', 'That would merge {contractor} into itself.'],
  mergeNeedsUei: [
    'conflict',
    '{absorbed} has a UEI and {survivor} has none: merge them the other way round, so that the UEI stays.',
  ],
  notAbsorbed: ['conflict', 'The contractor {id} was not merged into this one.'],
  placeholderStays: ['conflict', '{contractor} stands for recipients that are not named: it is nobody’s match.'],
  catalogueBusy: ['unavailable', 'An import is writing the catalogue at the moment. Try again in a minute.'],
})
