import { Anchor, Group } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { PageHeader, PageLink, useSession } from '#platform/console'
import { DeletionMenu } from './deletion-menu.tsx'
import { inDomain } from './domain-choice.tsx'
import type { Loaded } from './editing.ts'
import { InItsDomain } from './in-its-domain.tsx'
import { NotActive } from './not-active.tsx'
import { BackLink, PageTabs } from './resource-page.tsx'
import { TargetAssignments } from './target-assignments.tsx'
import { TargetProfile } from './target-profile.tsx'
import { deleteTarget, refreshTargets, targetQuery } from './targets.ts'
import type { Domain, Target } from './wire-types.ts'
import { capital } from './words.ts'

/** One of what people are assigned to. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  return (
    <InItsDomain key={id} query={targetQuery(id)} what="it" titleOf={({ name }) => name}>
      {(target, domain) => <TargetInFull target={target} domain={domain} />}
    </InItsDomain>
  )
}

function TargetInFull({ target, domain }: { target: Loaded<Target>; domain: Domain }) {
  const { can } = useSession()
  const client = useQueryClient()
  const mayWrite = can('assignments.targets.write')
  const { words } = domain
  return (
    <>
      <BackLink to="/assignments/targets" search={inDomain(domain)}>
        {capital(words.target.plural)}
      </BackLink>
      <PageHeader
        title={target.name}
        lead={
          <Group gap="md">
            {!target.isActive && <NotActive>: in none of the next {words.assignment.plural}</NotActive>}
            {can('assignments.participants.read') && (
              <Anchor
                component={PageLink}
                size="sm"
                to="/assignments/people"
                search={{ ...inDomain(domain), fits: target.id }}
              >
                Who has the skills for it
              </Anchor>
            )}
          </Group>
        }
        actions={
          mayWrite && (
            <DeletionMenu
              name={target.name}
              question={`Delete ${target.name}?`}
              remove={() => deleteTarget(target.id)}
              refresh={() => refreshTargets(client)}
              next={{ to: '/assignments/targets', search: inDomain(domain) }}
            >
              Only what nobody was ever assigned to is deleted. Make any other one inactive: then it is in no further{' '}
              {words.assignment.singular}.
            </DeletionMenu>
          )
        }
      />
      <PageTabs
        label={`About ${target.name}`}
        tabs={[
          {
            name: 'profile',
            title: 'Profile',
            content: <TargetProfile target={target} domain={domain} mayWrite={mayWrite} />,
          },
          ...(can('assignments.assignments.read')
            ? [
                {
                  name: 'assignments',
                  title: `${capital(words.participant.plural)} on it`,
                  content: <TargetAssignments target={target} domain={domain} />,
                },
              ]
            : []),
        ]}
      />
    </>
  )
}
