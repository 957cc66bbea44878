import type { Instance } from './instances.ts'
import type { Demand } from './problem.ts'

/** Demands of an instance that cannot be met together, and of which none is too many. */
export interface Conflict {
  readonly demands: readonly Demand[]
  /** So many places too many are demanded of it. */
  readonly excess: number
}

/**
 * Why an instance has no plan, side constraints aside; null when it has one. There is one where each side's minima can be met within
 * the other side's maxima: then both can at once (Mendelsohn and Dulmage). That takes no costs, and a tenth of the time of a plan.
 *
 * From one who lacks something those who could help are followed along pairs that could change hands: they are all at their limit,
 * or somebody with room would have been found. These demands conflict (Hall). What can be left out of them is left out, by
 * counting first, by trying whether the rest then can be met last.
 */
export function findConflict(instance: Instance): Conflict | null {
  const [targets, participants] = [targetsOf(instance), participantsOf(instance)]
  return (
    pinsBeyond(participants) ??
    pinsBeyond(targets) ??
    conflictOf(targets, participants) ??
    conflictOf(participants, targets)
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

function conflictOf(needing: Side, giving: Side): Conflict | null {
  const needed = Uint8Array.from(needing.ids, (_, place) => (needing.mustHave(place) ? 1 : 0))
  if (!needed.some((needs, place) => needs && needing.minimum[place]! > 0)) return null
  const filling = new Filling(needing, giving, needed)
  filling.pin()
  filling.fill(giver => giving.maximum[giver]!)
  const { holds: chosen } = filling
  const first = filling.firstLacking()
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
  return new Core(needing, giving, reachedNeeding, reachedGiving).reduced(chosen)
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

  /** `chosen`: as much as could be filled, to start from. */
  reduced(chosen: Uint8Array): Conflict {
    this.leaveOutByCounting()
    const filling = new Filling(this.needing, this.giving, this.needed)
    filling.fill(giver => (this.limited[giver] ? this.roomOf(giver) : unlimited), chosen)
    if (filling.lacking > 1) this.leaveOutByTrying(filling)
    else this.leaveOutUnreached(filling)
    const { needing, giving } = this
    const demands = [
      ...this.needers.filter(place => this.needed[place]).map(place => needing.minimumDemand(needing.ids[place]!)),
      ...this.givers.filter(place => this.limited[place]).map(place => giving.maximumDemand(giving.ids[place]!)),
      ...this.pins.filter(pair => this.pinnedOut.has(pair)).map(giving.pinDemand),
    ]
    return { demands, excess: filling.lacking }
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
    const room = new Int32Array(giving.ids.length).fill(unlimited)
    for (const giver of this.givers) room[giver] = this.roomOf(giver)
    for (let giver = 0; giver < asked.length; giver++) excess -= Math.min(asked[giver]!, room[giver]!)

    for (const giver of this.givers) {
      const loss = asked[giver]! - Math.min(asked[giver]!, room[giver]!)
      if (loss >= excess) continue
      limited[giver] = 0
      excess -= loss
      room[giver] = unlimited
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

  private leaveOutByTrying(filling: Filling): void {
    for (const place of this.needers) if (this.needed[place]) filling.enoughWhen(() => filling.release(place))
    for (const giver of this.givers) {
      if (!this.limited[giver]) continue
      this.limited[giver] = filling.enoughWhen(() => filling.widen(giver, unlimited)) ? 1 : 0
    }
    for (const pair of this.pins) {
      const giver = this.giving.owner[pair]!
      if (!this.pinnedOut.has(pair)) continue
      if (!this.limited[giver] || !filling.enoughWhen(() => filling.widen(giver, 1))) this.pinnedOut.delete(pair)
    }
  }

  /** With one place lacking, just those that its search comes by are needed: each of them could give the one. */
  private leaveOutUnreached(filling: Filling): void {
    const { needing, giving } = filling.reached()
    for (const place of this.needers) if (!needing[place]) this.needed[place] = 0
    for (const giver of this.givers) if (!giving[giver]) this.limited[giver] = 0
    for (const pair of this.pins) if (!this.limited[this.giving.owner[pair]!]) this.pinnedOut.delete(pair)
  }
}

const unlimited = 2 ** 30

/** Who gives to whom, as many places as can be; changed place by place (augmenting paths), and taken back. */
class Filling {
  lacking = 0
  private readonly needing: Side
  private readonly giving: Side
  /** Shared with the core: who needs. */
  private readonly needed: Uint8Array
  holds: Uint8Array
  private room: Int32Array
  private lack: Int32Array
  /** Nobody gives them up. */
  private readonly pinned: Uint8Array

  constructor(needing: Side, giving: Side, needed: Uint8Array) {
    this.needing = needing
    this.giving = giving
    this.needed = needed
    this.holds = new Uint8Array(needing.owner.length)
    this.room = new Int32Array(giving.ids.length)
    this.lack = new Int32Array(needing.ids.length)
    this.pinned = new Uint8Array(needing.owner.length)
  }

  /** Holds the pins, whoever they help; before `fill`. */
  pin(): void {
    this.pinned.set(this.needing.pinned)
  }

  /** As much as can be, from what was `chosen` on. */
  fill(roomOf: (giver: number) => number, chosen?: Uint8Array): void {
    const { needing, giving, needed, pinned, room, lack } = this
    for (let giver = 0; giver < room.length; giver++) room[giver] = roomOf(giver)
    for (let place = 0; place < lack.length; place++) if (needed[place]) lack[place] = needing.minimum[place]!
    for (let pair = 0; pair < pinned.length; pair++) {
      if (!pinned[pair]) continue
      this.take(pair)
      lack[needing.owner[pair]!]!--
    }
    this.lacking = lack.reduce((sum, count) => sum + Math.max(0, count), 0)
    for (let pair = 0; pair < pinned.length; pair++) {
      const [place, giver] = [needing.owner[pair]!, giving.owner[pair]!]
      if (pinned[pair] || (chosen && !chosen[pair]) || lack[place]! <= 0 || room[giver]! <= 0) continue
      this.take(pair)
      lack[place]!--
      this.lacking--
    }
    const dead = this.unseen()
    for (let giver = 0; giver < room.length; giver++) this.drain(giver, dead)
  }

  firstLacking(): number {
    return this.lack.findIndex(count => count > 0)
  }

  /** Whether nothing lacks after a change. If so it is taken back, else it stays. */
  enoughWhen(change: () => void): boolean {
    const { lacking, holds, room, lack, needed } = this
    const wasNeeded = needed.slice()
    this.holds = holds.slice()
    this.room = room.slice()
    this.lack = lack.slice()
    change()
    if (this.lacking > 0) return false
    Object.assign(this, { lacking, holds, room, lack })
    needed.set(wasNeeded)
    return true
  }

  /** Somebody needs nothing any more. */
  release(place: number): void {
    this.needed[place] = 0
    this.lacking -= this.lack[place]!
    this.lack[place] = 0
    const { start, pairs } = this.needing
    const held: number[] = []
    for (let at = start[place]!; at < start[place + 1]!; at++) if (this.holds[pairs[at]!]) held.push(pairs[at]!)
    for (const pair of held) {
      this.leave(pair)
      this.drain(this.giving.owner[pair]!)
    }
  }

  /** Somebody has more to give. */
  widen(giver: number, by: number): void {
    this.room[giver]! += by
    this.drain(giver)
  }

  /** Who lacks something, and whom that leads to. */
  reached(): { needing: Uint8Array; giving: Uint8Array } {
    const { needing, giving, holds, lack } = this
    const [reachedNeeding, reachedGiving] = [new Uint8Array(needing.ids.length), new Uint8Array(giving.ids.length)]
    const queue: number[] = []
    for (let place = 0; place < lack.length; place++) {
      if (lack[place]! <= 0) continue
      reachedNeeding[place] = 1
      queue.push(place)
    }
    for (let place = queue.pop(); place !== undefined; place = queue.pop()) {
      for (let at = needing.start[place]!; at < needing.start[place + 1]!; at++) {
        const giver = giving.owner[needing.pairs[at]!]!
        if (holds[needing.pairs[at]!] || reachedGiving[giver]) continue
        reachedGiving[giver] = 1
        for (let held = giving.start[giver]!; held < giving.start[giver + 1]!; held++) {
          const holder = needing.owner[giving.pairs[held]!]!
          if (!holds[giving.pairs[held]!] || reachedNeeding[holder]) continue
          reachedNeeding[holder] = 1
          queue.push(holder)
        }
      }
    }
    return { needing: reachedNeeding, giving: reachedGiving }
  }

  private take(pair: number): void {
    this.holds[pair] = 1
    this.room[this.giving.owner[pair]!]!--
  }

  private leave(pair: number): void {
    this.holds[pair] = 0
    this.room[this.giving.owner[pair]!]!++
  }

  /**
   * Gives what `giver` has room for to those who lack, by way of others who give somebody up for him. Whom a search came by that
   * found nobody, no later one need look at: no path that is found leads by them.
   */
  private drain(giver: number, dead = this.unseen()): void {
    while (this.lacking > 0 && this.room[giver]! > 0 && !dead.giving[giver] && this.give(giver, dead));
  }

  private unseen() {
    return { needing: new Uint8Array(this.needing.ids.length), giving: new Uint8Array(this.giving.ids.length) }
  }

  private give(first: number, seen: { needing: Uint8Array; giving: Uint8Array }): boolean {
    const { needing, giving, needed, holds, lack, pinned } = this
    // By what pair each needer would get somebody, and by what pair each giver would be given up for that.
    const [gets, gives] = [new Map<number, number>(), new Map<number, number>()]
    // Somebody who lacks something is looked for before anybody else is asked whom he holds: that is the long list.
    const [givers, places] = [[first], [] as number[]]
    seen.giving[first] = 1
    for (;;) {
      const giver = givers.pop()
      if (giver !== undefined) {
        for (let at = giving.start[giver]!; at < giving.start[giver + 1]!; at++) {
          const pair = giving.pairs[at]!
          const place = needing.owner[pair]!
          if (holds[pair] || !needed[place] || seen.needing[place]) continue
          seen.needing[place] = 1
          gets.set(place, pair)
          if (lack[place]! > 0) {
            this.passOn(place, gets, gives)
            seen.giving[first] = 0
            for (const other of gives.keys()) seen.giving[other] = 0
            for (const other of gets.keys()) seen.needing[other] = 0
            return true
          }
          places.push(place)
        }
        continue
      }
      const place = places.pop()
      if (place === undefined) return false
      for (let held = needing.start[place]!; held < needing.start[place + 1]!; held++) {
        const given = needing.pairs[held]!
        const other = giving.owner[given]!
        if (!holds[given] || pinned[given] || seen.giving[other]) continue
        seen.giving[other] = 1
        gives.set(other, given)
        givers.push(other)
      }
    }
  }

  private passOn(lacking: number, gets: ReadonlyMap<number, number>, gives: ReadonlyMap<number, number>): void {
    this.lack[lacking]!--
    this.lacking--
    for (let to = lacking; ; ) {
      const got = gets.get(to)!
      this.take(got)
      const given = gives.get(this.giving.owner[got]!)
      if (given === undefined) return
      this.leave(given)
      to = this.needing.owner[given]!
    }
  }
}
