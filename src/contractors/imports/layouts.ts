import type { FileRow } from '#platform/files'
import { errors } from './import-errors.ts'
import { type Refusal, rowMapping } from './mapping.ts'
import { readSamRecord, samColumns, samFieldCount } from './sources/sam-v2.ts'
import type { Source } from './sources/source.ts'

/** How the rows of one file are told apart: what is a record, a header, an end. */
export type Layout = {
  /** The values of a record, why it is refused, or undefined for a line that is none (header, BOF, EOF). */
  read(row: FileRow): readonly string[] | Refusal | undefined
  mapping(): ReturnType<typeof rowMapping>
  /** Refuses a file that is cut off; returns what is worth a warning. */
  finish(rows: number): string[]
}

/** The layout of a source's format; `path` is for refusals. */
export function layoutOf(path: string, source: Source): Layout {
  return source.format === 'sam' ? samLayout(path, source) : csvLayout(path, source)
}

function csvLayout(path: string, source: Source): Layout {
  let columns: string[] | undefined
  let mapping: ReturnType<typeof rowMapping>
  return {
    read(row) {
      if (columns) {
        if (row.values.length === columns.length) return row.values
        return { column: '', reason: `${row.values.length} columns instead of ${columns.length}` }
      }
      const header = row.values.map(column => column.trim())
      const missing = source.required.filter(column => !header.includes(column))
      if (missing.length > 0)
        throw errors.columnsMissing({ path, source: source.name, columns: missing.join(', '), missing })
      const seen = new Set<string>()
      const repeated = header.filter(column => seen.size === seen.add(column).size)
      if (repeated.length > 0) throw errors.columnRepeated({ path, columns: repeated.join(', ') })
      columns = header
      mapping = rowMapping(source, header)
      return undefined
    },
    mapping: () => mapping,
    finish() {
      if (!columns)
        throw errors.columnsMissing({
          path,
          source: source.name,
          columns: source.required.join(', '),
          missing: source.required,
        })
      return []
    },
  }
}

function samLayout(path: string, source: Source): Layout {
  const mapping = rowMapping(source, samColumns)
  let header: { line: string; date: string; count: number } | undefined
  let isEnded = false
  return {
    read(row) {
      if (!header) {
        const parts = /^BOF (\w+ )?(V\d+ )?(\d{8}) (\d{8}) (\d+) (\d+)$/.exec(row.raw)
        if (!parts) throw errors.samHeaderMissing({ path })
        const version = parts[2]?.trim() ?? 'V1'
        if (version !== 'V2') throw errors.samVersionUnknown({ path, version })
        header = { line: row.raw.slice(3), date: parts[4]!, count: Number(parts[5]) }
        return undefined
      }
      if (row.raw.startsWith('EOF ')) {
        isEnded = row.raw.slice(3) === header.line
        return undefined
      }
      if (row.values.length !== samFieldCount)
        return { column: '', reason: `${row.values.length} columns instead of ${samFieldCount}` }
      if (row.values[samFieldCount - 1] !== '!end') return { column: '', reason: 'the record does not end with !end' }
      return readSamRecord(row.values, header.date)
    },
    mapping: () => mapping,
    finish(rows) {
      if (!header) throw errors.samHeaderMissing({ path })
      if (!isEnded) throw errors.samFileCutOff({ path })
      return rows === header.count ? [] : [`The BOF line announces ${header.count} records, the file has ${rows}.`]
    },
  }
}
