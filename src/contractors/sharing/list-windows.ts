import { randomUUID } from 'node:crypto'
import { type App, mainApp } from '#platform/app.ts'
import { onSignal, type Queryable, sendSignal, sql } from '#platform/database'
import { EventStream } from '#platform/http'
import { shareErrors } from './share-errors.ts'

/** Windows of one person on one server, and of all. */
const mostOfOne = 12
const mostOfAll = 10_000
/** What the triggers tell: the id of a list, and what of it has changed. */
const changes = 'contractor_lists'
/** Who is where, told by each server of its own windows, sealed: whoever may connect to the database can listen. */
const presences = 'contractor_list_presences'
const announceEvery = 15_000
const believedFor = 40_000
const mostNamed = 30

export type Watcher = {
  /** `user:<id>` or `share:<id>`. */
  key: string
  name: string
  /** Of a member without a name: `name` is his address, which guests do not learn. */
  isAddress?: boolean | undefined
  listId: string
  tenantId: string
  isGuest: boolean
  /** Whether he still sees the list: asked every few seconds, and at once when it has changed hands. */
  mayWatch: () => Promise<boolean>
  /** What he sees the list's rows by. */
  reads: Queryable
}

type Present = Pick<Watcher, 'key' | 'name' | 'isAddress' | 'isGuest'>
type Window = Watcher & { stream: EventStream; isLooking: boolean; seen: string | undefined }

/** The open windows on lists of one running program, and who is known to be there on others. */
class ListWindows {
  private readonly app: App
  private readonly serverId = randomUUID()
  private readonly windows = new Map<string, Set<Window>>()
  private readonly elsewhere = new Map<string, Map<string, { present: Present[]; until: number }>>()
  private readonly announcing: NodeJS.Timeout
  private count = 0

  constructor(app: App) {
    this.app = app
    onSignal(app.db, changes, payload => this.hear(payload))
    onSignal(app.db, presences, payload => payload && this.hearOfOthers(payload))
    this.announcing = setInterval(() => {
      for (const listId of this.windows.keys()) void this.announce(listId)
    }, announceEvery)
    this.announcing.unref()
    app.db.beforeClose(async () => clearInterval(this.announcing))
  }

  /** From now on the window is told what changes in its list, and who else looks at it. */
  open(watcher: Watcher): EventStream {
    const own = this.windows.get(watcher.listId) ?? new Set()
    const ofOne = [...own].filter(({ key }) => key === watcher.key).length
    if (ofOne >= mostOfOne || this.count >= mostOfAll) throw shareErrors.windowsTooMany({ retryAfter: 60 })
    const window: Window = { ...watcher, stream: new EventStream(), isLooking: false, seen: undefined }
    window.stream.stillOpen = () => this.look(window)
    own.add(window)
    this.windows.set(watcher.listId, own)
    this.count++
    window.stream.on('close', () => {
      this.count--
      own.delete(window)
      if (own.size === 0 && this.windows.get(watcher.listId) === own) this.windows.delete(watcher.listId)
      this.tellPresence(watcher.listId)
      void this.announce(watcher.listId)
    })
    // It hears only from now on: what it has read before may be old.
    window.stream.tell({ event: 'changed', data: { about: 'all' } })
    this.tellPresence(watcher.listId)
    void this.announce(watcher.listId, true)
    return window.stream
  }

  private hear(payload: string | undefined): void {
    if (payload === undefined) {
      for (const windows of this.windows.values()) for (const window of windows) tellChange(window, 'all')
      return
    }
    const [listId = '', about = 'all'] = payload.split(' ')
    for (const window of this.windows.get(listId) ?? []) {
      tellChange(window, about)
      // Who has lost the list is not told a second time.
      if (about === 'share' || about === 'list') void this.look(window).then(may => may || window.stream.finish())
    }
  }

  /** Whether it may stay open. Where a tenant has its own database no signal comes from there: then this looks for one. */
  private async look(window: Window): Promise<boolean> {
    if (window.isLooking) return true
    window.isLooking = true
    try {
      if (!(await window.mayWatch())) return false
      if ((await this.app.placed?.placeOf({ tenantId: window.tenantId })) === undefined) return true
      const { mark } = await window.reads.one<{ mark: string }>(sql`
        select contractors.activity_mark(${window.listId}) as mark
      `)
      if (window.seen !== undefined && window.seen !== mark) tellChange(window, 'all')
      window.seen = mark
      return true
    } finally {
      window.isLooking = false
    }
  }

  private presentIn(listId: string): Present[] {
    const now = performance.now()
    const others = [...(this.elsewhere.get(listId)?.values() ?? [])].filter(({ until }) => until > now)
    const all = [...(this.windows.get(listId) ?? []), ...others.flatMap(({ present }) => present)]
    const byKey = new Map(all.map(each => [each.key, each]))
    return [...byKey.values()].sort((one, other) => one.name.localeCompare(other.name))
  }

  private tellPresence(listId: string): void {
    const present = this.presentIn(listId)
    for (const window of this.windows.get(listId) ?? []) {
      const people = present
        .filter(({ key }) => key !== window.key)
        .map(each => ({ name: window.isGuest ? nameOutside(each) : each.name, isGuest: each.isGuest }))
      window.stream.tell({ event: 'present', data: { people: people.slice(0, mostNamed), count: people.length } })
    }
  }

  private async announce(listId: string, asksOthers = false): Promise<void> {
    const own = [...(this.windows.get(listId) ?? [])]
    const byKey = new Map(
      own.map(({ key, name, isAddress, isGuest }) => [key, { key, name: name.slice(0, 60), isAddress, isGuest }]),
    )
    const present = [...byKey.values()].slice(0, mostNamed)
    const sealed = this.app.keyring.encrypt(JSON.stringify({ present, asksOthers }), contextOf(listId))
    // Nobody waits for it, and who is not told now is told in a while.
    await sendSignal(this.app.db.unscoped, presences, `${listId} ${this.serverId} ${sealed}`).catch(() => {})
  }

  private hearOfOthers(payload: string): void {
    const [listId = '', serverId = '', sealed = ''] = payload.split(' ')
    if (serverId === this.serverId || !this.windows.has(listId)) return
    const { present, asksOthers } = JSON.parse(this.app.keyring.decrypt(sealed, contextOf(listId))) as {
      present: Present[]
      asksOthers: boolean
    }
    const known = this.elsewhere.get(listId) ?? new Map()
    known.set(serverId, { present, until: performance.now() + believedFor })
    this.elsewhere.set(listId, known)
    if (this.elsewhere.size > mostOfAll) this.elsewhere.clear()
    this.tellPresence(listId)
    if (asksOthers) void this.announce(listId)
  }
}

const contextOf = (listId: string) => `contractors.presences:${listId}`

/** Guests do not learn of each other who they are. */
function nameOutside({ name, isAddress, isGuest }: Present): string {
  if (isGuest) return 'A guest'
  return isAddress ? 'A member' : name
}

function tellChange({ stream }: Window, about: string): void {
  stream.tell({ event: 'changed', data: { about } })
}

const running = new WeakMap<App, ListWindows>()

/** The open windows on lists of this program. */
export function listWindowsOf(app: App): ListWindows {
  const main = mainApp(app)
  let windows = running.get(main)
  if (!windows) {
    windows = new ListWindows(main)
    running.set(main, windows)
  }
  return windows
}
