import { Anchor, Badge, Group } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ErrorState, PageHeader, PageLink, usePageTitle, useSession } from '#platform/console'
import { DeletionMenu } from './deletion-menu.tsx'
import { inDomain, useRemembering } from './domain-choice.tsx'
import { domainQuery } from './domains.ts'
import type { Loaded } from './editing.ts'
import { BackLink, Loading, PageTabs } from './resource-page.tsx'
import { TargetAssignments } from './target-assignments.tsx'
import { TargetProfile } from './target-profile.tsx'
import { deleteTarget, refreshTargets, targetQuery } from './targets.ts'
import type { Domain, Target } from './wire-types.ts'
import { capital } from './words.ts'

/** One of what people are assigned to. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(targetQuery(id))
  const domain = useQuery({ ...domainQuery(data?.domainId ?? ''), enabled: data !== undefined })
  useRemembering(domain.data)
  usePageTitle(data?.name)
  const failure = error ?? domain.error
  if (failure) return <ErrorState error={failure} retry={() => void refetch()} />
  if (!data || !domain.data) return <Loading what="it" />
  return <TargetInFull key={id} target={data} domain={domain.data} />
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
            {!target.isActive && (
              <Badge variant="light" color="gray" tt="none" size="sm">
                Not active: in none of the next {words.assignment.plural}
              </Badge>
            )}
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
