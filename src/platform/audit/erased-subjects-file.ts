import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { App } from '#platform/app.ts'
import { readSigned } from '#platform/crypto'
import { sql } from '#platform/database'
import type { Signer } from './checkpoints.ts'
import { checkpointFolderOf } from './states.ts'

/** `typ` of the JWS. */
const subjectType = 'commonhold-erased-subject'

type ErasedSubject = { log: string; userId: string; at: string }

/**
 * Who was erased, outside of the database, beside its checkpoints: `<folder>/<log id>/erased-subjects.jsonl`, a signed line
 * each, only ever appended to. After a restore to a time before, those that are in it are erased again.
 */
export class ErasedSubjectsFile {
  private readonly directory: string
  private readonly path: string
  private readonly logId: string

  constructor(folder: string, logId: string) {
    this.directory = join(folder, logId)
    this.path = join(this.directory, 'erased-subjects.jsonl')
    this.logId = logId
  }

  /** Ids of all that were erased in this log; what is not signed, or with another key than `thumbprints`, is left out. */
  async read(thumbprints: ReadonlySet<string>): Promise<string[]> {
    const lines = (await this.text()).split('\n')
    const found = lines.flatMap(line => {
      const read = readSigned(line, subjectType)
      const subject = read?.document as ErasedSubject | undefined
      return read && subject?.log === this.logId && thumbprints.has(read.thumbprint) ? [subject.userId] : []
    })
    return [...new Set(found)]
  }

  /** On the disk when it resolves. */
  async append(userId: string, signer: Signer, now: Date): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 })
    const subject: ErasedSubject = { log: this.logId, userId, at: now.toISOString() }
    const text = await this.text()
    const file = await open(this.path, 'a', 0o600)
    try {
      // A line that was cut off by a crash must not swallow this one.
      await file.appendFile(`${text === '' || text.endsWith('\n') ? '' : '\n'}${signer.sign(subject, subjectType)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  private async text(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
      throw error
    }
  }
}

/** Of the main database's log; undefined where nothing is kept outside. */
export async function openErasedSubjectsFile(app: App): Promise<ErasedSubjectsFile | undefined> {
  const folder = checkpointFolderOf(app)
  if (folder === undefined) return undefined
  const { logId } = await app.db.unscoped.one(sql<{ logId: string }>`select log_id from audit.sealing`)
  return new ErasedSubjectsFile(folder, logId)
}
