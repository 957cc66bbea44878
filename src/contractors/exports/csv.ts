import { cellOf, quoted } from '#platform/files'
import { type Column, textOf } from './columns.ts'
import type { Writer } from './file.ts'

/**
 * RFC 4180: commas, CRLF after each record, a quote within quotes doubled, the first record the labels. Text that a
 * spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV Injection); what is a number stays one.
 */
export const writeCsv: Writer = async function* ({ columns, hasByteOrderMark = false }, batches) {
  yield Buffer.from(`${hasByteOrderMark ? '\ufeff' : ''}${columns.map(({ label }) => cellOf(label)).join(',')}\r\n`)
  for await (const rows of batches) {
    let text = ''
    for (const row of rows) {
      let between = ''
      for (const each of columns) {
        text += between + fieldOf(row[each.key], each)
        between = ','
      }
      text += '\r\n'
    }
    if (text !== '') yield Buffer.from(text)
  }
}

function fieldOf(value: unknown, { kind }: Column): string {
  // A text in a column of numbers is one from before the field was one of numbers.
  return typeof value === 'number' ? quoted(textOf(value, kind)) : cellOf(textOf(value, kind))
}
