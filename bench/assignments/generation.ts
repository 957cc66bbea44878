import type { Pair, Problem } from '../../src/assignments/engine/problem.ts'

export interface Size {
  readonly participants: number
  readonly targets: number
  /** Targets that one participant can do, drawn at random. */
  readonly eligible: number
  /** People a target needs. */
  readonly needed: number
  /** Targets that one participant takes at most. */
  readonly maximum: number
}

export const sizes = {
  '50×20': { participants: 50, targets: 20, eligible: 12, needed: 6, maximum: 4 },
  '500×100': { participants: 500, targets: 100, eligible: 60, needed: 12, maximum: 4 },
  '5,000×500': { participants: 5000, targets: 500, eligible: 90, needed: 20, maximum: 4 },
} as const satisfies Record<string, Size>

/** A round as it is given: costs of preferences from 1 to 100, a second and third target dearer than a first. */
export function generateProblem({ participants, targets, eligible, needed, maximum }: Size, seed: number): Problem {
  const draw = drawing(seed)
  const [people, tasks] = [idsOf('p', participants), idsOf('t', targets)]
  const pairs: Pair[] = []
  const places = Array.from({ length: targets }, (_, place) => place)
  for (let p = 0; p < participants; p++) {
    for (let drawn = 0; drawn < eligible; drawn++) {
      const other = drawn + Math.floor(draw() * (targets - drawn))
      ;[places[drawn], places[other]] = [places[other]!, places[drawn]!]
      pairs.push({ participant: people[p]!, target: tasks[places[drawn]!]!, cost: 1 + Math.floor(draw() * 100) })
    }
  }
  return {
    seed,
    participants: people.map(id => ({
      id,
      minimum: 0,
      maximum,
      loadCosts: Array.from({ length: maximum }, (_, load) => load * 10),
    })),
    targets: tasks.map(id => ({
      id,
      minimum: needed,
      maximum: needed,
      extraValue: 0,
      mixes: [],
    })),
    pairs,
    pins: [],
    relations: [],
  }
}

const idsOf = (kind: string, count: number) =>
  Array.from({ length: count }, (_, place) => `${kind}${place.toString().padStart(5, '0')}`)

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function drawing(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}
