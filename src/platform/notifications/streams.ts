import type { App } from '#platform/app.ts'
import { onSignal, type Scope, sql } from '#platform/database'
import { EventStream } from '#platform/http'
import { errors } from './errors.ts'
import { columns, mostCounted, type Notification, shown, unreadCount } from './notifications.ts'
import { channel } from './signals.ts'

/** Windows of one person on one server, and of all; a window that gets none asks for the list from time to time. */
export const mostOfOne = 12
export const mostOfAll = 10_000
/** What a window has missed beyond these it finds in the list. */
const mostAtOnce = 50

type Listener = {
  stream: EventStream
  scope: Scope
  userId: string
  /** What it has been told is what this snapshot of the database sees. */
  snapshot: string | undefined
  isLooking: boolean
  lookAgain: boolean
}

/** The open windows of one running program. */
class Streams {
  private readonly app: App
  private readonly listeners = new Map<string, Set<Listener>>()
  private count = 0

  constructor(app: App) {
    this.app = app
    onSignal(app.db, channel, payload => this.hear(payload))
  }

  get open(): number {
    return this.count
  }

  /**
   * Tells a window what is new for its person in the tenant of `scope`, from now on or from where it had stopped
   * (`lastEventId`), and how many are unread.
   */
  async listen(userId: string, scope: Scope, lastEventId: string | undefined): Promise<EventStream> {
    const own = this.listeners.get(userId) ?? new Set()
    if (own.size >= mostOfOne || this.count >= mostOfAll) throw errors.tooManyStreams({ retryAfter: 60 })
    const stream = new EventStream()
    const snapshot = isSnapshot(lastEventId) ? lastEventId : undefined
    const listener: Listener = { stream, scope, userId, snapshot, isLooking: false, lookAgain: false }
    own.add(listener)
    this.listeners.set(userId, own)
    this.count++
    stream.on('close', () => {
      this.count--
      own.delete(listener)
      if (own.size === 0 && this.listeners.get(userId) === own) this.listeners.delete(userId)
    })
    await this.look(listener)
    return stream
  }

  private hear(payload: string | undefined): void {
    const userIds = payload === undefined || payload === '*' ? [...this.listeners.keys()] : payload.split(',')
    for (const userId of userIds) {
      for (const listener of this.listeners.get(userId) ?? []) void this.look(listener)
    }
  }

  /** However often it is called meanwhile, there is one look at a time and one after it. */
  private async look(listener: Listener): Promise<void> {
    listener.lookAgain = true
    if (listener.isLooking) return
    listener.isLooking = true
    try {
      while (listener.lookAgain && !listener.stream.destroyed) {
        listener.lookAgain = false
        await this.tellNews(listener)
      }
    } catch (err) {
      // It comes again, with what it was told last.
      this.app.log.warn({ err }, 'notifications cannot be read')
      listener.stream.finish()
    } finally {
      listener.isLooking = false
    }
  }

  /** What this snapshot sees and the one before did not: exactly once, in whatever order transactions were committed. */
  private async tellNews(listener: Listener): Promise<void> {
    const { stream, scope, userId, snapshot } = listener
    const tx = this.app.db.reads(scope)
    const now = await tx.one(sql<{ snapshot: string; unread: number; news: number }>`
      select
        pg_current_snapshot()::text as snapshot,
        ${unreadCount(userId)} as unread,
        ${snapshot === undefined ? sql`0` : sql`(select count(*)::integer from (${newsSince(userId, snapshot)}) as news)`} as news`)
    const news =
      snapshot !== undefined && now.news > 0
        ? await tx.run(sql<Notification>`
            select ${columns}
            from (${newsSince(userId, snapshot)}) as news
            where pg_visible_in_snapshot(transaction_id, ${now.snapshot}::pg_snapshot)
            order by id`)
        : []
    for (const notification of news) stream.tell({ event: 'notification', data: notification })
    const { unread } = now
    stream.tell({ event: 'unread', data: { unread, isCapped: unread === mostCounted }, id: idOf(now.snapshot) })
    listener.snapshot = now.snapshot
  }
}

const newsSince = (userId: string, snapshot: string) => sql`
  select *
  from notifications.notifications
  where ${shown(userId)}
    and created_at > now() - interval '1 day'
    and not pg_visible_in_snapshot(transaction_id, ${snapshot}::pg_snapshot)
  order by id desc
  limit ${mostAtOnce}`

/** Of a database with thousands of transactions under way it would be too long for a header: then it begins anew. */
const idOf = (snapshot: string) => (snapshot.length <= 2_000 ? snapshot : undefined)

/** As PostgreSQL writes it: xmin ≤ each of the list < xmax, in order. */
function isSnapshot(text: string | undefined): text is string {
  const [, xmin, xmax, list] = /^(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)$/.exec(text ?? '') ?? []
  if (text === undefined || text.length > 2_000 || xmin === undefined || xmax === undefined) return false
  const ids = list ? list.split(',').map(BigInt) : []
  const [first, last] = [BigInt(xmin), BigInt(xmax)]
  if (first < 1n || last < first || last >= 1n << 63n) return false
  return ids.every((id, index) => id >= first && id < last && (index === 0 || id > (ids[index - 1] as bigint)))
}

const running = new WeakMap<App['db'], Streams>()

/** The open windows of this program. */
export function streamsOf(app: App): Streams {
  let streams = running.get(app.db)
  if (!streams) {
    streams = new Streams(app)
    running.set(app.db, streams)
  }
  return streams
}
