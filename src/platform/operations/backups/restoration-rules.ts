import type { Module } from '#platform/module.ts'
import type { TableShape } from './table-shapes.ts'

/** How the rows of a table are brought back: not at all, or but for some columns. */
export type RestorationRule = { stays: string } | { keeps: string[] }

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
  return { keeps: keeps.filter(column => column.startsWith(prefix)).map(column => column.slice(prefix.length)) }
}

const mechanism: Pick<Module, 'restoration'> = {
  restoration: { stays: { '*': 'It is how the platform itself works: queues, moves, migrations' } },
}
