import type { PinnedPair } from './problem.ts'

/** What one participant leaves and joins between two plans. */
interface Move {
  readonly participant: string
  readonly leaves: readonly string[]
  readonly joins: readonly string[]
}

/** Who changes what, sorted by participant. */
export function movesBetween(before: readonly PinnedPair[], after: readonly PinnedPair[]): Move[] {
  const [old, now] = [targetsByParticipant(before), targetsByParticipant(after)]
  const people = [...new Set([...old.keys(), ...now.keys()])].toSorted((one, other) => (one < other ? -1 : 1))
  return people.flatMap(participant => {
    const had = old.get(participant) ?? new Set<string>()
    const has = now.get(participant) ?? new Set<string>()
    const [leaves, joins] = [[...had].filter(target => !has.has(target)), [...has].filter(target => !had.has(target))]
    return leaves.length + joins.length > 0 ? [{ participant, leaves: leaves.toSorted(), joins: joins.toSorted() }] : []
  })
}

function targetsByParticipant(pairs: readonly PinnedPair[]): Map<string, Set<string>> {
  const targets = new Map<string, Set<string>>()
  for (const { participant, target } of pairs) {
    const his = targets.get(participant)
    if (his) his.add(target)
    else targets.set(participant, new Set([target]))
  }
  return targets
}
