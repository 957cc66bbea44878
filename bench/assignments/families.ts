import { checkPlan } from '../../src/assignments/engine/checks.ts'
import type { Problem } from '../../src/assignments/engine/problem.ts'
import { solveRound } from '../../src/assignments/engine/solving.ts'
import type { BenchResult } from '../context.ts'
import { drawing } from './generation.ts'

/** Most seconds of each round. */
const seconds = 60

/** Families of rounds as others publish them for their solvers, drawn by their generators: certified, and how far from proved. */
export async function benchFamilies(log: (line: string) => void, each: number): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const { name, rounds, most } of families(each)) {
    const [gaps, times] = [[] as number[], [] as number[]]
    let certified = 0
    for (const round of rounds) {
      const began = performance.now()
      const plan = await solveRound(round, { seconds })
      times.push((performance.now() - began) / 1000)
      if (checkPlan(round, plan).holds && plan.cost !== null) certified++
      gaps.push(plan.cost === null ? 100 : (100 * (plan.cost - plan.lowerBound!)) / Math.max(1, plan.cost))
    }
    const [worst, slowest] = [Math.max(...gaps), Math.max(...times)]
    log(
      `${name}: ${certified} of ${rounds.length} certified, gap at most ${worst.toFixed(2)} %, ${slowest.toFixed(1)} s`,
    )
    results.push(
      {
        ...{ name: `${name}: plans that the checker confirms, of ${rounds.length}`, value: certified, unit: '' },
        ...{ target: String(rounds.length), ok: certified === rounds.length },
      },
      { name: `${name}: gap, worst`, value: worst, unit: '%', target: `≤ ${most}`, ok: worst <= most },
      {
        name: `${name}: time, slowest`,
        value: slowest,
        unit: 's',
        target: `≤ ${seconds + 1}`,
        ok: slowest <= seconds + 1,
      },
    )
  }
  return results
}

function families(each: number): { name: string; rounds: Problem[]; most: number }[] {
  const seeds = Array.from({ length: each }, (_, place) => place + 1)
  return [
    ...(['A', 'B', 'C', 'D', 'E'] as const).map(type => ({
      name: `generalised assignment type ${type}, 20 agents and 100 jobs`,
      rounds: seeds.map(seed => generalisedAssignment(type, 20, 100, seed)),
      most: 1,
    })),
    {
      name: 'nurse scheduling, 50 nurses and 7 days of 4 shifts',
      rounds: seeds.map(seed => nurseScheduling(50, seed)),
      most: 3,
    },
    {
      name: 'paper matching, 400 reviewers with 6 and 700 papers with 3',
      rounds: seeds.map(seed => paperMatching(400, 700, seed)),
      most: 0,
    },
  ]
}

/**
 * Types A to D of Chu and Beasley (A genetic algorithm for the generalised assignment problem, 1997), E of Yagiura, Ibaraki and Glover
 * (2004): what a job takes differs from agent to agent, and each has so much to give. Jobs lie one after the other, so that
 * nothing but that is in the way.
 */
export function generalisedAssignment(
  type: 'A' | 'B' | 'C' | 'D' | 'E',
  agents: number,
  jobs: number,
  seed: number,
): Problem {
  const draw = drawing(seed * 31 + type.charCodeAt(0))
  const whole = (from: number, to: number) => from + Math.floor(draw() * (to - from + 1))
  const sizeOf = () =>
    type === 'E' ? Math.round(1 - 10 * Math.log(1 - draw())) : type === 'D' ? whole(1, 100) : whole(5, 25)
  const costOf = (size: number) => {
    if (type === 'D') return 111 - size + whole(-10, 10)
    if (type === 'E') return Math.round(1000 / size - 10 * draw())
    return whole(10, 50)
  }
  const places = Array.from({ length: jobs }, (_, job) => job)
  const sizes = Array.from({ length: agents }, () => places.map(sizeOf))
  const costs = sizes.map(row => row.map(costOf))
  // What each would have if every job went where it costs least.
  const cheapest = Array<number>(agents).fill(0)
  for (const job of places) {
    const agent = costs.reduce((best, row, p) => (row[job]! < costs[best]![job]! ? p : best), 0)
    cheapest[agent]! += sizes[agent]![job]!
  }
  const roomy = 0.6 * (jobs / agents) * 15 + 0.4 * Math.max(...cheapest)
  const capacityOf = (p: number) =>
    type === 'A' ? roomy : type === 'B' ? 0.7 * roomy : (0.8 * sizes[p]!.reduce((sum, size) => sum + size, 0)) / agents
  return {
    seed,
    participants: sizes.map((_, p) => ({
      ...{ id: `a${p}`, minimum: 0, maximum: jobs, loadCosts: Array<number>(jobs).fill(0) },
      minuteLimits: [{ from: 0, to: jobs, maximum: Math.floor(capacityOf(p)) }],
    })),
    targets: places.map(job => ({
      ...{ id: `j${job}`, minimum: 1, maximum: 1, extraValue: 0, mixes: [] },
      occurrences: [{ startsAt: job, endsAt: job + 1 }],
    })),
    pairs: sizes.flatMap((row, p) =>
      row.map((minutesEach, job) => ({
        ...{ participant: `a${p}`, target: `j${job}` },
        ...{ cost: costs[p]![job]!, minutesEach },
      })),
    ),
    ...{ pins: [], relations: [] },
  }
}

/**
 * As NSPLib draws them (Vanhoucke and Maenhout, 2007): a week, four shifts a day (early, day, late, night), what is needed of
 * each is spread over half of the nurses' days, and each nurse gives each shift of each day one of four preferences. At most five
 * shifts and 40 hours, eleven hours of rest.
 */
export function nurseScheduling(nurses: number, seed: number): Problem {
  const draw = drawing(seed * 101)
  const hour = 60
  const shifts = Array.from({ length: 28 }, (_, place) => {
    const startsAt = 24 * hour * Math.floor(place / 4) + [6, 9, 14, 22][place % 4]! * hour
    return { id: `s${place.toString().padStart(2, '0')}`, occurrences: [{ startsAt, endsAt: startsAt + 8 * hour }] }
  })
  const needed = shifts.map(() => 0)
  for (let place = 0; place < (nurses * 7) / 2; place++) needed[Math.floor(draw() * 28)]!++
  const ids = Array.from({ length: nurses }, (_, p) => `n${p.toString().padStart(3, '0')}`)
  return {
    seed,
    participants: ids.map(id => ({
      ...{ id, minimum: 0, maximum: 5, loadCosts: [0, 0, 0, 0, 0], restMinutes: 11 * hour },
      minuteLimits: [{ from: 0, to: 8 * 24 * hour, maximum: 40 * hour }],
    })),
    targets: shifts.map((shift, t) => ({
      ...shift,
      ...{ minimum: needed[t]!, maximum: needed[t]!, shortageCost: 100, extraValue: 0, mixes: [] },
    })),
    pairs: ids.flatMap(participant =>
      shifts.map(({ id }) => ({ participant, target: id, cost: 1 + Math.floor(draw() * 4) })),
    ),
    ...{ pins: [], relations: [] },
  }
}

/**
 * Three reviews a paper, at most six a reviewer, as conferences ask for: affinities by topics that both have (Charlin and Zemel, The
 * Toronto paper matching system, 2013), one pair in a hundred a conflict of interest.
 */
export function paperMatching(reviewers: number, papers: number, seed: number): Problem {
  const draw = drawing(seed * 211)
  const topicsOf = () => Array.from({ length: 20 }, () => (draw() < 0.15 ? draw() : 0))
  const [people, works] = [Array.from({ length: reviewers }, topicsOf), Array.from({ length: papers }, topicsOf)]
  return {
    seed,
    participants: people.map((_, p) => ({
      ...{ id: `r${p.toString().padStart(4, '0')}`, minimum: 0, maximum: 6, loadCosts: [0, 0, 0, 0, 0, 0] },
    })),
    targets: works.map((_, t) => ({
      ...{ id: `p${t.toString().padStart(4, '0')}`, minimum: 3, maximum: 3, extraValue: 0, mixes: [] },
    })),
    pairs: people.flatMap((skills, p) =>
      works.flatMap((topics, t) => {
        if (draw() < 0.01) return []
        const affinity = topics.reduce((sum, topic, at) => sum + topic * skills[at]!, 0)
        return [
          {
            participant: `r${p.toString().padStart(4, '0')}`,
            target: `p${t.toString().padStart(4, '0')}`,
            cost: Math.round(1000 / (1 + 4 * affinity)),
          },
        ]
      }),
    ),
    ...{ pins: [], relations: [] },
  }
}
