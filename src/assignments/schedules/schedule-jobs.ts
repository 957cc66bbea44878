import { type App, mainApp } from '#platform/app.ts'
import { type Database, sql } from '#platform/database'
import { enqueue, type Job } from '#platform/jobs'
import { listStandings } from '#platform/tenancy'
import { runScheduleJob } from './schedule-runs.ts'
import { todayOf } from './schedules.ts'
import { addDays } from './turns.ts'

const system = { system: true } as const

type Due = { tenantId: string; scheduleId: string; dueOn: string | null; hasOpen: boolean }

export const planAhead: Job = {
  name: 'assignments.plan-ahead',
  description: 'VS-08: has rounds planned that schedules want by now, each by the day of its workspace',
  cron: '*/10 * * * *',
  async run(_data, app) {
    // Somewhere it is tomorrow already.
    const latest = addDays(app.clock.now().toISOString().slice(0, 10), 1)
    const due = await listDue(app, latest)
    const standings = await listStandings(mainApp(app), [...new Set(due.map(({ tenantId }) => tenantId))])
    for (const { tenantId, scheduleId, dueOn, hasOpen } of due) {
      if (standings.get(tenantId) !== 'active') continue
      if (!hasOpen && (dueOn === null || dueOn > (await todayOf(app, { tenantId })))) continue
      await enqueue(mainApp(app).db.scoped(system), runScheduleJob, { tenantId, scheduleId })
    }
  },
}

/** In the main database and in those of tenants; one that is away is looked at when it is back. */
async function listDue(app: App, day: string): Promise<Due[]> {
  const ask = (database: Database) =>
    database.scoped(system).run(sql<Due>`select * from assignments.list_due_schedules(${day})`)
  const { placed, placements } = mainApp(app)
  const found = await ask(mainApp(app).db)
  for (const { id } of (await placements?.list()) ?? []) {
    try {
      found.push(...((await placed?.within(id, ask)) ?? []))
    } catch (err) {
      app.log.warn({ err, databaseId: id }, 'schedules there cannot be looked at now')
    }
  }
  return found
}
