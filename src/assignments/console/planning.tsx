import { Button, Collapse, Group, Modal, NativeSelect, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { dayOf, Icon, Refusal } from '#platform/console'
import { addDays, isDay, mondayOf, nextPeriod, periodInShort, periodName } from './days.ts'
import { inDomain } from './domain-choice.tsx'
import { methodsQuery } from './domains.ts'
import { latestRoundQuery, makeRound, refreshRound } from './rounds.ts'
import { startRun } from './runs.ts'
import { strategyName } from './strategy-names.ts'
import type { Domain } from './wire-types.ts'
import { counted } from './words.ts'

type Wanted = { from: string; to: string; name?: string; strategy?: string }

/** Makes a round and its plan, and goes there. A plan that takes long goes on by itself, and is told there. */
export function usePlanning(domain: Domain) {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: async ({ from, to, name, strategy }: Wanted) => {
      const round = await makeRound({ domainId: domain.id, assignmentDate: from, endsOn: to, name: name || null })
      // The round is there whatever becomes of its plan: its page says why there is none.
      await startRun(round.id, strategy ? { strategy } : {}).catch(error =>
        notifications.show({ color: 'red', title: 'It could not be planned yet', message: error.message }),
      )
      await refreshRound(client, round.id)
      return round
    },
    onSuccess: round => navigate({ to: '/assignments/$id', params: { id: round.id }, search: inDomain(domain) }),
  })
}

/** One button that plans what comes next; beside it, for other days, a form. */
export function PlanNext({ domain }: { domain: Domain }) {
  const nextMonday = addDays(mondayOf(dayOf(new Date().toISOString())), 7)
  const latest = useQuery(latestRoundQuery(domain.id))
  const [isChoosing, setChoosing] = useState(false)
  const planning = usePlanning(domain)
  const next = latest.data === undefined ? undefined : nextPeriod(latest.data, nextMonday)
  const isNextWeek = next?.from === nextMonday && next.to === addDays(nextMonday, 6)
  return (
    <>
      <Button
        leftSection={<Icon name="bolt" size={16} />}
        disabled={!next}
        loading={planning.isPending}
        onClick={() => next && planning.mutate(next)}
      >
        {!next || isNextWeek ? 'Plan next week' : `Plan ${periodInShort(next.from, next.to)}`}
      </Button>
      <Button variant="default" onClick={() => setChoosing(true)}>
        Other days
      </Button>
      {planning.isError && <Refusal error={planning.error} title="Nothing was planned" w="100%" />}
      {isChoosing && next && <PlanForm domain={domain} suggested={next} close={() => setChoosing(false)} />}
    </>
  )
}

/** Plans any days; how it is planned stands behind a disclosure. */
export function PlanForm({ domain, suggested, close }: PlanFormProps) {
  const [from, setFrom] = useState(suggested.from)
  const [to, setTo] = useState(suggested.to)
  const [name, setName] = useState('')
  const [strategy, setStrategy] = useState('')
  const [isOpen, setOpen] = useState(false)
  const planning = usePlanning(domain)
  const methods = useQuery(methodsQuery)
  const isPeriod = isDay(from) && isDay(to) && from <= to && to <= addDays(from, 366)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isPeriod) planning.mutate({ from, to, name: name.trim(), strategy })
  }
  const { participant, target } = domain.words
  return (
    <Modal opened onClose={close} title="Plan other days" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm">
            {counted(domain.participantCount, participant)} are shared out over {counted(domain.targetCount, target)}.
            It is a draft that only you and your colleagues here see, until you publish it.
          </Text>
          <Group grow gap="sm" align="flex-start">
            <TextInput
              type="date"
              label="First day"
              required
              withAsterisk={false}
              data-autofocus
              value={from}
              onChange={event => setFrom(event.currentTarget.value)}
            />
            <TextInput
              type="date"
              label="Last day"
              required
              withAsterisk={false}
              value={to}
              onChange={event => setTo(event.currentTarget.value)}
              error={isPeriod || !isDay(to) ? undefined : 'Not before the first day, and at most a year later.'}
            />
          </Group>
          <TextInput
            label="Name"
            description="Left empty, it is called by its days."
            placeholder={isPeriod ? periodName(from, to) : ''}
            maxLength={200}
            value={name}
            onChange={event => setName(event.currentTarget.value)}
          />
          <div>
            <UnstyledButton aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} fz="sm" c="dimmed">
              <Group gap={4}>
                <Icon name={isOpen ? 'chevronDown' : 'chevronRight'} size={15} /> How it is planned
              </Group>
            </UnstyledButton>
            <Collapse expanded={isOpen}>
              <NativeSelect
                mt="xs"
                label="Way of planning"
                description={methods.data?.strategies.find(({ name }) => name === strategy)?.description}
                value={strategy}
                onChange={event => setStrategy(event.currentTarget.value)}
                data={[
                  { value: '', label: 'As the domain says' },
                  ...(methods.data?.strategies.map(({ name }) => ({ value: name, label: strategyName(name) })) ?? []),
                ]}
              />
            </Collapse>
          </div>
          {planning.isError && <Refusal error={planning.error} title="Nothing was planned" />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" disabled={!isPeriod} loading={planning.isPending}>
              Make the plan
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

type PlanFormProps = { domain: Domain; suggested: { from: string; to: string }; close: () => void }
