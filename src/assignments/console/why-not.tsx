import { Alert, Button, Group, Modal, NativeSelect, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon, Refusal } from '#platform/console'
import { Numbers } from './numbers.tsx'
import { useDesk } from './round-desk.ts'
import { effectInWords, points } from './round-words.ts'
import { type Reasons, reasonsQuery } from './rounds.ts'
import { capital } from './words.ts'

/** “Why not Anna on Kitchen?”: what stands against it, or what it would cost; and the way to do it all the same. */
export function WhyNot({ asked, close }: { asked: { participantId?: string; targetId?: string }; close: () => void }) {
  const { round, domain, plan, isOpen, propose } = useDesk()
  const [participantId, setParticipant] = useState(asked.participantId ?? '')
  const [targetId, setTarget] = useState(asked.targetId ?? '')
  const { data, isFetching, error } = useQuery(reasonsQuery(round.id, { participantId, targetId }))
  const [person, target] = [plan.nameOfPerson(participantId), plan.nameOfTarget(targetId)]
  const isAsked = participantId !== '' && targetId !== ''
  const places = plan.placesOf.get(participantId) ?? []
  const isOn = places.some(({ id }) => id === targetId)
  const [only] = places
  const put = () => {
    close()
    propose(
      places.length === 1 && only
        ? { kind: 'move', participantId, from: only.id, to: targetId }
        : { kind: 'add', participantId, targetId },
    )
  }
  return (
    <Modal
      opened
      onClose={close}
      title={isAsked ? `Why not ${person} on ${target}?` : 'Why not …?'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="md">
        <Group grow gap="sm">
          <NativeSelect
            label={capital(domain.words.participant.singular)}
            data-autofocus={asked.participantId === undefined || undefined}
            value={participantId}
            onChange={event => setParticipant(event.currentTarget.value)}
            data={[{ value: '', label: 'Choose' }, ...plan.people.map(({ id, name }) => ({ value: id, label: name }))]}
          />
          <NativeSelect
            label={capital(domain.words.target.singular)}
            data-autofocus={asked.targetId === undefined || undefined}
            value={targetId}
            onChange={event => setTarget(event.currentTarget.value)}
            data={[{ value: '', label: 'Choose' }, ...plan.targets.map(({ id, name }) => ({ value: id, label: name }))]}
          />
        </Group>
        <div aria-live="polite">
          {isAsked && isFetching && !data && (
            <div role="status" aria-label="Looking for the reason">
              <Skeleton height={40} />
            </div>
          )}
          {error && <Refusal error={error} />}
          {isAsked && isOn && <Text size="sm">{`${person} is on ${target}.`}</Text>}
          {data && !isOn && !data.isPossible && (
            <Alert
              color="yellow"
              variant="light"
              icon={<Icon name="info" />}
              title={`${person} cannot be on ${target}`}
            >
              <ul style={{ margin: 0, paddingLeft: 18 }}>
                {data.reasons.map(({ rule, message }) => (
                  <li key={`${rule} ${message}`}>{message}</li>
                ))}
              </ul>
            </Alert>
          )}
          {data?.isPossible && !isOn && (
            <Stack gap="sm">
              <Text size="sm">{costInWords(data.cost)}</Text>
              {data.cost && (
                <Numbers
                  rows={[
                    ['Cost of the pair', data.cost.ofPair === null ? 'not known' : points(data.cost.ofPair)],
                    ['Reduced cost', data.cost.reducedCost === null ? 'not known' : points(data.cost.reducedCost)],
                  ]}
                >
                  <Text size="xs" c="dimmed" mt="xs">
                    {data.cost.text}
                  </Text>
                </Numbers>
              )}
            </Stack>
          )}
        </div>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Close
          </Button>
          {isOpen && isAsked && !isOn && data?.isPossible && (
            <Button onClick={put}>{places.length === 1 ? `Move ${person} there` : `Put ${person} there`}</Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}

function costInWords(cost: Reasons['cost']): string {
  if (cost?.reducedCost === null || cost?.reducedCost === undefined)
    return 'Nothing stands against it. Plan it first to see what it would cost.'
  if (cost.reducedCost < 0.05) return 'Nothing stands against it: the plan just has somebody else there.'
  return `It could be. ${effectInWords({ costBefore: 0, costAfter: cost.reducedCost })}`
}
