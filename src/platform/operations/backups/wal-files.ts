import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DomainError } from '#platform/errors.ts'
import { type Archive, walPath } from './catalogue.ts'
import { type Ancestor, historyName, parseHistory, parseSegment, type Segment } from './positions.ts'
import { readAbout, readSealed, readSigned } from './sealed-files.ts'

/** A segment that lies there: whole, or as far as it was received. Times by the clock of the server. */
export type WalFile = Segment & { name: string; path: string; isPartial: boolean }

/** How far WAL was received, beside it. */
export type ReceiverState = {
  systemIdentifier: string
  timeline: number
  /** Everything before is on the disk. */
  lsn: string
  /** What the clock of the server said when it had sent all that. */
  serverTime: string
  walSegmentBytes: number
  /** Where WAL is missing since, because the server had given it up. */
  gaps: { from: string; to: string; at: string }[]
}

export const partialName = (segment: string): string => `${segment}.partial`
export const walInnerName = (archive: Pick<Archive, 'systemIdentifier'>, name: string): string =>
  `${archive.systemIdentifier}/wal/${name}`

/** The segments in the order of the WAL; of two of one place the whole one. */
export function listWal(archive: Archive, segmentBytes: bigint): WalFile[] {
  const path = walPath(archive)
  if (!existsSync(path)) return []
  const found = new Map<string, WalFile>()
  for (const file of readdirSync(path).toSorted()) {
    const [, name = '', partial] = /^([0-9A-F]{24})(\.partial)?\.sealed$/.exec(file) ?? []
    const segment = parseSegment(name, segmentBytes)
    if (!segment || (partial && found.has(name))) continue
    found.set(name, { ...segment, name, path: join(path, file), isPartial: partial !== undefined })
  }
  return [...found.values()].toSorted((one, other) => Number(one.start - other.start) || one.timeline - other.timeline)
}

/** When the server sent its first part: nothing that was committed later is before it. */
export function sentFrom(file: WalFile): number | undefined {
  const { from } = readAbout(file.path) as { from?: string }
  return from === undefined ? undefined : Date.parse(from)
}

/** What was received of a segment. */
export const readWal = async (archive: Archive, file: WalFile): Promise<Buffer> =>
  Buffer.concat(await readWalParts(archive, file))

/** The same in pieces of 1 MiB or less; all of it where it has become whole since it was listed. */
export async function readWalParts(archive: Archive, file: WalFile): Promise<Buffer[]> {
  try {
    return await readParts(archive, file)
  } catch (error) {
    if (!file.isPartial || existsSync(file.path)) throw error
    return await readParts(archive, { ...file, path: join(walPath(archive), `${file.name}.sealed`), isPartial: false })
  }
}

async function readParts(archive: Archive, file: WalFile): Promise<Buffer[]> {
  const parts: Buffer[] = []
  const inner = walInnerName(archive, file.isPartial ? partialName(file.name) : file.name)
  for await (const part of readSealed(file.path, archive.keyring, inner, { isOpen: file.isPartial })) parts.push(part)
  return parts
}

/** Reads again whatever was received. Returns what is wrong with it; that a segment is not there at all is told by `listWindows`. */
export async function findWalFaults(
  archive: Archive,
  onProgress: (bytes: number, expectedBytes: number) => void = () => {},
): Promise<DomainError[]> {
  const faults: DomainError[] = []
  const note = (error: unknown) => {
    if (!(error instanceof DomainError)) throw error
    faults.push(error)
  }
  let received: ReceiverState | undefined
  try {
    received = findReceiverState(archive)
  } catch (error) {
    note(error)
  }
  const segmentBytes = received?.walSegmentBytes ?? 2 ** 24
  const files = listWal(archive, BigInt(segmentBytes))
  for (const [number, file] of files.entries()) {
    await readWalParts(archive, file).catch(error => {
      // Expired meanwhile.
      if (file.isPartial || existsSync(file.path)) note(error)
    })
    onProgress((number + 1) * segmentBytes, files.length * segmentBytes)
  }
  await readHistories(archive).catch(note)
  return faults
}

/** The timelines that were left for others, by number. */
export async function readHistories(archive: Archive): Promise<Map<number, { text: string; ancestors: Ancestor[] }>> {
  const histories = new Map<number, { text: string; ancestors: Ancestor[] }>()
  if (!existsSync(walPath(archive))) return histories
  for (const file of readdirSync(walPath(archive))) {
    const [, digits = ''] = /^([0-9A-F]{8})\.history\.sealed$/.exec(file) ?? []
    if (!digits) continue
    const timeline = Number.parseInt(digits, 16)
    const parts: Buffer[] = []
    const inner = walInnerName(archive, historyName(timeline))
    for await (const part of readSealed(join(walPath(archive), file), archive.keyring, inner)) parts.push(part)
    const text = Buffer.concat(parts).toString()
    histories.set(timeline, { text, ancestors: parseHistory(text) })
  }
  return histories
}

export const statePath = (archive: Archive): string => join(walPath(archive), 'received.json')

/** Undefined where nothing was ever received; refuses where the file was altered. */
export function findReceiverState(archive: Archive): ReceiverState | undefined {
  if (!existsSync(statePath(archive))) return undefined
  return readSigned<ReceiverState>(statePath(archive), archive.keyring)
}
