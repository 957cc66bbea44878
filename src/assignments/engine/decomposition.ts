import type { Highs } from 'highs'
import { drawing } from './draws.ts'
import { ascend } from './dual-ascent.ts'
import { findFirstPlan } from './first-plans.ts'
import type { Instance } from './instances.ts'
import { type Search, search } from './mixed-integer.ts'
import { boundOf, costOf, countsOf, keepsRules, type Prices } from './multipliers.ts'
import { type PatternModel, patternModelOf, planOfColumns, startOf } from './pattern-model.ts'
import { type Pattern, Patterns } from './patterns.ts'
import { ShiftChoices } from './shift-choices.ts'
import { isHopeless, type SideRows, violationsOf } from './side-constraints.ts'

interface Decomposed {
  /** Undefined: no plan was found, or there is none. */
  readonly chosen: Uint8Array | undefined
  readonly cost: number
  /** No plan costs less; -Infinity when nothing is known, Infinity when there is no plan. */
  readonly bound: number
  /** What of it can be added up. */
  readonly proved: { readonly bound: number; readonly prices: Prices }
}

interface Effort {
  /** Told of each better plan and bound; true ends the search. */
  readonly report?: (chosen: Uint8Array | undefined, cost: number, bound: number) => boolean
}

/**
 * A round with side constraints. Prices of targets and of rows that couple people are raised (`ascend`) until what each person
 * would do by himself, hours and rest kept, nearly makes a plan: what that costs is a lower bound. Plans (but a first one, which
 * flows make before) are then made of what people would do at those prices at little more cost (patterns): first one after the
 * other, then in groups by HiGHS, the rest staying as it is. Where the gap leaves few patterns, HiGHS chooses among all that an
 * optimal plan can have: that proves it.
 */
export function decompose(
  highs: Highs,
  instance: Instance,
  rows: SideRows,
  start: Float64Array,
  { report }: Effort,
): Decomposed {
  const people = instance.participants.length
  const size = instance.pairTarget.length
  let [chosen, cost]: [Uint8Array | undefined, number] = [undefined, Number.POSITIVE_INFINITY]
  let bound = Number.NEGATIVE_INFINITY
  let stopped = false
  const tell = () => {
    stopped ||= report?.(chosen, cost, Math.min(cost, Math.ceil(bound - 1e-6))) ?? false
    return stopped
  }
  if (isHopeless(rows)) {
    const nothing = {
      participants: new Float64Array(people),
      targets: start,
      rows: new Float64Array(rows.rowBound.length),
    }
    return { chosen, cost, bound: cost, proved: { bound: boundOf(instance, rows, nothing), prices: nothing } }
  }
  const consider = (candidate: Uint8Array): boolean => {
    if (!keepsRules(instance, rows, candidate)) return false
    const price = costOf(instance, candidate)
    if (price >= cost) return false
    ;[chosen, cost] = [candidate, price]
    tell()
    return true
  }
  // The ascent takes most of the time: who stops it has this.
  const first = findFirstPlan(instance, rows)
  if (first) consider(first)
  const ascent = ascend(instance, rows, start, {
    ...{ steps: size > 100_000 ? 300 : 800, whole: true },
    report: known => {
      bound = known
      return tell()
    },
  })
  bound = ascent.claimed
  const work = new Work(highs, instance, rows, ascent.costs)
  let plan = work.oneAfterTheOther()
  consider(plan)
  // Small enough to choose for all at once: what lies close to the bound holds a plan that is nearly the best, if there is one.
  if (people <= 1000)
    for (const gap of [3, 9]) {
      if (stopped || cost < bound + 1) break
      const patterns = work.patternsWithin(gap, 15_000)
      const found = patterns && work.chooseAmong(patterns, plan, { nodes: 200, gap: 0.001 })
      if (found?.chosen && consider(found.chosen)) {
        plan = found.chosen
        break
      }
    }
  if (chosen) plan = chosen
  const groupSize = Math.min(people, 200)
  const rounds = Math.ceil((2 * people) / groupSize)
  for (let round = 0; round < rounds && !stopped && cost > bound * 1.002 + 1; round++) {
    plan = work.improve(plan, work.group(plan, groupSize), round)
    consider(plan)
  }
  if (chosen && !stopped && cost >= bound + 1) {
    const patterns = work.patternsWithin(cost - 1 - bound, 60_000)
    if (patterns) {
      const found = work.chooseAmong(patterns, chosen, { nodes: 5000 })
      if (found.chosen) consider(found.chosen)
      bound = Math.max(bound, Math.min(cost, found.bound))
    }
  }
  tell()
  // What prices prove is highest where people may take parts of shifts: another ascent.
  const proved = ascend(instance, rows, start, { steps: size > 100_000 ? 50 : 150, report: () => stopped })
  return { chosen, cost, bound: Math.min(cost, Math.ceil(bound - 1e-6)), proved }
}

class Work {
  private readonly highs: Highs
  private readonly instance: Instance
  private readonly rows: SideRows
  /** Of each pair, at the prices: what everything below is chosen by. */
  private readonly costs: Float64Array
  private readonly patterns: Patterns
  private readonly best: (Pattern | undefined)[]
  private readonly near: (readonly Pattern[] | undefined)[] = []
  private readonly draw: () => number

  constructor(highs: Highs, instance: Instance, rows: SideRows, costs: Float64Array) {
    this.highs = highs
    this.instance = instance
    this.rows = rows
    this.costs = costs
    this.patterns = new Patterns(instance, rows, new ShiftChoices(instance, rows))
    this.best = instance.participants.map((_, p) => this.patterns.best(p, costs))
    this.draw = drawing(instance.seed)
  }

  /** Each takes the best of what those before him left. May leave places free that must not be. */
  oneAfterTheOther(): Uint8Array {
    const { instance, costs } = this
    const chosen = instance.pinned.slice()
    const { fillings } = countsOf(instance, chosen)
    const left = costs.slice()
    for (const p of this.shuffled(instance.participants.length)) {
      const [from, to] = [instance.pairStart[p]!, instance.pairStart[p + 1]!]
      for (let pair = from; pair < to; pair++) {
        const t = instance.pairTarget[pair]!
        if (chosen[pair]) fillings[t]!--
        if (fillings[t]! >= instance.targetMaximum[t]!) left[pair] = Number.MAX_SAFE_INTEGER
      }
      const pattern = this.patterns.best(p, left)
      chosen.fill(0, from, to)
      for (const pair of pattern?.pairs ?? []) {
        chosen[pair] = 1
        fillings[instance.pairTarget[pair]!]!++
      }
    }
    return chosen
  }

  /**
   * People who are to be planned anew together: those on some targets, and those for whom these would be nearly the best. Targets
   * that lack people, or the right ones, come first.
   */
  group(plan: Uint8Array, size: number): number[] {
    const { instance, rows, costs } = this
    if (this.ofTarget.length === 0) this.indexTargets()
    const { fillings } = countsOf(instance, plan)
    const wanted = new Map<number, number[]>()
    for (const [t, pairs] of this.ofTarget.entries())
      if (instance.shortageCost[t] === Number.POSITIVE_INFINITY && fillings[t]! < instance.targetMinimum[t]!)
        wanted.set(t, pairs)
    for (const { row } of violationsOf(rows, plan)) {
      const pairs = [...rows.rowPair.subarray(rows.rowStart[row]!, rows.rowStart[row + 1]!)]
      wanted.set(
        instance.pairTarget[pairs[0]!]!,
        pairs.toSorted((one, other) => costs[one]! - costs[other]! || one - other),
      )
    }
    const others = this.shuffled(instance.targets.length).filter(t => !wanted.has(t))
    const group = new Set<number>()
    for (const t of [...wanted.keys(), ...others]) {
      if (group.size >= size) break
      for (const pair of this.ofTarget[t]!) if (plan[pair]) group.add(instance.pairParticipant[pair]!)
      let more = wanted.has(t) ? 40 : 8
      for (const pair of wanted.get(t) ?? this.ofTarget[t]!) {
        if (more === 0 || group.size >= size) break
        if (plan[pair]) continue
        group.add(instance.pairParticipant[pair]!)
        more--
      }
    }
    return [...group].toSorted((one, other) => one - other)
  }

  private readonly ofTarget: number[][] = []

  private indexTargets(): void {
    const { instance, costs } = this
    for (const _ of instance.targets) this.ofTarget.push([])
    for (let pair = 0; pair < costs.length; pair++) this.ofTarget[instance.pairTarget[pair]!]!.push(pair)
    for (const pairs of this.ofTarget) pairs.sort((one, other) => costs[one]! - costs[other]! || one - other)
  }

  /** The group planned anew, everybody else as he is. */
  improve(plan: Uint8Array, group: readonly number[], seed: number): Uint8Array {
    const { instance, rows } = this
    const patterns = group.flatMap(p => this.nearPatterns(p, plan))
    const model = patternModelOf(instance, rows, patterns, plan, true)
    const found = search(this.highs, model, {
      ...{ nodes: 1, gap: 0.0005, seed, start: startOf(instance, model, plan) },
    })
    return found.columns.length === 0 ? plan : planOfColumns(instance, model, plan, found.columns)
  }

  /** The cheapest patterns of somebody, and the one he has. */
  private nearPatterns(p: number, plan: Uint8Array): Pattern[] {
    const { instance } = this
    const own: number[] = []
    for (let pair = instance.pairStart[p]!; pair < instance.pairStart[p + 1]!; pair++) if (plan[pair]) own.push(pair)
    this.near[p] ??= this.cheapest(p, 12)
    const has = this.near[p]!.some(({ pairs }) => pairs.length === own.length && pairs.every(pair => plan[pair]))
    return has ? [...this.near[p]!] : [...this.near[p]!, { participant: p, pairs: own, value: 0 }]
  }

  private cheapest(p: number, count: number): readonly Pattern[] {
    const best = this.best[p]
    if (!best) return []
    let gap = 40
    for (let round = 0; round < 12; round++) {
      const found = this.patterns.within(p, this.costs, best.value, gap, 4000)
      if (found && (found.length >= count || round > 8)) return found.slice(0, count)
      gap *= found ? 2 : 0.6
    }
    return [best]
  }

  /** All patterns that a plan can have which costs at most `gap` more than the bound; undefined when they are too many. */
  patternsWithin(gap: number, most: number): Pattern[] | undefined {
    const all: Pattern[] = []
    for (const [p, best] of this.best.entries()) {
      if (!best) return undefined
      const found = this.patterns.within(p, this.costs, best.value, gap + 1e-6, most - all.length)
      if (!found) return undefined
      for (const pattern of found) all.push(pattern)
    }
    return all
  }

  chooseAmong(
    patterns: Pattern[],
    plan: Uint8Array,
    limits: Search,
  ): { chosen: Uint8Array | undefined; cost: number; bound: number } {
    const model: PatternModel = patternModelOf(this.instance, this.rows, patterns, plan, false)
    const found = search(this.highs, model, { ...limits, start: startOf(this.instance, model, plan) })
    return {
      cost: found.cost,
      chosen: found.columns.length > 0 ? planOfColumns(this.instance, model, plan, found.columns) : undefined,
      bound: found.bound,
    }
  }

  private shuffled(count: number): number[] {
    const places = Array.from({ length: count }, (_, place) => place)
    for (let place = count - 1; place > 0; place--) {
      const other = Math.floor(this.draw() * (place + 1))
      ;[places[place], places[other]] = [places[other]!, places[place]!]
    }
    return places
  }
}
