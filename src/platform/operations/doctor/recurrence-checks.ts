import type { Check } from '#platform/checks.ts'
import { sql } from '#platform/database'
import { longestPause } from '#platform/jobs'
import { ageInDays } from '../ages.ts'
import { finding, timeInWords } from './findings.ts'

/** Beyond two pauses: what comes each minute may wait for a program that is started again. */
const graceSeconds = 2 * 3_600

export const recurrenceChecks: readonly Check[] = [
  {
    code: 'jobs.overdue',
    title: 'Work that recurs, and has not come for long or never',
    isAlarm: true,
    async run({ app, own }) {
      const pauses = new Map(
        app.modules
          .flatMap(({ jobs = [] }) => jobs)
          .flatMap(({ name, cron }) => (cron === undefined ? [] : [[name, longestPause(cron)] as const])),
      )
      const installedSeconds = (await ageInDays(own)) * 86_400
      // A job of a new version has a queue of its own since then, and what was done is kept for three pauses.
      const rows = await own.run(sql<{ name: string; seconds: number | null; isNew: boolean }>`
        select
          wanted.name,
          extract(epoch from now() - greatest(queue.created_on, last.at))::float8 as seconds,
          last.at is null as is_new
        from unnest(${[...pauses.keys()]}::text[]) as wanted (name)
        left join jobs.queue on queue.name = wanted.name
        left join (
          select name, max(coalesce(completed_on, started_on, created_on)) as at
          from jobs.job
          where name = any(${[...pauses.keys()]})
          group by name
        ) as last on last.name = wanted.name`)
      const late = rows
        .map(({ name, seconds, isNew }) => ({ name, isNew, seconds: seconds ?? installedSeconds }))
        .filter(({ name, seconds }) => seconds > 2 * (pauses.get(name) as number) + graceSeconds)
        .toSorted((a, b) => b.seconds - a.seconds || a.name.localeCompare(b.name))
      if (late.length === 0) return []
      const told = late
        .slice(0, 5)
        .map(({ name, isNew, seconds }) => `${name} (${isNew ? 'never, in' : 'for'} ${timeInWords(seconds)})`)
      const more = late.length > told.length ? ` and ${late.length - told.length} more` : ''
      const what =
        late.length === 1 ? 'One kind of work that recurs has' : `${late.length} kinds of work that recur have`
      return [
        finding(
          'warning',
          '',
          `${what} not come for long: ${told.join(', ')}${more}.`,
          'See that a program runs jobs (commonhold start, or commonhold worker): what is due comes at its next time then.',
        ),
      ]
    },
  },
]
