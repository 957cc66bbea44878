import { Worker } from 'node:worker_threads'
import type { Highs } from 'highs'
import { minutesOf } from './certificates.ts'
import { instanceOf } from './instances.ts'
import { type Mend, mendProblem } from './mends.ts'
import type { Demand, Problem } from './problem.ts'
import { canBeMet } from './side-conflicts.ts'
import { sideRowsOf } from './side-constraints.ts'

/** A conflict with all of its problem that bears on it. */
export interface Conflict {
  readonly problem: Problem
  readonly demands: readonly Demand[]
}

/**
 * What would make a conflict go away in which hours, rest, mixes or pairs of people play a part: of each kind the smallest that does,
 * each tried. In a thread, since HiGHS keeps the memory that it took; none where that takes longer than `seconds`.
 */
export async function findSideMends(conflict: Conflict, seconds: number): Promise<Mend[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Mend[]>()
  const worker = new Worker(new URL('./mending-worker.ts', import.meta.url), { workerData: concernedOf(conflict) })
  const clock = setTimeout(() => resolve([]), seconds * 1000)
  worker.on('message', resolve)
  worker.on('error', reject)
  worker.on('exit', () => reject(new Error('The thread that looks for mends ended without an answer')))
  try {
    return await promise
  } finally {
    clearTimeout(clock)
    await worker.terminate()
  }
}

/** In the order of the demands. Each alone, and by less it would not do. */
export function sideMendsOf(highs: Highs, { problem, demands }: Conflict): Mend[] {
  const does = (mend: Mend): boolean => {
    const mended = mendProblem(problem, mend)
    const instance = instanceOf(mended)
    const rows = sideRowsOf(mended, instance)
    return canBeMet(highs, mended, instance, rows, demandsAfter(mend, demands, rows.constraints))
  }
  return demands.flatMap(demand =>
    waysOut(problem, demand).flatMap(({ mend, most }) => {
      if (most < 1 || !does(mend(most))) return []
      let [tooLittle, enough] = [0, most]
      while (enough - tooLittle > 1) {
        const middle = (tooLittle + enough) >> 1
        if (does(mend(middle))) enough = middle
        else tooLittle = middle
      }
      return [mend(enough)]
    }),
  )
}

type Way = { readonly mend: (by: number) => Mend; readonly most: number }

/** How a demand could give way, and the most that it has to give. */
function waysOut(problem: Problem, demand: Demand): Way[] {
  const personOf = (id: string) => problem.participants.find(each => each.id === id)
  const targetOf = (id: string) => problem.targets.find(each => each.id === id)
  const pairsOf = (kind: 'participant' | 'target', id: string) => problem.pairs.filter(pair => pair[kind] === id)
  switch (demand.kind) {
    case 'targetMinimum': {
      const { target } = demand
      const most = targetOf(target)?.minimum ?? 0
      return [
        { mend: by => ({ kind: 'addParticipants', target, by }), most },
        { mend: by => ({ kind: 'lowerTargetMinimum', target, by }), most },
      ]
    }
    case 'targetMaximum': {
      const { target } = demand
      const most = pairsOf('target', target).length - (targetOf(target)?.maximum ?? 0)
      return [{ mend: by => ({ kind: 'raiseTargetMaximum', target, by }), most }]
    }
    case 'participantMinimum': {
      const { participant } = demand
      const most = personOf(participant)?.minimum ?? 0
      return [{ mend: by => ({ kind: 'lowerParticipantMinimum', participant, by }), most }]
    }
    case 'participantMaximum': {
      const { participant } = demand
      const most = pairsOf('participant', participant).length - (personOf(participant)?.maximum ?? 0)
      return [{ mend: by => ({ kind: 'raiseParticipantMaximum', participant, by }), most }]
    }
    case 'pin': {
      const { participant, target } = demand
      return [{ mend: () => ({ kind: 'unpin', participant, target, by: 1 }), most: 1 }]
    }
    case 'relation':
      return [{ mend: () => ({ kind: 'dropRelation', relation: demand.relation, by: 1 }), most: 1 }]
    case 'mix': {
      const { target, mix } = demand
      const most = targetOf(target)?.mixes.find(each => each.name === mix)?.minimum ?? 0
      return [
        { mend: by => ({ kind: 'addToMix', target, mix, by }), most },
        { mend: by => ({ kind: 'lowerMix', target, mix, by }), most },
      ]
    }
    case 'minutes': {
      const { participant, from } = demand
      const limit = personOf(participant)?.minuteLimits?.find(each => each.from === from)
      if (!limit) return []
      const all = pairsOf('participant', participant)
        .map(pair => minutesOf(targetOf(pair.target)!, limit, pair.minutesEach))
        .reduce((sum, minutes) => sum + minutes, 0)
      return [{ mend: by => ({ kind: 'raiseMinutes', participant, from, by }), most: all - limit.maximum }]
    }
    case 'rest': {
      const { participant } = demand
      return [{ mend: by => ({ kind: 'shortenRest', participant, by }), most: personOf(participant)?.restMinutes ?? 0 }]
    }
    default:
      return []
  }
}

/** What is demanded once the mend is made. With another rest others of his targets are too close: all of those are asked. */
function demandsAfter(mend: Mend, demands: readonly Demand[], constraints: readonly Demand[]): readonly Demand[] {
  switch (mend.kind) {
    case 'unpin':
      return demands.filter(
        each => each.kind !== 'pin' || each.participant !== mend.participant || each.target !== mend.target,
      )
    case 'dropRelation':
      return demands.filter(
        each => each.kind !== 'relation' || JSON.stringify(each.relation) !== JSON.stringify(mend.relation),
      )
    case 'shortenRest': {
      const isHis = (each: Demand) => each.kind === 'rest' && each.participant === mend.participant
      return [...demands.filter(each => !isHis(each)), ...constraints.filter(isHis)]
    }
    default:
      return demands
  }
}

/** The problem without the pairs that no demand is about, and who or what has no other. */
function concernedOf({ problem, demands }: Conflict): Conflict {
  const people = new Set<string>()
  const places = new Set<string>()
  for (const demand of demands) {
    if ('participant' in demand) people.add(demand.participant)
    if ('target' in demand) places.add(demand.target)
    if (demand.kind === 'relation') for (const each of demand.relation.participants) people.add(each)
  }
  const pairs = problem.pairs.filter(each => people.has(each.participant) || places.has(each.target))
  for (const { participant, target } of pairs) {
    people.add(participant)
    places.add(target)
  }
  const known = new Set(pairs.map(({ participant, target }) => JSON.stringify([participant, target])))
  return {
    demands,
    problem: {
      ...problem,
      pairs,
      participants: problem.participants.filter(({ id }) => people.has(id)),
      targets: problem.targets.flatMap(target =>
        places.has(target.id)
          ? [
              {
                ...target,
                mixes: target.mixes.map(mix => ({
                  ...mix,
                  participants: mix.participants.filter(id => people.has(id)),
                })),
              },
            ]
          : [],
      ),
      pins: problem.pins.filter(({ participant, target }) => known.has(JSON.stringify([participant, target]))),
      relations: problem.relations.filter(each => each.participants.every(id => people.has(id))),
    },
  }
}
