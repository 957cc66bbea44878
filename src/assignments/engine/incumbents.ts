import type { Instance } from './instances.ts'
import type { Prices } from './multipliers.ts'
import { engineVersion, pairsOf, shortagesOf } from './plans.ts'
import type { Plan } from './problem.ts'
import type { SideRows } from './side-constraints.ts'

interface Beginning {
  /** What `prices` prove. */
  readonly bound: number
  readonly prices: Prices
  /** Who vouches for a bound beyond what prices prove. */
  readonly claimedBy: string
  readonly report: (plan: Plan) => void
}

/** The best plan of a search so far, the best bound, and the prices that prove the most. */
export class Incumbent {
  chosen: Uint8Array | undefined
  cost = Number.POSITIVE_INFINITY
  /** No plan costs less. */
  bound: number
  private readonly instance: Instance
  private readonly rows: SideRows
  private readonly beginning: Beginning
  private proved: { readonly bound: number; readonly prices: Prices }
  private told = { cost: Number.POSITIVE_INFINITY, gap: Number.POSITIVE_INFINITY }

  constructor(instance: Instance, rows: SideRows, beginning: Beginning) {
    this.instance = instance
    this.rows = rows
    this.beginning = beginning
    this.proved = beginning
    this.bound = beginning.bound
  }

  get isProved(): boolean {
    return this.bound >= this.cost
  }

  /** A plan that keeps every rule, where it costs less; and a bound. Both are told, if they are worth it. */
  improve(chosen: Uint8Array, cost: number, bound: number): void {
    if (cost < this.cost) [this.chosen, this.cost] = [chosen, cost]
    this.raise(bound)
  }

  raise(bound: number): void {
    this.bound = Math.min(this.cost, Math.max(this.bound, bound))
    const gap = this.cost - this.bound
    // A bound that hardly rose is not worth writing ten thousand pairs for.
    if (!this.chosen || (this.cost >= this.told.cost && gap >= 0.9 * this.told.gap)) return
    this.told = { cost: this.cost, gap }
    this.beginning.report(this.plan())
  }

  /** What prices add up to, as a checker will add them up. */
  prove(bound: number, prices: Prices): void {
    if (bound > this.proved.bound) this.proved = { bound, prices }
  }

  plan(): Plan {
    const { instance, rows, chosen, cost } = this
    if (!chosen) throw new Error('There is no plan yet')
    const { bound, prices } = this.proved
    const proven = Math.min(cost, Math.ceil(bound - 1e-6))
    const lowerBound = Math.max(this.bound, proven)
    return {
      ...{ engine: engineVersion, strategy: 'optimal', status: lowerBound >= cost ? 'optimal' : 'feasible' },
      ...{ cost, lowerBound, pairs: pairsOf(instance, chosen), shortages: shortagesOf(instance, chosen) },
      certificate: {
        kind: 'prices',
        participants: pricesBy(instance.participants, prices.participants),
        targets: pricesBy(instance.targets, prices.targets),
        multipliers: rows.constraints.flatMap((constraint, row) =>
          prices.rows[row] ? [{ constraint, price: prices.rows[row]! }] : [],
        ),
        ...(lowerBound > proven && { claimed: { by: this.beginning.claimedBy, lowerBound } }),
      },
    }
  }
}

const pricesBy = (ids: readonly string[], prices: Float64Array) =>
  Object.fromEntries(ids.map((id, place) => [id, prices[place]!] as const).filter(([, price]) => price !== 0))
