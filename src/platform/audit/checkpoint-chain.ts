import type { AcceptedFork } from './accepted-forks.ts'
import {
  checkpointHash,
  isHandedOver,
  type KeptCheckpoint,
  type ReadCheckpoint,
  readCheckpoint,
} from './checkpoints.ts'
import type { Finding, FindingKind, Findings } from './findings.ts'
import { checkKeyChanges, type KeyChange } from './key-changes.ts'

export type CheckpointChain = {
  logId: string
  /** Those of the database, by number; `read` is undefined where the signature does not fit. */
  checkpoints: readonly { number: number; signed: string; read: ReadCheckpoint | undefined }[]
  /** Those that were kept outside. */
  outside: readonly KeptCheckpoint[]
  acceptedForks?: readonly number[] | undefined
  /** Those that the log itself says of, by the hash of their checkpoint. */
  knownForks?: ReadonlyMap<string, AcceptedFork> | undefined
  /** The key of the newest checkpoint; those of before must have handed over to it. */
  thumbprint?: string | undefined
  /** Which keys of this installation took the place of which, the oldest first. */
  keyChanges?: readonly KeyChange[] | undefined
  /** Thumbprints of the keys that this installation holds; without it any key may have begun the chain. */
  ownKeys?: ReadonlySet<string> | undefined
}

/** Signatures, keys, the chain, and that nothing is known outside that is not here. Returns the forks that were accepted. */
export function checkChain(chain: CheckpointChain, findings: Findings): AcceptedFork[] {
  const { logId, checkpoints, outside, acceptedForks = [], knownForks, thumbprint, ownKeys } = chain
  const accepted: AcceptedFork[] = []
  const found = (kind: FindingKind, text: string, place: Omit<Finding, 'kind' | 'text'>) =>
    findings.add({ kind, text, ...place })
  let before: CheckpointChain['checkpoints'][number] | undefined
  const strange = new Set<string>()
  const known = new Map(checkpoints.map(it => [it.number, it]))
  const forks: { at: number; from: number; to: number }[] = []
  for (const it of checkpoints) {
    const { number, read } = it
    const at = { checkpoint: number }
    if (!read || read.document.number !== number || read.document.log !== logId) {
      found('signature_invalid', `Checkpoint ${number} is not signed as it should be`, at)
    } else {
      const { previous, forkOf } = read.document
      if (previous !== (before ? checkpointHash(before.signed) : null)) {
        found('chain_broken', `Checkpoint ${number} does not follow checkpoint ${before?.number ?? 0}`, at)
      }
      if (ownKeys && !ownKeys.has(read.thumbprint) && !strange.has(read.thumbprint)) {
        strange.add(read.thumbprint)
        found(
          'key_replaced',
          `Checkpoint ${number} is signed by the key ${read.thumbprint}, which this installation does not hold`,
          at,
        )
      }
      if (thumbprint !== undefined && read.thumbprint !== thumbprint && it === checkpoints.at(-1)) {
        found(
          'key_replaced',
          `Checkpoint ${number} is signed by the key ${read.thumbprint}, and not by ${thumbprint}`,
          at,
        )
      } else if (before?.read && before.read.thumbprint !== read.thumbprint && !isHandedOver(before.read, read)) {
        found(
          'key_replaced',
          `Checkpoint ${number} is signed by the key ${read.thumbprint}, which the key before (${before.read.thumbprint}) has not named`,
          at,
        )
      }
      if (forkOf) {
        forks.push({ at: number, from: before?.number ?? 0, to: forkOf.number })
        const known = knownForks?.get(checkpointHash(it.signed))
        if (known && known.forkOf.number === forkOf.number && known.forkOf.hash === forkOf.hash) accepted.push(known)
        else if (!acceptedForks.includes(number)) {
          found(
            'forked',
            `Checkpoint ${number} goes on from checkpoint ${before?.number ?? 0}, though checkpoint ${forkOf.number} was known outside: the database had been restored to an earlier state`,
            at,
          )
        }
      }
    }
    before = it
  }
  const newest = checkpoints.at(-1)?.number ?? 0
  const reported = new Set<number>()
  for (const copy of outside) {
    const own = known.get(copy.number)
    const fork = forks.find(({ from, to }) => copy.number > from && copy.number <= to)
    if (reported.has(copy.number) || fork || own?.signed === copy.signed) continue
    reported.add(copy.number)
    const at = { checkpoint: copy.number }
    const whose = readCheckpoint(copy.signed)?.document
    const time = whose ? ` of ${whose.at}` : ''
    if (!whose) found('signature_invalid', `Outside checkpoint ${copy.number} is not signed as it should be`, at)
    else if (own) {
      const key = readCheckpoint(copy.signed)?.thumbprint
      if (own.read && key !== own.read.thumbprint) {
        found('key_replaced', `Outside checkpoint ${copy.number}${time} is signed by another key, ${key}`, at)
      }
      found('checkpoint_differs', `Checkpoint ${copy.number}${time} is another one outside`, at)
    } else if (copy.number > newest) {
      found('rolled_back', `Checkpoint ${copy.number}${time} is known outside; the newest here is ${newest}`, at)
    } else {
      found('checkpoint_missing', `Checkpoint ${copy.number}${time} is known outside, and not here`, at)
    }
  }
  checkKeyChanges(chain, forks, findings)
  findGaps(checkpoints, outside, findings)
  return accepted
}

/** A copy gets each checkpoint in order: one that is not there, though a later one is, was taken out of it. */
function findGaps(
  checkpoints: CheckpointChain['checkpoints'],
  outside: readonly KeptCheckpoint[],
  findings: Findings,
): void {
  const copied = new Set(outside.map(({ number }) => number))
  const newest = outside.reduce((most, { number }) => Math.max(most, number), 0)
  const gaps: { first: number; last: number }[] = []
  let isGap = false
  for (const { number } of checkpoints) {
    if (number > newest) break
    const gap = isGap ? gaps.at(-1) : undefined
    isGap = !copied.has(number)
    if (!isGap) continue
    if (gap) gap.last = number
    else gaps.push({ first: number, last: number })
  }
  for (const { first, last } of gaps) {
    const which = first === last ? `Checkpoint ${first} is` : `Checkpoints ${first} to ${last} are`
    findings.add({
      kind: 'copy_missing',
      text: `${which} not outside, though checkpoint ${newest} is`,
      checkpoint: first,
    })
  }
}
