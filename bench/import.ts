import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { importFile } from '#contractors'
import type { Bench } from './context.ts'

const path = fileURLToPath(new URL('../data/contractors/fpds_idv_actions.csv.gz', import.meta.url))
const rounds = 3

/**
 * Rows per second of a whole import (parse, check, raw records, awards, profiles) of the uncompressed FPDS actions into
 * an empty catalogue, against COPY of the same records, ready as JSON lines, into a table of one jsonb column.
 */
const bench: Bench = async ({ db, admin, log }) => {
  const folder = mkdtempSync(join(tmpdir(), 'commonhold-bench-import-'))
  try {
    const file = join(folder, 'actions.csv')
    await pipeline([gunzipSync(readFileSync(path))], createWriteStream(file))
    const lines = join(folder, 'actions.jsonl')
    await admin.query('create table public.raw_rows (data jsonb)')
    const imports: number[] = []
    const copies: number[] = []
    for (let round = 0; round < rounds; round++) {
      await admin.query('delete from contractors.contractor_profiles')
      await admin.query(
        'truncate contractors.contractors, contractors.observations, contractors.awards, contractors.imports',
      )
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

const median = (figures: readonly number[]) =>
  figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)]!

export default bench
