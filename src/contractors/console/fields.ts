import { formatAmount, formatCount, formatDay, formatInstantDay } from '#platform/console'
import { type ContractorInFull, capitalise } from './contractors.ts'

export type Field = { name: keyof ContractorInFull; label: string; text: string | undefined }
export type FieldGroup = { title: string; fields: readonly Field[] }

/** Every column of a contractor in groups, as text; undefined where no source has it. */
export function describeFields(contractor: ContractorInFull): FieldGroup[] {
  const field = <Name extends keyof ContractorInFull>(
    name: Name,
    label: string,
    write: (value: NonNullable<ContractorInFull[Name]>) => string = String,
  ): Field => {
    const value = contractor[name]
    return { name, label, text: value === null || value === undefined ? undefined : write(value) || undefined }
  }
  const words = (value: string) => (value === value.toUpperCase() ? capitalise(value) : value)
  return [
    {
      title: 'Identity',
      fields: [
        field('uei', 'UEI'),
        field('cageCode', 'CAGE code'),
        field('legalBusinessName', 'Legal business name'),
        field('dbaName', 'Doing business as'),
        field('entityStructure', 'Entity structure', words),
        field('organizationType', 'Organization type', words),
        field('businessTypes', 'Business types', () => contractor.businessTypeLabels.map(type => type.name).join('; ')),
        field('certifications', 'Certifications', value =>
          Object.entries(value)
            .map(([code, until]) => (typeof until === 'string' ? `${code} until ${formatDay(until)}` : code))
            .join('; '),
        ),
      ],
    },
    {
      title: 'Address',
      fields: [
        field('addressLine1', 'Street', words),
        field('addressLine2', 'Street, second line', words),
        field('city', 'City', words),
        field('state', 'State'),
        field('zipCode', 'ZIP code'),
        field('country', 'Country'),
        field('congressionalDistrict', 'Congressional district'),
      ],
    },
    {
      title: 'Business',
      fields: [
        field('naicsCode', 'NAICS code'),
        field('naicsDescription', 'Industry'),
        field('businessStartDate', 'Business start', formatDay),
        field('fiscalYearEndDate', 'Fiscal year end'),
        field('employeeCount', 'Employees', formatCount),
        field('annualRevenue', 'Annual revenue', formatAmount),
        field('performanceRating', 'Performance rating'),
        field('capabilities', 'Capabilities', value => value.join('; ')),
      ],
    },
    {
      title: 'Registration',
      fields: [
        field('registrationStatus', 'Status'),
        field('registrationDate', 'Registered', formatDay),
        field('lastUpdatedDate', 'Last updated', formatInstantDay),
      ],
    },
    {
      title: 'Contracts',
      fields: [
        field('totalContractValue', 'Total obligated', formatAmount),
        field('averageContractValue', 'Average per award', formatAmount),
        field('activeContractsCount', 'Active awards', formatCount),
        field('completedContractsCount', 'Completed awards', formatCount),
      ],
    },
  ]
}

/** Where a value comes from that no record gives by itself. */
export const knownBy: Partial<Record<keyof ContractorInFull, string>> = {
  uei: 'Joins the records',
  naicsDescription: 'Title of the code',
}

const sourceNames: Readonly<Record<string, { short: string; full: string }>> = {
  sam: { short: 'SAM registration', full: 'Public registration at SAM.gov' },
  fpds_awards: { short: 'FPDS award', full: 'Awards and orders in the Federal Procurement Data System' },
  fpds_idv: { short: 'FPDS action', full: 'Contract actions in the Federal Procurement Data System' },
  fpds_vendors: { short: 'FPDS vendor', full: 'Vendor data in the Federal Procurement Data System' },
  entities: { short: 'FPDS entity', full: 'Entity drawn together from the Federal Procurement Data System' },
  awards: { short: 'Calculated', full: 'Calculated from the awards known here' },
}

/** A source in words; one that this page does not know keeps the name under which it was imported. */
export function nameSource(source: string): { short: string; full: string } {
  const plain = source.replaceAll('_', ' ')
  return sourceNames[source] ?? { short: plain, full: plain }
}
