import { entities } from './sources/entities.ts'
import { fpdsAwards } from './sources/fpds-awards.ts'
import { fpdsIdv } from './sources/fpds-idv.ts'
import { fpdsVendors } from './sources/fpds-vendors.ts'
import { samV2 } from './sources/sam-v2.ts'
import type { Source } from './sources/source.ts'

/** Every source that can be imported. */
export const sources: readonly Source[] = [samV2, fpdsAwards, fpdsIdv, fpdsVendors, entities]

/** The source by its name or another name of it; hyphens and capitals do not matter. */
export function findSource(name: string): Source | undefined {
  const wanted = name.toLowerCase().replaceAll('-', '_')
  return sources.find(source => source.name === wanted || source.aliases?.includes(wanted))
}

/** How much a source is trusted with a field, for the fold of observations into profiles: `*` is every other field. */
export const fieldPriorities = (): Record<string, Record<string, number>> =>
  Object.fromEntries(sources.map(source => [source.name, { '*': source.priority, ...source.priorities }]))

/** The names of the sources whose records are actions of awards. */
export const awardSources = sources.filter(source => source.award).map(source => source.name)
