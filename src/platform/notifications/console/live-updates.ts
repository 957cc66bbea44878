import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { lookAgain } from './own-notifications.ts'

const address = '/api/v1/notifications/stream'
const shortestPause = 5_000
const longestPause = 120_000

/**
 * All windows of a browser share one connection, for browsers open six to a server and no more: the window that holds the
 * lock listens, and tells the others.
 */
class LiveUpdates {
  private readonly others =
    typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('commonhold-news')
  private readonly watchers = new Set<() => void>()
  private client: QueryClient | undefined
  private source: EventSource | undefined
  private failures = 0
  private looking: ReturnType<typeof setTimeout> | undefined
  isLive = false

  constructor() {
    this.others?.addEventListener('message', ({ data }: MessageEvent<Word>) => {
      if (data !== 'anybody') return this.hear(data)
      if (this.source?.readyState === EventSource.OPEN) this.others?.postMessage('live')
    })
  }

  start(client: QueryClient): void {
    if (this.client) return
    this.client = client
    // Without locks (no https) each window listens for itself.
    if (!('locks' in navigator)) {
      this.connect()
      return
    }
    void navigator.locks.request('commonhold-news', () => {
      this.connect()
      // Held until the window is gone.
      return new Promise(() => {})
    })
    this.others?.postMessage('anybody')
  }

  watch = (tell: () => void): (() => void) => {
    this.watchers.add(tell)
    return () => this.watchers.delete(tell)
  }

  private connect(): void {
    const source = new EventSource(address)
    this.source = source
    source.onopen = () => {
      this.failures = 0
      this.pass('live')
    }
    for (const name of ['notification', 'unread']) source.addEventListener(name, () => this.pass('news'))
    source.onerror = () => {
      this.failures++
      this.pass('lost')
      // The browser comes again by itself, each time after five seconds; what stays away is asked for less and less often.
      if (source.readyState !== EventSource.CLOSED && this.failures < 3) return
      source.close()
      const pause = Math.min(shortestPause * 2 ** (this.failures - 1), longestPause)
      setTimeout(() => this.connect(), pause * (0.75 + Math.random() / 2))
    }
  }

  private pass(word: Word): void {
    this.others?.postMessage(word)
    this.hear(word)
  }

  private hear(word: Word): void {
    const isLive = word !== 'lost'
    if (this.isLive !== isLive) {
      this.isLive = isLive
      for (const tell of this.watchers) tell()
    }
    if (word !== 'news') return
    // News comes in several words; after the last of them is time to look.
    clearTimeout(this.looking)
    this.looking = setTimeout(() => this.client && lookAgain(this.client), 50)
  }
}

type Word = 'anybody' | 'live' | 'news' | 'lost'

const updates = new LiveUpdates()

/** Keeps what is shown of notifications up to date; false while only asking from time to time does. */
export function useLiveUpdates(): boolean {
  const client = useQueryClient()
  useEffect(() => updates.start(client), [client])
  return useSyncExternalStore(updates.watch, () => updates.isLive)
}
