import { SegmentedControl, Skeleton } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { dayOf, ErrorState, formatCount, PageHeader, type Search, Total, Totals, useAddress } from '#platform/console'
import { DomainChoice, InDomain, readDomain } from './domain-choice.tsx'
import {
  evennessOf,
  type Fairness,
  fairnessQuery,
  formatGini,
  formatLoad,
  type Load,
  periodOf,
  readView,
  spans,
} from './fairness.ts'
import { GiniChart } from './gini-chart.tsx'
import { HeatMap } from './heat-map.tsx'
import { LoadChart } from './load-chart.tsx'
import { WeightsForm } from './weights-form.tsx'
import type { Domain } from './wire-types.ts'
import { capital, counted } from './words.ts'

/** How evenly the work of a domain falls to its people, and what decides about it. */
export function Page() {
  return <InDomain>{domain => <InFairness key={domain.id} domain={domain} />}</InDomain>
}

const readAddress = (search: Search) => ({ ...readDomain(search), ...readView(search) })

function InFairness({ domain }: { domain: Domain }) {
  const [{ span, by }, change] = useAddress(readAddress)
  const { participant, target } = domain.words
  const period = periodOf(span, dayOf(new Date().toISOString()))
  const { data, error, isPlaceholderData, refetch } = useQuery({
    ...fairnessQuery(domain.id, period),
    placeholderData: keepPreviousData,
  })
  return (
    <>
      <PageHeader
        title="Fairness"
        lead={`How evenly ${target.plural} fall to ${participant.plural}. What counts are only the rounds in which somebody could have been asked.`}
        actions={
          <>
            <DomainChoice />
            <SegmentedControl
              aria-label="How far back"
              size="sm"
              value={span}
              data={spans}
              onChange={value => change({ span: value })}
            />
          </>
        }
      />
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data ? (
        <div style={{ opacity: isPlaceholderData ? 0.6 : 1 }} aria-busy={isPlaceholderData}>
          <Summary fairness={data} domain={domain} />
          <LoadChart
            participants={data.rounds.length === 0 ? [] : data.participants}
            noun={capital(participant.singular)}
          />
          <GiniChart rounds={data.rounds} />
        </div>
      ) : (
        <div role="status" aria-label="Loading the loads">
          <Skeleton height={320} mb="md" />
        </div>
      )}
      <HeatMap
        domainId={domain.id}
        period={period}
        by={by}
        change={by => change({ by })}
        noun={capital(participant.singular)}
      />
      <WeightsForm domainId={domain.id} words={domain.words} />
    </>
  )
}

function Summary({ fairness: { participants, rounds, gini }, domain }: { fairness: Fairness; domain: Domain }) {
  const { participant } = domain.words
  const far = (pick: (a: Load, b: Load) => boolean) =>
    participants.reduce<Load | undefined>((found, each) => (!found || pick(each, found) ? each : found), undefined)
  const ahead = far((a, b) => a.balance > b.balance)
  const behind = far((a, b) => a.balance < b.balance)
  return (
    <Totals>
      <Total
        label="Altogether"
        value={rounds.length === 0 ? 'Nothing yet' : evennessOf(gini)}
        note={rounds.length === 0 ? '' : `Gini coefficient ${formatGini(gini)}`}
      />
      <Total
        label="Rounds"
        value={formatCount(rounds.length)}
        note={`with ${counted(participants.length, participant)}`}
      />
      {ahead && ahead.balance >= 0.05 && (
        <Total
          label="Furthest ahead"
          value={ahead.name}
          note={`${formatLoad(ahead.balance)} more than the fair share`}
        />
      )}
      {behind && behind.balance <= -0.05 && (
        <Total
          label="Furthest behind"
          value={behind.name}
          note={`${formatLoad(-behind.balance)} fewer than the fair share`}
        />
      )}
    </Totals>
  )
}
