import type { BrowsedTable } from './data.ts'

/** A foreign key: `from` has it, `to` is what it names. */
export type Relation = {
  from: string
  to: string
  /** The columns of the key, without the tenant that all have. */
  columns: string
  /** At most one row of `from` for each of `to`; else many. */
  isOne: boolean
  /** Each row of `from` has one of `to`. */
  isRequired: boolean
}

export type Drawing = {
  width: number
  height: number
  boxes: { name: string; x: number; y: number; refersToItself: boolean }[]
  lines: { key: string; path: string }[]
}

export const boxWidth = 236
export const boxHeight = 44
const columnGap = 76
const rowGap = 10

/** The foreign keys of these tables to each other, without those to the tenant, which each table of tenants has. */
export function relationsOf(tables: readonly BrowsedTable[]): Relation[] {
  const names = new Set(tables.map(({ name }) => name))
  return tables.flatMap(({ name, columns, references }) => {
    const keyOf = (wanted: readonly string[]) =>
      wanted
        .filter(each => each !== 'tenant_id')
        .toSorted()
        .join(', ')
    const key = keyOf(columns.filter(({ isKey }) => isKey).map(column => column.name))
    return references
      .filter(({ table }) => names.has(table) && table !== 'tenancy.tenants')
      .map(({ columns: own, table }) => ({
        from: name,
        to: table,
        columns: own.filter(each => each !== 'tenant_id').join(', '),
        isOne: keyOf(own) === key,
        isRequired: own.every(each => columns.find(column => column.name === each)?.isRequired),
      }))
  })
}

/** What is drawn around a table: what it refers to, what refers to it, and the lines between these and it. */
export function neighboursOf(name: string, tables: readonly BrowsedTable[], most: number) {
  const all = relationsOf(tables).filter(({ from, to }) => from === name || to === name)
  const others = (names: readonly string[]) => [...new Set(names)].filter(other => other !== name)
  const referred = others(all.map(({ to }) => to))
  const referring = others(all.map(({ from }) => from)).filter(other => !referred.includes(other))
  const shown = [...referred.slice(0, most), ...referring.slice(0, most)]
  return {
    names: [name, ...shown],
    relations: all.filter(({ from, to }) => [from, to].every(each => each === name || shown.includes(each))),
    left: [...referred.slice(most), ...referring.slice(most)],
  }
}

/** Tables in columns: on the left what others refer to, to the right of each what refers to it. */
export function drawRelations(names: readonly string[], relations: readonly Relation[]): Drawing {
  const proper = relations.filter(({ from, to }) => from !== to)
  const columns = inOrder(columnsOf(names, proper), proper)
  const tallest = Math.max(0, ...columns.map(({ length }) => length))
  const height = tallest * (boxHeight + rowGap) - rowGap
  const places = new Map<string, { x: number; y: number }>()
  for (const [at, column] of columns.entries()) {
    const top = (height - (column.length * (boxHeight + rowGap) - rowGap)) / 2
    for (const [row, name] of column.entries())
      places.set(name, { x: at * (boxWidth + columnGap), y: top + row * (boxHeight + rowGap) })
  }
  return {
    width: columns.length * (boxWidth + columnGap) - columnGap,
    height,
    boxes: [...places].map(([name, place]) => ({
      name,
      ...place,
      refersToItself: relations.some(({ from, to }) => from === name && to === name),
    })),
    lines: proper.flatMap(relation => {
      const [from, to] = [places.get(relation.from), places.get(relation.to)]
      return from && to
        ? [{ key: `${relation.from} ${relation.columns} ${relation.to}`, path: pathOf(relation, from, to) }]
        : []
    }),
  }
}

/** How far right each table stands: behind all that it refers to. Of a circle one line leads back. */
function columnsOf(names: readonly string[], relations: readonly Relation[]): string[][] {
  const depths = new Map<string, number>()
  const under = new Set<string>()
  const depthOf = (name: string): number => {
    const known = depths.get(name)
    if (known !== undefined) return known
    under.add(name)
    const before = relations.filter(({ from, to }) => from === name && !under.has(to)).map(({ to }) => depthOf(to))
    under.delete(name)
    const depth = Math.max(-1, ...before) + 1
    depths.set(name, depth)
    return depth
  }
  const columns: string[][] = []
  for (const name of names) {
    const depth = depthOf(name)
    while (columns.length <= depth) columns.push([])
    columns[depth]?.push(name)
  }
  return columns
}

/** Beside what they are joined to, so that few lines cross: each column by the middle of its neighbours, there and back. */
function inOrder(columns: readonly string[][], relations: readonly Relation[]): string[][] {
  const joined = Map.groupBy(
    relations.flatMap(({ from, to }) => [
      { name: from, other: to },
      { name: to, other: from },
    ]),
    ({ name }) => name,
  )
  const rows = new Map<string, number>()
  const note = (column: readonly string[]) => {
    for (const [row, name] of column.entries()) rows.set(name, row - column.length / 2)
  }
  let ordered = columns.map(column => column.toSorted())
  for (const column of ordered) note(column)
  for (let turn = 0; turn < 4; turn++) {
    ordered = ordered.map(column => {
      const middles = new Map(
        column.map(name => {
          const places = (joined.get(name) ?? []).map(({ other }) => rows.get(other) ?? 0)
          return [name, places.length > 0 ? places.reduce((sum, place) => sum + place, 0) / places.length : 0]
        }),
      )
      const sorted = column.toSorted((one, other) => (middles.get(one) ?? 0) - (middles.get(other) ?? 0))
      note(sorted)
      return sorted
    })
  }
  return ordered
}

type Place = { x: number; y: number }

/** From what is referred to, with a bar for one or a ring for none, to what refers, with a crow’s foot for many. */
function pathOf({ isOne, isRequired }: Relation, from: Place, to: Place): string {
  const isBack = from.x <= to.x
  const start = { x: to.x + boxWidth, y: to.y + boxHeight / 2 }
  const end = { x: isBack ? from.x + boxWidth : from.x, y: from.y + boxHeight / 2 }
  const side = isBack ? 1 : -1
  const [one, other] = [start.x + columnGap / 2, end.x + (side * columnGap) / 2]
  const line = `M${start.x} ${start.y}C${one} ${start.y} ${other} ${end.y} ${end.x} ${end.y}`
  const near = isRequired
    ? `M${start.x + 7} ${start.y - 5}v10`
    : `M${start.x + 4} ${start.y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`
  const foot = end.x + side * 10
  const far = isOne
    ? `M${end.x + side * 7} ${end.y - 5}v10`
    : `M${foot} ${end.y}L${end.x} ${end.y - 6}M${foot} ${end.y}L${end.x} ${end.y + 6}`
  return line + near + far
}
