import type { CleanRule } from './cleaning.ts'

/** Columns of contractor_profiles that a source can give, and what goes to `metadata`. */
export type ProfileField =
  | 'cageCode'
  | 'legalBusinessName'
  | 'dbaName'
  | 'addressLine1'
  | 'addressLine2'
  | 'city'
  | 'state'
  | 'zipCode'
  | 'country'
  | 'congressionalDistrict'
  | 'businessStartDate'
  | 'fiscalYearEndDate'
  | 'naicsCode'
  | 'entityStructure'
  | 'organizationType'
  | 'businessTypes'
  | 'certifications'
  | 'registrationDate'
  | 'registrationStatus'
  | 'lastUpdatedDate'
  | 'isHidden'
  | 'parentUei'
  | 'parentName'
  | 'province'
  | 'stateOfIncorporation'
  | 'website'

/** Columns of awards that a source can give. */
export type AwardField =
  | 'kind'
  | 'agencyId'
  | 'agencyName'
  | 'piid'
  | 'referencedAgencyId'
  | 'referencedPiid'
  | 'modNumber'
  | 'description'
  | 'naicsCode'
  | 'pscCode'
  | 'signedDate'
  | 'completionDate'
  | 'obligatedAmount'
  | 'totalObligated'
  | 'potentialValue'
  | 'reportedStatus'

/** What a column must hold for its row to go in; a number is the most characters. Empty is always allowed but for `uei`. */
export type ColumnCheck = 'uei' | 'date' | 'compactDate' | 'amount' | 'count' | number

/**
 * A source of raw records, as data: how its file is read, what makes a record the same one, and which of its columns
 * gives which field. To add a source, add such a table and name it in `sources.ts`.
 */
export type Source = {
  /** Stored with each record; never changes. */
  name: string
  /** Other names that `--source` takes. */
  aliases?: readonly string[]
  title: string
  format: 'csv' | 'sam'
  /** A file without one of these is refused whole. */
  required: readonly string[]
  checks: Readonly<Record<string, ColumnCheck>>
  uei: string
  /** As of when a record speaks: the newest of equal priority wins. */
  observedOn: string
  /** What the source knows its record by. */
  key: readonly string[]
  /** The key is too long to be kept: its hash is. */
  isKeyHashed?: boolean
  /** A record whose key columns are all empty is known by its content; without this it is refused. */
  isKeyOptional?: boolean
  /** Of two sources that give a field, the higher wins; `fields` departs from it. */
  priority: number
  priorities?: Readonly<Partial<Record<ProfileField, number>>>
  fields: Readonly<Partial<Record<ProfileField, CleanRule>>>
  award?: Readonly<Partial<Record<AwardField, CleanRule>>>
}
