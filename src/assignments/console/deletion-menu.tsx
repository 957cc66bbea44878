import { Button, Group, Menu, Modal, Stack, Text, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { Icon, Refusal, type Search } from '#platform/console'

/** Behind the three dots of a page: deletes what the page is about, once asked, and goes to `next`. */
export function DeletionMenu({ name, question, children, remove, refresh, next }: DeletionMenuProps) {
  const navigate = useNavigate()
  const [isAsking, setIsAsking] = useState(false)
  const deletion = useMutation({
    mutationFn: remove,
    onSuccess: async () => {
      await navigate({ to: next.to, replace: true, ignoreBlocker: true, search: (next.search ?? {}) as never })
      await refresh()
      notifications.show({ message: `${name} is deleted.` })
    },
  })
  return (
    <>
      <Menu position="bottom-end" width={180}>
        <Menu.Target>
          <UnstyledButton p={8} aria-label={`More about ${name}`}>
            <Icon name="more" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setIsAsking(true)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={isAsking}
        onClose={() => setIsAsking(false)}
        title={question}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Stack gap="md">
          <Text size="sm">{children}</Text>
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

type DeletionMenuProps = {
  name: string
  question: string
  /** What can be deleted, and what else can be done. */
  children: ReactNode
  remove: () => Promise<unknown>
  refresh: () => Promise<unknown>
  next: { to: string; search?: Search }
}
