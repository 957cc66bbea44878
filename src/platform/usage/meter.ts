import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import type { Meter } from '#platform/http'
import { errors } from './errors.ts'
import { countedSinceFlush, countUsage, flushEvery, startOfPeriod } from './flows.ts'

const requests = 'http.requests'
const bytes = 'http.bytes_sent'

/** Tenants beyond this forget the oldest; they are looked up again with their next request. */
const mostKnown = 50_000

/** `used` is what the database had when it was asked, and what this process has counted beside and since. */
type Standing = { quota: number | null; isHard: boolean; used: number; month: number; askedAt: number }

/**
 * Counts the requests of tenants and the bytes sent to them, and holds programs to the requests of their plan: refuses
 * with 429 until the month is over. From memory: each process asks the database at most every five seconds for each
 * tenant that comes, so that beside it others' requests of the last ten seconds or so may come through too much.
 */
export function createMeter(app: App): Meter {
  const known = new Map<string, Standing>()
  const asking = new Map<string, Promise<Standing>>()

  async function ask(tenantId: string, month: Date): Promise<Standing> {
    const askedAt = app.clock.now().getTime()
    const before = countedSinceFlush(app, tenantId, requests)
    const standing = await app.db
      .reads({ system: true })
      .one(sql<{ quota: number | null; isHard: boolean; used: number }>`
      select
        (select quota from usage.limits_of(${tenantId}) where metric_name = ${requests}) as quota,
        coalesce((select is_hard from usage.limits_of(${tenantId}) where metric_name = ${requests}), false) as is_hard,
        usage.used_in(${tenantId}, ${requests}, 'month', ${month}) as used`)
    // What was written between the two is counted twice until it is asked again, rather than not at all.
    const unwritten = Math.max(before, countedSinceFlush(app, tenantId, requests))
    const found = { ...standing, used: standing.used + unwritten, month: month.getTime(), askedAt }
    known.delete(tenantId)
    known.set(tenantId, found)
    for (const each of known.keys()) {
      if (known.size <= mostKnown) break
      known.delete(each)
    }
    return found
  }

  function askOnce(tenantId: string, month: Date): Promise<Standing> {
    const under = asking.get(tenantId)
    if (under) return under
    const asked = ask(tenantId, month).finally(() => asking.delete(tenantId))
    asking.set(tenantId, asked)
    return asked
  }

  return {
    async admit(tenantId) {
      const now = app.clock.now()
      const month = startOfPeriod('month', now)
      let standing = known.get(tenantId)
      if (standing === undefined || standing.month !== month.getTime()) standing = await askOnce(tenantId, month)
      else if (now.getTime() - standing.askedAt > flushEvery) askOnce(tenantId, month).catch(() => {})

      const { quota, isHard, used } = standing
      if (quota === null) {
        countUsage(app, tenantId, requests, 1)
        return undefined
      }
      const next = startOfPeriod('month', new Date(month.getTime() + 32 * 86_400_000))
      const seconds = Math.ceil((next.getTime() - now.getTime()) / 1000)
      const policy = `"month";q=${quota};w=${Math.round((next.getTime() - month.getTime()) / 1000)}`
      const left = quota - used
      if (isHard && left < 1) {
        const rateLimit = `"month";r=0;t=${seconds}`
        throw errors.monthlyQuotaExceeded({
          metric: requests,
          what: 'requests by programs',
          limit: quota,
          used,
          retryAfter: seconds,
          rateLimit,
        })
      }
      countUsage(app, tenantId, requests, 1)
      standing.used += 1
      return { policy, item: `"month";r=${Math.max(left - 1, 0)};t=${seconds}` }
    },
    sent(tenantId, count) {
      if (count > 0) countUsage(app, tenantId, bytes, count)
    },
  }
}
