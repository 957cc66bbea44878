import { Anchor, Badge, Button, Group, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ErrorState, formatAmount, formatCount, formatTime, Icon, PageLink, Refusal } from '#platform/console'
import { placeOf } from './contractors.ts'
import { Comparison, Reasons } from './match-comparison.tsx'
import classes from './matches.module.css'
import {
  type Candidate,
  formatScore,
  type MatchDetail,
  type MatchSummary,
  matchQuery,
  placeOfMention,
  sourceName,
} from './matches.ts'
import type { Review } from './matches-page.tsx'

/** One text beside its candidates, with the reasons and what can be done. */
export function MatchDesk({ summary, review }: { summary: MatchSummary; review: Review }) {
  const { data: match, isPending, error, refetch } = useQuery(matchQuery(summary.id))
  const [picked, setPicked] = useState<string>()
  const { choose } = review
  const candidate =
    match?.candidates.find(({ contractor }) => contractor.id === picked) ??
    match?.candidates.find(({ contractor }) => contractor.id === match.contractor?.id) ??
    match?.candidates[0]
  const id = candidate?.contractor.id ?? null
  useEffect(() => {
    choose(id)
    return () => choose(null)
  }, [choose, id])
  return (
    <section className="panel" aria-label={`Match of ${summary.name}`}>
      <div className={classes.head}>
        <Title order={2} size="h3" style={{ overflowWrap: 'anywhere' }}>
          {summary.name}
        </Title>
        <Text size="sm" c="dimmed">
          {sourceName(summary.source)} · {formatCount(summary.recordCount)}{' '}
          {summary.recordCount === 1 ? 'record' : 'records'}
          {placeOfMention(summary) && ` · ${placeOfMention(summary)}`}
          {summary.listedValue !== null && ` · ${formatAmount(summary.listedValue)} listed`}
        </Text>
        {summary.reason && (
          <Text size="sm" mt={6}>
            {summary.reason}
          </Text>
        )}
        {match && <Standing match={match} />}
      </div>
      {isPending ? (
        <div role="status" aria-label="Loading the candidates">
          <Skeleton height={260} radius={0} />
        </div>
      ) : error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : candidate === undefined ? (
        <Text size="sm" p="md">
          Nobody in the catalogue is near. Reject it, and it is a contractor of its own without UEI.
        </Text>
      ) : (
        <>
          <Candidates match={match} current={candidate} pick={setPicked} />
          <Comparison one="In the list" other={candidate.contractor.name} fields={candidate.fields} />
          {candidate.reasons.length > 0 && <Reasons reasons={candidate.reasons} />}
          <About candidate={candidate} match={match} />
        </>
      )}
      <Refusal error={review.error} mx="md" my="sm" />
      <div className={classes.actions} data-lower-edge>
        {summary.decidedAt === null && (
          <>
            <Button
              leftSection={<Icon name="check" size={16} />}
              disabled={candidate === undefined}
              loading={review.isBusy}
              onClick={review.accept}
            >
              {summary.status === 'accepted' ? 'Confirm' : 'Accept'}
            </Button>
            <Button variant="default" leftSection={<Icon name="close" size={16} />} onClick={review.askToReject}>
              Reject all
            </Button>
          </>
        )}
        {review.canUndo && (
          <Button variant="subtle" onClick={review.undo}>
            Undo the last
          </Button>
        )}
      </div>
    </section>
  )
}

function Standing({ match: { status, contractor, decidedBy, decidedAt } }: { match: MatchDetail }) {
  if (status === 'review' || status === 'new') return null
  return (
    <Group gap={8} mt={8}>
      <Badge variant="light" color={status === 'accepted' ? 'pine' : 'gray'} tt="none">
        {status === 'accepted' ? 'Accepted' : 'A vendor of its own'}
      </Badge>
      {contractor && (
        <Anchor component={PageLink} to={`/contractors/${contractor.id}`} size="sm">
          {contractor.name}
        </Anchor>
      )}
      <Text size="xs" c="dimmed">
        {decidedAt === null ? 'by the machine' : `by ${decidedBy}, ${formatTime(decidedAt)}`}
      </Text>
    </Group>
  )
}

function Candidates({ match, current, pick }: CandidatesProps) {
  return (
    <fieldset className={classes.candidates}>
      <legend>{match.candidates.length === 1 ? 'One candidate' : `${match.candidates.length} candidates`}</legend>
      {match.candidates.map(({ contractor, score }) => (
        <label key={contractor.id} className={classes.candidate}>
          <input
            type="radio"
            name={`candidates-of-${match.id}`}
            checked={contractor.id === current.contractor.id}
            onChange={() => pick(contractor.id)}
          />
          <span>{contractor.name}</span>
          <small>
            {[contractor.uei ?? 'No UEI', placeOf(contractor), formatScore(score)].filter(Boolean).join(' · ')}
          </small>
        </label>
      ))}
    </fieldset>
  )
}

type CandidatesProps = { match: MatchDetail; current: Candidate; pick: (id: string) => void }

function About({ candidate: { contractor }, match }: { candidate: Candidate; match: MatchDetail }) {
  return (
    <div style={{ padding: '4px 16px 14px' }}>
      <Text size="sm">
        <Anchor component={PageLink} to={`/contractors/${contractor.id}`} underline="always">
          {contractor.name}
        </Anchor>
        : {formatCount(contractor.awards)} {contractor.awards === 1 ? 'award' : 'awards'}
        {contractor.totalContractValue !== null && ` of ${formatAmount(contractor.totalContractValue)}`},{' '}
        {formatCount(contractor.records)} {contractor.records === 1 ? 'record' : 'records'}
        {contractor.mentions > 0 && `, ${formatCount(contractor.mentions)} texts found to be it`}.
      </Text>
      {match.awards.length > 0 && (
        <Text size="sm" c="dimmed" mt={4} style={{ overflowWrap: 'anywhere' }}>
          Listed:{' '}
          {match.awards
            .slice(0, 5)
            .map(award => award.piid)
            .join(', ')}
          {match.awards.length > 5 && ` and ${formatCount(match.awards.length - 5)} more`}
          {match.awards[0]?.agencyName && ` (${match.awards[0].agencyName})`}
        </Text>
      )}
    </div>
  )
}
