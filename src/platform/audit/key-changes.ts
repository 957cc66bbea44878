import { type Queryable, sql } from '#platform/database'
import { checkpointHash, type ReadCheckpoint } from './checkpoints.ts'
import type { Findings } from './findings.ts'

/** How far the log of a database was: its newest checkpoint, by the hash of what was signed. */
export type LogHead = { log: string; number: number; hash: string }

/** What a key says of itself, signed, that took the place of another one. Keys are named by their thumbprints (RFC 7638). */
export type KeyChange = { from: string; to: string; at: string; reason: string; by: string; logs: readonly LogHead[] }

/** Undefined before the first checkpoint. */
export async function findLogHead(tx: Queryable): Promise<LogHead | undefined> {
  const newest = await tx.maybe(sql<{ log: string; number: number; signed: string }>`
    select log_id as log, number, signed
    from audit.sealing
    cross join audit.checkpoints
    order by number desc
    limit 1`)
  return newest && { log: newest.log, number: newest.number, hash: checkpointHash(newest.signed) }
}

/** Checkpoints are made each few seconds; clocks of several servers may differ. */
const toleratedMilliseconds = 5 * 60_000

/** The keys that the checkpoints of a log are signed with, each until another one took its place. */
export class SigningKeys {
  private readonly until: ReadonlyMap<string, number>

  constructor(thumbprints: Iterable<string>, changes: readonly KeyChange[] = []) {
    const replaced = new Map(changes.map(({ from, at }) => [from, Date.parse(at) + toleratedMilliseconds]))
    this.until = new Map(Array.from(thumbprints, it => [it, replaced.get(it) ?? Infinity]))
  }

  get size(): number {
    return this.until.size
  }

  /** Whether what says that it was signed at that moment can have been signed by this key. */
  signs(thumbprint: string, at: string | Date): boolean {
    return new Date(at).getTime() <= (this.until.get(thumbprint) ?? -Infinity)
  }
}

/** The checkpoint `at` says that those after `from` up to `to` are gone. */
type Fork = { at: number; from: number; to: number }
type Signed = { number: number; signed: string; read: ReadCheckpoint | undefined }
type Chain = { logId: string; checkpoints: readonly Signed[]; keyChanges?: readonly KeyChange[] | undefined }

/**
 * Whoever has a key of before can sign with it what he likes: but not what says that it is of later, and not in the place of
 * what the newest key knows to have been there. `forks` are what restores have passed by.
 */
export function checkKeyChanges(
  { logId, checkpoints, keyChanges = [] }: Chain,
  forks: readonly Fork[],
  findings: Findings,
): void {
  const replaced = new Map(keyChanges.map(change => [change.from, change]))
  const keys = new SigningKeys(replaced.keys(), keyChanges)
  const told = new Set<string>()
  for (const { number, read } of checkpoints) {
    const change = read && replaced.get(read.thumbprint)
    if (!change || told.has(change.from) || keys.signs(change.from, read.document.at)) continue
    told.add(change.from)
    const text = `Checkpoint ${number} of ${read.document.at} is signed by the key ${change.from}, which ${change.to} had replaced at ${change.at}`
    findings.add({ kind: 'key_replaced', text, checkpoint: number })
  }
  // The newest is enough: each checkpoint is bound to all before it.
  const last = keyChanges.at(-1)
  const head = last?.logs.find(({ log }) => log === logId)
  if (!last || !head) return
  // What this key knows can only have been passed by after it came: a key of before says so of times of before, and accepts it.
  const isOfLast = (at: number) => checkpoints.find(({ number }) => number === at)?.read?.thumbprint === last.to
  if (forks.some(({ at, from, to }) => head.number > from && head.number <= to && isOfLast(at))) return
  const own = checkpoints.find(({ number }) => number === head.number)
  if (own && checkpointHash(own.signed) === head.hash) return
  const newest = checkpoints.at(-1)?.number ?? 0
  const [kind, text] = own
    ? (['checkpoint_differs', `Checkpoint ${head.number} is another one`] as const)
    : head.number > newest
      ? (['rolled_back', `Checkpoint ${head.number} is not here any more, the newest is ${newest}`] as const)
      : (['checkpoint_missing', `Checkpoint ${head.number} is not here any more`] as const)
  findings.add({ kind, text: `${text}: the key ${last.to} knows it since ${last.at}`, checkpoint: head.number })
}
