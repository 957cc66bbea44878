import { Progress, Text, Title } from '@mantine/core'
import { useId } from 'react'
import { formatCount } from '#platform/console'
import { Ago } from './ago.tsx'
import type { Run } from './backups.ts'
import classes from './operations.module.css'
import { formatBytes, formatSeconds } from './operations.ts'

/** GG-20: how far a backup, a drill or a restore is. `now` by the clock of the program. */
export function RunningRun({ run, now, title }: { run: Run; now: string; title: string }) {
  const id = useId()
  const { progress, startedAt } = run
  const { bytes, expectedBytes, files, step } = progress ?? {}
  const share = bytes !== undefined && expectedBytes ? Math.min(1, bytes / expectedBytes) : undefined
  const left = share === undefined ? undefined : secondsLeft(run, share, now)
  return (
    <section className={`panel ${classes.findings}`} aria-labelledby={id}>
      <Title order={2} size="h4" id={id}>
        {title} under way
      </Title>
      <Progress
        value={share === undefined ? 100 : 100 * share}
        animated={share === undefined}
        aria-label={`${title}: how much is done`}
        my={8}
      />
      <Text size="sm">
        {[
          ...(step ? [step] : []),
          ...(share === undefined ? [] : [`${Math.floor(100 * share)} %`]),
          ...(bytes === undefined
            ? []
            : [expectedBytes ? `${formatBytes(bytes)} of about ${formatBytes(expectedBytes)}` : formatBytes(bytes)]),
          ...(files === undefined ? [] : [`${formatCount(files)} files`]),
        ].join(' · ') || 'It has begun.'}
      </Text>
      <Text size="sm" c="dimmed">
        Began <Ago at={startedAt} />
        {run.requestedBy && ` for ${run.requestedBy}`}
        {left !== undefined && `; about ${formatSeconds(left)} left`}
        {isSilent(run, now) && '. Nothing was heard of it for two minutes: its program may have been ended.'}
      </Text>
    </section>
  )
}

function secondsLeft({ startedAt }: Run, share: number, now: string): number | undefined {
  const passed = (Date.parse(now) - Date.parse(startedAt)) / 1000
  // Before that it is a guess.
  return share < 0.02 || passed < 2 ? undefined : Math.max(1, Math.round((passed * (1 - share)) / share))
}

const isSilent = ({ progress, startedAt }: Run, now: string) =>
  Date.parse(now) - Date.parse(progress?.at ?? startedAt) > 120_000
