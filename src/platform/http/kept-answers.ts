import type { Scope } from '#platform/database'

/** What a report has answered with. */
export type KeptAnswer = { text: string; etag: string | undefined; nextCursor: string | undefined }

/** Whose answer it is: `userId` where what he may see depends on who he is. */
export type KeptFor = { tenantId: string | undefined; userId: string | undefined; position: number | undefined }

/** How often a report was answered with what was kept, together with the same request at work, or anew. */
export type KeptCounts = { kept: number; shared: number; made: number }

type Entry = {
  key: string
  owners: readonly string[]
  /** It has all that was written up to there (`Seen.position`). */
  position: number
  making: Promise<KeptAnswer>
  isDropped: boolean
  answer?: KeptAnswer
  bytes: number
  madeAt: number
  timer?: NodeJS.Timeout
}

/** Of the entries of callers who are in no tenant. */
const noTenant = ''

/**
 * PE-12: answers of reports, kept in memory for some seconds, at most `most` bytes of them, the oldest out first. The same
 * request at the same time is made once. What fails is not kept. After a write in a tenant, or by a user, nothing is given
 * to them that was begun before it; writes of other processes are not known here, and are in the answers seconds later.
 */
export class KeptAnswers {
  private readonly most: number
  /** In the order in which they were begun. */
  private readonly entries = new Map<string, Entry>()
  private readonly owned = new Map<string, Set<Entry>>()
  private readonly given: KeptCounts = { kept: 0, shared: 0, made: 0 }
  private used = 0

  constructor(most: number) {
    this.most = most
  }

  get counts(): Readonly<KeptCounts> {
    return this.given
  }

  /** Bytes of memory that answers take now. */
  get bytes(): number {
    return this.used
  }

  /** The answer of `key`, which names all that it depends on, and how many seconds ago it was made. */
  async give(
    key: string,
    { tenantId, userId, position = 0 }: KeptFor,
    seconds: number,
    make: () => Promise<KeptAnswer>,
  ): Promise<{ answer: KeptAnswer; age: number }> {
    const known = this.entries.get(key)
    if (known && position <= known.position) {
      if (!known.answer) {
        this.given.shared++
        return { answer: await known.making, age: 0 }
      }
      this.given.kept++
      return { answer: known.answer, age: (performance.now() - known.madeAt) / 1_000 }
    }
    if (known) this.drop(known)
    this.given.made++
    const owners = [tenantId ?? noTenant, ...(userId === undefined ? [] : [userId])]
    const entry: Entry = { key, owners, position, making: make(), isDropped: false, bytes: 0, madeAt: 0 }
    this.entries.set(key, entry)
    for (const owner of owners) this.owned.set(owner, (this.owned.get(owner) ?? new Set()).add(entry))
    try {
      const answer = await entry.making
      this.keep(entry, answer, seconds)
      return { answer, age: 0 }
    } catch (error) {
      this.drop(entry)
      throw error
    }
  }

  /** Something was written under this scope. What is in nobody's name is everybody's, except for the platform's own. */
  noteWritten({ tenantId, userId, system }: Scope): void {
    if (this.entries.size === 0) return
    if (tenantId === undefined && userId === undefined) {
      if (!system) this.clear()
      return
    }
    this.dropOwned(tenantId ?? noTenant)
    if (userId !== undefined) this.dropOwned(userId)
  }

  clear(): void {
    for (const entry of this.entries.values()) this.drop(entry)
  }

  private keep(entry: Entry, answer: KeptAnswer, seconds: number): void {
    // A character takes two bytes unless all are Latin; the rest is what an entry takes besides, roughly.
    const bytes = 2 * (answer.text.length + entry.key.length) + 500
    if (entry.isDropped) return
    if (bytes > this.most) {
      this.drop(entry)
      return
    }
    Object.assign(entry, { answer, bytes, madeAt: performance.now() })
    this.used += bytes
    entry.timer = setTimeout(() => this.drop(entry), seconds * 1_000).unref()
    for (const oldest of this.entries.values()) {
      if (this.used <= this.most) break
      if (oldest.answer && oldest !== entry) this.drop(oldest)
    }
  }

  private dropOwned(owner: string): void {
    for (const entry of this.owned.get(owner) ?? []) this.drop(entry)
  }

  private drop(entry: Entry): void {
    if (entry.isDropped) return
    entry.isDropped = true
    clearTimeout(entry.timer)
    this.used -= entry.bytes
    this.entries.delete(entry.key)
    for (const owner of entry.owners) {
      const theirs = this.owned.get(owner)
      theirs?.delete(entry)
      if (theirs?.size === 0) this.owned.delete(owner)
    }
  }
}
