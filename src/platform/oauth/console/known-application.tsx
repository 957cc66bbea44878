import { Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ErrorState, NotFound, PageHeader } from '#platform/console'
import { BackLink } from './clients.tsx'
import { knownApplicationsQuery, workspace } from './own-clients.ts'
import { People } from './people.tsx'

/** An application of the installation, as a workspace sees it: who here allowed it what. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(knownApplicationsQuery)
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton height={240} aria-label="Loading the application" />
  const application = data.items.find(each => each.id === id)
  if (!application) return <NotFound />
  return (
    <>
      <BackLink owner={workspace} />
      <PageHeader title={application.name} lead={application.description ?? 'An application of this installation.'} />
      <Text size="sm">
        It may ask for {application.scopes.length === 0 ? 'nothing' : application.scopes.join(', ')}, of each person at
        most what he may himself.
      </Text>
      <People client={application} />
    </>
  )
}
