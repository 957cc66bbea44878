import pg from 'pg'
import type { App } from '#platform/app.ts'
import { asReplica, beginNoting, endNoting, holdMove, type Side } from '#platform/database'
import {
  findKnownTenant,
  isSlugFree,
  type KnownTenant,
  listPlacesOf,
  putErasuresBack,
  putTenantBack,
  readKeptErasures,
  reviveTenant,
} from '#platform/tenancy'
import { errors as operationsErrors } from '../errors.ts'
import { explainRefusal, openPast, openPresent, withAside } from './asides.ts'
import { findErasedPeople } from './erased-people.ts'
import { errors } from './errors.ts'
import { forgetErased } from './forgetting.ts'
import { findOmissions, type Omissions, requireRead } from './omissions.ts'
import { awaitHolds, PastRows, type RestoreMode, type RowCounts } from './past-rows.ts'
import type { Target } from './plans.ts'
import type { RecoveredServer, Recovery, RecoveryOptions } from './recoveries.ts'
import { asTelling, ruleOf } from './restoration-rules.ts'
import { beginRecord, endRecord } from './restore-records.ts'
import { recordRun } from './runs.ts'
import { asOutcome } from './table-restores.ts'
import { parentsFirst, readShapes, shapeDifferences, type TableShape } from './table-shapes.ts'
import { bringReferred, findTenantPlace, openPlace, type TenantPlace, withPastPlace } from './tenant-places.ts'

export type TenantWish = {
  slug: string
  target: Target
  mode: RestoreMode
  requestedBy: string
  isDryRun?: boolean
  /** Only what applications keep: members, roles, organizations and the workspace's own settings stay as they are. */
  dataOnly?: boolean
  /** Bring a tenant back that was deleted since, under `newSlug` where its own is taken. */
  revive?: boolean
  newSlug?: string
  /** URL of the tenant's own database as it was then, where something else recovers that one's server. */
  placedCopy?: string
  /** What recovers the copy and removes it again; `withAside` unless told. */
  aside?: typeof withAside
  log?: (line: string) => void
  onProgress?: RecoveryOptions['onProgress']
  /** Told of each step before the next one; tests end the program there. */
  onStep?: (step: string) => void | Promise<void>
}

/** What came of it, table by table; of tables without a difference nothing is said. */
export type TenantRestore = {
  scope: 'tenant'
  tenantId: string
  slug: string
  mode: RestoreMode
  isDryRun: boolean
  isRevived: boolean
  /** Who was erased in it, without an account, before it was deleted is not known: he is back. */
  isForgetful: boolean
  /** The database of its own into which the rows of applications went; null for the main one. */
  database: string | null
  tables: Record<string, RowCounts>
  /** Rows of tables that are not brought back, which went or lost a value with a row that they led to. */
  followed: Record<string, RowCounts>
  /** Tables of which nothing is brought back, with the reason. */
  stays: Record<string, string>
  recovery: Recovery
}

/**
 * GG-21: brings one tenant's rows back as they were, from a copy that is recovered aside; the rows of all others, and what
 * is shared, are not touched. One transaction: all of it or nothing, whoever is killed when; with a database of its own
 * (MT-17) one there, which ends just before that of the main one. Writes of the tenant wait meanwhile, reads go on. What must
 * not come back (keys, links, invitations, queues, the log) stays as it is.
 */
export async function restoreTenant(app: App, wish: TenantWish): Promise<TenantRestore> {
  const { slug, requestedBy, isDryRun = false, log, onProgress, target, aside = withAside } = wish
  const present = await openPresent(app)
  try {
    const known = await findKnownTenant(present, slug)
    if (known) await requireFree(present, known, wish)
    else if (!wish.revive) log?.(`There is no workspace ${slug} now; whether there was one is seen in the copy`)
    const shapes = await readShapes(present)
    const read = [...readOf(app, shapes), 'tenancy.tenants', 'tenancy.placements', 'tenancy.moves', 'identity.users']
    const kept = await databasesOf(app, present, known)
    const tenant = known && { id: known.id, ...ownOf(app, shapes) }
    const omissions =
      kept && (await findOmissions(present, { tables: read, platform: schemasOfPlatform(app), target, kept, tenant }))
    const run = async (runId: string) =>
      await aside(app, { target, omissions, ...(log && { log }), ...(onProgress && { onProgress }) }, async copy => {
        await wish.onStep?.('recovered')
        return await restoreFrom(app, wish, { copy, present, known, runId, omissions, shapes })
      })
    if (isDryRun) return await run('')
    return (await recordRun(app, { kind: 'restore', requestedBy }, async runId => asOutcome(await run(runId)))).restored
  } finally {
    await present.end()
  }
}

type Sources = {
  copy: RecoveredServer
  present: Side
  known: KnownTenant | undefined
  runId: string
  omissions: Omissions | undefined
  /** Tables as they were when the restore began. */
  shapes: ReadonlyMap<string, TableShape>
}

/** All but those of applications and of the log, which are large and of which no more is read than what is brought back. */
function schemasOfPlatform({ modules }: App): string[] {
  const schemas = modules.flatMap(({ schema, placement }) => (schema && placement !== 'tenant' ? [schema] : []))
  return ['platform', ...schemas.filter(schema => schema !== 'audit')]
}

/** Schemas of what may be in a database of the tenant's own. */
function schemasOfApplications({ modules }: App): string[] {
  return modules.flatMap(({ schema, placement }) => (schema && placement === 'tenant' ? [schema] : []))
}

/** Tables of tenants that are brought back. */
function tablesOf(app: App, shapes: ReadonlyMap<string, TableShape>): TableShape[] {
  return [...shapes.values()].filter(
    shape => shape.hasTenant && shape.key.length > 0 && !('stays' in ruleOf(app.modules, shape)),
  )
}

/** Those of applications, of which no rows of others are read; by an index perhaps where people are forgotten. */
function ownOf(app: App, shapes: ReadonlyMap<string, TableShape>): { tables: string[]; indexed: string[] } {
  const elsewhere = schemasOfApplications(app)
  const own = tablesOf(app, shapes).filter(({ schema }) => elsewhere.includes(schema))
  const forgetting = new Set(schemasForgetting(app))
  return {
    tables: own.map(({ name }) => name),
    indexed: own.filter(({ schema }) => forgetting.has(schema)).map(({ name }) => name),
  }
}

/** Tables whose rows are read: those, and where people are forgotten all that it concerns. */
function readOf(app: App, shapes: ReadonlyMap<string, TableShape>): string[] {
  const forgetting = new Set(schemasForgetting(app))
  const touched = [...shapes.values()].filter(({ schema }) => forgetting.has(schema))
  return [...new Set([...tablesOf(app, shapes), ...touched].map(({ name }) => name))]
}

const schemasForgetting = ({ modules }: App): string[] =>
  modules.flatMap(({ schema, restoration }) => (schema && restoration?.forgets ? [schema] : []))

/** The databases that the tenant's data may have been in, by their names; undefined where nobody knows any more. */
async function databasesOf(app: App, present: Side, known: KnownTenant | undefined): Promise<string[] | undefined> {
  const { placements } = app
  if (!placements) return []
  if (!known) return (await placements.list()).length === 0 ? [] : undefined
  const ids = await listPlacesOf(present, known.id)
  return await Promise.all(ids.map(async id => (await placements.adminOf(id)).database ?? 'postgres'))
}

async function restoreFrom(app: App, wish: TenantWish, sources: Sources): Promise<TenantRestore> {
  const { copy, present, known, omissions, shapes } = sources
  const { slug, log, onProgress, target, placedCopy, aside = withAside } = wish
  const now = app.administration?.admin
  const past = await openPast(copy, now?.database, { migrate: true, log, now })
  try {
    if (omissions) await requireRead(past, [...readOf(app, shapes), 'identity.users'], omissions)
    const then = await findKnownTenant(past, known?.id ?? slug)
    if (!then) throw known ? errors.tenantNotThen({ slug }) : errors.tenantUnknown({ slug })
    if (placedCopy !== undefined && then.databaseId === null) throw errors.placedCopyUnfit({ slug })
    if (!known) await requireRevival(present, then, wish)
    const place = await findTenantPlace(app, known?.databaseId ?? null)
    const was = then.databaseId === known?.databaseId ? place : await findTenantPlace(app, then.databaseId)
    const write = async (applications: Side) =>
      await writeBack(app, wish, { ...sources, past, applications, then, place })
    if (!was) return await write(past)
    const asked = {
      slug,
      tenantId: then.id,
      target,
      aside,
      migrate: placedCopy === undefined,
      ...(placedCopy !== undefined && { placedCopy }),
    }
    return await withPastPlace(
      app,
      { ...asked, ...(log && { log }), ...(onProgress && { onProgress }) },
      was,
      copy,
      write,
    )
  } finally {
    await past.end()
  }
}

type Ends = Sources & {
  past: Side
  /** Where the rows of applications were. */
  applications: Side
  then: KnownTenant
  /** Where they are now, if not in the main database. */
  place: TenantPlace | undefined
}

async function writeBack(app: App, wish: TenantWish, ends: Ends): Promise<TenantRestore> {
  const { copy, present, known, runId, past, applications, then, place } = ends
  const { slug, mode, isDryRun = false, requestedBy } = wish
  const [holder, own] = [await openPresent(app), place && (await openPlace(place))]
  const noted: Side[] = []
  const isRevived = known === undefined
  try {
    await holder.query('begin')
    if (!(await holdMove(holder, then.id))) throw errors.restoreTaken({ slug })
    const chosen = await chooseTables(app, wish, ends, own)
    const inMain = chosen.wanted.filter(({ schema }) => !own || !chosen.elsewhere.includes(schema))
    const inOwn = chosen.wanted.filter(shape => !inMain.includes(shape))
    if (!isDryRun && !isRevived) {
      for (const [side, tables] of [[present, inMain] as const, ...(own ? [[own, inOwn] as const] : [])]) {
        noted.push(side)
        await beginNoting(side, tables, then.id)
      }
    }
    await wish.onStep?.('noting')
    const newSlug = wish.newSlug ?? then.slug
    const erasures = isRevived ? await readKeptErasures(app, then.id) : undefined
    const { recovery } = copy
    const nothing = (): TenantRestore => ({
      ...{ scope: 'tenant', tenantId: then.id, slug: isRevived ? newSlug : (known?.slug ?? slug), mode },
      ...{ isDryRun, isRevived, isForgetful: isRevived && !erasures, database: place?.name ?? null },
      ...{ tables: {}, followed: {}, stays: chosen.stays, recovery },
    })
    const record = { runId, requestedBy }
    const revive = async () => {
      await asOrigin(present, () => reviveTenant(present, past, then.id, newSlug))
      if (erasures) await putErasuresBack(present, app, then.id, erasures)
    }
    const half = async (
      result: TenantRestore,
      target: Side,
      tables: readonly TableShape[],
      all: Iterable<TableShape>,
    ) => {
      await beginRecord(target, record, then.id)
      const sourceOf = ({ schema }: Pick<TableShape, 'schema'>) =>
        chosen.elsewhere.includes(schema) ? applications : past
      await awaitHolds(present)
      if (known) await requireFree(present, known, wish)
      // Whoever writes holds a share of this row to his end; who comes later waits for ours.
      await target.query('select from platform.moving_tenants where tenant_id = $1 for update', [then.id])
      if (isRevived) await revive()
      const erased = await findErasedPeople(present, past)
      const schemas = new Set(tables.map(({ schema }) => schema))
      const of = { target, sourceOf, tenantId: then.id }
      const forgotten = await forgetErased({ ...of, modules: app.modules, schemas, accounts: erased?.ids ?? [] })
      const rows = new PastRows({ ...of, main: present, mode, erased, forgotten })
      Object.assign(result.tables, await bringBack(app, wish, rows, tables))
      Object.assign(result.followed, await rows.follow(all, true))
    }
    const write = async () => {
      const result = nothing()
      await half(result, present, inMain, chosen.all)
      if (!isRevived && mode === 'replace' && !wish.dataOnly)
        await asOrigin(present, () => putTenantBack(present, past, then.id))
      if (own && place) {
        await bringReferred(app, place, { main: present, past: applications, tenantId: then.id })
        await asReplica(own, async () => {
          await half(result, own, inOwn, chosen.ofOwn)
          if (isDryRun) throw new DryRun(result)
          await wish.onStep?.('written elsewhere')
        })
      }
      if (isDryRun) throw new DryRun(result)
      const event = { resource: 'tenancy.tenants', resourceId: then.id, backup: recovery.backup, result }
      await endRecord(present, record, event)
      await wish.onStep?.('written')
      return result
    }
    const restored = await unlessDeadlocked(() => asReplica(present, write)).catch(error => {
      if (error instanceof DryRun) return error.result
      throw explainRefusal(error)
    })
    await wish.onStep?.('committed')
    if (!isDryRun && app.administration) {
      await app.placements?.recount(app.administration.admin, then.id)
      if (place) await app.placements?.recount(place.admin, then.id)
    }
    return restored
  } finally {
    for (const side of noted) await endNoting(side, then.id)
    // Shared rows there are what they are in the main database, restored or not; else the job that compares them sees to it.
    if (place) await app.placements?.refresh(place.id).catch(() => {})
    await Promise.all([holder.end(), own?.end()])
  }
}

/** Who locks several rows one after the other may wait for the restore while it waits for him, and it is the restore that the server ends. */
async function unlessDeadlocked<T>(work: () => Promise<T>, attempts = 3): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (attempts === 1 || !(error instanceof pg.DatabaseError) || error.code !== '40P01') throw error
    return await unlessDeadlocked(work, attempts - 1)
  }
}

/** Returns what came of each table in which something differs. */
async function bringBack(
  app: App,
  { log, onStep }: TenantWish,
  rows: PastRows,
  tables: readonly TableShape[],
): Promise<Record<string, RowCounts>> {
  const differing: Record<string, RowCounts> = {}
  const concerned = await rows.findConcerned(tables)
  for (const shape of concerned) {
    const rule = ruleOf(app.modules, shape)
    if ('stays' in rule) continue
    const count = await rows.stage(shape, rule)
    if (rule.keeps.length > 0) await rows.keepColumns(shape, rule.keeps)
    if (count > 0) log?.(`${shape.name}: ${count} rows of then`)
  }
  await onStep?.('staged')
  for (const shape of concerned) {
    await rows.settle(shape)
    const counts = await rows.compare(shape)
    await rows.requireNoHold(shape)
    await rows.apply(shape)
    if (Object.values(counts).some(count => count > 0)) differing[shape.name] = counts
    await onStep?.(`applied ${shape.name}`)
  }
  return differing
}

/** Goes all the way, and then back. */
class DryRun extends Error {
  readonly result: TenantRestore

  constructor(result: TenantRestore) {
    super('Nothing is to be changed')
    this.result = result
  }
}

async function requireFree(present: Side, known: KnownTenant, { mode, slug }: TenantWish): Promise<void> {
  if (known.isMoving) throw errors.tenantMoving({ slug })
  if (known.status === 'pending_deletion') throw errors.tenantEnding({ slug })
  if (mode === 'merge') return
  const { rows } = await present.query('select platform.find_hold($1, null) as reason', [known.id])
  if (rows[0]?.reason) throw operationsErrors.held({ reason: rows[0].reason })
}

async function requireRevival(present: Side, then: KnownTenant, { revive, newSlug, slug }: TenantWish): Promise<void> {
  const still = await findKnownTenant(present, then.id)
  if (still) throw errors.tenantRenamed({ slug, now: still.slug })
  if (!revive) throw errors.tenantDeleted({ slug })
  const wanted = newSlug ?? then.slug
  if (!(await isSlugFree(present, wanted, then.id))) throw errors.slugTaken({ slug: wanted })
}

/** The tenants' tables that are brought back, parents first; refuses where one of them is not what it was. */
async function chooseTables(app: App, { dataOnly }: TenantWish, ends: Ends, own: Side | undefined) {
  const { present, past, applications } = ends
  const elsewhere = schemasOfApplications(app)
  const [all, then, there, elsewhereThen] = await Promise.all([
    readShapes(present),
    readShapes(past),
    own && readShapes(own),
    applications === past ? undefined : readShapes(applications),
  ])
  const thenThere = elsewhereThen ?? then
  const isElsewhere = ({ schema }: TableShape) => elsewhere.includes(schema)
  const now = [...all.values()]
    .map(shape => (isElsewhere(shape) ? (there?.get(shape.name) ?? shape) : shape))
    .map(shape => asTelling(app.modules, shape))
  const stays: Record<string, string> = {}
  const wanted: TableShape[] = []
  for (const shape of now) {
    if (!shape.hasTenant || shape.key.length === 0) continue
    const rule = ruleOf(app.modules, shape)
    if ('stays' in rule) stays[shape.name] = rule.stays
    else if (dataOnly && !isElsewhere(shape)) stays[shape.name] = 'Only data of applications was wanted'
    else wanted.push(shape)
  }
  for (const shape of wanted) {
    const was = (isElsewhere(shape) ? thenThere : then).get(shape.name)
    const differences = was ? shapeDifferences(was, shape) : ['it was not there']
    if (differences.length > 0) throw errors.tableOther({ table: shape.name, differences: differences.join('; ') })
  }
  const telling = (shapes: Iterable<TableShape>) => [...shapes].map(shape => asTelling(app.modules, shape))
  const ofOwn = telling(there?.values() ?? []).filter(isElsewhere)
  return { wanted: parentsFirst(wanted), all: telling(all.values()), ofOwn, elsewhere, stays }
}

async function asOrigin(client: Side, work: () => Promise<unknown>): Promise<void> {
  await client.query('set local session_replication_role = origin')
  await work()
  await client.query('set local session_replication_role = replica')
}
