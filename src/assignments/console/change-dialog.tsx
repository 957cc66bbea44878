import { Alert, Button, Group, Modal, NativeSelect, Skeleton, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon, Problem, Refusal } from '#platform/console'
import { Numbers } from './numbers.tsx'
import { type Draft, useDesk } from './round-desk.ts'
import { effectInWords, outcomeOf, points, questionOf } from './round-words.ts'
import { type Change, makeMoves, previewQuery, refreshRound } from './rounds.ts'
import { capital } from './words.ts'

/** Says what a change costs and which rules it breaks, before it is made; asks first for what is still to be chosen. */
export function ChangeDialog({ draft, close }: { draft: Draft; close: () => void }) {
  const { round, plan, propose } = useDesk()
  const client = useQueryClient()
  const [chosen, setChosen] = useState('')
  const change = completed(draft, chosen)
  const names = { person: plan.nameOfPerson, target: plan.nameOfTarget }
  const preview = useQuery({ ...previewQuery(round, change ? [change] : []), enabled: change !== undefined })
  const making = useMutation({
    mutationFn: (change: Change) => makeMoves(round, [change]),
    onSuccess: async (_, change) => {
      close()
      await refreshRound(client, round.id)
      notifications.show({ message: `${questionOf(change, names).slice(0, -1)}: done.` })
    },
  })
  const faults = preview.data?.faults ?? faultsOf(making.error)
  const isRefused = faults.length > 0
  return (
    <Modal
      opened
      onClose={close}
      title={change ? questionOf(change, names) : titleOf(draft, names)}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="md">
        <Choice draft={draft} chosen={chosen} choose={setChosen} />
        {change && (
          <div aria-live="polite">
            {preview.isPending ? (
              <div role="status" aria-label="Looking what it costs">
                <Skeleton height={44} />
              </div>
            ) : preview.error ? (
              <Refusal error={preview.error} />
            ) : (
              <Stack gap="sm">
                {outcomeOf(change, names) && <Text size="sm">{outcomeOf(change, names)}</Text>}
                {isRefused ? (
                  <Alert color="red" variant="light" icon={<Icon name="alert" />} title="It cannot be done">
                    <ul style={{ margin: 0, paddingLeft: 18 }}>
                      {faults.map(({ message }) => (
                        <li key={message}>{message}</li>
                      ))}
                    </ul>
                    <Swaps change={change} propose={propose} />
                  </Alert>
                ) : (
                  <Text size="sm">{effectInWords(preview.data)}</Text>
                )}
                {round.publishedAt !== null && !isRefused && (
                  <Text size="sm" c="dimmed">
                    It is published: whom it concerns is told within a few minutes.
                  </Text>
                )}
                <Numbers
                  rows={[
                    ['Cost before', preview.data.costBefore === null ? 'not known' : points(preview.data.costBefore)],
                    ['Cost afterwards', preview.data.costAfter === null ? 'not known' : points(preview.data.costAfter)],
                  ]}
                />
              </Stack>
            )}
          </div>
        )}
        {making.isError && faults.length === 0 && <Refusal error={making.error} title="Nothing was changed" />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Leave it as it is
          </Button>
          <Button
            disabled={!change || !preview.data || isRefused}
            loading={making.isPending}
            onClick={() => change && making.mutate(change)}
          >
            {verbs[draft.kind]}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** Where there is no room for one more: who there could go to where he comes from. */
function Swaps({ change, propose }: { change: Change; propose: (draft: Draft) => void }) {
  const { plan } = useDesk()
  if (change.kind !== 'move') return null
  const { participantId, from, to } = change
  const target = plan.targets.find(({ id }) => id === to)
  if (!target || target.maximum === null || target.people.length < target.maximum) return null
  const others = target.people.filter(({ id }) => plan.placesOf.get(id)?.every(place => place.id !== from)).slice(0, 6)
  return (
    <Group gap={6} mt="sm">
      {others.map(({ id, name }) => (
        <Button
          key={id}
          size="compact-sm"
          variant="default"
          onClick={() => propose({ kind: 'swap', participantIds: [participantId, id], targetIds: [from, to] })}
        >
          Swap with {name} instead
        </Button>
      ))}
    </Group>
  )
}

const verbs: Readonly<Record<Draft['kind'], string>> = { add: 'Add', remove: 'Take off', move: 'Move', swap: 'Swap' }

/** What was refused between the preview and the change. */
function faultsOf(error: unknown): readonly { message: string }[] {
  return error instanceof Problem && error.code === 'assignments.move_refused' ? [{ message: error.message }] : []
}

function completed(draft: Draft, chosen: string): Change | undefined {
  switch (draft.kind) {
    case 'remove':
      return draft
    case 'add': {
      const { participantId = chosen, targetId = chosen } = draft
      return participantId && targetId ? { kind: 'add', participantId, targetId } : undefined
    }
    case 'move': {
      const to = 'to' in draft ? draft.to : chosen
      return to ? { kind: 'move', participantId: draft.participantId, from: draft.from, to } : undefined
    }
    case 'swap': {
      const [otherPerson = '', otherTarget = ''] = chosen.split(' ')
      const [one, two = otherPerson] = draft.participantIds
      const [from, to = otherTarget] = draft.targetIds
      return two && to ? { kind: 'swap', participantIds: [one, two], targetIds: [from, to] } : undefined
    }
  }
}

function titleOf(draft: Draft, { person, target }: { person: (id: string) => string; target: (id: string) => string }) {
  if (draft.kind === 'move') return `Move ${person(draft.participantId)} from ${target(draft.from)}`
  if (draft.kind === 'swap') return `Swap ${person(draft.participantIds[0])} with somebody`
  if (draft.kind === 'add' && draft.participantId) return `Give ${person(draft.participantId)} something to do`
  if (draft.kind === 'add' && draft.targetId) return `Put somebody on ${target(draft.targetId)}`
  return 'Change who is on what'
}

/** The part of the change that is still open. */
function Choice({ draft, chosen, choose }: { draft: Draft; chosen: string; choose: (value: string) => void }) {
  const { plan, domain } = useDesk()
  const { participant, target } = domain.words
  const select = (label: string, data: { value: string; label: string }[]) => (
    <NativeSelect
      label={label}
      data-autofocus
      value={chosen}
      onChange={event => choose(event.currentTarget.value)}
      data={[{ value: '', label: 'Choose' }, ...data]}
    />
  )
  if (draft.kind === 'add' && draft.targetId && !draft.participantId) {
    const isOn = new Set(plan.targets.find(({ id }) => id === draft.targetId)?.people.map(({ id }) => id))
    // Who has least to do is first.
    const load = (id: string) => plan.placesOf.get(id)?.length ?? 0
    const free = plan.people.filter(({ id }) => !isOn.has(id)).toSorted((one, two) => load(one.id) - load(two.id))
    return select(
      capital(participant.singular),
      free.map(({ id, name }) => ({
        value: id,
        label: `${name} (${
          plan.placesOf
            .get(id)
            ?.map(each => each.name)
            .join(', ') || 'free'
        })`,
      })),
    )
  }
  if ((draft.kind === 'add' && !draft.targetId) || (draft.kind === 'move' && !('to' in draft))) {
    const isOn = new Set(plan.placesOf.get(draft.participantId ?? '')?.map(({ id }) => id))
    return select(
      capital(target.singular),
      plan.targets
        .filter(({ id }) => !isOn.has(id))
        .map(each => ({ value: each.id, label: [each.name, each.when].filter(Boolean).join(', ') })),
    )
  }
  if (draft.kind === 'swap' && draft.participantIds.length === 1) {
    const [me, mine] = [draft.participantIds[0], draft.targetIds[0]]
    return select(
      `Other ${participant.singular}`,
      plan.targets
        .filter(({ id }) => id !== mine)
        .flatMap(each =>
          each.people
            .filter(({ id }) => id !== me)
            .map(({ id, name }) => ({ value: `${id} ${each.id}`, label: `${name} (${each.name})` })),
        ),
    )
  }
  return null
}
