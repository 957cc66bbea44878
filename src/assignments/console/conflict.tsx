import { Alert, Button, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Icon, PageLink, Refusal, request, useSession } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { useDesk } from './round-desk.ts'
import classes from './rounds.module.css'
import { refreshRound, setPin, validationQuery } from './rounds.ts'
import { type Mend, type Run, startRun } from './runs.ts'

/** Why there is no plan: what cannot be had together, and the smallest ways out of it, each a button where it can be. */
export function ConflictView({ run }: { run: Run }) {
  const { round, domain, isOpen } = useDesk()
  const { demands, mends } = run.conflict ?? { demands: [], mends: [] }
  const { data: validation } = useQuery(validationQuery(round.id))
  const concerned = new Set(demands.flatMap(({ targetId }) => targetId ?? []))
  const reasons = validation?.faults.filter(({ targetId }) => targetId !== undefined && concerned.has(targetId)) ?? []
  return (
    <Alert color="red" variant="light" mb="md" icon={<Icon name="alert" />} title="No plan can meet all that is asked">
      {demands.length > 0 && (
        <>
          <Text size="sm">
            {demands.length === 1
              ? 'This cannot be had:'
              : 'These cannot be had together. Leave out any one, and the others can:'}
          </Text>
          <ul className={classes.sentences} aria-label="What cannot be had together">
            {demands.map(({ text }) => (
              <li key={text}>{text}</li>
            ))}
            {reasons.map(({ rule, message }) => (
              <li key={`${rule} ${message}`}>{message}</li>
            ))}
          </ul>
        </>
      )}
      {mends.length > 0 && (
        <>
          <Text size="sm" mt="sm">
            {mends.length === 1 ? 'This helps:' : 'Each of these alone helps:'}
          </Text>
          <ul className={classes.mends} aria-label="What helps">
            {mends.map(mend => (
              <MendLine key={mend.text} mend={mend} isOpen={isOpen} />
            ))}
          </ul>
          {isOpen && (
            <Text size="xs" mt={6}>
              What is changed about {domain.words.target.plural} and {domain.words.participant.plural} holds from now
              on, not for these days alone.
            </Text>
          )}
        </>
      )}
      {demands.length > 0 && mends.length === 0 && (
        <Text size="sm" mt="sm">
          Change one of them where it is kept, and plan again.
        </Text>
      )}
    </Alert>
  )
}

function MendLine({ mend, isOpen }: { mend: Mend; isOpen: boolean }) {
  const { round, domain } = useDesk()
  const client = useQueryClient()
  const way = useWay(mend)
  const mending = useMutation({
    mutationFn: async () => {
      await way?.perform?.()
      await startRun(round.id)
    },
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['assignments'] })
      await refreshRound(client, round.id)
    },
  })
  return (
    <li>
      <span>{mend.text}</span>
      {isOpen && way?.perform && (
        <Button size="compact-sm" variant="default" loading={mending.isPending} onClick={() => mending.mutate()}>
          {way.label}
          <span className="visually-hidden"> ({mend.text})</span>
        </Button>
      )}
      {isOpen && way?.page && (
        <Button component={PageLink} to={way.page} search={inDomain(domain)} size="compact-sm" variant="default">
          {way.label}
        </Button>
      )}
      {mending.isError && <Refusal error={mending.error} w="100%" />}
    </li>
  )
}

type Way = { label: string; perform?: () => Promise<unknown>; page?: string }

/** How a mend is made from here: by one request, or on the page where what it needs is entered. */
function useWay({ kind, by, targetId, participantId }: Mend): Way | undefined {
  const { round, domain, plan } = useDesk()
  const { can } = useSession()
  const target = plan.targets.find(({ id }) => id === targetId)
  const person = plan.people.find(({ id }) => id === participantId)
  const label = 'Do this and plan again'
  const changeTarget = (change: object) => ({
    label,
    perform: () => request(`/assignment-targets/${targetId}`, { method: 'PATCH', body: change }),
  })
  const changePerson = (change: object) => ({
    label,
    perform: () => request(`/participants/${participantId}`, { method: 'PATCH', body: change }),
  })
  if (kind === 'unpin' && participantId && targetId)
    return { label, perform: () => setPin(round.id, { participantId, targetId }, false) }
  if ((kind === 'addParticipants' || kind === 'addToMix') && can('assignments.participants.write'))
    return { label: `Enter ${domain.words.participant.plural}`, page: '/assignments/people' }
  if (target?.minimum && can('assignments.targets.write')) {
    const [minimum, maximum] = [target.minimum, target.maximum ?? target.minimum]
    if (kind === 'lowerTargetMinimum')
      // One place is the least there is: then it may stay empty instead.
      return changeTarget(minimum > by ? { requiredCount: minimum - by, maximumCount: maximum } : { mayBeShort: true })
    if (kind === 'raiseTargetMaximum') return changeTarget({ maximumCount: maximum + by })
  }
  if (person && can('assignments.participants.write')) {
    const usual = Number(domain.configuration.constraints?.max_assignments_per_participant ?? 0)
    const most = person.maxAssignments ?? usual
    if (kind === 'raiseParticipantMaximum' && most > 0) return changePerson({ maxAssignments: most + by })
    if (kind === 'lowerParticipantMinimum')
      return changePerson({ minAssignments: Math.max(0, person.minAssignments - by) })
    // Who has none of his own has the domain's, which is not changed for one.
    if (kind === 'raiseMinutes' && person.maxMinutesPerWeek !== null)
      return changePerson({ maxMinutesPerWeek: person.maxMinutesPerWeek + by })
    if (kind === 'shortenRest' && person.minRestMinutes !== null)
      return changePerson({ minRestMinutes: Math.max(0, person.minRestMinutes - by) })
  }
  return undefined
}
