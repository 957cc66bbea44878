import type { Instance } from './instances.ts'
import { bestLoad } from './multipliers.ts'
import type { SideRows } from './side-constraints.ts'

/** One participant's rows: his hours, and his sets of targets that are too close, in order of time. */
interface OwnRows {
  minutesRow: number
  readonly cliques: number[]
}

/** Told which pair is chosen, and to which share (0 to 1). */
export type Take = (pair: number, share: number) => void

/**
 * What a participant would do if targets had these prices: the cheapest of his pairs that load, hours and rest allow, as a linear
 * programme. Prices of targets are then all that couples people; within one of them it is a shortest path over time (rest)
 * under a price per target taken (load) and a price per minute (hours), each found by bisection.
 */
export class ShiftChoices {
  /** Of the last choices: what one target more is worth to each participant, and each row of his. */
  readonly loadPrices: Float64Array
  readonly rowPrices: Float64Array
  private readonly instance: Instance
  private readonly rows: SideRows
  readonly own: readonly OwnRows[]
  /** Of each pair: minutes, first and last of its participant's sets (-1: in none), and whether a pin is too close to it. */
  readonly minutes: Float64Array
  readonly first: Int32Array
  readonly last: Int32Array
  private readonly blocked: Uint8Array
  /** Pairs that may be worth something now: their place, and what they cost. The rest is room to work in. */
  private readonly candidates: number[] = []
  private readonly costs: number[] = []
  private readonly weights: number[] = []
  private readonly taken: boolean[] = []
  private readonly nextWithFirst: number[] = []
  private readonly withFirst: number[] = []
  private readonly best: number[] = []
  private readonly choice: number[] = []
  private count = 0
  private cost = 0
  private picked = 0
  private worked = 0

  constructor(instance: Instance, rows: SideRows) {
    const pairs = instance.pairTarget.length
    this.instance = instance
    this.rows = rows
    this.loadPrices = new Float64Array(instance.participants.length)
    this.rowPrices = new Float64Array(rows.rowBound.length)
    this.minutes = new Float64Array(pairs)
    this.first = new Int32Array(pairs).fill(-1)
    this.last = new Int32Array(pairs).fill(-1)
    this.blocked = new Uint8Array(pairs)
    this.own = this.readRows()
  }

  /** What the choice costs at most, `costs` being those of pairs beside load, hours and rest. */
  choose(p: number, costs: Float64Array, take: Take): number {
    this.gather(p, costs)
    const { minutesRow } = this.own[p]!
    if (minutesRow < 0) {
      const value = this.priceLoad(p, 0)
      this.tell(1, take)
      return value
    }
    const limit = this.rows.rowBound[minutesRow]!
    let value = this.priceLoad(p, 0)
    if (this.worked <= limit) {
      this.rowPrices[minutesRow] = 0
      this.tell(1, take)
      return value
    }
    let [low, high] = [0, Math.max(1e-3, 1.5 * this.rowPrices[minutesRow]!)]
    let [workedLow, workedHigh] = [this.worked, this.workedAt(p, high)]
    while (workedHigh > limit && high < 1e9) {
      ;[low, workedLow] = [high, workedHigh]
      high *= 4
      workedHigh = this.workedAt(p, high)
    }
    for (let round = 0; round < 12; round++) {
      const middle = (low + high) / 2
      const worked = this.workedAt(p, middle)
      if (worked > limit) [low, workedLow] = [middle, worked]
      else [high, workedHigh] = [middle, worked]
    }
    // Between the last price at which he works too long and the first at which he does not lies the choice that fills his hours.
    const share = workedHigh <= limit ? (limit - workedHigh) / (workedLow - workedHigh) : 0
    if (share > 0) {
      this.priceLoad(p, low)
      this.tell(share, take)
    }
    value = this.priceLoad(p, high)
    this.tell(1 - share, take)
    this.rowPrices[minutesRow] = high
    return value - high * limit
  }

  /** Prices of the sets of close targets of `p`, best for these prices of load and minutes: all of his pairs, not candidates alone. */
  settleRest(p: number, costs: Float64Array, loadPrice: number, minutePrice: number): void {
    const { cliques } = this.own[p]!
    if (cliques.length === 0) return
    const { pairStart, pinned } = this.instance
    this.count = 0
    for (let pair = pairStart[p]!; pair < pairStart[p + 1]!; pair++) {
      this.candidates[this.count] = pair
      this.costs[this.count++] = costs[pair]!
    }
    this.pick(p, loadPrice, minutePrice)
    for (const [place, row] of cliques.entries())
      this.rowPrices[row] = Math.max(0, this.best[place + 1]! - this.best[place]!)
    // A set with a pin is full. What its price takes from who is pinned it gives back as its bound, so it may be any.
    const dearest = -Math.min(0, ...this.weights.slice(0, this.count))
    for (let pair = pairStart[p]!; pair < pairStart[p + 1]!; pair++)
      if (pinned[pair] && this.first[pair]! >= 0)
        for (let place = this.first[pair]!; place <= this.last[pair]!; place++)
          this.rowPrices[cliques[place]!] = Math.max(this.rowPrices[cliques[place]!]!, dearest)
  }

  /** At prices of load and minutes that are not negative a pair costs no less than now, but for a load that is a must. */
  private gather(p: number, costs: Float64Array): void {
    const { pairStart, participantMinimum, participantMaximum, loadCosts, loadStart, pinned } = this.instance
    const below =
      participantMinimum[p]! > 0
        ? Number.POSITIVE_INFINITY
        : participantMaximum[p]! > 0
          ? -loadCosts[loadStart[p]!]!
          : Number.NEGATIVE_INFINITY
    this.count = 0
    for (let pair = pairStart[p]!; pair < pairStart[p + 1]!; pair++)
      if (costs[pair]! < below || pinned[pair]) {
        this.candidates[this.count] = pair
        this.costs[this.count++] = costs[pair]!
      }
  }

  private workedAt(p: number, minutePrice: number): number {
    this.priceLoad(p, minutePrice)
    return this.worked
  }

  /** Finds the price of load at which he takes as many targets as are worth it at that price; answers what all of it costs. */
  private priceLoad(p: number, minutePrice: number): number {
    const { instance } = this
    const [from, to] = [instance.loadStart[p]!, instance.loadStart[p + 1]!]
    if (to === from) return 0
    const must = instance.participantMinimum[p]! > 0
    let low = must ? Math.min(this.loadPrices[p]!, instance.loadCosts[from]!) : instance.loadCosts[from]!
    this.pick(p, low, minutePrice)
    for (let step = 1; must && this.picked < bestLoad(instance, p, low).load && step < 1e12; step *= 4) {
      low -= step
      this.pick(p, low, minutePrice)
    }
    let price = low
    if (this.picked > bestLoad(instance, p, low).load) {
      let high = Math.max(this.loadPrices[p]!, low + 1)
      this.pick(p, high, minutePrice)
      for (let step = 1; this.picked > bestLoad(instance, p, high).load && step < 1e12; step *= 4) {
        low = high
        high += step
        this.pick(p, high, minutePrice)
      }
      while (this.picked !== bestLoad(instance, p, high).load && high - low > 1e-3) {
        const middle = (low + high) / 2
        // Prices of 10 ** 13, as of a round without a plan, are further apart than that.
        if (middle <= low || middle >= high) break
        this.pick(p, middle, minutePrice)
        if (this.picked > bestLoad(instance, p, middle).load) low = middle
        else high = middle
        if (high === middle && this.picked === bestLoad(instance, p, middle).load) break
      }
      price = high
      this.pick(p, price, minutePrice)
    }
    this.loadPrices[p] = price
    return this.cost + bestLoad(instance, p, price).value
  }

  private tell(share: number, take: Take): void {
    if (share > 0) for (let at = 0; at < this.count; at++) if (this.taken[at]) take(this.candidates[at]!, share)
  }

  /** The cheapest set of candidates without two that are too close, when each costs `loadPrice` and its minutes more. */
  private pick(p: number, loadPrice: number, minutePrice: number): void {
    const { candidates, weights, taken, first, last, minutes, blocked, best, choice, withFirst, nextWithFirst } = this
    const { pinned } = this.instance
    const cliques = this.own[p]!.cliques.length
    this.cost = this.picked = this.worked = 0
    for (let place = 0; place < cliques; place++) withFirst[place] = -1
    for (let at = 0; at < this.count; at++) {
      const pair = candidates[at]!
      const weight = this.costs[at]! + loadPrice + minutePrice * minutes[pair]!
      weights[at] = weight
      taken[at] = pinned[pair] === 1 || (weight < 0 && first[pair]! < 0)
      if (taken[at]) this.add(at)
      else if (weight < 0 && !blocked[pair]) {
        nextWithFirst[at] = withFirst[first[pair]!]!
        withFirst[first[pair]!] = at
      }
    }
    best[cliques] = 0
    for (let place = cliques - 1; place >= 0; place--) {
      best[place] = best[place + 1]!
      choice[place] = -1
      for (let at = withFirst[place]!; at >= 0; at = nextWithFirst[at]!) {
        const cost = weights[at]! + best[last[candidates[at]!]! + 1]!
        if (cost < best[place]!) {
          best[place] = cost
          choice[place] = at
        }
      }
    }
    for (let place = 0; place < cliques; ) {
      const at = choice[place]!
      if (at >= 0) {
        taken[at] = true
        this.add(at)
      }
      place = at < 0 ? place + 1 : last[candidates[at]!]! + 1
    }
  }

  private add(at: number): void {
    this.cost += this.weights[at]!
    this.picked++
    this.worked += this.minutes[this.candidates[at]!]!
  }

  private readRows(): OwnRows[] {
    const { instance, rows, first, last } = this
    const own: OwnRows[] = instance.participants.map(() => ({ minutesRow: -1, cliques: [] }))
    for (const [row, { kind }] of rows.constraints.entries()) {
      if (kind !== 'minutes' && kind !== 'rest') continue
      const pairs = rows.rowPair.subarray(rows.rowStart[row]!, rows.rowStart[row + 1]!)
      const mine = own[instance.pairParticipant[pairs[0]!]!]!
      if (kind === 'minutes') {
        mine.minutesRow = row
        for (const [at, pair] of pairs.entries()) this.minutes[pair] = rows.rowCoefficient[rows.rowStart[row]! + at]!
        continue
      }
      const place = mine.cliques.push(row) - 1
      const full = pairs.some(pair => instance.pinned[pair])
      for (const pair of pairs) {
        if (first[pair]! < 0) first[pair] = place
        last[pair] = place
        if (full) this.blocked[pair] = 1
      }
    }
    return own
  }
}
