import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { App } from '#platform/app.ts'
import { asReplica, columnList, quoted, type Side } from '#platform/database'
import { findKnownTenant } from '#platform/tenancy'
import { explainRefusal, openPast, openPresent, withAside } from './asides.ts'
import {
  columnsWithout,
  type ErasedPeople,
  findErasedPeople,
  isTheirs,
  losesValues,
  wentWithThem,
} from './erased-people.ts'
import { errors } from './errors.ts'
import { forgetErased } from './forgetting.ts'
import { awaitHolds, PastRows, type RowCounts } from './past-rows.ts'
import type { Target } from './plans.ts'
import type { Recovery, RecoveryOptions } from './recoveries.ts'
import { asTelling, ruleOf } from './restoration-rules.ts'
import { beginRecord, endRecord, storedOf } from './restore-records.ts'
import { recordRun } from './runs.ts'
import { readShapes, shapeDifferences, type TableShape } from './table-shapes.ts'
import { bringReferred, findTenantPlace, openPlace, type TenantPlace, withPastPlace } from './tenant-places.ts'

export type TableWish = {
  /** `schema.table`. */
  table: string
  /** Only the rows of the workspace with this slug, in its own database where it has one. */
  tenant?: string
  /** As of `TenantWish`. */
  placedCopy?: string
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
  /** The workspace whose rows alone they are; null for all in the main database. */
  tenant: string | null
  /** Its own database, where that is where it happened. */
  database: string | null
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
  return await restoring(
    app,
    wish,
    async ({ source, target, shape, recovery, runId, tenantId, place, erased: people, forget }) => {
      const columns = await describeColumns(source, table)
      const { rows: there } = await target.query('select to_regclass($1) is not null as is', [quoted(into)])
      if (there[0]?.is) throw errors.tableInTheWay({ table: into })
      const forgotten = (await forget()).get(table) ?? 0
      const isLeftOut = people ? `(${isTheirs(shape, people)} or ${wentWithThem(shape, people)})` : 'false'
      const isOther = people ? losesValues(shape, people) : 'false'
      const { rows: counted } = await source.query<{ rows: number; erased: number }>(
        `select
        count(*) filter (where not ${isLeftOut})::float8 as rows,
        count(*) filter (where ${isLeftOut} or ${isOther})::float8 as erased
      from ${quoted(table)} as t
      where ${ofTenant(tenantId)}`,
      )
      const rows = counted[0]?.rows ?? 0
      const erased = (counted[0]?.erased ?? 0) + forgotten
      const told = {
        scope: 'table' as const,
        table,
        tenant: wish.tenant ?? null,
        database: place?.name ?? null,
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
        await beginRecord(target, { runId, requestedBy }, tenantId ?? null)
        await target.query(`create schema if not exists ${quoted(schema)} authorization commonhold_owner`)
        const described = columns.map(it => `${quoted(it.name)} ${it.type}`)
        await target.query(`create table ${quoted(into)} (${described})`)
        const names = columns.map(it => it.name)
        const list = columnList(names)
        const values = people ? columnsWithout(shape, people, names, true) : list
        const reading = source.query(
          copyTo(
            `copy (select ${values} from ${quoted(table)} as t where ${ofTenant(tenantId)} and not ${isLeftOut}) to stdout`,
          ),
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
    },
  )
}

/**
 * GG-21: makes a table's rows what they were, in one transaction that nobody else writes the table in. Past its triggers,
 * which are named; the audit log has each row that changed. Refuses where the table is another than then, where rows of
 * other tables would lead to nothing, and while a legal hold stands on what would go.
 */
export async function restoreInPlace(app: App, wish: TableWish): Promise<TableRestore> {
  const { table, requestedBy, isDryRun = false, log } = wish
  return await restoring(
    app,
    wish,
    async ({ source, target, main, shape: then, recovery, runId, tenantId, place, erased, forget }) => {
      const shapes = await readShapes(target)
      const now = shapes.get(table)
      if (!now) throw errors.tableGone({ table })
      const shape = asTelling(app.modules, now)
      const rule = ruleOf(app.modules, shape)
      if ('stays' in rule) throw errors.tableStays({ table, reason: rule.stays })
      const differences = shapeDifferences(then, shape)
      if (shape.key.length === 0) differences.push('it has no primary key')
      if (differences.length > 0) throw errors.tableOther({ table, differences: differences.join('; ') })
      if (place && tenantId !== undefined) await bringReferred(app, place, { main, past: source, tenantId })
      const tenants: string[] = []
      const result = await asReplica(target, async () => {
        await target.query(`set local lock_timeout = '5s'`)
        await beginRecord(target, { runId, requestedBy }, tenantId ?? null)
        await awaitHolds(main)
        await target.query(`lock table ${quoted(table)} in share row exclusive mode`)
        const past = new PastRows({
          ...{ target, sourceOf: () => source, main, mode: 'replace', erased, forgotten: await forget() },
          ...(tenantId !== undefined && { tenantId }),
        })
        const rows = await past.stage(shape, rule)
        log?.(`${table}: ${rows} rows of then`)
        if (rule.keeps.length > 0) await past.keepColumns(shape, rule.keeps)
        await past.settle(shape)
        const counts = await past.compare(shape)
        await past.requireNoHold(shape)
        await past.apply(shape)
        await past.follow(shapes.values(), false)
        const done: TableRestore = {
          ...{ scope: 'table', table, tenant: wish.tenant ?? null, database: place?.name ?? null },
          ...{ into: null, rows, counts, erased: counts.erased },
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
        for (const each of tenants) await placements.recount(place?.admin ?? administration.admin, each)
      return result
    },
  )
}

/** Goes all the way, and then back. */
class DryRun extends Error {
  readonly result: TableRestore

  constructor(result: TableRestore) {
    super('Nothing is to be changed')
    this.result = result
  }
}

type Restoring = {
  /** Where the rows of then are, and where those of now. */
  source: Side
  target: Side
  /** The main database. */
  main: Side
  shape: TableShape
  recovery: Recovery
  runId: string
  tenantId: string | undefined
  place: TenantPlace | undefined
  erased: ErasedPeople | undefined
  /** Has the copy forget, where a row may name them, who was erased since. */
  forget: () => Promise<ReadonlyMap<string, number>>
}

async function restoring(
  app: App,
  wish: TableWish,
  work: (restoring: Restoring) => Promise<TableRestore>,
): Promise<TableRestore> {
  const { table, target: goal, requestedBy, isDryRun, log, onProgress, aside = withAside } = wish
  if (!/^[^.]+\.[^.]+$/.test(table)) throw errors.nameUnfit({ text: table })
  const options = { target: goal, ...(log && { log }), ...(onProgress && { onProgress }) }
  const run = async (runId: string) =>
    await aside(app, options, async copy => {
      const [past, main] = [
        await openPast(copy, app.administration?.admin.database, { migrate: false }),
        await openPresent(app),
      ]
      try {
        const { tenantId, place, was } = await findEnds(app, wish, past, main)
        const erased = await findErasedPeople(main, past)
        const own = place && (await openPlace(place))
        const read = async (source: Side) => {
          const shape = (await readShapes(source)).get(table)
          if (!shape) throw errors.tableUnknown({ table })
          if (tenantId !== undefined && !shape.hasTenant) throw errors.tableShared({ table })
          const { recovery } = copy
          const target = own ?? main
          const forget = () =>
            forgetErased({
              ...{ modules: app.modules, schemas: new Set([shape.schema]), target, sourceOf: () => source, tenantId },
              accounts: erased?.ids ?? [],
            })
          return await work({ source, target, main, shape, recovery, runId, tenantId, place, erased, forget })
        }
        try {
          if (!was || tenantId === undefined) return await read(past)
          const { tenant: slug = '', placedCopy } = wish
          const asked = {
            ...options,
            slug,
            tenantId,
            aside,
            migrate: false,
            ...(placedCopy !== undefined && { placedCopy }),
          }
          return await withPastPlace(app, asked, was, copy, read)
        } finally {
          await own?.end()
        }
      } catch (error) {
        throw explainRefusal(error)
      } finally {
        await Promise.all([past.end(), main.end()])
      }
    })
  if (isDryRun) return await run('')
  return (await recordRun(app, { kind: 'restore', requestedBy }, async runId => asOutcome(await run(runId)))).restored
}

/** Where the rows are and were: elsewhere than in the main database for a table of an application of a tenant that is placed. */
async function findEnds(app: App, { table, tenant, placedCopy }: TableWish, past: Side, main: Side) {
  if (tenant === undefined) return {}
  const known = await findKnownTenant(main, tenant)
  if (!known) throw errors.tenantDeleted({ slug: tenant })
  if (known.isMoving) throw errors.tenantMoving({ slug: tenant })
  const then = await findKnownTenant(past, known.id)
  if (!then) throw errors.tenantNotThen({ slug: tenant })
  const canBeElsewhere = app.modules.some(
    ({ placement, schema }) => placement === 'tenant' && schema === table.split('.')[0],
  )
  const [now, before] = canBeElsewhere ? [known.databaseId, then.databaseId] : [null, null]
  if (placedCopy !== undefined && before === null) throw errors.placedCopyUnfit({ slug: tenant })
  const place = await findTenantPlace(app, now)
  return { tenantId: known.id, place, was: before === now ? place : await findTenantPlace(app, before) }
}

const ofTenant = (tenantId: string | undefined): string =>
  tenantId === undefined ? 'true' : `t.tenant_id = ${pg.escapeLiteral(tenantId)}`

/** A result as `recordRun` takes it, and as it is. */
export const asOutcome = <T extends { recovery: Recovery }>(restored: T) => ({
  ...{ backupId: restored.recovery.backup, result: storedOf(restored), restored },
})

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
