import type { Instance } from './instances.ts'

/**
 * What each pair weighs among plans of equal cost: of the seed and its two ids, so that it is the same in whatever order they
 * are given, and stays the same when others come and go. In the solver it is compared after the cost, never added to it
 * (`minimizeNext`): the sum over a plan counts less than one unit of cost however many pairs a plan has.
 *
 * Two plans that weigh the same are as likely as one in `range` over the number of pairs (isolation lemma): for 450,000 pairs
 * and a range of 2 ** 38, one in 600,000. Even then the plan is the same for every order of input, as all is sorted first.
 */
export function tieBreaks(instance: Instance, range: number): Float64Array {
  const { seed, participants, targets, pairParticipant, pairTarget } = instance
  const ofParticipant = participants.map(id => hashText(id, seed))
  const ofTarget = targets.map(id => hashText(id, ~seed))
  const weights = new Float64Array(pairTarget.length)
  for (let pair = 0; pair < weights.length; pair++) {
    const [p, t] = [ofParticipant[pairParticipant[pair]!]!, ofTarget[pairTarget[pair]!]!]
    const high = mixed(p ^ Math.imul(t, 0x9e3779b1))
    const low = mixed(high ^ Math.imul(p, 0x85ebca6b) ^ t)
    weights[pair] = Math.floor(((high * 2 ** 20 + (low & 0xfffff)) / 2 ** 52) * range)
  }
  return weights
}

/** 32 bits of a text: each code unit mixed in. */
export function hashText(text: string, seed: number): number {
  let hash = mixed(seed ^ text.length)
  for (let place = 0; place < text.length; place++) hash = mixed(hash ^ text.charCodeAt(place))
  return hash
}

/** A change of one bit changes each other with probability one half (two rounds of multiply and shift). */
function mixed(bits: number): number {
  let hash = bits | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad)
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97)
  return (hash ^ (hash >>> 15)) >>> 0
}
