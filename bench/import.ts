import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { importFile } from '#contractors'
import type { Bench, BenchContext, BenchResult } from './context.ts'
import { writeSamFile } from './contractors/sam-files.ts'

const path = fileURLToPath(new URL('../data/contractors/fpds_idv_actions.csv.gz', import.meta.url))
const rounds = 3

/** Registrations in the whole of SAM, and in one of its daily files. */
const registrations = 900_000
const changes = 10_000

const bench: Bench = async context => [...(await importActions(context)), ...(await importRegistrations(context))]

/**
 * Rows per second of a whole import (parse, check, raw records, awards, profiles) of the uncompressed FPDS actions into
 * an empty catalogue, against COPY of the same records, ready as JSON lines, into a table of one jsonb column.
 */
async function importActions({ db, admin, log }: BenchContext): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'commonhold-bench-import-'))
  try {
    const file = join(folder, 'actions.csv')
    await pipeline([gunzipSync(readFileSync(path))], createWriteStream(file))
    const lines = join(folder, 'actions.jsonl')
    await admin.query('create table if not exists public.raw_rows (data jsonb)')
    const imports: number[] = []
    const copies: number[] = []
    for (let round = 0; round < rounds; round++) {
      await clearCatalogue(admin)
      const started = performance.now()
      const { rows } = await importFile(db, { path: file, source: 'fpds_idv' }, { now: new Date() })
      imports.push((rows.read / (performance.now() - started)) * 1000)
      if (round === 0) {
        await pipeline(
          admin.query(copyTo('copy (select data from contractors.contractors) to stdout')),
          createWriteStream(lines),
        )
      }
      await admin.query('truncate public.raw_rows')
      const copied = performance.now()
      await pipeline(
        createReadStream(lines, { highWaterMark: 256 * 1024 }),
        admin.query(copyFrom('copy public.raw_rows from stdin')),
      )
      copies.push((rows.read / (performance.now() - copied)) * 1000)
      log(`import ${Math.round(imports.at(-1)!)} rows/s, COPY ${Math.round(copies.at(-1)!)} rows/s`)
    }
    // Of one round each, so that both saw the same machine.
    const ratio = median(imports.map((rate, round) => rate / copies[round]!))
    return [
      { name: 'import of FPDS actions', value: Math.round(median(imports)), unit: 'rows/s' },
      { name: 'COPY of the same rows into jsonb', value: Math.round(median(copies)), unit: 'rows/s' },
      {
        name: 'import against COPY',
        value: Math.round(ratio * 100) / 100,
        unit: '×',
        target: '≥ 0.4',
        ok: ratio >= 0.4,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The whole of SAM into an empty catalogue, against COPY of its raw records as JSON lines into a table of one jsonb
 * column, and against COPY of the rows that it made into the same tables; then a daily file of changes: 6,000 updated, 2,000 new, 1,500 expired and 500 deleted registrations.
 */
async function importRegistrations({ db, admin, log }: BenchContext): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'commonhold-bench-import-'))
  try {
    const whole = join(folder, 'monthly.dat')
    await writeSamFile(whole, {
      day: '20260906',
      isFull: true,
      count: registrations,
      numbers: numbersFrom(0, registrations),
      codeOf: number => (number % 7 === 0 ? 'E' : 'A'),
    })
    await clearCatalogue(admin)
    await admin.query('create table if not exists public.raw_rows (data jsonb)')
    const phases = new Map<string, number>()
    const started = performance.now()
    const { rows } = await importFile(
      db,
      { path: whole, source: 'sam_v2' },
      { now: new Date(), onProgress: ({ phase }) => phases.set(phase, performance.now()) },
    )
    const importing = (performance.now() - started) / 1000
    log(
      `import ${importing.toFixed(1)} s, of which reading ${((phases.get('reading')! - started) / 1000).toFixed(1)} s`,
    )
    const lines = join(folder, 'records.jsonl')
    await pipeline(
      admin.query(copyTo('copy (select data from contractors.contractors) to stdout')),
      createWriteStream(lines),
    )
    await admin.query('truncate public.raw_rows')
    const copied = performance.now()
    await pipeline(
      createReadStream(lines, { highWaterMark: 256 * 1024 }),
      admin.query(copyFrom('copy public.raw_rows from stdin')),
    )
    const copying = (performance.now() - copied) / 1000
    log(`COPY ${copying.toFixed(1)} s`)
    await admin.query('drop table public.raw_rows')
    const writing = await copyWritten(admin, folder)
    log(`COPY of what the import wrote ${writing.toFixed(1)} s`)
    await admin.query('vacuum analyze')

    const daily = join(folder, 'daily.dat')
    await writeSamFile(daily, {
      day: '20260908',
      isFull: false,
      count: changes,
      numbers: changedNumbers(),
      codeOf: number => (number >= registrations ? '2' : number % 4 === 0 ? '4' : number % 20 === 1 ? '1' : '3'),
      nameEnd: 'CHANGED',
    })
    const changing = performance.now()
    const change = await importFile(db, { path: daily, source: 'sam_v2' }, { now: new Date() })
    const seconds = (performance.now() - changing) / 1000
    log(`daily file: ${JSON.stringify(change.rows)} in ${seconds.toFixed(1)} s`)
    const ratio = copying / importing
    return [
      { name: `import of ${rows.read} SAM registrations`, value: Math.round(rows.read / importing), unit: 'rows/s' },
      { name: 'COPY of their raw records into jsonb', value: Math.round(rows.read / copying), unit: 'rows/s' },
      {
        name: 'import of SAM against COPY',
        value: Math.round(ratio * 100) / 100,
        unit: '×',
        target: '≥ 0.4',
        ok: ratio >= 0.4,
      },
      {
        name: 'the same against COPY of the rows it made, into the same tables',
        value: Math.round((writing / importing) * 100) / 100,
        unit: '×',
        target: '≥ 0.4',
        ok: writing / importing >= 0.4,
      },
      {
        name: `daily file of ${change.rows.read} changes into them`,
        value: Math.round(seconds * 10) / 10,
        unit: 's',
        target: '≤ 10',
        ok: seconds <= 10,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Seconds that COPY takes for the rows which the import has made, as text, into the same tables with their keys, checks and indexes. */
async function copyWritten(admin: BenchContext['admin'], folder: string): Promise<number> {
  const tables = ['contractor_profiles', 'contractors', 'observations', 'profile_names', 'families']
  const places = new Map<string, string>()
  for (const table of tables) {
    const { rows } = await admin.query<{ columns: string }>(
      `select string_agg(quote_ident(attname), ', ' order by attnum) as columns
      from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [`contractors.${table}`],
    )
    const place = `contractors.${table} (${rows[0]!.columns})`
    places.set(table, place)
    const read = `copy (select ${rows[0]!.columns} from contractors.${table}) to stdout`
    await pipeline(admin.query(copyTo(read)), createWriteStream(join(folder, table)))
  }
  await clearCatalogue(admin)
  const started = performance.now()
  await admin.query('begin')
  for (const [table, place] of places)
    await pipeline(
      createReadStream(join(folder, table), { highWaterMark: 256 * 1024 }),
      admin.query(copyFrom(`copy ${place} from stdin`)),
    )
  await admin.query('commit')
  return (performance.now() - started) / 1000
}

/** Known ones spread over all, then new ones. */
function* changedNumbers(): Generator<number> {
  for (let index = 0; index < changes * 0.8; index++) yield Math.floor((index * registrations) / (changes * 0.8))
  yield* numbersFrom(registrations, registrations + changes * 0.2)
}

function* numbersFrom(first: number, end: number): Generator<number> {
  for (let number = first; number < end; number++) yield number
}

async function clearCatalogue(admin: BenchContext['admin']): Promise<void> {
  await admin.query('delete from contractors.contractor_profiles')
  await admin.query(
    'truncate contractors.contractors, contractors.observations, contractors.awards, contractors.profile_names, contractors.profile_changes, contractors.search_changes, contractors.families cascade',
  )
  await admin.query('delete from contractors.imports')
}

const median = (figures: readonly number[]) =>
  figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)]!

export default bench
