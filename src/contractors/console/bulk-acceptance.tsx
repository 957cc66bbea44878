import { Button, Group, Modal, NumberInput, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Refusal } from '#platform/console'
import { acceptAbove, refreshMatches, sourceName } from './matches.ts'

/** Accepts all best candidates from a score on, after saying how many these are. */
export function BulkAcceptance({ source }: { source: string }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <>
      <Button variant="default" onClick={() => setIsOpen(true)}>
        Accept above a score
      </Button>
      {isOpen && <Dialog source={source} close={() => setIsOpen(false)} />}
    </>
  )
}

function Dialog({ source, close }: { source: string; close: () => void }) {
  const client = useQueryClient()
  const [percent, setPercent] = useState<number | string>(90)
  const minScore = typeof percent === 'number' && percent >= 1 && percent <= 100 ? percent / 100 : undefined
  const [settled] = useDebouncedValue(minScore, 250)
  const body = { minScore: settled ?? 1, source: source || undefined }
  const dry = useQuery({
    queryKey: ['matches', 'bulk', body],
    queryFn: () => acceptAbove({ ...body, dryRun: true }),
    enabled: settled !== undefined,
  })
  const accept = useMutation({
    mutationFn: () => acceptAbove(body),
    async onSuccess({ accepted, left }) {
      notifications.show({
        message: `${formatCount(accepted)} accepted${left > 0 ? `, ${formatCount(left)} left` : ''}. Decisions has the way back.`,
      })
      close()
      await refreshMatches(client)
    },
  })
  const count = dry.data?.accepted
  return (
    <Modal opened onClose={close} title="Accept above a score" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (count) accept.mutate()
        }}
      >
        <NumberInput
          label="Score from, in percent"
          description={`Of each text${source && ` of ${sourceName(source)}`} the best candidate is accepted, at most 1,000 at a time.`}
          min={1}
          max={100}
          value={percent}
          onChange={setPercent}
          data-autofocus
        />
        <Text size="sm" mt="sm" role="status">
          {count === undefined
            ? 'Counting…'
            : count === 0
              ? 'No text has such a score.'
              : `${formatCount(count)} ${count === 1 ? 'text' : 'texts'} would be accepted. It can be undone at once.`}
        </Text>
        <Refusal error={dry.error ?? accept.error} mt="sm" />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!count || settled !== minScore} loading={accept.isPending}>
            Accept {count ? formatCount(count) : ''}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}
