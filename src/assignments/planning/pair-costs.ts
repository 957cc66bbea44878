import { type Static, Type } from 'typebox'
import type { Reader } from '#platform/database'
import { nullable } from '#platform/http'
import { reducedCost } from '../engine/certificates.ts'
import { Names } from './sentences.ts'
import { factsOf, readStanding } from './standings.ts'

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
  const pair = round.problem.pairs.find(each => each.participant === participant && each.target === target)
  if (!pair) return null
  const names = await Names.in(tx, [participant, target])
  const [who, where] = [names.of(participant), names.of(target)]
  const ofPair = pair.cost / round.unit
  if (pairs.some(each => each.participant === participant && each.target === target))
    return { ofPair, reducedCost: 0, text: `${who} is on ${where}.` }
  const { cost, lowerBound } = factsOf(standing, pairs)
  if (!prices || lowerBound === null)
    return {
      ofPair,
      reducedCost: null,
      text: `Nothing stands against ${who} on ${where}. Plan the round to see what it costs.`,
    }
  // What the plan is dearer than it need be comes off: so much was given away already.
  const reduced = reducedCost(round.problem, prices, pair) / round.unit
  const atLeast = Math.max(0, lowerBound - cost + Math.max(0, reduced))
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
