// What the API of this module answers, as it arrives in the browser: for all pages of this folder.
import type { Static } from 'typebox'
import type { OnTheWire } from '#platform/console'
import type { BusinessRule as ServedRule } from '../domains/configurations.ts'
import type { Domain as ServedDomain } from '../domains/domains.ts'
import type { Methods as ServedMethods } from '../domains/methods.ts'
import type { EntityDefinition as ServedDefinition } from '../entities/definitions.ts'
import type { Entity as ServedEntity } from '../entities/entities.ts'
import type { AvailabilityException as ServedException } from '../participants/exceptions.ts'
import type { Participant as ServedParticipant } from '../participants/participants.ts'
import type { NamedPreference } from '../participants/preferences.ts'
import type { Relation as ServedRelation } from '../participants/relations.ts'
import type { Assignment as ServedAssignment } from '../rounds/assignments.ts'
import type { Detail as ServedDetail } from '../rounds/details.ts'
import type { Target as ServedTarget } from '../targets/targets.ts'

export type { Configuration, Words } from '../domains/configurations.ts'
export type { DomainFields } from '../domains/domains.ts'
export type { DefinitionFields } from '../entities/definitions.ts'
export type { EntitySchema } from '../entities/schemas.ts'
export type { AvailabilityJson, Weekday } from '../participants/availability.ts'
export type { ExceptionFields } from '../participants/exceptions.ts'
export type { ParticipantFields } from '../participants/participants.ts'
export type { TargetFields } from '../targets/targets.ts'

export type Page<T> = { items: readonly T[]; nextCursor: string | null }
export type CountedPage<T> = Page<T> & { total: number }

export type Domain = OnTheWire<ServedDomain>
export type Methods = OnTheWire<ServedMethods>
export type BusinessRule = OnTheWire<Static<typeof ServedRule>>
export type Participant = OnTheWire<ServedParticipant>
export type AvailabilityException = OnTheWire<ServedException>
export type Preference = OnTheWire<Static<typeof NamedPreference>>
export type Relation = OnTheWire<ServedRelation>
export type Target = OnTheWire<ServedTarget>
export type Round = OnTheWire<ServedAssignment>
export type RoundDetail = OnTheWire<ServedDetail>
export type EntityDefinition = OnTheWire<ServedDefinition>
export type Entity = OnTheWire<ServedEntity>
