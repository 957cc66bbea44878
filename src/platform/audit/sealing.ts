import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '#platform/app.ts'
import { type Database, sql } from '#platform/database'
import { CheckpointFolder, lineOf } from './checkpoint-folder.ts'
import {
  checkpointHash,
  type KeptCheckpoint,
  listCheckpointsAfter,
  makeCheckpoint,
  type Signers,
} from './checkpoints.ts'
import { GrowingTree, type Node } from './trees.ts'

/** Entries of one portion: what one transaction holds. */
const portion = 50_000

/**
 * Gives entries that are new their positions, in portions, until none is left. Returns how many. Two at once, of any number
 * of servers, take turns: the second finds nothing to do.
 */
export async function sealEntries(db: Database, most = portion): Promise<number> {
  let sealed = 0
  for (;;) {
    const entries = await sealPortion(db, most)
    sealed += entries
    if (entries < most) return sealed
  }
}

type Run = { tenantId: string; firstPosition: number; leaves: Buffer; size: number; peaks: Buffer }

async function sealPortion(db: Database, most: number): Promise<number> {
  return await db.transaction({}, async tx => {
    const runs = await tx.run(sql<Run>`select * from audit.seal_entries(${most})`)
    if (runs.length === 0) return 0
    const trees = new Map<string, GrowingTree>()
    const nodes: (Node & { tenantId: string })[] = []
    let entries = 0
    for (const { tenantId, leaves, size, peaks } of runs) {
      const tree = trees.get(tenantId) ?? new GrowingTree(size, peaks)
      trees.set(tenantId, tree)
      const note = (node: Node) => nodes.push({ tenantId, ...node })
      for (let at = 0; at < leaves.length; at += 32) tree.append(Buffer.from(leaves.subarray(at, at + 32)), note)
      entries += leaves.length / 32
    }
    const grown = [...trees]
    await tx.run(sql`
      select audit.grow_trees(
        ${grown.map(([id]) => id)},
        ${grown.map(([, { size }]) => size)},
        ${grown.map(([, { root }]) => root)},
        ${grown.map(([, { peaks }]) => peaks)},
        ${nodes.map(({ tenantId }) => tenantId)},
        ${nodes.map(({ level }) => level)},
        ${nodes.map(({ position }) => position)},
        ${nodes.map(({ hash }) => hash)}
      )`)
    return entries
  })
}

/** Seals what there is, makes a checkpoint of it where it has grown, and takes outside what is not there yet. */
export async function makeCheckpointNow(
  db: Database,
  { signers, folder, now }: { signers: Signers; folder: string | undefined; now: Date },
): Promise<void> {
  await sealEntries(db)
  const copy = await openFolder(db, folder)
  await makeCheckpoint(db, signers, now, await copy?.head())
  if (copy) await takeOutside(db, copy, now)
}

async function openFolder(db: Database, folder: string | undefined): Promise<CheckpointFolder | undefined> {
  if (folder === undefined) return undefined
  const { logId } = await db.unscoped.one(sql<{ logId: string }>`select log_id from audit.sealing`)
  return new CheckpointFolder(folder, logId)
}

async function takeOutside(db: Database, folder: CheckpointFolder, now: Date): Promise<void> {
  for (;;) {
    const head = await folder.head()
    const checkpoints = await listCheckpointsAfter(db.unscoped, head?.number ?? 0, 200)
    await folder.append(checkpoints, now)
    if (checkpoints.length < 200) return
  }
}

export type SealingOptions = {
  app: Pick<App, 'db' | 'clock' | 'log'>
  signers: Signers
  /** Where checkpoints are kept outside of the database; undefined for nowhere. */
  folder: string | undefined
  /** Who is told of each checkpoint by POST; asked again until he answers 2xx. */
  url?: string | undefined
  /** Seconds between two checkpoints, at least. */
  checkpointSeconds: number
  /** Milliseconds between two looks at the main database. */
  every?: number
  /** The databases that tenants have beside the main one, looked at more rarely. */
  others?: (() => Promise<OtherDatabase[]>) | undefined
}

export type OtherDatabase = { id: string; within(work: (db: Database) => Promise<void>): Promise<void> }

export type Sealing = { stop(): Promise<void> }

/** Seals the log while the program runs: every server may, one at a time does. */
export function startSealing(options: SealingOptions): Sealing {
  const { app, every = 250, others } = options
  const stopping = new AbortController()
  const main = new Sealer(app.db, options)
  const elsewhere = new Map<string, Sealer>()
  const ends = [loop(every, () => main.turn()), others ? loop(5_000, () => turnOthers(others)) : undefined]

  async function loop(pause: number, work: () => Promise<void>): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await work()
      } catch (err) {
        if (!stopping.signal.aborted) app.log.error({ err }, 'The audit log could not be sealed')
        await sleep(2_000, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
      }
      await sleep(pause, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
    }
  }

  async function turnOthers(list: () => Promise<OtherDatabase[]>): Promise<void> {
    for (const { id, within } of await list()) {
      if (stopping.signal.aborted) return
      try {
        await within(async db => {
          const sealer = elsewhere.get(id) ?? new Sealer(db, options)
          elsewhere.set(id, sealer)
          await sealer.turn(db)
        })
      } catch (err) {
        app.log.warn({ err, databaseId: id }, 'The audit log of a database of tenants could not be sealed')
      }
    }
  }

  return {
    async stop() {
      stopping.abort()
      await Promise.all(ends)
    },
  }
}

/** Seals one database, makes its checkpoints and takes them outside. */
class Sealer {
  private readonly options: SealingOptions
  private db: Database
  private folder: CheckpointFolder | undefined
  private checkpointAt = Number.NEGATIVE_INFINITY
  private deliverAt = Number.NEGATIVE_INFINITY

  constructor(db: Database, options: SealingOptions) {
    this.db = db
    this.options = options
  }

  async turn(db: Database = this.db): Promise<void> {
    this.db = db
    await sealEntries(db)
    const { checkpointSeconds } = this.options
    const now = performance.now()
    if (now < this.checkpointAt) return
    this.checkpointAt = now + checkpointSeconds * 1000
    await this.checkpoint()
    await this.deliver()
  }

  /** Of several servers each asks; the last one's time counts for all. */
  private async checkpoint(): Promise<void> {
    const { app, signers, checkpointSeconds } = this.options
    const folder = await this.openFolder()
    const now = app.clock.now()
    const [newest] = await this.db.unscoped.run(sql<{ createdAt: Date; isDue: boolean }>`
      select created_at
      from audit.checkpoints
      order by number desc
      limit 1`)
    if (newest && now.getTime() - newest.createdAt.getTime() < checkpointSeconds * 900) return
    const made = await makeCheckpoint(this.db, signers, now, await folder?.head())
    if (made?.forkOf) {
      app.log.error(
        { log: made.log, checkpoint: made.number, forkOf: made.forkOf.number },
        'The audit log goes on from an earlier state than is known outside: the database was restored',
      )
    }
  }

  private async deliver(): Promise<void> {
    const folder = await this.openFolder()
    if (folder) await takeOutside(this.db, folder, this.options.app.clock.now())
    if (this.options.url !== undefined && performance.now() >= this.deliverAt) {
      const failures = await tellCheckpoints(this.db, this.options.url)
      if (failures > 0) this.deliverAt = performance.now() + Math.min(2 ** failures * 5_000, 600_000)
    }
  }

  private async openFolder(): Promise<CheckpointFolder | undefined> {
    this.folder ??= await openFolder(this.db, this.options.folder)
    return this.folder
  }
}

/**
 * Tells `url` of the checkpoints that it does not know yet, in order, each by a POST of the line that the folder has too.
 * Returns how often in a row it failed by now. One server at a time; told twice where an answer got lost.
 */
export async function tellCheckpoints(db: Database, url: string): Promise<number> {
  const lease = 60
  const tx = db.unscoped
  // The address may hold a secret.
  const destination = `${new URL(url).origin} ${checkpointHash(url).slice(0, 12)}`
  await tx.run(sql`
    insert into audit.checkpoint_deliveries (destination, number)
    values (${destination}, 0)
    on conflict (destination) do nothing`)
  const [taken] = await tx.run(sql<{ number: number; failures: number }>`
    update audit.checkpoint_deliveries
    set next_at = now() + ${lease} * interval '1 second'
    where destination = ${destination}
      and next_at <= now()
    returning number, failures`)
  if (!taken) return 0
  let { number, failures } = taken
  let trouble: string | undefined
  for (const checkpoint of await listCheckpointsAfter(tx, number, 50)) {
    trouble = await post(url, checkpoint)
    if (trouble !== undefined) break
    number = checkpoint.number
  }
  failures = trouble === undefined ? 0 : failures + 1
  await tx.run(sql`
    update audit.checkpoint_deliveries
    set number = ${number},
      failures = ${failures},
      last_error = ${trouble ?? null},
      delivered_at = case when ${trouble === undefined} then now() else delivered_at end,
      next_at = now()
    where destination = ${destination}`)
  return failures
}

async function post(url: string, checkpoint: KeptCheckpoint): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: lineOf(checkpoint),
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    })
    await response.body?.cancel()
    return response.ok ? undefined : `It answered ${response.status}`
  } catch (error) {
    const { message, cause } = error as Error
    return cause instanceof Error ? `${message}: ${cause.message}` : message
  }
}
