import { pipeline } from 'node:stream/promises'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { App } from '#platform/app.ts'
import { asReplica, columnList, quoted, type Side } from '#platform/database'
import { explainRefusal, openPast, openPresent, withAside } from './asides.ts'
import { columnsWithout, findErasedPeople, isTheirs, losesValues, wentWithThem } from './erased-people.ts'
import { errors } from './errors.ts'
import { PastRows, type RowCounts } from './past-rows.ts'
import type { Target } from './plans.ts'
import type { Recovery, RecoveryOptions } from './recoveries.ts'
import { ruleOf } from './restoration-rules.ts'
import { beginRecord, endRecord } from './restore-records.ts'
import { recordRun } from './runs.ts'
import { readShapes, shapeDifferences, type TableShape } from './table-shapes.ts'

export type TableWish = {
  /** `schema.table`. */
  table: string
  target: Target
  requestedBy: string
  isDryRun?: boolean
  /** What recovers the copy and removes it again; `withAside` unless told. */
  aside?: typeof withAside
  log?: (line: string) => void
  onProgress?: RecoveryOptions['onProgress']
}

/** What came of it. `into` is the table beside; in place there are counts instead, and triggers that did not run. */
export type TableRestore = {
  scope: 'table'
  table: string
  into: string | null
  rows: number
  counts: RowCounts | null
  /** Rows of then that stayed out, or came without something, because people were erased since. */
  erased: number
  triggersNotRun: string[]
  isDryRun: boolean
  recovery: Recovery
}

/** GG-21: brings a table's rows of then into a table beside, which administrators alone can read. Changes nothing else. */
export async function restoreBeside(app: App, wish: TableWish & { into?: string }): Promise<TableRestore> {
  const { table, requestedBy, isDryRun = false } = wish
  const into = wish.into ?? `restored.${table.replaceAll('.', '_')}_${stampOf(app.clock.now())}`
  const [schema = '', name = '', ...rest] = into.split('.')
  if (!schema || !name || rest.length > 0) throw errors.nameUnfit({ text: into })
  return await restoring(app, wish, async ({ source, target, shape, recovery, runId }) => {
    const columns = await describeColumns(source, table)
    const { rows: there } = await target.query('select to_regclass($1) is not null as is', [quoted(into)])
    if (there[0]?.is) throw errors.tableInTheWay({ table: into })
    const people = await findErasedPeople(target, source)
    const isLeftOut = people ? `(${isTheirs(shape, people)} or ${wentWithThem(shape, people)})` : 'false'
    const isOther = people ? losesValues(shape, people) : 'false'
    const { rows: counted } = await source.query<{ rows: number; erased: number }>(
      `select
        count(*) filter (where not ${isLeftOut})::float8 as rows,
        count(*) filter (where ${isLeftOut} or ${isOther})::float8 as erased
      from ${quoted(table)} as t`,
    )
    const { rows = 0, erased = 0 } = counted[0] ?? {}
    const told = {
      scope: 'table' as const,
      table,
      into,
      rows,
      counts: null,
      erased,
      triggersNotRun: [],
      isDryRun,
      recovery,
    }
    if (isDryRun) return told
    await target.query('begin')
    try {
      await beginRecord(target, { runId, requestedBy }, null)
      await target.query(`create schema if not exists ${quoted(schema)} authorization commonhold_owner`)
      const described = columns.map(it => `${quoted(it.name)} ${it.type}`)
      await target.query(`create table ${quoted(into)} (${described})`)
      const names = columns.map(it => it.name)
      const list = columnList(names)
      const values = people ? columnsWithout(shape, people, names, true) : list
      const reading = source.query(
        copyTo(`copy (select ${values} from ${quoted(table)} as t where not ${isLeftOut}) to stdout`),
      )
      const writing = target.query(copyFrom(`copy ${quoted(into)} (${list}) from stdin`))
      await pipeline(reading, writing)
      if (shape.key.length > 0)
        await target.query(`alter table ${quoted(into)} add primary key (${columnList(shape.key)})`)
      await target.query(`alter table ${quoted(into)} owner to commonhold_owner`)
      // Nobody is granted anything; the rows of a tenant that is deleted later go with it from here too.
      if (shape.hasTenant) await target.query('select platform.isolate($1::regclass)', [quoted(into)])
      else await target.query(`alter table ${quoted(into)} enable row level security`)
      await target.query(`revoke all on ${quoted(into)} from public`)
      for (const { name: column, comment } of columns) {
        if (comment === null) continue
        await target.query(`comment on column ${quoted(into)}.${quoted(column)} is ${target.escapeLiteral(comment)}`)
      }
      const comment = `${table} as it was at ${recovery.until}, from backup ${recovery.backup}: drop it when it is of no more use`
      await target.query(`comment on table ${quoted(into)} is ${target.escapeLiteral(comment)}`)
      const result = { ...told, rows: writing.rowCount ?? 0 }
      await endRecord(target, { runId, requestedBy }, { resource: table, backup: recovery.backup, result })
      await target.query('commit')
      return result
    } catch (error) {
      await target.query('rollback')
      throw error
    }
  })
}

/**
 * GG-21: makes a table's rows what they were, in one transaction that nobody else writes the table in. Past its triggers,
 * which are named; the audit log has each row that changed. Refuses where the table is another than then, where rows of
 * other tables would lead to nothing, and while a legal hold stands on what would go.
 */
export async function restoreInPlace(app: App, wish: TableWish): Promise<TableRestore> {
  const { table, requestedBy, isDryRun = false, log } = wish
  return await restoring(app, wish, async ({ source, target, shape: then, recovery, runId }) => {
    const shapes = await readShapes(target)
    const shape = shapes.get(table)
    if (!shape) throw errors.tableGone({ table })
    const rule = ruleOf(app.modules, shape)
    if ('stays' in rule) throw errors.tableStays({ table, reason: rule.stays })
    const differences = shapeDifferences(then, shape)
    if (shape.key.length === 0) differences.push('it has no primary key')
    if (differences.length > 0) throw errors.tableOther({ table, differences: differences.join('; ') })
    const past = new PastRows({ target, source, mode: 'replace', erased: await findErasedPeople(target, source) })
    const tenants: string[] = []
    const result = await asReplica(target, async () => {
      await target.query(`set local lock_timeout = '5s'`)
      await beginRecord(target, { runId, requestedBy }, null)
      await past.awaitHolds()
      await target.query(`lock table ${quoted(table)} in share row exclusive mode`)
      const rows = await past.stage(shape)
      log?.(`${table}: ${rows} rows of then`)
      if (rule.keeps.length > 0) await past.keepColumns(shape, rule.keeps)
      await past.settle(shape)
      const counts = await past.compare(shape)
      await past.requireNoHold(shape)
      await past.apply(shape)
      await past.follow(shapes.values(), false)
      const done: TableRestore = {
        ...{ scope: 'table', table, into: null, rows, counts, erased: counts.erased },
        ...{ triggersNotRun: shape.triggers, isDryRun, recovery },
      }
      for (const tenantId of await past.listTenants(shape)) tenants.push(tenantId)
      if (isDryRun) throw new DryRun(done)
      await endRecord(target, { runId, requestedBy }, { resource: table, backup: recovery.backup, result: done })
      return done
    }).catch(error => {
      if (error instanceof DryRun) return error.result
      throw error
    })
    const { administration, placements } = app
    if (administration && placements && !isDryRun)
      for (const tenantId of tenants) await placements.recount(administration.admin, tenantId)
    return result
  })
}

/** Goes all the way, and then back. */
class DryRun extends Error {
  readonly result: TableRestore

  constructor(result: TableRestore) {
    super('Nothing is to be changed')
    this.result = result
  }
}

type Restoring = { source: Side; target: Side; shape: TableShape; recovery: Recovery; runId: string }

async function restoring(
  app: App,
  { table, target: goal, requestedBy, isDryRun, log, onProgress, aside = withAside }: TableWish,
  work: (restoring: Restoring) => Promise<TableRestore>,
): Promise<TableRestore> {
  if (!/^[^.]+\.[^.]+$/.test(table)) throw errors.nameUnfit({ text: table })
  const run = async (runId: string) =>
    await aside(app, { target: goal, ...(log && { log }), ...(onProgress && { onProgress }) }, async copy => {
      const source = await openPast(copy, app.administration?.admin.database, { migrate: false })
      try {
        const shape = (await readShapes(source)).get(table)
        if (!shape) throw errors.tableUnknown({ table })
        const target = await openPresent(app)
        try {
          return await work({ source, target, shape, recovery: copy.recovery, runId })
        } catch (error) {
          throw explainRefusal(error)
        } finally {
          await target.end()
        }
      } finally {
        await source.end()
      }
    })
  if (isDryRun) return await run('')
  return (await recordRun(app, { kind: 'restore', requestedBy }, async runId => asOutcome(await run(runId)))).result
}

/** A result as `recordRun` takes it. */
export const asOutcome = <T extends { recovery: Recovery }>(result: T) => ({ backupId: result.recovery.backup, result })

const stampOf = (now: Date): string => now.toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()

type Column = { name: string; type: string; comment: string | null }

async function describeColumns(source: Side, table: string): Promise<Column[]> {
  const { rows } = await source.query<Column>(
    `select
      attname as name,
      format_type(atttypid, atttypmod) as type,
      col_description(attrelid, attnum) as comment
    from pg_attribute
    where attrelid = $1::regclass
      and attnum > 0
      and not attisdropped
    order by attnum`,
    [quoted(table)],
  )
  return rows
}
