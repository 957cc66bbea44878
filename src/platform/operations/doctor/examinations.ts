import pg from 'pg'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Check, type CheckContext, severities } from '#platform/checks.ts'
import { json, type Queryable, sql, statementsOf } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { asAdministrator, prepareSession } from '../administration.ts'
import { errors } from '../errors.ts'
import { finding } from './findings.ts'

/** A finding with the check that made it. */
export const ReportedFinding = Type.Object({
  code: Type.String({ description: 'The check that has found it: `indexes.invalid`' }),
  title: Type.String(),
  severity: oneOf(severities),
  database: nullable(Type.String({ description: 'Of tenants, beside the main one: null for that' })),
  object: Type.String({ description: 'What it is about; with code and database it names the finding' }),
  message: Type.String(),
  advice: Type.String({ description: 'What to do: words, a command or SQL' }),
})
export type ReportedFinding = Static<typeof ReportedFinding>

export const Examination = Type.Object({
  id: uuid,
  startedAt: timestamp,
  milliseconds: Type.Integer(),
  findings: Type.Array(ReportedFinding, { description: 'The most severe first' }),
})
export type Examination = Static<typeof Examination>

/** All checks of the modules of this program; a code is declared once. */
export function checksOf({ modules }: Pick<App, 'modules'>): readonly Check[] {
  const checks = modules.flatMap(module => module.checks ?? [])
  const twice = checks.find(({ code }, index) => checks.findIndex(other => other.code === code) !== index)
  if (twice) throw new Error(`The check ${twice.code} is declared twice`)
  return checks
}

export type ExamineOptions = {
  /** Only this check, or those whose code begins with it: `indexes`. Refuses what no check begins with. */
  only?: string | undefined
  /** Only those that alarms are made from. */
  alarmsOnly?: boolean
  /** Told of each check before it runs. */
  progress?: (check: Check) => void
}

/**
 * Runs the checks on the main database and, those that are meant for each, on those that tenants have of their own. A
 * check that fails is a finding (`<code>` with the object `check`), and keeps no other from running.
 */
export async function examine(app: App, options: ExamineOptions = {}): Promise<ReportedFinding[]> {
  const { only, alarmsOnly, progress } = options
  const checks = checksOf(app).filter(({ code, isAlarm }) => {
    if (alarmsOnly && !isAlarm) return false
    return only === undefined || code === only || code.startsWith(`${only}.`)
  })
  if (checks.length === 0) throw errors.checkUnknown({ code: only })
  const found = await asAdministrator(
    app,
    (tx, isAdministrator) =>
      runChecks(
        checks,
        { app, tx, own: app.db.scoped({ system: true }), isAdministrator, database: undefined },
        progress,
      ),
    { name: 'commonhold doctor' },
  )
  const elsewhere = checks.filter(({ isEverywhere }) => isEverywhere)
  if (elsewhere.length > 0) found.push(...(await examineElsewhere(app, elsewhere)))
  return found.toSorted(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      a.code.localeCompare(b.code) ||
      (a.database ?? '').localeCompare(b.database ?? '') ||
      a.object.localeCompare(b.object),
  )
}

/** MT-17: a few databases at a time; one that is away is told by what waits for it. */
async function examineElsewhere(app: App, checks: readonly Check[]): Promise<ReportedFinding[]> {
  const { placements, placed } = app
  if (!placements || !placed) return []
  const names = new Map((await placements.list()).map(({ id, name }) => [id, name]))
  const found: ReportedFinding[] = []
  const waiting = [...names]
  const examineNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [id, name] = next
      try {
        const client = new pg.Client({ ...(await placements.adminOf(id)), connectionTimeoutMillis: 3_000 })
        client.on('error', () => {})
        try {
          await client.connect()
          await prepareSession(client, { name: 'commonhold doctor' })
          const tx = statementsOf(client)
          await placed.within(id, async it => {
            const own = it.scoped({ system: true })
            found.push(...(await runChecks(checks, { app, tx, own, isAdministrator: true, database: name })))
          })
        } finally {
          await client.end().catch(() => {})
        }
      } catch (error) {
        const { message } = error as Error
        found.push({
          code: 'databases.away',
          title: 'MT-17: databases of tenants that answer',
          database: name,
          ...finding(
            'critical',
            name,
            `The database ${name} does not answer: ${message}`,
            'Its tenants cannot work until it does.',
          ),
        })
      }
    }
  }
  await Promise.all([1, 2, 3, 4].map(examineNext))
  return found
}

async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
  progress?: (check: Check) => void,
): Promise<ReportedFinding[]> {
  const found: ReportedFinding[] = []
  for (const check of checks) {
    progress?.(check)
    const { code, title } = check
    try {
      for (const each of await check.run(context))
        found.push({ code, title, database: context.database ?? null, ...each })
    } catch (error) {
      const says = `It could not be looked at (${title}): ${(error as Error).message}`
      const advice =
        'Look whether the database answers, and whether the login of DATABASE_URL may read the catalog (pg_monitor).'
      found.push({ code, title, database: context.database ?? null, ...finding('warning', failedCheck, says, advice) })
    }
  }
  return found
}

/** The object of a finding that says that its check could not run. */
export const failedCheck = 'check'

/** Days for which examinations are kept. */
const keptDays = 90

/** Runs all checks and writes down what they have found, for the console. `own` in the system scope. */
export async function keepExamination(app: App, requestedBy?: string): Promise<Examination> {
  const began = performance.now()
  const findings = await examine(app)
  const milliseconds = Math.round(performance.now() - began)
  const own = app.db.scoped({ system: true })
  await own.run(sql`
    delete from operations.doctor_runs
    where started_at < now() - ${keptDays} * interval '1 day'`)
  return await own.one(sql<Examination>`
    insert into operations.doctor_runs (started_at, milliseconds, requested_by, findings)
    values (now() - ${milliseconds} * interval '1 millisecond', ${milliseconds}, ${requestedBy ?? null}, ${json(findings)})
    returning id, started_at, milliseconds, findings`)
}

/** The last time that all checks ran. */
export async function findLastExamination(own: Queryable): Promise<Examination | undefined> {
  return await own.maybe(sql<Examination>`
    select id, started_at, milliseconds, findings
    from operations.doctor_runs
    order by started_at desc
    limit 1`)
}
