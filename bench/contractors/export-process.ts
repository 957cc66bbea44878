// Makes one export as a worker does, and tells what it took.
import { readFileSync, writeFileSync } from 'node:fs'
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import { Database, json, sql } from '#platform/database'
import { createLogger } from '#platform/http'
import { chooseColumns, contractorColumns } from '../../src/contractors/exports/columns.ts'
import type { Format } from '../../src/contractors/exports/file.ts'
import { runExport, writerOf } from '../../src/contractors/exports/making.ts'
import type { Search } from '../../src/contractors/search/search.ts'
import { modules } from '../../src/main/modules.ts'

export type Asked = { login: pg.ClientConfig; tenantId: string; userId: string; format: Format; search: Search }
/** `peak` in megabytes above what the process had before. */
export type Told = { rows: number; bytes: number; seconds: number; peak: number }

const { login, tenantId, userId, format, search } = JSON.parse(process.argv[2] ?? '') as Asked
const db = new Database({ login })
const app = { db, clock: systemClock, log: createLogger('error'), modules, config: {}, publicUrl: '' } as unknown as App
const scope = { tenantId, userId }
const tx = db.scoped(scope)

const ask = async (selection: Search): Promise<string> => {
  const options = {
    columns: chooseColumns(contractorColumns, undefined).map(({ key }) => key),
    byteOrderMark: false,
    timeZone: 'UTC',
    filters: [],
  }
  const { id } = await tx.one(sql<{ id: string }>`
    insert into contractors.exports (user_id, format, title, selection, options)
    values (platform.current_user_id(), ${format}, 'Bench', ${json({ search: selection })}, ${json(options)})
    returning id`)
  return id
}

// Idle is a program that has loaded what it needs and has made an export before.
await writerOf(format)
await runExport(app, scope, await ask({ q: 'zzzzzz' }), { isInBackground: true })
const id = await ask(search)
await new Promise(done => setTimeout(done, 500))
writeFileSync('/proc/self/clear_refs', '5')
const idle = process.memoryUsage().rss / 1e6
const began = performance.now()
await runExport(app, scope, id, { isInBackground: true })
const seconds = (performance.now() - began) / 1000
const peak = (Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1e3) * 1.024 - idle
const made = await tx.one(sql<{ rows: number; bytes: number }>`
  select rows_done as rows, byte_count as bytes
  from contractors.exports
  where id = ${id}
    and status = 'done'`)
process.send?.({ ...made, seconds, peak } satisfies Told)
await db.close()
process.exit()
