import { Alert, Anchor, Button, Group, Menu, Modal, Skeleton, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import {
  CopyButton,
  ErrorState,
  entranceQuery,
  formatTime,
  Icon,
  PageHeader,
  PageLink,
  Refusal,
  request,
  useSession,
} from '#platform/console'
import { ClientForm } from './client-form.tsx'
import classes from './clients.module.css'
import { BackLink, ClientBadge } from './clients.tsx'
import { Endpoints } from './endpoints.tsx'
import {
  type Client,
  clientQuery,
  grantWords,
  methodWords,
  type Owner,
  serviceAccountsQuery,
  takesSecrets,
  workspace,
} from './own-clients.ts'
import { People } from './people.tsx'
import { Secrets } from './secrets.tsx'

export function Page() {
  return <ClientPage owner={workspace} />
}

/** One client: its settings, its secrets, where it asks, who allowed it what. */
export function ClientPage({ owner }: { owner: Owner }) {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(clientQuery(owner, id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label="Loading the application">
        <Skeleton height={240} />
      </div>
    )
  }
  const { client, etag } = data
  return (
    <>
      <BackLink owner={owner} />
      <PageHeader
        title={<span style={{ overflowWrap: 'anywhere' }}>{client.name}</span>}
        lead={
          <Group gap={8}>
            <ClientBadge client={client} />
            {client.description && <span>{client.description}</span>}
          </Group>
        }
        actions={<Actions owner={owner} client={client} etag={etag} />}
      />
      {!client.isActive && (
        <Alert variant="light" color="yellow" icon={<Icon name="alert" />} title="It is switched off" mb="md">
          It gets no tokens, and those that it has are refused. Switched on again, what people allowed it counts again.
        </Alert>
      )}
      <Settings client={client} />
      {takesSecrets(client) && <Secrets owner={owner} client={client} />}
      {!owner.isInstallation && <Endpoints client={client} />}
      {!owner.isInstallation && <People client={client} />}
    </>
  )
}

function Settings({ client }: { client: Client }) {
  const { can } = useSession()
  const services = useQuery({
    ...serviceAccountsQuery,
    enabled: client.serviceAccountId !== null && can('access.service_accounts.read'),
  })
  const service = services.data?.items.find(({ id }) => id === client.serviceAccountId)
  return (
    <section aria-labelledby="client-settings">
      <Title order={2} id="client-settings" mb="xs">
        Settings
      </Title>
      <div className={`panel ${classes.body}`}>
        <dl className={classes.facts}>
          <dt>Client id</dt>
          <dd className={classes.copied}>
            <span className="mono">{client.clientId}</span>
            <CopyButton text={client.clientId} label="Copy" />
          </dd>
          <dt>How it gets a token</dt>
          <dd>
            <Lines items={client.grantTypes.map(grant => grantWords[grant] ?? grant)} />
          </dd>
          {client.redirectUris.length > 0 && (
            <>
              <dt>People are sent back to</dt>
              <dd className="mono">
                <Lines items={client.redirectUris} />
              </dd>
            </>
          )}
          {client.postLogoutRedirectUris.length > 0 && (
            <>
              <dt>After a sign-out to</dt>
              <dd className="mono">
                <Lines items={client.postLogoutRedirectUris} />
              </dd>
            </>
          )}
          <dt>May ask for at most</dt>
          <dd>{client.scopes.length === 0 ? 'nothing' : <Lines items={client.scopes} />}</dd>
          <dt>It shows who it is by</dt>
          <dd>
            {methodWords[client.tokenEndpointAuthMethod]}
            {client.jwksUri && <span className="mono"> {client.jwksUri}</span>}
            {client.jwks && ` (${client.jwks.keys.length} ${client.jwks.keys.length === 1 ? 'key' : 'keys'} pasted)`}
          </dd>
          {client.grantTypes.includes('client_credentials') && (
            <>
              <dt>It acts as</dt>
              <dd>
                {client.serviceAccountId === null
                  ? 'Nobody: its service account was deleted. It gets no token until you choose another.'
                  : (service?.name ?? 'a service account')}
              </dd>
            </>
          )}
          {client.website && (
            <>
              <dt>Website</dt>
              <dd>
                <Anchor href={client.website} rel="noreferrer" target="_blank">
                  {client.website}
                </Anchor>
              </dd>
            </>
          )}
          {client.backchannelLogoutUri && (
            <>
              <dt>Told of sign-outs at</dt>
              <dd className="mono">{client.backchannelLogoutUri}</dd>
            </>
          )}
          {client.requirePushedAuthorizationRequests && (
            <>
              <dt>Requests</dt>
              <dd>Only those that it has pushed beforehand</dd>
            </>
          )}
          <dt>Made</dt>
          <dd>
            {formatTime(client.createdAt)}
            {client.createdByName && ` by ${client.createdByName}`}
          </dd>
        </dl>
      </div>
    </section>
  )
}

function Lines({ items }: { items: readonly string[] }) {
  return items.map(item => <div key={item}>{item}</div>)
}

type ActionsProps = { owner: Owner; client: Client; etag: string | undefined }

function Actions({ owner, client, etag }: ActionsProps) {
  const { id, isActive } = client
  const { can } = useSession()
  const queries = useQueryClient()
  const entrance = useQuery(entranceQuery)
  const [dialog, setDialog] = useState<'edit' | 'delete'>()
  const close = () => setDialog(undefined)
  const turn = useMutation({
    mutationFn: () => request(`${owner.api}/${id}`, { method: 'PATCH', body: { isActive: !isActive } }),
    onError: error => notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['oauth-clients'] }),
  })
  if (!can(owner.write)) return null
  const mayTry = !owner.isInstallation && client.grantTypes.includes('authorization_code')
  const home = entrance.data?.installationUrl ?? ''
  const isHome = home === '' || new URL(home).origin === window.location.origin
  return (
    <>
      {mayTry &&
        (isHome ? (
          <Button component={PageLink} to={`${owner.page}/$id/try`} params={{ id }} variant="default">
            Try it
          </Button>
        ) : (
          // The issuer is there, and what comes back is taken there only.
          <Button component="a" href={new URL(`${owner.page}/${id}/try`, home).href} variant="default">
            Try it
          </Button>
        ))}
      <Button variant="default" onClick={() => setDialog('edit')}>
        Change
      </Button>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <UnstyledButton p={8} aria-label="More about this application">
            <Icon name="more" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="bolt" size={16} />} onClick={() => turn.mutate()}>
            {isActive ? 'Switch off' : 'Switch on'}
          </Menu.Item>
          <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setDialog('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'edit' && <ClientForm owner={owner} client={client} etag={etag} close={close} />}
      {dialog === 'delete' && <Deletion owner={owner} client={client} close={close} />}
    </>
  )
}

function Deletion({ owner, client, close }: { owner: Owner; client: Client; close: () => void }) {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const deletion = useMutation({
    mutationFn: () => request(`${owner.api}/${client.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await navigate({ to: owner.page, replace: true })
      await queries.invalidateQueries({ queryKey: ['oauth-clients'] })
      notifications.show({ message: `“${client.name}” is deleted.` })
    },
  })
  return (
    <Modal opened onClose={close} title={`Delete “${client.name}”?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <Text size="sm">
          It can do nothing more from its next request on, and nobody can sign in with it. What people allowed it is
          forgotten. To stop it for a while, switch it off.
        </Text>
        <Refusal error={deletion.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button color="red.9" loading={deletion.isPending} onClick={() => deletion.mutate()}>
            Delete it
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
