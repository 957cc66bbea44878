import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Problem, Refusal } from '#platform/console'
import { Numbers } from './numbers.tsx'
import { useDesk } from './round-desk.ts'
import { missingOn } from './round-plan.ts'
import { emptyPlaces } from './round-words.ts'
import classes from './rounds.module.css'
import { publishRound, refreshRound } from './rounds.ts'
import type { Participant } from './wire-types.ts'
import { counted } from './words.ts'

/** Says what will be told to whom, before anybody is. */
export function PublishDialog({ close }: { close: () => void }) {
  const { round, domain, plan } = useDesk()
  const client = useQueryClient()
  // Seen once, what is broken is no obstacle for who wants it so.
  const [isRefused, setRefused] = useState(false)
  const publishing = useMutation({
    mutationFn: () => publishRound(round.id, isRefused),
    onSuccess: async () => {
      await refreshRound(client, round.id)
      close()
      notifications.show({ message: 'Published.' })
    },
    onError: error => setRefused(error instanceof Problem && error.code === 'assignments.publication_refused'),
  })
  const isMailed = domain.configuration.notices?.mail_without_account === true
  const concerned = plan.people.filter(({ id }) => plan.placesOf.has(id))
  const ways: readonly { title: string; people: readonly Participant[] }[] = [
    {
      title: 'Told in Commonhold, and by mail if they want that',
      people: concerned.filter(each => each.userId !== null),
    },
    { title: 'Told by mail', people: isMailed ? concerned.filter(isReachable) : [] },
    {
      title: 'Tell them yourself: they have no account here',
      people: concerned.filter(each => each.userId === null && !(isMailed && isReachable(each))),
    },
  ].filter(({ people }) => people.length > 0)
  const missing = plan.targets.reduce((sum, target) => sum + missingOn(target), 0)
  return (
    <Modal opened onClose={close} title="Publish this plan?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <Text size="sm">
          {counted(concerned.length, domain.words.participant)}{' '}
          {concerned.length === 1 ? 'is on this plan. It comes' : 'are on this plan. It comes'} into their calendar
          feeds, and of each later change those are told whom it concerns.
        </Text>
        <dl className={classes.ways}>
          {ways.map(({ title, people }) => (
            <div key={title}>
              <dt>
                {title} <span className="figures">({formatCount(people.length)})</span>
              </dt>
              <dd>{namesInWords(people)}</dd>
            </div>
          ))}
        </dl>
        {missing > 0 && (
          <Text size="sm" fw={560}>
            {emptyPlaces(missing)}. It can be published all the same.
          </Text>
        )}
        <Numbers
          title="Who is told what"
          rows={concerned.slice(0, 200).map(({ id, name }) => [
            name,
            plan.placesOf
              .get(id)
              ?.map(each => [each.name, each.when].filter(Boolean).join(', '))
              .join('; '),
          ])}
        />
        {publishing.isError && <Refusal error={publishing.error} title="It was not published" />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Not yet
          </Button>
          <Button loading={publishing.isPending} onClick={() => publishing.mutate()}>
            {isRefused ? 'Publish all the same' : 'Publish'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

const isReachable = ({ userId, email }: Participant) => userId === null && email !== null

function namesInWords(people: readonly Participant[]): string {
  const names = people.slice(0, 12).map(({ name }) => name)
  const rest = people.length - names.length
  return rest > 0 ? `${names.join(', ')} and ${formatCount(rest)} more` : names.join(', ')
}
