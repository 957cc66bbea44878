import type { BadRow, FileRow } from '#platform/files'
import { errors } from './import-errors.ts'
import { type Refusal, rowMapping } from './mapping.ts'
import type { Source } from './sources/source.ts'
import { endedColumn, findFitting, isForbidden } from './sources.ts'

/** What a file says of itself: of which day it is, and whether it holds everything or changes only. */
export type Publication = { on: string; isFull: boolean }

const endedPart = 'ended'

/** How the rows of one file are told apart: what is a record, a header, an end. */
export type Layout = {
  /** The trimmed values of a record, why it is refused, or undefined for a line that is none (header, BOF, EOF). */
  read(row: FileRow): readonly string[] | Refusal | undefined
  mapping(): ReturnType<typeof rowMapping>
  /** What may be shown of a row that is refused: without the columns that are never kept. */
  shown(row: Pick<BadRow, 'raw'> & { values?: readonly string[] }): string
  /** The values of a record that says no more than that this one is published no longer. */
  end(data: Readonly<Record<string, string>>): string[]
  /** Undefined in files that do not say. */
  publication(): Publication | undefined
  /** Refuses a file that is cut off; returns what is worth a warning, and whether it has all the rows that it announces. */
  finish(rows: number): { warnings: string[]; isComplete: boolean }
}

/** The layout of a source's format; `path` is for refusals. */
export function layoutOf(path: string, source: Source): Layout {
  return source.format === 'sam' ? samLayout(path, source) : csvLayout(path, source)
}

function csvLayout(path: string, source: Source): Layout {
  let columns: string[] | undefined
  let dropped: number[] = []
  let mapping: ReturnType<typeof rowMapping>
  const missingFrom = (header: readonly string[]) => {
    const missing = source.required.filter(column => !header.includes(column))
    const fitting = findFitting(header)
    const hint = fitting ? ` Its columns are those of ${fitting.name} (${fitting.title}).` : ''
    const { name, title } = source
    return errors.columnsMissing({ path, source: name, title, columns: missing.join(', '), missing, hint })
  }
  return {
    read(row) {
      if (columns) {
        if (row.values.length !== columns.length)
          return { column: '', reason: `${row.values.length} columns instead of ${columns.length}` }
        const values = row.values.map(value => value.trim())
        for (const index of dropped) values[index] = ''
        return values
      }
      const header = row.values.map(column => column.trim())
      if (source.required.some(column => !header.includes(column))) throw missingFrom(header)
      const seen = new Set<string>()
      const repeated = header.filter(column => seen.size === seen.add(column).size)
      if (repeated.length > 0) throw errors.columnRepeated({ path, columns: repeated.join(', ') })
      columns = header
      dropped = header.flatMap((column, index) =>
        isForbidden(column) || source.omitted?.includes(column) ? [index] : [],
      )
      mapping = rowMapping(source, header)
      return undefined
    },
    mapping: () => mapping,
    shown({ raw, values }) {
      if (dropped.length === 0) return raw
      if (values?.length !== columns?.length) return ''
      return values!.filter((_, index) => !dropped.includes(index)).join(',')
    },
    end: () => [],
    publication: () => undefined,
    finish() {
      if (!columns) throw missingFrom([])
      return { warnings: [], isComplete: true }
    },
  }
}

function samLayout(path: string, source: Source): Layout {
  const { version: wanted, fieldCount, columns: byPosition } = source.layout!
  const positions = Object.keys(byPosition).map(position => Number(position) - 1)
  const columns = [...Object.values(byPosition), endedColumn]
  const mapping = rowMapping(source, columns)
  const ended = columns.length - 1
  const indexOf = (column: string | undefined) => (column === undefined ? -1 : columns.indexOf(column))
  const code = indexOf(source.ended?.column)
  const flag = indexOf(source.hidden?.column)
  const kept = new Set(source.hidden?.kept.map(indexOf))
  const observed = indexOf(source.observedOn)
  const identifiers = new Set([...source.key, ...(source.ended?.kept ?? [])])
  let header: { line: string; date: string; isFull: boolean; count: number } | undefined
  let isEnded = false

  function readRecord(row: readonly string[]): string[] {
    const values: string[] = new Array(columns.length)
    for (let index = 0; index < positions.length; index++) {
      const value = row[positions[index]!]!
      values[index] = value === '' ? value : value.trim()
    }
    values[ended] = ''
    // Of a registrant who did not authorise public display only the identifiers and that fact are kept.
    if (flag >= 0 && values[flag] === source.hidden!.value)
      return values.map((value, index) => (kept.has(index) ? value : ''))
    // These come with identifiers alone. They are a record of their own, so that the end of a registration does not wipe
    // out what the complete record said.
    if (code >= 0 && (values[code] === source.ended!.deleted || values[code] === source.ended!.expired)) {
      values[observed] = header!.date
      values[ended] = endedPart
    }
    return values
  }

  return {
    read(row) {
      if (!header) {
        const parts = /^BOF (\w+ )?(V\d+ )?(\d{8}) (\d{8}) (\d+) (\d+)$/.exec(row.raw)
        if (!parts) throw errors.samHeaderMissing({ path })
        const version = parts[2]?.trim() ?? 'V1'
        if (version !== wanted) throw errors.samVersionUnknown({ path, version, source: source.name, wanted })
        header = {
          line: row.raw.slice(3),
          date: parts[4]!,
          isFull: parts[3] === '00000000',
          count: Number(parts[5]),
        }
        return undefined
      }
      if (row.raw.startsWith('EOF ')) {
        isEnded = row.raw.slice(3) === header.line
        return undefined
      }
      if (row.values.length !== fieldCount)
        return { column: '', reason: `${row.values.length} columns instead of ${fieldCount}` }
      if (row.values[fieldCount - 1] !== '!end') return { column: '', reason: 'the record does not end with !end' }
      return readRecord(row.values)
    },
    mapping: () => mapping,
    // Of any other count of fields nobody can say which is the DUNS number and which a person.
    shown({ raw, values = raw.split('|') }) {
      if (values.length !== fieldCount) return ''
      return header ? readRecord(values).join('|') : ''
    },
    end(data) {
      const values = columns.map(column => (identifiers.has(column) ? (data[column] ?? '') : ''))
      values[code] = source.ended!.deleted
      values[observed] = header!.date
      values[ended] = endedPart
      return values
    },
    publication: () =>
      header && {
        on: `${header.date.slice(0, 4)}-${header.date.slice(4, 6)}-${header.date.slice(6)}`,
        isFull: header.isFull,
      },
    finish(rows) {
      if (!header) throw errors.samHeaderMissing({ path })
      if (!isEnded) throw errors.samFileCutOff({ path })
      const isComplete = rows === header.count
      return {
        warnings: isComplete ? [] : [`The BOF line announces ${header.count} records, the file has ${rows}.`],
        isComplete,
      }
    },
  }
}
