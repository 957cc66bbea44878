import { errors } from './export-errors.ts'

/** How a value is written: `words` is several texts, `pairs` an object, `time` an instant, `money` an exact decimal. */
export type ColumnKind = 'text' | 'integer' | 'money' | 'decimal' | 'date' | 'time' | 'boolean' | 'words' | 'pairs'

/** A column of an export; `item` ones say what a list notes about a contractor. `width` is in characters. */
export type Column = {
  key: string
  label: string
  kind: ColumnKind
  of: 'contractor' | 'item'
  width: number
  isDefault: boolean
}

/** A row of an export: the values of its columns by their keys, as the API has them. */
export type Row = Readonly<Record<string, unknown>>

const column = (
  of: Column['of'],
  key: string,
  label: string,
  kind: ColumnKind,
  width: number,
  isDefault = true,
): Column => ({ key, label, kind, of, width, isDefault })

/** All columns of a contractor, in the order of the file. */
export const contractorColumns: readonly Column[] = [
  column('contractor', 'name', 'Name', 'text', 40),
  column('contractor', 'uei', 'UEI', 'text', 14),
  column('contractor', 'cageCode', 'CAGE code', 'text', 10),
  column('contractor', 'legalBusinessName', 'Legal business name', 'text', 40, false),
  column('contractor', 'dbaName', 'Doing business as', 'text', 30),
  column('contractor', 'addressLine1', 'Address line 1', 'text', 30),
  column('contractor', 'addressLine2', 'Address line 2', 'text', 20, false),
  column('contractor', 'city', 'City', 'text', 18),
  column('contractor', 'state', 'State', 'text', 7),
  column('contractor', 'zipCode', 'ZIP code', 'text', 11),
  column('contractor', 'country', 'Country', 'text', 9),
  column('contractor', 'congressionalDistrict', 'Congressional district', 'text', 12, false),
  column('contractor', 'naicsCode', 'NAICS code', 'text', 11),
  column('contractor', 'naicsDescription', 'Industry', 'text', 40),
  column('contractor', 'businessTypes', 'Business types', 'words', 24),
  column('contractor', 'certifications', 'Certifications', 'pairs', 24, false),
  column('contractor', 'totalContractValue', 'Total contract value (USD)', 'money', 20),
  column('contractor', 'averageContractValue', 'Average contract value (USD)', 'money', 20, false),
  column('contractor', 'activeContractsCount', 'Active contracts', 'integer', 10),
  column('contractor', 'completedContractsCount', 'Completed contracts', 'integer', 10),
  column('contractor', 'registrationStatus', 'Registration', 'text', 12),
  column('contractor', 'registrationDate', 'Registered on', 'date', 12, false),
  column('contractor', 'lastUpdatedDate', 'Registration updated (UTC)', 'time', 18, false),
  column('contractor', 'businessStartDate', 'Business start', 'date', 12, false),
  column('contractor', 'fiscalYearEndDate', 'Fiscal year end', 'text', 9, false),
  column('contractor', 'entityStructure', 'Entity structure', 'text', 26, false),
  column('contractor', 'organizationType', 'Organization type', 'text', 22, false),
  column('contractor', 'employeeCount', 'Employees', 'integer', 10, false),
  column('contractor', 'annualRevenue', 'Annual revenue (USD)', 'money', 20, false),
  column('contractor', 'performanceRating', 'Performance rating', 'decimal', 10, false),
  column('contractor', 'id', 'Contractor id', 'text', 38, false),
]

/** What a rolled-up search tells of the family for which a contractor stands; of who has none, of itself. */
export const familyColumns: readonly Column[] = [
  column('contractor', 'familyName', 'Family', 'text', 40),
  column('contractor', 'familyUei', 'UEI of the family’s top', 'text', 14),
  column('contractor', 'familyContractorCount', 'Contractors in the family', 'integer', 12),
  column('contractor', 'familyContractValue', 'Contract value of the family (USD)', 'money', 20),
  column('contractor', 'familyActiveContractsCount', 'Active contracts of the family', 'integer', 12),
  column('contractor', 'familyCompletedContractsCount', 'Completed contracts of the family', 'integer', 12),
]

/** What a list says of a contractor in it. */
export const itemColumns: readonly Column[] = [
  column('item', 'notes', 'Notes', 'text', 40),
  column('item', 'tags', 'Tags', 'words', 20),
  column('item', 'rating', 'Rating', 'integer', 8),
  column('item', 'priority', 'Priority', 'text', 10),
  column('item', 'addedAt', 'Added (UTC)', 'time', 18),
]

/** The columns asked for, in the order asked; without any, those that are shown unless told. Refuses an unknown key. */
export function chooseColumns(known: readonly Column[], keys: readonly string[] | undefined): Column[] {
  if (keys === undefined) return known.filter(({ isDefault }) => isDefault)
  const byKey = new Map(known.map(each => [each.key, each]))
  return keys.map(key => {
    const found = byKey.get(key)
    if (!found) throw errors.exportColumnUnknown({ column: key })
    return found
  })
}

/** A value as text, for what has no types of its own. Several texts are divided by `; `. */
export function textOf(value: unknown, kind: ColumnKind): string {
  if (value === null || value === undefined) return ''
  if (kind === 'words' && Array.isArray(value)) return value.map(String).join('; ')
  if (kind === 'pairs') {
    return Object.entries(value as Record<string, unknown>)
      .map(([key, each]) => (each === null || each === '' ? key : `${key} ${each}`))
      .join('; ')
  }
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
