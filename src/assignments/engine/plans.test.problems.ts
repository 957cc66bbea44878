import fc from 'fast-check'
import type { Problem } from './problem.ts'

/** Small rounds without side constraints, about half of them impossible. */
export function anyProblem({ participants = 4, targets = 3, largest = 12 } = {}): fc.Arbitrary<Problem> {
  const cost = fc.integer({ min: -largest, max: largest })
  const participant = fc.record({
    minimum: fc.constantFrom(0, 0, 0, 1, 2),
    more: fc.integer({ min: 0, max: 2 }),
    steps: fc.array(fc.nat(largest), { minLength: 4, maxLength: 4 }),
    first: cost,
  })
  const target = fc.record({
    minimum: fc.constantFrom(0, 1, 1, 2),
    more: fc.nat(2),
    shortageCost: fc.option(fc.nat(3 * largest), { nil: undefined }),
    extraValue: cost,
  })
  return fc
    .record({
      seed: fc.nat(),
      people: fc.array(participant, { maxLength: participants }),
      places: fc.array(target, { maxLength: targets }),
      pairs: fc.array(
        fc.option(fc.record({ cost, pinned: fc.constantFrom(false, false, false, false, false, true) }), { freq: 3 }),
        {
          minLength: participants * targets,
          maxLength: participants * targets,
        },
      ),
    })
    .map(({ seed, people, places, pairs: drawn }) => {
      const pairs = people.flatMap((_, p) =>
        places.flatMap((_, t) => {
          const pair = drawn[p * targets + t]
          return pair ? [{ participant: `p${p}`, target: `t${t}`, ...pair }] : []
        }),
      )
      return {
        seed,
        participants: people.map(({ minimum, more, steps, first }, p) => ({
          id: `p${p}`,
          minimum,
          maximum: minimum + more,
          loadCosts: steps.map((_, load) => steps.slice(0, load).reduce((sum, step) => sum + step, first)),
        })),
        targets: places.map(({ minimum, more, shortageCost, extraValue }, t) => ({
          id: `t${t}`,
          minimum,
          maximum: minimum + more,
          ...(shortageCost === undefined
            ? { extraValue }
            : { shortageCost, extraValue: Math.min(extraValue, shortageCost) }),
          mixes: [],
        })),
        pairs: pairs.map(({ participant, target, cost }) => ({ participant, target, cost })),
        pins: pairs.filter(({ pinned }) => pinned).map(({ participant, target }) => ({ participant, target })),
        relations: [],
      }
    })
}
