import { join, resolve } from 'node:path'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Keyring } from '#platform/crypto'

export const retentionSettings = {
  archiveDir: Type.Optional(
    Type.String({
      env: 'COMMONHOLD_ARCHIVE_DIR',
      description:
        'Where archived months of logs lie, best where backups of files reach them; <data directory>/archive unless set',
    }),
  ),
}

/** Where archives are, and what they are encrypted and signed with. */
export type ArchiveShelf = { folder: string; keyring: Keyring }

export function archiveShelfOf(settings: Readonly<Record<string, unknown>>, keyring: Keyring): ArchiveShelf {
  const folder =
    (settings.archiveDir as string | undefined) ?? join(String(settings.dataDir ?? '.commonhold'), 'archive')
  return { folder: resolve(folder), keyring }
}

export const archiveShelfOfApp = (app: App): ArchiveShelf => archiveShelfOf(app.config, app.keyring)
