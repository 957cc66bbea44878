import type { Column, Row } from './columns.ts'

export const formats = ['csv', 'xlsx', 'json', 'pdf'] as const
export type Format = (typeof formats)[number]

/** What a writer is told of the file beside its rows. */
export type FileDescription = {
  title: string
  /** What the rows are, in words: `State: Virginia`. */
  filters: readonly string[]
  columns: readonly Column[]
  madeAt: Date
  /** Of the person who asked: times in a document for people are in it. */
  timeZone: string
  /** CSV: begins with a byte order mark, without which Excel takes UTF-8 for its own code page. */
  hasByteOrderMark?: boolean
}

/** Turns rows into the bytes of a file, holding no more than a portion of them. */
export type Writer = (file: FileDescription, batches: AsyncIterable<readonly Row[]>) => AsyncIterable<Uint8Array>

export const mediaTypes: Readonly<Record<Format, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  json: 'application/json; charset=utf-8',
  pdf: 'application/pdf',
}

/** The most rows of a file: a document is for reading, and Excel ends at 1,048,576 rows. */
export const mostRows: Readonly<Record<Format, number>> = {
  csv: 1_000_000,
  xlsx: 1_000_000,
  json: 1_000_000,
  pdf: 2_000,
}
