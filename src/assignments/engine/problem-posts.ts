import type { Pair, Problem } from './problem.ts'

/** One piece of a problem on its way to a thread. */
export type ProblemPost =
  | { readonly kind: 'round'; readonly round: Omit<Problem, 'pairs'> }
  | { readonly kind: 'pairs'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'end' }

/** A message is copied while nothing else runs: 450,000 pairs in one took 250 ms, so many take 5. */
const pairsPerPost = 10_000

/** Posts a problem to a thread piece by piece, and lets others have their turn in between. */
export async function postProblem(port: { postMessage(post: ProblemPost): void }, problem: Problem): Promise<void> {
  const { pairs, ...round } = problem
  port.postMessage({ kind: 'round', round })
  for (let start = 0; start < pairs.length; start += pairsPerPost) {
    await new Promise(resolve => setImmediate(resolve))
    port.postMessage({ kind: 'pairs', pairs: pairs.slice(start, start + pairsPerPost) })
  }
  port.postMessage({ kind: 'end' })
}

/** Puts the pieces together; called with each post in turn, it returns the problem at the last. */
export function problemReceiver(): (post: ProblemPost) => Problem | undefined {
  let round: Omit<Problem, 'pairs'> | undefined
  const pieces: (readonly Pair[])[] = []
  return post => {
    if (post.kind === 'round') round = post.round
    if (post.kind === 'pairs') pieces.push(post.pairs)
    if (post.kind !== 'end') return undefined
    if (!round) throw new Error('A problem begins with its round')
    return { ...round, pairs: pieces.flat() }
  }
}
