import type { Instance } from './instances.ts'
import type { Demand } from './problem.ts'

/** Demands of an instance that cannot be met together, and of which none is too many. */
export interface Conflict {
  readonly demands: readonly Demand[]
  /** So many places too many are demanded of it. */
  readonly excess: number
}

/**
 * Why an instance has no plan, side constraints aside; `chosen` is the answer that fills most (`Flow.solve`). Null when it does.
 *
 * From one side that lacks something (a target its minimum, or a participant his) those who could help are followed along pairs
 * that could change hands: they are all at their limit, or somebody with room would have been found. These demands conflict
 * (Hall). What can be left out of them is left out, by counting first, by trying whether the rest then can be met last.
 */
export function findConflict(instance: Instance, chosen: Uint8Array): Conflict | null {
  return (
    pinsBeyond(participantsOf(instance)) ??
    pinsBeyond(targetsOf(instance)) ??
    conflictOf(instance, chosen, 'targets') ??
    conflictOf(instance, chosen, 'participants')
  )
}

/** One side of the pairs as the other side sees it: who needs so many, who has room for so many. */
interface Side {
  readonly ids: readonly string[]
  readonly minimum: Int32Array
  readonly maximum: Int32Array
  /** Pairs of each, `pairs[start[i]]` to before `pairs[start[i + 1]]`. */
  readonly start: Int32Array
  readonly pairs: Int32Array
  /** Of each pair, who of this side it has. */
  readonly owner: Int32Array
  readonly pinned: Uint8Array
  /** A minimum that must be, of each. */
  readonly mustHave: (place: number) => boolean
  readonly minimumDemand: (id: string) => Demand
  readonly maximumDemand: (id: string) => Demand
  readonly pinDemand: (pair: number) => Demand
}

const pinDemandOf =
  ({ participants, targets, pairParticipant, pairTarget }: Instance) =>
  (pair: number): Demand => ({
    kind: 'pin',
    participant: participants[pairParticipant[pair]!]!,
    target: targets[pairTarget[pair]!]!,
  })

function participantsOf(instance: Instance): Side {
  return {
    ids: instance.participants,
    minimum: instance.participantMinimum,
    maximum: instance.participantMaximum,
    start: instance.pairStart,
    pairs: Int32Array.from({ length: instance.pairTarget.length }, (_, pair) => pair),
    owner: instance.pairParticipant,
    pinned: instance.pinned,
    mustHave: () => true,
    minimumDemand: participant => ({ kind: 'participantMinimum', participant }),
    maximumDemand: participant => ({ kind: 'participantMaximum', participant }),
    pinDemand: pinDemandOf(instance),
  }
}

function targetsOf(instance: Instance): Side {
  const { pairTarget, targets } = instance
  const start = new Int32Array(targets.length + 1)
  for (const t of pairTarget) start[t + 1]!++
  for (let t = 0; t < targets.length; t++) start[t + 1]! += start[t]!
  const next = start.slice()
  const pairs = new Int32Array(pairTarget.length)
  for (let pair = 0; pair < pairs.length; pair++) pairs[next[pairTarget[pair]!]!++] = pair
  return {
    ids: targets,
    minimum: instance.targetMinimum,
    maximum: instance.targetMaximum,
    ...{ start, pairs, owner: pairTarget, pinned: instance.pinned },
    mustHave: t => instance.shortageCost[t] === Number.POSITIVE_INFINITY,
    minimumDemand: target => ({ kind: 'targetMinimum', target }),
    maximumDemand: target => ({ kind: 'targetMaximum', target }),
    pinDemand: pinDemandOf(instance),
  }
}

function pinsBeyond(side: Side): Conflict | null {
  for (let place = 0; place < side.ids.length; place++) {
    const pins: number[] = []
    for (let at = side.start[place]!; at < side.start[place + 1]!; at++)
      if (side.pinned[side.pairs[at]!]) pins.push(side.pairs[at]!)
    const maximum = side.maximum[place]!
    if (pins.length > maximum) {
      const demands = pins.slice(0, maximum + 1).map(side.pinDemand)
      return { demands: [side.maximumDemand(side.ids[place]!), ...demands], excess: 1 }
    }
  }
  return null
}

function conflictOf(instance: Instance, chosen: Uint8Array, lacking: 'targets' | 'participants'): Conflict | null {
  const sides = [targetsOf(instance), participantsOf(instance)] as const
  const [needing, giving] = lacking === 'targets' ? sides : ([sides[1], sides[0]] as const)
  const has = new Int32Array(needing.ids.length)
  for (let pair = 0; pair < chosen.length; pair++) if (chosen[pair]) has[needing.owner[pair]!]!++
  const first = has.findIndex((count, place) => needing.mustHave(place) && count < needing.minimum[place]!)
  if (first < 0) return null

  const [reachedNeeding, reachedGiving] = [new Uint8Array(needing.ids.length), new Uint8Array(giving.ids.length)]
  const queue = [first]
  reachedNeeding[first] = 1
  for (let place = queue.pop(); place !== undefined; place = queue.pop()) {
    for (let at = needing.start[place]!; at < needing.start[place + 1]!; at++) {
      const pair = needing.pairs[at]!
      const giver = giving.owner[pair]!
      if (chosen[pair] || reachedGiving[giver]) continue
      reachedGiving[giver] = 1
      for (let held = giving.start[giver]!; held < giving.start[giver + 1]!; held++) {
        const other = giving.pairs[held]!
        const holder = needing.owner[other]!
        if (!chosen[other] || giving.pinned[other] || reachedNeeding[holder]) continue
        reachedNeeding[holder] = 1
        queue.push(holder)
      }
    }
  }
  return new Core(needing, giving, reachedNeeding, reachedGiving).reduced()
}

/** Needs against limits, and pins that use a limit up. Whoever has no limit in it gives as much as he is asked for. */
class Core {
  private readonly needing: Side
  private readonly giving: Side
  private readonly needers: number[] = []
  private readonly givers: number[] = []
  /** Pins of givers to somebody outside. */
  private readonly pins: number[] = []
  /** By place: whether its need, its limit, its pin is (still) demanded. */
  private readonly needed: Uint8Array
  private readonly limited: Uint8Array
  private readonly pinnedOut = new Set<number>()

  constructor(needing: Side, giving: Side, needed: Uint8Array, limited: Uint8Array) {
    this.needing = needing
    this.giving = giving
    this.needed = needed
    this.limited = limited
    for (let place = 0; place < needed.length; place++) if (needed[place]) this.needers.push(place)
    for (let place = 0; place < limited.length; place++) {
      if (!limited[place]) continue
      this.givers.push(place)
      for (let at = giving.start[place]!; at < giving.start[place + 1]!; at++) {
        const pair = giving.pairs[at]!
        if (giving.pinned[pair] && !needed[needing.owner[pair]!]) this.pins.push(pair)
      }
    }
    for (const pair of this.pins) this.pinnedOut.add(pair)
  }

  reduced(): Conflict {
    this.leaveOutByCounting()
    const lacking = this.lackingAfter()
    if (lacking > 1) this.leaveOutByTrying()
    else this.leaveOutUnreached()
    const { needing, giving } = this
    const demands = [
      ...this.needers.filter(place => this.needed[place]).map(place => needing.minimumDemand(needing.ids[place]!)),
      ...this.givers.filter(place => this.limited[place]).map(place => giving.maximumDemand(giving.ids[place]!)),
      ...this.pins.filter(pair => this.pinnedOut.has(pair)).map(giving.pinDemand),
    ]
    return { demands, excess: this.lackingAfter() }
  }

  private roomOf(giver: number): number {
    let room = this.giving.maximum[giver]!
    for (let at = this.giving.start[giver]!; at < this.giving.start[giver + 1]!; at++)
      if (this.pinnedOut.has(this.giving.pairs[at]!)) room--
    return room
  }

  /** Leaves out what is not missed by the very inequality that is violated: needs > what all givers have for them. */
  private leaveOutByCounting(): void {
    const { needing, giving, needed, limited } = this
    const asked = new Int32Array(giving.ids.length)
    let excess = 0
    for (const place of this.needers) {
      excess += needing.minimum[place]!
      for (let at = needing.start[place]!; at < needing.start[place + 1]!; at++)
        asked[giving.owner[needing.pairs[at]!]!]!++
    }
    const room = new Int32Array(giving.ids.length).fill(2 ** 30)
    for (const giver of this.givers) room[giver] = this.roomOf(giver)
    for (let giver = 0; giver < asked.length; giver++) excess -= Math.min(asked[giver]!, room[giver]!)

    for (const giver of this.givers) {
      const loss = asked[giver]! - Math.min(asked[giver]!, room[giver]!)
      if (loss >= excess) continue
      limited[giver] = 0
      excess -= loss
      room[giver] = 2 ** 30
    }
    for (const pair of this.pins) {
      const giver = giving.owner[pair]!
      if (limited[giver] && excess <= 1 && room[giver]! < asked[giver]!) continue
      this.pinnedOut.delete(pair)
      if (!limited[giver]) continue
      if (room[giver]! < asked[giver]!) excess--
      room[giver]!++
    }
    for (const place of this.needers) {
      let loss = needing.minimum[place]!
      for (let at = needing.start[place]!; at < needing.start[place + 1]!; at++) {
        const giver = giving.owner[needing.pairs[at]!]!
        if (asked[giver]! <= room[giver]!) loss--
      }
      if (loss >= excess) continue
      needed[place] = 0
      excess -= loss
      for (let at = needing.start[place]!; at < needing.start[place + 1]!; at++)
        asked[giving.owner[needing.pairs[at]!]!]!--
    }
  }

  private leaveOutByTrying(): void {
    for (const place of this.needers) {
      if (!this.needed[place]) continue
      this.needed[place] = 0
      if (this.lackingAfter() === 0) this.needed[place] = 1
    }
    for (const giver of this.givers) {
      if (!this.limited[giver]) continue
      this.limited[giver] = 0
      if (this.lackingAfter() === 0) this.limited[giver] = 1
    }
    for (const pair of this.pins) {
      if (!this.pinnedOut.delete(pair)) continue
      if (this.lackingAfter() === 0) this.pinnedOut.add(pair)
    }
  }

  /** With one place lacking, just those that its search comes by are needed: each of them could give the one. */
  private leaveOutUnreached(): void {
    const { reachedNeeding, reachedGiving } = this.fill()
    for (const place of this.needers) if (!reachedNeeding[place]) this.needed[place] = 0
    for (const giver of this.givers) if (!reachedGiving[giver]) this.limited[giver] = 0
    for (const pair of this.pins) if (!this.limited[this.giving.owner[pair]!]) this.pinnedOut.delete(pair)
  }

  private lackingAfter(): number {
    return this.fill().lacking
  }

  /** The most that the needs get, by augmenting paths; who is reached from what lacks still. */
  private fill() {
    const { needing, giving, needed, limited } = this
    const holds = new Uint8Array(needing.owner.length)
    const [room, free] = [new Int32Array(giving.ids.length), new Int32Array(needing.ids.length)]
    for (const giver of this.givers) if (limited[giver]) room[giver] = this.roomOf(giver)
    const [reachedNeeding, reachedGiving] = [new Uint8Array(needing.ids.length), new Uint8Array(giving.ids.length)]
    const [cameBy, heldBy] = [new Int32Array(giving.ids.length), new Int32Array(needing.ids.length)]
    let lacking = 0
    for (const start of this.needers) {
      if (!needed[start]) continue
      let want = needing.minimum[start]!
      for (let at = needing.start[start]!; at < needing.start[start + 1]!; at++)
        if (!limited[giving.owner[needing.pairs[at]!]!]) want--
      free[start] = want
    }
    for (const start of this.needers) {
      if (!needed[start]) continue
      while (free[start]! > 0) {
        const found = search(start)
        if (found < 0) break
        free[start]!--
        room[found]!--
        for (let giver = found; ; ) {
          const pair = cameBy[giver]!
          holds[pair] = 1
          const holder = needing.owner[pair]!
          if (holder === start) break
          const given = heldBy[holder]!
          holds[given] = 0
          giver = giving.owner[given]!
        }
      }
      lacking += Math.max(0, free[start]!)
    }
    reachedNeeding.fill(0)
    reachedGiving.fill(0)
    for (const start of this.needers)
      if (needed[start] && free[start]! > 0 && !reachedNeeding[start]) search(start, true)
    return { lacking, reachedNeeding, reachedGiving }

    function search(start: number, keep = false): number {
      if (!keep) {
        reachedNeeding.fill(0)
        reachedGiving.fill(0)
      }
      const queue = [start]
      reachedNeeding[start] = 1
      for (let head = 0; head < queue.length; head++) {
        const place = queue[head]!
        for (let at = needing.start[place]!; at < needing.start[place + 1]!; at++) {
          const pair = needing.pairs[at]!
          const giver = giving.owner[pair]!
          if (holds[pair] || !limited[giver] || reachedGiving[giver]) continue
          reachedGiving[giver] = 1
          cameBy[giver] = pair
          if (room[giver]! > 0) return giver
          for (let held = giving.start[giver]!; held < giving.start[giver + 1]!; held++) {
            const other = giving.pairs[held]!
            const holder = needing.owner[other]!
            if (!holds[other] || reachedNeeding[holder]) continue
            reachedNeeding[holder] = 1
            heldBy[holder] = other
            queue.push(holder)
          }
        }
      }
      return -1
    }
  }
}
