import { errors } from './errors.ts'

/** So many requests in so many seconds, named in the `RateLimit-Policy` header. */
export type Quota = { name: string; requests: number; seconds: number }

type Window = { taken: number; endsAt: number }

/** Callers beyond this forget the oldest: an attacker with many addresses may not fill the memory. */
const mostWindows = 50_000

/**
 * Counts requests in fixed windows, in the memory of this process: two servers allow twice as much, a restart forgets.
 * That is enough against floods; sign-in failures of an account are counted in the database, by accounts.
 */
export class RateLimits {
  private readonly windows = new Map<string, Window>()
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  /** Takes one request from the caller's quota and returns the `RateLimit` header's item, or refuses with 429. */
  take(quota: Quota, caller: string): string {
    const now = this.now()
    const key = `${quota.name} ${caller}`
    let window = this.windows.get(key)
    if (window === undefined || window.endsAt <= now) {
      window = { taken: 0, endsAt: now + quota.seconds * 1000 }
      // Deleted first, so that the map's order stays the order of the windows' ends.
      this.windows.delete(key)
      this.windows.set(key, window)
      this.forgetOldest(now)
    }
    window.taken += 1
    const seconds = Math.ceil((window.endsAt - now) / 1000)
    if (window.taken > quota.requests) {
      throw errors.tooManyRequests({ retryAfter: seconds, rateLimit: itemOf(quota, 0, seconds) })
    }
    return itemOf(quota, quota.requests - window.taken, seconds)
  }

  private forgetOldest(now: number): void {
    for (const [key, window] of this.windows) {
      if (window.endsAt > now && this.windows.size <= mostWindows) return
      this.windows.delete(key)
    }
  }
}

/** The `RateLimit-Policy` header of some quotas (draft-ietf-httpapi-ratelimit-headers). */
export function policyOf(quotas: readonly Quota[]): string {
  return quotas.map(({ name, requests, seconds }) => `"${name}";q=${requests};w=${seconds}`).join(', ')
}

/** Whom an address stands for: an IPv6 user has a whole /64. */
export function callerAt(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  return [...groups, ...Array<string>(Math.max(missing, 0)).fill('0'), ...(tail ? tail.split(':') : [])]
    .slice(0, 4)
    .join(':')
}

function itemOf(quota: Quota, remaining: number, seconds: number): string {
  return `"${quota.name}";r=${remaining};t=${seconds}`
}
