import { type Command, InvalidArgumentError } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { readSearch } from '../exports/export-command.ts'
import { type SearchResult, searchContractors } from './search.ts'

type Flags = { search: string; limit: number; facets?: boolean; json?: boolean }

/** `commonhold contractors search WORDS`: the first page of what the console finds, for people and scripts. */
export function registerSearchCommand(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('search')
    .argument('[words...]', 'of the name, a UEI or a CAGE code')
    .description('Find contractors by words and filters, the best first; `export` writes all of them to a file')
    .option(
      '--search <json>',
      `filters and order, as the API takes them, such as '{"state":["VA"],"sort":"value"}'`,
      '{}',
    )
    .option('--limit <number>', 'how many, up to 100', limitOf, 20)
    .option('--facets', 'count the matches by state, industry, business type, agency and status too')
    .option('--json', 'print the answer as JSON')
    .action(async (words: string[], { search, limit, facets = false, json }: Flags) => {
      const filters = readSearch(search)
      const q = words.length > 0 ? words.join(' ') : filters.q
      const found = await withApp(app =>
        app.db.transaction({}, tx => searchContractors(tx, { ...filters, q, limit, facets })),
      )
      process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : describe(found))
    })
}

function limitOf(given: string): number {
  const limit = Number(given)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100) return limit
  throw new InvalidArgumentError('It is a number from 1 to 100.')
}

function describe({ items, total, correctedQuery, facets, families }: SearchResult): string {
  const lines = items.map(({ id, uei, cageCode, name, state, totalContractValue }) => {
    const family = families?.find(({ contractorId }) => contractorId === id)
    return [
      (family?.uei ?? uei ?? '').padEnd(12),
      (family?.isNamedOnly ? '' : (cageCode ?? '')).padEnd(5),
      (state ?? '').padEnd(2),
      ((family ?? { totalContractValue }).totalContractValue ?? '').padStart(18),
      family ? `${family.name} (${family.contractorCount} contractors)` : name,
    ].join('  ')
  })
  const counted = Object.entries(facets ?? {}).flatMap(([facet, values]) =>
    typeof values === 'boolean' || values.length === 0
      ? []
      : [
          `  ${facet}: ${values
            .slice(0, 5)
            .map(({ label, count }) => `${label} ${count}`)
            .join(', ')}`,
        ],
  )
  const many = `${total.capped ? 'more than ' : ''}${total.count.toLocaleString('en-US')}`
  const corrected = correctedQuery === undefined ? '' : `, for “${correctedQuery}”`
  const said = total.count === 0 ? 'Nothing was found' : `${items.length} of ${many}`
  return `${[...lines, `${said}${corrected}`, ...counted].join('\n')}\n`
}
