import { findTrackingFaults } from '#platform/audit'
import type { Check } from '#platform/checks.ts'
import { readMigrationStatus, sql } from '#platform/database'
import { listFailingOutboxes } from '#platform/tenancy'
import { ageInDays } from '../ages.ts'
import { findTask, tasks } from '../maintenance/tasks.ts'
import { listLastRetention } from '../retention/runs.ts'
import { finding, timeInWords } from './findings.ts'

export const programChecks: readonly Check[] = [
  {
    code: 'migrations.pending',
    title: 'Migrations that are not applied, or not as they are written',
    async run({ app }) {
      if (!app.administration) return []
      const { migrations, repeatables, faults } = await readMigrationStatus({ admin: app.administration.admin })
      const pending = [...migrations, ...repeatables].filter(({ state }) => state !== 'applied').length - faults.length
      return [
        ...(pending > 0
          ? [
              finding(
                'critical',
                'pending',
                `${pending} migrations of this program are not applied.`,
                'commonhold db up',
              ),
            ]
          : []),
        ...faults.map(fault =>
          finding('critical', fault.split(' ')[0] ?? '', fault, 'commonhold db status; commonhold db drift'),
        ),
      ]
    },
  },
  {
    code: 'audit.tracking',
    title: 'GG-19: tables whose changes the audit log does not get as it should',
    isEverywhere: true,
    run: async ({ own }) =>
      (await findTrackingFaults(own)).map(fault =>
        finding('critical', fault.split(/[: ]/)[0] ?? '', `${fault}.`, 'Call audit.track of it again, in a migration.'),
      ),
  },
  {
    code: 'jobs.waiting',
    title: 'Work that nobody takes up',
    isAlarm: true,
    async run({ own }) {
      const rows = await own.run(sql<{ name: string; count: number; seconds: number }>`
        select name, count(*)::integer as count, max(extract(epoch from now() - start_after))::float8 as seconds
        from jobs.job
        where state in ('created', 'retry')
          and start_after < now() - interval '15 minutes'
        group by name
        order by 3 desc`)
      return rows.map(({ name, count, seconds }) =>
        finding(
          seconds > 7_200 ? 'critical' : 'warning',
          name,
          `${count} ${count === 1 ? 'job' : 'jobs'} ${name} are due for up to ${timeInWords(seconds)}.`,
          'See that a program runs jobs (commonhold start, or commonhold worker), and how long each takes in its log.',
        ),
      )
    },
  },
  {
    code: 'jobs.failed',
    title: 'Work that has failed for good in the last day',
    isAlarm: true,
    async run({ own }) {
      const rows = await own.run(sql<{ name: string; count: number; message: string | null }>`
        select name, count(*)::integer as count, (array_agg(output ->> 'message' order by completed_on desc))[1] as message
        from jobs.job
        where state = 'failed'
          and completed_on > now() - interval '1 day'
        group by name
        order by name`)
      return rows.map(({ name, count, message }) =>
        finding(
          'warning',
          name,
          `${count} ${count === 1 ? 'job' : 'jobs'} ${name} failed for good${message ? `, the last because: ${message.slice(0, 200)}` : ''}.`,
          'The log of the worker has the whole error; a job that recurs comes by itself again.',
        ),
      )
    },
  },
  {
    code: 'outboxes.failing',
    title: "MT-17: work in tenants' own databases that is not taken over",
    isAlarm: true,
    run: async ({ own }) =>
      (await listFailingOutboxes(own)).map(({ name, seconds, lastError }) =>
        finding(
          seconds > 7_200 ? 'critical' : 'warning',
          name,
          `Work in the database ${name} is not taken over for ${timeInWords(seconds)}: ${lastError}`,
          'See that this database answers; what waits there is taken over as soon as it does.',
        ),
      ),
  },
  {
    code: 'retention.failed',
    title: 'GG-16: what is not kept for ever, and did not go',
    isAlarm: true,
    async run({ own }) {
      const failed = (await listLastRetention(own)).filter(({ status }) => status === 'failed')
      return failed.map(({ declaration, databaseName, reason }) =>
        finding(
          'warning',
          `${declaration}${databaseName === null ? '' : ` of ${databaseName}`}`,
          `The last retention of ${declaration} has failed: ${reason}`,
          `commonhold retention run ${declaration}, or the page Operations, Retention.`,
        ),
      )
    },
  },
  {
    code: 'maintenance.overdue',
    title: 'PE-10: maintenance that has failed, or has not been done for long',
    isAlarm: true,
    async run({ app, own }) {
      const databases = (await app.placements?.list()) ?? []
      const places = new Set(databases.map(({ name }) => name))
      const rows = await own.run(sql<{
        task: string
        databaseName: string | null
        status: string
        reason: string | null
        days: number
      }>`
        -- Of what was never done the row that counts how often it was skipped, since the first time.
        select distinct on (task, database_name)
          task,
          database_name,
          status,
          reason,
          (extract(epoch from now() - started_at) / 86400)::float8 as days
        from operations.maintenance_runs
        where status <> 'running'
        order by task, database_name, status = 'skipped', started_at desc`)
      const say = (task: string, place: string, what: string) => [
        finding('warning', `${task}${place}`, what, `commonhold maintenance run ${task}`),
      ]
      const done = rows.flatMap(({ task, databaseName, status, reason, days }) => {
        // Of a database that is no more the last run stays.
        if (databaseName !== null && !places.has(databaseName)) return []
        const place = placeOf(databaseName)
        const every = findTask(task)?.every
        // Of a task that is no more the last run stays: after two months nobody is told of it any more.
        if (status === 'failed' && days < 62) return say(task, place, `The last ${task}${place} has failed: ${reason}`)
        if (every === undefined || days <= 2 * daysOf[every]) return []
        const whole = Math.floor(days)
        return status === 'skipped'
          ? say(
              task,
              place,
              `No ${task}${place} was done in ${whole} days, and one is due each ${every}; skipped because: ${reason}`,
            )
          : say(task, place, `The last ${task}${place} is ${whole} days old, and one is due each ${every}.`)
      })
      const isKnown = new Set(rows.map(({ task, databaseName }) => `${task}${placeOf(databaseName)}`))
      const now = app.clock.now().getTime()
      const ages = [
        { place: placeOf(null), days: await ageInDays(own) },
        ...databases.map(({ name, createdAt }) => ({
          place: placeOf(name),
          days: (now - createdAt.getTime()) / 86_400_000,
        })),
      ]
      const never = ages.flatMap(({ place, days }) =>
        tasks
          .filter(({ name, every }) => days > 2 * daysOf[every] && !isKnown.has(`${name}${place}`))
          .flatMap(({ name, every }) =>
            say(
              name,
              place,
              `No ${name}${place} was ever done in ${Math.floor(days)} days, and one is due each ${every}: see that a worker runs.`,
            ),
          ),
      )
      return [...done, ...never]
    },
  },
  {
    code: 'alarms.address',
    title: 'Whether alarms can be told elsewhere',
    async run({ app }) {
      if (!app.config.alarmUrl || app.config.alarmSecret) return []
      return [
        finding(
          'warning',
          'COMMONHOLD_ALARM_SECRET',
          'COMMONHOLD_ALARM_URL is set, but no secret to sign with: nothing is sent there.',
          'Set COMMONHOLD_ALARM_SECRET to whsec_ and 32 random bytes in base64.',
        ),
      ]
    },
  },
]

const daysOf = { day: 1, week: 7, month: 31 } as const

const placeOf = (databaseName: string | null) => (databaseName === null ? '' : ` in ${databaseName}`)
