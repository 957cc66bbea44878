import { Button, NativeSelect, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { ErrorState, formatInstantDay, request } from '#platform/console'
import classes from './usage.module.css'
import type { Holder, Plan } from './usage.ts'

type HolderPage = { items: readonly Holder[]; nextCursor: string | null }

const holdersQuery = (planId: string) =>
  infiniteQueryOptions({
    queryKey: ['plans', planId, 'tenants'],
    queryFn: ({ signal, pageParam }) =>
      request<HolderPage>(`/plans/${planId}/tenants`, { query: { cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

/** The workspaces that have a plan, each to be given another one. */
export function Holders({ plan, plans, mayChange }: { plan: Plan; plans: readonly Plan[]; mayChange: boolean }) {
  const client = useQueryClient()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    holdersQuery(plan.id),
  )
  const give = useMutation({
    mutationFn: ({ tenantId, planId }: { tenantId: string; planId: string; name: string }) =>
      request(`/installation/tenants/${tenantId}/plan`, { method: 'PUT', body: { planId } }),
    onSuccess: async (_, { name }) => {
      notifications.show({ title: `${name} has another plan`, message: 'Its limits hold from now on.' })
      await client.invalidateQueries({ queryKey: ['plans'] })
      await client.invalidateQueries({ queryKey: ['usage'] })
    },
    onError: failure =>
      notifications.show({ color: 'red', title: 'The plan was not changed', message: failure.message }),
  })
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton height={60} mt="sm" role="status" aria-label="Loading the workspaces" />
  const holders = data.pages.flatMap(page => page.items)
  if (holders.length === 0) {
    return (
      <Text size="sm" c="dimmed" mt="sm">
        No workspace has this plan.
        {mayChange && ' To give it to one, choose it among the workspaces of the plan that the one has now.'}
      </Text>
    )
  }
  const choices = plans.filter(each => each.isActive || each.id === plan.id)
  return (
    <>
      <ul className={classes.holders}>
        {holders.map(({ tenantId, tenantName, slug, since, subscriptionStatus }) => (
          <li key={tenantId}>
            <span>
              {tenantName}{' '}
              <Text span size="xs" c="dimmed">
                {slug}
                {since ? `, since ${formatInstantDay(since)}` : ''}
                {subscriptionStatus === 'active' ? '' : `, ${subscriptionStatus.replace('_', ' ')}`}
              </Text>
            </span>
            {mayChange && (
              <NativeSelect
                size="xs"
                aria-label={`Plan of ${tenantName}`}
                value={plan.id}
                disabled={give.isPending}
                data={choices.map(({ id, displayName }) => ({ value: id, label: displayName }))}
                onChange={event => give.mutate({ tenantId, planId: event.currentTarget.value, name: tenantName })}
              />
            )}
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="default" size="xs" mt="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Load more workspaces
        </Button>
      )}
    </>
  )
}
