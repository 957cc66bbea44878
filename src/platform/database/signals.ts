import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type pg from 'pg'
import type { Database } from './pool.ts'
import type { Queryable } from './queryable.ts'

/**
 * Is told what was sent. Undefined: signals may have been missed (while beginning, after a lost connection, and every two
 * seconds where the server passes none on), so look for yourself. May be told twice.
 */
export type SignalListener = (payload: string | undefined) => void

/**
 * Tells all processes that listen on this database's `channel`, when `tx` commits. Not for secrets: whoever may connect
 * to the database can listen. `payload` is text of at most 7,999 bytes: ids, not rows.
 */
export async function sendSignal(tx: Queryable, channel: string, payload: string): Promise<void> {
  await tx.run(sql`select pg_notify(${nameOf(channel)}, ${payload})`)
}

/**
 * Calls `listener` for each signal on `channel`, of this process and others, until the function that comes back is called
 * or `db` is closed. All channels of a process share one connection; where that is lost, or deaf behind a transaction
 * pooler, the listener is asked to look for itself every two seconds. What it does must not throw.
 */
export function onSignal(db: Database, channel: string, listener: SignalListener): () => void {
  let receiver = receivers.get(db)
  if (!receiver) {
    receiver = new Receiver(db)
    receivers.set(db, receiver)
  }
  return receiver.add(nameOf(channel), listener)
}

const receivers = new WeakMap<Database, Receiver>()

function nameOf(channel: string): string {
  if (!/^[a-z_]{1,40}$/.test(channel)) throw new Error(`The channel ${channel} is misnamed`)
  return `commonhold_${channel}`
}

/** How often listeners look for themselves while nothing is heard, ms. */
const lookEvery = 2_000
/** How often the connection is asked whether it still hears, ms: one that broke without a word hears nothing. */
const probeEvery = 15_000
const echoWithin = 3_000
const longestPause = 10_000

class Receiver {
  private readonly db: Database
  private readonly listeners = new Map<string, Set<SignalListener>>()
  private readonly probeChannel = `commonhold_probe_${randomUUID().replaceAll('-', '')}`
  private readonly closing = new AbortController()
  private readonly looking: NodeJS.Timeout
  private readonly ended: Promise<void>
  private client: pg.Client | undefined
  private isHearing = false
  private onEcho = () => {}

  constructor(db: Database) {
    this.db = db
    this.looking = setInterval(() => {
      if (!this.isHearing) this.tellAll()
    }, lookEvery)
    this.looking.unref()
    this.ended = this.listen()
    db.beforeClose(() => this.close())
  }

  add(channel: string, listener: SignalListener): () => void {
    const known = this.listeners.get(channel)
    const listeners = known ?? new Set()
    listeners.add(listener)
    this.listeners.set(channel, listeners)
    // A connection that is being made will listen to what is in the map by then. If this fails the connection is lost.
    if (!known)
      this.client?.query(`listen ${channel}`).then(
        () => this.tell(channel, undefined),
        () => {},
      )
    return () => {
      listeners.delete(listener)
    }
  }

  private async close(): Promise<void> {
    clearInterval(this.looking)
    this.closing.abort()
    await this.ended
  }

  private async listen(): Promise<void> {
    const { signal } = this.closing
    for (let pause = 100; !signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      // Why it is lost the pool tells, which meets the same.
      await this.hear().catch(() => {})
      if (this.isHearing) pause = 100
      this.isHearing = false
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Ends, by rejecting, when the connection is lost, deaf or no longer wanted. */
  private async hear(): Promise<void> {
    const { signal } = this.closing
    const client = await this.db.connect()
    const lost = new Promise<never>((_, reject) => {
      client.on('error', reject)
      client.on('end', () => reject(new Error('The connection has ended')))
      signal.addEventListener('abort', () => reject(signal.reason))
    })
    lost.catch(() => {})
    client.on('notification', ({ channel, payload }) => {
      if (channel === this.probeChannel) this.onEcho()
      else this.tell(channel, payload ?? '')
    })
    try {
      signal.throwIfAborted()
      this.client = client
      const channels = [this.probeChannel, ...this.listeners.keys()]
      await Promise.race([lost, client.query(channels.map(channel => `listen ${channel}`).join('; '))])
      for (;;) {
        await Promise.race([lost, this.probe()])
        if (!this.isHearing) {
          this.isHearing = true
          this.tellAll()
        }
        await Promise.race([lost, sleep(probeEvery, undefined, { signal, ref: false })])
      }
    } finally {
      this.client = undefined
      // Of a connection that broke without a word no answer is waited for.
      await Promise.race([client.end().catch(() => {}), sleep(500, undefined, { ref: false })])
    }
  }

  private async probe(): Promise<void> {
    const { signal } = this.closing
    const echo = new Promise<void>(resolve => {
      this.onEcho = resolve
    })
    await this.db.unscoped.run(sql`select pg_notify(${this.probeChannel}, '')`)
    const isDeaf = await Promise.race([echo.then(() => false), sleep(echoWithin, true, { signal, ref: false })])
    if (isDeaf) throw new Error('The connection passes no signals on')
  }

  private tell(channel: string, payload: string | undefined): void {
    for (const listener of this.listeners.get(channel) ?? []) listener(payload)
  }

  private tellAll(): void {
    for (const channel of this.listeners.keys()) this.tell(channel, undefined)
  }
}
