import { matchMentions } from '../src/contractors/matching/engine.ts'
import type { Mention } from '../src/contractors/matching/scoring.ts'
import type { Bench } from './context.ts'
import { fullSize, generateCatalogue, generateNames } from './contractors/generation.ts'

const asked = 1000

/**
 * How long recognising 1,000 vendors takes among 900,000 generated contractors: their names with a word less, a slip of the
 * hand, or another legal form, half of them with an address; in batches of 100, and one by one.
 */
const bench: Bench = async context => {
  await generateCatalogue(context, { ...fullSize, awards: 0 })
  await generateNames(context)
  const { db, admin } = context
  const { rows } = await admin.query<Mention & { uei: string }>(`
    select id, uei, name, address_line_1 as street, city, state, zip_code as "zipCode"
    from contractors.contractor_profiles tablesample bernoulli (1) repeatable (7)
    where uei is not null
    order by md5(uei)
    limit ${asked + 100}
  `)
  const mentions = rows.map((row, place) => mistyped(row, place))
  await db.transaction({}, tx => matchMentions(tx, mentions.slice(asked)))

  const alone: number[] = []
  for (const mention of mentions.slice(0, 200)) alone.push(await timeOf([mention]))
  const batches: number[] = []
  let right = 0
  for (let start = 0; start < asked; start += 100) {
    const batch = mentions.slice(start, start + 100)
    const began = performance.now()
    const matches = await db.transaction({}, tx => matchMentions(tx, batch))
    batches.push((performance.now() - began) / batch.length)
    right += matches.filter(({ candidates }, place) => candidates[0]?.uei === rows[start + place]!.uei).length
  }
  return [
    {
      name: 'recognising a vendor among 900,000, in batches of 100, p95 of batches',
      ...target(quantile(batches, 0.95), 20),
    },
    { name: 'the same, mean', value: batches.reduce((sum, time) => sum + time, 0) / batches.length, unit: 'ms' },
    { name: 'one vendor alone, median', value: quantile(alone, 0.5), unit: 'ms' },
    { name: 'one vendor alone, p95', ...target(quantile(alone, 0.95), 100) },
    { name: 'right one first, of 1,000 (names are recombined: many have doubles)', value: right / asked, unit: '' },
  ]

  async function timeOf(batch: readonly Mention[]): Promise<number> {
    const began = performance.now()
    await db.transaction({}, tx => matchMentions(tx, batch))
    return performance.now() - began
  }
}

export default bench

function mistyped({ id, name, ...place }: Mention, number: number): Mention {
  const words = name.split(' ')
  const long = words.findIndex(word => word.length > 5)
  const written = [
    name,
    words.slice(0, -1).join(' ') || name,
    long < 0 ? name : words.with(long, words[long]!.slice(0, 3) + words[long]!.slice(4)).join(' '),
    `${name.replace(/,? (INC|LLC|CORP)\.?$/, '')} CORPORATION`,
  ][number % 4]!
  return number % 2 === 0 ? { id, name: written } : { id, name: written, ...place }
}

const target = (value: number, most: number) => ({ value, unit: 'ms', target: `≤ ${most}`, ok: value <= most })
const quantile = (times: readonly number[], share: number) =>
  times.toSorted((one, other) => one - other)[Math.min(times.length - 1, Math.floor(times.length * share))]!
