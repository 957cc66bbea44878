import { Button, Group, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { ErrorState, formatAgo, formatExactTime, LoadMore, request, useSession } from '#platform/console'
import classes from './groups.module.css'
import { groupKey, proposalsQuery, type RoleProposal } from './own-groups.ts'

/** Who would get a role by a group that does not assign it by itself; nothing where there is nobody. */
export function Proposals({ providerId }: { providerId: string }) {
  const query = useInfiniteQuery(proposalsQuery(providerId))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  if (items.length === 0) return null
  return (
    <section aria-label="Proposed roles">
      <Title order={2} mb="xs">
        Proposed roles
      </Title>
      <div className="panel">
        <ul className={classes.items} aria-label="Proposed roles">
          {items.map(proposal => (
            <Row key={proposal.id} proposal={proposal} providerId={providerId} />
          ))}
        </ul>
        <LoadMore query={query} label="Load more proposals" />
      </div>
    </section>
  )
}

function Row({ proposal, providerId }: { proposal: RoleProposal; providerId: string }) {
  const { can } = useSession()
  const client = useQueryClient()
  const { id, fullName, email, groupName, roleName, createdAt } = proposal
  const decision = useMutation({
    mutationFn: (verb: 'accept' | 'dismiss') => request(`/federation/role-proposals/${id}/${verb}`, { method: 'POST' }),
    onSuccess: (_, verb) =>
      notifications.show({
        message: verb === 'accept' ? `${fullName ?? email} has the role ${roleName}.` : 'It is not proposed again.',
      }),
    onError: error => notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: groupKey(providerId) }),
  })
  return (
    <li className={classes.item}>
      <div>
        <div className={classes.name}>
          {fullName ?? email}: {roleName}
        </div>
        <div className={classes.about}>
          {fullName && <span>{email}</span>}
          <span>in the group {groupName}</span>
          <time dateTime={createdAt} title={formatExactTime(createdAt)}>
            {formatAgo(createdAt)}
          </time>
        </div>
      </div>
      {can('federation.groups.write') && (
        <Group gap="xs">
          <Button
            size="xs"
            loading={decision.isPending && decision.variables === 'accept'}
            disabled={decision.isPending}
            aria-label={`Give ${fullName ?? email} the role ${roleName}`}
            onClick={() => decision.mutate('accept')}
          >
            Give
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={decision.isPending}
            aria-label={`Dismiss the role ${roleName} for ${fullName ?? email}`}
            onClick={() => decision.mutate('dismiss')}
          >
            Dismiss
          </Button>
        </Group>
      )}
    </li>
  )
}
