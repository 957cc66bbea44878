// Searches take a core each, and up to 300 MB: how many there are at once in this process.

/** At most so many at once, and so many of one tenant, whatever he asks for. */
export class Turns {
  private readonly most: number
  private readonly mostOfOne: number
  private readonly taken = new Map<string, number>()
  private total = 0

  constructor({ most, mostOfOne }: { most: number; mostOfOne: number }) {
    this.most = most
    this.mostOfOne = mostOfOne
  }

  /** Undefined, and nothing is done, where all turns are taken. */
  async during<T>(tenantId: string, work: () => Promise<T>): Promise<T | undefined> {
    const mine = this.taken.get(tenantId) ?? 0
    if (this.total >= this.most || mine >= this.mostOfOne) return undefined
    this.total++
    this.taken.set(tenantId, mine + 1)
    try {
      return await work()
    } finally {
      this.total--
      const left = (this.taken.get(tenantId) ?? 1) - 1
      if (left > 0) this.taken.set(tenantId, left)
      else this.taken.delete(tenantId)
    }
  }
}
