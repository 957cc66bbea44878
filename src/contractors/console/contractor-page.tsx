import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { type ComponentType, lazy, Suspense } from 'react'
import { ErrorState, NotFound, usePageTitle } from '#platform/console'
import { type ContractorInFull, contractorQuery, isId } from './contractors.ts'
import { type SectionName, useProfileAddress } from './profile-address.ts'
import { ProfileHeader } from './profile-header.tsx'
import { Overview } from './profile-overview.tsx'
import { ProfileTabs } from './profile-tabs.tsx'
import { Similar } from './similar.tsx'

type Section = ComponentType<{ contractor: ContractorInFull }>

// The first is what one sees; the code of the others comes when they are opened.
const sections: Readonly<Record<SectionName, Section>> = {
  overview: Overview,
  awards: lazy(async () => ({ default: (await import('./profile-awards.tsx')).AwardsSection })),
  places: lazy(async () => ({ default: (await import('./profile-places.tsx')).PlacesSection })),
  industries: lazy(async () => ({ default: (await import('./profile-industries.tsx')).IndustriesSection })),
  certifications: lazy(async () => ({ default: (await import('./profile-certifications.tsx')).CertificationsSection })),
  family: lazy(async () => ({ default: (await import('./profile-family.tsx')).FamilySection })),
  similar: ({ contractor }) => <Similar contractorId={contractor.id} />,
  history: lazy(async () => ({ default: (await import('./profile-history.tsx')).HistorySection })),
  sources: lazy(async () => ({ default: (await import('./profile-sources.tsx')).SourcesSection })),
}

export function Page() {
  const { id = '' } = useParams({ strict: false })
  return isId(id) ? <KnownPage key={id} id={id} /> : <NotFound />
}

function KnownPage({ id }: { id: string }) {
  const [{ section }] = useProfileAddress()
  const { data: contractor, isPending, error, refetch } = useQuery(contractorQuery(id))
  usePageTitle(contractor?.name)
  if (isPending) return <Waiting />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  const Section = sections[section]
  return (
    <>
      <ProfileHeader contractor={contractor} />
      <ProfileTabs id={id} current={section} />
      <Suspense fallback={<Skeleton height={360} role="status" aria-label="Loading the section" />}>
        <Section contractor={contractor} />
      </Suspense>
    </>
  )
}

function Waiting() {
  return (
    <div role="status" aria-label="Loading the contractor">
      <Skeleton height={28} width="46%" mb={12} />
      <Skeleton height={14} width="32%" mb={28} />
      <Skeleton height={36} mb={20} />
      <Skeleton height={250} mb={20} />
      <Skeleton height={320} />
    </div>
  )
}
