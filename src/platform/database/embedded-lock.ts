import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { isAlive, ownIdentity, type ProcessIdentity } from './embedded-processes.ts'

/** Who holds a lock: the process, and what people know it by. */
export type Holder = ProcessIdentity & { command: string; nonce: string }

export type Lock = { release(): void }

/**
 * Takes the lock file, or returns the living process that holds it. A holder that is gone (killed, power cut) is
 * replaced, under a second lock named after it: of many processes that find it gone exactly one succeeds.
 */
export function takeLock(path: string): Lock | Holder {
  const own: Holder = { ...ownIdentity(), command: ownCommand(), nonce: randomUUID() }
  const draft = `${path}.${own.nonce}`
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600, flag: 'wx' })
  try {
    for (;;) {
      if (linkNew(draft, path)) return held(path, own)
      const holder = readHolder(path)
      if (holder && isAlive(holder)) return holder
      if (!holder && !existsSync(path)) continue
      const replacing = takeLock(`${path}.after-${holder?.nonce ?? 'unreadable'}`)
      if (!('release' in replacing)) return replacing
      try {
        if (readHolder(path)?.nonce !== holder?.nonce) continue
        renameSync(draft, path)
        return held(path, own)
      } finally {
        replacing.release()
      }
    }
  } finally {
    rmSync(draft, { force: true })
  }
}

const held = (path: string, own: Holder): Lock => ({
  release: () => {
    if (readHolder(path)?.nonce === own.nonce) rmSync(path, { force: true })
  },
})

function ownCommand(): string {
  const [, script = 'node', ...rest] = process.argv
  return [basename(script), ...rest].join(' ').slice(0, 80)
}

// A link appears with its content, which a file opened for writing does not.
function linkNew(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    return undefined
  }
}
