import type { Module } from '#platform/module.ts'
import type { TableShape } from './table-shapes.ts'

/**
 * How the rows of a table are brought back: not at all, or but for some columns, or of some (SQL over the row as `t`) none;
 * or only those that are missing.
 */
export type RestorationRule = { stays: string } | { keeps: string[]; leavesOut: string | undefined; accrues: boolean }

/** What the modules declare about a table. What belongs to no module is the mechanism of the platform, and stays. */
export function ruleOf(
  modules: readonly Module[],
  { name, schema }: Pick<TableShape, 'name' | 'schema'>,
): RestorationRule {
  const { restoration = {} } = modules.find(module => module.schema === schema) ?? mechanism
  const stays = restoration.stays?.[name] ?? restoration.stays?.[`${schema}.*`] ?? restoration.stays?.['*']
  if (stays !== undefined) return { stays }
  const prefix = `${name}.`
  const keeps = Object.keys(restoration.keeps ?? {})
  return {
    keeps: keeps.filter(column => column.startsWith(prefix)).map(column => column.slice(prefix.length)),
    leavesOut: restoration.leavesOut?.[name],
    accrues: restoration.accrues?.[name] !== undefined,
  }
}

/** The table with the triggers that tell its changes elsewhere among those that log them. */
export function asTelling(modules: readonly Module[], shape: TableShape): TableShape {
  const tells = modules.find(({ schema }) => schema === shape.schema)?.restoration?.tells?.[shape.name] ?? []
  const definitions = tells.flatMap(name => shape.definitions[name] ?? [])
  if (definitions.length < tells.length) throw new Error(`${shape.name} has not all of the triggers ${tells}`)
  return {
    ...shape,
    trackers: [...shape.trackers, ...definitions],
    triggers: shape.triggers.filter(name => !tells.includes(name)),
  }
}

const mechanism: Pick<Module, 'restoration'> = {
  restoration: { stays: { '*': 'It is how the platform itself works: queues, moves, migrations' } },
}
