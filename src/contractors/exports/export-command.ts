import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import cliProgress from 'cli-progress'
import { type Command, Option } from 'commander'
import { Compile } from 'typebox/compile'
import type { App } from '#platform/app.ts'
import type { CommandContext } from '#platform/module.ts'
import { nameCodes } from '../search/code-names.ts'
import { Search, searchContractors } from '../search/search.ts'
import { chooseColumns, type Row } from './columns.ts'
import { errors } from './export-errors.ts'
import { columnsInDocuments } from './exports.ts'
import { type Format, formats, mostRows } from './file.ts'
import { writerOf } from './making.ts'
import { columnsOfSearch, rowsOfSearch, wordsOf } from './selections.ts'

type Flags = { format: Format; search: string; output: string; columns?: string; bom?: boolean; json?: boolean }

/** `commonhold contractors export`: from the database straight into a file, which is there when it is whole. */
export function registerExportCommand(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('export')
    .description('Write contractors that a search finds to a file: at most 1,000,000, or 2,000 in a PDF')
    .addOption(new Option('--format <format>', 'how the file is written').choices([...formats]).default('csv'))
    .option('--search <json>', `what to look for, as the API takes it, such as '{"state":["VA"],"naics":["54"]}'`, '{}')
    .requiredOption('-o, --output <file>', 'where it goes; - is the standard output')
    .option('--columns <keys>', 'columns in their order, between commas')
    .option('--bom', 'begin a CSV file with a byte order mark, for Excel')
    .option('--json', 'print what was written as JSON, on the standard output unless the file goes there')
    .action(async (flags: Flags) => {
      const search = readSearch(flags.search)
      const known = columnsOfSearch(search)
      const keys = flags.columns?.split(',').map(key => key.trim())
      const columns = chooseColumns(known, keys ?? (flags.format === 'pdf' ? columnsInDocuments(known) : undefined))
      const started = performance.now()
      const stop = new AbortController()
      const interrupt = () => stop.abort()
      process.once('SIGINT', interrupt)
      process.once('SIGTERM', interrupt)
      let rows = 0
      let bytes = 0
      try {
        await withApp(async app => {
          const total = await countOf(app, search, flags.format)
          const bar = progressBar(total)
          const most = mostRows[flags.format]
          async function* counted(): AsyncIterable<Row[]> {
            for await (const batch of rowsOfSearch(app, {}, search, { limit: most })) {
              yield batch
              rows += batch.length
              bar.show(rows)
            }
          }
          const write = await writerOf(flags.format)
          const file = {
            title: 'Contractors found',
            filters: wordsOf(search, await nameCodes(app.db.scoped({}), [search])),
            columns,
            madeAt: app.clock.now(),
            timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
            hasByteOrderMark: flags.bom ?? false,
          }
          async function* sized() {
            for await (const piece of write(file, counted())) {
              bytes += piece.length
              yield piece
            }
          }
          try {
            await save(flags.output, sized(), stop.signal)
          } finally {
            bar.stop()
          }
        })
      } finally {
        process.off('SIGINT', interrupt)
        process.off('SIGTERM', interrupt)
      }
      const seconds = (performance.now() - started) / 1000
      const to = flags.output === '-' ? process.stderr : process.stdout
      if (flags.json)
        to.write(`${JSON.stringify({ file: flags.output, format: flags.format, rows, bytes, seconds })}\n`)
      else to.write(`${flags.output}: ${rows} contractors in ${seconds.toFixed(1)} s\n`)
    })
}

const searches = Compile(Search)

/** What `--search` says, checked as the API checks it. */
export function readSearch(text: string): Search {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw errors.exportSearchMalformed({ fault: (error as Error).message })
  }
  const unknown = Object.keys(Object(parsed)).find(key => !(key in Search.properties))
  if (unknown !== undefined) throw errors.exportSearchMalformed({ fault: `${unknown} is not known` })
  if (searches.Check(parsed)) return parsed
  const [fault] = searches.Errors(parsed)
  throw errors.exportSearchMalformed({ fault: `${fault?.instancePath ?? ''} ${fault?.message ?? ''}`.trim() })
}

/** Exact up to 10,000; undefined beyond. Refuses what the format cannot hold. */
async function countOf(app: App, search: Search, format: Format): Promise<number | undefined> {
  const { total } = await app.db.transaction({}, tx => searchContractors(tx, { ...search, limit: 1 }))
  const most = mostRows[format]
  if (total.capped ? most < 10_000 : total.count > most)
    throw errors.exportTooLarge({ most: most.toLocaleString('en-US') })
  return total.capped ? undefined : total.count
}

/** Beside the place where it belongs until it is whole, so that nobody takes half a file for the whole. */
async function save(output: string, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  if (output === '-') return await pipeline(pieces, process.stdout, { signal, end: false })
  const part = `${output}.part`
  try {
    await pipeline(pieces, createWriteStream(part), { signal })
    await rename(part, output)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/** A bar on a terminal; elsewhere nothing, so that logs stay readable. */
function progressBar(total: number | undefined) {
  const bar = new cliProgress.SingleBar(
    {
      stream: process.stderr,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: true,
      format:
        total === undefined
          ? '{value} contractors, {duration_formatted}'
          : '{bar} {percentage}% | {value} of {total} contractors',
    },
    cliProgress.Presets.shades_classic,
  )
  let isShown = false
  return {
    show(rows: number) {
      if (!isShown) bar.start(total ?? mostRows.csv, rows)
      else bar.update(rows)
      isShown = true
    },
    stop() {
      if (isShown) bar.stop()
    },
  }
}
