import { Alert, Anchor, Button, Checkbox, Group, Skeleton, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import {
  ErrorState,
  formatCount,
  formatTime,
  Icon,
  NotFound,
  PageHeader,
  PageLink,
  request,
  usePageTitle,
} from '#platform/console'
import {
  type Contractor,
  type ContractorInFull,
  contractorQuery,
  isId,
  placeOf,
  type SearchResult,
} from './contractors.ts'
import { Comparison } from './match-comparison.tsx'
import { Decisions } from './match-decisions-page.tsx'
import classes from './matches.module.css'
import { comparisonQuery, type Decided, type Parts, partsQuery, refreshMatches, sourceName } from './matches.ts'
import { ReasonDialog } from './reason-dialog.tsx'

/** Who this contractor is: others merged into it, texts found to be it, and how both are taken back. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  return isId(id) ? <KnownPage key={id} id={id} /> : <NotFound />
}

function KnownPage({ id }: { id: string }) {
  const { data: contractor, isPending, error, refetch } = useQuery(contractorQuery(id))
  usePageTitle(contractor && `Identity of ${contractor.name}`)
  if (isPending)
    return (
      <div role="status" aria-label="Loading the contractor">
        <Skeleton height={300} />
      </div>
    )
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <>
      <Anchor
        component={PageLink}
        to={`/contractors/${id}`}
        className="off-paper"
        size="sm"
        c="dimmed"
        display="inline-block"
        mb="xs"
      >
        <Group gap={6}>
          <Icon name="arrowLeft" size={15} />
          {contractor.name}
        </Group>
      </Anchor>
      <PageHeader
        title="Merge and split"
        lead={`Who ${contractor.name} is: what was merged into it, and which texts were found to be it.`}
      />
      <div style={{ display: 'grid', gap: 20 }}>
        {contractor.mergedInto ? (
          <Alert icon={<Icon name="merge" />} title={`It was merged into ${contractor.mergedInto.name}`}>
            <Anchor component={PageLink} to={`/contractors/${contractor.mergedInto.id}/identity`} underline="always">
              Take it out there
            </Anchor>
            , or undo the merge below.
          </Alert>
        ) : (
          <>
            <Merge contractor={contractor} />
            <PartsOf contractor={contractor} />
          </>
        )}
        <section aria-labelledby="identity-decisions">
          <Title order={2} id="identity-decisions" size="h4" mb="xs">
            Decisions about it
          </Title>
          <Decisions contractorId={id} />
        </section>
      </div>
    </>
  )
}

function Merge({ contractor }: { contractor: ContractorInFull }) {
  const [words, setWords] = useState('')
  const [asked] = useDebouncedValue(words.trim(), 250)
  const [other, setOther] = useState<Contractor>()
  const found = useQuery({
    queryKey: ['contractors', 'merge', asked],
    queryFn: ({ signal }) => request<SearchResult>('/contractors', { query: { q: asked, limit: 8 }, signal }),
    enabled: asked.length >= 2 && other === undefined,
  })
  const choices = (found.data?.items ?? []).filter(({ id }) => id !== contractor.id)
  return (
    <section className="panel" style={{ padding: 16 }} aria-labelledby="identity-merge">
      <Title order={2} id="identity-merge" size="h4">
        The same firm twice?
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        The other one is merged into this: its records and awards count here, its address leads here, and lists that
        have it go on. It can be undone.
      </Text>
      {other ? (
        <Compared contractor={contractor} other={other} leave={() => setOther(undefined)} />
      ) : (
        <>
          <TextInput
            label="The other contractor"
            description="Name, UEI or CAGE code"
            type="search"
            value={words}
            maxLength={200}
            onChange={event => setWords(event.currentTarget.value)}
          />
          <div role="status">
            {asked.length >= 2 && found.isSuccess && choices.length === 0 && (
              <Text size="sm" mt="sm">
                No other contractor fits these words.
              </Text>
            )}
          </div>
          <ul className={classes.partList} style={{ marginTop: 12 }}>
            {asked.length >= 2 &&
              choices.map(choice => (
                <li key={choice.id}>
                  <Button variant="default" size="sm" h="auto" py={7} maw="100%" onClick={() => setOther(choice)}>
                    <span style={{ whiteSpace: 'normal', textAlign: 'left' }}>
                      {choice.name}
                      <Text component="span" size="xs" c="dimmed" display="block">
                        {[choice.uei ?? 'No UEI', placeOf(choice)].filter(Boolean).join(' · ')}
                      </Text>
                    </span>
                  </Button>
                </li>
              ))}
          </ul>
        </>
      )}
    </section>
  )
}

function Compared({
  contractor,
  other,
  leave,
}: {
  contractor: ContractorInFull
  other: Contractor
  leave: () => void
}) {
  const client = useQueryClient()
  const { data, isPending, error, refetch } = useQuery(comparisonQuery(contractor.id, other.id))
  const [isAsking, setIsAsking] = useState(false)
  const merge = useMutation({
    mutationFn: (reason: string) =>
      request<Decided>(`/contractors/${contractor.id}/merges`, {
        method: 'POST',
        body: { absorbedId: other.id, reason },
      }),
    async onSuccess() {
      notifications.show({ message: `${other.name} was merged into ${contractor.name}.` })
      leave()
      await refreshMatches(client)
    },
  })
  if (isPending) return <Skeleton height={200} role="status" aria-label="Loading the comparison" />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  const { survivor, absorbed } = data
  const sums = (one: typeof survivor) =>
    [
      manyOf(one.awards, 'award'),
      manyOf(one.records, 'record'),
      ...(one.mentions > 0 ? [manyOf(one.mentions, 'text')] : []),
    ].join(', ')
  return (
    <>
      <Comparison one={`${survivor.name} (stays)`} other={absorbed.name} fields={data.fields} />
      <Text size="sm" mt="sm">
        {survivor.name}: {sums(survivor)}. {absorbed.name}: {sums(absorbed)}.
      </Text>
      <Group mt="md">
        <Button leftSection={<Icon name="merge" size={16} />} onClick={() => setIsAsking(true)}>
          Merge
        </Button>
        <Button variant="default" onClick={leave}>
          Choose another
        </Button>
      </Group>
      {isAsking && (
        <ReasonDialog
          title={`Merge ${other.name} into ${contractor.name}?`}
          confirm="Merge"
          suggestions={['The same firm, registered twice', 'The firm was renamed', 'The firm was bought and dissolved']}
          isBusy={merge.isPending}
          error={merge.error}
          perform={reason => merge.mutate(reason)}
          close={() => {
            merge.reset()
            setIsAsking(false)
          }}
        />
      )}
    </>
  )
}

const manyOf = (count: number, noun: string) => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`

function PartsOf({ contractor }: { contractor: ContractorInFull }) {
  const { data: parts, isPending, error, refetch } = useQuery(partsQuery(contractor.id))
  if (isPending) return <Skeleton height={120} role="status" aria-label="Loading the parts" />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <>
      <Absorbed contractor={contractor} absorbed={parts.absorbed} />
      <Mentions contractor={contractor} mentions={parts.mentions} />
    </>
  )
}

function Absorbed({ contractor, absorbed }: { contractor: ContractorInFull; absorbed: Parts['absorbed'] }) {
  const client = useQueryClient()
  const [asking, setAsking] = useState<Parts['absorbed'][number]>()
  const release = useMutation({
    mutationFn: ({ absorbedId, reason }: { absorbedId: string; reason: string }) =>
      request<Decided>(`/contractors/${contractor.id}/releases`, { method: 'POST', body: { absorbedId, reason } }),
    async onSuccess() {
      notifications.show({ message: 'Taken out: it is a contractor of its own again.' })
      setAsking(undefined)
      await refreshMatches(client)
    },
  })
  if (absorbed.length === 0) return null
  return (
    <section className="panel" style={{ padding: 16 }} aria-labelledby="identity-absorbed">
      <Title order={2} id="identity-absorbed" size="h4" mb="sm">
        Merged into it
      </Title>
      <ul className={classes.partList}>
        {absorbed.map(one => (
          <li key={one.id}>
            <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
              <div style={{ minWidth: 0 }}>
                <Anchor component={PageLink} to={`/contractors/${one.id}`} size="sm">
                  {one.name}
                </Anchor>{' '}
                <Text component="span" size="sm" c="dimmed">
                  {one.uei ?? 'No UEI'}
                </Text>
                <Text size="xs" c="dimmed">
                  {one.decidedBy}, {formatTime(one.decidedAt)}: {one.reason}
                </Text>
              </div>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Take out ${one.name}`}
                style={{ flex: 'none' }}
                onClick={() => setAsking(one)}
              >
                Take out
              </Button>
            </Group>
          </li>
        ))}
      </ul>
      {asking && (
        <ReasonDialog
          title={`Take ${asking.name} out?`}
          confirm="Take out"
          suggestions={['They are two firms', 'Merged by mistake']}
          isBusy={release.isPending}
          error={release.error}
          perform={reason => release.mutate({ absorbedId: asking.id, reason })}
          close={() => {
            release.reset()
            setAsking(undefined)
          }}
        >
          Its records and awards are its own again.
        </ReasonDialog>
      )}
    </section>
  )
}

function Mentions({ contractor, mentions }: { contractor: ContractorInFull; mentions: Parts['mentions'] }) {
  const client = useQueryClient()
  const [ticked, setTicked] = useState<readonly string[]>([])
  const [isAsking, setIsAsking] = useState(false)
  const split = useMutation({
    mutationFn: (reason: string) =>
      request<Decided>(`/contractors/${contractor.id}/splits`, {
        method: 'POST',
        body: { mentionIds: ticked, reason },
      }),
    async onSuccess() {
      notifications.show({ message: 'Taken out: they are a contractor of their own without UEI.' })
      setTicked([])
      setIsAsking(false)
      await refreshMatches(client)
    },
  })
  return (
    <section className="panel" style={{ padding: 16 }} aria-labelledby="identity-mentions">
      <Title order={2} id="identity-mentions" size="h4" mb="sm">
        Texts found to be it
      </Title>
      {mentions.length === 0 ? (
        <Text size="sm" c="dimmed">
          None: all that is known of it names its identifier.
        </Text>
      ) : (
        <>
          <ul className={classes.partList}>
            {mentions.map(mention => (
              <li key={mention.id}>
                <Checkbox
                  label={mention.name}
                  description={[
                    sourceName(mention.source),
                    [mention.city, mention.state].filter(Boolean).join(', '),
                    `${formatCount(mention.recordCount)} ${mention.recordCount === 1 ? 'record' : 'records'}`,
                    mention.reason,
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                  checked={ticked.includes(mention.id)}
                  onChange={event =>
                    setTicked(
                      event.currentTarget.checked ? [...ticked, mention.id] : ticked.filter(id => id !== mention.id),
                    )
                  }
                />
              </li>
            ))}
          </ul>
          <Button mt="md" variant="default" disabled={ticked.length === 0} onClick={() => setIsAsking(true)}>
            Take out {ticked.length > 0 ? formatCount(ticked.length) : 'the ticked ones'}
          </Button>
        </>
      )}
      {isAsking && (
        <ReasonDialog
          title={`Take ${ticked.length === 1 ? 'this text' : `${ticked.length} texts`} out?`}
          confirm="Take out"
          suggestions={['Another firm with a similar name']}
          isBusy={split.isPending}
          error={split.error}
          perform={reason => split.mutate(reason)}
          close={() => {
            split.reset()
            setIsAsking(false)
          }}
        >
          Together they become a contractor of their own without UEI.
        </ReasonDialog>
      )}
    </section>
  )
}
