import { formatAmount, formatCount, formatDay, formatInstantDay } from '#platform/console'
import { type ContractorInFull, capitalise } from './contractors.ts'
import { certifications } from './terms.ts'

export type Field = { name: keyof ContractorInFull; label: string; text: string | undefined }
export type FieldGroup = { title: string; fields: readonly Field[] }

/** Every column of a contractor in groups, as text; undefined where no source has it. */
export function describeFields(contractor: ContractorInFull): FieldGroup[] {
  const field = <Name extends keyof ContractorInFull>(
    name: Name,
    write: (value: NonNullable<ContractorInFull[Name]>) => string = String,
  ): Field => {
    const value = contractor[name]
    return {
      name,
      label: labelOf(name),
      text: value === null || value === undefined ? undefined : write(value) || undefined,
    }
  }
  const words = (value: string) => (value === value.toUpperCase() ? capitalise(value) : value)
  return [
    {
      title: 'Identity',
      fields: [
        field('uei'),
        field('cageCode'),
        field('legalBusinessName'),
        field('dbaName'),
        field('entityStructure', words),
        field('organizationType', words),
        field('businessTypes', () => contractor.businessTypeLabels.map(type => type.name).join('; ')),
        field('certifications', value =>
          Object.entries(value)
            .map(([code, until]) => {
              const name = certifications[code] ?? code
              return typeof until === 'string' ? `${name} until ${formatDay(until)}` : name
            })
            .join('; '),
        ),
      ],
    },
    {
      title: 'Address',
      fields: [
        field('addressLine1', words),
        field('addressLine2', words),
        field('city', words),
        field('state'),
        field('zipCode'),
        field('country'),
        field('congressionalDistrict'),
      ],
    },
    {
      title: 'Business',
      fields: [
        field('naicsCode'),
        field('naicsDescription'),
        field('businessStartDate', formatDay),
        field('fiscalYearEndDate'),
        field('employeeCount', formatCount),
        field('annualRevenue', formatAmount),
        field('performanceRating'),
        field('capabilities', value => value.join('; ')),
      ],
    },
    {
      title: 'Registration',
      fields: [
        field('registrationStatus'),
        field('registrationDate', formatDay),
        field('lastUpdatedDate', formatInstantDay),
      ],
    },
    {
      title: 'Contracts',
      fields: [
        field('totalContractValue', formatAmount),
        field('averageContractValue', formatAmount),
        field('activeContractsCount', formatCount),
        field('completedContractsCount', formatCount),
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
  sam_v1: { short: 'SAM registration', full: 'Public registration at SAM.gov, older layout' },
  sam_v2: { short: 'SAM registration', full: 'Public registration at SAM.gov' },
  award_list: { short: 'Award list', full: 'Public list of awards without identifiers of the contractors' },
  fpds_awards: { short: 'FPDS award', full: 'Awards and orders in the Federal Procurement Data System' },
  fpds_idv: { short: 'FPDS action', full: 'Contract actions in the Federal Procurement Data System' },
  fpds_vendors: { short: 'FPDS vendor', full: 'Vendor data in the Federal Procurement Data System' },
  entities: { short: 'FPDS entity', full: 'Entity drawn together from the Federal Procurement Data System' },
  awards: { short: 'Calculated', full: 'Calculated from the awards known here' },
}

/** A source in words; one that this page does not know keeps the name under which it was imported. */
export function nameSource(source: string): { short: string; full: string } {
  // Of records that speak for a part of a contractor the name has an addition.
  const [name = source] = source.split('#')
  const plain = name.replaceAll('_', ' ')
  return sourceNames[name] ?? { short: plain, full: plain }
}

const labels: Readonly<Record<string, string>> = {
  name: 'Name',
  uei: 'UEI',
  cageCode: 'CAGE code',
  legalBusinessName: 'Legal business name',
  dbaName: 'Doing business as',
  entityStructure: 'Entity structure',
  organizationType: 'Organization type',
  businessTypes: 'Business types',
  certifications: 'Certifications',
  street: 'Street',
  addressLine1: 'Street',
  addressLine2: 'Street, second line',
  city: 'City',
  state: 'State',
  zipCode: 'ZIP code',
  country: 'Country',
  congressionalDistrict: 'Congressional district',
  naicsCode: 'NAICS code',
  naicsDescription: 'Industry',
  businessStartDate: 'Business start',
  fiscalYearEndDate: 'Fiscal year end',
  employeeCount: 'Employees',
  annualRevenue: 'Annual revenue',
  performanceRating: 'Performance rating',
  capabilities: 'Capabilities',
  registrationStatus: 'Status',
  registrationDate: 'Registered',
  lastUpdatedDate: 'Last updated',
  totalContractValue: 'Total obligated',
  averageContractValue: 'Average per award',
  activeContractsCount: 'Active awards',
  completedContractsCount: 'Completed awards',
  parentUei: 'UEI of the parent',
  parentName: 'Name of the parent',
  website: 'Website',
  province: 'Province',
  stateOfIncorporation: 'State of incorporation',
  mergedInto: 'Merged into',
  isHidden: 'Hidden',
}

/** A field in words; also those that are not columns of their own. */
export function labelOf(field: string): string {
  return labels[field] ?? field
}

/** As the page has them: names first. */
export const inOrderOfFields = (a: { field: string }, b: { field: string }) =>
  places.indexOf(a.field) - places.indexOf(b.field)

const places = Object.keys(labels)
