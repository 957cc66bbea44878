// What the engine was given, as a run keeps it: JSON in one order, compressed, with its hash.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gunzip, gzip } from 'node:zlib'
import type { PastRound } from '../engine/fairness.ts'
import type { Pair, PinnedPair, Problem, Relation } from '../engine/problem.ts'

/** A problem and, for strategies that look at them, the rounds before it. */
export type KeptProblem = {
  problem: Problem
  history: readonly PastRound[]
  /** Of a replan: who was on what, and can be. */
  before?: readonly PinnedPair[]
}

type Document = Omit<Problem, 'pairs' | 'pins'> & {
  version: 1
  history: { assigned: readonly PinnedPair[]; shares: readonly (readonly [string, number])[] }[]
  pins: [number, number][]
  before?: [number, number][]
  relations: readonly Relation[]
  /** Places of participant and target, cost; the part of its skills where that is not all, and minutes each where they are his own. */
  pairs: [number, number, number, (number | null)?, number?][]
}

/** Written in so many pieces that others have their turn in between. */
const pairsAtOnce = 10_000

/** The JSON compressed with gzip, and the SHA-256 of the JSON. */
export type Packed = { bytes: Buffer; hash: Buffer }

export async function packProblem(kept: KeptProblem): Promise<Packed> {
  const hash = createHash('sha256')
  const pieces: Buffer[] = []
  await pipeline(
    Readable.from(jsonOf(kept)),
    async function* (source) {
      for await (const piece of source) {
        hash.update(piece as string)
        yield piece
      }
    },
    createGzip(),
    async source => {
      for await (const piece of source) pieces.push(piece as Buffer)
    },
  )
  return { bytes: Buffer.concat(pieces), hash: hash.digest() }
}

/** A plan of a problem that is kept: places of participants and targets in it, as JSON, compressed with gzip. */
export async function packPairs({ problem }: KeptProblem, pairs: readonly PinnedPair[]): Promise<Buffer> {
  const [ofParticipant, ofTarget] = [placesOf(problem.participants), placesOf(problem.targets)]
  const places = pairs.map(({ participant, target }) => [ofParticipant.get(participant), ofTarget.get(target)])
  return await promisify(gzip)(JSON.stringify(places))
}

export async function unpackPairs({ problem }: KeptProblem, bytes: Buffer): Promise<PinnedPair[]> {
  const places = JSON.parse((await promisify(gunzip)(bytes)).toString()) as [number, number][]
  return places.map(([p, t]) => ({
    participant: problem.participants[p]?.id as string,
    target: problem.targets[t]?.id as string,
  }))
}

/** What is kept was changed since. */
export class HashDiffers extends Error {
  override name = 'HashDiffers'
}

/** Throws `HashDiffers` where the bytes are not those that were hashed. */
export async function unpackProblem(bytes: Buffer, hash: Buffer): Promise<KeptProblem> {
  const text = await promisify(gunzip)(bytes)
  if (!createHash('sha256').update(text).digest().equals(hash))
    throw new HashDiffers('The problem that is kept is not the one that was solved: its hash differs.')
  const { version: _, history, pairs, pins, before, ...round } = JSON.parse(text.toString()) as Document
  const [participants, targets] = [round.participants.map(each => each.id), round.targets.map(each => each.id)]
  const idsOf = (p: number, t: number) => ({ participant: participants[p] as string, target: targets[t] as string })
  return {
    problem: {
      ...round,
      pairs: pairs.map(
        ([p, t, cost, skillMatch, minutesEach]): Pair => ({
          ...idsOf(p, t),
          cost,
          ...(skillMatch !== undefined && skillMatch !== null && { skillMatch }),
          ...(minutesEach !== undefined && { minutesEach }),
        }),
      ),
      pins: pins.map(([p, t]) => idsOf(p, t)),
    },
    history: history.map(({ assigned, shares }) => ({ eligible: [], assigned, shares: new Map(shares) })),
    ...(before && { before: before.map(([p, t]) => idsOf(p, t)) }),
  }
}

async function* jsonOf({ problem, history, before }: KeptProblem): AsyncGenerator<string> {
  const { pairs, pins, participants, targets, ...rest } = problem
  const [ofParticipant, ofTarget] = [placesOf(participants), placesOf(targets)]
  const places = ({ participant, target }: PinnedPair) => [ofParticipant.get(participant), ofTarget.get(target)]
  const past = history.map(({ assigned, shares = [] }) => ({ assigned, shares: [...shares] }))
  const head = {
    version: 1,
    ...rest,
    participants,
    targets,
    pins: pins.map(places),
    before: before?.map(places),
    history: past,
  }
  yield `${JSON.stringify(head).slice(0, -1)},"pairs":[`
  for (let start = 0; start < pairs.length; start += pairsAtOnce) {
    await new Promise(resolve => setImmediate(resolve))
    const piece = pairs.slice(start, start + pairsAtOnce).map(pair => [...places(pair), pair.cost, ...ownOf(pair)])
    yield `${start === 0 ? '' : ','}${JSON.stringify(piece).slice(1, -1)}`
  }
  yield ']}'
}

const ownOf = ({ skillMatch, minutesEach }: Pair) =>
  minutesEach === undefined ? (skillMatch === undefined ? [] : [skillMatch]) : [skillMatch ?? null, minutesEach]

const placesOf = (list: readonly { id: string }[]) => new Map(list.map(({ id }, place) => [id, place]))
