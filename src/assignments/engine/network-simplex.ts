/** Arcs with bounds 0 and capacity. Node 0 is the root, which takes and gives what the others have over or lack. */
export interface Network {
  readonly nodes: number
  readonly tails: Int32Array
  readonly heads: Int32Array
  readonly capacities: Int32Array
  /** Whole numbers. */
  readonly costs: Float64Array
  /** What each node has over (positive) or lacks (negative). The root's is not read. */
  readonly balances: Int32Array
  /** For each node an arc from the root that can carry what it lacks and more; -1 where there is none. */
  readonly starts: Int32Array
}

/**
 * The primal network simplex: a spanning tree whose arcs carry what flows between 0 and capacity, changed arc by arc until no
 * other makes it cheaper. A strongly feasible tree (the root can send one more unit to every node) does not cycle.
 *
 * Costs, prices and reduced costs are whole numbers and exact: a price is the cost of a path of at most `nodes` arcs, one of
 * them artificial, so its size is below twice `nodes` times the largest cost. `costLimit` is where that passes 2 ** 53.
 */
export class NetworkSimplex {
  readonly flows: Int32Array
  /** Dual prices; the root's is 0. An arc's reduced cost is its cost, plus its tail's price, less its head's. */
  readonly prices: Float64Array
  pivots = 0
  private readonly nodes: number
  private readonly arcs: number
  private readonly tails: Int32Array
  private readonly heads: Int32Array
  private readonly capacities: Int32Array
  private readonly costs: Float64Array
  /** 1 empty, -1 full, 0 in the tree. */
  private readonly states: Int8Array
  private readonly parents: Int32Array
  private readonly treeArcs: Int32Array
  private readonly depths: Int32Array
  private readonly firstChildren: Int32Array
  private readonly nextSiblings: Int32Array
  private readonly previousSiblings: Int32Array
  private readonly stack: Int32Array
  /** Arcs that may enter the tree. */
  private candidates: Int32Array
  private position = 0

  constructor({ nodes, tails, heads, capacities, costs, balances, starts }: Network) {
    const arcs = tails.length
    this.nodes = nodes
    this.arcs = arcs
    this.tails = extended(tails, nodes)
    this.heads = extended(heads, nodes)
    this.capacities = extended(capacities, nodes)
    this.costs = new Float64Array(arcs + nodes)
    this.flows = new Int32Array(arcs + nodes)
    this.states = new Int8Array(arcs + nodes).fill(1, 0, arcs)
    this.prices = new Float64Array(nodes)
    this.parents = new Int32Array(nodes).fill(-1)
    this.treeArcs = new Int32Array(nodes).fill(-1)
    this.depths = new Int32Array(nodes)
    this.firstChildren = new Int32Array(nodes).fill(-1)
    this.nextSiblings = new Int32Array(nodes).fill(-1)
    this.previousSiblings = new Int32Array(nodes).fill(-1)
    this.stack = new Int32Array(nodes)
    this.candidates = Int32Array.from({ length: arcs }, (_, arc) => arc)
    for (let node = 1; node < nodes; node++) {
      const artificial = arcs + node
      const balance = balances[node]!
      this.tails[artificial] = balance > 0 ? node : 0
      this.heads[artificial] = balance > 0 ? 0 : node
      this.capacities[artificial] = unlimited
      const start = starts[node]!
      const arc = balance <= 0 && start >= 0 && capacities[start]! > -balance ? start : artificial
      this.flows[arc] = Math.abs(balance)
      this.states[arc] = 0
      this.treeArcs[node] = arc
      this.hang(node, 0)
    }
    this.setCosts(costs)
  }

  /** The most that a cost may be for `nodes` nodes, for prices to be exact. */
  static costLimit(nodes: number): number {
    return Math.floor(2 ** 50 / (nodes + 1))
  }

  /** Goes on from the tree there is: what flows stays possible whatever things cost. */
  setCosts(costs: Float64Array): void {
    this.costs.set(costs)
    let largest = 0
    for (let arc = 0; arc < this.arcs; arc++) largest = Math.max(largest, Math.abs(costs[arc]!))
    if (!(largest <= NetworkSimplex.costLimit(this.nodes)))
      throw new RangeError(`A cost of ${largest} is too much for ${this.nodes} nodes to be added up exactly.`)
    // More than any cycle of other arcs can save: an artificial arc carries something only when nothing else can.
    this.costs.fill(this.nodes * largest + 1, this.arcs)
    this.priceAll()
  }

  /** What nothing but artificial arcs can carry. Above 0: there is no flow. */
  get lacking(): number {
    let sum = 0
    for (let node = 1; node < this.nodes; node++) sum += this.flows[this.arcs + node]!
    return sum
  }

  lackingAt(node: number): number {
    return this.flows[this.arcs + node]!
  }

  minimize(): void {
    for (let arc = this.findEntering(); arc >= 0; arc = this.findEntering()) {
      this.pivot(arc)
      this.pivots++
    }
  }

  /**
   * Among the cheapest flows the cheapest by other costs. Those are the flows that leave every arc alone whose reduced cost
   * is not 0; so this compares by the first cost, then the second, as if the second weighed infinitely little.
   */
  minimizeNext(costs: Float64Array): void {
    const free: number[] = []
    for (const arc of this.candidates)
      if (this.costs[arc]! + this.prices[this.tails[arc]!]! - this.prices[this.heads[arc]!]! === 0) free.push(arc)
    this.candidates = Int32Array.from(free)
    this.position = 0
    this.costs.fill(0, this.arcs)
    this.costs.set(costs)
    this.priceAll()
    this.minimize()
  }

  /** Block search: the best of a block of arcs, going round; the next block if it has none. */
  private findEntering(): number {
    const { candidates, states, costs, prices, tails, heads } = this
    const count = candidates.length
    const block = Math.max(32, Math.ceil(Math.sqrt(count)))
    let [position, best, worst] = [this.position, -1, 0]
    for (let seen = 0; seen < count; ) {
      const end = Math.min(count, position + block)
      for (let place = position; place < end; place++) {
        const arc = candidates[place]!
        const reduced = states[arc]! * (costs[arc]! + prices[tails[arc]!]! - prices[heads[arc]!]!)
        if (reduced < worst) {
          worst = reduced
          best = arc
        }
      }
      seen += end - position
      position = end === count ? 0 : end
      if (best >= 0) break
    }
    this.position = position
    return best
  }

  private pivot(entering: number): void {
    const { tails, heads, capacities, flows, states, parents, treeArcs, depths } = this
    const forward = states[entering] === 1
    const first = forward ? tails[entering]! : heads[entering]!
    const second = forward ? heads[entering]! : tails[entering]!
    let [one, other] = [first, second]
    while (one !== other) {
      if (depths[one]! >= depths[other]!) one = parents[one]!
      else other = parents[other]!
    }
    const apex = one

    // Along the cycle from its apex, in the direction in which more shall flow, the first arc that lets no more through leaves.
    let [room, leaving, within] = [capacities[entering]!, -1, -1]
    for (let node = first; node !== apex; node = parents[node]!) {
      const arc = treeArcs[node]!
      const left = heads[arc] === node ? capacities[arc]! - flows[arc]! : flows[arc]!
      if (left <= room) [room, leaving, within] = [left, node, first]
    }
    for (let node = second; node !== apex; node = parents[node]!) {
      const arc = treeArcs[node]!
      const left = tails[arc] === node ? capacities[arc]! - flows[arc]! : flows[arc]!
      if (left < room) [room, leaving, within] = [left, node, second]
    }

    if (room > 0) {
      flows[entering]! += forward ? room : -room
      for (let node = first; node !== apex; node = parents[node]!) {
        const arc = treeArcs[node]!
        flows[arc]! += heads[arc] === node ? room : -room
      }
      for (let node = second; node !== apex; node = parents[node]!) {
        const arc = treeArcs[node]!
        flows[arc]! += tails[arc] === node ? room : -room
      }
    }
    if (leaving < 0) {
      states[entering] = forward ? -1 : 1
      return
    }
    const left = treeArcs[leaving]!
    states[left] = flows[left] === 0 ? 1 : -1
    states[entering] = 0
    this.regraft(within, within === first ? second : first, leaving, entering)
  }

  /** Hangs the subtree of `top` on by `within`, a node in it, under `parent`. */
  private regraft(within: number, parent: number, top: number, entering: number): void {
    const { parents, treeArcs } = this
    let [node, under, arc] = [within, parent, entering]
    for (;;) {
      const [nextNode, nextArc] = [parents[node]!, treeArcs[node]!]
      this.unhang(node)
      this.hang(node, under)
      treeArcs[node] = arc
      if (node === top) break
      under = node
      node = nextNode
      arc = nextArc
    }
    const reduced = this.costs[entering]! + this.prices[this.tails[entering]!]! - this.prices[this.heads[entering]!]!
    this.priceSubtree(within, this.tails[entering] === within ? -reduced : reduced)
  }

  private priceSubtree(top: number, change: number): void {
    const { stack, prices, depths, parents, firstChildren, nextSiblings } = this
    let height = 1
    stack[0] = top
    while (height > 0) {
      const node = stack[--height]!
      prices[node]! += change
      depths[node] = depths[parents[node]!]! + 1
      for (let child = firstChildren[node]!; child >= 0; child = nextSiblings[child]!) stack[height++] = child
    }
  }

  private priceAll(): void {
    const { stack, prices, depths, parents, treeArcs, tails, costs, firstChildren, nextSiblings } = this
    let height = 0
    for (let child = firstChildren[0]!; child >= 0; child = nextSiblings[child]!) stack[height++] = child
    while (height > 0) {
      const node = stack[--height]!
      const [parent, arc] = [parents[node]!, treeArcs[node]!]
      prices[node] = prices[parent]! + (tails[arc] === node ? -costs[arc]! : costs[arc]!)
      depths[node] = depths[parent]! + 1
      for (let child = firstChildren[node]!; child >= 0; child = nextSiblings[child]!) stack[height++] = child
    }
  }

  private hang(node: number, parent: number): void {
    const next = this.firstChildren[parent]!
    this.parents[node] = parent
    this.nextSiblings[node] = next
    this.previousSiblings[node] = -1
    if (next >= 0) this.previousSiblings[next] = node
    this.firstChildren[parent] = node
  }

  private unhang(node: number): void {
    const [next, previous] = [this.nextSiblings[node]!, this.previousSiblings[node]!]
    if (next >= 0) this.previousSiblings[next] = previous
    if (previous >= 0) this.nextSiblings[previous] = next
    else this.firstChildren[this.parents[node]!] = next
  }
}

/** A capacity that nothing reaches: a node gives and takes a million at most. */
export const unlimited = 2 ** 30

function extended(numbers: Int32Array, more: number): Int32Array {
  const all = new Int32Array(numbers.length + more)
  all.set(numbers)
  return all
}
