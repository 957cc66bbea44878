import type { Problem } from '../../src/assignments/engine/problem.ts'
import { drawing } from './generation.ts'

/**
 * The round with what a flow cannot hold: shifts of 4 to 10 hours in a week of three starts a day (those that overlap are not for
 * one person), at most 16 to 30 hours for each, and of those on a shift a fifth must be first-aiders, whom a fifth of the people
 * are.
 */
export function withSides(round: Problem, seed: number): Problem {
  const draw = drawing(seed * 7919 + 1)
  const aiders = round.participants.filter(() => draw() < 0.2).map(({ id }) => id)
  return {
    ...round,
    participants: round.participants.map(participant => ({
      ...participant,
      minuteLimits: [{ from: 0, to: 7 * 24 * 60, maximum: 60 * (16 + 2 * Math.floor(draw() * 8)) }],
    })),
    targets: round.targets.map(target => {
      const startsAt = 60 * (24 * Math.floor(draw() * 7) + [6, 14, 22][Math.floor(draw() * 3)]!)
      return {
        ...target,
        occurrences: [{ startsAt, endsAt: startsAt + 60 * (4 + Math.floor(draw() * 7)) }],
        mixes: [{ name: 'first-aid', minimum: Math.ceil(target.minimum / 5), participants: aiders }],
      }
    }),
  }
}
