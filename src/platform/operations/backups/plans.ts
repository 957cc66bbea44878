import { DomainError } from '#platform/errors.ts'
import { type Archive, type Backup, chainOf, readCatalogue } from './catalogue.ts'
import { errors } from './errors.ts'
import { type Ancestor, historyName, parseLsn, segmentName } from './positions.ts'
import { findReceiverState, listWal, type ReceiverState, readHistories, sentFrom, type WalFile } from './wal-files.ts'

/** To which state the database is brought back. */
export type Target = (
  | { at: Date }
  | { latest: true }
  /** As it was when that backup ended. */
  | { backup: string }
  /** At a restore point (`pg_create_restore_point`). */
  | { restorePoint: string }
) & {
  /** In the WAL of this timeline; the newest unless told. */
  timeline?: number
}

export type Plan = {
  target: Target
  /** The full backup, then the incremental ones. */
  chain: Backup[]
  /** The WAL after the last of them, without a gap, in order. */
  wal: WalFile[]
  /** How much of `wal` is enough unless the clock of the server was put back. */
  likely: number
  histories: { name: string; text: string }[]
  timeline: number
  /** Up to when it can be recovered, by the clock of the server. */
  until: Date
  received: ReceiverState | undefined
}

/** What a recovery to the target takes, or a refusal that names what is missing. */
export async function planRecovery(archive: Archive, target: Target): Promise<Plan> {
  const material = await readMaterial(archive)
  const { backups, faults, histories, received } = material
  const timeline = target.timeline ?? material.timelines.at(-1) ?? 1
  const path = pathTo(timeline, material)
  const backup = chooseBackup(archive, backups, path, target, faults)
  const chain = chainOf(backup, backups)
  const { wal, until, missing } = followWal(backup, path, material)
  const plan = {
    target,
    chain,
    wal: 'backup' in target ? [] : wal,
    likely: wal.length,
    histories: [...histories].map(([number, { text }]) => ({ name: historyName(number), text })),
    timeline: 'backup' in target ? backup.timeline : timeline,
    until,
    received,
  }
  if ('at' in target) {
    if (target.at > until) throw unreachable(backup, target.at.toISOString(), until, missing)
    plan.likely = countLikely(wal, target.at)
  } else if (!('backup' in target) && missing !== undefined) {
    throw unreachable(backup, 'the latest', until, missing)
  }
  return plan
}

/** From where to where the database can be recovered, and why not farther. */
export type Window = { from: string; until: string; backup: string; missing?: string }

/** The times to which it can be recovered, the newest last: a gap in the WAL ends one window. */
export async function listWindows(archive: Archive): Promise<Window[]> {
  const material = await readMaterial(archive)
  const path = pathTo(material.timelines.at(-1) ?? 1, material)
  const windows: Window[] = []
  for (const backup of material.backups.filter(it => isOn(path, it))) {
    try {
      chainOf(backup, material.backups)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      continue
    }
    const { until, missing } = followWal(backup, path, material)
    const last = windows.at(-1)
    const window = {
      from: backup.finishedAt,
      until: until.toISOString(),
      backup: backup.id,
      ...(missing && { missing }),
    }
    if (last && last.until >= backup.finishedAt && last.missing === missing) last.until = window.until
    else windows.push(window)
  }
  return windows
}

type Material = {
  segmentBytes: bigint
  backups: Backup[]
  faults: DomainError[]
  files: WalFile[]
  histories: Awaited<ReturnType<typeof readHistories>>
  timelines: number[]
  received: ReceiverState | undefined
}

async function readMaterial(archive: Archive): Promise<Material> {
  const { backups: all, faults } = readCatalogue(archive)
  const backups = all.filter(({ systemIdentifier }) => systemIdentifier === archive.systemIdentifier)
  const received = findReceiverState(archive)
  const segmentBytes = BigInt(received?.walSegmentBytes ?? backups[0]?.walSegmentBytes ?? 2 ** 24)
  const files = listWal(archive, segmentBytes)
  const histories = await readHistories(archive)
  const timelines = [...backups.map(it => it.timeline), ...files.map(it => it.timeline), ...histories.keys()]
  return {
    segmentBytes,
    backups,
    faults,
    files,
    histories,
    timelines: [...new Set(timelines)].toSorted((one, other) => one - other),
    received,
  }
}

/** A timeline's ancestors and itself, which has no end. */
function pathTo(timeline: number, { histories, timelines }: Material): Ancestor[] {
  if (timelines.length > 0 && !timelines.includes(timeline)) throw errors.timelineUnknown({ timeline })
  return [...(histories.get(timeline)?.ancestors ?? []), { timeline, end: 1n << 64n }]
}

const isOn = (path: readonly Ancestor[], backup: Backup): boolean =>
  path.some(({ timeline, end }) => timeline === backup.timeline && parseLsn(backup.stopLsn) <= end)

function chooseBackup(
  archive: Archive,
  backups: readonly Backup[],
  path: readonly Ancestor[],
  target: Target,
  faults: readonly DomainError[],
): Backup {
  if ('backup' in target) {
    const found = backups.find(({ id }) => id === target.backup)
    if (found) return found
    throw (
      faults.find(fault => String(fault.details.path).includes(target.backup)) ??
      errors.backupNotFound({ id: target.backup })
    )
  }
  const reachable = backups.filter(backup => isOn(path, backup))
  // The last one by the WAL: by a clock that was put back there may be several.
  const found = 'at' in target ? reachable.findLast(it => new Date(it.finishedAt) <= target.at) : reachable.at(-1)
  if (found) return found
  if (faults[0]) throw faults[0]
  const named = 'at' in target ? target.at.toISOString() : 'the latest'
  throw errors.noBackup({ folder: archive.folder, target: named, first: reachable[0]?.finishedAt ?? 'no time' })
}

/** The WAL that follows a backup (which brings its own, to the end of the segment in which it ended). */
function followWal(backup: Backup, path: readonly Ancestor[], material: Material) {
  const { segmentBytes, files, received } = material
  const stop = parseLsn(backup.stopLsn) - 1n
  const wal: WalFile[] = []
  let next = stop - (stop % segmentBytes) + segmentBytes
  let missing: string | undefined
  const byPlace = new Map(files.map(file => [`${file.timeline}/${file.start}`, file]))
  for (;;) {
    // Where a timeline was left, the first segment of the next one holds what was before as well.
    const file = path
      .filter(({ end }) => next < end)
      .map(({ timeline }) => byPlace.get(`${timeline}/${next}`))
      .findLast(it => it !== undefined)
    if (!file) break
    wal.push(file)
    next += segmentBytes
    if (file.isPartial) break
  }
  const isReceived = path.some(({ timeline }) => timeline === received?.timeline)
  const farther = files.some(
    file => file.start >= next && path.some(it => it.timeline === file.timeline && file.start < it.end),
  )
  const short = isReceived && received !== undefined && next < parseLsn(received.lsn)
  if (farther || short) {
    const last = wal.at(-1)
    const at = last?.isPartial && farther ? last.start : next
    missing = segmentName(path.find(({ end }) => at < end)?.timeline ?? backup.timeline, at, segmentBytes)
    if (last?.isPartial && farther) wal.pop()
  }
  const lastTime = wal.length > 0 ? lastSent(wal) : undefined
  const reached = missing === undefined && isReceived ? Date.parse(received?.serverTime ?? '') : lastTime
  const until = new Date(Math.max(reached || 0, Date.parse(backup.finishedAt)))
  return { wal, until, missing }
}

/** When the last of them began to be sent: what is in those before it was committed earlier. */
const lastSent = (wal: readonly WalFile[]): number | undefined => sentFrom(wal.at(-1) as WalFile)

function countLikely(wal: readonly WalFile[], at: Date): number {
  const after = wal.findIndex(file => (sentFrom(file) ?? 0) > at.getTime() + 60_000)
  return after === -1 ? wal.length : after + 1
}

function unreachable(backup: Backup, target: string, until: Date, missing: string | undefined): DomainError {
  const details = { backup: backup.id, target, until: until.toISOString() }
  return missing === undefined ? errors.beyondReceived(details) : errors.walMissing({ ...details, segment: missing })
}
