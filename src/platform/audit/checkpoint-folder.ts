import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkpointHash, type KeptCheckpoint, type OutsideHead } from './checkpoints.ts'

/**
 * Checkpoints outside of the database: `<folder>/<log id>/YYYY-MM-DD.jsonl`, a line each, only ever appended to. Several
 * servers may write into one folder, so that a checkpoint may stand there twice.
 */
export class CheckpointFolder {
  private readonly directory: string
  private known: OutsideHead
  private isRead = false

  constructor(folder: string, logId: string) {
    this.directory = join(folder, logId)
  }

  /** All lines, in order of their writing; one that was cut off while it was written is left out. */
  async read(): Promise<KeptCheckpoint[]> {
    const kept: KeptCheckpoint[] = []
    for (const file of await this.files()) {
      const text = await readFile(join(this.directory, file), 'utf8')
      for (const line of text.split('\n')) {
        const checkpoint = parseLine(line)
        if (checkpoint) kept.push(checkpoint)
      }
    }
    return kept
  }

  /** The newest one. Read once: afterwards this program itself appends. */
  async head(): Promise<OutsideHead> {
    if (this.isRead) return this.known
    for (const file of (await this.files()).toReversed()) {
      const lines = (await readFile(join(this.directory, file), 'utf8')).split('\n')
      const newest = lines
        .flatMap(line => parseLine(line) ?? [])
        .reduce<KeptCheckpoint | undefined>((most, it) => (most && most.number > it.number ? most : it), undefined)
      if (!newest) continue
      this.known = { number: newest.number, hash: checkpointHash(newest.signed) }
      break
    }
    this.isRead = true
    return this.known
  }

  /** On the disk when it resolves. */
  async append(checkpoints: readonly KeptCheckpoint[], now: Date): Promise<void> {
    if (checkpoints.length === 0) return
    await mkdir(this.directory, { recursive: true, mode: 0o700 })
    const path = join(this.directory, `${now.toISOString().slice(0, 10)}.jsonl`)
    const file = await open(path, 'a+', 0o600)
    try {
      const { size } = await file.stat()
      const last = Buffer.alloc(1)
      // A line that was cut off by a crash must not swallow the next one.
      const isCut = size > 0 && (await file.read(last, 0, 1, size - 1)).bytesRead === 1 && last.toString() !== '\n'
      await file.appendFile((isCut ? '\n' : '') + checkpoints.map(it => `${lineOf(it)}\n`).join(''))
      await file.sync()
    } finally {
      await file.close()
    }
    const newest = checkpoints.at(-1) as KeptCheckpoint
    this.known = { number: newest.number, hash: checkpointHash(newest.signed) }
    this.isRead = true
  }

  private async files(): Promise<string[]> {
    try {
      return (await readdir(this.directory)).filter(file => /^\d{4}-\d\d-\d\d\.jsonl$/.test(file)).sort()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}

/** A checkpoint with its trees as one line of JSON: in the folder, and what a webhook is told. */
export function lineOf({ signed, trees }: KeptCheckpoint): string {
  return JSON.stringify({ checkpoint: signed, trees })
}

function parseLine(line: string): KeptCheckpoint | undefined {
  try {
    const { checkpoint, trees } = JSON.parse(line)
    const [, payload] = String(checkpoint).split('.')
    const { number } = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString('utf8'))
    return Number.isInteger(number) && Array.isArray(trees) ? { number, signed: checkpoint, trees } : undefined
  } catch {
    return undefined
  }
}
