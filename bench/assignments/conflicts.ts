import { addUpConflict } from '../../src/assignments/engine/certificates.ts'
import { findConflict } from '../../src/assignments/engine/conflicts.ts'
import { Flow } from '../../src/assignments/engine/flow.ts'
import { instanceOf } from '../../src/assignments/engine/instances.ts'
import type { Demand, Problem } from '../../src/assignments/engine/problem.ts'
import type { BenchResult } from '../context.ts'
import { drawing, generateProblem, sizes } from './generation.ts'

/** 100 rounds of 500×100 in which a few targets and people cannot be brought together; everybody else can. */
export async function benchFlowConflicts(log: (line: string) => void): Promise<BenchResult[]> {
  const times: number[] = []
  const sizesOfCores: number[] = []
  let [inside, irreducible] = [0, 0]
  for (let plant = 0; plant < 110; plant++) {
    const { problem, planted } = plantConflict(plant)
    const instance = instanceOf(problem)
    const began = performance.now()
    const conflict = findConflict(instance)
    const time = performance.now() - began
    // The first ten are for V8 to compile.
    if (plant < 10) continue
    times.push(time)
    if (!conflict) continue
    sizesOfCores.push(conflict.demands.length)
    if (conflict.demands.every(demand => planted.has(aboutWhom(demand)))) inside++
    const conflicts = addUpConflict(problem, conflict.demands).faults.length === 0
    if (
      conflicts &&
      conflict.demands.every(left =>
        canBeMet(
          problem,
          conflict.demands.filter(one => one !== left),
        ),
      )
    )
      irreducible++
  }
  log(`cores of ${Math.min(...sizesOfCores)} to ${Math.max(...sizesOfCores)} demands`)
  const slowest = Math.max(...times)
  return [
    {
      name: '100 planted conflicts: core inside the plant',
      value: inside,
      unit: '',
      target: '100',
      ok: inside === 100,
    },
    {
      name: '100 planted conflicts: core irreducible',
      value: irreducible,
      unit: '',
      target: '100',
      ok: irreducible === 100,
    },
    { name: '100 planted conflicts: slowest', value: slowest, unit: 'ms', target: '≤ 50', ok: slowest <= 50 },
  ]
}

/** The ids a demand is about, all of which were planted or not. */
function aboutWhom(demand: Demand): string {
  if (demand.kind === 'targetMinimum' || demand.kind === 'targetMaximum') return demand.target
  if (demand.kind === 'participantMinimum' || demand.kind === 'participantMaximum' || demand.kind === 'pin')
    return demand.participant
  throw new Error(`${demand.kind} is no demand of a flow`)
}

/** In turn: too few who are able; able people at their limit; some of them pinned elsewhere; people who ask for more than there is. */
function plantConflict(plant: number): { problem: Problem; planted: Set<string> } {
  const round = generateProblem(sizes['500×100'], plant)
  const draw = drawing(plant)
  const kind = plant % 4
  const some = <T extends { readonly id: string }>(list: readonly T[], count: number) => {
    const ids = new Set<string>()
    while (ids.size < count) ids.add(list[Math.floor(draw() * list.length)]!.id)
    return ids
  }
  if (kind === 3) {
    // Each of some people wants two of three targets, which have a place less for them than that.
    const [people, tasks] = [some(round.participants, 4 + Math.floor(draw() * 5)), some(round.targets, 3)]
    const maximum = Math.ceil((2 * people.size - 1) / 3) - 1
    return {
      planted: new Set([...people, ...tasks]),
      problem: {
        ...round,
        participants: round.participants.map(one => (people.has(one.id) ? { ...one, minimum: 2 } : one)),
        targets: round.targets.map(one => (tasks.has(one.id) ? { ...one, minimum: 0, maximum } : one)),
        pairs: [
          ...round.pairs.filter(({ participant }) => !people.has(participant)),
          ...[...people].flatMap(participant => [...tasks].map(target => ({ participant, target, cost: 1 }))),
        ],
      },
    }
  }
  const tasks = some(round.targets, 1 + Math.floor(draw() * 4))
  const people = some(round.participants, 4 + Math.floor(draw() * 20))
  const limit = kind === 0 ? 4 : 1 + Math.floor(draw() * 2)
  const pins =
    kind !== 2 ? [] : [...people].slice(0, 2).map(participant => ({ participant, target: elsewhere(participant) }))
  const room = people.size * Math.min(limit, tasks.size)
  const minimum = Math.floor(room / tasks.size) + 1
  return {
    planted: new Set([...tasks, ...people]),
    problem: {
      ...round,
      participants: round.participants.map(one => (people.has(one.id) ? { ...one, maximum: limit } : one)),
      targets: round.targets.map(one => (tasks.has(one.id) ? { ...one, minimum, maximum: minimum } : one)),
      pairs: [
        ...round.pairs
          .filter(({ participant, target }) => !tasks.has(target) || !people.has(participant))
          .filter(({ target }) => !tasks.has(target)),
        ...[...people].flatMap(participant => [...tasks].map(target => ({ participant, target, cost: 1 }))),
      ],
      pins,
    },
  }

  function elsewhere(person: string): string {
    return round.pairs.find(({ participant, target }) => participant === person && !tasks.has(target))!.target
  }
}

/** By the simplex, which had no part in finding the conflict: all that is not demanded is let go. */
function canBeMet(problem: Problem, demands: readonly Demand[]): boolean {
  const has = (kind: Demand['kind'], id: string) =>
    demands.some(demand => demand.kind === kind && aboutWhom(demand) === id)
  const pairsOf = new Map<string, number>()
  for (const { participant, target } of problem.pairs)
    for (const id of [participant, target]) pairsOf.set(id, (pairsOf.get(id) ?? 0) + 1)
  const loads = Array<number>(500).fill(0)
  return new Flow(
    instanceOf({
      ...problem,
      participants: problem.participants.map(one => ({
        ...one,
        minimum: has('participantMinimum', one.id) ? one.minimum : 0,
        maximum: has('participantMaximum', one.id) ? one.maximum : Math.max(one.minimum, pairsOf.get(one.id) ?? 0),
        loadCosts: loads,
      })),
      targets: problem.targets.map(one => ({
        ...one,
        minimum: has('targetMinimum', one.id) ? one.minimum : 0,
        maximum: has('targetMaximum', one.id) ? one.maximum : Math.max(one.minimum, pairsOf.get(one.id) ?? 0),
      })),
      pins: problem.pins.filter(pin =>
        demands.some(
          demand => demand.kind === 'pin' && demand.participant === pin.participant && demand.target === pin.target,
        ),
      ),
    }),
  ).solve().feasible
}
