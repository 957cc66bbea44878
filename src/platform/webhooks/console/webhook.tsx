import {
  Alert,
  Anchor,
  Button,
  Group,
  Menu,
  Modal,
  NativeSelect,
  Skeleton,
  Stack,
  Text,
  UnstyledButton,
} from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { ErrorState, formatTime, Icon, PageHeader, PageLink, Refusal, request, useSession } from '#platform/console'
import { Deliveries } from './deliveries.tsx'
import { type Endpoint, endpointQuery, type NewEndpoint } from './own-webhooks.ts'
import { SecretShown, WebhookForm } from './webhook-form.tsx'
import { EndpointBadge, typesInWords } from './webhooks.tsx'

/** One webhook and what was sent to it. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(endpointQuery(id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label="Loading the webhook">
        <Skeleton height={240} />
      </div>
    )
  }
  return <Webhook endpoint={data} />
}

function Webhook({ endpoint }: { endpoint: Endpoint }) {
  const { can } = useSession()
  return (
    <>
      <Anchor component={PageLink} to="/webhooks" size="sm" mb="xs" display="inline-block">
        Webhooks
      </Anchor>
      <PageHeader
        title={<span style={{ overflowWrap: 'anywhere' }}>{endpoint.url}</span>}
        lead={
          <Group gap={8}>
            <EndpointBadge endpoint={endpoint} />
            <span>{typesInWords(endpoint.eventTypes)}</span>
            {endpoint.description && <span>{endpoint.description}</span>}
          </Group>
        }
        actions={can('webhooks.endpoints.write') && <Actions endpoint={endpoint} />}
      />
      {!endpoint.isEnabled && (
        <Alert variant="light" color="yellow" icon={<Icon name="alert" />} title="It is switched off" mb="md">
          {endpoint.disabledReason} What happens meanwhile is not sent to it.
        </Alert>
      )}
      {endpoint.isEnabled && endpoint.failingSince && (
        <Alert
          variant="light"
          color="yellow"
          icon={<Icon name="alert" />}
          title="It does not take what it is sent"
          mb="md"
        >
          Since {formatTime(endpoint.failingSince)}. After five days without a success it is switched off.
        </Alert>
      )}
      {endpoint.previousSecretUntil && (
        <Text size="sm" c="dimmed" mb="md">
          Signed with the old secret as well until {formatTime(endpoint.previousSecretUntil)}.
        </Text>
      )}
      <Deliveries endpoint={endpoint} />
    </>
  )
}

type Dialog = 'edit' | 'secret' | 'delete'

function Actions({ endpoint }: { endpoint: Endpoint }) {
  const { id, isEnabled } = endpoint
  const client = useQueryClient()
  const [dialog, setDialog] = useState<Dialog>()
  const close = () => setDialog(undefined)
  const test = useMutation({
    mutationFn: () => request(`/webhooks/${id}/test`, { method: 'POST' }),
    onSuccess: () => {
      notifications.show({ message: 'A test is on its way. It appears below.' })
      // The job that sends it looks every two seconds.
      setTimeout(() => void client.invalidateQueries({ queryKey: ['webhooks', id] }), 2_500)
    },
    onError: error => notifications.show({ color: 'red', title: 'No test was sent', message: error.message }),
  })
  const turn = useMutation({
    mutationFn: () => request(`/webhooks/${id}`, { method: 'PATCH', body: { isEnabled: !isEnabled } }),
    onError: error => notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: ['webhooks'] }),
  })
  return (
    <>
      <Button variant="default" loading={test.isPending} disabled={!isEnabled} onClick={() => test.mutate()}>
        Send a test
      </Button>
      <Button variant="default" loading={turn.isPending} onClick={() => turn.mutate()}>
        {isEnabled ? 'Switch off' : 'Switch on'}
      </Button>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <UnstyledButton p={8} aria-label="More about this webhook">
            <Icon name="more" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="pencil" size={16} />} onClick={() => setDialog('edit')}>
            Edit
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="key" size={16} />} onClick={() => setDialog('secret')}>
            New secret
          </Menu.Item>
          <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setDialog('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'edit' && <WebhookForm endpoint={endpoint} close={close} />}
      {dialog === 'secret' && <Rotation endpoint={endpoint} close={close} />}
      {dialog === 'delete' && <Deletion endpoint={endpoint} close={close} />}
    </>
  )
}

const overlaps = [
  { value: '0', label: 'Ends at once' },
  { value: '1', label: 'Counts for one hour more' },
  { value: '24', label: 'Counts for one day more' },
  { value: '168', label: 'Counts for seven days more' },
]

type DialogProps = { endpoint: Endpoint; close: () => void }

function Rotation({ endpoint, close }: DialogProps) {
  const client = useQueryClient()
  const [overlap, setOverlap] = useState('24')
  const [made, setMade] = useState<NewEndpoint>()
  const rotation = useMutation({
    mutationFn: () =>
      request<NewEndpoint>(`/webhooks/${endpoint.id}/secret`, {
        method: 'POST',
        body: { overlapHours: Number(overlap) },
      }),
    onSuccess: async next => {
      setMade(next)
      await client.invalidateQueries({ queryKey: ['webhooks'] })
    },
  })
  if (made) return <SecretShown made={made} close={close} />
  return (
    <Modal opened onClose={close} title="Give it another secret?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <Text size="sm">Events are signed with both until your system has the new one.</Text>
        <NativeSelect
          label="The old secret"
          value={overlap}
          data={overlaps}
          data-autofocus
          onChange={event => setOverlap(event.currentTarget.value)}
        />
        <Refusal error={rotation.error} mt="md" />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button loading={rotation.isPending} onClick={() => rotation.mutate()}>
            Make the new secret
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function Deletion({ endpoint, close }: DialogProps) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const deletion = useMutation({
    mutationFn: () => request(`/webhooks/${endpoint.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await navigate({ to: '/webhooks', replace: true })
      await client.invalidateQueries({ queryKey: ['webhooks'] })
      notifications.show({ message: 'The webhook is deleted.' })
    },
  })
  return (
    <Modal opened onClose={close} title="Delete this webhook?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <Text size="sm">
          Nothing more is sent to it, also nothing that is on its way. What was sent is forgotten here.
        </Text>
        <Refusal error={deletion.error} mt="md" />
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
