import { Badge } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ErrorState, PageHeader, usePageTitle, useSession } from '#platform/console'
import { inDomain, useRemembering } from './domain-choice.tsx'
import { domainQuery } from './domains.ts'
import type { Loaded } from './editing.ts'
import { personQuery } from './people.ts'
import { PersonAssignments } from './person-assignments.tsx'
import { PersonAvailability } from './person-availability.tsx'
import { PersonMenu } from './person-menu.tsx'
import { PersonProfile } from './person-profile.tsx'
import { PersonWishes } from './person-wishes.tsx'
import { BackLink, Loading, PageTabs } from './resource-page.tsx'
import type { Domain, Participant } from './wire-types.ts'
import { capital } from './words.ts'

/** One who can be assigned: what he can, when he is there, what he wishes. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(personQuery(id))
  const domain = useQuery({ ...domainQuery(data?.domainId ?? ''), enabled: data !== undefined })
  useRemembering(domain.data)
  usePageTitle(data?.name)
  const failure = error ?? domain.error
  if (failure) return <ErrorState error={failure} retry={() => void refetch()} />
  if (!data || !domain.data) return <Loading what="the person" />
  return <Person key={id} person={data} domain={domain.data} />
}

function Person({ person, domain }: { person: Loaded<Participant>; domain: Domain }) {
  const { can } = useSession()
  const mayWrite = can('assignments.participants.write')
  const { participant } = domain.words
  return (
    <>
      <BackLink to="/assignments/people" search={inDomain(domain)}>
        {capital(participant.plural)}
      </BackLink>
      <PageHeader
        title={person.name}
        lead={
          !person.isActive && (
            <Badge variant="light" color="gray" tt="none" size="sm">
              Not active: in none of the next {domain.words.assignment.plural}
            </Badge>
          )
        }
        actions={mayWrite && <PersonMenu person={person} domain={domain} />}
      />
      <PageTabs
        label={`About ${person.name}`}
        tabs={[
          {
            name: 'profile',
            title: 'Profile',
            content: <PersonProfile person={person} domain={domain} mayWrite={mayWrite} />,
          },
          {
            name: 'availability',
            title: 'Availability',
            content: <PersonAvailability person={person} mayWrite={mayWrite} />,
          },
          {
            name: 'wishes',
            title: 'Wishes',
            content: <PersonWishes person={person} domain={domain} mayWrite={mayWrite} />,
          },
          ...(can('assignments.assignments.read')
            ? [
                {
                  name: 'assignments',
                  title: capital(domain.words.target.plural),
                  content: <PersonAssignments participant={person} domain={domain} />,
                },
              ]
            : []),
        ]}
      />
    </>
  )
}
