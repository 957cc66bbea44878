import { Accordion, Button, Group, List, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CopyButton, ErrorState, formatAgo, formatInstantDay, Refusal, Secret } from '#platform/console'
import { type FeedPath, feedQuery, useFeedRemoval, useNewFeed } from './calendar-feeds.ts'

type CalendarFeedProps = { path: FeedPath; title: string; close: () => void }

/** The secret address at which a calendar reads somebody's assignments: made, shown once, made anew, taken away. */
export function CalendarFeed({ path, title, close }: CalendarFeedProps) {
  const { data, error, refetch } = useQuery(feedQuery(path))
  const making = useNewFeed(path)
  const removal = useFeedRemoval(path)
  const made = making.data
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={title}
      closeOnClickOutside={!made}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={120} role="status" aria-label="Loading" />
      ) : made ? (
        <NewAddress address={made.address} close={close} />
      ) : (
        <Stack gap="md">
          <Text size="sm">
            A calendar program that has this address shows what is published, and follows each change by itself. Whoever
            has the address can read it without signing in: give it to nobody else.
          </Text>
          {data.feed && (
            <Text size="sm" c="dimmed">
              There is an address since {formatInstantDay(data.feed.createdAt)}.{' '}
              {data.feed.lastReadAt
                ? `A calendar read it ${formatAgo(data.feed.lastReadAt)}.`
                : 'No calendar has read it yet.'}{' '}
              It was shown when it was made and cannot be shown again.
            </Text>
          )}
          <Refusal error={making.error ?? removal.error} />
          <Group gap="xs" justify="flex-end">
            {data.feed && (
              <Button
                variant="default"
                color="red"
                loading={removal.isPending}
                onClick={() => removal.mutate(undefined, { onSuccess: close })}
              >
                Take the address away
              </Button>
            )}
            <Button loading={making.isPending} onClick={() => making.mutate()} data-autofocus>
              {data.feed ? 'Make a new address' : 'Make the address'}
            </Button>
          </Group>
          {data.feed && (
            <Text size="xs" c="dimmed">
              With a new address the old one ends at once: calendars that have it show nothing new.
            </Text>
          )}
        </Stack>
      )}
    </Modal>
  )
}

function NewAddress({ address, close }: { address: string; close: () => void }) {
  return (
    <Stack gap="md">
      <Text size="sm">Copy it now into your calendar: it is not shown again.</Text>
      <Secret label="Address of the calendar">{address}</Secret>
      <Group justify="space-between">
        <CopyButton text={address} label="Copy the address" />
        <Button component="a" variant="default" size="xs" href={address.replace(/^https?:/, 'webcal:')}>
          Open in the calendar of this device
        </Button>
      </Group>
      <Accordion variant="separated" order={3}>
        {programs.map(({ name, steps }) => (
          // Its value becomes part of an id, which has no spaces.
          <Accordion.Item key={name} value={name.replace(' ', '-')}>
            <Accordion.Control>{name}</Accordion.Control>
            <Accordion.Panel>
              <List type="ordered" size="sm" spacing={4}>
                {steps.map(step => (
                  <List.Item key={step}>{step}</List.Item>
                ))}
              </List>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      <Group justify="flex-end">
        <Button onClick={close}>I have kept it</Button>
      </Group>
    </Stack>
  )
}

/** As the makers describe it. Each reads such an address by itself, Google about every day. */
const programs = [
  {
    name: 'Google Calendar',
    steps: [
      'Open calendar.google.com on a computer; the app on the phone cannot do it.',
      'Beside “Other calendars” choose the plus sign, then “From URL”.',
      'Paste the address and choose “Add calendar”. It appears on your phone too.',
      'Google looks for changes by its own clock; it can take a day.',
    ],
  },
  {
    name: 'Apple Calendar',
    steps: [
      'On an iPhone or iPad: Calendar, “Calendars” at the bottom, “Add Calendar”, “Add Subscription Calendar”.',
      'On a Mac: Calendar, “File”, “New Calendar Subscription”.',
      'Paste the address and choose “Subscribe”. On a Mac choose “Auto-refresh: every hour”.',
    ],
  },
  {
    name: 'Outlook',
    steps: [
      'Open Outlook on the web or the new Outlook, and go to the calendar.',
      'Choose “Add calendar”, then “Subscribe from web”.',
      'Paste the address, give it a name and choose “Import”.',
    ],
  },
] as const
