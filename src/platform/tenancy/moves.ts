import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import {
  appendLog,
  applyChanges,
  beginNoting,
  type Changes,
  connectSide,
  copyTable,
  type Digest,
  digest,
  endNoting,
  findDangling,
  forgetChanges,
  leadingOut,
  leave,
  pause,
  readChanges,
  readTenantTables,
  referredValues,
  removeRows,
  resume,
  type Side,
  type TenantTable,
} from '#platform/database'
import { errorTable } from '#platform/errors.ts'
import { type Move, type MoveState, moveLedger } from './moves-ledger.ts'
import type { Placements } from './placements.ts'

const errors = errorTable('tenancy', {
  moveElsewhere: ['conflict', 'This tenant is on its way to {target} ({state}). Finish or undo that move first.'],
  moveNone: ['not_found', 'This tenant is not being moved.'],
  moveNotNeeded: ['conflict', 'This tenant is in {target} already.'],
  moveNotDone: ['conflict', 'This move is {state}: it is finished once it has switched. Go on with it, or undo it.'],
  moveTaken: ['conflict', 'Another program is moving this tenant at this moment.'],
  moveDiffers: [
    'unavailable',
    'The copy differs from what was copied: {faults}. Nothing has been switched; undo the move, or go on to copy what changes.',
  ],
  moveRestless: [
    'unavailable',
    'There was no moment in which the writes of this tenant could be paused. Nothing is lost; go on with the move later.',
  ],
  moveInterrupted: [
    'unavailable',
    'Interrupted. The move is {state} and can go on (the same command again) or be undone (--undo).',
  ],
})

export type MoveOptions = {
  placements: Placements
  /** The administrator's way into the main database. */
  main: pg.ClientConfig
  tenantId: string
  log?: (line: string) => void
  signal?: AbortSignal
  /** Milliseconds after which a pause ends by itself. */
  longestPause?: number
  /** Milliseconds after which every program has heard that the tenant moves; 2,500 unless told. */
  heardAfter?: number
  /** Told of each step before the next one; tests end the program there. */
  onStep?: (step: string) => void | Promise<void>
}

export type MoveReport = {
  state: MoveState
  source: string
  target: string
  pauseMilliseconds: number | null
  tables: Record<string, Partial<Digest>>
}

/** A copy made to catch up is small enough to be made in a pause once no more rows than this are noted. */
const fewChanges = 500

const auditLog = 'audit.audit_logs'

/**
 * MT-17: moves a tenant's application data to another database (null: the main one) while it is used. Copies, catches up
 * with what is written meanwhile, verifies both sides by hashes, refuses writes for a moment, takes the rest over,
 * verifies that, and switches. Can be killed anywhere: called again it goes on. The old copy stays, read-only.
 */
export async function moveTenant(options: MoveOptions, targetId: string | null): Promise<MoveReport> {
  return await inMove(options, async ledger => {
    let move = await ledger.findCurrent()
    if (move && move.targetId !== targetId) {
      throw errors.moveElsewhere({ target: await ledger.nameOf(move.targetId), state: move.state })
    }
    if (!move) {
      const sourceId = await ledger.findPlace()
      if (sourceId === targetId) throw errors.moveNotNeeded({ target: await ledger.nameOf(targetId) })
      move = await ledger.begin(sourceId, targetId)
    }
    return await goOn(options, ledger, move)
  })
}

/** Goes on with a move that was interrupted. */
export async function resumeMove(options: MoveOptions): Promise<MoveReport> {
  return await inMove(options, async ledger => goOn(options, ledger, await requireMove(ledger)))
}

/** Removes the old copy of a move that has switched. */
export async function finishMove(options: MoveOptions): Promise<MoveReport> {
  return await inMove(options, async ledger => {
    const move = await requireMove(ledger)
    if (move.state !== 'switched') throw errors.moveNotDone({ state: move.state })
    const { sides, tables, close } = await openSides(options, move)
    try {
      for (const table of tables.toReversed()) {
        const removed = await removeRows(sides.source, table, options.tenantId)
        options.log?.(`${table.name}: ${removed} rows of the old copy removed`)
        await step(options, `removed ${table.name}`)
      }
      await endNoting(sides.source, options.tenantId)
      await recount(options, move)
      await step(options, 'unguarded')
      await ledger.end(move, 'finished')
      return await reportOf(ledger, { ...move, state: 'finished' })
    } finally {
      await close()
    }
  })
}

/**
 * Takes a move back. Before the switch that only removes the copy. After it the tenant is moved back, with all that was
 * written since: that takes as long as the move.
 */
export async function undoMove(options: MoveOptions): Promise<MoveReport> {
  return await inMove(options, async ledger => {
    const move = await requireMove(ledger)
    if (move.state === 'switched') {
      const back = await ledger.turnBack(move)
      return await goOn(options, ledger, back)
    }
    await ledger.setState(move, 'undoing')
    await step(options, 'undoing')
    const { sides, tables, close } = await openSides(options, move)
    try {
      await endNoting(sides.source, options.tenantId)
      await step(options, 'unguarded')
      for (const table of tables.toReversed()) await removeRows(sides.target, table, options.tenantId)
      await endNoting(sides.target, options.tenantId)
      await step(options, 'removed')
      await ledger.end(move, 'undone')
      return await reportOf(ledger, { ...move, state: 'undone' })
    } finally {
      await close()
    }
  })
}

type Ledger = ReturnType<typeof moveLedger>
type Sides = { source: Side; target: Side }

/** Holds the tenant's placement, so that one program moves it at a time: its death lets go of it at once. */
async function inMove<T>(options: MoveOptions, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const [holder, scribe] = [await connectSide(options.main), await connectSide(options.main)]
  const ledger = moveLedger(holder, scribe, options.tenantId)
  try {
    if (!(await ledger.hold())) throw errors.moveTaken()
    return await work(ledger)
  } catch (error) {
    if (!options.signal?.aborted) throw error
    const state = (await ledger.findCurrent().catch(() => undefined))?.state ?? 'over'
    throw errors.moveInterrupted({ state }, error)
  } finally {
    await Promise.all([holder.end().catch(() => {}), scribe.end().catch(() => {})])
  }
}

/** On both sides, for whoever was killed before it did so. */
async function recount({ placements, main, tenantId }: MoveOptions, { sourceId, targetId }: Move): Promise<void> {
  for (const id of [sourceId, targetId]) {
    await placements.recount(id === null ? main : await placements.adminOf(id), tenantId)
  }
}

async function requireMove(ledger: Ledger): Promise<Move> {
  const move = await ledger.findCurrent()
  if (!move) throw errors.moveNone()
  return move
}

async function openSides(options: MoveOptions, move: Move) {
  const { placements, main } = options
  const configOf = async (id: string | null) => (id === null ? main : await placements.adminOf(id))
  const sides: Sides = {
    source: await connectSide(await configOf(move.sourceId)),
    target: await connectSide(await configOf(move.targetId)),
  }
  const { tables } = await readTenantTables(sides.source, placements.mirrors.schemas)
  const close = async () => {
    await Promise.all([sides.source.end().catch(() => {}), sides.target.end().catch(() => {})])
  }
  return { sides, tables, close }
}

async function goOn(options: MoveOptions, ledger: Ledger, begun: Move): Promise<MoveReport> {
  let move = begun
  if (move.state === 'switched') return await reportOf(ledger, move)
  if (move.state === 'undoing') throw errors.moveNotDone({ state: move.state })
  const { sides, tables, close } = await openSides(options, move)
  const markedAt = performance.now()
  try {
    // Killed between leaving the source and the switch: nothing has been written since, and nothing is left to copy.
    if (await ledger.hasLeft(sides.source)) {
      await switchOver(options, ledger, move, sides, null)
      return await reportOf(ledger, await requireMove(ledger))
    }
    await beginNoting(sides.source, tables, options.tenantId)
    await step(options, 'noting')
    await bringShared(options, move, sides, tables)
    await step(options, 'brought')
    for (const table of tables) {
      if (move.tables[table.name]) continue
      options.signal?.throwIfAborted()
      const began = performance.now()
      const rows = await copyTable(
        sides.source,
        sides.target,
        table,
        options.tenantId,
        options.signal ? { signal: options.signal } : {},
      )
      options.log?.(`${table.name}: ${rows} rows copied in ${seconds(began)}`)
      move = await ledger.noteTable(move, table.name, { rows })
      await step(options, `copied ${table.name}`)
    }
    move = await ledger.setState(move, 'catching_up')
    await catchUp(options, move, sides, tables)
    await step(options, 'caught up')
    for (let attempt = 1; ; attempt++) {
      // What was done in a database of its own is told there; the main one keeps what it has told.
      if (move.sourceId !== null) await appendLog(sides.source, sides.target, auditLog, options.tenantId)
      move = await verify(options, ledger, move, sides, tables)
      await step(options, 'verified')
      await catchUp(options, move, sides, tables)
      // Until everybody has heard that the tenant moves, and asks each time where it is.
      await sleep(Math.max(0, (options.heardAfter ?? 2_500) - (performance.now() - markedAt)))
      options.signal?.throwIfAborted()
      if (await takeOver(options, ledger, move, sides, tables)) break
      if (attempt === 10) throw errors.moveRestless()
      options.log?.('The pause could not be had or was too short; tries again')
      await sleep(200 * attempt)
    }
    await recount(options, move)
    return await reportOf(ledger, await requireMove(ledger))
  } finally {
    await close()
  }
}

/** Shared rows that the tenant's lead to; the main database has them. */
async function bringShared(
  options: MoveOptions,
  move: Move,
  { source }: Sides,
  tables: readonly TenantTable[],
): Promise<void> {
  const { placements, tenantId } = options
  if (move.sourceId !== null) await placements.refresh(move.sourceId)
  if (move.targetId === null) return
  await placements.bringMembers(move.targetId, tenantId)
  for (const rows of await referredValues(source, tables, tenantId)) await placements.bring(move.targetId, rows)
}

/** Applies what is noted, again and again, until little is. */
async function catchUp(options: MoveOptions, move: Move, sides: Sides, tables: readonly TenantTable[]): Promise<void> {
  for (let round = 1; round <= 50; round++) {
    options.signal?.throwIfAborted()
    const changes = await inSnapshot(sides.source, () => readChanges(sides.source, tables, options.tenantId))
    await takeChanges(options, move, sides, tables, changes)
    if (changes.ids.length > 0) options.log?.(`caught up with ${changes.ids.length} changes`)
    if (changes.ids.length < fewChanges) return
  }
}

/** Count and hash of every table, of one snapshot of the source and what has been made of it. */
async function verify(
  options: MoveOptions,
  ledger: Ledger,
  move: Move,
  sides: Sides,
  tables: readonly TenantTable[],
): Promise<Move> {
  const { tenantId } = options
  const began = performance.now()
  const faults: string[] = []
  const found: Record<string, Digest> = {}
  await inSnapshot(sides.source, async () => {
    const changes = await readChanges(sides.source, tables, tenantId)
    await takeChanges(options, move, sides, tables, changes, false)
    for (const table of tables) {
      options.signal?.throwIfAborted()
      const [here, there] = await Promise.all([
        digest(sides.source, table, tenantId),
        digest(sides.target, table, tenantId),
      ])
      found[table.name] = here
      if (here.rows !== there.rows || here.hash !== there.hash)
        faults.push(`${table.name} (${here.rows} rows, copied ${there.rows})`)
    }
  })
  faults.push(...(await findDangling(sides.target, tables, tenantId)))
  if (faults.length > 0) throw errors.moveDiffers({ faults: faults.join('; ') })
  options.log?.(`verified by hashes in ${seconds(began)}`)
  return await ledger.noteVerified(move, found)
}

/** Pause, the rest, its hashes, switch. False where it could not be done within the pause: then writes go on. */
async function takeOver(
  options: MoveOptions,
  ledger: Ledger,
  move: Move,
  sides: Sides,
  tables: readonly TenantTable[],
): Promise<boolean> {
  const { tenantId, longestPause = 4_000 } = options
  const paused = await ledger.setState(move, 'paused')
  const began = performance.now()
  if (!(await pause(sides.source, tenantId, longestPause))) {
    await ledger.setState(move, 'verified')
    return false
  }
  let isSwitched = false
  try {
    await step(options, 'paused')
    const changes = await inSnapshot(sides.source, () => readChanges(sides.source, tables, tenantId))
    await takeChanges(options, move, sides, tables, changes)
    if (move.sourceId !== null) {
      const anHourAgo = new Date(Date.now() - 3_600_000)
      await appendLog(sides.source, sides.target, auditLog, tenantId, anHourAgo)
    }
    await step(options, 'applied')
    isSwitched = await switchOver(options, ledger, paused, sides, began)
  } finally {
    if (!isSwitched) {
      await resume(sides.source, tenantId).catch(() => {})
      await ledger.setState(move, 'verified').catch(() => {})
    }
  }
  return isSwitched
}

async function switchOver(
  options: MoveOptions,
  ledger: Ledger,
  move: Move,
  sides: Sides,
  began: number | null,
): Promise<boolean> {
  const { tenantId } = options
  // An old copy that it comes back to is one no longer. Before the switch: nobody is led there yet.
  await endNoting(sides.target, tenantId)
  if (move.sourceId !== null && !(await leave(sides.source, tenantId))) return false
  await step(options, 'left')
  const elapsed = began === null ? null : Math.round(performance.now() - began)
  if (!(await ledger.switchOver(move, elapsed, holder => move.sourceId !== null || leave(holder, tenantId))))
    return false
  options.placements.forget()
  options.log?.(`switched; writes were refused for ${began === null ? '?' : Math.round(performance.now() - began)} ms`)
  await step(options, 'switched')
  return true
}

/** Brings what the changed rows lead to, applies them, compares what is at both sides then, and forgets that they were noted. */
async function takeChanges(
  options: MoveOptions,
  move: Move,
  sides: Sides,
  tables: readonly TenantTable[],
  changes: Changes,
  isLast = true,
): Promise<void> {
  const { tenantId, placements } = options
  if (changes.ids.length === 0) return
  if (move.targetId !== null) {
    let needsMembers = true
    for (const { name, column, reference } of leadingOut(tables)) {
      const values = (changes.tables.get(name)?.rows ?? []).flatMap(text => {
        const value = JSON.parse(text)[column]
        return typeof value === 'string' ? [value] : []
      })
      if (values.length === 0) continue
      await placements.bring(move.targetId, { ...reference, values })
      if (needsMembers) await placements.bringMembers(move.targetId, tenantId)
      needsMembers = false
    }
  }
  await applyChanges(sides.target, tables, changes)
  for (const table of tables) {
    const changed = changes.tables.get(table.name)
    if (!changed) continue
    const there = await digest(sides.target, table, tenantId, changed.keys)
    if (there.rows !== changed.digest.rows || there.hash !== changed.digest.hash) {
      throw errors.moveDiffers({ faults: table.name })
    }
  }
  if (isLast) await forgetChanges(sides.source, tenantId, changes.ids)
}

async function inSnapshot<T>(side: Side, work: () => Promise<T>): Promise<T> {
  await side.query('begin isolation level repeatable read read only')
  try {
    return await work()
  } finally {
    await side.query('commit')
  }
}

async function step(options: MoveOptions, name: string): Promise<void> {
  await options.onStep?.(name)
}

async function reportOf(ledger: Ledger, move: Move): Promise<MoveReport> {
  return {
    state: move.state,
    source: await ledger.nameOf(move.sourceId),
    target: await ledger.nameOf(move.targetId),
    pauseMilliseconds: move.pauseMilliseconds,
    tables: move.tables,
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
