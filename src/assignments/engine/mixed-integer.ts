import loadHighs, { type Highs, type ModelData } from 'highs'
import type { Instance } from './instances.ts'
import { countsOf } from './multipliers.ts'
import type { SideRows } from './side-constraints.ts'

/** A model of some pairs of an instance, all others being as in a plan: who does nothing else then is not in it. */
export interface PairModel {
  readonly data: ModelData
  /** The pair of each of the first columns. Loads, shortages and extras follow. */
  readonly pairs: readonly number[]
  /** What the pairs that stay cost, with the loads and fillings that they alone make. */
  readonly row: readonly RowMeaning[]
}

type RowMeaning =
  | { readonly kind: 'participant'; readonly place: number }
  | { readonly kind: 'target'; readonly place: number }
  | { readonly kind: 'side'; readonly place: number }

export interface Search {
  /** Nodes of the search tree: the same answer on every machine. Undefined: until it is proved. */
  readonly nodes?: number
  /** Of the cost: how close to the bound is good enough. */
  readonly gap?: number
  /** Ends the search by the clock. */
  readonly seconds?: number
  readonly seed?: number
  /** An answer to begin with, of the model's columns. */
  readonly start?: Float64Array
  /** The model without integrality. */
  readonly relaxed?: boolean
  readonly report?: (found: { cost: number | null; bound: number | null; columns?: Float64Array }) => boolean
}

export interface Found {
  readonly status: 'optimal' | 'feasible' | 'infeasible' | 'nothing'
  readonly cost: number
  /** No answer costs less; -Infinity when nothing is known. */
  readonly bound: number
  readonly columns: Float64Array
  /** Dual prices of the rows, when relaxed. */
  readonly rowDuals: Float64Array
}

/** HiGHS in this thread. Its memory grows with each model and does not shrink: let the thread end with the work. */
export const openHighs = (): Promise<Highs> => loadHighs()

/** Which pairs are chosen, as what is minimised: `pairs` free, each other pair as in `base`. */
export function modelOf(
  instance: Instance,
  rows: SideRows,
  pairs: readonly number[],
  base: ArrayLike<number>,
): PairModel {
  const { pairParticipant, pairTarget, pairCost, pinned, loadStart, loadCosts } = instance
  const kept = Uint8Array.from(base)
  for (const pair of pairs) kept[pair] = 0
  const { loads, fillings } = countsOf(instance, kept)
  const model = new Matrix()
  const rowOf = {
    participant: new Map<number, number>(),
    target: new Map<number, number>(),
    side: new Map<number, number>(),
  }
  const meanings: RowMeaning[] = []
  const rowFor = (kind: RowMeaning['kind'], place: number, lower: () => [number, number]): number => {
    const known = rowOf[kind].get(place)
    if (known !== undefined) return known
    const row = model.addRow(...lower())
    rowOf[kind].set(place, row)
    meanings.push({ kind, place })
    return row
  }
  for (const pair of pairs) {
    const [p, t] = [pairParticipant[pair]!, pairTarget[pair]!]
    const entries: [number, number][] = [
      [rowFor('participant', p, () => [-loads[p]!, -loads[p]!]), 1],
      [
        rowFor('target', t, () => [
          instance.targetMinimum[t]! - fillings[t]!,
          instance.targetMinimum[t]! - fillings[t]!,
        ]),
        1,
      ],
    ]
    for (let at = rows.pairRowStart[pair]!; at < rows.pairRowStart[pair + 1]!; at++) {
      const side = rows.pairRow[at]!
      const row = rowFor('side', side, () => {
        let bound = rows.rowBound[side]!
        for (let place = rows.rowStart[side]!; place < rows.rowStart[side + 1]!; place++)
          if (kept[rows.rowPair[place]!]) bound -= rows.rowCoefficient[place]!
        return [rows.rowEqual[side] ? bound : Number.NEGATIVE_INFINITY, bound]
      })
      entries.push([row, rows.rowCoefficient[rows.pairRowPlace[at]!]!])
    }
    model.addColumn(pairCost[pair]!, pinned[pair] ? 1 : 0, 1, true, entries)
  }
  for (const [p, row] of rowOf.participant)
    for (let load = 0; load < instance.participantMaximum[p]!; load++)
      model.addColumn(loadCosts[loadStart[p]! + load]!, load < instance.participantMinimum[p]! ? 1 : 0, 1, false, [
        [row, -1],
      ])
  for (const [t, row] of rowOf.target) {
    const [minimum, maximum] = [instance.targetMinimum[t]!, instance.targetMaximum[t]!]
    if (instance.shortageCost[t]! < Number.POSITIVE_INFINITY && minimum > 0)
      model.addColumn(instance.shortageCost[t]!, 0, minimum, false, [[row, 1]])
    if (maximum > minimum) model.addColumn(-instance.extraValue[t]!, 0, maximum - minimum, false, [[row, -1]])
  }
  return { data: model.data(), pairs, row: meanings }
}

/** A plan of the instance in the columns of the model. Loads are filled from the cheapest on, as they are convex. */
export function columnsOf(instance: Instance, model: PairModel, chosen: ArrayLike<number>): Float64Array {
  const { loads, fillings } = countsOf(instance, chosen)
  const columns = new Float64Array(model.data.numCols)
  for (const [column, pair] of model.pairs.entries()) columns[column] = chosen[pair]!
  let column = model.pairs.length
  for (const { kind, place } of model.row)
    if (kind === 'participant')
      for (let load = 0; load < instance.participantMaximum[place]!; load++)
        columns[column++] = load < loads[place]! ? 1 : 0
  for (const { kind, place } of model.row) {
    if (kind !== 'target') continue
    const [minimum, maximum] = [instance.targetMinimum[place]!, instance.targetMaximum[place]!]
    if (instance.shortageCost[place]! < Number.POSITIVE_INFINITY && minimum > 0)
      columns[column++] = Math.max(0, minimum - fillings[place]!)
    if (maximum > minimum) columns[column++] = Math.max(0, fillings[place]! - minimum)
  }
  return columns
}

/** Solves a model; blocks the thread. One thread and a fixed seed: the same model and nodes give the same answer. */
export function search(highs: Highs, { data }: { readonly data: ModelData }, options: Search = {}): Found {
  const { modelStatus, solutionStatus, callbackType } = highs.constants
  if (data.numCols === 0) return withoutColumns(data)
  return highs.withModel<Found>((model): Found => {
    model.passModel(options.relaxed ? { ...data, integrality: undefined } : data)
    model.options.set({
      output_flag: false,
      random_seed: (options.seed ?? 0) % 2 ** 31,
      mip_rel_gap: options.gap ?? 0,
      // Costs are whole: what is less than one unit away is the same.
      mip_abs_gap: 0.99,
      mip_feasibility_tolerance: 1e-7,
      ...(options.nodes === undefined ? {} : { mip_max_nodes: options.nodes }),
      ...(options.seconds === undefined ? {} : { time_limit: options.seconds }),
    })
    if (options.start) model.setSolution({ colValue: options.start })
    const { report } = options
    model.run(
      report && !options.relaxed
        ? {
            [callbackType.mipImprovingSolution](event) {
              report({
                cost: event.data.objective_function_value ?? null,
                bound: finite(event.data.mip_dual_bound),
                columns: event.data.mip_solution,
              })
              return undefined
            },
            [callbackType.mipInterrupt](event) {
              if (report({ cost: finite(event.data.mip_primal_bound), bound: finite(event.data.mip_dual_bound) }))
                event.interrupt()
              return undefined
            },
          }
        : undefined,
    )
    const status = model.getModelStatus()
    const none = { cost: Number.POSITIVE_INFINITY, columns: new Float64Array(), rowDuals: new Float64Array() }
    if (status === modelStatus.infeasible || status === modelStatus.unboundedOrInfeasible)
      return { status: 'infeasible', bound: Number.POSITIVE_INFINITY, ...none }
    const has = model.info.get('primal_solution_status') === solutionStatus.feasible
    const bound = options.relaxed ? model.getObjectiveValue() : Number(model.info.get('mip_dual_bound'))
    if (!has) return { status: 'nothing', bound, ...none }
    const { colValue, rowDual } = model.getSolution()
    return {
      status: status === modelStatus.optimal ? 'optimal' : 'feasible',
      ...{ cost: model.getObjectiveValue(), bound, columns: colValue, rowDuals: rowDual },
    }
  })
}

/** HiGHS takes no start for a model without columns: it has one answer, or none. */
function withoutColumns({ numRows, rowLower, rowUpper }: ModelData): Found {
  const met = Array.from({ length: numRows }).every((_, row) => rowLower[row]! <= 0 && rowUpper[row]! >= 0)
  const [columns, rowDuals] = [new Float64Array(), new Float64Array(numRows)]
  const cost = met ? 0 : Number.POSITIVE_INFINITY
  return { status: met ? 'optimal' : 'infeasible', cost, bound: cost, columns, rowDuals }
}

const finite = (value: number | undefined) => (value !== undefined && Math.abs(value) < 1e20 ? value : null)

/** Columns as they come, rows as they are first met. */
export class Matrix {
  readonly #lower: number[] = []
  readonly #upper: number[] = []
  readonly #starts = [0]
  readonly #indices: number[] = []
  readonly #values: number[] = []
  readonly #costs: number[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []
  readonly #whole: number[] = []

  addRow(lower: number, upper: number): number {
    this.#lower.push(lower)
    return this.#upper.push(upper) - 1
  }

  addColumn(
    cost: number,
    from: number,
    to: number,
    whole: boolean,
    entries: readonly (readonly [number, number])[],
  ): void {
    this.#costs.push(cost)
    this.#from.push(from)
    this.#to.push(to)
    this.#whole.push(whole ? 1 : 0)
    for (const [row, value] of entries) {
      this.#indices.push(row)
      this.#values.push(value)
    }
    this.#starts.push(this.#indices.length)
  }

  data(): ModelData {
    const [numRows, numCols] = [this.#lower.length, this.#costs.length]
    return {
      ...{ numRows, numCols, colCost: this.#costs, colLower: this.#from, colUpper: this.#to },
      ...{ rowLower: this.#lower, rowUpper: this.#upper, integrality: Int32Array.from(this.#whole) },
      matrix: {
        ...{ format: 'csc', numRows, numCols },
        ...{ starts: Int32Array.from(this.#starts), indices: Int32Array.from(this.#indices) },
        values: Float64Array.from(this.#values),
      },
    }
  }
}
