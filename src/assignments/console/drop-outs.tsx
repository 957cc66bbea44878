import { Alert, Button, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { FormFoot, Icon, Refusal } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { useDesk } from './round-desk.ts'
import classes from './rounds.module.css'
import { type DropOut, dropOutsQuery, refreshRound, reportDropOut, withdrawDropOut } from './rounds.ts'
import { startRun } from './runs.ts'

/** Who cannot come after all; the plan stays as it is until somebody takes over. */
export function DropOutDialog({
  pair,
  close,
}: {
  pair: { participantId: string; targetId?: string }
  close: () => void
}) {
  const { round, plan } = useDesk()
  const client = useQueryClient()
  const [targetId, setTarget] = useState(pair.targetId ?? '')
  const [reason, setReason] = useState('')
  const person = plan.nameOfPerson(pair.participantId)
  const places = plan.placesOf.get(pair.participantId) ?? []
  const reporting = useMutation({
    mutationFn: () =>
      reportDropOut(round.id, {
        participantId: pair.participantId,
        ...(targetId && { targetId }),
        ...(reason.trim() && { reason: reason.trim() }),
      }),
    onSuccess: async () => {
      await refreshRound(client, round.id)
      close()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    reporting.mutate()
  }
  return (
    <Modal opened onClose={close} title={`${person} cannot come`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <NativeSelect
            label="To what"
            value={targetId}
            onChange={event => setTarget(event.currentTarget.value)}
            data={[
              ...places.map(({ id, name, when }) => ({ value: id, label: [name, when].filter(Boolean).join(', ') })),
              { value: '', label: 'To nothing in these days' },
            ]}
          />
          <TextInput
            label="Why"
            description="For your colleagues who plan. It can stay empty."
            maxLength={500}
            value={reason}
            onChange={event => setReason(event.currentTarget.value)}
          />
          <Text size="sm" c="dimmed">
            Nobody is moved yet. Next you see who could take over.
          </Text>
          {reporting.isError && <Refusal error={reporting.error} title="It was not noted" />}
          <FormFoot close={close} isPending={reporting.isPending}>
            Note it
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

/** Drop-outs of the round that no plan has taken up yet. */
export function useOpenDropOuts(): readonly DropOut[] {
  const { round } = useDesk()
  const { data } = useQuery(dropOutsQuery(round.id))
  return data?.filter(({ resolvedRevision }) => resolvedRevision === null) ?? []
}

/** Drop-outs that no plan has taken up yet, with the way to mend them. */
export function OpenDropOuts() {
  const { round, domain, isOpen } = useDesk()
  const client = useQueryClient()
  const navigate = useNavigate()
  const open = useOpenDropOuts()
  const withdrawing = useMutation({
    mutationFn: ({ id }: DropOut) => withdrawDropOut(round.id, id),
    onSuccess: () => refreshRound(client, round.id),
    onError: error => notifications.show({ color: 'red', title: 'Not changed', message: error.message }),
  })
  const replanning = useMutation({
    mutationFn: () => startRun(round.id, { kind: 'replan', accept: false }),
    onSuccess: async run => {
      await refreshRound(client, round.id)
      void navigate({
        to: '/assignments/$id/runs/$runId',
        params: { id: round.id, runId: run.id },
        search: inDomain(domain),
      })
    },
  })
  if (open.length === 0) return null
  return (
    <Alert
      color="yellow"
      variant="light"
      mb="md"
      icon={<Icon name="alert" />}
      title={open.length === 1 ? 'Somebody cannot come' : `${open.length} cannot come`}
    >
      <ul className={classes.plainList} aria-label="Who cannot come">
        {open.map(dropOut => (
          <li key={dropOut.id}>
            {dropOut.participantName}
            {dropOut.targetName ? ` to ${dropOut.targetName}` : ', to nothing'}
            {dropOut.reason && `: ${dropOut.reason}`}
            {isOpen && (
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                ml={6}
                onClick={() => withdrawing.mutate(dropOut)}
              >
                Comes after all<span className="visually-hidden"> ({dropOut.participantName})</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
      {isOpen && (
        <Button size="xs" mt="xs" loading={replanning.isPending} onClick={() => replanning.mutate()}>
          Find who takes over
        </Button>
      )}
      {replanning.isError && <Refusal error={replanning.error} mt="xs" />}
    </Alert>
  )
}
