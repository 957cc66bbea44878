import type { Pair, Problem } from './problem.ts'

/** One piece of a problem on its way to a thread. */
export type ProblemPost =
  | { readonly kind: 'round'; readonly round: Omit<Problem, 'pairs'> }
  | { readonly kind: 'pairs'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'plain'; readonly places: Int32Array<ArrayBuffer>; readonly costs: Float64Array<ArrayBuffer> }
  | { readonly kind: 'end' }

/** A message is copied while nothing else runs: so many pairs at once are not long. */
const pairsPerPost = 10_000

/**
 * Posts a problem to a thread piece by piece, and lets others have their turn in between. Pairs go as the places of participant and
 * target where there is no more to say of them: half a million of them as objects took each of the two threads half a second.
 */
export async function postProblem(
  port: { postMessage(post: ProblemPost, transfer?: readonly ArrayBuffer[]): void },
  problem: Problem,
): Promise<void> {
  const { pairs, ...round } = problem
  const places = { participants: placesOf(problem.participants), targets: placesOf(problem.targets) }
  port.postMessage({ kind: 'round', round })
  for (let start = 0; start < pairs.length; start += pairsPerPost) {
    await new Promise(resolve => setImmediate(resolve))
    const piece = pairs.slice(start, start + pairsPerPost)
    const plain = plainOf(piece, places)
    if (plain) port.postMessage(plain, [plain.places.buffer, plain.costs.buffer])
    else port.postMessage({ kind: 'pairs', pairs: piece })
  }
  port.postMessage({ kind: 'end' })
}

type Places = ReadonlyMap<string, number>

const placesOf = (list: readonly { readonly id: string }[]): Places => new Map(list.map(({ id }, place) => [id, place]))

/** Undefined where there is more to say of a pair, or it is none: what is wrong with a problem is for the thread to tell. */
function plainOf(pairs: readonly Pair[], { participants, targets }: { participants: Places; targets: Places }) {
  const [places, costs] = [new Int32Array(2 * pairs.length), new Float64Array(pairs.length)]
  for (let at = 0; at < pairs.length; at++) {
    const { participant, target, cost, skillMatch, minutesEach } = pairs[at]!
    const [p, t] = [participants.get(participant), targets.get(target)]
    if (p === undefined || t === undefined || skillMatch !== undefined || minutesEach !== undefined) return undefined
    places[2 * at] = p
    places[2 * at + 1] = t
    costs[at] = cost
  }
  return { kind: 'plain', places, costs } as const
}

/** Puts the pieces together; called with each post in turn, it returns the problem at the last. */
export function problemReceiver(): (post: ProblemPost) => Problem | undefined {
  let round: Omit<Problem, 'pairs'> | undefined
  const pieces: (readonly Pair[])[] = []
  return post => {
    if (post.kind === 'round') round = post.round
    if (post.kind === 'pairs') pieces.push(post.pairs)
    if (post.kind !== 'plain' && post.kind !== 'end') return undefined
    if (!round) throw new Error('A problem begins with its round')
    if (post.kind === 'end') return { ...round, pairs: pieces.flat() }
    const { participants, targets } = round
    pieces.push(
      Array.from(post.costs, (cost, at) => ({
        participant: participants[post.places[2 * at]!]!.id,
        target: targets[post.places[2 * at + 1]!]!.id,
        cost,
      })),
    )
    return undefined
  }
}
