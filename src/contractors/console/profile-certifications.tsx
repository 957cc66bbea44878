import { Badge, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { formatDay } from '#platform/console'
import type { ContractorInFull } from './contractors.ts'
import { Period, sourcesOf } from './periods.tsx'
import classes from './profile.module.css'
import { Loaded, Part, Table } from './profile-part.tsx'
import { type Qualification, qualificationsQuery } from './profile-queries.ts'

/** What the Small Business Administration has certified, and what the contractor states itself. */
export function CertificationsSection({ contractor }: { contractor: ContractorInFull }) {
  const query = useQuery(qualificationsQuery(contractor.id))
  const of = (basis: Qualification['basis']) => query.data?.items.filter(each => each.basis === basis) ?? []
  return (
    <div className={classes.sections}>
      <Part title="Certifications" note="Granted by the Small Business Administration, until a day">
        <Loaded
          query={query}
          isEmpty={() => of('certified').length === 0}
          empty={{
            icon: 'shield',
            title: 'No certification is known',
            text: 'Only registrations at SAM.gov tell them. Set-aside contracts may ask for one: look it up there too.',
          }}
        >
          {() => <Rows label="Table of certifications" items={of('certified')} isCertified />}
        </Loaded>
      </Part>
      <Part
        title="Types of business"
        note="As the contractor states them in its registration, and agencies in their contract actions"
      >
        <Loaded
          query={query}
          isEmpty={() => of('stated').length === 0}
          empty={{ icon: 'building', title: 'No type is known', text: 'None of the imported sources tells one.' }}
        >
          {() => <Rows label="Table of types of business" items={of('stated')} />}
        </Loaded>
      </Part>
    </div>
  )
}

type RowsProps = { label: string; items: readonly Qualification[]; isCertified?: boolean }

function Rows({ label, items, isCertified }: RowsProps) {
  return (
    <Table
      label={label}
      head={
        <tr>
          <th>Code</th>
          <th>Meaning</th>
          <th>Status</th>
          {isCertified && <th>Until</th>}
          <th>Seen</th>
          <th>Source</th>
        </tr>
      }
    >
      {items.map(item => (
        <tr key={item.code}>
          <td className="code">{item.code}</td>
          <td style={{ minWidth: 200 }}>
            {item.name}
            {item.category && (
              <Text size="xs" c="dimmed">
                {categories[item.category] ?? item.category.replaceAll('_', ' ')}
              </Text>
            )}
          </td>
          <td>
            <Badge size="sm" variant="light" color={colors[item.status]}>
              {item.status}
            </Badge>
          </td>
          {isCertified && <td style={{ whiteSpace: 'nowrap' }}>{item.until ? formatDay(item.until) : 'not stated'}</td>}
          <td style={{ whiteSpace: 'nowrap' }}>
            <Period {...item} />
          </td>
          <td style={{ minWidth: 150 }}>{sourcesOf(item)}</td>
        </tr>
      ))}
    </Table>
  )
}

const colors = { current: 'pine', expired: 'red', former: 'gray' } as const

const categories: Readonly<Record<string, string>> = {
  government: 'Government',
  socioeconomic: 'Socio-economic',
  sba_certified: 'Certified by the Small Business Administration',
  profit_structure: 'Profit structure',
  organization_factor: 'Form of organization',
  other: 'Other',
}
