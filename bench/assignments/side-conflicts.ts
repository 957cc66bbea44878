import type { Highs } from 'highs'
import { openHighs } from '../../src/assignments/engine/mixed-integer.ts'
import type { Demand, PinnedPair, Problem, ProblemTarget } from '../../src/assignments/engine/problem.ts'
import { solveWithSides } from '../../src/assignments/engine/side-plans.ts'
import { solveRound } from '../../src/assignments/engine/solving.ts'
import type { BenchResult } from '../context.ts'
import { drawing, generateProblem, sizes } from './generation.ts'
import { withSides } from './side-rounds.ts'

/** Rounds of 500×100 with hours, overlaps and first-aiders, in which a few demands cannot be met together, and not because of counting. */
export async function benchSideConflicts(log: (line: string) => void, plants: number): Promise<BenchResult[]> {
  const highs = await openHighs()
  const times: number[] = []
  let [inside, irreducible] = [0, 0]
  for (let plant = 0; plant < plants; plant++) {
    const { problem, planted } = plantConflict(plant)
    const began = performance.now()
    const { certificate } = await solveRound(problem)
    times.push((performance.now() - began) / 1000)
    if (certificate.kind !== 'conflict') continue
    const { demands } = certificate
    // Which of his other shifts overlap too is of no matter for a demand about his rest.
    const about = (demand: Demand) => (demand.kind === 'rest' ? [demand.participant] : idsOf(demand))
    if (demands.every(demand => about(demand).every(id => planted.has(id)))) inside++
    const alone = (some: readonly Demand[]) => canBeMet(highs, problem, some)
    if (!alone(demands) && demands.every(left => alone(demands.filter(one => one !== left)))) irreducible++
    if (plant % 10 === 9)
      log(`${plant + 1} conflicts with side constraints, the slowest in ${Math.max(...times).toFixed(1)} s`)
  }
  const slowest = Math.max(...times)
  const counted = (what: string, value: number): BenchResult => ({
    ...{ name: `${plants} planted conflicts of hours, overlaps, mixes and pairs: ${what}`, value, unit: '' },
    ...{ target: String(plants), ok: value === plants },
  })
  return [
    counted('core inside the plant', inside),
    counted('core irreducible', irreducible),
    {
      ...{ name: 'the same: slowest, with finding that there is no plan', value: slowest, unit: 's' },
      ...{ target: '≤ 10', ok: slowest <= 10 },
    },
  ]
}

/** In turn: too few hours for two shifts; two shifts at one time; one first-aider for two doors at one time; two who must not meet. */
function plantConflict(plant: number): { problem: Problem; planted: Set<string> } {
  const round = withSides(generateProblem(sizes['500×100'], plant + 1), plant + 1)
  const draw = drawing(plant + 7)
  const kind = plant % 4
  const some = <T extends { readonly id: string }>(list: readonly T[], count: number) => {
    const ids = new Set<string>()
    while (ids.size < count) ids.add(list[Math.floor(draw() * list.length)]!.id)
    return [...ids]
  }
  const tasks = some(round.targets, kind === 3 ? 1 : 2)
  const people = some(round.participants, 4 + Math.floor(draw() * 12))
  const hour = 60
  const starts = kind === 0 ? [6 * hour, 30 * hour] : [30 * hour, 32 * hour]
  const minimum = kind === 3 ? people.length : kind === 2 ? 1 : Math.floor(people.length / 2) + 1
  const shiftOf = (target: ProblemTarget, place: number): ProblemTarget => ({
    ...{ ...target, minimum, maximum: minimum },
    occurrences: [{ startsAt: starts[place]!, endsAt: starts[place]! + 8 * hour }],
    mixes: kind === 2 ? [{ name: 'first-aid', minimum: 1, participants: people.slice(0, 1) }] : [],
  })
  const problem: Problem = {
    ...round,
    participants: round.participants.map(one =>
      kind === 0 && people.includes(one.id)
        ? { ...one, minuteLimits: [{ from: 0, to: 7 * 24 * hour, maximum: 8 * hour }] }
        : one,
    ),
    // One first-aider each: some rounds have not enough for more, which would be a conflict that nobody planted.
    targets: round.targets.map(one =>
      tasks.includes(one.id)
        ? shiftOf(one, tasks.indexOf(one.id))
        : { ...one, mixes: one.mixes.map(mix => ({ ...mix, minimum: 1 })) },
    ),
    pairs: [
      ...round.pairs.filter(({ target }) => !tasks.includes(target)),
      ...people.flatMap(participant => tasks.map(target => ({ participant, target, cost: 1 }))),
    ],
    relations: kind === 3 ? [{ kind: 'apart', participants: [people[0]!, people[1]!] }] : [],
  }
  return { problem, planted: new Set([...tasks, ...people]) }
}

/** Everybody and everything that a demand is about. */
function idsOf(demand: Demand): readonly string[] {
  if (demand.kind === 'relation') return demand.relation.participants
  if (demand.kind === 'apart' || demand.kind === 'together') return [...demand.participants, demand.target]
  if (demand.kind === 'rest') return [demand.participant, ...demand.targets]
  return [...('participant' in demand ? [demand.participant] : []), ...('target' in demand ? [demand.target] : [])]
}

/** The round of these demands alone: whatever is not among them is let go. */
function canBeMet(highs: Highs, problem: Problem, demands: readonly Demand[]): boolean {
  const about = (kind: Demand['kind'], id: string) =>
    demands.filter(demand => demand.kind === kind && idsOf(demand).includes(id))
  const asked = new Set(demands.flatMap(demand => ('target' in demand ? [demand.target] : [])))
  for (const demand of demands) if (demand.kind === 'rest') for (const id of demand.targets) asked.add(id)
  const targets = problem.targets.filter(({ id }) => asked.has(id))
  const pairs = problem.pairs.filter(({ target }) => asked.has(target))
  const people = new Set(pairs.map(({ participant }) => participant))
  const isPinned = ({ participant, target }: PinnedPair) =>
    demands.some(demand => demand.kind === 'pin' && demand.participant === participant && demand.target === target)
  const loose: Problem = {
    ...problem,
    participants: problem.participants
      .filter(({ id }) => people.has(id))
      .map(({ id, minimum, maximum, minuteLimits = [], restMinutes = 0 }) => {
        const most = about('participantMaximum', id).length > 0 ? maximum : targets.length
        const hours = about('minutes', id).flatMap(demand => ('from' in demand ? [demand.from] : []))
        return {
          ...{ id, minimum: about('participantMinimum', id).length > 0 ? minimum : 0, maximum: most },
          loadCosts: Array<number>(most).fill(0),
          minuteLimits: minuteLimits.filter(({ from }) => hours.includes(from)),
          restMinutes,
        }
      }),
    targets: targets.map(target => ({
      ...target,
      minimum: about('targetMinimum', target.id).length > 0 ? target.minimum : 0,
      maximum: about('targetMaximum', target.id).length > 0 ? target.maximum : people.size + target.minimum,
      mixes: target.mixes.filter(({ name }) =>
        demands.some(demand => demand.kind === 'mix' && demand.target === target.id && demand.mix === name),
      ),
    })),
    pairs,
    pins: problem.pins.filter(isPinned),
    relations: problem.relations.filter(
      ({ kind, participants }) =>
        participants.every(id => people.has(id)) &&
        demands.some(
          demand =>
            demand.kind === 'relation' &&
            demand.relation.kind === kind &&
            demand.relation.participants.every(id => participants.includes(id)),
        ),
    ),
  }
  return solveWithSides(highs, withRestsOnly(loose, demands)).status !== 'infeasible'
}

/** Overlaps count only for those of whom the demands say something: the others are two people, as it were, on two such targets. */
function withRestsOnly(problem: Problem, demands: readonly Demand[]): Problem {
  const whole = ['rest', 'minutes', 'participantMinimum', 'participantMaximum']
  const resting = new Set(
    demands.flatMap(demand => ('participant' in demand && whole.includes(demand.kind) ? [demand.participant] : [])),
  )
  const isTimed = problem.targets.some(({ occurrences = [] }) => occurrences.length > 0)
  if (!isTimed || problem.participants.every(({ id }) => resting.has(id))) return problem
  const twins = problem.participants.filter(({ id }) => !resting.has(id))
  const twinOf = (id: string, target: string) => (twins.some(one => one.id === id) ? `${id} ${target}` : id)
  return {
    ...problem,
    participants: [
      ...problem.participants.filter(({ id }) => resting.has(id)),
      ...twins.flatMap(one =>
        problem.targets.map(({ id }) => ({ ...one, id: `${one.id} ${id}`, minimum: 0, maximum: 1, loadCosts: [0] })),
      ),
    ],
    targets: problem.targets.map(target => ({
      ...target,
      mixes: target.mixes.map(mix => ({ ...mix, participants: mix.participants.map(id => twinOf(id, target.id)) })),
    })),
    pairs: problem.pairs.map(pair => ({ ...pair, participant: twinOf(pair.participant, pair.target) })),
    relations: problem.relations.flatMap(({ kind, participants: [one, other] }) =>
      problem.targets.map(({ id }) => ({ kind, participants: [twinOf(one, id), twinOf(other, id)] as const })),
    ),
  }
}
