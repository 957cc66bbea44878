import { explainAccess } from '#platform/access'
import { type App, mainApp } from '#platform/app.ts'
import { type Database, type Scope, sql } from '#platform/database'
import { getProfile } from '#platform/identity'
import { enqueue, type Job } from '#platform/jobs'
import { lastDigestMoment, notify } from '#platform/notifications'
import { listStandings } from '#platform/tenancy'
import { inCatalogue } from '../catalogue.ts'
import { todayFor } from '../days.ts'
import { findNewMatches, getRevision, type NewMatches } from './new-matches.ts'
import { getCheckedRevision, listSavedSearches, noteNewMatches, type SavedSearch, skipNews } from './saved-searches.ts'
import { getContractors } from './search.ts'

type Alert = Exclude<SavedSearch['alert'], 'never'>

const system = { system: true } as const

/** Local hour at which daily alerts are told. */
const alertHour = 7

/**
 * Looks whether the catalogue has changed since saved searches were held against it, and has those looked at whose
 * people want to be told at once. An import puts one of these into the queue with its rows; each minute one runs for what
 * else has changed contractors (a match accepted, a merge undone).
 */
export const tellAtOnce: Job = {
  name: 'contractors.tell-new-matches',
  description:
    'GG-06: has saved searches looked at whose people want to be told at once, when the catalogue has changed',
  cron: '* * * * *',
  async run(_data, app) {
    const revision = await getRevision(app.db.scoped({}))
    const waiting = await listAlerts(app, 'at_once')
    await enqueueFor(
      app,
      'at_once',
      waiting.filter(alert => alert.revision < revision),
    )
  },
}

/** Each quarter of an hour: those for whom it has become seven since they were last looked at. Zones have quarters too. */
export const tellDaily: Job = {
  name: 'contractors.tell-daily-matches',
  description: 'GG-06: has saved searches looked at whose people want to be told daily, at seven by their clocks',
  cron: '*/15 * * * *',
  async run(_data, app) {
    const now = app.clock.now()
    const waiting = await listAlerts(app, 'daily')
    const timezones = new Map<string, string>()
    const due: WaitingAlert[] = []
    for (const alert of waiting) {
      const { userId } = alert
      const timezone = timezones.get(userId) ?? (await getProfile(app.db.scoped(system), userId)).timezone
      timezones.set(userId, timezone)
      const last = lastDigestMoment({ timezone, digest: 'daily', digestHour: alertHour, digestWeekday: 1 }, now)
      if (last && alert.checkedAt < last) due.push(alert)
    }
    await enqueueFor(app, 'daily', due)
  },
}

/** What is new in the saved searches of one person: each told once, whoever is killed in between. */
export const tellPerson: Job<{ tenantId: string; userId: string; alert: Alert }> = {
  name: 'contractors.tell-person-of-matches',
  description: 'GG-06: tells a person what is new in his saved searches',
  async run({ tenantId, userId, alert }, app) {
    const scope = { tenantId, userId }
    if (!(await maySearch(app, tenantId, userId))) return await passOver(app, scope, alert)
    const searches = await listSavedSearches(app.db.scoped(scope))
    for (const saved of searches.filter(each => each.alert === alert)) await tell(app, scope, saved)
  },
}

type WaitingAlert = { tenantId: string; userId: string; revision: number; checkedAt: Date }

/** In the main database and in those of tenants; one that is away is looked at when it is back. */
async function listAlerts(app: App, alert: Alert): Promise<WaitingAlert[]> {
  const ask = (database: Database) =>
    database.scoped(system).run(sql<WaitingAlert>`select * from contractors.list_alerts(${alert})`)
  const found = await ask(app.db)
  const { placed, placements } = mainApp(app)
  for (const { id } of (await placements?.list()) ?? []) {
    try {
      found.push(...((await placed?.within(id, ask)) ?? []))
    } catch (err) {
      app.log.warn({ err, databaseId: id }, 'saved searches there cannot be looked at now')
    }
  }
  return found
}

async function enqueueFor(app: App, alert: Alert, waiting: readonly WaitingAlert[]): Promise<void> {
  const tenantIds = [...new Set(waiting.map(({ tenantId }) => tenantId))]
  const standings = await listStandings(mainApp(app), tenantIds)
  for (const { tenantId, userId } of waiting) {
    // For a closed workspace nothing is done, nor kept to be done: when it opens again, it is told what is new since.
    if (standings.get(tenantId) !== 'active') continue
    await enqueue(mainApp(app).db.scoped(system), tellPerson, { tenantId, userId, alert })
  }
}

/** Now, not when he saved it: he may have left, been suspended, or have another role. */
async function maySearch(app: App, tenantId: string, userId: string): Promise<boolean> {
  const tx = mainApp(app).db.scoped(system)
  for (const permission of ['contractors.profiles.read', 'contractors.searches.save']) {
    if (!(await explainAccess(tx, { userId, tenantId, permission })).isAllowed) return false
  }
  return true
}

/** What is new while he may not search, he is not told later either. */
async function passOver(app: App, scope: Scope, alert: Alert): Promise<void> {
  const revision = await getRevision(app.db.scoped(inCatalogue(scope)))
  await skipNews(app.db.scoped(scope), alert, revision)
}

async function tell(app: App, scope: { tenantId: string; userId: string }, saved: SavedSearch): Promise<void> {
  const since = await getCheckedRevision(app.db.scoped(scope), saved.id)
  const today = await todayFor(app, scope)
  const { found, names } = await app.db.transaction(inCatalogue(scope), async tx => {
    const found = await findNewMatches(tx, saved.search, since, today)
    const named = await getContractors(
      tx,
      found.matches.slice(0, 5).map(({ id }) => id),
    )
    return { found, names: named.map(({ name }) => name) }
  })
  await app.db.transaction(scope, async tx => {
    const isFirst = await noteNewMatches(tx, saved.id, since, found)
    if (isFirst && found.count > 0) await notify(app, tx, noticeOf(scope.userId, saved, found, names))
  })
}

function noticeOf(userId: string, { id, name, alert }: SavedSearch, { count }: NewMatches, names: readonly string[]) {
  const more = count - names.length
  return {
    userId,
    kind: alert === 'daily' ? 'contractors.search_matched_daily' : 'contractors.search_matched',
    title: `${count} new ${count === 1 ? 'contractor' : 'contractors'} in “${name}”`,
    message: [...names, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
    link: `/saved-searches/${id}` as const,
    data: { savedSearchId: id, count },
  }
}
