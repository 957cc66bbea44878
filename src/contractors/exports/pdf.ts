import { createRequire } from 'node:module'
import { setImmediate as rest } from 'node:timers/promises'
import PDFDocument from 'pdfkit'
import { type Column, type Row, textOf } from './columns.ts'
import type { FileDescription, Writer } from './file.ts'

const fontOf = (name: string) => createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`)
// By their paths alone: of a font under two names pdfkit reads the file again at each change (12 ms a row).
const plain = fontOf('DejaVuSansCondensed')
const bold = fontOf('DejaVuSansCondensed-Bold')

const margin = 36
const size = 7.5
const padding = 3
const mostLines = 3
const ink = '#1a1f1d'
const dimmed = '#5a625f'
const line = '#c9d0cd'

/**
 * A document to be read and printed: A4 across, the labels again on each page, page numbers. Tagged (a table of rows and
 * cells with its header cells, language, title), so that a screen reader can walk it. Long texts are cut after three lines.
 */
export const writePdf: Writer = async function* (file, batches) {
  const pieces: Buffer[] = []
  const doc = new PDFDocument({
    size: 'A4',
    layout: 'landscape',
    margins: { top: margin, left: margin, right: margin, bottom: margin },
    pdfVersion: '1.7',
    tagged: true,
    displayTitle: true,
    lang: 'en-US',
    // The number of pages stands on each of them.
    bufferPages: true,
    font: plain,
    info: { Title: file.title, Creator: 'Commonhold', CreationDate: file.madeAt },
  })
  doc.on('data', (piece: Buffer) => pieces.push(piece))
  const ended = new Promise<void>((done, fail) => doc.once('end', done).once('error', fail))
  const structure = doc.struct('Document')
  doc.addStructure(structure)
  writeHead(doc, structure, file)
  const places = placesOf(doc, file.columns)
  const table = doc.struct('Table')
  structure.add(table)
  writeLabels(doc, places, table)

  let count = 0
  for await (const rows of batches) {
    for (const row of rows) {
      writeRow(doc, places, table, row)
      // Setting type is work without a pause: others get their turn.
      if (++count % 20 === 0) await rest()
    }
    yield* pieces.splice(0)
  }
  table.end()
  if (count === 0) {
    structure.add(
      doc.struct('P', {}, () => doc.font(plain).fontSize(9).text('No contractor is in this selection.', margin)),
    )
  }
  structure.end()
  writeFeet(doc, file)
  doc.end()
  await ended
  yield* pieces.splice(0)
}

type Document = InstanceType<typeof PDFDocument>
type Element = ReturnType<Document['struct']>
type Place = { column: Column; x: number; width: number }

function writeHead(doc: Document, structure: Element, { title, filters }: FileDescription): void {
  structure.add(
    doc.struct('H1', {}, () => {
      doc.font(bold).fontSize(15).fillColor(ink).text(title, { lineGap: 2 })
    }),
  )
  for (const filter of filters) {
    structure.add(
      doc.struct('P', {}, () => {
        doc.font(plain).fontSize(9).fillColor(dimmed).text(filter)
      }),
    )
  }
  doc.moveDown(0.8)
}

/** Columns share the width of the page as they ask for it; where there is room, none so that a code or its label is broken. */
function placesOf(doc: Document, columns: readonly Column[]): Place[] {
  const room = doc.page.width - 2 * margin
  const asked = columns.map(column => ({
    column,
    share: Math.min(Math.max(column.width, 8), 34),
    least: leastOf(doc, column),
  }))
  const leastOfAll = asked.reduce((sum, { least }) => sum + least, 0)
  const spare = room - leastOfAll
  // What each wants beyond its least is met in proportion.
  const shares = asked.reduce((sum, { share }) => sum + share, 0)
  const wants = asked.map(({ share, least }) => Math.max((room * share) / shares - least, 0))
  const wanted = wants.reduce((sum, want) => sum + want, 0)
  let x = margin
  return asked.map(({ column, least }, index) => {
    const width = spare <= 0 ? (least * room) / leastOfAll : least + (spare * (wants[index] ?? 0)) / (wanted || 1)
    const place = { column, x, width }
    x += width
    return place
  })
}

const longestCode = 14

/** As long as most values of a kind that has no gaps to break at. */
const unbroken: Partial<Record<Column['kind'], string>> = {
  money: '99,999,999,999.99',
  date: '2026-12-24',
  time: '2026-12-24',
}

/** The width of what would be broken: the longest word of the label, and a code, amount or day. */
function leastOf(doc: Document, { label, kind, width }: Column): number {
  const words = label.split(' ').map(word => doc.font(bold).fontSize(size).widthOfString(word))
  const sample = kind === 'text' && width <= longestCode ? 'N'.repeat(width - 2) : unbroken[kind]
  const value = sample === undefined ? 0 : doc.font(plain).fontSize(size).widthOfString(sample)
  return Math.min(Math.max(...words, value), 90) + 2 * padding + 1
}

/** In the structure the first time; what is repeated on later pages is decoration. */
function writeLabels(doc: Document, places: readonly Place[], table: Element | undefined): void {
  const top = doc.y
  doc.font(bold).fontSize(size)
  const height = heightOf(
    doc,
    places.map(({ column, width }) => [column.label, width]),
  )
  const write = ({ column, x, width }: Place) => writeCell(doc, column.label, { column, x, width }, top, height)
  if (table) {
    const row = doc.struct('TR')
    table.add(row)
    for (const place of places) {
      row.add(
        doc.struct('TH', { scope: 'Column' } as never, () => {
          doc.font(bold).fontSize(size).fillColor(ink)
          write(place)
        }),
      )
    }
    row.end()
  } else {
    doc.markContent('Artifact', { type: 'Layout' })
    doc.font(bold).fontSize(size).fillColor(ink)
    for (const place of places) write(place)
    doc.endMarkedContent()
  }
  doc.y = top + height
  drawLine(doc, ink)
}

function writeRow(doc: Document, places: readonly Place[], table: Element, values: Row): void {
  doc.font(plain).fontSize(size)
  const cells = places.map(place => ({ place, text: shownText(values[place.column.key], place.column) }))
  const height = heightOf(
    doc,
    cells.map(({ text, place }) => [text, place.width]),
  )
  if (doc.y + height > doc.page.height - margin - 14) {
    doc.addPage()
    doc.y = margin
    writeLabels(doc, places, undefined)
  }
  const top = doc.y
  const row = doc.struct('TR')
  table.add(row)
  for (const { place, text } of cells) {
    row.add(
      doc.struct('TD', {}, () => {
        doc.font(plain).fontSize(size).fillColor(ink)
        writeCell(doc, text, place, top, height)
      }),
    )
  }
  row.end()
  doc.y = top + height
  drawLine(doc, line)
}

const isNumber = ({ kind }: Column) => kind === 'integer' || kind === 'money' || kind === 'decimal'

function writeCell(doc: Document, text: string, { column, x, width }: Place, top: number, height: number): void {
  if (text === '') return
  doc.text(text, x + padding, top + padding, {
    width: width - 2 * padding,
    height: height - 2 * padding + 0.5,
    ellipsis: true,
    align: isNumber(column) ? 'right' : 'left',
    lineGap: 0,
  })
}

/** Of the highest cell, at most so many lines. */
function heightOf(doc: Document, cells: readonly (readonly [text: string, width: number])[]): number {
  const lineHeight = doc.currentLineHeight(true)
  let most = lineHeight
  for (const [text, width] of cells) {
    const room = width - 2 * padding
    // What is short enough in the widest letters needs no measuring.
    if (text.length * size * 0.9 <= room) continue
    most = Math.max(most, Math.min(doc.heightOfString(text, { width: room }), mostLines * lineHeight))
    if (most >= mostLines * lineHeight) break
  }
  return most + 2 * padding
}

const amount = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2 })
const whole = new Intl.NumberFormat('en-US')

function shownText(value: unknown, { kind }: Column): string {
  const text = textOf(value, kind)
  if (text === '') return ''
  if (kind === 'money') return amount.format(text as unknown as number)
  if (kind === 'integer') return whole.format(Number(text))
  if (kind === 'time') return text.slice(0, 16).replace('T', ' ')
  // Of a note hundreds of thousands of letters are not set to be cut after three lines.
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}

function drawLine(doc: Document, color: string): void {
  doc.markContent('Artifact', { type: 'Layout' })
  doc
    .moveTo(margin, doc.y)
    .lineTo(doc.page.width - margin, doc.y)
    .lineWidth(0.4)
    .stroke(color)
  doc.endMarkedContent()
}

function writeFeet(doc: Document, { title, madeAt, timeZone }: FileDescription): void {
  const made = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone }).format(madeAt)
  const zone = timeZone.replaceAll('_', ' ')
  const { start, count } = doc.bufferedPageRange()
  for (let page = start; page < start + count; page++) {
    doc.switchToPage(page)
    // Text below the margin would begin a new page.
    doc.page.margins.bottom = 0
    const y = doc.page.height - margin + 4
    const room = doc.page.width - 2 * margin
    doc.markContent('Artifact', { type: 'Pagination', attached: ['Bottom'] })
    doc.font(plain).fontSize(7).fillColor(dimmed)
    doc.text(`${title}, made ${made} (${zone})`, margin, y, { width: room - 90, height: 10, ellipsis: true })
    doc.text(`Page ${page - start + 1} of ${count}`, margin + room - 90, y, { width: 90, align: 'right' })
    doc.endMarkedContent()
  }
}
