import { type Reader, sql } from '#platform/database'

/** The words of a query as the search takes them. */
export type Words = {
  /** In the order typed; at most 16. */
  words: string[]
  /** Those that no contractor's name has, though one could; each once. */
  unknown: string[]
  /** Nothing was typed behind the last word: it may be unfinished. */
  isOpen: boolean
  /** The last word stands for all words that begin with it. */
  lastIsPrefix: boolean
  /** No name has the last word, but some have one that begins with it. */
  lastIsBegun: boolean
}

/** Splits what somebody typed into plain words, and tells which of them are in names. */
export async function readWords(tx: Reader, typed: string): Promise<Words> {
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
  const last = rows.at(-1)
  return {
    words: rows.map(({ word }) => word),
    unknown: [...new Set(rows.filter(({ isKnown }) => !isKnown).map(({ word }) => word))],
    isOpen,
    lastIsPrefix: isOpen && (last?.profiles ?? 0) < finishedFrom,
    lastIsBegun: isOpen && last?.isKnown === true && last.profiles === null,
  }
}

/** A word in so many names is taken as finished: with all that begin with it (INC, INCENTIVE) it would find no more of use. */
export const finishedFrom = 10_000
const mostWords = 16
/** No name has a longer word, and PostgreSQL takes none of 2,047 bytes. */
const longestWord = 500
export const lastCharacter = '\u{10ffff}'

/** Beginnings of up to three letters are lexemes of their own, `^lei`, where the vector `hasBeginnings`. */
export function tsqueryOf(
  { words, lastIsPrefix }: Pick<Words, 'words' | 'lastIsPrefix'>,
  hasBeginnings = true,
): string {
  const lexemes = words.map((word, index) => {
    const quoted = word.replace(/['\\]/g, '$&$&')
    if (!lastIsPrefix || index < words.length - 1) return `'${quoted}'`
    return hasBeginnings && [...word].length <= 3 ? `'^${quoted}'` : `'${quoted}':*`
  })
  return lexemes.join(' & ')
}
