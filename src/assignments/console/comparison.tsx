import { Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ErrorState, formatCount, ScrollRegion } from '#platform/console'
import { useFirst } from './found-rows.tsx'
import { Numbers } from './numbers.tsx'
import { effectInWords, points } from './round-words.ts'
import { comparisonQuery } from './rounds.ts'
import type { Domain } from './wire-types.ts'

/** Who is where in one plan and in the other: those alone who move, and what it does to the whole. */
export function PlanComparison({ roundId, asked, domain, names }: PlanComparisonProps) {
  const { data, error, refetch } = useQuery(comparisonQuery(roundId, asked))
  const { shown, more } = useFirst(data?.changes ?? [], 100)
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label="Comparing">
        <Skeleton height={80} />
      </div>
    )
  }
  const { changes, from, to, fairness } = data
  const gini = (value: number | null) => (value === null ? 'not known' : value.toFixed(3))
  const { participant } = domain.words
  return (
    <div>
      <Text size="sm" mb="xs">
        {changes.length === 0
          ? 'Nobody moves: both are the same.'
          : `${formatCount(changes.length)} ${changes.length === 1 ? `${participant.singular} moves` : `${participant.plural} move`}, everybody else stays. `}
        {changes.length > 0 && effectInWords({ costBefore: from.cost, costAfter: to.cost })}
      </Text>
      {to.faults > 0 && (
        <Text size="sm" mb="xs">
          {`“${names[1]}” breaks ${to.faults === 1 ? 'a rule' : `${formatCount(to.faults)} rules`} of today.`}
        </Text>
      )}
      {changes.length > 0 && (
        <ScrollRegion label="Who moves">
          <table className="data">
            <thead>
              <tr>
                <th>Who</th>
                <th>{names[0]}</th>
                <th>{names[1]}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(change => (
                <tr key={change.participantId}>
                  <td>{change.name}</td>
                  <td>{listOf(change.from)}</td>
                  <td>{listOf(change.to)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      {more}
      <Numbers
        rows={[
          [`Cost, ${names[0]}`, from.cost === null ? 'not known' : points(from.cost)],
          [`Cost, ${names[1]}`, to.cost === null ? 'not known' : points(to.cost)],
          ['Unevenness of the work (Gini), before', gini(fairness.from.gini)],
          ['Unevenness of the work (Gini), afterwards', gini(fairness.to.gini)],
        ]}
      />
    </div>
  )
}

type PlanComparisonProps = {
  roundId: string
  asked: { from: number; to: number } | { run: string }
  domain: Domain
  /** What the two are called above their columns. */
  names: readonly [string, string]
}

const listOf = (targets: readonly { name: string }[]) => targets.map(({ name }) => name).join(', ') || 'free'
