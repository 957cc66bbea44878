import { Alert, Anchor, Button, Group, List, Skeleton, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ErrorState, Icon, PageHeader, PageLink, Refusal } from '#platform/console'
import classes from './clients.module.css'
import { useIssuer } from './endpoints.tsx'
import { type Client, clientQuery, workspace } from './own-clients.ts'
import { beginTry } from './try-flow.ts'

/** Where somebody tries an application as its users would. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(clientQuery(workspace, id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton height={240} aria-label="Loading the application" />
  return <Try client={data.client} />
}

function Try({ client }: { client: Client }) {
  const issuer = useIssuer()
  const trying = useMutation({ mutationFn: () => beginTry(client, issuer ?? '') })
  const isSecure = window.isSecureContext
  return (
    <>
      <Anchor
        component={PageLink}
        to="/oauth-clients/$id"
        params={{ id: client.id }}
        size="sm"
        mb="xs"
        display="inline-block"
      >
        {client.name}
      </Anchor>
      <PageHeader
        title={`Try “${client.name}”`}
        lead="You go the whole way that its users go, with this page in its place."
      />
      <div className={`panel ${classes.body}`}>
        <List size="sm" spacing={6} type="ordered">
          <List.Item>For ten minutes a code may come back to this console as well, and to nobody else.</List.Item>
          <List.Item>
            You are sent to the issuer, which asks you what it asks everybody. Allow it, or deny it.
          </List.Item>
          <List.Item>
            Back here the code is exchanged, the ID token is checked and userinfo asked, as the application would. You
            see each step with the claims; the tokens themselves are shown and kept nowhere.
          </List.Item>
          <List.Item>At the end the tokens are given back.</List.Item>
        </List>
        {!client.isActive && (
          <Alert color="yellow" variant="light" icon={<Icon name="alert" />} mt="md">
            It is switched off: switch it on first.
          </Alert>
        )}
        {!isSecure && (
          <Alert color="yellow" variant="light" icon={<Icon name="alert" />} mt="md">
            This works at an address with https only, or on the own machine.
          </Alert>
        )}
        <Refusal error={trying.error} mt="md" />
        <Group mt="md">
          <Button
            loading={trying.isPending || trying.isSuccess}
            disabled={!issuer || !client.isActive || !isSecure}
            onClick={() => trying.mutate()}
          >
            Begin
          </Button>
          <Text size="xs" c="dimmed">
            {issuer}
          </Text>
        </Group>
      </div>
    </>
  )
}
