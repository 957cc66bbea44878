import { type Queryable, sql } from '#platform/database'

/** The words of a query as the search takes them; `corrected` is set if a mistyped word was replaced. */
export type Words = {
  /** In the order typed; at most 16. */
  words: string[]
  /** As they were typed. */
  given: string[]
  /** The last word stands for all words that begin with it: it may be unfinished. */
  lastIsPrefix: boolean
  corrected: string | undefined
}

/**
 * Splits what somebody typed into plain words and corrects each that no contractor's name has: first to the most
 * frequent word at distance one (a letter missing, too many, wrong, or two neighbours swapped), then to the most
 * similar by trigrams. Only known words are offered, so a correction always finds something. `isLiteral`: none is corrected.
 */
export async function readWords(
  tx: Queryable,
  typed: string,
  { isLiteral = false }: { isLiteral?: boolean } = {},
): Promise<Words> {
  const isOpen = !/[\s\p{P}]$/u.test(typed)
  const rows = await tx.run<{ word: string; profiles: number | null; isKnown: boolean }>(sql`
    select
      given.word,
      same.profiles,
      not contractors.is_vocabulary(given.word)
        or same.word is not null
        or given.is_open and exists (
          select
          from contractors.search_words as begun
          where begun.word between given.word and given.word || ${lastCharacter}
        ) as is_known
    from (
      select
        left(word, ${longestWord}) collate "C" as word,
        position,
        position = cardinality(words) and ${isOpen} as is_open
      from
        (select string_to_array(contractors.plain_words(${typed}), ' ') as words) as plain,
        unnest(words) with ordinality as part (word, position)
    ) as given
    left join contractors.search_words as same on same.word = given.word
    order by position
    limit ${mostWords}
  `)
  const words = rows.map(row => row.word)
  const lastIsPrefix = isOpen && (rows.at(-1)?.profiles ?? 0) < finishedFrom
  const unknown = [...new Set(rows.filter(row => !row.isKnown).map(row => row.word))]
  if (isLiteral || unknown.length === 0) return { words, given: words, lastIsPrefix, corrected: undefined }
  const corrections = await correctWords(tx, unknown.slice(0, mostCorrections), isOpen ? words.at(-1) : undefined)
  if (corrections.size === 0) return { words, given: words, lastIsPrefix, corrected: undefined }
  const last = rows.at(-1)
  if (isOpen && last?.isKnown && last.profiles === null) {
    const finished = await finishWord(tx, last.word)
    if (finished !== undefined) corrections.set(last.word, finished)
  }
  const corrected = words.map(word => corrections.get(word) ?? word)
  return { words: corrected, given: words, lastIsPrefix, corrected: corrected.join(' ') }
}

/** A word in so many names is taken as finished: with all that begin with it (INC, INCENTIVE) it would find no more of use. */
const finishedFrom = 10_000
const mostWords = 16
/** No name has a longer word, and PostgreSQL takes none of 2,047 bytes. */
const longestWord = 500
const mostCorrections = 6
const lastCharacter = '\u{10ffff}'

/** The word that is most often meant by such a beginning, if but its last letter is missing. */
async function finishWord(tx: Queryable, begun: string): Promise<string | undefined> {
  if ([...begun].length < 4) return undefined
  const likeliest = await tx.maybe<{ word: string }>(sql`
    select word
    from (
      select word, profiles
      from contractors.search_words
      where word between ${begun} and ${begun + lastCharacter}
      limit 1000
    ) as finished
    order by profiles desc, word
    limit 1
  `)
  return likeliest && [...likeliest.word].length === [...begun].length + 1 ? likeliest.word : undefined
}

async function correctWords(tx: Queryable, unknown: string[], unfinished: string | undefined) {
  const corrections = new Map<string, string>()
  const take = (rows: { given: string; word: string }[]) => {
    for (const { given, word } of rows) corrections.set(given, word)
  }
  const missing = () => unknown.filter(word => !corrections.has(word))

  const near = unknown.flatMap(given => [...neighboursOf(given)].map(variant => ({ given, variant })))
  take(
    await tx.run(sql`
      select distinct on (given) given, word
      from unnest(${near.map(pair => pair.given)}::text[], ${near.map(pair => pair.variant)}::text[])
        as near (given, variant)
      join contractors.search_words on word = variant
      order by given, profiles desc, word
    `),
  )
  if (unfinished !== undefined && missing().includes(unfinished)) {
    take(
      await tx.run(sql`
        select ${unfinished}::text as given, variant as word
        from
          unnest(${[...neighboursOf(unfinished)]}::text[]) as variant,
          lateral (
            select sum(profiles) as profiles
            from (
              select profiles
              from contractors.search_words
              where word >= variant
                and word < variant || ${lastCharacter}
              limit 200
            ) as begun
          ) as begun
        where begun.profiles is not null
        order by begun.profiles desc, variant
        limit 1
      `),
    )
  }
  if (missing().length > 0) {
    take(
      await tx.run(sql`
        select given, word
        from
          unnest(${missing()}::text[]) as given,
          lateral (
            select word
            from contractors.search_words
            where word % given
              and similarity(word, given) >= 0.4
            order by similarity(word, given) desc, profiles desc, word
            limit 1
          ) as similar_word
      `),
    )
  }
  return corrections
}

/** All texts at distance one: a character left out, added, replaced, or swapped with its neighbour. */
function neighboursOf(word: string): Set<string> {
  const characters = [...word]
  const found = new Set<string>()
  const around = (at: number, width: number, middle: string) =>
    found.add(characters.slice(0, at).join('') + middle + characters.slice(at + width).join(''))
  for (let at = 0; at <= characters.length; at++) {
    const [here, next] = [characters[at], characters[at + 1]]
    for (const letter of alphabet) around(at, 0, letter)
    if (here === undefined) continue
    around(at, 1, '')
    for (const letter of alphabet) around(at, 1, letter)
    if (next !== undefined) around(at, 2, next + here)
  }
  found.delete(word)
  return found
}

const alphabet = [...'abcdefghijklmnopqrstuvwxyz0123456789']
