import loadHighs from 'highs'
import type { Instance } from '../../src/assignments/engine/instances.ts'

let loaded: ReturnType<typeof loadHighs> | undefined

/** The same round as a linear program for HiGHS: what it costs (undefined: infeasible), and how long that took from arrays. */
export async function solveByHighs(instance: Instance, options: Record<string, string | number | boolean> = {}) {
  loaded ??= loadHighs()
  const highs = await loaded
  const began = performance.now()
  const model = highs.createModel(linearProgramOf(instance))
  try {
    model.options.set({ output_flag: false, ...options })
    model.run()
    const optimal = model.getModelStatus() === highs.constants.modelStatus.optimal
    return { cost: optimal ? model.getObjectiveValue() : undefined, milliseconds: performance.now() - began }
  } finally {
    model.dispose()
  }
}

/** Rows: what a participant is on less his loads = 0; who is on a target and who is missing less who is extra = minimum. */
function linearProgramOf(instance: Instance) {
  const { participantMinimum, participantMaximum, loadStart, loadCosts, pairParticipant, pairTarget, pairCost } =
    instance
  const { targetMinimum, targetMaximum, shortageCost, extraValue, pinned } = instance
  const [n, m, pairs, loads] = [participantMinimum.length, targetMinimum.length, pairTarget.length, loadCosts.length]
  const [numCols, numRows] = [pairs + loads + 2 * m, n + m]
  const [starts, entries] = [new Int32Array(numCols + 1), 2 * pairs + loads + 2 * m]
  const [indices, values] = [new Int32Array(entries), new Float64Array(entries)]
  const [colCost, colLower, colUpper] = [
    new Float64Array(numCols),
    new Float64Array(numCols),
    new Float64Array(numCols),
  ]
  let [column, entry] = [0, 0]
  const add = (cost: number, lower: number, upper: number, rows: readonly [number, number][]) => {
    for (const [row, value] of rows) {
      indices[entry] = row
      values[entry++] = value
    }
    colCost[column] = cost
    colLower[column] = lower
    colUpper[column] = upper
    starts[++column] = entry
  }
  for (let pair = 0; pair < pairs; pair++)
    add(pairCost[pair]!, pinned[pair]!, 1, [
      [pairParticipant[pair]!, 1],
      [n + pairTarget[pair]!, 1],
    ])
  const rowLower = new Float64Array(numRows)
  for (let p = 0; p < n; p++) {
    // More than he has pairs: no column can be, so the row cannot.
    if (participantMinimum[p]! > participantMaximum[p]!) rowLower[p] = participantMinimum[p]!
    for (let load = 0; load < participantMaximum[p]!; load++)
      add(loadCosts[loadStart[p]! + load]!, load < participantMinimum[p]! ? 1 : 0, 1, [[p, -1]])
  }
  for (let t = 0; t < m; t++) {
    rowLower[n + t] = targetMinimum[t]!
    const free = shortageCost[t] === Number.POSITIVE_INFINITY ? 0 : targetMinimum[t]!
    add(free > 0 ? shortageCost[t]! : 0, 0, free, [[n + t, 1]])
    add(-extraValue[t]!, 0, targetMaximum[t]! - targetMinimum[t]!, [[n + t, -1]])
  }
  const matrix = { format: 'csc' as const, numRows, numCols, starts, indices, values }
  return { numCols, numRows, colCost, colLower, colUpper, rowLower, rowUpper: rowLower, matrix }
}
