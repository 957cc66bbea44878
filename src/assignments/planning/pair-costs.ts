import { type Static, Type } from 'typebox'
import type { Reader } from '#platform/database'
import { nullable } from '#platform/http'
import { addUpPrices } from '../engine/certificates.ts'
import { inPoints } from './points.ts'
import { Names } from './sentences.ts'
import { factsOf, findPairIn, readStanding } from './standings.ts'

/** Why somebody who could be on a target is not: what it would cost, from the prices of the plan. */
export const PairCost = Type.Object({
  ofPair: { ...nullable(Type.Number()), description: 'Of his wish and of his turn, in points' },
  reducedCost: {
    ...nullable(Type.Number()),
    description: 'What the plan costs more with him there, at least, in points; null while no plan tells',
  },
  text: Type.String({ examples: ['With Anna on Kitchen the plan would cost at least 27 points more: …'] }),
})
export type PairCost = Static<typeof PairCost>

/** Null where he cannot be there at all. `timeZone` is the tenant's. */
export async function explainCost(
  tx: Reader,
  assignmentId: string,
  { participantId: participant, targetId: target }: { participantId: string; targetId: string },
  timeZone: string,
): Promise<PairCost | null> {
  const standing = await readStanding(tx, assignmentId, timeZone)
  const { round, pairs, prices } = standing
  const pair = findPairIn(round, { participant, target })
  if (!pair) return null
  const names = await Names.in(tx, [participant, target])
  const [who, where] = [names.of(participant), names.of(target)]
  const ofPair = pair.cost / round.unit
  if (pairs.some(each => each.participant === participant && each.target === target))
    return { ofPair, reducedCost: 0, text: `${who} is on ${where}.` }
  const { cost, lowerBound } = factsOf(standing, pairs)
  // Added up with the pair in every plan, and rounded once: the bound and what the pair adds to it would be rounded apart.
  const forced = { ...round.problem, pins: [...round.problem.pins, pair] }
  const least = prices && inPoints(addUpPrices(forced, prices).lowerBound, round.unit)
  if (!prices || lowerBound === null || least === null)
    return {
      ofPair,
      reducedCost: null,
      text: `Nothing stands against ${who} on ${where}. Plan the round to see what it costs.`,
    }
  const atLeast = Math.max(0, least - cost)
  const [time, place] = [prices.participants[participant] ?? 0, prices.targets[target] ?? 0]
  const because = [
    `${said(ofPair)} for the wish and the turn`,
    ...(time > 0 ? [`${said(time / round.unit)} for what else ${who} is needed for`] : []),
    ...(place > 0 ? [`less ${said(place / round.unit)} that one more on ${where} is worth`] : []),
  ]
  const text =
    atLeast < 0.05
      ? `${who} on ${where} may cost nothing more: the plan just has somebody else there.`
      : `With ${who} on ${where} the plan would cost at least ${said(atLeast)} points more: ${because.join(', ')}.`
  return { ofPair, reducedCost: atLeast, text }
}

const said = (points: number) => String(Math.round(points * 10) / 10)
