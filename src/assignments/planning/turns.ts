// Searches take a core each, and up to 300 MB: how many there are at once in this process.

type Waiting = { tenantId: string; begin: () => void }

/** At most so many at once, and so many of one tenant, whatever he asks for. Who comes later waits, in ms, as long as told. */
export class Turns {
  private readonly most: number
  private readonly mostOfOne: number
  private readonly longestWait: number
  private readonly taken = new Map<string, number>()
  private total = 0
  private readonly waiting: Waiting[] = []

  constructor({ most, mostOfOne, longestWait = 0 }: { most: number; mostOfOne: number; longestWait?: number }) {
    this.most = most
    this.mostOfOne = mostOfOne
    this.longestWait = longestWait
  }

  /** Undefined, and nothing is done, where no turn was to be had. */
  async during<T>(tenantId: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.isFree(tenantId)) this.take(tenantId)
    else if (!(await this.comes(tenantId))) return undefined
    try {
      return await work()
    } finally {
      this.giveBack(tenantId)
    }
  }

  private isFree(tenantId: string): boolean {
    return this.total < this.most && (this.taken.get(tenantId) ?? 0) < this.mostOfOne
  }

  private take(tenantId: string): void {
    this.total++
    this.taken.set(tenantId, (this.taken.get(tenantId) ?? 0) + 1)
  }

  /** False where it did not come in time. */
  private comes(tenantId: string): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const one: Waiting = {
      tenantId,
      begin: () => {
        clearTimeout(clock)
        resolve(true)
      },
    }
    const clock = setTimeout(() => {
      this.waiting.splice(this.waiting.indexOf(one), 1)
      resolve(false)
    }, this.longestWait)
    this.waiting.push(one)
    return promise
  }

  private giveBack(tenantId: string): void {
    this.total--
    const left = (this.taken.get(tenantId) ?? 1) - 1
    if (left > 0) this.taken.set(tenantId, left)
    else this.taken.delete(tenantId)
    const next = this.waiting.findIndex(each => this.isFree(each.tenantId))
    const [one] = next < 0 ? [] : this.waiting.splice(next, 1)
    if (!one) return
    this.take(one.tenantId)
    one.begin()
  }
}

/** Whoever is refused asks again within so many ms, if he still wants it. */
const asksAgainWithin = 30_000

/** A place that is held for long. Of the tenants who ask for it again and again, whoever had it longest ago gets it. */
export class LongPlace {
  private holder: string | undefined
  private readonly askedAt = new Map<string, number>()
  private readonly hadAt = new Map<string, number>()

  /** Whether it is his now. */
  take(tenantId: string, now = performance.now()): boolean {
    this.askedAt.set(tenantId, now)
    if (this.holder !== undefined) return false
    for (const [other, asked] of this.askedAt) {
      if (now - asked > asksAgainWithin) this.askedAt.delete(other)
      else if (this.lastOf(other) < this.lastOf(tenantId)) return false
    }
    this.askedAt.delete(tenantId)
    this.holder = tenantId
    return true
  }

  giveBack(now = performance.now()): void {
    if (this.holder !== undefined) this.hadAt.set(this.holder, now)
    this.holder = undefined
  }

  private lastOf(tenantId: string): number {
    return this.hadAt.get(tenantId) ?? Number.NEGATIVE_INFINITY
  }
}
