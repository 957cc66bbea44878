import { Text } from '@mantine/core'
import { formatAmount, formatCompactAmount, formatCount } from '#platform/console'
import classes from './contractor.module.css'
import type { ContractorInFull } from './contractors.ts'

/** The sums of its awards at a glance. */
export function Figures({ contractor }: { contractor: ContractorInFull }) {
  const { totalContractValue, averageContractValue, activeContractsCount, completedContractsCount, awardCount } =
    contractor
  const undated = awardCount - activeContractsCount - completedContractsCount
  const amount = (value: string | null) =>
    value === null ? (
      <Text span c="dimmed" size="sm" fw={400}>
        not known
      </Text>
    ) : (
      <span title={formatAmount(value)}>{formatCompactAmount(value)}</span>
    )
  return (
    <dl className={classes.figures}>
      <div>
        <dt>Total obligated</dt>
        <dd>{amount(totalContractValue)}</dd>
      </div>
      <div>
        <dt>Average per award</dt>
        <dd>{amount(averageContractValue)}</dd>
      </div>
      <div>
        <dt>Active awards</dt>
        <dd>{formatCount(activeContractsCount)}</dd>
      </div>
      <div>
        <dt>Completed awards</dt>
        <dd>
          {formatCount(completedContractsCount)}
          {undated > 0 && (
            <Text size="xs" c="dimmed" fw={400} mt={2} component="div">
              and {formatCount(undated)} without a completion date
            </Text>
          )}
        </dd>
      </div>
    </dl>
  )
}
