import type { Instance } from './instances.ts'
import type { ShiftChoices } from './shift-choices.ts'
import type { SideRows } from './side-constraints.ts'

/** What one participant may do in the round: some of his pairs, that load, hours and rest allow together. */
export interface Pattern {
  readonly participant: number
  readonly pairs: readonly number[]
  /** Of its pairs and its load, at the costs that were asked with. */
  readonly value: number
}

/** Nodes of the search for one participant: his pairs that are worth something are few. */
const mostNodes = 20_000

/**
 * All that one participant may do, cheapest first, by depth-first search with a bound. Whole shifts, where `ShiftChoices` takes parts
 * of them: bounds made of these are higher, and not to be checked by adding up.
 */
export class Patterns {
  private readonly instance: Instance
  private readonly choices: ShiftChoices
  private readonly limits: Float64Array
  /** Minutes of the set, by row of hours. */
  private readonly worked: Float64Array
  private readonly pairs: number[] = []
  private readonly set: number[] = []
  private nodes = 0

  constructor(instance: Instance, rows: SideRows, choices: ShiftChoices) {
    this.instance = instance
    this.choices = choices
    this.limits = rows.rowBound
    this.worked = new Float64Array(rows.rowBound.length)
  }

  /** The cheapest pattern of `p`; undefined when there is none, or the search was cut off. */
  best(p: number, costs: Float64Array): Pattern | undefined {
    let best: Pattern | undefined
    const complete = this.walk(p, costs, 0, Number.POSITIVE_INFINITY, value => {
      best = { participant: p, pairs: this.set.slice(), value }
      return value - 1e-9
    })
    return complete ? best : undefined
  }

  /** Patterns of `p` that cost at most `gap` more than `least`, the cheapest; undefined when there are more than `most`. */
  within(p: number, costs: Float64Array, least: number, gap: number, most: number): Pattern[] | undefined {
    const found: Pattern[] = []
    const complete = this.walk(p, costs, gap, least + gap, value => {
      found.push({ participant: p, pairs: this.set.slice(), value })
      return found.length > most ? Number.NEGATIVE_INFINITY : least + gap
    })
    return complete && found.length <= most ? found.sort((one, other) => one.value - other.value) : undefined
  }

  /** Calls `found` with each set that costs less than the limit, which is what `found` answered last. False: cut off. */
  private walk(p: number, costs: Float64Array, gap: number, limit: number, found: (value: number) => number): boolean {
    const { pairStart, pinned, participantMinimum, participantMaximum, loadStart, loadCosts } = this.instance
    const [most, least, start] = [participantMaximum[p]!, participantMinimum[p]!, loadStart[p]!]
    this.nodes = 0
    this.pairs.length = this.set.length = 0
    for (const row of this.choices.own[p]!.minuteRows) this.worked[row] = 0
    let value = 0
    // Without it the rest would be allowed and cheaper by its cost and at least the cheapest load: nothing dearer than the gap is in a set.
    const dearest = least > 0 || most === 0 ? Number.POSITIVE_INFINITY : gap - loadCosts[start]!
    for (let pair = pairStart[p]!; pair < pairStart[p + 1]!; pair++) {
      if (pinned[pair]) {
        value += costs[pair]! + (loadCosts[start + this.set.length] ?? 0)
        if (!this.fits(pair)) return true
        this.put(pair)
      } else if (costs[pair]! <= dearest) this.pairs.push(pair)
    }
    if (this.set.length > most) return true
    this.pairs.sort((one, other) => costs[one]! - costs[other]! || one - other)
    let bound = limit
    const enter = (from: number, value: number): boolean => {
      if (++this.nodes > mostNodes) return false
      const count = this.set.length
      if (count >= least && value <= bound) bound = found(value)
      if (count === most) return true
      for (let at = from; at < this.pairs.length; at++) {
        const pair = this.pairs[at]!
        // The next cheapest, without regard to hours and rest, cost at least this together.
        let hope = value
        for (let more = 0; count + more < most && at + more < this.pairs.length; more++) {
          const step = costs[this.pairs[at + more]!]! + loadCosts[start + count + more]!
          if (step >= 0 && count + more >= least && more > 0) break
          hope += step
        }
        if (hope > bound) return true
        if (!this.fits(pair)) continue
        this.put(pair)
        const complete = enter(at + 1, value + costs[pair]! + loadCosts[start + count]!)
        this.take(pair)
        if (!complete) return false
      }
      return true
    }
    return enter(0, value)
  }

  private fits(pair: number): boolean {
    const { minuteStart, minuteRow, minutes } = this.choices
    for (let at = minuteStart[pair]!; at < minuteStart[pair + 1]!; at++)
      if (this.worked[minuteRow[at]!]! + minutes[at]! > this.limits[minuteRow[at]!]!) return false
    for (const other of this.set) if (this.choices.areClose(pair, other)) return false
    return true
  }

  private put(pair: number): void {
    this.set.push(pair)
    this.count(pair, 1)
  }

  /** The one that was put last. */
  private take(pair: number): void {
    this.set.pop()
    this.count(pair, -1)
  }

  private count(pair: number, times: number): void {
    const { minuteStart, minuteRow, minutes } = this.choices
    for (let at = minuteStart[pair]!; at < minuteStart[pair + 1]!; at++)
      this.worked[minuteRow[at]!]! += times * minutes[at]!
  }
}
