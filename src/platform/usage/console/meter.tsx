import { Progress, Text } from '@mantine/core'
import { formatInstantDay } from '#platform/console'
import classes from './usage.module.css'
import { formatUsed, type Limit } from './usage.ts'

/** How much of a limit is used, and what happens at it. */
export function Meter({
  limit: { description, unit, kind, limit, used, share, isHard, isOwn, renewsAt },
}: {
  limit: Limit
}) {
  const percent = share === null ? 0 : Math.min(Math.floor(share * 100), 100)
  const color = percent >= 100 ? 'red' : percent >= 80 ? 'yellow' : undefined
  return (
    <div>
      <div className={classes.meterHead}>
        <span>{description}</span>
        <strong className="figures">
          {formatUsed(used, unit)}
          {limit !== null && ` of ${formatUsed(limit, unit)}`}
        </strong>
      </div>
      {limit !== null && (
        <Progress.Root size="md">
          <Progress.Section
            value={percent}
            {...(color && { color })}
            aria-label={`${description}: ${formatUsed(used, unit)} of ${formatUsed(limit, unit)}`}
          />
        </Progress.Root>
      )}
      <Text size="xs" c="dimmed" mt={6}>
        {limit === null
          ? kind === 'flow'
            ? 'In this month. No limit.'
            : 'No limit.'
          : `${consequence(kind, isHard, renewsAt)}${isOwn ? ' A limit made for this workspace.' : ''}`}
      </Text>
    </div>
  )
}

function consequence(kind: Limit['kind'], isHard: boolean, renewsAt: string | null): string {
  const monthly = renewsAt ? `Counted until ${formatInstantDay(renewsAt)}.` : ''
  if (!isHard) return `${monthly} Beyond it nothing is refused, the owners are told.`.trim()
  if (kind === 'gauge') return 'At the limit nothing can be added; what is there stays.'
  return `${monthly} At the limit further requests by programs are refused; this console is not affected.`
}
