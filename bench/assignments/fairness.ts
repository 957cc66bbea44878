import {
  compareLoads,
  dislikeOf,
  giniOf,
  type PastRound,
  previewWeights,
  standingsOf,
  weighRound,
} from '../../src/assignments/engine/fairness.ts'
import { solveFlow } from '../../src/assignments/engine/plans.ts'
import type { Problem } from '../../src/assignments/engine/problem.ts'
import { strategies } from '../../src/assignments/engine/strategies/strategies.ts'
import type { BenchResult } from '../context.ts'
import { drawing } from './generation.ts'

const [people, targets, rounds, availability] = [40, 8, 52, 0.75]

/** A year of rounds planned one after the other, against the same year planned with all of it known, and against 0.8 / 0.2 rotation. */
export async function benchFairness(log: (line: string) => void, seeds: number): Promise<BenchResult[]> {
  const [fair, cheap] = [
    { preference: 0.1, fairness: 1, rotation: 0 },
    { preference: 1, fairness: 0.35, rotation: 0 },
  ]
  const sums = { hindsight: 0, fairGini: 0, fairCost: 0, cheapGini: 0, cheapCost: 0, rotationGini: 0, rotationCost: 0 }
  for (let seed = 1; seed <= seeds; seed++) {
    const year = yearOf(seed)
    const [one, other] = [await previewWeights(year, fair, solveFlow), await previewWeights(year, cheap, solveFlow)]
    const history: PastRound[] = []
    const { plan } = strategies.find('balanced_rotation')!
    for (const round of year) {
      const { pairs } = await plan(round, { history })
      history.push({ eligible: round.pairs, assigned: pairs })
      sums.rotationCost += dislikeOf(round, pairs)
    }
    sums.rotationGini += giniOf(standingsOf(history).values())
    sums.hindsight += hindsightGini(year)
    sums.fairGini += one.gini
    sums.fairCost += one.cost
    sums.cheapGini += other.gini
    sums.cheapCost += other.cost
    log(
      `seed ${seed}: Gini ${one.gini.toFixed(4)}, ${other.gini.toFixed(4)}; hindsight ${(sums.hindsight / seed).toFixed(4)}`,
    )
  }
  const ratio = (name: string, value: number, most: number): BenchResult => ({
    ...{ name, value, unit: '×', target: `≤ ${most}`, ok: value <= most },
  })
  return [
    ratio(`52 rounds, 40 people, ${seeds} seeds: Gini against hindsight`, sums.fairGini / sums.hindsight, 1.2),
    ratio('the same: cost against rotation 0.8 / 0.2', sums.fairCost / sums.rotationCost, 1),
    ratio('with weight on wishes: cost against rotation 0.8 / 0.2', sums.cheapCost / sums.rotationCost, 0.75),
    {
      ...{ name: 'the same: Gini', value: sums.cheapGini / seeds, unit: '', target: '≤ 0.06' },
      ok: sums.cheapGini / seeds <= 0.06,
    },
    { name: 'rotation 0.8 / 0.2: Gini', value: sums.rotationGini / seeds, unit: '' },
  ]
}

/** 12 shifts for 7 people, and which of two vectors of load is the fairer. */
export function benchFairnessCases(): BenchResult[] {
  const ids = (kind: string, count: number) => Array.from({ length: count }, (_, place) => `${kind}${place}`)
  const shifts: Problem = {
    seed: 1,
    participants: ids('p', 7).map(id => ({ id, minimum: 0, maximum: 12, loadCosts: Array<number>(12).fill(0) })),
    targets: ids('t', 12).map(id => ({ id, minimum: 1, maximum: 1, extraValue: 0, mixes: [] })),
    pairs: ids('p', 7).flatMap(participant => ids('t', 12).map(target => ({ participant, target, cost: 0 }))),
    ...{ pins: [], relations: [] },
  }
  const { pairs } = solveFlow(weighRound(shifts, [], { preference: 0.5, fairness: 0.5, rotation: 0.2 }).problem)
  const loads = ids('p', 7).map(id => pairs.filter(({ participant }) => participant === id).length)
  const isEven = loads.toSorted().reverse().join() === '2,2,2,2,2,1,1'
  const vectors = ['3,3,3,3,3', '4,4,3,2,2', '5,3,3,2,2', '5,5,2,2,1', '6,3,3,2,1', '5,6,2,1,1', '11,1,1,1,1']
  const numbers = vectors.map(vector => vector.split(',').map(Number))
  const inOrder = numbers.filter((one, place) => place === 0 || compareLoads(numbers[place - 1]!, one) < 0).length
  return [
    {
      name: '12 shifts for 7 people: most of one',
      value: Math.max(...loads),
      unit: '',
      target: '2,2,2,2,2,1,1',
      ok: isEven,
    },
    { name: 'vectors of load in the order of fairness', value: inOrder, unit: '', target: '7', ok: inOrder === 7 },
  ]
}

function yearOf(seed: number): Problem[] {
  const draw = drawing(seed)
  const dislikes = Array.from({ length: people }, () => Array.from({ length: targets }, () => Math.floor(draw() * 101)))
  return Array.from({ length: rounds }, (_, number) => {
    const here = dislikes.map(() => draw() < availability)
    return {
      seed: number,
      participants: dislikes.map((_, p) => ({ id: `p${p}`, minimum: 0, maximum: 1, loadCosts: [0] })),
      targets: Array.from({ length: targets }, (_, t) => ({
        id: `t${t}`,
        minimum: 1,
        maximum: 1,
        extraValue: 0,
        mixes: [],
      })),
      pairs: dislikes.flatMap((row, p) =>
        here[p] ? row.map((cost, t) => ({ participant: `p${p}`, target: `t${t}`, cost })) : [],
      ),
      ...{ pins: [], relations: [] },
    }
  })
}

/** The least Gini index: all rounds at once as one flow, load against opportunity squared (Σ load² / share). */
function hindsightGini(year: readonly Problem[]): number {
  const filled = year.map(round => ({
    eligible: round.pairs,
    assigned: round.targets.map(({ id }) => ({ participant: '', target: id })),
  }))
  const shares = standingsOf(filled)
  const all: Problem = {
    seed: 1,
    participants: year[0]!.participants.map(({ id }) => ({
      ...{ id, minimum: 0, maximum: rounds },
      loadCosts: Array.from({ length: rounds }, (_, load) =>
        Math.round((10_000 * (2 * load + 1)) / shares.get(id)!.share),
      ),
    })),
    // Each round once for each person: a place of it, whichever target, is what counts.
    targets: year.map((_, number) => ({
      id: `r${number}`,
      minimum: targets,
      maximum: targets,
      extraValue: 0,
      mixes: [],
    })),
    pairs: year.flatMap((round, number) =>
      [...new Set(round.pairs.map(({ participant }) => participant))].map(participant => ({
        participant,
        target: `r${number}`,
        cost: 0,
      })),
    ),
    ...{ pins: [], relations: [] },
  }
  const { pairs } = solveFlow(all)
  return giniOf(
    [...shares].map(([id, { share }]) => ({
      share,
      load: pairs.filter(({ participant }) => participant === id).length,
    })),
  )
}
