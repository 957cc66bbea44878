import { findId, findPair, type Instance, ProblemError } from './instances.ts'
import type { MinuteLimit, Occurrence, Problem, Relation, SideConstraint } from './problem.ts'

/**
 * What a flow cannot hold, as rows over the pairs of an instance: Σ coefficient · chosen ≤ bound, or = bound. In canonical order,
 * like the instance. Row `r` has the places `rowStart[r]` to before `rowStart[r + 1]` of `rowPair` and `rowCoefficient`.
 */
export interface SideRows {
  readonly rowStart: Int32Array
  readonly rowPair: Int32Array
  readonly rowCoefficient: Float64Array
  readonly rowBound: Float64Array
  readonly rowEqual: Uint8Array
  /** What each row is about, in the words of the problem. */
  readonly constraints: readonly SideConstraint[]
  /** Rows of each pair: from `pairRowStart[pair]`, of `pairRow`, with the place in `rowPair` in `pairRowPlace`. */
  readonly pairRowStart: Int32Array
  readonly pairRow: Int32Array
  readonly pairRowPlace: Int32Array
}

/** The rows that can be violated at all: the others say nothing. None: a flow answers the problem. */
export function sideRowsOf(problem: Problem, instance: Instance): SideRows {
  const rows = new RowList()
  const targets = problem.targets.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const times = targets.map(timesOf)
  const people = new Map(problem.participants.map(participant => [participant.id, participant]))
  const minutesEach = minutesEachOf(problem, instance)
  for (const [p, id] of instance.participants.entries()) {
    const { minuteLimits = [], restMinutes = 0 } = people.get(id)!
    const timed: Timed[] = []
    for (let pair = instance.pairStart[p]!; pair < instance.pairStart[p + 1]!; pair++)
      for (const time of times[instance.pairTarget[pair]!]!)
        timed.push({ pair, ...time, minutes: minutesEach.get(pair) ?? time.endsAt - time.startsAt })
    for (const limit of minuteLimits.toSorted((one, other) => one.from - other.from)) {
      const minutes = minutesIn(limit, timed)
      if (mostOf([...minutes.values()], instance.participantMaximum[p]!) > limit.maximum)
        rows.add(
          { kind: 'minutes', participant: id, from: limit.from },
          [...minutes.keys()],
          [...minutes.values()],
          limit.maximum,
        )
    }
    const targetOf = (pair: number) => instance.targets[instance.pairTarget[pair]!]!
    for (const { at, pairs } of cliquesOf(timed, restMinutes)) {
      const twice = pairs.find((pair, place) => pair === pairs[place - 1])
      if (twice !== undefined)
        throw new ProblemError(
          `${targetOf(twice)} leaves ${id} too little rest between two of its times; he cannot do it.`,
        )
      if (instance.participantMaximum[p]! > 1)
        rows.add(
          { kind: 'rest', participant: id, at, targets: pairs.map(targetOf) },
          pairs,
          pairs.map(() => 1),
          1,
        )
    }
  }
  for (const { id, mixes } of targets)
    for (const { name, minimum, participants } of mixes.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      const t = findId(instance.targets, id)
      const pairs = placesOf(instance, participants, `The mix ${name} of target ${id}`)
        .map(p => findPair(instance, p, t))
        .filter(pair => pair >= 0)
      if (minimum > 0)
        rows.add(
          { kind: 'mix', target: id, mix: name },
          pairs,
          pairs.map(() => -1),
          -minimum,
        )
    }
  for (const { kind, participants } of relationsOf(problem, instance)) {
    const [one, other] = [
      findId(instance.participants, participants[0]),
      findId(instance.participants, participants[1]),
    ]
    for (const [t, target] of instance.targets.entries()) {
      const [first, second] = [findPair(instance, one, t), findPair(instance, other, t)]
      const [pairs, both] = [[first, second].filter(pair => pair >= 0), first >= 0 && second >= 0]
      if (kind === 'apart' && both) rows.add({ kind, participants, target }, pairs, [1, 1], 1)
      if (kind === 'together' && pairs.length > 0)
        rows.add({ kind, participants, target }, pairs, both ? [1, -1] : [first >= 0 ? 1 : -1], 0, true)
    }
  }
  return rows.packed(instance.pairTarget.length)
}

/** Rows that a plan violates, and by how much. */
export function violationsOf(rows: SideRows, chosen: ArrayLike<number>): { row: number; excess: number }[] {
  const violations: { row: number; excess: number }[] = []
  for (let row = 0; row < rows.rowBound.length; row++) {
    const over = activityOf(rows, row, chosen) - rows.rowBound[row]!
    if (over > 1e-9 || (rows.rowEqual[row] && over < -1e-9)) violations.push({ row, excess: over })
  }
  return violations
}

/** A row of no pairs that demands some: nobody can do what it is about. */
export function isHopeless(rows: SideRows): boolean {
  return rows.rowBound.some((bound, row) => bound < 0 && rows.rowStart[row] === rows.rowStart[row + 1])
}

export function activityOf(rows: SideRows, row: number, chosen: ArrayLike<number>): number {
  let sum = 0
  for (let place = rows.rowStart[row]!; place < rows.rowStart[row + 1]!; place++)
    sum += rows.rowCoefficient[place]! * chosen[rows.rowPair[place]!]!
  return sum
}

/** One time at which somebody would be on the target of a pair. */
interface Timed extends Occurrence {
  readonly pair: number
  /** What it takes of his limits. */
  readonly minutes: number
}

/** In order of time. */
function timesOf({ id, occurrences = [] }: Problem['targets'][number]): Occurrence[] {
  for (const { startsAt, endsAt } of occurrences)
    if (!Number.isInteger(startsAt) || !Number.isInteger(endsAt) || endsAt <= startsAt)
      throw new ProblemError(
        `Target ${id} is from ${startsAt} to ${endsAt}; times are whole minutes, the end after the start.`,
      )
  return occurrences.toSorted((one, other) => one.startsAt - other.startsAt || one.endsAt - other.endsAt)
}

/** Of each pair what counts for the limit, where it counts at all. */
function minutesIn({ from, to }: MinuteLimit, timed: readonly Timed[]): Map<number, number> {
  const minutes = new Map<number, number>()
  for (const { pair, startsAt, minutes: each } of timed)
    if (from <= startsAt && startsAt < to) minutes.set(pair, (minutes.get(pair) ?? 0) + each)
  return minutes
}

/** By pair, where it is not as long as the target. */
function minutesEachOf({ pairs }: Problem, instance: Instance): Map<number, number> {
  const minutes = new Map<number, number>()
  for (const { participant, target, minutesEach: each } of pairs) {
    if (each === undefined) continue
    if (!Number.isInteger(each) || each < 0 || each > largestMinutes)
      throw new ProblemError(
        `${target} takes ${participant} ${each} minutes; they are a whole number from 0 to ${largestMinutes}.`,
      )
    minutes.set(findPair(instance, findId(instance.participants, participant), findId(instance.targets, target)), each)
  }
  return minutes
}

/** Sums of so many over a round stay exact in a double. */
const largestMinutes = 1_000_000_000

/**
 * Sets of his targets of which any two are too close, each as large as can be, with a moment that all of them share: targets as
 * intervals that end a rest later, and the intervals over one point of time. Every two that are too close are together in one of
 * them (intervals have Helly's property). What is so again on other days is told once.
 */
function cliquesOf(timed: readonly Timed[], rest: number): { at: number; pairs: number[] }[] {
  const inOrder = timed.toSorted((one, other) => one.startsAt - other.startsAt || one.pair - other.pair)
  const cliques = new Map<string, { at: number; pairs: number[] }>()
  let open: Timed[] = []
  let at = 0
  let grown = false
  const close = () => {
    if (!grown || open.length < 2) return
    const pairs = open.map(({ pair }) => pair).toSorted((one, other) => one - other)
    if (!cliques.has(pairs.join())) cliques.set(pairs.join(), { at, pairs })
    grown = false
  }
  for (const time of inOrder) {
    const still = open.filter(other => other.endsAt + rest > time.startsAt)
    // Only before somebody leaves is the set as large as it gets.
    if (still.length < open.length) close()
    open = [...still, time]
    at = time.startsAt
    grown = true
  }
  close()
  return [...cliques.values()]
}

/** The most that so many of the numbers add up to. */
const mostOf = (numbers: readonly number[], count: number) =>
  numbers
    .toSorted((one, other) => other - one)
    .slice(0, count)
    .reduce((sum, number) => sum + number, 0)

function placesOf(instance: Instance, ids: readonly string[], where: string): number[] {
  return [...new Set(ids)]
    .map(id => {
      const place = findId(instance.participants, id)
      if (place < 0) throw new ProblemError(`${where} names the participant ${id}, which the problem does not have.`)
      return place
    })
    .toSorted((one, other) => one - other)
}

/** Each once, in canonical order; the two as the problem names them, which is how a proof speaks of them. */
function relationsOf(problem: Problem, instance: Instance): Relation[] {
  const relations = new Map<
    string,
    { kind: Relation['kind']; participants: Relation['participants']; places: number[] }
  >()
  for (const { kind, participants } of problem.relations) {
    const places = placesOf(instance, participants, 'A relation')
    if (places.length !== 2) throw new ProblemError(`The relation of ${participants.join(' and ')} is not between two.`)
    const known = relations.get(`${kind} ${places}`)
    if (!known || participants[0] < known.participants[0])
      relations.set(`${kind} ${places}`, { kind, participants, places })
  }
  return [...relations.values()].toSorted(
    (one, other) =>
      one.kind.localeCompare(other.kind, 'en') ||
      one.places[0]! - other.places[0]! ||
      one.places[1]! - other.places[1]!,
  )
}

class RowList {
  readonly #starts = [0]
  readonly #pairs: number[] = []
  readonly #coefficients: number[] = []
  readonly #bounds: number[] = []
  readonly #equal: number[] = []
  readonly #constraints: SideConstraint[] = []

  add(
    constraint: SideConstraint,
    pairs: readonly number[],
    coefficients: readonly number[],
    bound: number,
    equal = false,
  ): void {
    for (const pair of pairs) this.#pairs.push(pair)
    for (const coefficient of coefficients) this.#coefficients.push(coefficient)
    this.#starts.push(this.#pairs.length)
    this.#bounds.push(bound)
    this.#equal.push(equal ? 1 : 0)
    this.#constraints.push(constraint)
  }

  packed(pairs: number): SideRows {
    const [rowPair, pairRowStart] = [Int32Array.from(this.#pairs), new Int32Array(pairs + 1)]
    for (const pair of rowPair) pairRowStart[pair + 1]!++
    for (let pair = 0; pair < pairs; pair++) pairRowStart[pair + 1]! += pairRowStart[pair]!
    const next = pairRowStart.slice()
    const [pairRow, pairRowPlace] = [new Int32Array(rowPair.length), new Int32Array(rowPair.length)]
    for (let row = 0; row < this.#bounds.length; row++)
      for (let place = this.#starts[row]!; place < this.#starts[row + 1]!; place++) {
        const at = next[rowPair[place]!]!++
        pairRow[at] = row
        pairRowPlace[at] = place
      }
    return {
      ...{ rowStart: Int32Array.from(this.#starts), rowPair, rowCoefficient: Float64Array.from(this.#coefficients) },
      ...{ rowBound: Float64Array.from(this.#bounds), rowEqual: Uint8Array.from(this.#equal) },
      ...{ constraints: this.#constraints, pairRowStart, pairRow, pairRowPlace },
    }
  }
}
