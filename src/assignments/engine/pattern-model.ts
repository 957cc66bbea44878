import type { ModelData } from 'highs'
import type { Instance } from './instances.ts'
import { Matrix } from './mixed-integer.ts'
import { countsOf } from './multipliers.ts'
import type { Pattern } from './patterns.ts'
import type { SideRows } from './side-constraints.ts'

/** A model that gives each of some participants one of his patterns; everybody else does what he does in a plan. */
export interface PatternModel {
  readonly data: ModelData
  /** One for each of the first columns. */
  readonly patterns: readonly Pattern[]
  /** Columns of places that stay free though they must not. */
  readonly lacking: number
}

/** What a place that must not stay free costs in a model that may leave it so. */
const lackingCost = 1e7

/**
 * Hours, rest and load are inside the patterns; targets, mixes and relations couple them. `soft`: places that must be filled may
 * stay free at a price, for a plan that is not one yet.
 */
export function patternModelOf(
  instance: Instance,
  rows: SideRows,
  patterns: readonly Pattern[],
  base: Uint8Array,
  soft: boolean,
): PatternModel {
  const { pairTarget, pairStart, pairCost, loadStart, loadCosts } = instance
  const rest = base.slice()
  const matrix = new Matrix()
  const ofParticipant = new Map<number, number>()
  for (const { participant } of patterns)
    if (!ofParticipant.has(participant)) {
      ofParticipant.set(participant, matrix.addRow(1, 1))
      rest.fill(0, pairStart[participant]!, pairStart[participant + 1]!)
    }
  const { fillings } = countsOf(instance, rest)
  const ofTarget = Array.from(fillings, (filling, t) => {
    const open = instance.targetMinimum[t]! - filling
    return matrix.addRow(open, open)
  })
  const ofSide = new Map<number, number>()
  for (const [side, { kind }] of rows.constraints.entries()) {
    if (kind === 'minutes' || kind === 'rest') continue
    let bound = rows.rowBound[side]!
    for (let place = rows.rowStart[side]!; place < rows.rowStart[side + 1]!; place++)
      if (rest[rows.rowPair[place]!]) bound -= rows.rowCoefficient[place]!
    ofSide.set(side, matrix.addRow(rows.rowEqual[side] ? bound : Number.NEGATIVE_INFINITY, bound))
  }
  for (const { participant, pairs } of patterns) {
    const entries = new Map<number, number>([[ofParticipant.get(participant)!, 1]])
    let cost = 0
    for (const [load, pair] of pairs.entries()) {
      cost += pairCost[pair]! + loadCosts[loadStart[participant]! + load]!
      entries.set(ofTarget[pairTarget[pair]!]!, 1)
      for (let at = rows.pairRowStart[pair]!; at < rows.pairRowStart[pair + 1]!; at++) {
        const row = ofSide.get(rows.pairRow[at]!)
        if (row !== undefined) entries.set(row, (entries.get(row) ?? 0) + rows.rowCoefficient[rows.pairRowPlace[at]!]!)
      }
    }
    matrix.addColumn(cost, 0, 1, true, [...entries])
  }
  let lacking = 0
  for (const [t, row] of ofTarget.entries()) {
    const [minimum, maximum] = [instance.targetMinimum[t]!, instance.targetMaximum[t]!]
    if (instance.shortageCost[t]! < Number.POSITIVE_INFINITY && minimum > 0)
      matrix.addColumn(instance.shortageCost[t]!, 0, minimum, false, [[row, 1]])
    if (maximum > minimum) matrix.addColumn(-instance.extraValue[t]!, 0, maximum - minimum, false, [[row, -1]])
  }
  if (soft) {
    for (const [t, row] of ofTarget.entries())
      if (instance.shortageCost[t] === Number.POSITIVE_INFINITY && ++lacking)
        matrix.addColumn(lackingCost, 0, instance.targetMinimum[t]!, false, [[row, 1]])
    for (const [side, row] of ofSide) {
      matrix.addColumn(lackingCost, 0, Number.POSITIVE_INFINITY, false, [[row, -1]])
      if (rows.rowEqual[side]) matrix.addColumn(lackingCost, 0, Number.POSITIVE_INFINITY, false, [[row, 1]])
      lacking += rows.rowEqual[side] ? 2 : 1
    }
  }
  return { data: matrix.data(), patterns, lacking }
}

/** The plan that an answer's columns are. */
export function planOfColumns(
  { pairStart }: Instance,
  { patterns }: PatternModel,
  base: Uint8Array,
  columns: Float64Array,
): Uint8Array {
  const chosen = base.slice()
  for (const { participant } of patterns) chosen.fill(0, pairStart[participant]!, pairStart[participant + 1]!)
  for (const [column, { pairs }] of patterns.entries())
    if (columns[column]! > 0.5) for (const pair of pairs) chosen[pair] = 1
  return chosen
}

/** The columns that a plan is, if each of its people's choices is among the patterns; for the search to begin with. */
export function startOf(instance: Instance, model: PatternModel, chosen: Uint8Array): Float64Array | undefined {
  const columns = new Float64Array(model.data.numCols)
  const found = new Set<number>()
  for (const [column, { participant, pairs }] of model.patterns.entries()) {
    if (found.has(participant) || !pairs.every(pair => chosen[pair])) continue
    let load = 0
    for (let pair = instance.pairStart[participant]!; pair < instance.pairStart[participant + 1]!; pair++)
      load += chosen[pair]!
    if (load !== pairs.length) continue
    columns[column] = 1
    found.add(participant)
  }
  if (new Set(model.patterns.map(({ participant }) => participant)).size !== found.size) return undefined
  const { fillings } = countsOf(instance, chosen)
  let column = model.patterns.length
  for (let t = 0; t < fillings.length; t++) {
    const [minimum, maximum] = [instance.targetMinimum[t]!, instance.targetMaximum[t]!]
    if (instance.shortageCost[t]! < Number.POSITIVE_INFINITY && minimum > 0)
      columns[column++] = Math.max(0, minimum - fillings[t]!)
    if (maximum > minimum) columns[column++] = Math.max(0, fillings[t]! - minimum)
  }
  if (model.lacking > 0)
    for (let t = 0; t < fillings.length; t++)
      if (instance.shortageCost[t] === Number.POSITIVE_INFINITY)
        columns[column++] = Math.max(0, instance.targetMinimum[t]! - fillings[t]!)
  return columns
}
