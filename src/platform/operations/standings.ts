import { statfs } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { auditState } from '#platform/audit'
import { type Queryable, type Statements, sql } from '#platform/database'
import { nullable, oneOf, timestamp } from '#platform/http'
import { ageInDays, firstNightDays } from './ages.ts'
import { receiverName } from './backups/receiver.ts'
import { overdueDays, readState } from './backups/state.ts'
import { findLastExamination } from './doctor/examinations.ts'
import { bytesInWords, timeInWords } from './doctor/findings.ts'
import { readReplication } from './health/replication.ts'
import { listLastRuns } from './maintenance/runs.ts'
import { listLastRetention } from './retention/runs.ts'

const areas = ['backups', 'drill', 'audit', 'doctor', 'retention', 'maintenance', 'jobs', 'disk', 'replicas'] as const

/** How one thing is that an operator asks for in the morning. */
export const Standing = Type.Object({
  area: oneOf(areas),
  status: {
    ...oneOf(['well', 'to_come', 'attention', 'fault', 'unknown']),
    description:
      '`to_come`: in the first week of an installation, what has not had its first time yet; `unknown` where it could not be asked',
  },
  message: Type.String(),
  at: { ...nullable(timestamp), description: 'When it was done last' },
})
export type Standing = Static<typeof Standing>
type Answer = Omit<Standing, 'area'>
type Asked = { app: App; own: Queryable; tx: Statements; ageDays: Promise<number> }

/** Each recurring task has had its first time by then, weekly ones too. */
const youngDays = 8
const well = (message: string, at: Date | null = null): Answer => ({ status: 'well', message, at })
const attention = (message: string, at: Date | null = null): Answer => ({ status: 'attention', message, at })
const fault = (message: string, at: Date | null = null): Answer => ({ status: 'fault', message, at })

/** What was never done: a step to come at first, and later something to look at. */
const never = async ({ ageDays }: Asked, step: string, later: string): Promise<Answer> =>
  (await ageDays) < youngDays ? { status: 'to_come', message: step, at: null } : attention(later)

/** All of them, in the order in which they are read. `tx` as the administrator. What cannot be asked keeps no other from it. */
export async function readStandings(given: Omit<Asked, 'ageDays'>): Promise<Standing[]> {
  const asked = { ...given, ageDays: ageInDays(given.own) }
  // Told by each that asks for it.
  asked.ageDays.catch(() => {})
  const backups = readBackups(asked)
  const answers: Readonly<Record<Standing['area'], () => Promise<Answer>>> = {
    backups: async () => (await backups).backups,
    drill: async () => (await backups).drill,
    audit: () => readAudit(asked),
    doctor: () => readDoctor(asked),
    retention: () => readRetention(asked),
    maintenance: () => readMaintenance(asked),
    jobs: () => readJobs(asked),
    disk: () => readDisk(asked),
    replicas: () => readReplicas(asked),
  }
  // Unheard of here, and told by both that ask for it.
  backups.catch(() => {})
  const standings: Standing[] = []
  for (const area of areas) {
    const answer = await answers[area]().catch(
      (error: Error): Answer => ({ status: 'unknown', message: `Could not be asked: ${error.message}`, at: null }),
    )
    standings.push({ area, ...answer })
  }
  return standings
}

async function readBackups(asked: Asked): Promise<{ backups: Answer; drill: Answer }> {
  const { status, adapter, concerns, lastBackupAt, lastDrill: last, chains } = await readState(asked.app)
  const at = lastBackupAt === null ? null : new Date(lastBackupAt)
  const [said] = concerns.filter(({ object }) => object !== 'drill').map(({ message }) => message)
  const isToCome =
    adapter === 'own' && chains.length === 0 && concerns.length > 0 && concerns.every(({ isMishap }) => !isMishap)
  const backups: Answer =
    isToCome && (await asked.ageDays) < firstNightDays
      ? { status: 'to_come', message: said ?? '', at }
      : status === 'unprotected'
        ? fault(said ?? 'The database is not protected.', at)
        : said !== undefined
          ? attention(said, at)
          : well('Made, read again, and every change is received.', at)
  if (adapter !== 'own')
    return { backups, drill: attention(`Backups are made elsewhere (${adapter}): try a restore there.`) }
  if (!last) {
    const step = 'On Sunday a restore is tried by itself; commonhold backup drill does it now.'
    const later = chains.length > 0 ? 'No restore was ever tried.' : 'It needs a backup first.'
    return { backups, drill: await never(asked, step, later) }
  }
  const days = overdueDays(last, asked.app.clock.now())
  const drill =
    last.state === 'failed'
      ? fault(last.failure ?? 'It has failed.', last.finishedAt)
      : days !== undefined
        ? attention(`The last one is ${days} days old.`, last.finishedAt)
        : well('The copy came up, and its rows were those of the server.', last.finishedAt)
  return { backups, drill }
}

async function readAudit(asked: Asked): Promise<Answer> {
  const { lagSeconds, checkpoint, verification } = await auditState(asked.own)
  const at = verification?.endedAt ?? null
  if (verification && !verification.isSound) return fault('The last verification has found that it was altered.', at)
  if (lagSeconds > 60) return fault(`Entries wait for their seal for ${timeInWords(lagSeconds)}.`, at)
  if (!verification) {
    const step = 'Sealed. It is verified by itself at night; commonhold audit verify does it now.'
    return await never(asked, step, 'Sealed, and never verified: commonhold audit verify.')
  }
  return well(
    checkpoint ? `Sealed to within ${Math.ceil(lagSeconds)} s; verified without a fault.` : 'Verified without a fault.',
    at,
  )
}

async function readDoctor(asked: Asked): Promise<Answer> {
  const last = await findLastExamination(asked.own)
  if (!last)
    return await never(
      asked,
      'It comes by itself every night; Run all checks does it now.',
      'Nothing was examined yet.',
    )
  const count = (severity: string) => last.findings.filter(each => each.severity === severity).length
  const [critical, warning] = [count('critical'), count('warning')]
  if (critical > 0) return fault(`${critical} critical, ${warning} warnings.`, last.startedAt)
  if (warning > 0) return attention(`${warning} ${warning === 1 ? 'warning' : 'warnings'}.`, last.startedAt)
  return well('Nothing wants a hand.', last.startedAt)
}

async function readRetention(asked: Asked): Promise<Answer> {
  const runs = await listLastRetention(asked.own)
  const failed = runs.filter(({ status }) => status === 'failed')
  const at = latestOf(runs.map(({ startedAt }) => startedAt))
  if (failed[0]) return fault(`${failed[0].declaration}: ${failed[0].reason}`, at)
  if (at === null)
    return await never(
      asked,
      'Tonight what is old enough goes for the first time.',
      'Not done yet: a worker does it at night.',
    )
  if (isOlder(at, 2)) return fault('Not done for more than two days: see that a worker runs.', at)
  const gone = runs.reduce((sum, { removed, archived }) => sum + removed + archived, 0)
  return well(gone === 0 ? 'Nothing was due.' : `${gone.toLocaleString('en-US')} rows went the last time.`, at)
}

async function readMaintenance(asked: Asked): Promise<Answer> {
  const runs = await listLastRuns(asked.own)
  const failed = runs.filter(({ status }) => status === 'failed')
  const at = latestOf(runs.filter(({ status }) => status === 'done').map(({ startedAt }) => startedAt))
  if (failed[0]) return fault(`${failed[0].task}: ${failed[0].reason}`, at)
  const put = runs.find(({ status, tries }) => status === 'skipped' && tries > 24)
  if (put) return attention(`${put.task} was put off ${put.tries} times: ${put.reason}`, at)
  if (at !== null) return well('As it should be.', at)
  return await never(
    asked,
    'Tonight the tables are vacuumed for the first time.',
    'Nothing was done yet: a worker looks every half hour.',
  )
}

async function readJobs({ own }: Asked): Promise<Answer> {
  const { failed, late } = await own.one(sql<{ failed: number; late: number }>`
    select
      count(*) filter (where state = 'failed' and completed_on > now() - interval '1 day')::integer as failed,
      count(*) filter (
        where state in ('created', 'retry')
          and start_after < now() - interval '15 minutes'
      )::integer as late
    from jobs.job`)
  if (late > 0) return fault(`${late} ${late === 1 ? 'job is' : 'jobs are'} due for more than 15 minutes.`)
  if (failed > 0) return attention(`${failed} failed for good in the last day.`)
  return well('None has failed in the last day, none is late.')
}

async function readDisk({ app }: Asked): Promise<Answer> {
  const directory = app.administration?.dataDirectory ?? String(app.config.dataDir)
  const disk = await statfs(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  // With a server elsewhere there may be none yet.
  if (!disk) return well('Nothing is kept on this machine yet.')
  const { bavail, bsize, blocks } = disk
  const [free, all] = [bavail * bsize, blocks * bsize]
  const message = `${bytesInWords(free)} of ${bytesInWords(all)} are free.`
  if (free < all * 0.05 || free < 0.5e9) return fault(message)
  return free < all * 0.1 || free < 2e9 ? attention(message) : well(message)
}

async function readReplicas({ tx }: Asked): Promise<Answer> {
  const { standbys, slots } = await readReplication(tx)
  const lost = slots.find(({ walStatus }) => walStatus === 'lost' || walStatus === 'unreserved')
  if (lost) return fault(`The slot ${lost.name} is losing what it needs.`)
  // What receives WAL for the backups streams as well.
  const others = standbys.filter(({ name, state }) => state === 'streaming' && name !== receiverName)
  const slow = others.find(({ lagBytes }) => lagBytes > 512 * 2 ** 20)
  if (slow) return attention(`${slow.name} is ${bytesInWords(slow.lagBytes)} behind.`)
  return well(others.length === 0 ? 'None is connected.' : `${others.length} connected, and none is far behind.`)
}

const latestOf = (times: readonly Date[]): Date | null =>
  times.reduce<Date | null>((last, at) => (last && last > at ? last : at), null)

const isOlder = (at: Date, days: number): boolean => Date.now() - at.getTime() > days * 86_400_000
