import type { App } from '#platform/app.ts'
import { asReplica, beginNoting, endNoting, holdMove, type Side } from '#platform/database'
import { findKnownTenant, type KnownTenant, putTenantBack, reviveTenant } from '#platform/tenancy'
import { errors as operationsErrors } from '../errors.ts'
import { explainRefusal, openPast, openPresent, withAside } from './asides.ts'
import { findErasedPeople } from './erased-people.ts'
import { errors } from './errors.ts'
import { findOmissions, type Omissions, requireRead } from './omissions.ts'
import { PastRows, type RestoreMode, type RowCounts } from './past-rows.ts'
import type { Target } from './plans.ts'
import type { RecoveredServer, Recovery, RecoveryOptions } from './recoveries.ts'
import { ruleOf } from './restoration-rules.ts'
import { beginRecord, endRecord } from './restore-records.ts'
import { recordRun } from './runs.ts'
import { asOutcome } from './table-restores.ts'
import { parentsFirst, readShapes, shapeDifferences, type TableShape } from './table-shapes.ts'

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
  tables: Record<string, RowCounts>
  /** Rows of tables that are not brought back, which went or lost a value with a row that they led to. */
  followed: Record<string, RowCounts>
  /** Tables of which nothing is brought back, with the reason. */
  stays: Record<string, string>
  recovery: Recovery
}

/**
 * GG-21: brings one tenant's rows back as they were, from a copy that is recovered aside; the rows of all others, and what
 * is shared, are not touched. One transaction: all of it or nothing, whoever is killed when. Writes of the tenant wait
 * meanwhile, reads go on. What must not come back (keys, links, invitations, queues, the log) stays as it is.
 */
export async function restoreTenant(app: App, wish: TenantWish): Promise<TenantRestore> {
  const { slug, requestedBy, isDryRun = false, log, onProgress, target, aside = withAside } = wish
  const present = await openPresent(app)
  try {
    const known = await findKnownTenant(present, slug)
    if (known) await requireFree(present, known, wish)
    else if (!wish.revive) log?.(`There is no workspace ${slug} now; whether there was one is seen in the copy`)
    const wanted = tablesOf(app, await readShapes(present)).map(({ name }) => name)
    const read = [...wanted, 'tenancy.tenants', 'tenancy.placements', 'identity.users']
    const omissions = await findOmissions(present, read, schemasOfPlatform(app), target)
    const run = async (runId: string) =>
      await aside(app, { target, omissions, ...(log && { log }), ...(onProgress && { onProgress }) }, async copy => {
        await wish.onStep?.('recovered')
        return await restoreFrom(app, wish, { copy, present, known, runId, omissions })
      })
    if (isDryRun) return await run('')
    return (await recordRun(app, { kind: 'restore', requestedBy }, async runId => asOutcome(await run(runId)))).result
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
}

/** All but those of applications and of the log, which are large and of which no more is read than what is brought back. */
function schemasOfPlatform({ modules }: App): string[] {
  const schemas = modules.flatMap(({ schema, placement }) => (schema && placement !== 'tenant' ? [schema] : []))
  return ['platform', ...schemas.filter(schema => schema !== 'audit')]
}

/** Tables of tenants that are brought back. */
function tablesOf(app: App, shapes: ReadonlyMap<string, TableShape>): TableShape[] {
  return [...shapes.values()].filter(
    shape => shape.hasTenant && shape.key.length > 0 && !('stays' in ruleOf(app.modules, shape)),
  )
}

async function restoreFrom(
  app: App,
  wish: TenantWish,
  { copy, present, known, runId, omissions }: Sources,
): Promise<TenantRestore> {
  const { slug, mode, isDryRun = false, log } = wish
  const past = await openPast(copy, app.administration?.admin.database, { migrate: true, log })
  const holder = await openPresent(app)
  let noted: string | undefined
  try {
    if (omissions) {
      const read = tablesOf(app, await readShapes(present)).map(({ name }) => name)
      await requireRead(past, [...read, 'identity.users'], omissions)
    }
    const then = await findKnownTenant(past, known?.id ?? slug)
    if (!then) throw known ? errors.tenantNotThen({ slug }) : errors.tenantUnknown({ slug })
    if (then.isPlaced) throw errors.tenantPlaced({ slug })
    const isRevived = known === undefined
    if (isRevived) await requireRevival(present, then, wish)
    await holder.query('begin')
    if (!(await holdMove(holder, then.id))) throw errors.restoreTaken({ slug })
    const { wanted, all, stays } = await chooseTables(app, wish, past, present)
    if (!isDryRun && !isRevived) {
      noted = then.id
      await beginNoting(present, wanted, then.id)
    }
    await wish.onStep?.('noting')
    const erased = await findErasedPeople(present, past)
    const rows = new PastRows({ target: present, source: past, tenantId: then.id, mode, erased })
    const newSlug = wish.newSlug ?? then.slug
    const told = {
      scope: 'tenant',
      tenantId: then.id,
      slug: isRevived ? newSlug : (known?.slug ?? slug),
      mode,
    } as const
    const tables: Record<string, RowCounts> = {}
    const restored = await asReplica(present, async () => {
      await beginRecord(present, { runId, requestedBy: wish.requestedBy }, then.id)
      await rows.awaitHolds()
      if (known) await requireFree(present, known, wish)
      // Whoever writes holds a share of this row to his end; who comes later waits for ours.
      await present.query('select from platform.moving_tenants where tenant_id = $1 for update', [then.id])
      if (isRevived) await asOrigin(present, () => reviveTenant(present, past, then.id, newSlug))
      for (const shape of wanted) {
        const count = await rows.stage(shape)
        const rule = ruleOf(app.modules, shape)
        if ('keeps' in rule && rule.keeps.length > 0) await rows.keepColumns(shape, rule.keeps)
        if (count > 0) log?.(`${shape.name}: ${count} rows of then`)
      }
      await wish.onStep?.('staged')
      for (const shape of wanted) {
        await rows.settle(shape)
        const counts = await rows.compare(shape)
        await rows.requireNoHold(shape)
        await rows.apply(shape)
        if (Object.values(counts).some(count => count > 0)) tables[shape.name] = counts
        await wish.onStep?.(`applied ${shape.name}`)
      }
      const followed = await rows.follow(all.values(), true)
      if (!isRevived && mode === 'replace' && !wish.dataOnly)
        await asOrigin(present, () => putTenantBack(present, past, then.id))
      const { recovery } = copy
      const result: TenantRestore = { ...told, isDryRun, isRevived, tables, followed, stays, recovery }
      if (isDryRun) throw new DryRun(result)
      const event = { resource: 'tenancy.tenants', resourceId: then.id, backup: recovery.backup, result }
      await endRecord(present, { runId, requestedBy: wish.requestedBy }, event)
      await wish.onStep?.('written')
      return result
    }).catch(error => {
      if (error instanceof DryRun) return error.result
      throw explainRefusal(error)
    })
    await wish.onStep?.('committed')
    if (!isDryRun && app.administration) await app.placements?.recount(app.administration.admin, then.id)
    return restored
  } finally {
    if (noted !== undefined) await endNoting(present, noted)
    await Promise.all([past.end(), holder.end()])
  }
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
  if (known.isPlaced) throw errors.tenantPlaced({ slug })
  if (known.status === 'pending_deletion') throw errors.tenantEnding({ slug })
  if (mode === 'merge') return
  const { rows } = await present.query('select platform.find_hold($1, null) as reason', [known.id])
  if (rows[0]?.reason) throw operationsErrors.held({ reason: rows[0].reason })
}

async function requireRevival(present: Side, then: KnownTenant, { revive, newSlug, slug }: TenantWish): Promise<void> {
  const still = await findKnownTenant(present, then.id)
  if (still) throw errors.tenantRenamed({ slug, now: still.slug })
  if (!revive) throw errors.tenantDeleted({ slug })
  if (await findKnownTenant(present, newSlug ?? then.slug)) throw errors.slugTaken({ slug: newSlug ?? then.slug })
}

/** The tenants' tables that are brought back, parents first; refuses where one of them is not what it was. */
async function chooseTables(app: App, { dataOnly }: TenantWish, past: Side, present: Side) {
  const all = await readShapes(present)
  const then = await readShapes(past)
  const applications = app.modules.filter(({ placement }) => placement === 'tenant').map(({ schema }) => schema)
  const stays: Record<string, string> = {}
  const wanted: TableShape[] = []
  for (const shape of all.values()) {
    if (!shape.hasTenant || shape.key.length === 0) continue
    const rule = ruleOf(app.modules, shape)
    if ('stays' in rule) stays[shape.name] = rule.stays
    else if (dataOnly && !applications.includes(shape.schema))
      stays[shape.name] = 'Only data of applications was wanted'
    else wanted.push(shape)
  }
  for (const shape of wanted) {
    const was = then.get(shape.name)
    const differences = was ? shapeDifferences(was, shape) : ['it was not there']
    if (differences.length > 0) throw errors.tableOther({ table: shape.name, differences: differences.join('; ') })
  }
  return { wanted: parentsFirst(wanted), all, stays }
}

async function asOrigin(client: Side, work: () => Promise<unknown>): Promise<void> {
  await client.query('set local session_replication_role = origin')
  await work()
  await client.query('set local session_replication_role = replica')
}
