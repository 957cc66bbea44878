import { Button, Group, Menu, Modal, Stack, Text, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Icon, Refusal } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { deletePerson, erasePerson, refreshPeople } from './people.ts'
import type { Domain, Participant } from './wire-types.ts'

/** What is done with somebody as a whole, and asked before it is. */
export function PersonMenu({ person, domain }: { person: Participant; domain: Domain }) {
  const [asked, setAsked] = useState<'delete' | 'erase'>()
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <UnstyledButton p={8} aria-label={`More about ${person.name}`}>
            <Icon name="more" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="lock" size={16} />} onClick={() => setAsked('erase')}>
            Erase personal data
          </Menu.Item>
          <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setAsked('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked && <Question key={asked} kind={asked} person={person} domain={domain} close={() => setAsked(undefined)} />}
    </>
  )
}

function Question({ kind, person, domain, close }: QuestionProps) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const isDeletion = kind === 'delete'
  const doing = useMutation({
    mutationFn: () => (isDeletion ? deletePerson(person.id) : erasePerson(person.id)),
    onSuccess: async () => {
      close()
      if (isDeletion) {
        await navigate({
          ...{ to: '/assignments/people', replace: true, ignoreBlocker: true },
          search: inDomain(domain) as never,
        })
      }
      await refreshPeople(client)
      notifications.show({ message: isDeletion ? `${person.name} is deleted.` : 'The personal data is erased.' })
    },
  })
  return (
    <Modal
      opened
      onClose={close}
      title={isDeletion ? `Delete ${person.name}?` : `Erase what names ${person.name}?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="md">
        <Text size="sm">
          {isDeletion
            ? `Only who was never assigned is deleted. Whoever was counts for the others’ fairness: make him inactive, or erase what names him.`
            : 'Name, contact, availability, remarks and days away go for good. That somebody did the work stays, for the others’ sake.'}
        </Text>
        <Refusal error={doing.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} data-autofocus>
            Keep
          </Button>
          <Button color="red.9" loading={doing.isPending} onClick={() => doing.mutate()}>
            {isDeletion ? 'Delete' : 'Erase for good'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

type QuestionProps = { kind: 'delete' | 'erase'; person: Participant; domain: Domain; close: () => void }
