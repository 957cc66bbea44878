import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export type Comparison = { passwordHash: string; password: string }

/** Threads without work, the last used first. Each is ended when it has had none for a while. */
const idle: { worker: Worker; end: NodeJS.Timeout }[] = []
const idleFor = 60_000

/** Compares in a thread of its own. Whoever calls bounds how many at once: each has its thread. */
export async function compareBcrypt(comparison: Comparison): Promise<boolean> {
  const worker = takeWorker()
  try {
    worker.postMessage(comparison)
    const [matches] = await once(worker, 'message')
    keepWorker(worker)
    return matches === true
  } catch (error) {
    void worker.terminate()
    throw error
  }
}

function takeWorker(): Worker {
  const kept = idle.pop()
  if (!kept) return new Worker(new URL('./bcrypt-worker.ts', import.meta.url))
  clearTimeout(kept.end)
  kept.worker.ref()
  return kept.worker
}

function keepWorker(worker: Worker): void {
  // A command that is done must not wait for a thread that is not at work.
  worker.unref()
  const kept = { worker, end: setTimeout(() => end(kept), idleFor).unref() }
  idle.push(kept)
}

function end(kept: (typeof idle)[number]): void {
  idle.splice(idle.indexOf(kept), 1)
  void kept.worker.terminate()
}
