import { Alert, Anchor, Badge, Button, Checkbox, Skeleton, Stack, Switch, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatTime,
  Icon,
  PageHeader,
  PageLink,
  Refusal,
  request,
  useSession,
} from '#platform/console'
import classes from './groups.module.css'
import { NewProviderForm } from './new-provider-form.tsx'
import {
  type IdentityProvider,
  type Owner,
  ownersQuery,
  type Policy,
  policyQuery,
  providersQuery,
  typeNames,
} from './own-providers.ts'

/** The identity providers of a workspace, and whether its people have to come in through them. */
export function Page() {
  const { can } = useSession()
  const [isMaking, setIsMaking] = useState(false)
  const { data, isPending, error, refetch } = useQuery(providersQuery)
  const add = can('federation.providers.write') && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsMaking(true)}>
      New provider
    </Button>
  )
  const hasSome = data !== undefined && data.items.length > 0
  return (
    <>
      <PageHeader
        title="Single sign-on"
        lead="People of this workspace sign in with the account that they have at your identity provider."
        actions={hasSome && add}
      />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : isPending ? (
        <div role="status" aria-label="Loading the identity providers">
          <Skeleton height={140} />
        </div>
      ) : hasSome ? (
        <Stack gap="xl">
          <ul className={`panel ${classes.items}`} aria-label="Identity providers">
            {data.items.map(provider => (
              <Row key={provider.id} provider={provider} />
            ))}
          </ul>
          {can('tenancy.security.read') && <Requirement />}
        </Stack>
      ) : (
        <div className="panel">
          <EmptyState icon="key" title="No identity provider yet" action={add}>
            Okta, Microsoft Entra ID, Auth0, Google Workspace, or any other that speaks OpenID Connect. You need
            somebody who administers it, and a proven domain of this workspace.
          </EmptyState>
        </div>
      )}
      {isMaking && <NewProviderForm close={() => setIsMaking(false)} />}
    </>
  )
}

function Row({ provider }: { provider: IdentityProvider }) {
  const { id, name, type, domains, people, conflicts, lastSignInAt } = provider
  return (
    <li className={classes.item}>
      <div>
        <div className={classes.name}>
          <Anchor component={PageLink} to="/identity-providers/$id" params={{ id }} inherit>
            {name}
          </Anchor>
        </div>
        <div className={classes.about}>
          <span>{typeNames[type]}</span>
          <span>{domains.length > 0 ? domains.join(', ') : 'no domain leads here'}</span>
          <span>{people === 1 ? '1 person' : `${people} people`}</span>
          {conflicts > 0 && (
            <Anchor
              component={PageLink}
              to="/identity-providers/$id/people"
              params={{ id }}
              search={{ status: 'conflict' }}
              inherit
            >
              {conflicts === 1 ? '1 conflict' : `${conflicts} conflicts`}
            </Anchor>
          )}
          {lastSignInAt && (
            <time dateTime={lastSignInAt} title={formatTime(lastSignInAt)}>
              last sign-in {formatAgo(lastSignInAt)}
            </time>
          )}
        </div>
      </div>
      <StatusBadge provider={provider} />
    </li>
  )
}

export function StatusBadge({ provider: { status, hasSecret } }: { provider: IdentityProvider }) {
  const [color, word] =
    status === 'active'
      ? ['pine', 'On']
      : status === 'error'
        ? ['red', 'Error']
        : ['gray', hasSecret ? 'Off' : 'Not finished']
  return (
    <Badge variant="light" color={color} tt="none" size="sm" autoContrast>
      {word}
    </Badge>
  )
}

/** Whether the provider is the only way in, and which owners are kept from being shut out with it. */
function Requirement() {
  const { can } = useSession()
  const client = useQueryClient()
  const policy = useQuery(policyQuery)
  const owners = useQuery(ownersQuery)
  const refresh = () => client.invalidateQueries({ queryKey: ['federation'] })
  const change = useMutation({
    mutationFn: (requireProvider: boolean) =>
      request('/tenant/security-policy', {
        method: 'PUT',
        body: { ...(policy.data as Policy), signIn: { requireProvider } },
      }),
    onSuccess: async (_, requireProvider) => {
      await refresh()
      notifications.show({
        message: requireProvider ? 'The provider is the only way in now.' : 'People may sign in their own way again.',
      })
    },
  })
  const mark = useMutation({
    mutationFn: ({ userId, isBreakGlass }: Pick<Owner, 'userId' | 'isBreakGlass'>) =>
      request(`/federation/break-glass/${userId}`, { method: 'PUT', body: { isBreakGlass } }),
    onSuccess: refresh,
  })
  const error = policy.error ?? owners.error
  if (error) return <ErrorState error={error} retry={() => void Promise.all([policy.refetch(), owners.refetch()])} />
  if (!policy.data || !owners.data) return <Skeleton height={160} aria-label="Loading the policy" />
  const mayWrite = can('tenancy.security.write')
  const isRequired = policy.data.signIn?.requireProvider === true
  const marked = owners.data.items.filter(({ isBreakGlass }) => isBreakGlass)
  return (
    <section aria-labelledby="requirement">
      <Title order={2} id="requirement" mb="xs">
        Who has to use it
      </Title>
      <div className={`panel ${classes.reading}`}>
        <Stack gap="md">
          <Switch
            label="Members may sign in through the identity provider only"
            description="From the next request on. Passwords and passkeys go on working in their other workspaces; API keys are not touched."
            checked={isRequired}
            disabled={!mayWrite || change.isPending || (!isRequired && marked.length === 0)}
            onChange={event => change.mutate(event.currentTarget.checked)}
          />
          {marked.length === 0 && (
            <Alert variant="light" color="yellow" icon={<Icon name="alert" />}>
              Mark an owner below first: somebody has to come in when the provider cannot be reached.
            </Alert>
          )}
          <Refusal error={change.error ?? mark.error} />
          <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
            <legend style={{ padding: 0 }}>
              <Text size="sm" fw={550}>
                Break-glass owners
              </Text>
            </legend>
            <Text size="sm" c="dimmed" mb="xs">
              They come in by their own password or passkey too. Give them a second factor.
            </Text>
            <Stack gap="xs">
              {owners.data.items.map(({ userId, fullName, email, isBreakGlass }) => (
                <Checkbox
                  key={userId}
                  label={fullName ?? email}
                  description={fullName ? email : undefined}
                  checked={isBreakGlass}
                  disabled={!mayWrite || mark.isPending}
                  onChange={event => mark.mutate({ userId, isBreakGlass: event.currentTarget.checked })}
                />
              ))}
            </Stack>
          </fieldset>
        </Stack>
      </div>
    </section>
  )
}
