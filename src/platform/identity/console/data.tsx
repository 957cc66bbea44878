import { Button, Card, Group, List, Modal, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { AccountFrame, Icon, Refusal, request, useSession } from '#platform/console'

/** One's data: taking them along, and leaving. */
export function Page() {
  return (
    <AccountFrame>
      <Stack gap="md" maw={760}>
        <ExportCard />
        <DeletionCard />
      </Stack>
    </AccountFrame>
  )
}

function ExportCard() {
  const exporting = useMutation({
    mutationFn: () => request<unknown>('/me/export'),
    onSuccess: data => save(data),
    onError: error => notifications.show({ color: 'red', title: 'There is no file', message: error.message }),
  })
  return (
    <Card withBorder component="section" aria-labelledby="export">
      <Title order={2} size="h4" id="export">
        Download your data
      </Title>
      <Text c="dimmed" size="sm" mt={4}>
        One file (JSON) with everything that is stored about you here. You are asked to confirm that it is you.
      </Text>
      <List size="sm" mt="sm" spacing={4}>
        <List.Item>Your account, profile and picture, devices and sign-ins</List.Item>
        <List.Item>In each of your workspaces: memberships, your lists, and what you have noted or shared</List.Item>
        <List.Item>Which mails you were sent in the last 30 days, and what the audit log says you did</List.Item>
        <List.Item>Not in it: passwords, keys and tokens, and what belongs to others</List.Item>
      </List>
      <Group mt="md">
        <Button
          size="xs"
          leftSection={<Icon name="download" size={15} />}
          loading={exporting.isPending}
          onClick={() => exporting.mutate()}
        >
          Download my data
        </Button>
      </Group>
    </Card>
  )
}

function save(data: unknown): void {
  const address = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = address
  link.download = `commonhold-my-data-${new Date().toISOString().slice(0, 10)}.json`
  link.click()
  URL.revokeObjectURL(address)
}

function DeletionCard() {
  const [isAsking, setIsAsking] = useState(false)
  return (
    <Card withBorder component="section" aria-labelledby="deletion">
      <Title order={2} size="h4" id="deletion">
        Delete your account
      </Title>
      <Text c="dimmed" size="sm" mt={4}>
        You can change your mind for 90 days; after that nothing brings it back.
      </Text>
      <List size="sm" mt="sm" spacing={4}>
        <List.Item>You are signed out everywhere at once, and nobody can sign in as you.</List.Item>
        <List.Item>
          For 90 days, whoever runs this installation can restore the account, unless somebody has made a new one with
          your address.
        </List.Item>
        <List.Item>
          Then your account, profile and private lists are erased. Lists that colleagues can see get a new owner, and
          the audit log keeps what was done.
        </List.Item>
        <List.Item>As long as others work in a workspace that only you own, the account cannot be deleted.</List.Item>
      </List>
      <Group mt="md">
        <Button size="xs" variant="default" onClick={() => setIsAsking(true)}>
          Delete my account…
        </Button>
      </Group>
      {isAsking && <DeletionDialog close={() => setIsAsking(false)} />}
    </Card>
  )
}

function DeletionDialog({ close }: { close: () => void }) {
  const { user } = useSession()
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const deletion = useMutation({
    mutationFn: () =>
      request('/me/deletion', {
        method: 'POST',
        body: { email: typed, ...(reason.trim() && { reason: reason.trim() }) },
      }),
  })
  if (deletion.isSuccess) {
    return (
      <Modal opened onClose={leave} title="Your account is deleted" closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text size="sm">You are signed out. A mail to {user.email} says until when it can be restored, and how.</Text>
        <Group justify="flex-end" mt="lg">
          <Button onClick={leave} data-autofocus>
            Leave
          </Button>
        </Group>
      </Modal>
    )
  }
  const isTyped = typed.trim().toLowerCase() === user.email.toLowerCase()
  return (
    <Modal opened onClose={close} title="Delete your account?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (isTyped) deletion.mutate()
        }}
      >
        <TextInput
          label="Type your address to confirm"
          description={user.email}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
          type="email"
          autoComplete="off"
          required
          data-autofocus
        />
        <Textarea
          mt="md"
          label="Why are you leaving?"
          description="Only if you want to say. Whoever runs this installation can read it."
          value={reason}
          onChange={event => setReason(event.currentTarget.value)}
          maxLength={500}
          autosize
          minRows={2}
        />
        <Refusal error={deletion.error} mt="md" />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close}>
            Keep my account
          </Button>
          <Button type="submit" color="red.9" loading={deletion.isPending} disabled={!isTyped}>
            Delete my account
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

/** The page holds data of a session that is no more: the start is fetched anew. */
function leave(): void {
  window.location.assign('/')
}
