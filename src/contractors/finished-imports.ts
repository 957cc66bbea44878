import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type Database, sql } from '#platform/database'

/** Whether this very file, byte for byte, has been imported from this source to its end. */
export async function isImported(db: Database, file: { path: string; source: string }): Promise<boolean> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file.path), hash)
  const { found } = await db.unscoped.one(sql<{ found: boolean }>`
    select exists (
      select
      from contractors.imports
      where file_hash = ${hash.digest('hex')}
        and source = ${file.source}
        and status = 'done'
    ) as found`)
  return found
}
