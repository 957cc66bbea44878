import type { Instance } from './instances.ts'
import { bestLoad } from './multipliers.ts'
import type { SideRows } from './side-constraints.ts'

/** One participant's rows: his hours, and his sets of targets that are too close, in order of time. */
interface OwnRows {
  readonly minuteRows: number[]
  readonly cliques: number[]
}

/** Told which pair is chosen, and to which share (0 to 1). */
export type Take = (pair: number, share: number) => void

/**
 * What a participant would do if targets had these prices: the cheapest of his pairs that load, hours and rest allow, as a linear
 * programme. Prices of targets are then all that couples people; within one of them it is a shortest path over time (rest)
 * under a price per target taken (load) and a price per minute of each week (hours), each found by bisection. Of a target that is
 * on several days the path sees the first of its sets that follow each other: what it finds may be too cheap, never too dear.
 */
export class ShiftChoices {
  /** Of the last choices: what one target more is worth to each participant, and each row of his. */
  readonly loadPrices: Float64Array
  readonly rowPrices: Float64Array
  private readonly instance: Instance
  private readonly rows: SideRows
  readonly own: readonly OwnRows[]
  /** Rows of hours that each pair counts for: from `minuteStart[pair]`, of `minuteRow`, with its minutes there. */
  readonly minuteStart: Int32Array
  readonly minuteRow: Int32Array
  readonly minutes: Float64Array
  /** Of each pair: first and last of its participant's sets (-1: in none), and whether a pin is too close to it. */
  readonly first: Int32Array
  readonly last: Int32Array
  private readonly blocked: Uint8Array
  /** All sets of the pairs that are in more than those from `first` to `last`. */
  private readonly scattered = new Map<number, readonly number[]>()
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

  constructor(instance: Instance, rows: SideRows) {
    const pairs = instance.pairTarget.length
    this.instance = instance
    this.rows = rows
    this.loadPrices = new Float64Array(instance.participants.length)
    this.rowPrices = new Float64Array(rows.rowBound.length)
    const hours = minutesByPair(rows, pairs)
    this.minuteStart = hours.start
    this.minuteRow = hours.row
    this.minutes = hours.minutes
    this.first = new Int32Array(pairs).fill(-1)
    this.last = new Int32Array(pairs).fill(-1)
    this.blocked = new Uint8Array(pairs)
    this.own = this.readRows()
  }

  /** What the choice costs at most, `costs` being those of pairs beside load, hours and rest. */
  choose(p: number, costs: Float64Array, take: Take): number {
    this.gather(p, costs)
    const { minuteRows } = this.own[p]!
    const { rowBound } = this.rows
    const guesses = minuteRows.map(row => this.rowPrices[row]!)
    for (const row of minuteRows) this.rowPrices[row] = 0
    const free = this.priceLoad(p)
    if (minuteRows.every(row => this.workedIn(row) <= rowBound[row]!)) {
      this.tell(1, take)
      return free
    }
    let share = 0
    // The weeks touch each other by his load alone: a second turn finds what the first one missed.
    for (let turn = 0; turn < (minuteRows.length > 1 ? 2 : 1); turn++)
      for (const [at, row] of minuteRows.entries()) {
        const { low, high, fills } = this.priceMinutes(p, row, turn === 0 ? guesses[at]! : this.rowPrices[row]!)
        // Between the last price at which he works too long and the first at which he does not lies the choice that fills his hours.
        if (minuteRows.length === 1 && fills > 0) {
          share = fills
          this.rowPrices[row] = low
          this.priceLoad(p)
          this.tell(share, take)
        }
        this.rowPrices[row] = high
      }
    let value = this.priceLoad(p)
    this.tell(1 - share, take)
    for (const row of minuteRows) value -= this.rowPrices[row]! * rowBound[row]!
    return value
  }

  /** Whether two pairs of one participant are too close to each other. */
  areClose(one: number, other: number): boolean {
    const { first, last, scattered } = this
    if (first[one]! < 0 || first[other]! < 0) return false
    if (first[one]! <= last[other]! && first[other]! <= last[one]!) return true
    if (!scattered.has(one) && !scattered.has(other)) return false
    const places = this.placesOf(one)
    return this.placesOf(other).some(place => places.includes(place))
  }

  /** Prices of the sets of close targets of `p`, best for this price of load and those of minutes: all of his pairs, not candidates alone. */
  settleRest(p: number, costs: Float64Array, loadPrice: number): void {
    const { cliques } = this.own[p]!
    if (cliques.length === 0) return
    const { pairStart, pinned } = this.instance
    this.count = 0
    for (let pair = pairStart[p]!; pair < pairStart[p + 1]!; pair++) {
      this.candidates[this.count] = pair
      this.costs[this.count++] = costs[pair]!
    }
    this.pick(p, loadPrice)
    for (const [place, row] of cliques.entries())
      this.rowPrices[row] = Math.max(0, this.best[place + 1]! - this.best[place]!)
    // A set with a pin is full. What its price takes from who is pinned it gives back as its bound, so it may be any.
    const dearest = -Math.min(0, ...this.weights.slice(0, this.count))
    for (let pair = pairStart[p]!; pair < pairStart[p + 1]!; pair++)
      if (pinned[pair] && this.first[pair]! >= 0)
        for (const place of this.placesOf(pair))
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

  /** The prices between which he comes to work no more than a row of hours allows, and how much of the dearer choice's room the cheaper fills. */
  private priceMinutes(p: number, row: number, guess: number): { low: number; high: number; fills: number } {
    const limit = this.rows.rowBound[row]!
    const workedAt = (price: number) => {
      this.rowPrices[row] = price
      this.priceLoad(p)
      return this.workedIn(row)
    }
    let [low, workedLow] = [0, workedAt(0)]
    if (workedLow <= limit) return { low, high: 0, fills: 0 }
    let high = Math.max(1e-3, 1.5 * guess)
    let workedHigh = workedAt(high)
    while (workedHigh > limit && high < 1e9) {
      ;[low, workedLow] = [high, workedHigh]
      high *= 4
      workedHigh = workedAt(high)
    }
    for (let round = 0; round < 12; round++) {
      const middle = (low + high) / 2
      const worked = workedAt(middle)
      if (worked > limit) [low, workedLow] = [middle, worked]
      else [high, workedHigh] = [middle, worked]
    }
    return { low, high, fills: workedHigh <= limit ? (limit - workedHigh) / (workedLow - workedHigh) : 0 }
  }

  /** Minutes of what was picked last that count for a row of hours. */
  private workedIn(row: number): number {
    let worked = 0
    for (let at = 0; at < this.count; at++) if (this.taken[at]) worked += this.minutesFor(this.candidates[at]!, row)
    return worked
  }

  private minutesFor(pair: number, row: number): number {
    const { minuteStart, minuteRow, minutes } = this
    for (let at = minuteStart[pair]!; at < minuteStart[pair + 1]!; at++) if (minuteRow[at] === row) return minutes[at]!
    return 0
  }

  private placesOf(pair: number): readonly number[] {
    const [first, last] = [this.first[pair]!, this.last[pair]!]
    return this.scattered.get(pair) ?? Array.from({ length: last - first + 1 }, (_, at) => first + at)
  }

  /** Finds the price of load at which he takes as many targets as are worth it at that price; answers what all of it costs. */
  private priceLoad(p: number): number {
    const { instance } = this
    const [from, to] = [instance.loadStart[p]!, instance.loadStart[p + 1]!]
    if (to === from) return 0
    const must = instance.participantMinimum[p]! > 0
    let low = must ? Math.min(this.loadPrices[p]!, instance.loadCosts[from]!) : instance.loadCosts[from]!
    this.pick(p, low)
    for (let step = 1; must && this.picked < bestLoad(instance, p, low).load && step < 1e12; step *= 4) {
      low -= step
      this.pick(p, low)
    }
    let price = low
    if (this.picked > bestLoad(instance, p, low).load) {
      let high = Math.max(this.loadPrices[p]!, low + 1)
      this.pick(p, high)
      for (let step = 1; this.picked > bestLoad(instance, p, high).load && step < 1e12; step *= 4) {
        low = high
        high += step
        this.pick(p, high)
      }
      while (this.picked !== bestLoad(instance, p, high).load && high - low > 1e-3) {
        const middle = (low + high) / 2
        // Prices of 10 ** 13, as of a round without a plan, are further apart than that.
        if (middle <= low || middle >= high) break
        this.pick(p, middle)
        if (this.picked > bestLoad(instance, p, middle).load) low = middle
        else high = middle
        if (high === middle && this.picked === bestLoad(instance, p, middle).load) break
      }
      price = high
      this.pick(p, price)
    }
    this.loadPrices[p] = price
    return this.cost + bestLoad(instance, p, price).value
  }

  private tell(share: number, take: Take): void {
    if (share > 0) for (let at = 0; at < this.count; at++) if (this.taken[at]) take(this.candidates[at]!, share)
  }

  /** The cheapest set of candidates without two that are too close, when each costs `loadPrice` and its minutes more. Of a scattered pair only its first sets count. */
  private pick(p: number, loadPrice: number): void {
    const { candidates, weights, taken, first, last, blocked, best, choice, withFirst, nextWithFirst } = this
    const { minuteStart, minuteRow, minutes, rowPrices } = this
    const { pinned } = this.instance
    const cliques = this.own[p]!.cliques.length
    this.cost = this.picked = 0
    for (let place = 0; place < cliques; place++) withFirst[place] = -1
    for (let at = 0; at < this.count; at++) {
      const pair = candidates[at]!
      let weight = this.costs[at]! + loadPrice
      for (let row = minuteStart[pair]!; row < minuteStart[pair + 1]!; row++)
        weight += rowPrices[minuteRow[row]!]! * minutes[row]!
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
  }

  private readRows(): OwnRows[] {
    const { instance, rows, first, last } = this
    const own: OwnRows[] = instance.participants.map(() => ({ minuteRows: [], cliques: [] }))
    for (const [row, { kind }] of rows.constraints.entries()) {
      if (kind !== 'minutes' && kind !== 'rest') continue
      const pairs = rows.rowPair.subarray(rows.rowStart[row]!, rows.rowStart[row + 1]!)
      const mine = own[instance.pairParticipant[pairs[0]!]!]!
      if (kind === 'minutes') {
        mine.minuteRows.push(row)
        continue
      }
      const place = mine.cliques.push(row) - 1
      const full = pairs.some(pair => instance.pinned[pair])
      for (const pair of pairs) {
        if (first[pair]! < 0) first[pair] = place
        else if (last[pair] !== place - 1 || this.scattered.has(pair))
          this.scattered.set(pair, [...this.placesOf(pair), place])
        if (!this.scattered.has(pair)) last[pair] = place
        if (full) this.blocked[pair] = 1
      }
    }
    return own
  }
}

function minutesByPair(rows: SideRows, pairs: number): { start: Int32Array; row: Int32Array; minutes: Float64Array } {
  const [found, minutes] = [[] as number[], [] as number[]]
  const start = new Int32Array(pairs + 1)
  for (let pair = 0; pair < pairs; pair++) {
    for (let at = rows.pairRowStart[pair]!; at < rows.pairRowStart[pair + 1]!; at++) {
      const row = rows.pairRow[at]!
      if (rows.constraints[row]!.kind !== 'minutes') continue
      found.push(row)
      minutes.push(rows.rowCoefficient[rows.pairRowPlace[at]!]!)
    }
    start[pair + 1] = found.length
  }
  return { start, row: Int32Array.from(found), minutes: Float64Array.from(minutes) }
}
