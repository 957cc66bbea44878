import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

export type ServerEvent = { event: string; id: string | undefined; data: unknown }

/** A window that listens to server-sent events, over HTTP. */
export type Window = {
  status: number
  headers: Headers
  events: ServerEvent[]
  /** Everything that came, comments too. */
  text: string
  /** The last id, as a browser keeps it. */
  lastId: string | undefined
  /** When it ended, by `performance.now()`; undefined while it is open. */
  endedAt: number | undefined
  /** Waits until an event fits. */
  until(fits: (event: ServerEvent) => boolean, seconds?: number): Promise<ServerEvent>
  ended(seconds?: number): Promise<void>
  close(): void
}

/** Opens `path` below `/api/v1` with an access token; the answer may also be a refusal, whose status is told. */
export async function openWindow(
  baseUrl: string,
  path: string,
  accessToken: string,
  more: Record<string, string> = {},
): Promise<Window> {
  const closing = new AbortController()
  const headers = { authorization: `Bearer ${accessToken}`, accept: 'text/event-stream', ...more }
  const answer = await fetch(`${baseUrl}/api/v1${path}`, { headers, signal: closing.signal })
  const window: Window = {
    status: answer.status,
    headers: answer.headers,
    events: [],
    text: '',
    lastId: undefined,
    endedAt: undefined,
    until: async (fits, seconds = 5) => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(5)) {
        const found = window.events.find(fits)
        if (found) return found
      }
      assert.fail(`No such event came: ${JSON.stringify(window.events)}`)
    },
    ended: async (seconds = 5) => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(5))
        if (window.endedAt !== undefined) return
      assert.fail('It did not end in time')
    },
    close: () => closing.abort(),
  }
  void read(answer, window).finally(() => {
    window.endedAt = performance.now()
  })
  return window
}

async function read(answer: Response, window: Window): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of answer.body ?? []) {
      const text = decoder.decode(chunk as Uint8Array, { stream: true })
      window.text += text
      rest += text
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) take(block, window)
    }
  } catch {
    // Cut off, by either side: it has ended.
  }
}

function take(block: string, window: Window): void {
  const fields = new Map(block.split('\n').map(line => /^(\w*): ?(.*)$/.exec(line)?.slice(1) as [string, string]))
  const id = fields.get('id')
  if (id !== undefined) window.lastId = id
  const event = fields.get('event')
  if (event !== undefined) window.events.push({ event, id, data: JSON.parse(fields.get('data') ?? 'null') })
}
