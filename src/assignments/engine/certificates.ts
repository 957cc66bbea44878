import type {
  Certificate,
  Cost,
  Demand,
  MinuteLimit,
  Multiplier,
  Occurrence,
  Pair,
  Problem,
  ProblemParticipant,
  ProblemTarget,
} from './problem.ts'

// What a certificate proves, from the problem alone: nothing here is shared with what made it. The sum is written at `Certificate`.

/** What a certificate amounts to, and what is wrong with it. A faulty one proves nothing. */
export interface Proof {
  /** No plan costs less than this. Undefined: it proves no bound. */
  readonly lowerBound?: Cost
  /** How many places too many are demanded. Undefined: it counts no conflict. */
  readonly excess?: number
  readonly faults: readonly string[]
}

type Prices = Extract<Certificate, { kind: 'prices' }>

/** Adds the bound up, in time linear in the problem. Exact: rounded up once, at the end, as a plan's cost is whole. */
export function addUpPrices(problem: Problem, certificate: Prices): Proof {
  const faults: string[] = []
  const participants = new Map(problem.participants.map(participant => [participant.id, participant]))
  const targets = new Map(problem.targets.map(target => [target.id, target]))
  const priceOf = (prices: Readonly<Record<string, number>>, id: string) => {
    const price = Object.hasOwn(prices, id) ? prices[id]! : 0
    if (!isPrice(price))
      faults.push(`The price of ${id} is ${price}; a price is a multiple of 2 ** -20, below 2 ** 51.`)
    return price
  }
  const sum = new ExactSum()
  const worth = new Map(problem.participants.map(({ id }) => [id, priceOf(certificate.participants, id)]))
  const value = new Map(problem.targets.map(({ id }) => [id, priceOf(certificate.targets, id)]))
  const side = new SidePrices(problem, participants, targets)
  for (const multiplier of certificate.multipliers) {
    const fault = side.add(multiplier, sum)
    if (fault) faults.push(fault)
  }
  if (faults.length > 0) return { faults }

  const pinned = new Pairs(problem.pins)
  const [isPinned, isSide] = [problem.pins.length > 0, certificate.multipliers.length > 0]
  const people = new Map(problem.participants.map(({ id }) => [id, { price: worth.get(id)!, pairs: 0 }]))
  const places = new Map(problem.targets.map(({ id }) => [id, { price: value.get(id)!, pairs: 0 }]))
  // Pairs mostly come target by target: half the looking up is left out.
  let last: string | undefined
  let place = { price: 0, pairs: 0 }
  for (const pair of problem.pairs) {
    const { participant, target, cost } = pair
    if (target !== last) [last, place] = [target, places.get(target)!]
    const person = people.get(participant)!
    person.pairs++
    place.pairs++
    const reduced = cost + person.price - place.price + (isSide ? side.of(pair) : 0)
    if (reduced < 0 || (isPinned && pinned.has(participant, target))) sum.add(reduced)
  }
  // Nobody takes more targets than he has pairs, and no target more people: that keeps the sum linear, and makes it larger.
  for (const { id, minimum, maximum, loadCosts } of problem.participants) {
    const most = Math.min(maximum, people.get(id)!.pairs)
    for (let load = 0; load < most; load++) {
      const reduced = loadCosts[load]! - worth.get(id)!
      if (load < minimum || reduced < 0) sum.add(reduced)
    }
  }
  for (const { id, minimum, maximum, shortageCost, extraValue } of problem.targets) {
    const price = value.get(id)!
    const most = Math.min(maximum, places.get(id)!.pairs)
    if (shortageCost !== undefined) sum.add(shortageCost * Math.max(0, minimum - most))
    for (let filled = 0; filled < most; filled++) {
      if (filled >= minimum) sum.add(Math.min(0, price - extraValue))
      else if (shortageCost === undefined) sum.add(price)
      else sum.add(Math.min(shortageCost, price))
    }
  }
  if (sum.inexact) return { faults: ['The prices are too large and too fine to be added up exactly.'] }
  return { lowerBound: sum.roundedUp(), faults }
}

const isPrice = (price: number) => Number.isInteger(price * 2 ** 20) && Math.abs(price) < 2 ** 51

/** What the multipliers add to the cost of each pair, and take from the sum. */
class SidePrices {
  private readonly ofParticipant = new Map<
    string,
    { minutes: { limit: MinuteLimit; price: number }[]; targets: Map<string, number> }
  >()
  private readonly relations = new Set<string>()
  private readonly participants: ReadonlyMap<string, ProblemParticipant>
  private readonly targets: ReadonlyMap<string, ProblemTarget>

  constructor(
    problem: Problem,
    participants: ReadonlyMap<string, ProblemParticipant>,
    targets: ReadonlyMap<string, ProblemTarget>,
  ) {
    this.participants = participants
    this.targets = targets
    for (const { kind, participants: two } of problem.relations) this.relations.add(JSON.stringify([kind, ...two]))
  }

  of({ participant, target, minutesEach }: Pair): number {
    const prices = this.ofParticipant.get(participant)
    if (!prices) return 0
    let sum = prices.targets.get(target) ?? 0
    for (const { limit, price } of prices.minutes)
      sum += price * minutesOf(this.targets.get(target)!, limit, minutesEach)
    return sum
  }

  /** Takes a multiplier in, or says why it is none. */
  add({ constraint, price }: Multiplier, sum: ExactSum): string | undefined {
    const what = JSON.stringify(constraint)
    if (!isPrice(price)) return `The price ${price} of ${what} is no multiple of 2 ** -20 below 2 ** 51.`
    if (price < 0 && constraint.kind !== 'together')
      return `The price ${price} of ${what} is negative; "at most" has none such.`
    switch (constraint.kind) {
      case 'minutes': {
        const limits = this.participants.get(constraint.participant)?.minuteLimits
        const limit = limits?.find(({ from }) => from === constraint.from)
        if (!limit) return `There is no limit of minutes as in ${what}.`
        sum.add(-price * limit.maximum)
        this.pricesOf(constraint.participant).minutes.push({ limit, price })
        return
      }
      case 'rest': {
        const participant = this.participants.get(constraint.participant)
        const targets = new Set(constraint.targets)
        if (!participant) return `${what} names nobody.`
        // Any two are too close when all, each a rest longer, have a point of time in common.
        const { restMinutes: rest = 0 } = participant
        const holdsAt = ({ startsAt, endsAt }: Occurrence) => startsAt <= constraint.at && constraint.at < endsAt + rest
        if (![...targets].every(id => this.targets.get(id)?.occurrences?.some(holdsAt)))
          return `Not all of ${what} hold him then.`
        sum.add(-price)
        for (const target of targets) this.charge(participant.id, target, price)
        return
      }
      case 'mix': {
        const mix = this.targets.get(constraint.target)?.mixes.find(({ name }) => name === constraint.mix)
        if (!mix) return `There is no mix as in ${what}.`
        sum.add(price * mix.minimum)
        for (const participant of new Set(mix.participants)) this.charge(participant, constraint.target, -price)
        return
      }
      case 'apart':
      case 'together': {
        const [one, other] = constraint.participants
        if (!this.relations.has(JSON.stringify([constraint.kind, one, other])))
          return `There is no relation as in ${what}.`
        if (constraint.kind === 'apart') sum.add(-price)
        this.charge(one, constraint.target, price)
        this.charge(other, constraint.target, constraint.kind === 'apart' ? price : -price)
        return
      }
    }
  }

  private charge(participant: string, target: string, price: number): void {
    const { targets } = this.pricesOf(participant)
    targets.set(target, (targets.get(target) ?? 0) + price)
  }

  private pricesOf(participant: string) {
    let prices = this.ofParticipant.get(participant)
    if (!prices) {
      prices = { minutes: [], targets: new Map() }
      this.ofParticipant.set(participant, prices)
    }
    return prices
  }
}

/** Why these demands cannot be met together, counted from the problem alone; or what is wrong with saying so. */
export function addUpConflict(problem: Problem, demands: readonly Demand[]): Proof {
  const sides: { [kind in Demand['kind']]?: 'targets' | 'participants' } = {
    targetMinimum: 'targets',
    participantMaximum: 'targets',
    participantMinimum: 'participants',
    targetMaximum: 'participants',
  }
  const kinds = new Set(demands.map(({ kind }) => sides[kind]).filter(side => side !== undefined))
  const other = demands.find(({ kind }) => !sides[kind] && kind !== 'pin')
  if (other)
    return { faults: [`Demands as ${JSON.stringify(other)} cannot be counted; their conflict can only be claimed.`] }
  if (kinds.size !== 1)
    return { faults: ['These demands are not all of one side: what is needed, and who could give it.'] }
  const [lacking] = kinds
  const targetsLack = lacking === 'targets'

  const faults: string[] = []
  const participants = new Map(problem.participants.map(participant => [participant.id, participant]))
  const targets = new Map(problem.targets.map(target => [target.id, target]))
  const pinned = new Pairs(problem.pins)
  const needed = new Set<string>()
  const room = new Map<string, number>()
  let excess = 0
  for (const demand of demands) {
    if (demand.kind === 'targetMinimum' || demand.kind === 'participantMinimum') {
      const id = demand.kind === 'targetMinimum' ? demand.target : demand.participant
      const target = targets.get(id)
      const minimum = demand.kind === 'targetMinimum' ? target?.minimum : participants.get(id)?.minimum
      if (minimum === undefined) faults.push(`There is no ${id}.`)
      else if (targetsLack && target?.shortageCost !== undefined) faults.push(`Places on ${id} may stay free.`)
      else if (!needed.has(id)) excess += minimum
      needed.add(id)
    }
    if (demand.kind === 'targetMaximum' || demand.kind === 'participantMaximum') {
      const id = demand.kind === 'targetMaximum' ? demand.target : demand.participant
      const maximum = demand.kind === 'targetMaximum' ? targets.get(id)?.maximum : participants.get(id)?.maximum
      if (maximum === undefined) faults.push(`There is no ${id}.`)
      else room.set(id, maximum)
    }
  }
  const counted = new Pairs([])
  for (const demand of demands) {
    if (demand.kind !== 'pin') continue
    const [needer, giver] = targetsLack ? [demand.target, demand.participant] : [demand.participant, demand.target]
    if (!pinned.has(demand.participant, demand.target))
      faults.push(`${demand.participant}, ${demand.target} is not pinned.`)
    if (needed.has(needer) || !room.has(giver) || counted.has(demand.participant, demand.target)) continue
    counted.put(demand.participant, demand.target)
    room.set(giver, room.get(giver)! - 1)
  }
  const asked = new Map<string, number>()
  for (const { participant, target } of problem.pairs) {
    const [needer, giver] = targetsLack ? [target, participant] : [participant, target]
    if (needed.has(needer)) asked.set(giver, (asked.get(giver) ?? 0) + 1)
  }
  for (const [giver, count] of asked) excess -= Math.min(count, room.get(giver) ?? count)
  for (const [giver, left] of room) if (left < 0 && !asked.has(giver)) excess -= left
  if (faults.length === 0 && excess <= 0) faults.push('These demands can be met together, as far as counting tells.')
  return faults.length > 0 ? { faults } : { excess, faults }
}

/** Minutes of a target that count for a limit: as long as it lasts, or as it takes somebody each time. */
export function minutesOf({ occurrences = [] }: ProblemTarget, { from, to }: MinuteLimit, each?: number): number {
  let minutes = 0
  for (const { startsAt, endsAt } of occurrences)
    if (from <= startsAt && startsAt < to) minutes += each ?? endsAt - startsAt
  return minutes
}

/** Pairs of ids, to be asked for. */
export class Pairs {
  private readonly targetsOf = new Map<string, Set<string>>()

  constructor(pairs: Iterable<{ readonly participant: string; readonly target: string }>) {
    for (const { participant, target } of pairs) this.put(participant, target)
  }

  has(participant: string, target: string): boolean {
    return this.targetsOf.get(participant)?.has(target) ?? false
  }

  put(participant: string, target: string): void {
    const targets = this.targetsOf.get(participant)
    if (targets) targets.add(target)
    else this.targetsOf.set(participant, new Set([target]))
  }
}

/** A sum of multiples of 2 ** -20 without rounding: in a double while it is small, carried into a BigInt when it is not. */
class ExactSum {
  /** A term was too large for a double to be exact. */
  inexact = false
  private small = 0
  private large = 0n

  add(term: number): void {
    if (Number.isInteger(term) ? Math.abs(term) > 2 ** 53 : Math.abs(term) > 2 ** 32) this.inexact = true
    if (Math.abs(this.small) > 2 ** 31 || Math.abs(term) > 2 ** 31) {
      this.large += BigInt(this.small * 2 ** 20) + BigInt(term * 2 ** 20)
      this.small = 0
    } else this.small += term
  }

  roundedUp(): number {
    const all = this.large + BigInt(this.small * 2 ** 20)
    return Number(-(-all >> 20n))
  }
}
