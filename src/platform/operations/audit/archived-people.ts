import type { App } from '#platform/app.ts'
import { listArchives, readArchive } from '../retention/archives.ts'
import { archiveShelfOfApp } from '../retention/settings.ts'

/** An archived month that tells of somebody: an erasure does not reach into it. */
export type ArchivedMention = {
  archive: string
  table: string
  /** Of tenants with a database of their own; null for the main one. */
  database: string | null
  from: string
  /** Rows with the person's id or one of her addresses. */
  rows: number
}

/** Reads every archive. `addresses` are those that the log knew before it was erased. */
export async function findArchivedMentions(
  app: App,
  userId: string,
  addresses: readonly string[],
): Promise<ArchivedMention[]> {
  const shelf = archiveShelfOfApp(app)
  const wanted = [userId, ...addresses].map(text => text.toLowerCase())
  const mentions: ArchivedMention[] = []
  for (const { manifest } of listArchives(shelf).items) {
    let rows = 0
    for await (const lines of readArchive(shelf, manifest)) {
      for (const line of lines) {
        const text = line.toLowerCase()
        if (wanted.some(each => text.includes(each))) rows++
      }
    }
    const { id: archive, table, database, from } = manifest
    if (rows > 0) mentions.push({ archive, table, database, from, rows })
  }
  return mentions
}

/** What stays, and what can be done about it. */
export function mentionsInWords(app: App, mentions: readonly ArchivedMention[]): string {
  if (mentions.length === 0) return 'No archived month tells of this person.\n'
  const { folder } = archiveShelfOfApp(app)
  const lines = mentions.map(
    ({ archive, table, database, from, rows }) =>
      `  ${archive}: ${rows} ${rows === 1 ? 'row' : 'rows'} of ${table}, ${from.slice(0, 7)}${database ? `, of ${database}` : ''}\n`,
  )
  return `Archived months that still tell of this person, as they were written:
${lines.join('')}An archive is bound to what was written then and is not rewritten. Where the law wants it gone, remove its two files
(.jsonl.chb and .json) from ${folder}: nobody reads that month any more. Its seals and its signed record stay, so that
commonhold audit verify is sound and says that it is not at hand.
`
}
