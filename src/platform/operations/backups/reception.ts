import type { ClientConfig } from 'pg'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { enqueue } from '#platform/jobs'
import type { Archive } from './catalogue.ts'
import { makeFullBackup } from './jobs.ts'
import { listOtherServers } from './other-servers.ts'
import { dropSlot, type Receiver, startReceiver } from './receiver.ts'
import { hasBackup, makesBackups, ownArchive } from './schedule.ts'
import { coversPlaced, shelfOfApp } from './settings.ts'

/**
 * Receives WAL as long as the program runs (GG-20): from the first backup on, which is worth nothing without, in one of
 * all programs at a time; of other servers on which workspaces have databases too. What fails is tried again.
 */
export function startReception(app: App): { stop(): Promise<void> } {
  if (!makesBackups(app)) return { stop: async () => {} }
  const { admin } = app.administration as NonNullable<App['administration']>
  const ended = new AbortController()
  const own = receiveUntil(app, { admin, findArchive: () => ownArchive(app) }, ended.signal)
  const others = coversPlaced(app.config) ? receiveOthers(app, ended.signal) : undefined
  return {
    async stop() {
      ended.abort()
      await Promise.all([own, others])
    },
  }
}

type Source = { admin: ClientConfig; findArchive: () => Promise<Archive> }

const pauseSeconds = 5
const pauseOfOthers = 30

/** Of each server, for as long as a workspace has its data there; then it need not keep WAL for us any more. */
async function receiveOthers(app: App, signal: AbortSignal): Promise<void> {
  const receiving = new Map<string, { admin: ClientConfig; ended: AbortController; rounds: Promise<void> }>()
  let told = ''
  for (;;) {
    try {
      const servers = await listOtherServers(app)
      const isComplete = servers.every(({ error }) => error === null)
      for (const { systemIdentifier, admin } of servers) {
        if (systemIdentifier === null || receiving.has(systemIdentifier) || signal.aborted) continue
        const ended = new AbortController()
        const findArchive = async () => ({ ...shelfOfApp(app), systemIdentifier })
        receiving.set(systemIdentifier, {
          admin,
          ended,
          rounds: receiveUntil(app, { admin, findArchive }, ended.signal),
        })
      }
      const left = [...receiving].filter(([id]) => isComplete && !servers.some(it => it.systemIdentifier === id))
      for (const [id, { admin, ended, rounds }] of left) {
        ended.abort()
        await rounds
        receiving.delete(id)
        await dropSlot(admin)
      }
      told = ''
    } catch (error) {
      const { message } = error as Error
      if (message !== told && !signal.aborted)
        app.log.error({ err: error }, 'Which servers have databases of workspaces cannot be told')
      told = message
    }
    if (signal.aborted) break
    await pause(signal, pauseOfOthers)
  }
  for (const { ended } of receiving.values()) ended.abort()
  await Promise.all([...receiving.values()].map(({ rounds }) => rounds))
}

async function receiveUntil(app: App, source: Source, signal: AbortSignal): Promise<void> {
  let told = ''
  while (!signal.aborted) {
    try {
      if (hasBackup(await source.findArchive())) await receive(app, source.admin, signal)
      told = ''
    } catch (error) {
      // Another program receives: this one stands by.
      const isBusy = error instanceof DomainError && error.code === 'backups.busy'
      const message = (error as Error).message
      if (!isBusy && message !== told) app.log.error({ err: error }, 'WAL is not received')
      told = message
    }
    await pause(signal, pauseSeconds)
  }
}

async function receive(app: App, admin: ClientConfig, signal: AbortSignal): Promise<void> {
  const receiver: Receiver = await startReceiver({
    shelf: shelfOfApp(app),
    admin,
    onNotice({ kind, message }) {
      app.log[kind === 'timeline' ? 'info' : 'error']({ kind }, message)
      if (kind === 'gap') void enqueue(app.db.scoped({ system: true }), makeFullBackup, {}).catch(() => {})
    },
  })
  const stop = () => void receiver.stop().catch(() => {})
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    await receiver.done
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function pause(signal: AbortSignal, seconds: number): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, seconds * 1000)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
