import { existsSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import pg, { type ClientConfig } from 'pg'
import { takeLock } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { readServer, type Server, withAdmin } from './base-backups.ts'
import { type Archive, explain, makeFolder, type Shelf, sealedName, walPath } from './catalogue.ts'
import { errors } from './errors.ts'
import { type Ancestor, formatLsn, historyName, parseHistory, parseLsn, segmentName } from './positions.ts'
import { type CopySender, Replication } from './replication.ts'
import { SealedWriter, syncDirectory, writeSigned } from './sealed-files.ts'
import {
  findReceiverState,
  listWal,
  partialName,
  type ReceiverState,
  readWal,
  statePath,
  type WalFile,
  walInnerName,
} from './wal-files.ts'

/** The server keeps WAL for it until we have it on the disk. */
export const slotName = 'commonhold_backups'
/** By which it is known in `pg_stat_replication`. */
export const receiverName = 'commonhold wal'

export type ReceiverOptions = {
  shelf: Shelf
  admin: ClientConfig
  /** Told what is out of the ordinary: a gap, what was altered, another timeline. */
  onNotice?: (notice: Notice) => void
}

export type Notice = { kind: 'gap' | 'altered' | 'timeline' | 'behind'; message: string }

/** Whether it receives, and why not: another program does, or the server is away. */
export type Receiver = {
  /** Rejects with what ended the reception; resolves after `stop`. */
  done: Promise<void>
  /** How far everything is on the disk. */
  position(): { timeline: number; lsn: string; serverTime: string } | undefined
  /** What was received is on the disk when it resolves. */
  stop(): Promise<void>
}

/**
 * Receives the WAL of a server as it is written, over a replication slot, into the archive (GG-20). The server is told
 * that it may forget only what is on our disk. Where it was ended, however, it goes on; a part that the server has
 * forgotten meanwhile is a gap, told and noted. Refuses (`backups.busy`) while another program receives.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const server = await readServer(options.admin)
  const archive = { ...options.shelf, systemIdentifier: server.systemIdentifier }
  makeFolder(walPath(archive))
  const lock = takeLock(join(walPath(archive), 'receiver.lock'))
  if (!('release' in lock)) throw errors.busy({ folder: archive.folder, pid: lock.pid, command: lock.command })
  try {
    const connection = await Replication.open(options.admin, receiverName)
    try {
      const reception = await Reception.prepare(options, archive, server, connection)
      const done = reception.run().finally(async () => {
        await connection.close()
        lock.release()
      })
      done.catch(() => {})
      return { done, position: () => reception.position(), stop: () => reception.stop().then(() => done) }
    } catch (error) {
      await connection.close()
      throw error
    }
  } catch (error) {
    lock.release()
    throw explainBusy(explain(archive.folder, error), archive)
  }
}

/** Has the server keep WAL from now on for who receives it later. */
export async function claimSlotFor(admin: ClientConfig): Promise<void> {
  const connection = await Replication.open(admin)
  try {
    await claimSlot(admin, connection)
  } finally {
    await connection.close()
  }
}

/** Gives the slot up: of an installation that no longer makes backups the server would keep WAL for ever. */
export async function dropSlot(admin: ClientConfig): Promise<void> {
  await withAdmin(admin, async client => {
    await client.query(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active',
      [slotName],
    )
  })
}

function explainBusy(error: unknown, { folder }: Archive): unknown {
  // 55006: the slot is active for another process.
  if (!(error instanceof pg.DatabaseError) || error.code !== '55006') return error
  return errors.busy({ folder, pid: /PID (\d+)/.exec(error.message)?.[1] ?? '?', command: 'on this server' }, error)
}

/** The segment that is being received; `due` bytes of it lie there from an earlier time. */
type Open = {
  name: string
  start: bigint
  writer: SealedWriter
  parts: Buffer[]
  from: string
  due: bigint
  isInPlace: boolean
}

type Start = { timeline: number; lsn: bigint; notice?: Notice }

class Reception {
  private readonly options: ReceiverOptions
  private readonly archive: Archive
  private readonly connection: Replication
  private readonly segmentBytes: bigint
  private readonly gaps: ReceiverState['gaps']
  private timeline: number
  /** Where the next byte goes. */
  private next: bigint
  /** Everything before is on the disk. */
  private flushed: bigint
  private serverTime: Date
  /** Of what came last. */
  private sentAt: Date
  private queue: { start: bigint; data: Buffer }[] = []
  private queuedBytes = 0
  private working: Promise<void> | undefined
  private failure: unknown
  private open: Open | undefined
  private sender: CopySender | undefined
  private stopping = false
  private stateWritten = 0

  private constructor(
    options: ReceiverOptions,
    place: { archive: Archive; connection: Replication; server: Server },
    start: Start,
    known: { gaps: ReceiverState['gaps']; now: Date },
  ) {
    this.options = options
    this.archive = place.archive
    this.connection = place.connection
    this.segmentBytes = BigInt(place.server.walSegmentBytes)
    this.gaps = known.gaps
    this.timeline = start.timeline
    this.next = start.lsn - (start.lsn % this.segmentBytes)
    this.flushed = this.next
    this.serverTime = known.now
    this.sentAt = known.now
  }

  /** Finds out where to go on. */
  static async prepare(options: ReceiverOptions, archive: Archive, server: Server, connection: Replication) {
    const slot = await claimSlot(options.admin, connection)
    const [identified] = (await connection.run('IDENTIFY_SYSTEM'))[0] ?? []
    const current = Number(identified?.timeline)
    const position = parseLsn(identified?.xlogpos ?? '0/0')
    const ancestors = await saveHistory(archive, connection, current)
    const files = listWal(archive, BigInt(server.walSegmentBytes))
    const known = lastReceived(files, BigInt(server.walSegmentBytes))
    const start = whereToGoOn({ known, current, position, ancestors, slot: slot.start })
    if (start.notice) options.onNotice?.(start.notice)
    const gaps = readGaps(options, archive)
    return new Reception(options, { archive, connection, server }, start, { gaps, now: slot.now })
  }

  position() {
    return { timeline: this.timeline, lsn: formatLsn(this.flushed), serverTime: this.serverTime.toISOString() }
  }

  async run(): Promise<void> {
    // So that also a server at rest says until when it was at rest.
    const beat = setInterval(() => this.confirm(true), 1000)
    try {
      while (!this.stopping) await this.stream()
    } catch (error) {
      if (this.failure ?? !this.stopping) throw explainBusy(this.failure ?? error, this.archive)
    } finally {
      clearInterval(beat)
      await this.working?.catch(() => {})
      await this.leaveSegment().catch(() => {})
      await this.writeState(true).catch(() => {})
    }
  }

  async stop(): Promise<void> {
    if (this.stopping) return
    this.stopping = true
    if (this.sender) this.sender.end()
    else this.connection.destroy()
    setTimeout(() => this.connection.destroy(), 5000).unref()
  }

  /** Receives on one timeline, until it ends. */
  private async stream(): Promise<void> {
    const from = `${formatLsn(this.next)} TIMELINE ${this.timeline}`
    let results: Awaited<ReturnType<Replication['run']>>
    try {
      results = await this.connection.run(`START_REPLICATION SLOT ${slotName} PHYSICAL ${from}`, {
        onBoth: sender => (this.sender = sender),
        onData: message => this.take(Buffer.from(message)),
      })
    } catch (error) {
      // 58P01: what was to come next is gone at the server.
      if (!(error instanceof pg.DatabaseError) || error.code !== '58P01') throw error
      return await this.leap(error)
    } finally {
      this.sender = undefined
      await this.working
    }
    const next = results.at(-1)?.[0]
    if (this.stopping || !next?.next_tli) return
    const end = parseLsn(next.next_tli_startpos ?? '0/0')
    await this.leaveSegment()
    this.timeline = Number(next.next_tli)
    this.next = end - (end % this.segmentBytes)
    this.flushed = this.next
    await saveHistory(this.archive, this.connection, this.timeline)
    this.notice('timeline', `The server went on with timeline ${this.timeline} at ${formatLsn(end)}`)
  }

  /** Notes the gap, and goes on with what the server has for us. */
  private async leap(error: unknown): Promise<void> {
    const { start } = await claimSlot(this.options.admin, this.connection)
    const [identified] = (await this.connection.run('IDENTIFY_SYSTEM'))[0] ?? []
    const to = start - (start % this.segmentBytes)
    if (to <= this.next) throw error
    await this.leaveSegment()
    const [gapFrom, gapTo] = [formatLsn(this.next), formatLsn(to)]
    this.gaps.push({ from: gapFrom, to: gapTo, at: this.serverTime.toISOString() })
    const text = `WAL from ${gapFrom} to ${gapTo} was not received: the server had given it up. A full backup is needed now`
    this.notice('gap', text)
    this.timeline = Number(identified?.timeline)
    this.next = to
    this.flushed = to
    await saveHistory(this.archive, this.connection, this.timeline)
    await this.writeState(true)
  }

  private take(message: Buffer): Promise<void> | undefined {
    const kind = String.fromCharCode(message[0] as number)
    if (kind === 'k') {
      // It has sent all that there is, and all of it is on the disk.
      const isAtRest = this.queue.length === 0 && !this.working && message.readBigUInt64BE(1) <= this.flushed
      if (isAtRest) this.serverTime = timeOf(message.readBigInt64BE(9))
      if (message[17] === 1) this.confirm(false)
      if (isAtRest) void this.writeState(false).catch(() => {})
      return undefined
    }
    if (kind !== 'w') return undefined
    this.sentAt = timeOf(message.readBigInt64BE(17))
    this.queue.push({ start: message.readBigUInt64BE(1), data: message.subarray(25) })
    this.queuedBytes += message.length - 25
    this.working ??= this.work().finally(() => (this.working = undefined))
    this.working.catch(() => {})
    // The disk is slower than the server.
    return this.queuedBytes > 32 * 2 ** 20 ? this.working : undefined
  }

  /** Writes what has come in, and confirms it when it is on the disk. */
  private async work(): Promise<void> {
    try {
      await new Promise(setImmediate)
      while (this.queue.length > 0) {
        const [taken, sentAt] = [this.queue, this.sentAt]
        this.queue = []
        this.queuedBytes = 0
        for (const { start, data } of taken) await this.append(start, data)
        await this.settle()
        if (this.flushed === this.next) this.serverTime = sentAt
        this.confirm(false)
        await this.writeState(false)
      }
    } catch (error) {
      this.failure = explain(this.archive.folder, error)
      this.connection.destroy()
      throw this.failure
    }
  }

  private async append(start: bigint, data: Buffer): Promise<void> {
    if (start !== this.next) throw new Error(`WAL came from ${formatLsn(start)} where ${formatLsn(this.next)} was due`)
    for (let rest = data; rest.length > 0; ) {
      this.open ??= await this.begin()
      const room = Number(this.open.start + this.segmentBytes - this.next)
      const part = rest.subarray(0, room)
      await this.open.writer.write(part)
      this.open.parts.push(part)
      this.next += BigInt(part.length)
      rest = rest.subarray(part.length)
      if (part.length === room) await this.complete(this.open)
    }
  }

  // What lies there of this segment is received again from its start, and replaced when there is as much: the server
  // has it all, and a file whose end was torn cannot be gone on with under the same key.
  private async begin(): Promise<Open> {
    const { archive } = this
    const name = segmentName(this.timeline, this.next, this.segmentBytes)
    const from = this.sentAt.toISOString()
    const path = this.pathOf(`${partialName(name)}.new`)
    rmSync(path, { force: true })
    const writer = await SealedWriter.create(path, archive.keyring, walInnerName(archive, partialName(name)), { from })
    const before = listWal(archive, this.segmentBytes).find(file => file.name === name)
    const due = before?.isPartial ? BigInt(await this.lengthOf(before)) : 0n
    if (this.next + due > this.flushed) this.flushed = this.next + due
    return { name, start: this.next, writer, parts: [], from, due, isInPlace: false }
  }

  private async lengthOf(file: WalFile): Promise<number> {
    try {
      return (await readWal(this.archive, file)).length
    } catch (error) {
      this.notice('altered', `${(error as Error).message} It is received again`)
      return 0
    }
  }

  private async settle(): Promise<void> {
    const { open } = this
    if (open) {
      await open.writer.flush()
      if (!open.isInPlace && this.next - open.start >= open.due) {
        await rename(this.pathOf(`${partialName(open.name)}.new`), this.pathOf(partialName(open.name)))
        await syncDirectory(walPath(this.archive))
        open.isInPlace = true
      }
    }
    if ((!open || open.isInPlace) && this.next > this.flushed) this.flushed = this.next
  }

  /** Written anew as a whole, then the parts go. */
  private async complete(open: Open): Promise<void> {
    const { archive } = this
    const draft = this.pathOf(`${open.name}.new`)
    rmSync(draft, { force: true })
    const about = { from: open.from, to: this.sentAt.toISOString() }
    const writer = await SealedWriter.create(draft, archive.keyring, walInnerName(archive, open.name), about)
    for (const part of open.parts) await writer.write(part)
    await writer.finish()
    await rename(draft, this.pathOf(open.name))
    await syncDirectory(walPath(archive))
    this.open = undefined
    await open.writer.abandon()
    for (const name of [partialName(open.name), `${partialName(open.name)}.new`])
      rmSync(this.pathOf(name), { force: true })
  }

  private async leaveSegment(): Promise<void> {
    const { open } = this
    if (!open) return
    await this.settle().catch(() => {})
    this.open = undefined
    await open.writer.abandon()
    if (!open.isInPlace) rmSync(this.pathOf(`${partialName(open.name)}.new`), { force: true })
  }

  private confirm(wantsAnswer: boolean): void {
    if (!this.sender || this.stopping) return
    const message = Buffer.alloc(34)
    message.write('r', 0)
    for (const at of [1, 9, 17]) message.writeBigUInt64BE(this.flushed, at)
    message.writeBigInt64BE((BigInt(Date.now()) - postgresEpoch) * 1000n, 25)
    message[33] = wantsAnswer ? 1 : 0
    this.sender.send(message)
  }

  private async writeState(isDue: boolean): Promise<void> {
    if (!isDue && Date.now() - this.stateWritten < 500) return
    this.stateWritten = Date.now()
    const state: ReceiverState = {
      systemIdentifier: this.archive.systemIdentifier,
      ...this.position(),
      walSegmentBytes: Number(this.segmentBytes),
      gaps: this.gaps,
    }
    await writeSigned(statePath(this.archive), this.archive.keyring, state, false)
  }

  private pathOf(name: string): string {
    return join(walPath(this.archive), sealedName(name))
  }

  private notice(kind: Notice['kind'], message: string): void {
    this.options.onNotice?.({ kind, message })
  }
}

// 2000-01-01 in milliseconds of Unix; the server counts microseconds from there.
const postgresEpoch = 946_684_800_000n
const timeOf = (microseconds: bigint): Date => new Date(Number(microseconds / 1000n + postgresEpoch))

type Slot = { start: bigint; now: Date }

/** Makes the slot where there is none, and anew where the server has given it up. */
async function claimSlot(admin: ClientConfig, connection: Replication): Promise<Slot> {
  for (let tries = 0; tries < 3; tries++) {
    const found = await withAdmin(admin, async client => {
      const { rows } = await client.query(
        `select restart_lsn::text as start, wal_status as status, clock_timestamp() as now
         from pg_replication_slots
         where slot_name = $1`,
        [slotName],
      )
      return rows[0] as { start: string | null; status: string | null; now: Date } | undefined
    })
    if (found?.start && found.status !== 'lost') return { start: parseLsn(found.start), now: found.now }
    if (found) await connection.run(`DROP_REPLICATION_SLOT ${slotName}`)
    await connection.run(`CREATE_REPLICATION_SLOT ${slotName} PHYSICAL RESERVE_WAL`)
  }
  throw new Error('The server gives no replication slot')
}

/** Keeps the history of a timeline that has one. */
async function saveHistory(archive: Archive, connection: Replication, timeline: number): Promise<Ancestor[]> {
  if (timeline === 1) return []
  const [row] = (await connection.run(`TIMELINE_HISTORY ${timeline}`))[0] ?? []
  const content = row?.content ?? ''
  const name = historyName(timeline)
  const path = join(walPath(archive), sealedName(name))
  if (!existsSync(path)) {
    rmSync(`${path}.new`, { force: true })
    const writer = await SealedWriter.create(`${path}.new`, archive.keyring, walInnerName(archive, name))
    await writer.write(Buffer.from(content))
    await writer.finish()
    await rename(`${path}.new`, path)
    await syncDirectory(walPath(archive))
  }
  return parseHistory(content)
}

function readGaps(options: ReceiverOptions, archive: Archive): ReceiverState['gaps'] {
  try {
    return findReceiverState(archive)?.gaps ?? []
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    options.onNotice?.({ kind: 'altered', message: error.message })
    return []
  }
}

/** The start of the last segment if it is partial, else its end. */
function lastReceived(files: readonly WalFile[], segmentBytes: bigint): { timeline: number; lsn: bigint } | undefined {
  const last = files.toSorted((one, other) => one.timeline - other.timeline || Number(one.start - other.start)).at(-1)
  return last && { timeline: last.timeline, lsn: last.isPartial ? last.start : last.start + segmentBytes }
}

/** On from what is there, if that belongs to the server as it is now; else from what the server keeps for us. */
export function whereToGoOn(situation: {
  known: { timeline: number; lsn: bigint } | undefined
  current: number
  position: bigint
  ancestors: readonly Ancestor[]
  slot: bigint
}): Start {
  const { known, current, position, ancestors, slot } = situation
  if (!known) return { timeline: current, lsn: slot }
  if (known.timeline === current) {
    if (known.lsn <= position) return known
    const message = `The server stands at ${formatLsn(position)}, before what was received (${formatLsn(known.lsn)}): it was put back by other means. A full backup is needed now`
    return { timeline: current, lsn: position, notice: { kind: 'gap', message } }
  }
  const index = ancestors.findIndex(({ timeline }) => timeline === known.timeline)
  const left = ancestors[index]
  if (!left) {
    const message = `Timeline ${current} of the server does not come from timeline ${known.timeline}, which was received. A full backup is needed now`
    return { timeline: current, lsn: slot, notice: { kind: 'gap', message } }
  }
  if (known.lsn < left.end) return known
  return { timeline: ancestors[index + 1]?.timeline ?? current, lsn: left.end }
}
