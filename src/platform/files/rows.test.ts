import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { type BadRow, barReader, csvReader, type FileRow } from './rows.ts'

type Read = { rows: FileRow[]; bad: BadRow[] }

function read(makeReader: typeof csvReader, pieces: readonly string[], isDamaged = false): Read {
  const rows: FileRow[] = []
  const bad: BadRow[] = []
  const reader = makeReader({ onRow: row => rows.push(row), onBad: row => bad.push(row) })
  for (const piece of pieces) reader.push(piece, isDamaged)
  reader.end()
  return { rows, bad }
}

const readCsv = (text: string) => read(csvReader, [text])
const valuesOf = ({ rows }: Read) => rows.map(row => row.values)
const cell = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
const text = fc.string({ unit: fc.constantFrom('a', 'é', ' ', ',', '"', '\n', '\r\n', '|', '1') })

test('GG-07 CSV of any values comes back as it was, in pieces of any size', () => {
  const table = fc.array(fc.array(text, { minLength: 2, maxLength: 5 }), { minLength: 1 })
  const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 9 }))
  fc.assert(
    fc.property(table, sizes, fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, cuts, lineEnd, endsWithLine) => {
      const whole = rows.map(row => row.map(cell).join(',')).join(lineEnd) + (endsWithLine ? lineEnd : '')
      const pieces: string[] = []
      for (let from = 0; from < whole.length; ) {
        const size = cuts.next().value as number
        pieces.push(whole.slice(from, from + size))
        from += size
      }
      const result = read(csvReader, pieces)
      assert.deepEqual(valuesOf(result), rows)
      assert.deepEqual(result.bad, [])
      // every row is where it says
      const lines = whole.split('\n')
      for (const row of result.rows) assert.ok(lines[row.line - 1]!.startsWith(row.raw.split('\n')[0]!.slice(0, 3)))
    }),
  )
})

test('GG-07 arbitrary text is read without an exception and its lines are counted', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), garbage => {
      for (const reader of [csvReader, barReader]) {
        const { rows, bad } = read(reader, [garbage])
        for (const { line } of [...rows, ...bad]) assert.ok(line >= 1 && line <= garbage.split('\n').length)
      }
    }),
  )
})

test('GG-07 a byte order mark, CRLF, empty lines and a missing last line end do not matter', () => {
  assert.deepEqual(valuesOf(readCsv('\ufeffa,b\r\n\r\n1,2\r\n3,4')), [
    ['a', 'b'],
    ['1', '2'],
    ['3', '4'],
  ])
})

test('GG-07 a quoted value keeps its line ends, and the line numbers go on behind it', () => {
  const { rows } = readCsv('a,b\n"one\ntwo","say ""x"""\n5,6\n')
  assert.deepEqual(rows[1]!.values, ['one\ntwo', 'say "x"'])
  assert.deepEqual(
    rows.map(row => row.line),
    [1, 2, 4],
  )
})

test('GG-07 a quote that is never closed costs its line and not the rest of the file', () => {
  const { rows, bad } = readCsv('a,b\n1,"open\n3,4\n5,6\n')
  assert.deepEqual(bad, [{ line: 2, column: '', reason: 'a quote is opened and never closed', raw: '1,"open' }])
  assert.deepEqual(
    rows.map(row => row.line),
    [1, 3, 4],
  )
  const long = read(csvReader, ['a,b\n1,"open\n', ...Array.from({ length: 300 }, () => `${'x'.repeat(9_998)},\n`)])
  assert.equal(long.bad.length, 1)
  assert.equal(long.rows.length, 301)
})

test('GG-07 a NUL byte and invalid UTF-8 cost their row alone', () => {
  const { rows, bad } = read(csvReader, ['a,b\n1,\0\n2,\ufffd\n3,é\n'], true)
  assert.deepEqual(
    bad.map(({ line, reason }) => [line, reason]),
    [
      [2, 'a NUL byte'],
      [3, 'invalid UTF-8'],
    ],
  )
  assert.deepEqual(
    rows.map(row => row.line),
    [1, 4],
  )
  assert.equal(readCsv('2,\ufffd\n').bad.length, 0, 'a replacement character that the file really has is text')
})

test('GG-07 SAM lines are cut at bars and a quote is text', () => {
  const { rows } = read(barReader, ['A|"x|', '\r\n', 'B||'])
  assert.deepEqual(valuesOf({ rows, bad: [] }), [
    ['A', '"x', ''],
    ['B', '', ''],
  ])
})

test('GG-07 the reader agrees with csv-parse, on generated files and on a real one', () => {
  const judge = (csv: string) => parse(csv, { relax_column_count: true, skip_empty_lines: true }) as string[][]
  const table = fc.array(fc.array(text, { minLength: 2, maxLength: 5 }), { minLength: 1 })
  fc.assert(
    fc.property(table, rows => {
      const csv = `${rows.map(row => row.map(cell).join(',')).join('\n')}\n`
      assert.deepEqual(valuesOf(readCsv(csv)), judge(csv))
    }),
  )
  const real = gunzipSync(readFileSync('data/contractors/fpds_awards.csv.gz')).toString('utf8')
  assert.deepEqual(valuesOf(readCsv(real)), judge(real))
})
