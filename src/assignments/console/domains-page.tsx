import { Anchor, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ErrorState, PageHeader, PageLink } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { domainsQuery } from './domains.ts'
import { FirstDomain } from './first-domain.tsx'
import { counted } from './words.ts'

export function Page() {
  const { data, error, refetch } = useQuery(domainsQuery)
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label="Loading the domains">
        <Skeleton height={200} />
      </div>
    )
  }
  if (data.length === 0) return <FirstDomain />
  return (
    <>
      <PageHeader title="Domains" lead="What is assigned in one place: its people, its words and its rules." />
      <ul className="panel" aria-label="Domains">
        {data.map(domain => (
          <li key={domain.id}>
            <Anchor component={PageLink} to="/assignments/people" search={inDomain(domain)}>
              {domain.displayName}
            </Anchor>
            <Text size="sm" c="dimmed">
              {counted(domain.participantCount, domain.words.participant)},{' '}
              {counted(domain.targetCount, domain.words.target)}
            </Text>
          </li>
        ))}
      </ul>
    </>
  )
}
