import pg from 'pg'
import type { ArchivedMonth } from './archived-months.ts'
import { entryExpressions, personalKeys } from './entry-hashes.ts'
import { type StreamedEntry, uuidBytes, uuidOf } from './entry-stream.ts'
import type { ErasedMarks } from './erasure-records.ts'
import type { Findings } from './findings.ts'

/** Where archives of the log are. */
export type ArchiveFiles = {
  /** Undefined where it is not there. `onHash` is told the SHA-256 of the file at the end. */
  read(archive: string, onHash?: (sha256: string) => void): AsyncIterable<string[]> | undefined
  /** Tables beside that it was restored into, as the catalog quotes them. */
  restored(client: pg.Client, archive: string): Promise<string[]>
}

type Comparison = {
  files: ArchiveFiles
  /** Only the entries of this tenant. */
  tenantId?: string | undefined
  findings: Findings
  erased: ErasedMarks
}

type Sealed = { id: string; tenantId: string; leaf: string }

/**
 * Computes the leaf of every entry of an archive and compares it with what is kept of it, and what was restored of it
 * beside. False where the archive is not there.
 */
export async function compareArchive(
  clients: { entries: pg.Client; seals: pg.Client },
  month: ArchivedMonth,
  { files, tenantId, findings, erased }: Comparison,
): Promise<boolean> {
  const { archive } = month
  const compared = async (what: string, lines: AsyncIterable<string[]>, marks?: ErasedMarks) => {
    await clients.entries.query('savepoint compared')
    try {
      await compareLines(clients, month, lines, { what, tenantId, findings, ...(marks && { erased: marks }) })
    } catch (error) {
      await clients.entries.query('rollback to savepoint compared')
      findings.add({ kind: 'archive_differs', text: `${what} cannot be read: ${(error as Error).message}` })
    }
  }
  for (const table of await files.restored(clients.entries, archive)) {
    const what = `The table ${table}, into which archive ${archive} was restored,`
    await compared(what, linesOf(clients.entries, table))
  }
  let fileSha256: string | undefined
  const lines = files.read(archive, found => {
    fileSha256 = found
  })
  if (!lines) return false
  await compared(`Archive ${archive}`, lines, erased)
  if (fileSha256 !== undefined && fileSha256 !== month.fileSha256) {
    findings.add({ kind: 'archive_differs', text: `Archive ${archive} is another file than was recorded` })
  }
  return true
}

/** Both sides in about the same order, so that what waits for its partner stays little. */
async function compareLines(
  clients: { entries: pg.Client; seals: pg.Client },
  month: ArchivedMonth,
  lines: AsyncIterable<string[]>,
  { what, tenantId, findings, erased }: Omit<Comparison, 'files' | 'erased'> & { what: string; erased?: ErasedMarks },
): Promise<void> {
  const differs = (id: string, ofTenant: string, text: string) =>
    findings.add({ kind: 'archive_differs', text: `${what} ${text}`, entryId: uuidOf(id), tenantId: ofTenant })
  const [sealed, present] = [new Map<string, Sealed>(), new Map<string, StreamedEntry>()]
  const compare = (entry: StreamedEntry, seal: Sealed) => {
    if (entry.leaf === seal.leaf && entry.tenantId === uuidBytes(seal.tenantId)) return
    differs(entry.id, seal.tenantId, `has entry ${uuidOf(entry.id)} otherwise than it was sealed`)
  }
  const [seals, entries] = [streamSeals(clients.seals, month, tenantId), entriesOf(clients.entries, lines)]
  let [sealsRead, entriesRead, sealsDone, entriesDone] = [0, 0, false, false]
  try {
    while (!sealsDone || !entriesDone) {
      if (!sealsDone && (entriesDone || sealsRead <= entriesRead)) {
        const { value, done } = await seals.next()
        if (done) sealsDone = true
        for (const seal of value ?? []) {
          sealsRead++
          const entry = present.get(seal.id)
          if (!present.delete(seal.id)) sealed.set(seal.id, seal)
          else compare(entry as StreamedEntry, seal)
        }
      } else {
        const { value, done } = await entries.next()
        if (done) entriesDone = true
        for (const entry of value ?? []) {
          if (tenantId !== undefined && entry.tenantId !== uuidBytes(tenantId)) continue
          entriesRead++
          erased?.take(entry)
          const seal = sealed.get(entry.id)
          if (!sealed.delete(entry.id)) present.set(entry.id, entry)
          else compare(entry, seal as Sealed)
        }
      }
    }
  } finally {
    await seals.return(undefined)
  }
  for (const { id, tenantId: owner } of sealed.values()) differs(id, owner, `lacks entry ${uuidOf(id)}`)
  for (const { id, tenantId: owner } of present.values())
    differs(id, uuidOf(owner), `has entry ${uuidOf(id)}, which was not archived`)
}

/** What is kept of the month's entries. */
async function* streamSeals(client: pg.Client, month: ArchivedMonth, tenantId?: string): AsyncGenerator<Sealed[]> {
  const parts = month.tenants.filter(part => tenantId === undefined || part.tenantId === tenantId)
  const runs = parts.flatMap(part => part.runs.map(([first, count]) => [part.tenantId, first, count]))
  await client.query(`
    declare archived_seals no scroll cursor for
    select
      seal.tenant_id as "tenantId",
      substr(
        seal.keys,
        (greatest(run.first - seal.first_position, 0) * 24 + 1)::integer,
        ((least(run.first + run.count, seal.first_position + seal.entries) - greatest(run.first, seal.first_position)) * 24)::integer
      ) as keys,
      substr(
        seal.leaves,
        (greatest(run.first - seal.first_position, 0) * 32 + 1)::integer,
        ((least(run.first + run.count, seal.first_position + seal.entries) - greatest(run.first, seal.first_position)) * 32)::integer
      ) as leaves
    from (
      select (run ->> 0)::uuid as tenant_id, (run ->> 1)::bigint as first, (run ->> 2)::bigint as count
      from json_array_elements(${pg.escapeLiteral(JSON.stringify(runs))}::json) as run
    ) as run
    join audit.seals as seal
      on seal.tenant_id = run.tenant_id
      and seal.first_position < run.first + run.count
      and seal.first_position > run.first - 1024
      and seal.first_position + seal.entries > run.first
    order by seal.round, seal.tenant_id, seal.first_position`)
  try {
    for (;;) {
      const { rows } = await client.query<{ tenantId: string; keys: Buffer; leaves: Buffer }>(
        'fetch 64 from archived_seals',
      )
      if (rows.length === 0) return
      yield rows.flatMap(({ tenantId: owner, keys, leaves }) =>
        Array.from({ length: leaves.length / 32 }, (_, index) => ({
          id: keys.toString('latin1', index * 24, index * 24 + 16),
          tenantId: owner,
          leaf: leaves.toString('latin1', index * 32, index * 32 + 32),
        })),
      )
    }
  } finally {
    await client.query('close archived_seals')
  }
}

/** Archived lines as verification sees entries. */
async function* entriesOf(client: pg.Client, lines: AsyncIterable<string[]>): AsyncGenerator<StreamedEntry[]> {
  const { rows: declared } = await client.query(
    'select format, resource, columns from audit.personal_columns order by format, resource',
  )
  const { leaf, content } = entryExpressions(personalKeys(declared))
  type Row = {
    id: string
    tenantId: string
    createdAt: string
    leaf: Buffer
    erased: NonNullable<StreamedEntry['erasure']>['erased'] | null
    rest: string | null
  }
  for await (const portion of lines) {
    for (let at = 0; at < portion.length; at += 2_000) {
      const { rows } = await client.query<Row>(
        `select
          entry.id,
          entry.tenant_id as "tenantId",
          (extract(epoch from entry.created_at) * 1000000)::bigint::text as "createdAt",
          ${leaf} as leaf,
          entry.erased,
          case
            when entry.erased is not null then encode(sha256(convert_to(${content}, 'UTF8')), 'hex')
          end as rest
        from unnest($1::text[]) as line (content)
        cross join lateral json_populate_record(null::audit.audit_logs, line.content::json) as entry`,
        [portion.slice(at, at + 2_000)],
      )
      yield rows.map(row => ({
        id: uuidBytes(row.id),
        tenantId: uuidBytes(row.tenantId),
        createdAt: Number(row.createdAt),
        writtenIn: null,
        leaf: row.leaf.toString('latin1'),
        ...(row.erased && { erasure: { erased: row.erased, rest: row.rest as string } }),
      }))
    }
  }
}

async function* linesOf(client: pg.Client, table: string): AsyncGenerator<string[]> {
  await client.query(`
    declare restored_rows no scroll cursor for
    select row_to_json(t)::text as line
    from only ${table} as t
    order by t.created_at`)
  try {
    for (;;) {
      const { rows } = await client.query<{ line: string }>('fetch 2000 from restored_rows')
      if (rows.length === 0) return
      yield rows.map(({ line }) => line)
    }
  } finally {
    await client.query('close restored_rows')
  }
}
