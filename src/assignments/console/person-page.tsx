import { useParams } from '@tanstack/react-router'
import { PageHeader, useSession } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import type { Loaded } from './editing.ts'
import { InItsDomain } from './in-its-domain.tsx'
import { NotActive } from './not-active.tsx'
import { personQuery } from './people.ts'
import { PersonAssignments } from './person-assignments.tsx'
import { PersonAvailability } from './person-availability.tsx'
import { PersonMenu } from './person-menu.tsx'
import { PersonProfile } from './person-profile.tsx'
import { PersonWishes } from './person-wishes.tsx'
import { BackLink, PageTabs } from './resource-page.tsx'
import type { Domain, Participant } from './wire-types.ts'
import { capital } from './words.ts'

/** One who can be assigned: what he can, when he is there, what he wishes. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  return (
    <InItsDomain key={id} query={personQuery(id)} what="the person" titleOf={({ name }) => name}>
      {(person, domain) => <Person person={person} domain={domain} />}
    </InItsDomain>
  )
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
        lead={!person.isActive && <NotActive>: in none of the next {domain.words.assignment.plural}</NotActive>}
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
