import { type Reader, sql } from '#platform/database'
import { finishedFrom, lastCharacter, tsqueryOf, type Words } from './vocabulary.ts'

/**
 * What was meant by words of which one or more are mistyped; undefined if nothing better than what was typed is known.
 *
 * A word that no name has is replaced by one at distance one (a letter missing, too many, wrong, or two neighbours swapped),
 * else by the most similar by trigrams. Of several, that one is meant with which the words are the name of a contractor, else
 * that which most contractors have together with the other words, else the most frequent. Where names have each of the words,
 * but none has all of them, one word is replaced so that there is one.
 */
export async function correctWords(tx: Reader, typed: Words): Promise<Words | undefined> {
  if (typed.unknown.length === 0) return await correctOne(tx, typed)
  const unknown = typed.unknown.slice(0, mostCorrections)
  const near = await findNear(tx, unknown)
  const last = typed.words.at(-1)
  if (typed.isOpen && last && unknown.includes(last) && !near.has(last)) await addBegun(tx, near, last)
  const meant = await chooseSpelling(tx, typed, near)
  if (meant?.isTogether && unknown.every(word => near.has(word))) return await finishWord(tx, meant.words)
  const candidates = await addSimilar(tx, near, unknown)
  const similar = await chooseSpelling(tx, typed, candidates)
  const chosen = similar?.isTogether ? similar : (meant ?? similar)
  return chosen && (await finishWord(tx, chosen.words))
}

const mostCorrections = 6

/** Each of the words is in a name: any one of them may be meant to be another. */
async function correctOne(tx: Reader, typed: Words): Promise<Words | undefined> {
  const { words } = typed
  if (words.length < 2) return undefined
  const near = await findNear(
    tx,
    words.filter(word => [...word].length >= 4 && !/^\d+$/.test(word)),
  )
  const spellings = [...near].flatMap(one => spellingsOf(typed, new Map([one])))
  const [asTyped, ...found] = await countSpellings(tx, [{ words: typed, profiles: 0 }, ...spellings])
  if (asTyped === undefined || asTyped.count > 0) return undefined
  return best(found)?.words
}

const mostOfOne = 32

type Candidate = { word: string; profiles: number }
/** Of each word, the most likely first. */
type Candidates = Map<string, Candidate[]>
type Spelling = { words: Words; profiles: number }
type Counted = Spelling & { count: number; isName: boolean }

async function chooseSpelling(tx: Reader, typed: Words, candidates: Candidates) {
  const spellings = spellingsOf(typed, candidates)
  const [likeliest] = spellings
  if (likeliest === undefined) return undefined
  // Of one word the most frequent is meant: whatever is chosen, there are contractors that have it.
  if (typed.words.length === 1) return { words: likeliest.words, isTogether: true }
  const together = best(await countSpellings(tx, spellings))
  return { words: together?.words ?? likeliest.words, isTogether: together !== undefined }
}

/** With each word replaced by each of its candidates, so many of the likeliest as are looked at together. */
function spellingsOf(typed: Words, candidates: Candidates): Spelling[] {
  const most = [1, mostOfOne, 6, 3][candidates.size] ?? 2
  let spellings: { replaced: Map<string, Candidate>; profiles: number }[] = [{ replaced: new Map(), profiles: 1 }]
  for (const [given, meant] of candidates) {
    spellings = spellings.flatMap(({ replaced, profiles }) =>
      meant.slice(0, most).map(candidate => ({
        replaced: new Map([...replaced, [given, candidate]]),
        profiles: profiles * candidate.profiles,
      })),
    )
  }
  return spellings
    .filter(({ replaced }) => replaced.size > 0)
    .map(({ replaced, profiles }) => {
      const words = typed.words.map(word => replaced.get(word)?.word ?? word)
      const last = replaced.get(typed.words.at(-1) ?? '')
      return {
        words: { ...typed, words, lastIsPrefix: typed.lastIsPrefix && (last?.profiles ?? 0) < finishedFrom },
        profiles,
      }
    })
}

/** How many contractors have all words of a spelling, up to 100, and whether one is called by them. */
async function countSpellings(tx: Reader, spellings: readonly Spelling[]): Promise<Counted[]> {
  const rows = await tx.run<{ count: number; isName: boolean }>(sql`
    select matched.count, named.is_name
    from
      unnest(
        ${spellings.map(({ words }) => tsqueryOf(words))}::text[],
        ${spellings.map(({ words }) => words.words.join(' '))}::text[]
      ) with ordinality as spelling (query, name, position),
      lateral (
        select count(*) as count
        from (
          select
          from contractors.contractor_profiles
          where search_words @@ spelling.query::tsquery
            and not is_hidden
            and merged_into is null
          limit 100
        ) as having_all
      ) as matched,
      lateral (
        select exists (
          select
          from contractors.contractor_profiles
          where matched.count > 0
            and search_name = contractors.words_without_legal_form(spelling.name)
            and not is_hidden
            and merged_into is null
        ) as is_name
      ) as named
    order by position
  `)
  return spellings.flatMap((spelling, at) => (rows[at] ? [{ ...spelling, ...rows[at] }] : []))
}

function best(spellings: readonly Counted[]): Counted | undefined {
  const found = spellings.filter(({ count }) => count > 0)
  return found.sort((a, b) => Number(b.isName) - Number(a.isName) || b.count - a.count || b.profiles - a.profiles)[0]
}

async function findNear(tx: Reader, given: readonly string[]): Promise<Candidates> {
  const near = given.flatMap(word => [...neighboursOf(word)].map(variant => ({ word, variant })))
  const rows = await tx.run<Candidate & { given: string }>(sql`
    select given, word, profiles
    from unnest(${near.map(({ word }) => word)}::text[], ${near.map(({ variant }) => variant)}::text[])
      as near (given, variant)
    join contractors.search_words on word = variant
    order by profiles desc, word
  `)
  return Map.groupBy(rows, row => row.given)
}

/** The last word may be unfinished and mistyped: beginnings at distance one. */
async function addBegun(tx: Reader, candidates: Candidates, given: string): Promise<void> {
  const begun = await tx.run<Candidate>(sql`
    select variant as word, begun.profiles
    from
      unnest(${[...neighboursOf(given)]}::text[]) as variant,
      lateral (
        select sum(profiles)::integer as profiles
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
    limit 6
  `)
  if (begun.length > 0) candidates.set(given, begun)
}

async function addSimilar(tx: Reader, near: Candidates, given: readonly string[]): Promise<Candidates> {
  const rows = await tx.run<Candidate & { given: string }>(sql`
    select given, word, profiles
    from
      unnest(${given}::text[]) as given,
      lateral (
        select word, profiles, similarity(word, given) as similarity
        from contractors.search_words
        where word % given
          and similarity(word, given) >= 0.4
        order by similarity(word, given) desc, profiles desc, word
        limit 10
      ) as similar_word
    order by similarity desc, profiles desc, word
  `)
  const similar = Map.groupBy(rows, row => row.given)
  const all = new Map(given.map(word => [word, [...(near.get(word) ?? []), ...(similar.get(word) ?? [])]]))
  return new Map([...all].filter(([, candidates]) => candidates.length > 0))
}

/** The word that is most often meant by a beginning with which the last word stands, if but its last letter is missing. */
async function finishWord(tx: Reader, meant: Words): Promise<Words> {
  const begun = meant.words.at(-1)
  if (!meant.lastIsBegun || begun === undefined || [...begun].length < 4) return meant
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
  if (!likeliest || [...likeliest.word].length !== [...begun].length + 1) return meant
  return { ...meant, words: [...meant.words.slice(0, -1), likeliest.word] }
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
