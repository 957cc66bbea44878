import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, beforeEach, test } from 'node:test'
import { createGzip, gzipSync } from 'node:zlib'
import { DomainError } from '#platform/errors.ts'
import { type BadRow, barReader, type FileRow } from '#platform/files'
import { testDatabase } from '#test/database.ts'
import { importFile } from '../../src/contractors/imports/imports.ts'

const { db, admin } = await testDatabase()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-abuse-'))
after(() => rmSync(folder, { recursive: true, force: true }))

beforeEach(async () => {
  for (const table of ['contractor_profiles', 'contractors']) await admin.query(`delete from contractors.${table}`)
})

const columns = 'uei,cage_code,legal_business_name,street,city,state,zip,country,primary_naics,last_signed'.split(',')
const row = (uei: string, name: string) => `${uei},0DE86,${name},,,,,USA,,2025-03-26\n`
const header = `${columns.join()}\n`
const goodRow = row('C12NSYAH27N4', 'VERIZON FEDERAL INC.')

let counter = 0
function file(content: string | Buffer): string {
  const path = join(folder, `file${++counter}`)
  writeFileSync(path, content)
  return path
}

const take = (path: string) =>
  importFile(db, { path, source: 'entities' }, { now: new Date(), rejectsPath: `${path}.rejects.csv` })

async function assertRefused(path: string, code: string): Promise<void> {
  await assert.rejects(take(path), error => error instanceof DomainError && error.code === code)
  const { rows } = await admin.query('select count(*)::int as taken from contractors.contractors')
  assert.equal(rows[0].taken, 0, 'nothing was taken')
}

test('GG-07 a line without an end, packed 1:70, costs one row and little memory', async () => {
  const path = join(folder, 'line.csv.gz')
  // Packed closer it would be refused before it is read.
  const piece = Buffer.concat([Buffer.from(randomBytes(8_000).toString('hex')), Buffer.alloc(984_000, 'x')])
  function* content() {
    yield Buffer.from(header + goodRow)
    for (let index = 0; index < 160; index++) yield piece
    yield Buffer.from(`\n${row('UFPPJTUBUMK7', 'AFTER THE LINE')}`)
  }
  await pipeline(Readable.from(content()), createGzip({ level: 1 }), createWriteStream(path))
  assert.ok(statSync(path).size < 160_000_000 / 50, 'control: the file is small')
  const before = process.memoryUsage().rss
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 10)
  const { rows, rejects } = await take(path).finally(() => clearInterval(timer))
  assert.deepEqual([rows.inserted, rows.rejected, rejects[0]?.line], [2, 1, 3])
  assert.ok(most - before < 400_000_000, `${Math.round((most - before) / 1e6)} MB`)
  assert.ok(statSync(`${path}.rejects.csv`).size < 10_000, 'and little of the disk')
})

test('GG-07 what follows on a line that was given up is not taken for a row of its own', () => {
  const [rows, bad]: [FileRow[], BadRow[]] = [[], []]
  const reader = barReader({ onRow: it => rows.push(it), onBad: it => bad.push(it) })
  reader.push('first|row\n', false)
  for (let index = 0; index < 5; index++) reader.push('x'.repeat(600_000), false)
  reader.push('|forged|row\nlast|row\n', false)
  reader.end()
  assert.deepEqual(
    rows.map(({ line, raw }) => [line, raw]),
    [
      [1, 'first|row'],
      [3, 'last|row'],
    ],
  )
  assert.deepEqual(
    bad.map(({ line }) => line),
    [2],
  )
})

test('GG-07 a header of hundred thousand columns is read at once, a repeated one refused', async () => {
  const many = Array.from({ length: 100_000 }, (_, index) => `c${index}`)
  const began = performance.now()
  await assertRefused(file(`${columns.join()},${many.join()},${many[7]}\n`), 'contractors.column_repeated')
  assert.ok(performance.now() - began < 4_000)
})

test('GG-07 a header does not reach into the program, nor a value out of its column', async () => {
  const odd = ['__proto__', 'constructor', 'toString', '"quoted ""name"""', '$1', "'; drop table contractors.awards --"]
  const value = `"\\.\n\\N\ttab \\\\ "" ' ; -- \r\n\u2028 😀 <img src=x onerror=alert(1)> =1+1"`
  const line = `${row('C12NSYAH27N4', value).trimEnd()},${odd.map((_, index) => index)}\n`
  const path = file(`${columns.join()},${odd.join()}\n${line}`)
  const { rows } = await take(path)
  assert.deepEqual([rows.inserted, rows.rejected], [1, 0])
  const taken = await admin.query('select data from contractors.contractors')
  assert.equal(
    taken.rows[0].data.legal_business_name,
    `\\.\n\\N\ttab \\\\ " ' ; -- \r\n\u2028 😀 <img src=x onerror=alert(1)> =1+1`,
  )
  assert.equal(Object.getOwnPropertyDescriptor(taken.rows[0].data, '__proto__')?.value, '0')
  assert.equal(({} as { 0?: string })[0], undefined)
})

test('GG-07 what is no such file is refused with one clear sentence, and nothing of it is taken', async () => {
  const packed = gzipSync(header + goodRow)
  mkdirSync(join(folder, 'directory'))
  await assertRefused(join(folder, 'directory'), 'files.unreadable')
  await assertRefused(join(folder, 'none'), 'files.not_found')
  await assertRefused(file(''), 'files.empty')
  await assertRefused('/dev/zero', 'files.empty')
  await assertRefused(file(packed.subarray(0, packed.length - 9)), 'files.damaged')
  await assertRefused(file(Buffer.concat([packed.subarray(0, 20), Buffer.alloc(40, 7)])), 'files.damaged')
  await assertRefused(file(gzipSync(packed)), 'contractors.columns_missing')
  await assertRefused(file(`${header.replace('uei', 'u\0ei')}${goodRow}`), 'contractors.columns_missing')
  await assertRefused(
    file(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(header, 'utf16le')])),
    'contractors.columns_missing',
  )
  await assertRefused(file(`\n\n\n`), 'contractors.columns_missing')
  await assert.rejects(
    importFile(db, { path: file(header + goodRow), source: '../entities' }, { now: new Date() }),
    error => error instanceof DomainError && error.code === 'contractors.source_unknown',
  )
  assert.equal((await take(file(packed))).rows.inserted, 1, 'control: the packed file whole')
  assert.ok(!existsSync(join(folder, `file${counter}.rejects.csv`)))
})
