import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('assignments', {
  domainNotFound: ['not_found', 'There is no domain {id}.'],
  domainNameTaken: ['conflict', 'There is a domain with this name already.'],
  domainInUse: [
    'conflict',
    'The domain still has participants, targets, assignments, schedules or entity definitions. Remove them first, or set isActive to false.',
  ],
  participantNotFound: ['not_found', 'There is no participant {id}.'],
  participantReferenceTaken: ['conflict', 'Another participant of this domain has this reference.'],
  participantUserTaken: ['conflict', 'Another participant of this domain is this member.'],
  participantNotMember: ['invalid', 'The user {userId} is no member of this workspace. Invite him first.'],
  participantAssigned: [
    'conflict',
    'The participant has been assigned, which counts for fairness. Set isActive to false, or erase what names him.',
  ],
  participantLimits: ['invalid', 'maxAssignments is smaller than minAssignments.'],
  availabilityUnread: ['invalid', 'The availability cannot be read at {place}: {reason}.'],
  exceptionNotFound: ['not_found', 'There is no exception {id} of this participant.'],
  exceptionOrder: ['invalid', 'The exception ends before it starts, or lasts longer than five years.'],
  exceptionTimes: ['invalid', 'Give both startsAt and endsAt, the later one last, or neither for whole days.'],
  preferenceTargetsUnknown: ['invalid', 'These are no targets of the participant’s domain: {ids}.'],
  preferenceTwice: ['invalid', 'The target {id} is named twice.'],
  relationNotFound: ['not_found', 'There is no relation {id}.'],
  relationTaken: ['conflict', 'There is a relation between these two already.'],
  relationOfOne: ['invalid', 'Name two different participants of one domain.'],
  targetNotFound: ['not_found', 'There is no target {id}.'],
  targetReferenceTaken: ['conflict', 'Another target of this domain has this reference.'],
  targetAssigned: ['conflict', 'The target has been assigned. Set isActive to false: then it is in no further round.'],
  targetCounts: ['invalid', 'maximumCount is smaller than requiredCount.'],
  targetWindow: ['invalid', '{reason}'],
  skillTooLong: ['invalid', 'The name of a skill has at most 100 characters: “{skill}”.'],
})
