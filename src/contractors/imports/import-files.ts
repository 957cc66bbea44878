import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type Static, Type } from 'typebox'
import { type Database, onViolation, type Queryable, sql } from '#platform/database'
import { timestamp, uuid } from '#platform/http'
import { errors } from './import-errors.ts'

/** Bytes of a part, the last one excepted. */
export const partSize = 8 * 1024 * 1024

/** A file on its way to be imported. */
export const ImportFile = Type.Object({
  id: uuid,
  fileName: Type.String(),
  bytes: Type.Integer(),
  bytesReceived: Type.Integer({ description: 'Of the parts that are here; the file is whole when it equals `bytes`' }),
  partSize: Type.Integer({ description: 'Bytes of each part but the last; parts count from 0' }),
  createdAt: timestamp,
})
export type ImportFile = Static<typeof ImportFile>

const columns = sql`id, file_name, bytes, bytes_received, ${partSize}::integer as part_size, created_at`

/** Makes room for a file of so many bytes; refuses one that is larger than the installation takes. */
export async function openImportFile(
  tx: Queryable,
  file: { fileName: string; bytes: number },
  limit: number,
): Promise<ImportFile> {
  if (file.bytes > limit * 1_000_000) throw errors.importFileTooLarge({ limit })
  return await tx.one<ImportFile>(sql`
    insert into contractors.import_files (file_name, bytes, created_by)
    values (${file.fileName}, ${file.bytes}, ${tx.scope.userId ?? null})
    returning ${columns}
  `)
}

/** Takes a part; one that comes again replaces what was there. */
export async function putPart(tx: Queryable, id: string, number: number, content: Buffer): Promise<ImportFile> {
  const file = await tx.maybe<ImportFile>(sql`
    select ${columns}
    from contractors.import_files
    where id = ${id}
      and created_by is not distinct from ${tx.scope.userId ?? null}
    for update
  `)
  if (!file) throw errors.importFileNotFound({ id })
  const expected = Math.min(partSize, file.bytes - number * partSize)
  if (content.length !== expected)
    throw errors.importPartMisfit({ number, bytes: content.length, expected: Math.max(expected, 0) })
  await tx.run(sql`
    insert into contractors.import_file_parts (file_id, number, content)
    values (${id}, ${number}, ${content})
    on conflict (file_id, number) do update
    set content = excluded.content
  `)
  return await onViolation(
    tx.one<ImportFile>(sql`
      update contractors.import_files
      set bytes_received = (
        select sum(octet_length(content))
        from contractors.import_file_parts
        where file_id = ${id}
      )
      where id = ${id}
      returning ${columns}
    `),
    { import_files_size: () => errors.importPartMisfit({ number, bytes: content.length, expected }) },
  )
}

/** The file with its lines, for who wants to import it; refused until it is whole. */
export async function requireWhole(tx: Queryable, id: string): Promise<ImportFile> {
  const file = await tx.maybe<ImportFile>(sql`
    select ${columns}
    from contractors.import_files
    where id = ${id}
    for update
  `)
  if (!file) throw errors.importFileNotFound({ id })
  if (file.bytesReceived !== file.bytes)
    throw errors.importFileUnfinished({ received: file.bytesReceived, bytes: file.bytes })
  return file
}

/** Writes the parts of a file one after the other to `path`. */
export async function fetchImportFile(db: Database, id: string, path: string): Promise<void> {
  async function* parts(): AsyncGenerator<Buffer> {
    for (let number = 0; ; number++) {
      const part = await db.unscoped.maybe<{ content: Buffer }>(sql`
        select content
        from contractors.import_file_parts
        where file_id = ${id}
          and number = ${number}
      `)
      if (!part) return
      yield part.content
    }
  }
  await pipeline(parts(), createWriteStream(path))
}

export async function deleteImportFile(tx: Queryable, id: string): Promise<void> {
  await tx.run(sql`delete from contractors.import_files where id = ${id}`)
}

/** Files that nobody has imported within a day. */
export async function deleteOldImportFiles(tx: Queryable): Promise<void> {
  await tx.run(sql`
    delete from contractors.import_files as file
    where file.created_at < now() - interval '1 day'
      and not exists (
        select
        from contractors.imports as run
        where run.file_id = file.id
          and run.status in ('queued', 'running')
      )
  `)
}
