import { fileURLToPath } from 'node:url'
import { importFile } from '#contractors'
import { type Database, sql } from '#platform/database'
import { clusterMentions, type GroupWeights } from '../src/contractors/matching/clusters.ts'
import { matchMentions } from '../src/contractors/matching/engine.ts'
import { type MentionPair, type PairWeights, pairMentions } from '../src/contractors/matching/mention-pairs.ts'
import { normalName } from '../src/contractors/matching/normal-names.ts'
import type { Feature, Known, Weights } from '../src/contractors/matching/scoring.ts'
import {
  groupWeights,
  groupWeightsWithoutCage,
  pairWeights,
  pairWeightsWithoutCage,
  thresholds,
  weights,
} from '../src/contractors/matching/weights.ts'
import type { Bench, BenchResult } from './context.ts'
import { type ClusterFigures, measureClusters } from './resolution/clustering.ts'
import { fitCompeting, fitTrials, type Trial } from './resolution/fitting.ts'
import { foldOf, type LabelledMention, readMentions, readTypedVendors, type TypedVendor } from './resolution/labels.ts'
import { type Case, collectCases, examplesOf, figuresOf, judge, type Outcome } from './resolution/linking.ts'

const folds = 5

/**
 * How well vendors without identifier are recognised among the contractors of the demonstration data, on labels that the
 * engine does not see. "Out of fold": weights and thresholds come from four fifths of the families, the figure from the
 * fifth. "As shipped": by the weights of the program, which were fitted on all of these families.
 *
 * - typed: vendors as people typed them into a list, name only, without pairs that are suspect of being wrong. A hit is
 *   the UEI of the pair, not its family.
 * - auto-accepted: `coverage` is the share of typed vendors that are accepted, `precision` the share of those that are right.
 * - false links: typed vendors that are accepted although their firm was taken out of what is known.
 * - blocks: vendor blocks of awards with address and without CAGE code; unless said otherwise what their own text
 *   contributed to the profile is left out.
 * - clusters: all blocks among themselves; the truth is the UEI. "Within families" also counts it as right when two
 *   UEIs of one parent are put together.
 */
const bench: Bench = async ({ db, admin, log }) => {
  await importDemonstration(db, log)
  await admin.query('vacuum analyze')
  const typed = readTypedVendors().filter(({ isSuspect }) => !isSuspect)
  const mentions = readMentions()
  const links = await measureLinks(db, typed, mentions, log)
  return [...links, ...measureClusterings(mentions, log)]
}

export default bench

async function importDemonstration(db: Database, log: (line: string) => void): Promise<void> {
  const sources = {
    fpds_idv: 'fpds_idv_actions',
    fpds_awards: 'fpds_awards',
    fpds_vendors: 'fpds_vendor_observations',
    entities: 'entities',
  }
  for (const [source, file] of Object.entries(sources)) {
    const path = fileURLToPath(new URL(`../data/contractors/${file}.csv.gz`, import.meta.url))
    const { rows, duration } = await importFile(db, { path, source }, { now: new Date() })
    log(`${file}: ${rows.read} rows in ${duration.toFixed(0)} s`)
  }
}

async function measureLinks(
  db: Database,
  typed: readonly TypedVendor[],
  mentions: readonly LabelledMention[],
  log: (line: string) => void,
): Promise<BenchResult[]> {
  const labelled = typed.map(({ name, uei, family }, place) => ({ mention: { id: String(place), name }, uei, family }))
  const started = performance.now()
  const ofTyped = await collectCases(db, labelled)
  log(`${ofTyped.length} typed vendors, ${((performance.now() - started) / ofTyped.length).toFixed(1)} ms each`)
  const coded = mentions.filter(({ cageCode }) => cageCode !== '')
  const ofBlocks = await collectCases(
    db,
    mentions.map(block => labelOf(block, '')),
    withoutItself(mentions),
  )
  const ofCoded = await collectCases(
    db,
    coded.map(block => labelOf(block, block.cageCode)),
    withoutItself(coded),
  )

  const differing = new Set(typed.flatMap(({ name, legalName }, place) => (name === legalName ? [] : [String(place)])))
  const outcomes = { typed: new Map<Case, Outcome>(), blocks: new Map<Case, Outcome>() }
  for (let fold = 0; fold < folds; fold++) {
    const isTraining = ({ family }: Case) => foldOf(family, folds) !== fold
    const fitted = fitLinks(ofTyped.filter(isTraining), ofBlocks.filter(isTraining), ofCoded.filter(isTraining))
    log(`fold ${fold + 1}: accept from ${fitted.thresholds.accept}`)
    for (const one of ofTyped)
      if (!isTraining(one)) outcomes.typed.set(one, judge(one, fitted.weights, fitted.thresholds))
    for (const one of ofBlocks)
      if (!isTraining(one)) outcomes.blocks.set(one, judge(one, fitted.weights, fitted.thresholds))
  }
  const all = fitLinks(ofTyped, ofBlocks, ofCoded)
  log(`weights fitted on all families: ${JSON.stringify(rounded(all.weights))}`)

  const outOf = figuresOf([...outcomes.typed.values()])
  const outOfDiffering = figuresOf(
    [...outcomes.typed].filter(([{ mention }]) => differing.has(mention.id)).map(([, outcome]) => outcome),
  )
  const shipped = ofTyped.map(one => judge(one, weights, thresholds))
  const shippedDiffering = figuresOf(shipped.filter((_, place) => differing.has(String(place))))
  const whole = figuresOf(shipped)
  for (const [place, outcome] of shipped.entries())
    if (!outcome.isFirst || (outcome.isAccepted && !outcome.isFirst))
      log(
        `missed: ${typed[place]!.name} is ${typed[place]!.legalName} ${typed[place]!.uei}, ${outcome.decision} ${outcome.best}`,
      )
  const known = [...outcomes.blocks].filter(([{ candidates, uei }]) =>
    candidates.some(candidate => candidate.known.uei === uei),
  )
  const blocks = figuresOf(known.map(([, outcome]) => outcome))
  const inCatalogue = figuresOf(
    (
      await collectCases(
        db,
        mentions.map(block => labelOf(block, '')),
      )
    ).map(one => judge(one, weights, thresholds)),
  )
  const engine = await measureEngine(db, typed)
  const equal = await nameEquality(db, typed)
  const cage = await cageEquality(db, mentions)
  return [
    atLeast(`typed names that differ (${differing.size}), recall@1, out of fold`, outOfDiffering.recall, 0.96),
    atLeast(`typed names that differ (${differing.size}), recall@1, as shipped`, shippedDiffering.recall, 0.96),
    plain('baseline: normalised name is equal and one firm has it, recall@1 on the same', equal.recallDiffering),
    atLeast(`typed vendors (${typed.length}), precision of auto-accepted, out of fold`, outOf.precision, 0.995),
    atLeast(`typed vendors (${typed.length}), coverage of auto-accepted, out of fold`, outOf.coverage, 0.9),
    atLeast('the same as shipped, precision', whole.precision, 0.995),
    atLeast('the same as shipped, coverage', whole.coverage, 0.9),
    plain('of those that differ, precision of auto-accepted, out of fold', outOfDiffering.precision),
    plain('of those that differ, coverage of auto-accepted, out of fold', outOfDiffering.coverage),
    plain('through matchMentions as shipped, precision', engine.precision),
    plain('through matchMentions as shipped, coverage', engine.coverage),
    plain('baseline: normalised name, precision', equal.precision),
    plain('baseline: normalised name, coverage', equal.coverage),
    atMost('false links with the true profile removed, of typed vendors, out of fold', outOf.falseLinks, 0.02),
    atMost('false links with the true profile removed, of typed vendors, as shipped', whole.falseLinks, 0.02),
    plain(`blocks of firms seen elsewhere too (${known.length}), recall@1, out of fold`, blocks.recall),
    plain('blocks, precision of auto-accepted, out of fold', blocks.precision),
    plain('blocks, coverage of auto-accepted, out of fold', blocks.coverage),
    plain(
      `all blocks (${mentions.length}) against the catalogue that has their text, recall@1, as shipped`,
      inCatalogue.recall,
    ),
    plain('the same, precision of auto-accepted', inCatalogue.precision),
    plain('the same, coverage of auto-accepted', inCatalogue.coverage),
    plain(
      'the same, false links with the true profile removed: mostly namesakes of one parent',
      inCatalogue.falseLinks,
    ),
    plain('baseline: CAGE code, coverage of all blocks', cage.coverage),
    plain('baseline: CAGE code, precision', cage.precision),
  ]
}

const ofNames: Feature[] = [
  'bias',
  'sameName',
  'missingOfOne',
  'missingOfOther',
  'inexact',
  'surplus',
  'firstWordDiffers',
  'otherLegalForm',
  'otherName',
  'records',
]

/** Names first, on what people typed; then places and CAGE codes, what names weigh being settled. Thresholds from the same cases. */
function fitLinks(typed: readonly Case[], blocks: readonly Case[], coded: readonly Case[]) {
  const ofPlaces = (Object.keys(weights) as Feature[]).filter(feature => !ofNames.includes(feature))
  let fitted: Weights = weights
  fitted = fitCompeting(examplesOf(typed, fitted), fitted, ofNames)
  fitted = fitCompeting([...examplesOf(blocks, fitted), ...examplesOf(coded, fitted)], fitted, ofPlaces)
  const steps = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9]
  const judged = (cases: readonly Case[], accept: number) =>
    figuresOf(cases.map(one => judge(one, fitted, { ...thresholds, accept })))
  const accept = steps.find(step => {
    const { precision, falseLinks } = judged(typed, step)
    return precision >= 0.996 && falseLinks <= 0.018
  })
  return { weights: fitted, thresholds: { ...thresholds, accept: accept ?? 0.9 } }
}

const labelOf = (
  { id, name, street, city, state, zipCode, country, uei, family }: LabelledMention,
  cageCode: string,
) => ({
  mention: { id, name, street, city, state, zipCode, country, cageCode },
  uei,
  family,
})

/** Of its own firm a block sees only what the other blocks say. */
function withoutItself(shown: readonly LabelledMention[]) {
  const all = Map.groupBy(readMentions(), ({ uei }) => uei)
  return (known: Known, place: number): Known | undefined => {
    const block = shown[place]!
    if (known.uei !== block.uei) return known
    const others = all.get(block.uei)!.filter(({ id }) => id !== block.id)
    if (others.length === 0) return undefined
    const kinds = new Map(known.names.map(({ name, kind }) => [name, kind]))
    return {
      ...known,
      names: [...new Set(others.map(({ name }) => name))].map(name => ({ name, kind: kinds.get(name) ?? 'former' })),
      addresses: others,
      cageCodes: others.map(({ cageCode }) => cageCode).filter(code => code !== ''),
    }
  }
}

async function measureEngine(db: Database, typed: readonly TypedVendor[]) {
  const asked = typed.map(({ name }, place) => ({ id: String(place), name }))
  const matches = await db.transaction({}, tx => matchMentions(tx, asked))
  const accepted = matches.filter(({ decision }) => decision === 'accept')
  const right = accepted.filter(({ mentionId, candidates }) => candidates[0]?.uei === typed[Number(mentionId)]!.uei)
  return { precision: right.length / accepted.length, coverage: accepted.length / typed.length }
}

/** Accepts where exactly one firm has the same normalised name. */
async function nameEquality(db: Database, typed: readonly TypedVendor[]) {
  const rows = await db.unscoped.run<{ uei: string; name: string }>(
    sql`select uei, name from contractors.profile_names`,
  )
  const firms = new Map<string, Set<string>>()
  for (const { uei, name } of rows) {
    const key = normalName(name).words.join(' ')
    firms.set(key, (firms.get(key) ?? new Set()).add(uei))
  }
  const answers = typed.map(({ name }) => [...(firms.get(normalName(name).words.join(' ')) ?? [])])
  const accepted = answers.filter(found => found.length === 1)
  const right = answers.filter((found, place) => found.length === 1 && found[0] === typed[place]!.uei)
  const differing = typed.filter(({ name, legalName }) => name !== legalName)
  const rightDiffering = typed.filter(
    ({ name, legalName, uei }, place) =>
      name !== legalName && answers[place]!.length === 1 && answers[place]![0] === uei,
  )
  return {
    recallDiffering: rightDiffering.length / differing.length,
    precision: right.length / accepted.length,
    coverage: accepted.length / typed.length,
  }
}

async function cageEquality(db: Database, mentions: readonly LabelledMention[]) {
  const rows = await db.unscoped.run<{ uei: string; cageCode: string }>(
    sql`select uei, cage_code from contractors.contractor_profiles where cage_code is not null`,
  )
  const firms = new Map(rows.map(({ uei, cageCode }) => [cageCode, uei]))
  const found = mentions.filter(({ cageCode }) => firms.has(cageCode))
  const right = found.filter(({ cageCode, uei }) => firms.get(cageCode) === uei)
  return { coverage: found.length / mentions.length, precision: right.length / found.length }
}

/** Needs no database. */
export function measureClusterings(mentions: readonly LabelledMention[], log: (line: string) => void): BenchResult[] {
  const results: BenchResult[] = []
  for (const withCage of [true, false]) {
    const blocks = mentions
      .map(block => ({ ...block, cageCode: withCage ? block.cageCode : '' }))
      .sort((one, other) => (one.id < other.id ? -1 : 1))
    const start = withCage ? pairWeights : pairWeightsWithoutCage
    const pairs = pairMentions(blocks)
    const label = withCage ? 'clusters' : 'clusters without CAGE codes'
    const rounds = (withCage ? partitions : partitions.slice(0, 1)).map(partition => {
      const figures = measureOutOfFold(blocks, start, partition)
      log(`${label}, families divided by "${partition}": ${JSON.stringify(figures)}`)
      return figures
    })
    const lists = listsOf(blocks)
    const all = fitPairs(lists, start)
    const allGroups = fitGroups(lists, all)
    log(`${label}: weights fitted on all families: ${JSON.stringify(rounded(all))}`)
    log(`${label}: of groups: ${JSON.stringify(rounded(allGroups))}`)
    const truth = blocks.map(({ uei }) => uei)
    const shipped = clusterMentions(blocks, { pairs, weights: start })
    const clusterOf = new Map(
      shipped.flatMap(({ id, mentionIds }) => mentionIds.map(mention => [mention, id] as const)),
    )
    const outOf = (figure: keyof ClusterFigures) =>
      rounds.reduce((sum, round) => sum + round[figure], 0) / rounds.length
    const least = (figure: keyof ClusterFigures) => Math.min(...rounds.map(round => round[figure]))
    const whole = measureClusters(
      blocks.map(({ id }) => clusterOf.get(id)!),
      truth,
    )
    const families = measureClusters(
      blocks.map(({ id }) => clusterOf.get(id)!),
      blocks.map(({ family }) => family),
    )
    const byName = measureClusters(
      blocks.map(({ name }) => normalName(name).words.join(' ')),
      truth,
    )
    const target = withCage ? atLeast : (name: string, value: number) => plain(name, value)
    results.push(
      target(`${label}, B-cubed F1, out of fold`, outOf('bCubedF1'), 0.97),
      target(`${label}, pair precision, out of fold`, outOf('pairPrecision'), 0.95),
      target(`${label}, pair recall, out of fold`, outOf('pairRecall'), 0.65),
      plain(`${label}, B-cubed F1, out of fold, least of ${rounds.length} partitions`, least('bCubedF1')),
      plain(`${label}, pair precision, out of fold, least of ${rounds.length} partitions`, least('pairPrecision')),
      target(`${label}, B-cubed F1, as shipped`, whole.bCubedF1, 0.97),
      target(`${label}, pair precision, as shipped`, whole.pairPrecision, 0.95),
      target(`${label}, pair recall, as shipped`, whole.pairRecall, 0.65),
      plain(`${label}, B-cubed precision, as shipped`, whole.bCubedPrecision),
      plain(`${label}, B-cubed recall, as shipped`, whole.bCubedRecall),
      plain(`${label}, pair precision within families, as shipped`, families.pairPrecision),
      plain(`${label}, furthest that a shipped weight of pairs is from the fitted`, furthest(start, all)),
      plain(
        `${label}, furthest that a shipped weight of groups is from the fitted`,
        furthest(withCage ? groupWeights : groupWeightsWithoutCage, allGroups),
      ),
    )
    if (withCage) {
      const byCage = measureClusters(
        blocks.map(({ id, cageCode }) => cageCode || id),
        truth,
      )
      results.push(
        plain('baseline: CAGE code, B-cubed F1', byCage.bCubedF1),
        plain('baseline: CAGE code, pair precision', byCage.pairPrecision),
        plain('baseline: CAGE code, pair recall', byCage.pairRecall),
        plain('baseline: normalised name, B-cubed F1', byName.bCubedF1),
        plain('baseline: normalised name, pair precision', byName.pairPrecision),
        plain('baseline: normalised name, pair recall', byName.pairRecall),
      )
    }
  }
  return results
}

/**
 * Which families are in one fold changes a figure by a few thousandths: the mean of several ways to divide them tells more.
 * None of these served to choose features; the bars were chosen on '', 'a', 'b' and 'c', but for the last choice between two of them.
 */
const partitions = ['d', 'e', 'f', 'g', 'h']

/** Each fold is clustered by itself, as an unseen set of families would be. */
function measureOutOfFold(blocks: readonly LabelledMention[], start: PairWeights, partition: string) {
  const found = new Map<string, string>()
  const isIn = (fold: number, { family }: LabelledMention) => foldOf(partition + family, folds) === fold
  for (let fold = 0; fold < folds; fold++) {
    const lists = listsOf(blocks.filter(block => !isIn(fold, block)))
    const weights = fitPairs(lists, start)
    const groupWeights = fitGroups(lists, weights)
    const rest = blocks.filter(block => isIn(fold, block))
    for (const { id, mentionIds } of clusterMentions(rest, { weights, groupWeights }))
      for (const mention of mentionIds) found.set(mention, id)
  }
  return measureClusters(
    blocks.map(({ id }) => found.get(id)!),
    blocks.map(({ uei }) => uei),
  )
}

type List = { blocks: readonly LabelledMention[]; pairs: readonly MentionPair[] }

/**
 * All together, and the families in halves and in quarters: lists of vendors are long and short, and the shorter one is, the
 * fewer names, doors and rivals there are to be told apart.
 */
function listsOf(blocks: readonly LabelledMention[]): List[] {
  const parts = [2, 4].flatMap(count =>
    Array.from({ length: count }, (_, part) => blocks.filter(({ family }) => foldOf(`list${family}`, count) === part)),
  )
  return [blocks, ...parts].map(list => ({ blocks: list, pairs: pairMentions(list) }))
}

/**
 * From the groups that come up while mentions are clustered, first as the likeliest pair says, then twice as was learnt.
 * What share of their pairs is right is what there is to learn.
 */
function fitGroups(lists: readonly List[], weights: PairWeights) {
  const ueis = new Map(lists.flatMap(({ blocks }) => blocks.map(({ id, uei }) => [id, uei])))
  // Not that of the program: what is learnt stays the same when a bar is moved.
  const caution = lists.some(({ blocks }) => blocks.some(({ cageCode }) => cageCode)) ? 0.25 : 0
  let fitted: GroupWeights = { ...noGroupWeights, bias: -0.3, best: 0.85, mean: 0.15 }
  let trials: Trial[] = []
  for (let round = 0; round < 3; round++) {
    const seen: Trial[] = []
    for (const { blocks, pairs } of lists)
      clusterMentions(blocks, {
        pairs,
        weights,
        groupWeights: fitted,
        threshold: round === 0 ? -0.3 : -0.2,
        caution,
        onOffer(one, other, features) {
          const right = one.flatMap(({ id }) => other.filter(mention => ueis.get(mention.id) === ueis.get(id)))
          const share = right.length / (one.length * other.length)
          const weight = Math.sqrt(Math.min(one.length, other.length)) / lists.length
          seen.push({ features, isRight: true, weight: weight * share })
          seen.push({ features, isRight: false, weight: weight * (1 - share) })
        },
      })
    trials = round === 0 ? seen : [...trials, ...seen]
    fitted = fitTrials(trials, noGroupWeights, {})
  }
  return fitted
}

const noGroupWeights = Object.fromEntries(Object.keys(groupWeights).map(feature => [feature, 0])) as GroupWeights

/** A mention with many pairs is of a firm with many mentions: all together they count as its root. */
function fitPairs(lists: readonly List[], start: PairWeights) {
  const trials = lists.flatMap(({ blocks, pairs: all }) => {
    const counts = blocks.map(() => 0)
    // Two CAGE codes decide by themselves.
    const pairs = all.filter(({ one, other }) => !blocks[one]!.cageCode || !blocks[other]!.cageCode)
    for (const { one, other } of pairs) for (const place of [one, other]) counts[place]!++
    return pairs.map(({ one, other, features }) => ({
      features,
      isRight: blocks[one]!.uei === blocks[other]!.uei,
      weight: 1 / Math.sqrt(Math.max(counts[one]!, counts[other]!)) / lists.length,
    }))
  })
  return { ...fitTrials(trials, start), sameCage: start.sameCage, differentCage: start.differentCage }
}

const rounded = (fitted: Record<string, number>) =>
  Object.fromEntries(Object.entries(fitted).map(([feature, weight]) => [feature, Math.round(weight * 100) / 100]))

const furthest = (shipped: Record<string, number>, fitted: Record<string, number>) =>
  Math.max(...Object.keys(shipped).map(feature => Math.abs(shipped[feature]! - fitted[feature]!)))

const plain = (name: string, value: number): BenchResult => ({ name, value: round(value), unit: '' })
const atLeast = (name: string, value: number, target: number): BenchResult => ({
  ...plain(name, value),
  target: `≥ ${target}`,
  ok: value >= target,
})
const atMost = (name: string, value: number, target: number): BenchResult => ({
  ...plain(name, value),
  target: `≤ ${target}`,
  ok: value <= target,
})
const round = (value: number) => Math.round(value * 10_000) / 10_000
