import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { App } from '#platform/app.ts'
import { readSigned } from '#platform/crypto'
import { sql } from '#platform/database'
import { CheckpointFolder } from './checkpoint-folder.ts'
import { isHandedOver, type ReadCheckpoint, readCheckpoint, type Signer } from './checkpoints.ts'
import { type KeyChange, SigningKeys } from './key-changes.ts'
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
  private readonly checkpoints: CheckpointFolder

  constructor(folder: string, logId: string) {
    this.checkpoints = new CheckpointFolder(folder, logId)
    this.directory = join(folder, logId)
    this.path = join(this.directory, 'erased-subjects.jsonl')
    this.logId = logId
  }

  /**
   * Ids of all that were erased in this log. What is not signed by one of these keys in its time is left out; a key that the newest of
   * them has handed over to counts too: a restore to before the change has taken it away.
   */
  async read(thumbprints: ReadonlySet<string>, changes: readonly KeyChange[] = []): Promise<string[]> {
    const lines = (await this.text()).split('\n')
    const signed = lines.flatMap(line => {
      const read = readSigned(line, subjectType)
      const subject = read?.document as ErasedSubject | undefined
      return read && subject?.log === this.logId ? [{ ...subject, thumbprint: read.thumbprint }] : []
    })
    const isKnown = signed.every(({ thumbprint }) => thumbprints.has(thumbprint))
    const keys = new SigningKeys(isKnown ? thumbprints : await this.withFollowers(thumbprints, changes), changes)
    return [...new Set(signed.filter(({ thumbprint, at }) => keys.signs(thumbprint, at)).map(({ userId }) => userId))]
  }

  /** As the checkpoints outside tell. Whoever has a key that was replaced could name any. */
  private async withFollowers(
    thumbprints: ReadonlySet<string>,
    changes: readonly KeyChange[],
  ): Promise<ReadonlySet<string>> {
    const followed = new Set(thumbprints)
    const replaced = new Set(changes.map(({ from }) => from))
    let before: ReadCheckpoint | undefined
    for (const { signed } of await this.checkpoints.read()) {
      const read = readCheckpoint(signed)
      const isOf = before && followed.has(before.thumbprint) && !replaced.has(before.thumbprint)
      if (before && read && isOf && isHandedOver(before, read)) followed.add(read.thumbprint)
      before = read
    }
    return followed
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
