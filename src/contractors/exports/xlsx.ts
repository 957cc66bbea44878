import { createDeflateRaw } from 'node:zlib'
import { Zip, ZipPassThrough } from 'fflate'
import { type Column, textOf } from './columns.ts'
import type { FileDescription, Writer } from './file.ts'

/**
 * Office Open XML (ECMA-376), written row by row: a library that builds the whole workbook first takes memory with every
 * row. Texts stand in their cells (`inlineStr`), so that nothing has to be gathered for a shared table, and none of them is
 * ever a formula. The first row is frozen and can be filtered.
 */
export const writeXlsx: Writer = async function* (file, batches) {
  const pieces: Uint8Array[] = []
  let failure: Error | undefined
  const zip = new Zip((error, piece) => {
    if (error) failure = error
    else if (piece.length > 0) pieces.push(piece)
  })
  const taken = () => {
    if (failure) throw failure
    return pieces.splice(0)
  }
  for (const [name, text] of parts(file)) await new Entry(zip, name).end(text)
  yield* taken()

  const sheet = new Entry(zip, 'xl/worksheets/sheet1.xml')
  await sheet.write(sheetHead(file.columns))
  const places = file.columns.map((column, index) => ({ column, letters: letters(index + 1) }))
  let number = 1
  for await (const rows of batches) {
    let text = ''
    for (const row of rows) {
      number++
      text += `<row r="${number}">`
      for (const { column, letters } of places) text += cellOf(row[column.key], column, `${letters}${number}`)
      text += '</row>'
    }
    await sheet.write(text)
    yield* taken()
  }
  await sheet.end(`</sheetData><autoFilter ref="A1:${letters(file.columns.length)}${number}"/></worksheet>`)
  zip.end()
  yield* taken()
}

/** A file of the archive, compressed by zlib on a thread beside: fflate's own would hold up the program. */
class Entry extends ZipPassThrough {
  private readonly deflate = createDeflateRaw({ level: 5 })

  constructor(zip: Zip, name: string) {
    super(name)
    this.compression = 8
    zip.add(this)
    this.deflate.on('data', (piece: Uint8Array) => this.ondata(null, piece, false))
  }

  /** Done when the compressor has taken it. */
  async write(text: string): Promise<void> {
    if (text === '') return
    const bytes = Buffer.from(text)
    this.push(bytes)
    await new Promise<void>((done, fail) => {
      this.deflate.write(bytes, error => (error ? fail(error) : done()))
    })
  }

  async end(text: string): Promise<void> {
    await this.write(text)
    const ended = new Promise<void>((done, fail) => this.deflate.once('end', done).once('error', fail))
    this.deflate.end()
    await ended
    this.push(nothing, true)
    this.ondata(null, nothing, true)
  }

  /** What is pushed is counted by fflate; the bytes come from the compressor. */
  protected override process(): void {}
}

const nothing = new Uint8Array(0)

const styles = { plain: 0, head: 1, money: 2, integer: 3, date: 4, time: 5, decimal: 6 } as const

function cellOf(value: unknown, { kind }: Column, place: string): string {
  if (value === null || value === undefined) return ''
  if (kind === 'integer' || kind === 'money' || kind === 'decimal') {
    const text = textOf(value, kind)
    if (/^-?\d{1,15}(\.\d+)?$/.test(text)) return `<c r="${place}" s="${styles[kind]}"><v>${text}</v></c>`
  }
  // A text in such a column is one from before the field was of this kind.
  if (kind === 'boolean' && typeof value === 'boolean') return `<c r="${place}" t="b"><v>${value ? 1 : 0}</v></c>`
  if (kind === 'date' || kind === 'time') {
    const serial = value instanceof Date || isoDate.test(String(value)) ? serialOf(new Date(value as Date)) : undefined
    if (serial !== undefined) return `<c r="${place}" s="${styles[kind]}"><v>${serial}</v></c>`
  }
  const text = textOf(value, kind)
  return text === '' ? '' : textCell(text, place, styles.plain)
}

const isoDate = /^\d{4}-\d\d-\d\d(T|$)/

/** Days since the end of 1899, as spreadsheets count them; before 1 March 1900 they count differently. */
function serialOf(moment: Date): number | undefined {
  const days = moment.getTime() / 86_400_000 + 25_569
  return Number.isFinite(days) && days >= 61 ? Math.round(days * 86_400) / 86_400 : undefined
}

/** The most that a cell takes. */
const longestCell = 32_767

function textCell(text: string, place: string, style: number): string {
  const cut = text.length > longestCell ? `${text.slice(0, longestCell - 1)}…` : text
  return `<c r="${place}" t="inlineStr"${style === 0 ? '' : ` s="${style}"`}><is><t xml:space="preserve">${xmlOf(cut)}</t></is></c>`
}

const isPlain = /^[\x20-\x25\x27-\x3b\x3d\x3f-\x7e]*$/

/** Text for XML 1.0; what it cannot hold is left out, and what reads like an escape of a character code is escaped itself. */
function xmlOf(text: string): string {
  if (isPlain.test(text) && !text.includes('_x')) return text
  return (
    text
      .toWellFormed()
      .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
  )
}

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const packages = 'http://schemas.openxmlformats.org/package/2006'
const types = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

function sheetHead(columns: readonly Column[]): string {
  const widths = columns.map(
    ({ width, label }, index) =>
      `<col min="${index + 1}" max="${index + 1}" width="${Math.max(width, Math.min(label.length, 26)) + 2}" customWidth="1"/>`,
  )
  const labels = columns.map(({ label }, index) => textCell(label, `${letters(index + 1)}1`, styles.head))
  return `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${widths.join('')}</cols><sheetData><row r="1">${labels.join('')}</row>`
}

/** A second sheet says what the rows are. */
function aboutSheet({ title, filters, madeAt, timeZone }: FileDescription): string {
  const lines = [
    ['Title', title],
    ...filters.map(filter => ['Rows', filter]),
    ['Made', `${new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'long', timeZone }).format(madeAt)}`],
    ['Times', 'UTC'],
    ['Amounts', 'US dollars'],
  ]
  const rows = lines.map(
    ([name = '', text = ''], index) =>
      `<row r="${index + 1}">${textCell(name, `A${index + 1}`, styles.head)}${textCell(text, `B${index + 1}`, styles.plain)}</row>`,
  )
  return `${declaration}<worksheet xmlns="${main}"><cols><col min="1" max="1" width="12" customWidth="1"/><col min="2" max="2" width="90" customWidth="1"/></cols><sheetData>${rows.join('')}</sheetData></worksheet>`
}

function parts(file: FileDescription): [name: string, text: string][] {
  const formats =
    '<numFmts count="3"><numFmt numFmtId="164" formatCode="#,##0.00"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="166" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
  const cell = (format: number, font = 0) =>
    `<xf numFmtId="${format}" fontId="${font}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"${font ? ' applyFont="1"' : ''}/>`
  return [
    [
      '[Content_Types].xml',
      `${declaration}<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${types}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${types}.worksheet+xml"/><Override PartName="/xl/worksheets/sheet2.xml" ContentType="${types}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${types}.styles+xml"/></Types>`,
    ],
    [
      '_rels/.rels',
      `${declaration}<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ],
    [
      'xl/workbook.xml',
      `${declaration}<workbook xmlns="${main}" xmlns:r="${relations}"><sheets><sheet name="Contractors" sheetId="1" r:id="rId1"/><sheet name="About" sheetId="2" r:id="rId2"/></sheets></workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      `${declaration}<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${relations}/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId3" Type="${relations}/styles" Target="styles.xml"/></Relationships>`,
    ],
    [
      'xl/styles.xml',
      `${declaration}<styleSheet xmlns="${main}">${formats}<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="7">${cell(0)}${cell(0, 1)}${cell(164)}${cell(3)}${cell(165)}${cell(166)}${cell(2)}</cellXfs></styleSheet>`,
    ],
    ['xl/worksheets/sheet2.xml', aboutSheet(file)],
  ]
}

/** The name of the nth column: A, Z, AA. */
function letters(n: number): string {
  return n === 0 ? '' : letters(Math.floor((n - 1) / 26)) + String.fromCharCode(65 + ((n - 1) % 26))
}
