import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { enqueue } from '#platform/jobs'
import { makeFullBackup } from './jobs.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { hasBackup, makesBackups, ownArchive } from './schedule.ts'
import { shelfOfApp } from './settings.ts'

/**
 * Receives WAL as long as the program runs (GG-20): from the first backup on, which is worth nothing without, in one of
 * all programs at a time. What fails is tried again.
 */
export function startReception(app: App): { stop(): Promise<void> } {
  if (!makesBackups(app)) return { stop: async () => {} }
  const ended = new AbortController()
  const rounds = receiveUntil(app, ended.signal)
  return {
    async stop() {
      ended.abort()
      await rounds
    },
  }
}

const pauseSeconds = 5

async function receiveUntil(app: App, signal: AbortSignal): Promise<void> {
  let told = ''
  while (!signal.aborted) {
    try {
      if (hasBackup(await ownArchive(app))) await receive(app, signal)
      told = ''
    } catch (error) {
      // Another program receives: this one stands by.
      const isBusy = error instanceof DomainError && error.code === 'backups.busy'
      const message = (error as Error).message
      if (!isBusy && message !== told) app.log.error({ err: error }, 'WAL is not received')
      told = message
    }
    await pause(signal)
  }
}

async function receive(app: App, signal: AbortSignal): Promise<void> {
  const { admin } = app.administration as NonNullable<App['administration']>
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

function pause(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, pauseSeconds * 1000)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
