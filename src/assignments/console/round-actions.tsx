import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { FormFoot, Icon, PageLink, Refusal, request, useSession } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { useDesk } from './round-desk.ts'
import { usePlanAnew } from './round-standing.tsx'
import { nameOfRound } from './round-words.ts'
import { changeRound, pathOf, refreshRound } from './rounds.ts'

type Change = Parameters<typeof changeRound>[1]

/** What else can be done with a round as a whole. */
export function RoundActions() {
  const { round, domain, isOpen } = useDesk()
  const { can } = useSession()
  const client = useQueryClient()
  const [dialog, setDialog] = useState<'name' | 'cancel' | 'delete'>()
  const planning = usePlanAnew()
  const changing = useMutation({
    mutationFn: ({ change }: { change: Change; done: string }) => changeRound(round.id, change),
    onSuccess: (_, { done }) => notifications.show({ message: done }),
    onError: error => notifications.show({ color: 'red', title: 'Not changed', message: error.message }),
    onSettled: () => refreshRound(client, round.id),
  })
  const mayWrite = can('assignments.assignments.write')
  const isActive = round.status === 'active'
  const close = () => setDialog(undefined)
  const planAnew = () =>
    planning.mutate(undefined, {
      onError: error => notifications.show({ color: 'red', title: 'It could not be planned', message: error.message }),
    })
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={`More to do with ${nameOfRound(round)}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={PageLink}
            to="/assignments/$id/print"
            params={{ id: round.id }}
            search={inDomain(domain)}
            leftSection={<Icon name="log" size={16} />}
          >
            Sheet to print
          </Menu.Item>
          {isOpen && (
            <>
              <Menu.Item leftSection={<Icon name="bolt" size={16} />} onClick={planAnew}>
                {round.detailCount > 0 ? 'Plan it anew' : 'Make the plan'}
              </Menu.Item>
              <Menu.Item leftSection={<Icon name="pencil" size={16} />} onClick={() => setDialog('name')}>
                Name and description
              </Menu.Item>
            </>
          )}
          {mayWrite && isActive && (
            <>
              <Menu.Item
                leftSection={<Icon name="lock" size={16} />}
                onClick={() =>
                  changing.mutate({
                    change: { isLocked: round.lockedAt === null },
                    done: round.lockedAt === null ? 'Locked: nobody changes it now.' : 'Unlocked.',
                  })
                }
              >
                {round.lockedAt === null ? 'Lock' : 'Unlock'}
              </Menu.Item>
              <Menu.Item
                leftSection={<Icon name="check" size={16} />}
                onClick={() => changing.mutate({ change: { status: 'completed' }, done: 'Completed.' })}
              >
                Complete: it was done
              </Menu.Item>
              <Menu.Item leftSection={<Icon name="close" size={16} />} onClick={() => setDialog('cancel')}>
                Cancel: it will not be
              </Menu.Item>
            </>
          )}
          {mayWrite && !isActive && (
            <Menu.Item
              leftSection={<Icon name="undo" size={16} />}
              onClick={() => changing.mutate({ change: { status: 'active' }, done: 'It is active again.' })}
            >
              Reopen
            </Menu.Item>
          )}
          {mayWrite && (
            <>
              <Menu.Divider />
              <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setDialog('delete')}>
                Delete
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {dialog === 'name' && <Naming close={close} />}
      {dialog === 'cancel' && (
        <Sure
          title={`Cancel “${nameOfRound(round)}”?`}
          keep="Leave it"
          perform="Cancel it"
          close={close}
          action={() => changing.mutateAsync({ change: { status: 'cancelled' }, done: 'Cancelled.' })}
        >
          Nobody has anything to do in it, and it counts for nothing in what is fair. It can be reopened.
        </Sure>
      )}
      {dialog === 'delete' && <Deletion close={close} />}
    </>
  )
}

function Naming({ close }: { close: () => void }) {
  const { round } = useDesk()
  const client = useQueryClient()
  const [name, setName] = useState(round.name ?? '')
  const [description, setDescription] = useState(round.description ?? '')
  const saving = useMutation({
    mutationFn: () => changeRound(round.id, { name: name.trim() || null, description: description.trim() || null }),
    onSuccess: async () => {
      await refreshRound(client, round.id)
      close()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  return (
    <Modal opened onClose={close} title="Name and description" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label="Name"
            description="Left empty, it is called by its days."
            placeholder={nameOfRound({ ...round, name: null })}
            data-autofocus
            maxLength={200}
            value={name}
            onChange={event => setName(event.currentTarget.value)}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            maxLength={10_000}
            value={description}
            onChange={event => setDescription(event.currentTarget.value)}
          />
          {saving.isError && <Refusal error={saving.error} />}
          <FormFoot close={close} isPending={saving.isPending}>
            Save
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

function Deletion({ close }: { close: () => void }) {
  const { round, domain } = useDesk()
  const client = useQueryClient()
  const navigate = useNavigate()
  return (
    <Sure
      title={`Delete “${nameOfRound(round)}”?`}
      keep="Keep it"
      perform="Delete"
      close={close}
      action={async () => {
        await request(pathOf(round.id), { method: 'DELETE' })
        // First away from its page, which would ask for what is no longer there.
        await navigate({ to: '/assignments', search: { ...inDomain(domain), day: round.assignmentDate } })
        await client.invalidateQueries({ queryKey: ['assignments', 'boards'] })
        await client.invalidateQueries({ queryKey: ['assignments', 'latest-round'] })
      }}
    >
      Who was on what goes with it, and it no longer counts for what is fair. What was changed in it stays in the
      history. This cannot be undone.
    </Sure>
  )
}

function Sure({ title, children, keep, perform, action, close }: SureProps) {
  const acting = useMutation({ mutationFn: action, onSuccess: close })
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">{children}</Text>
      {acting.isError && <Refusal error={acting.error} mt="sm" />}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          {keep}
        </Button>
        <Button color="red.9" loading={acting.isPending} onClick={() => acting.mutate()}>
          {perform}
        </Button>
      </Group>
    </Modal>
  )
}

type SureProps = {
  title: string
  children: string
  keep: string
  perform: string
  action: () => Promise<unknown>
  close: () => void
}
