export { type Colleague, findColleagues, namesOf } from './colleagues.ts'
export { type Acceptance, onInvitationAccepted } from './invitation-acceptances.ts'
export { findPendingInvitation, inviteAll, withdrawInvitation } from './invitations.ts'
export { listOwners, type Owner } from './owners.ts'
