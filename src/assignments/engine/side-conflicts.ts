import type { Highs, ModelData } from 'highs'
import { type Instance, instanceOf } from './instances.ts'
import { Matrix, search } from './mixed-integer.ts'
import type { Demand, Problem, Relation, SideConstraint } from './problem.ts'
import { type SideRows, sideRowsOf } from './side-constraints.ts'

/**
 * Demands that cannot be met together, of which any one may be left out and the others can. Where a linear programme shows it, its
 * prices leave few to try; else what HiGHS needs to show it by a search is halved again and again (QuickXplain, Junker 2004).
 */
export function findSideConflict(highs: Highs, problem: Problem): Demand[] {
  const instance = instanceOf(problem)
  const rows = sideRowsOf(problem, instance)
  return (
    findLinearConflict(highs, problem, instance, rows) ??
    explain(demandsOf(problem, instance, rows), demands => canBeMet(highs, problem, instance, rows, demands))
  )
}

/**
 * The same where not even parts of people could meet them; undefined where parts of people can. What is needed may be missed at a
 * price each (Chinneck's elastic programme): at its answer those demands alone have prices that are in each other's way. Of these
 * few each is left out in turn: it goes for good where the others still cannot be met.
 */
export function findLinearConflict(
  highs: Highs,
  problem: Problem,
  instance: Instance,
  rows: SideRows,
): Demand[] | undefined {
  let held = pricedDemands(highs, problem, instance, rows, demandsOf(problem, instance, rows))
  if (!held) return undefined
  for (const demand of held) {
    if (!held.includes(demand)) continue
    const others: Demand[] = held.filter(one => one !== demand)
    const fewer = pricedDemands(highs, problem, instance, rows, others)
    if (fewer) held = fewer
    else if (!canBeMet(highs, problem, instance, rows, others)) held = others
  }
  return held
}

/** Those of the demands that a linear programme shows to be in conflict; undefined when it meets them all. */
function pricedDemands(
  highs: Highs,
  problem: Problem,
  instance: Instance,
  rows: SideRows,
  demands: readonly Demand[],
): Demand[] | undefined {
  const { data, demandsOfRow } = modelOfDemands(problem, instance, rows, demands, true)
  const { status, cost, rowDuals } = search(highs, { data }, { relaxed: true })
  // Pins and maxima against each other are missed at no price.
  if (status !== 'optimal') return canBeMet(highs, problem, instance, rows, demands) ? undefined : [...demands]
  if (cost < 1e-6) return undefined
  const priced = new Set(demandsOfRow.flatMap((wanted, row) => (Math.abs(rowDuals[row]!) > 1e-9 ? wanted : [])))
  const few = demands.filter(demand => priced.has(demand) || demand.kind === 'pin')
  // Prices are rounded: that the few conflict is asked again.
  return few.length === demands.length || canBeMet(highs, problem, instance, rows, few) ? [...demands] : few
}

export function canBeMet(
  highs: Highs,
  problem: Problem,
  instance: Instance,
  rows: SideRows,
  demands: readonly Demand[],
): boolean {
  const { data, trivial } = modelOfDemands(problem, instance, rows, demands)
  return !trivial && search(highs, { data }, { gap: 1 }).status !== 'infeasible'
}

function explain(all: readonly Demand[], canBeMet: (demands: readonly Demand[]) => boolean): Demand[] {
  const among = (held: readonly Demand[], changed: boolean, rest: readonly Demand[]): Demand[] => {
    if (changed && !canBeMet(held)) return []
    if (rest.length === 1) return [...rest]
    const half = rest.length >> 1
    const [one, other] = [rest.slice(0, half), rest.slice(half)]
    const inOther = among([...held, ...one], one.length > 0, other)
    const inOne = among([...held, ...inOther], inOther.length > 0, one)
    return [...inOne, ...inOther]
  }
  return all.length === 0 ? [] : among([], false, all)
}

/** All that is demanded, what people most often mean to keep last. */
function demandsOf(problem: Problem, instance: Instance, rows: SideRows): Demand[] {
  const targets = problem.targets.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const people = problem.participants.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const relations = new Map<string, Demand>()
  const sides: Demand[] = []
  for (const constraint of rows.constraints)
    if (constraint.kind === 'apart' || constraint.kind === 'together') {
      const relation: Relation = { kind: constraint.kind, participants: constraint.participants }
      relations.set(JSON.stringify(relation), { kind: 'relation', relation })
    } else sides.push(constraint)
  return [
    ...people.map(({ id }): Demand => ({ kind: 'participantMaximum', participant: id })),
    ...targets.map(({ id }): Demand => ({ kind: 'targetMaximum', target: id })),
    ...sides,
    ...relations.values(),
    ...people.flatMap(({ id, minimum }): Demand[] =>
      minimum > 0 ? [{ kind: 'participantMinimum', participant: id }] : [],
    ),
    ...[...instance.pinned.keys()].flatMap((pair): Demand[] =>
      instance.pinned[pair]
        ? [
            {
              kind: 'pin',
              participant: instance.participants[instance.pairParticipant[pair]!]!,
              target: instance.targets[instance.pairTarget[pair]!]!,
            },
          ]
        : [],
    ),
    ...targets.flatMap(({ id, minimum, shortageCost }): Demand[] =>
      minimum > 0 && shortageCost === undefined ? [{ kind: 'targetMinimum', target: id }] : [],
    ),
  ]
}

/**
 * Only what is demanded; nothing costs anything. `trivial`: somebody must, who has no pair at all. `elastic`: what is needed may be
 * missed, each by a column that costs 1.
 */
function modelOfDemands(
  problem: Problem,
  instance: Instance,
  rows: SideRows,
  demands: readonly Demand[],
  elastic = false,
): { data: ModelData; trivial: boolean; demandsOfRow: readonly (readonly Demand[])[] } {
  const people = new Map(problem.participants.map(participant => [participant.id, participant]))
  const targets = new Map(problem.targets.map(target => [target.id, target]))
  const placeOfParticipant = new Map(instance.participants.map((id, place) => [id, place]))
  const placeOfTarget = new Map(instance.targets.map((id, place) => [id, place]))
  const placeOfSide = new Map<string, number[]>()
  for (const [row, constraint] of rows.constraints.entries()) {
    const key = keyOf(constraint)
    placeOfSide.set(key, [...(placeOfSide.get(key) ?? []), row])
  }
  const ofParticipant = new Map<number, [number, number]>()
  const ofTarget = new Map<number, [number, number]>()
  const pins = new Set<string>()
  const sides: number[] = []
  const wantedOf = {
    participant: new Map<number, Demand[]>(),
    target: new Map<number, Demand[]>(),
    side: new Map<number, Demand[]>(),
  }
  const note = (kind: keyof typeof wantedOf, place: number, wanted: Demand) =>
    wantedOf[kind].set(place, [...(wantedOf[kind].get(place) ?? []), wanted])
  const demand = (bounds: Map<number, [number, number]>, place: number, from: number, to: number) => {
    const [low, high] = bounds.get(place) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    bounds.set(place, [Math.max(low, from), Math.min(high, to)])
  }
  for (const wanted of demands) {
    if (wanted.kind === 'participantMaximum' || wanted.kind === 'participantMinimum')
      note('participant', placeOfParticipant.get(wanted.participant)!, wanted)
    else if (wanted.kind === 'targetMaximum' || wanted.kind === 'targetMinimum')
      note('target', placeOfTarget.get(wanted.target)!, wanted)
    else if (wanted.kind !== 'pin')
      for (const side of placeOfSide.get(keyOf(wanted.kind === 'relation' ? wanted.relation : wanted)) ?? [])
        note('side', side, wanted)
    if (wanted.kind === 'participantMaximum')
      demand(
        ofParticipant,
        placeOfParticipant.get(wanted.participant)!,
        Number.NEGATIVE_INFINITY,
        people.get(wanted.participant)!.maximum,
      )
    else if (wanted.kind === 'participantMinimum')
      demand(
        ofParticipant,
        placeOfParticipant.get(wanted.participant)!,
        people.get(wanted.participant)!.minimum,
        Number.POSITIVE_INFINITY,
      )
    else if (wanted.kind === 'targetMaximum')
      demand(ofTarget, placeOfTarget.get(wanted.target)!, Number.NEGATIVE_INFINITY, targets.get(wanted.target)!.maximum)
    else if (wanted.kind === 'targetMinimum')
      demand(ofTarget, placeOfTarget.get(wanted.target)!, targets.get(wanted.target)!.minimum, Number.POSITIVE_INFINITY)
    else if (wanted.kind === 'pin') pins.add(JSON.stringify([wanted.participant, wanted.target]))
    else if (wanted.kind === 'relation') sides.push(...(placeOfSide.get(keyOf(wanted.relation)) ?? []))
    else sides.push(...(placeOfSide.get(keyOf(wanted)) ?? []))
  }

  const matrix = new Matrix()
  const rowOf = (bounds: [number, number] | undefined) => (bounds ? matrix.addRow(...bounds) : -1)
  const participantRow = instance.participants.map((_, p) => rowOf(ofParticipant.get(p)))
  const targetRow = instance.targets.map((_, t) => rowOf(ofTarget.get(t)))
  const sideRow = new Map(
    sides.map(side => [
      side,
      matrix.addRow(rows.rowEqual[side] ? rows.rowBound[side]! : Number.NEGATIVE_INFINITY, rows.rowBound[side]!),
    ]),
  )
  const filled = new Set<number>()
  for (let pair = 0; pair < instance.pairTarget.length; pair++) {
    const [p, t] = [instance.pairParticipant[pair]!, instance.pairTarget[pair]!]
    const entries: [number, number][] = []
    if (participantRow[p]! >= 0) entries.push([participantRow[p]!, 1])
    if (targetRow[t]! >= 0) entries.push([targetRow[t]!, 1])
    for (let at = rows.pairRowStart[pair]!; at < rows.pairRowStart[pair + 1]!; at++) {
      const row = sideRow.get(rows.pairRow[at]!)
      if (row !== undefined) entries.push([row, rows.rowCoefficient[rows.pairRowPlace[at]!]!])
    }
    const pinned = pins.has(JSON.stringify([instance.participants[p], instance.targets[t]]))
    if (entries.length === 0) continue
    for (const [row] of entries) filled.add(row)
    matrix.addColumn(0, pinned ? 1 : 0, 1, true, entries)
  }
  const demandsOfRow: Demand[][] = []
  for (const [p, row] of participantRow.entries()) if (row >= 0) demandsOfRow[row] = wantedOf.participant.get(p) ?? []
  for (const [t, row] of targetRow.entries()) if (row >= 0) demandsOfRow[row] = wantedOf.target.get(t) ?? []
  for (const [side, row] of sideRow) demandsOfRow[row] = wantedOf.side.get(side) ?? []
  if (elastic) {
    for (const [bounds, ofRow] of [
      [ofParticipant, participantRow],
      [ofTarget, targetRow],
    ] as const)
      for (const [place, [low]] of bounds)
        if (low > 0) matrix.addColumn(1, 0, Number.POSITIVE_INFINITY, false, [[ofRow[place]!, 1]])
    for (const [side, row] of sideRow) {
      if (rows.rowBound[side]! < 0 || rows.rowEqual[side])
        matrix.addColumn(1, 0, Number.POSITIVE_INFINITY, false, [[row, -1]])
      if (rows.rowEqual[side]) matrix.addColumn(1, 0, Number.POSITIVE_INFINITY, false, [[row, 1]])
    }
  }
  const data = matrix.data()
  const trivial = [...(data.rowLower as number[]).keys()].some(
    row => !filled.has(row) && ((data.rowLower as number[])[row]! > 0 || (data.rowUpper as number[])[row]! < 0),
  )
  return { data, trivial, demandsOfRow }
}

/** Relations are demanded as a whole, for all targets. */
const keyOf = (constraint: SideConstraint | Relation): string =>
  constraint.kind === 'apart' || constraint.kind === 'together'
    ? JSON.stringify([constraint.kind, constraint.participants])
    : JSON.stringify(constraint)
