import { type Queryable, sql } from '#platform/database'
import type { Address } from './addresses.ts'
import type { WordWeights } from './comparing.ts'
import { normalNames, plainWords, spellingsOf } from './normal-names.ts'
import type { Known, NameKind, Prepared } from './scoring.ts'

/** What the catalogue knows that could be meant by each mention, in their order, and how much its words tell. */
export type Found = { known: Known[][]; words: WordWeights }

/**
 * Looks for contractors with the same letters in their name, with its beginning, with its rare words (typing slips
 * mended by the vocabulary), with the CAGE code, or behind the same door. Some sixty for a mention at most, the frequent
 * ones last: of a name such as CAPITAL GROUP only those with the whole name.
 */
export async function findCandidates(tx: Queryable, mentions: readonly Prepared[]): Promise<Found> {
  const vocabulary = await readVocabulary(tx, mentions)
  const rows = await tx.run(blockingQuery(mentions, vocabulary))
  const known = await readKnown(tx, [...new Set(rows.map(row => row.profileId))])
  const found = mentions.map(() => new Map<string, Known>())
  for (const { mention, profileId } of rows) {
    const profile = known.get(profileId)
    if (profile) found[mention]!.set(profile.profileId, profile)
  }
  const named = [...known.values()].flatMap(profile => profile.names.map(({ name }) => name))
  return {
    known: found.map(profiles => [...profiles.values()]),
    words: await completeWeights(tx, vocabulary, named),
  }
}

type Vocabulary = { profiles: number; counts: Map<string, number>; corrections: Map<string, string[]> }

async function readVocabulary(tx: Queryable, mentions: readonly Prepared[]): Promise<Vocabulary> {
  const profiles = await countProfiles(tx)
  const counts = new Map<string, number>()
  const asked = new Set(
    mentions.flatMap(({ names }) => names.flatMap(name => [...name.words, ...gluedWords(name.plain)])),
  )
  await addCounts(tx, counts, asked)
  const vocabulary: Vocabulary = { profiles, counts, corrections: new Map() }
  const unknown = [...asked].filter(
    word => word.length >= 4 && !/^\d+$/.test(word) && frequencyOf(vocabulary, word) === 0 && isWordOf(mentions, word),
  )
  if (unknown.length > 0) {
    const rows = await tx.run<{ asked: string; word: string; profiles: number }>(sql`
      select given.asked, near.word, near.profiles
      from unnest(${unknown}::text[]) as given (asked)
      cross join lateral (
        select s.word, s.profiles
        from contractors.search_words as s
        where s.word % given.asked
          and abs(length(s.word) - length(given.asked)) <= 3
        order by similarity(s.word, given.asked) desc, s.profiles desc
        limit 4
      ) as near
    `)
    for (const row of rows) {
      counts.set(row.word, row.profiles)
      vocabulary.corrections.set(row.asked, [...(vocabulary.corrections.get(row.asked) ?? []), row.word])
    }
  }
  return vocabulary
}

const isWordOf = (mentions: readonly Prepared[], word: string) =>
  mentions.some(({ names }) => names.some(name => name.words.includes(word)))

async function countProfiles(tx: Queryable): Promise<number> {
  const { profiles } = await tx.one<{ profiles: number }>(sql`
    select
      case
        when c.reltuples > 10000 then c.reltuples::bigint
        else (select count(*) from contractors.contractor_profiles)
      end as profiles
    from pg_class as c
    where c.oid = 'contractors.contractor_profiles'::regclass
  `)
  return Math.max(profiles, 1)
}

async function addCounts(tx: Queryable, counts: Map<string, number>, words: Iterable<string>): Promise<void> {
  const spellings = [...new Set([...words].flatMap(spellingsOf))].filter(word => !counts.has(word))
  for (const word of spellings) counts.set(word, 0)
  const rows = await tx.run<{ word: string; profiles: number }>(sql`
    select word, profiles
    from contractors.search_words
    where word = any(${spellings}::text[])
  `)
  for (const { word, profiles } of rows) counts.set(word, profiles)
}

function frequencyOf({ counts }: Pick<Vocabulary, 'counts'>, word: string): number {
  return spellingsOf(word).reduce((sum, spelling) => sum + (counts.get(spelling) ?? 0), 0)
}

async function completeWeights(tx: Queryable, vocabulary: Vocabulary, names: readonly string[]): Promise<WordWeights> {
  await addCounts(
    tx,
    vocabulary.counts,
    new Set(names.flatMap(name => normalNames(name).flatMap(({ words }) => words))),
  )
  return weightsOf(vocabulary.profiles, word => frequencyOf(vocabulary, word))
}

/** Short words and numbers are in no vocabulary: taken as one in three hundred names. A word that nobody has is as rare as one that one has. */
export function weightsOf(
  profiles: number,
  frequencyOf: (word: string) => number,
  isKnown: (word: string) => boolean = isCounted,
): WordWeights {
  const total = Math.log(Math.max(profiles, 2))
  const cache = new Map<string, number>()
  return {
    total,
    weigh(word) {
      let weight = cache.get(word)
      if (weight === undefined) {
        const frequency = Math.max(1, isKnown(word) ? frequencyOf(word) : profiles / uncountedShare)
        weight = Math.max(0.1, Math.log(Math.max(profiles, 2) / frequency))
        cache.set(word, weight)
      }
      return weight
    },
  }
}

/** CORE LOGIC as CORELOGIC, CORNELL U NIVERSITY as CORNELL UNIVERSITY. */
const gluedWords = (plain: readonly string[]) => plain.slice(1).map((word, place) => plain[place]! + word)

type Plan = {
  mention: number
  /** As written: what the database makes the same of. */
  texts: string[]
  /** Names without gaps: the same. */
  same: string[]
  /** Names without gaps: beginning so. */
  begins: string[]
  /** Text of tsquery. */
  words: string[]
  cage: string | null
  zip: string | null
  number: string | null
}

function blockingQuery(mentions: readonly Prepared[], vocabulary: Vocabulary) {
  const plans = mentions.map((prepared, mention) => planOf(prepared, mention, vocabulary))
  return sql<{ mention: number; profileId: string }>`
    with plans as (
      select *
      from jsonb_to_recordset(${JSON.stringify(plans)}::jsonb)
        as p (mention integer, texts text[], same text[], begins text[], words text[], cage text, zip text, number text)
    ),
    named as (
      select plans.mention, found.uei
      from plans
      cross join lateral (
        select unnest(plans.same) as compact
        union
        select replace(contractors.normal_name(written), ' ', '')
        from unnest(plans.texts) as written
      ) as asked
      cross join lateral (
        select n.uei
        from contractors.profile_names as n
        where replace(n.normal_name, ' ', '') = asked.compact
        limit 60
      ) as found
      union
      select plans.mention, found.uei
      from plans
      cross join lateral unnest(plans.begins) as asked (compact)
      cross join lateral (
        select n.uei
        from contractors.profile_names as n
        where replace(n.normal_name, ' ', '') >= asked.compact
          and replace(n.normal_name, ' ', '') < asked.compact || '~'
        order by replace(n.normal_name, ' ', '')
        limit 30
      ) as found
      union
      select plans.mention, found.uei
      from plans
      cross join lateral unnest(plans.words) as asked (words)
      cross join lateral (
        select n.uei
        from (
          select uei
          from contractors.profile_names
          where kind <> 'legal'
            and array_to_tsvector(string_to_array(normal_name, ' ')) @@ asked.words::tsquery
          offset 0
        ) as n
        limit 60
      ) as found
    )
    -- Fenced in, because the planner would rather read all profiles for so many estimated rows: 800 ms for one mention.
    select named.mention, found.id as profile_id
    from named
    cross join lateral (
      select p.id
      from contractors.contractor_profiles as p
      where p.uei = named.uei
      offset 0
    ) as found
    union
    select plans.mention, found.id
    from plans
    cross join lateral unnest(plans.words) as asked (words)
    cross join lateral (
      select m.id
      from (
        select id, value_rank
        from contractors.contractor_profiles
        where search_words @@ asked.words::tsquery
        offset 0
      ) as m
      order by m.value_rank desc
      limit 60
    ) as found
    union
    select plans.mention, found.id
    from plans
    cross join lateral (
      select p.id
      from contractors.contractor_profiles as p
      where p.cage_code = plans.cage
      limit 60
    ) as found
    union
    select plans.mention, found.id
    from plans
    cross join lateral (
      select p.id
      from contractors.contractor_profiles as p
      where left(p.zip_code, 5) = plans.zip
        and substring(p.address_line_1 from '^[0-9]+') = plans.number
        and p.zip_code is not null
        and p.address_line_1 is not null
      limit 30
    ) as found
  `
}

function planOf({ mention, names, address }: Prepared, place: number, vocabulary: Vocabulary): Plan {
  const same = new Set<string>()
  const begins = new Set<string>()
  const words = new Set<string>()
  for (const name of names) {
    const spellings = [name.plain, plainWords(name.text), name.words].map(list => list.join(''))
    if (name.plain[0] === 'the') spellings.push(name.plain.slice(1).join(''))
    for (const compact of spellings) {
      if (compact.length >= 2) same.add(compact.slice(0, 200))
      if (compact.length >= 4) begins.add(compact.slice(0, 200))
    }
    for (let length = name.plain.length - 1; length >= 2; length--) same.add(name.plain.slice(0, length).join(''))
    for (const query of wordQueries(name, vocabulary)) words.add(query)
  }
  const isDoor = /^\d+$/.test(address.number) && /^\d{5}$/.test(address.zip)
  return {
    mention: place,
    texts: names.map(name => name.text.slice(0, 500)),
    same: [...same],
    begins: [...begins],
    words: [...words],
    cage: mention.cageCode || null,
    zip: isDoor ? address.zip : null,
    number: isDoor ? address.number : null,
  }
}

/** Alone a word that few have; else with others until few have them all. Words come together more often than chance has it: ten times. */
function wordQueries({ words, plain }: Prepared['names'][number], vocabulary: Vocabulary): string[] {
  const few = 60
  const terms = [...new Set(words)]
    .flatMap(word => termOf(word, vocabulary))
    .sort((one, other) => one.count - other.count)
    .slice(0, 5)
  const queries: string[] = []
  for (const glued of gluedWords(plain)) {
    const [term] = frequencyOf(vocabulary, glued) > 0 ? termOf(glued, vocabulary) : []
    if (term && term.count <= few) queries.push(term.text)
  }
  for (const [place, one] of terms.entries()) {
    if (one.count <= few) {
      queries.push(one.text)
      continue
    }
    for (const [next, other] of terms.entries()) {
      if (next <= place) continue
      if ((10 * one.count * other.count) / vocabulary.profiles <= 5 * few) queries.push(`${one.text} & ${other.text}`)
      else
        for (const third of terms.slice(next + 1))
          if ((100 * one.count * other.count * third.count) / vocabulary.profiles ** 2 <= 10 * few)
            queries.push(`${one.text} & ${other.text} & ${third.text}`)
    }
  }
  if (queries.length === 0 && terms.length > 0) queries.push(terms.map(term => term.text).join(' & '))
  return queries.slice(0, 8)
}

/** None for a word that nobody has and nothing is near. Short words and numbers are not counted: taken as frequent. */
function termOf(word: string, vocabulary: Vocabulary): { text: string; count: number }[] {
  if (!isCounted(word)) return [{ text: `'${word}'`, count: vocabulary.profiles / uncountedShare }]
  const spellings = spellingsOf(word).filter(spelling => (vocabulary.counts.get(spelling) ?? 0) > 0)
  const meant = spellings.length > 0 ? spellings : (vocabulary.corrections.get(word) ?? [])
  if (meant.length === 0) return []
  const count = meant.reduce((sum, spelling) => sum + (vocabulary.counts.get(spelling) ?? 0), 0)
  return [{ text: `(${meant.map(spelling => `'${spelling}'`).join(' | ')})`, count }]
}

/** As contractors.is_vocabulary has it. */
const isCounted = (word: string) => word.length >= 3 && word.length <= 32 && !/^\d+$/.test(word)
const uncountedShare = 300

/** By the id that was found: one that was merged into another leads to that one. Stand-ins and hidden ones are nobody. */
export async function readKnown(tx: Queryable, profileIds: readonly string[]): Promise<Map<string, Known>> {
  type Row = {
    found: string
    profileId: string
    uei: string | null
    name: string
    records: number
    cageCodes: string[] | null
    names: { name: string; kind: NameKind }[] | null
    addresses: Address[]
  }
  const rows = await tx.run<Row>(sql`
    with asked as (
      select given.id as found, coalesce(p.merged_into, p.id) as id
      from unnest(${profileIds}::uuid[]) as given (id)
      join contractors.contractor_profiles as p on p.id = given.id
    ),
    survivors as materialized (
      select id, contractors.profile_ueis(id) as ueis
      from (select distinct id from asked) as one
    )
    select
      asked.found,
      p.id as profile_id,
      p.uei,
      p.name,
      p.active_contracts_count + p.completed_contracts_count as records,
      case when p.cage_code is null then told.cage_codes else array_append(told.cage_codes, p.cage_code) end as cage_codes,
      coalesce(
        told.addresses,
        jsonb_build_array(
          jsonb_build_object(
            'street', p.address_line_1, 'city', p.city, 'state', p.state, 'zipCode', p.zip_code, 'country', p.country
          )
        )
      ) as addresses,
      (
        select jsonb_agg(jsonb_build_object('name', n.name, 'kind', n.kind) order by n.name)
        from contractors.profile_names as n
        where n.uei = any (survivors.ueis)
      ) as names
    from asked
    join survivors on survivors.id = asked.id
    join contractors.contractor_profiles as p on p.id = asked.id
    left join lateral (
      select
        array_agg(distinct o.fields ->> 'cageCode') filter (where o.fields ? 'cageCode') as cage_codes,
        jsonb_agg(
          distinct jsonb_build_object(
            'street', o.fields -> 'street' ->> 'addressLine1',
            'city', o.fields ->> 'city',
            'state', o.fields ->> 'state',
            'zipCode', o.fields ->> 'zipCode',
            'country', o.fields ->> 'country'
          )
        ) filter (where o.fields ? 'city') as addresses
      from contractors.observations as o
      where o.uei = any (survivors.ueis)
    ) as told on true
    where not p.is_placeholder
      and not p.is_hidden
  `)
  return new Map(
    rows.map(row => [
      row.found,
      {
        profileId: row.profileId,
        uei: row.uei ?? '',
        name: row.name,
        names: row.names ?? [{ name: row.name, kind: 'legal' }],
        addresses: row.addresses,
        cageCodes: row.cageCodes ?? [],
        records: row.records,
      },
    ]),
  )
}
