import { type Static, Type } from 'typebox'
import type { CleanRule } from './cleaning.ts'

/** Columns of contractor_profiles that a source can give, and what goes to `metadata`. */
export const profileFields = [
  'cageCode',
  'legalBusinessName',
  'dbaName',
  'addressLine1',
  'addressLine2',
  'city',
  'state',
  'zipCode',
  'country',
  'congressionalDistrict',
  'businessStartDate',
  'fiscalYearEndDate',
  'naicsCode',
  'entityStructure',
  'organizationType',
  'businessTypes',
  'certifications',
  'registrationDate',
  'registrationStatus',
  'lastUpdatedDate',
  'isHidden',
  'parentUei',
  'parentName',
  'province',
  'stateOfIncorporation',
  'website',
] as const
export type ProfileField = (typeof profileFields)[number]

/** Columns of awards that a source can give. */
export const awardFields = [
  'kind',
  'agencyId',
  'agencyName',
  'piid',
  'referencedAgencyId',
  'referencedPiid',
  'modNumber',
  'description',
  'naicsCode',
  'pscCode',
  'signedDate',
  'completionDate',
  'obligatedAmount',
  'totalObligated',
  'potentialValue',
  'reportedStatus',
] as const
export type AwardField = (typeof awardFields)[number]

/** What a source without UEIs tells of a vendor, to find him by. */
export const mentionFields = ['name', 'street', 'city', 'state', 'zipCode', 'country', 'cageCode'] as const
export type MentionField = (typeof mentionFields)[number]

/** What a column must hold for its row to go in. Empty is always allowed but for `uei`. */
export const columnChecks = ['uei', 'date', 'compactDate', 'usDate', 'amount', 'count'] as const

const text = Type.String({ minLength: 1 })
const texts = Type.Array(text, { minItems: 1, uniqueItems: true })
const codeTable = Type.Record(Type.String(), Type.String())

const rule = Type.Union([
  text,
  Type.Object(
    {
      rule: text,
      from: Type.Optional(Type.Union([text, texts])),
      table: Type.Optional(Type.Union([text, codeTable])),
      otherwise: Type.Optional(text),
      separator: Type.Optional(text),
      longest: Type.Optional(Type.Integer({ minimum: 1 })),
      value: Type.Optional(text),
      values: Type.Optional(texts),
    },
    { additionalProperties: false },
  ),
])

/** A column's name (its text as it stands), or a cleaning rule with the columns that it takes and its arguments. */
export type RuleText = Static<typeof rule>

const rulesFor = (fields: readonly string[]) =>
  Type.Object(Object.fromEntries(fields.map(field => [field, Type.Optional(rule)])), { additionalProperties: false })

/** A source as its file has it: `docs/contractor-sources.md` says what each property means. */
export const SourceFile = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }),
    aliases: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }))),
    title: Type.String({ minLength: 1, maxLength: 100 }),
    description: Type.Optional(text),
    format: Type.Union([Type.Literal('csv'), Type.Literal('sam')]),
    required: Type.Optional(texts),
    omitted: Type.Optional(texts),
    layout: Type.Optional(
      Type.Object(
        {
          version: text,
          fieldCount: Type.Integer({ minimum: 1, maximum: 1000 }),
          columns: Type.Record(Type.String({ pattern: '^[1-9][0-9]{0,2}$' }), text),
        },
        { additionalProperties: false },
      ),
    ),
    checks: Type.Record(
      Type.String(),
      Type.Union([...columnChecks.map(check => Type.Literal(check)), Type.Integer({ minimum: 1 })]),
    ),
    uei: Type.Optional(text),
    observedOn: text,
    key: texts,
    isKeyHashed: Type.Optional(Type.Boolean()),
    isKeyOptional: Type.Optional(Type.Boolean()),
    priority: Type.Integer({ minimum: 0, maximum: 100 }),
    priorities: Type.Optional(
      Type.Object(
        Object.fromEntries(
          profileFields.map(field => [field, Type.Optional(Type.Integer({ minimum: 0, maximum: 100 }))]),
        ),
        { additionalProperties: false },
      ),
    ),
    secondary: Type.Optional(
      Type.Object(
        { column: text, priority: Type.Integer({ minimum: 0, maximum: 100 }) },
        { additionalProperties: false },
      ),
    ),
    hidden: Type.Optional(Type.Object({ column: text, value: text, kept: texts }, { additionalProperties: false })),
    ended: Type.Optional(
      Type.Object(
        { column: text, deleted: text, expired: text, listedExpired: text, kept: texts },
        { additionalProperties: false },
      ),
    ),
    tables: Type.Optional(Type.Record(Type.String(), codeTable)),
    fields: Type.Optional(rulesFor(profileFields)),
    award: Type.Optional(rulesFor(awardFields)),
    mention: Type.Optional(rulesFor(mentionFields)),
  },
  { additionalProperties: false },
)
export type SourceFile = Static<typeof SourceFile>

export type ColumnCheck = (typeof columnChecks)[number] | number

/** A source of raw records, ready to be used: its file with the rules made functions. */
export type Source = Omit<SourceFile, 'fields' | 'award' | 'mention' | 'checks' | 'priorities' | 'required'> & {
  required: readonly string[]
  checks: Readonly<Record<string, ColumnCheck>>
  priorities?: Readonly<Partial<Record<ProfileField, number>>>
  fields: Readonly<Partial<Record<ProfileField, CleanRule>>>
  award?: Readonly<Partial<Record<AwardField, CleanRule>>>
  mention?: Readonly<Partial<Record<MentionField, CleanRule>>>
  /** The file that it comes from. */
  file: string
  isBuiltIn: boolean
}
