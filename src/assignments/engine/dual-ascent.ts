import type { Instance } from './instances.ts'
import { bestFilling, boundOf, onGrid, type Prices } from './multipliers.ts'
import { Patterns } from './patterns.ts'
import { ShiftChoices } from './shift-choices.ts'
import { activityOf, type SideRows } from './side-constraints.ts'

interface AscentOptions {
  readonly steps: number
  /** What the bound may come to, as the cost of a plan. */
  readonly aim?: number
  /** Whole shifts for each participant: a higher bound, of which only a part can be proved by prices. */
  readonly whole?: boolean
  /** Told of the bound from time to time; true ends the ascent. */
  readonly report?: (bound: number, step: number) => boolean
}

interface Ascent {
  /** What the prices prove. */
  readonly bound: number
  /** What the ascent came to: higher with whole shifts. */
  readonly claimed: number
  readonly prices: Prices
  /** How far each pair is chosen, on the average of the last steps: close to the linear programme's answer. */
  readonly shares: Float64Array
  /** What each pair costs at the prices beside load, hours and rest. */
  readonly costs: Float64Array
}

/**
 * Prices of targets, and of rows that couple people (mixes, relations), that prove as much as can be proved by prices: the volume
 * algorithm (Barahona and Anbil, 2000), a subgradient method whose averaged choices come close to the linear programme's.
 * It begins at `start`, the prices of the flow without side constraints, whose optimum is the first bound.
 */
export function ascend(
  instance: Instance,
  rows: SideRows,
  start: Float64Array,
  { steps, aim, whole, report }: AscentOptions,
): Ascent {
  const choices = new ShiftChoices(instance, rows)
  const patterns = new Patterns(instance, rows, choices)
  const [n, m] = [instance.participants.length, instance.targets.length]
  const coupling = rows.constraints.flatMap(({ kind }, row) => (kind === 'minutes' || kind === 'rest' ? [] : [row]))
  const center = { targets: start.slice(), rows: new Float64Array(coupling.length) }
  const [costs, chosen, shares] = [...Array(3)].map(() => new Float64Array(instance.pairCost.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const fillings = new Float64Array(m)
  const averageFillings = new Float64Array(m)

  const valueAt = (point: typeof center): number => {
    costsAt(instance, rows, coupling, point, costs)
    chosen.fill(0)
    let value = 0
    const take = (pair: number, share: number) => {
      chosen[pair]! += share
    }
    for (let p = 0; p < n; p++) {
      const pattern = whole ? patterns.best(p, costs) : undefined
      if (pattern) for (const pair of pattern.pairs) chosen[pair] = 1
      value += pattern ? pattern.value : choices.choose(p, costs, take)
    }
    for (let t = 0; t < m; t++) {
      const { filling, value: cost } = bestFilling(instance, t, point.targets[t]!)
      fillings[t] = filling
      value += cost
    }
    for (const [at, row] of coupling.entries()) value -= point.rows[at]! * rows.rowBound[row]!
    return value
  }

  let best = valueAt(center)
  shares.set(chosen)
  averageFillings.set(fillings)
  let [pace, poor, last] = [1, 0, best]
  const spread = Math.max(1, Math.abs(best) * 0.01)
  let goal = aim ?? best + spread
  for (let step = 0; step < steps; step++) {
    const slack = slackOf(instance, rows, coupling, shares, averageFillings)
    const size = slack.targets.reduce((sum, g) => sum + g * g, 0) + slack.rows.reduce((sum, g) => sum + g * g, 0)
    if (size < 1e-9) break
    if (aim === undefined && goal - best < 0.2 * spread) goal = best + spread * Math.max(0.1, pace)
    const length = (pace * (goal - best)) / size
    const point = {
      targets: center.targets.map((price, t) => price + length * slack.targets[t]!),
      rows: center.rows.map((price, at) =>
        rows.rowEqual[coupling[at]!] ? price + length * slack.rows[at]! : Math.max(0, price + length * slack.rows[at]!),
      ),
    }
    const value = valueAt(point)
    const alpha = step < 20 ? 0.3 : 0.1
    for (let pair = 0; pair < shares.length; pair++) shares[pair]! += alpha * (chosen[pair]! - shares[pair]!)
    for (let t = 0; t < m; t++) averageFillings[t]! += alpha * (fillings[t]! - averageFillings[t]!)
    if (value > best) {
      best = value
      center.targets.set(point.targets)
      center.rows.set(point.rows)
      poor = 0
      pace = Math.min(2, pace * 1.1)
    } else if (++poor >= 8) {
      pace = Math.max(0.005, pace * 0.66)
      poor = 0
    }
    if (step % 10 === 9) {
      if (report?.(best, step)) break
      if (pace < 0.02 && best - last < 1e-5 * Math.abs(best)) break
      last = best
    }
  }
  costsAt(instance, rows, coupling, center, costs)
  return { costs, ...provedAt(instance, rows, coupling, center, choices), claimed: best, shares }
}

/** Prices on their grid, with those of load, hours and rest that fit them. */
function provedAt(
  instance: Instance,
  rows: SideRows,
  coupling: readonly number[],
  center: { targets: Float64Array; rows: Float64Array },
  choices: ShiftChoices,
): { bound: number; prices: Prices } {
  const targets = center.targets.map(onGrid)
  const ofRows = new Float64Array(rows.rowBound.length)
  for (const [at, row] of coupling.entries()) ofRows[row] = onGrid(center.rows[at]!)
  const costs = new Float64Array(instance.pairCost.length)
  costsAt(instance, rows, coupling, { targets, rows: Float64Array.from(coupling, row => ofRows[row]!) }, costs)
  const participants = new Float64Array(instance.participants.length)
  for (let p = 0; p < participants.length; p++) {
    choices.choose(p, costs, () => {})
    participants[p] = onGrid(choices.loadPrices[p]!)
    for (const row of choices.own[p]!.minuteRows) {
      ofRows[row] = Math.max(0, onGrid(choices.rowPrices[row]!))
      choices.rowPrices[row] = ofRows[row]!
    }
    choices.settleRest(p, costs, participants[p]!)
  }
  for (const [row, { kind }] of rows.constraints.entries())
    if (kind === 'rest') ofRows[row] = Math.max(0, onGrid(choices.rowPrices[row]!))
  const prices = { participants, targets, rows: ofRows }
  return { prices, bound: boundOf(instance, rows, prices) }
}

function costsAt(
  instance: Instance,
  rows: SideRows,
  coupling: readonly number[],
  point: { targets: Float64Array; rows: Float64Array },
  costs: Float64Array,
): void {
  const { pairCost, pairTarget } = instance
  for (let pair = 0; pair < costs.length; pair++) costs[pair] = pairCost[pair]! - point.targets[pairTarget[pair]!]!
  for (const [at, row] of coupling.entries())
    for (let place = rows.rowStart[row]!; place < rows.rowStart[row + 1]!; place++)
      costs[rows.rowPair[place]!]! += point.rows[at]! * rows.rowCoefficient[place]!
}

/** By how much what is chosen breaks what couples people: the direction in which the bound rises. */
function slackOf(
  instance: Instance,
  rows: SideRows,
  coupling: readonly number[],
  shares: Float64Array,
  fillings: Float64Array,
): { targets: Float64Array; rows: Float64Array } {
  const targets = fillings.slice()
  for (let pair = 0; pair < shares.length; pair++) targets[instance.pairTarget[pair]!]! -= shares[pair]!
  return {
    targets,
    rows: Float64Array.from(coupling, row => activityOf(rows, row, shares) - rows.rowBound[row]!),
  }
}
