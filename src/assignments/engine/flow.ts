import type { Instance } from './instances.ts'
import { NetworkSimplex, unlimited } from './network-simplex.ts'
import { tieBreaks } from './tie-breaks.ts'

/** An answer to an instance, in its places. */
export interface FlowAnswer {
  readonly feasible: boolean
  /** 1 for each pair in the plan. Of no meaning when infeasible. */
  readonly chosen: Uint8Array
  /** What a place of each participant's time is worth, and one more person on each target: dual prices of `solve`. */
  readonly participantPrices: Float64Array
  readonly targetPrices: Float64Array
}

/**
 * An instance without its side constraints, as a flow of least cost: root → participant (an arc for each step of his load
 * costs) → target (an arc for each pair) → root (extra people), and root → target for places that stay free. Minima and pins
 * flow in any case: they are what nodes have over and lack. Solved again with other costs, it goes on from where it was.
 */
export class Flow {
  readonly instance: Instance
  private readonly simplex: NetworkSimplex
  private readonly costs: Float64Array
  /** The arc of each pair; -1 where it is pinned. */
  private readonly arcOfPair: Int32Array
  private readonly shortageArcs: readonly number[]
  private readonly nodes: number
  private readonly weightRange: number
  private readonly ties: Float64Array

  constructor(instance: Instance) {
    const { network, arcOfPair, shortageArcs } = networkOf(instance)
    this.instance = instance
    this.shortageArcs = shortageArcs
    this.arcOfPair = arcOfPair
    this.costs = network.costs
    this.simplex = new NetworkSimplex(network)
    this.nodes = network.nodes
    this.weightRange = Math.min(2 ** 50, NetworkSimplex.costLimit(network.nodes))
    this.ties = tieBreaks(instance, this.weightRange)
  }

  get pivots(): number {
    return this.simplex.pivots
  }

  /** The cheapest plan; with `pairCosts`, if pairs cost that (whole numbers) and not what the instance says. */
  solve(pairCosts?: Float64Array): FlowAnswer {
    if (pairCosts) {
      for (let pair = 0; pair < pairCosts.length; pair++) {
        const arc = this.arcOfPair[pair]!
        if (arc >= 0) this.costs[arc] = pairCosts[pair]!
      }
      this.simplex.setCosts(this.costs)
    } else if (this.simplex.pivots === 0) this.approach()
    this.simplex.minimize()
    return this.answer()
  }

  /**
   * Goes near the plan that ties will be broken for: the same costs in smaller units, with as much of the weights of ties as stays
   * below one unit and exact. With costs of 0 and 1 for 450,000 pairs that takes 87,000 pivots; without it, 540,000. As the weights
   * of any path are below half a unit, the tree that this ends with is optimal for the costs alone; what follows is exact anyway.
   */
  private approach(): void {
    const largest = this.costs.reduce((most, cost) => Math.max(most, Math.abs(cost)), 0)
    const unit = Math.floor(this.weightRange / (largest + 1))
    const range = Math.floor(unit / (2 * this.nodes))
    if (range < 16) return
    const near = this.arcCosts(this.ties)
    for (let arc = 0; arc < near.length; arc++)
      near[arc] = this.costs[arc]! * unit + Math.floor((near[arc]! / this.weightRange) * range)
    this.simplex.setCosts(near)
    this.simplex.minimize()
    this.simplex.setCosts(this.costs)
  }

  /** The one cheapest plan that ties are broken for, after `solve`. Nothing can be solved on this flow afterwards. */
  settle(): FlowAnswer {
    const { participantPrices, targetPrices } = this.answer()
    this.simplex.minimizeNext(this.arcCosts(this.ties))
    return { ...this.answer(), participantPrices, targetPrices }
  }

  /**
   * The plan that leaves the fewest places free (by what they cost), of those the one that gives up the fewest of `kept` pairs,
   * of those the cheapest. Its prices are of no meaning. Nothing can be solved on this flow afterwards.
   */
  settleKeeping(kept: Uint8Array): FlowAnswer {
    const { simplex, costs, shortageArcs } = this
    const ofShortages = new Float64Array(costs.length)
    for (const arc of shortageArcs) ofShortages[arc] = costs[arc]!
    simplex.setCosts(ofShortages)
    simplex.minimize()
    simplex.minimizeNext(this.arcCosts(Float64Array.from(kept, keep => -keep)))
    simplex.minimizeNext(costs)
    return this.settle()
  }

  private arcCosts(ofPairs: Float64Array): Float64Array {
    const costs = new Float64Array(this.costs.length)
    for (let pair = 0; pair < ofPairs.length; pair++) {
      const arc = this.arcOfPair[pair]!
      if (arc >= 0) costs[arc] = ofPairs[pair]!
    }
    return costs
  }

  private answer(): FlowAnswer {
    const { arcOfPair, simplex } = this
    const { participants } = this.instance
    const chosen = new Uint8Array(arcOfPair.length)
    for (let pair = 0; pair < chosen.length; pair++) {
      const arc = arcOfPair[pair]!
      chosen[pair] = arc < 0 ? 1 : simplex.flows[arc]!
    }
    return {
      feasible: simplex.lacking === 0,
      chosen,
      participantPrices: simplex.prices.slice(1, 1 + participants.length),
      targetPrices: simplex.prices.slice(1 + participants.length),
    }
  }
}

function networkOf(instance: Instance) {
  const { participantMinimum, participantMaximum, loadStart, loadCosts, pairStart, pairTarget, pairCost, pinned } =
    instance
  const { targetMinimum, targetMaximum, shortageCost, extraValue } = instance
  const [n, m] = [participantMinimum.length, targetMinimum.length]
  const nodes = 1 + n + m
  const room = loadCosts.length + pairTarget.length + 2 * m
  const [tails, heads, capacities] = [new Int32Array(room), new Int32Array(room), new Int32Array(room)]
  const costs = new Float64Array(room)
  const [balances, starts] = [new Int32Array(nodes), new Int32Array(nodes).fill(-1)]
  const arcOfPair = new Int32Array(pairTarget.length)
  const shortageArcs: number[] = []
  let arcs = 0
  const connect = (tail: number, head: number, capacity: number, cost: number) => {
    tails[arcs] = tail
    heads[arcs] = head
    capacities[arcs] = capacity
    costs[arcs] = cost
    return arcs++
  }
  for (let p = 0; p < n; p++) {
    const node = 1 + p
    balances[node]! += participantMinimum[p]!
    for (let load = participantMinimum[p]!; load < participantMaximum[p]!; ) {
      const cost = loadCosts[loadStart[p]! + load]!
      let alike = 1
      while (load + alike < participantMaximum[p]! && loadCosts[loadStart[p]! + load + alike] === cost) alike++
      const arc = connect(0, node, alike, cost)
      if (starts[node]! < 0) starts[node] = arc
      load += alike
    }
    for (let pair = pairStart[p]!; pair < pairStart[p + 1]!; pair++) {
      const target = 1 + n + pairTarget[pair]!
      if (!pinned[pair]) arcOfPair[pair] = connect(node, target, 1, pairCost[pair]!)
      else {
        arcOfPair[pair] = -1
        balances[node]!--
        balances[target]!++
      }
    }
  }
  for (let t = 0; t < m; t++) {
    const node = 1 + n + t
    balances[node]! -= targetMinimum[t]!
    if (shortageCost[t]! < Number.POSITIVE_INFINITY && targetMinimum[t]! > 0) {
      starts[node] = connect(0, node, unlimited, shortageCost[t]!)
      shortageArcs.push(starts[node]!)
    }
    if (targetMaximum[t]! > targetMinimum[t]!) connect(node, 0, targetMaximum[t]! - targetMinimum[t]!, -extraValue[t]!)
  }
  const network = {
    ...{ nodes, balances, starts },
    ...{ tails: tails.subarray(0, arcs), heads: heads.subarray(0, arcs) },
    ...{ capacities: capacities.subarray(0, arcs), costs: costs.slice(0, arcs) },
  }
  return { network, arcOfPair, shortageArcs }
}
