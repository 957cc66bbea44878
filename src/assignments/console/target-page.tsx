import { Anchor, Badge, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { ErrorState, Icon, PageHeader, PageLink, Refusal, usePageTitle, useSession } from '#platform/console'
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
        actions={mayWrite && <Deletion target={target} domain={domain} />}
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

function Deletion({ target, domain }: { target: Target; domain: Domain }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [isAsking, setIsAsking] = useState(false)
  const deletion = useMutation({
    mutationFn: () => deleteTarget(target.id),
    onSuccess: async () => {
      await navigate({
        ...{ to: '/assignments/targets', replace: true, ignoreBlocker: true },
        search: inDomain(domain) as never,
      })
      await refreshTargets(client)
      notifications.show({ message: `${target.name} is deleted.` })
    },
  })
  return (
    <>
      <Button variant="default" leftSection={<Icon name="trash" size={16} />} onClick={() => setIsAsking(true)}>
        Delete
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setIsAsking(false)}
        title={`Delete ${target.name}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Stack gap="md">
          <Text size="sm">
            Only what nobody was ever assigned to is deleted. Make any other one inactive: then it is in no further{' '}
            {domain.words.assignment.singular}.
          </Text>
          <Refusal error={deletion.error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => setIsAsking(false)} data-autofocus>
              Keep it
            </Button>
            <Button color="red.9" loading={deletion.isPending} onClick={() => deletion.mutate()}>
              Delete it
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
