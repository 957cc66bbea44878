import { Badge, Group, Skeleton, Stack, Switch, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { EmptyState, ErrorState, Refusal, request, useSession } from '#platform/console'
import { SettingCard } from './setting-card.tsx'
import { SettingsFrame } from './settings-frame.tsx'
import { type Feature, featuresQuery } from './tenants.ts'

/** What the workspace has switched on and off. */
export function Page() {
  const { data, error, refetch } = useQuery(featuresQuery)
  return (
    <SettingsFrame>
      <Stack gap="md" maw={640}>
        {error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Skeleton height={200} aria-label="Loading the features" />
        ) : data.items.length === 0 ? (
          <EmptyState icon="bolt" title="Nothing to switch">
            No part of this installation can be switched on or off.
          </EmptyState>
        ) : (
          <Features features={data.items} />
        )}
      </Stack>
    </SettingsFrame>
  )
}

function Features({ features }: { features: readonly Feature[] }) {
  const { can } = useSession()
  const client = useQueryClient()
  const mayWrite = can('tenancy.settings.write')
  const change = useMutation({
    mutationFn: ({ name, isOn }: { name: string; isOn: boolean }) =>
      request<{ items: readonly Feature[] }>('/tenant/features', {
        method: 'PATCH',
        body: { features: { [name]: isOn } },
      }),
    onSuccess: answer => {
      client.setQueryData(featuresQuery.queryKey, answer)
    },
  })
  return (
    <SettingCard
      title="Features"
      lead={
        mayWrite
          ? 'What you switch off is off for everybody in the workspace. Nothing is lost by it.'
          : 'Your role lets you see this, not change it.'
      }
    >
      <Stack gap="md">
        {features.map(({ name, label, description, isOn, allowed }) => (
          <Group key={name} gap="xs" wrap="nowrap" align="flex-start" justify="space-between">
            <Switch
              label={label}
              description={description}
              checked={isOn}
              disabled={!mayWrite || allowed === false || (change.isPending && change.variables.name === name)}
              onChange={event => change.mutate({ name, isOn: event.currentTarget.checked })}
            />
            {allowed === false && (
              <Badge variant="default" tt="none" size="sm">
                Not in your plan
              </Badge>
            )}
          </Group>
        ))}
        <Refusal error={change.error} title="This is not saved" />
        <Text size="xs" role="status" c="dimmed">
          {change.isSuccess && 'Saved. It holds for everybody within seconds.'}
        </Text>
      </Stack>
    </SettingCard>
  )
}
