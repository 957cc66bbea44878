import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '#platform/app.ts'
import type { ArchiveFiles } from '#platform/audit'
import { getArchive, readArchive } from '../retention/archives.ts'
import { restoredComment } from '../retention/restores.ts'
import { archiveShelfOfApp } from '../retention/settings.ts'

/** The archives of this installation, for the verification of the log and for proofs. */
export function archiveFilesOf(app: App): ArchiveFiles {
  const shelf = archiveShelfOfApp(app)
  // A manifest that is altered is told where the lines are read.
  async function* linesOf(archive: string, onHash?: (sha256: string) => void) {
    yield* readArchive(shelf, getArchive(shelf, archive), onHash)
  }
  return {
    read(archive, onHash) {
      if (!existsSync(join(shelf.folder, `${archive}.json`))) return undefined
      return linesOf(archive, onHash)
    },
    /** By the comment that each has: a table may have any name. */
    async restored(client, archive) {
      const { rows } = await client.query<{ name: string }>(
        `select c.oid::regclass::text as name
        from pg_class as c
        where c.relkind = 'r'
          and not c.relispartition
          and obj_description(c.oid, 'pg_class') = $1`,
        [restoredComment(archive)],
      )
      return rows.map(({ name }) => name)
    },
  }
}
