import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import type { Meter } from '#platform/http'
import { errors } from './errors.ts'
import { countedSinceFlush, countUsage, flushEvery, startOfPeriod } from './flows.ts'

const requests = 'http.requests'
const bytes = 'http.bytes_sent'
const metered = [requests, bytes]
const words = new Map([
  [requests, 'requests by programs'],
  [bytes, 'bytes'],
])

/** Tenants beyond this forget the oldest; they are looked up again with their next request. */
const mostKnown = 50_000

/** `used` is what the database had when it was asked, and what this process has counted beside and since. */
type Standing = { metric: string; quota: number | null; isHard: boolean; used: number }
type Known = { standings: Map<string, Standing>; month: number; askedAt: number }

/**
 * Counts the requests of tenants and the bytes sent to them, and holds programs to what their plan allows in a month:
 * refuses with 429 until it is over. From memory: each process asks the database at most every five seconds for each
 * tenant that comes, so that beside it others' requests of the last ten seconds or so may come through too much.
 */
export function createMeter(app: App): Meter {
  const known = new Map<string, Known>()
  const asking = new Map<string, Promise<Known>>()

  async function ask(tenantId: string, month: Date): Promise<Known> {
    const askedAt = app.clock.now().getTime()
    const before = metered.map(metric => countedSinceFlush(app, tenantId, metric))
    const rows = await app.db.reads({ system: true }).run(sql<Standing>`
      select metric, allowed.quota, coalesce(allowed.is_hard, false) as is_hard,
        usage.used_in(${tenantId}, metric, 'month', ${month}) as used
      from unnest(${metered}::text[]) with ordinality as metered (metric, position)
      left join usage.limits_of(${tenantId}) as allowed on allowed.metric_name = metric
      order by position`)
    // What was written between the two is counted twice until it is asked again, rather than not at all.
    rows.forEach((row, index) => {
      row.used += Math.max(before[index] ?? 0, countedSinceFlush(app, tenantId, row.metric))
    })
    const found = { standings: new Map(rows.map(row => [row.metric, row])), month: month.getTime(), askedAt }
    known.delete(tenantId)
    known.set(tenantId, found)
    for (const each of known.keys()) {
      if (known.size <= mostKnown) break
      known.delete(each)
    }
    return found
  }

  function askOnce(tenantId: string, month: Date): Promise<Known> {
    const under = asking.get(tenantId)
    if (under) return under
    const asked = ask(tenantId, month).finally(() => asking.delete(tenantId))
    asking.set(tenantId, asked)
    return asked
  }

  function count(tenantId: string, metric: string, amount: number): void {
    countUsage(app, tenantId, metric, amount)
    const standing = known.get(tenantId)?.standings.get(metric)
    if (standing) standing.used += amount
  }

  return {
    async admit(tenantId) {
      const now = app.clock.now()
      const month = startOfPeriod('month', now)
      let found = known.get(tenantId)
      if (found === undefined || found.month !== month.getTime()) found = await askOnce(tenantId, month)
      // A failure is met by the next who has to wait for the answer, and by the request itself.
      else if (now.getTime() - found.askedAt > flushEvery) askOnce(tenantId, month).catch(() => {})

      const next = startOfPeriod('month', new Date(month.getTime() + 32 * 86_400_000))
      const seconds = Math.ceil((next.getTime() - now.getTime()) / 1000)
      for (const { metric, quota, isHard, used } of found.standings.values()) {
        if (quota === null || !isHard || used < quota) continue
        const details = { metric, limit: quota, used, what: words.get(metric), retryAfter: seconds }
        throw errors.monthlyQuotaExceeded({ ...details, rateLimit: `"month";r=0;t=${seconds}` })
      }
      count(tenantId, requests, 1)
      const { quota = null, used = 0 } = found.standings.get(requests) ?? {}
      if (quota === null) return undefined
      return {
        policy: `"month";q=${quota};w=${Math.round((next.getTime() - month.getTime()) / 1000)}`,
        item: `"month";r=${Math.max(quota - used, 0)};t=${seconds}`,
      }
    },
    sent(tenantId, amount) {
      if (amount > 0) count(tenantId, bytes, amount)
    },
  }
}
