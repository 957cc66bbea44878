import type { App } from '#platform/app.ts'
import { type Database, type Queryable, sql } from '#platform/database'
import { enqueue, type Job } from '#platform/jobs'
import type { Run } from '../imports/profiles.ts'
import { refreshSummaryJob } from '../summary/refreshes.ts'
import { clusterMentions } from './clusters.ts'
import { type Match, matchMentions } from './engine.ts'
import { settleMerges } from './merges.ts'
import { lockMentions, openVendor, type Placement, placeMentions, type StatedReason, takeTurn } from './placements.ts'
import { note, refold } from './reviews.ts'
import type { Mention } from './scoring.ts'

export type Resolved = { looked: number; accepted: number; review: number; rejected: number }

export const resolveMentionsJob: Job = {
  name: 'contractors.resolve_mentions',
  description: 'Find out which contractors the vendors’ texts of sources without identifiers mean',
  // Also by itself: an import at the command line has no worker beside it.
  cron: '*/10 * * * *',
  async run(_data, app) {
    const resolved = await resolveMentions(app.db, {
      now: () => app.clock.now(),
      onProgress: progress => logProgress(app, progress),
    })
    if (resolved.looked === 0) return
    app.log.info(resolved, 'Mentions of contractors are resolved')
    // Vendors of their own are contractors too.
    await enqueue(app.db.unscoped, refreshSummaryJob, {})
  },
}

export type Progress = Resolved & { left: number }

export type ResolveOptions = {
  now: () => Date
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
  /** Instead of the engine, for tests. */
  match?: typeof matchMentions
}

/**
 * Looks at every mention that nobody has looked at since an import changed the catalogue, in batches, each in a
 * transaction of its own: whoever is stopped goes on where he was. What a person decided stays. In order: the
 * identifier that the mention has (CAGE), if one contractor alone has it and the name does not speak against it; an
 * award with the same number, where the name is near; then the score.
 */
export async function resolveMentions(db: Database, options: ResolveOptions): Promise<Resolved> {
  const { now, onProgress, signal, match = matchMentions } = options
  const done: Resolved = { looked: 0, accepted: 0, review: 0, rejected: 0 }
  for (;;) {
    signal?.throwIfAborted()
    const mentions = await db.unscoped.run<Mention>(sql`
      select id, name, street, city, state, zip_code, country, cage_code, first_seen, last_seen
      from contractors.mentions as mention
      ${seen}
      where resolved_at is null
        and decided_at is null
      order by id
      limit ${batch}
    `)
    if (mentions.length === 0) return done
    const matches = await db.transaction({}, async tx => {
      // A plan for all would read whole tables for few words.
      await tx.run(sql`select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)`)
      return await addAwards(tx, await match(tx, mentions))
    })
    const verdicts = matches.map(found => verdictOf(found))
    const counts = await db.transaction({}, async tx => await settle(tx, mentions, verdicts, now()))
    done.looked += mentions.length
    done.accepted += counts.accepted
    done.review += counts.review
    done.rejected += counts.rejected
    if (onProgress) onProgress({ ...done, left: await countWaiting(db.unscoped) })
  }
}

const batch = 200
const kept = 5

/** When its awards were signed, as far as its sources tell. */
const seen = sql`
  left join lateral (
    select min(listed.signed_date) as first_seen, max(listed.signed_date) as last_seen
    from contractors.listed_awards as listed
    where listed.mention_id = mention.id
  ) as seen on true
`

async function countWaiting(tx: Queryable): Promise<number> {
  const { left } = await tx.one<{ left: number }>(sql`
    select count(*)::integer as left
    from contractors.mentions
    where resolved_at is null
      and decided_at is null
  `)
  return left
}

function logProgress(app: App, { looked, left }: Progress): void {
  app.log.debug({ looked, left }, 'Resolving mentions of contractors')
}

type Candidate = Pick<Match['candidates'][number], 'profileId' | 'name' | 'score'> & { reasons: StatedReason[] }

/** What is found about a mention, with the contractors that have an award of the same number. */
type Evidence = Omit<Match, 'candidates'> & {
  candidates: Candidate[]
  awards: Map<string, string>
  soleOfCage: string | undefined
}

/** Each mention's candidates by the numbers of the awards that its records list, and who alone has its CAGE code. */
async function addAwards(tx: Queryable, matches: readonly Match[]): Promise<Evidence[]> {
  const ids = matches.map(({ mentionId }) => mentionId)
  const shared = await tx.run<{ mentionId: string; profileId: string; name: string; piid: string }>(sql`
    select distinct on (listed.mention_id, profile.id) listed.mention_id, profile.id as profile_id, profile.name,
      listed.piid
    from contractors.listed_awards as listed
    join contractors.awards as award on award.piid = listed.piid and award.mention_id is null
    join contractors.contractor_profiles as named on named.uei = award.uei
    join contractors.contractor_profiles as profile on profile.id = coalesce(named.merged_into, named.id)
    where listed.mention_id = any (${ids}::uuid[])
      and not profile.is_hidden
      and not profile.is_placeholder
      -- A number that several contractors have says nothing.
      and not exists (
        select
        from contractors.awards as other
        where other.piid = listed.piid
          and other.mention_id is null
          and other.uei <> award.uei
      )
    order by listed.mention_id, profile.id, listed.piid
  `)
  const cages = await tx.run<{ mentionId: string; profileId: string }>(sql`
    select mention.id as mention_id, min(profile.id::text) as profile_id
    from contractors.mentions as mention
    join contractors.contractor_profiles as profile on profile.cage_code = mention.cage_code
    where mention.id = any (${ids}::uuid[])
      and profile.merged_into is null
      and not profile.is_hidden
      and not profile.is_placeholder
    group by mention.id
    having count(*) = 1
  `)
  const soles = new Map(cages.map(({ mentionId, profileId }) => [mentionId, profileId]))
  return matches.map(match => {
    const here = shared.filter(({ mentionId }) => mentionId === match.mentionId)
    const candidates: Candidate[] = match.candidates.map(candidate => {
      const award = here.find(({ profileId }) => profileId === candidate.profileId)
      return award ? { ...candidate, reasons: [awardReason(award.piid), ...candidate.reasons] } : candidate
    })
    for (const { profileId, name, piid } of here) {
      if (candidates.some(candidate => candidate.profileId === profileId)) continue
      candidates.push({ profileId, name, score: 0, reasons: [awardReason(piid)] })
    }
    return {
      ...match,
      candidates,
      awards: new Map(here.map(({ profileId, piid }) => [profileId, piid])),
      soleOfCage: soles.get(match.mentionId),
    }
  })
}

const awardReason = (piid: string): StatedReason => ({
  kind: 'same_award',
  weight: 3,
  text: `The award ${piid} of the list is known as this contractor’s.`,
})

type Verdict = Pick<Placement, 'id' | 'score' | 'reason' | 'reasons' | 'candidates'> & {
  status: 'accepted' | 'review' | 'rejected'
  /** Of an accepted one. */
  profileId: string | undefined
}

function verdictOf({ mentionId, candidates, decision, reason, awards, soleOfCage }: Evidence): Verdict {
  const shown = candidates.slice(0, kept)
  for (const candidate of candidates.slice(kept)) if (awards.has(candidate.profileId)) shown.push(candidate)
  const best = candidates[0]
  const verdict = {
    id: mentionId,
    score: best?.score ?? null,
    candidates: shown.map(({ profileId, score, reasons }) => ({ profileId, score, reasons })),
  }
  const accept = (candidate: Candidate, why: string): Verdict => ({
    ...verdict,
    status: 'accepted',
    profileId: candidate.profileId,
    score: candidate.score,
    reason: why,
    reasons: candidate.reasons,
  })
  const byCage = candidates.find(({ profileId }) => profileId === soleOfCage)
  if (byCage && !byCage.reasons.some(({ kind }) => kind === 'name_differs'))
    return accept(byCage, `${byCage.name} alone has its CAGE code, and the names agree.`)
  if (best && decision === 'accept') return accept(best, reason)
  if (best && decision === 'review' && awards.size === 1 && awards.has(best.profileId))
    return accept(
      best,
      `${best.name} is the likeliest by name, and has the award ${awards.get(best.profileId)} of the list.`,
    )
  const doubted = decision === 'review' || awards.size > 0
  return {
    ...verdict,
    status: doubted ? 'review' : 'rejected',
    profileId: undefined,
    reason:
      decision !== 'review' && doubted
        ? 'No name is near, yet a contractor has an award with the same number.'
        : reason,
    reasons: best?.reasons ?? [],
  }
}

/** Writes a batch of verdicts, those of mentions that a person has decided meanwhile aside. */
async function settle(
  tx: Queryable,
  mentions: readonly Mention[],
  verdicts: readonly Verdict[],
  now: Date,
): Promise<Omit<Resolved, 'looked'>> {
  const run: Run = statement => tx.run(statement)
  await takeTurn(run)
  const counts = { accepted: 0, review: 0, rejected: 0 }
  const before = new Map(
    (
      await lockMentions(
        run,
        verdicts.map(({ id }) => id),
      )
    ).map(mention => [mention.id, mention]),
  )
  const open = verdicts.filter(({ id }) => before.get(id)?.decidedAt === null)
  const homes = await survivorsOf(
    run,
    open.flatMap(({ profileId }) => (profileId === undefined ? [] : [profileId])),
  )
  const placements: Placement[] = []
  for (const verdict of open) {
    counts[verdict.status]++
    if (verdict.status === 'rejected') continue
    placements.push(
      placed(verdict, verdict.profileId === undefined ? null : (homes.get(verdict.profileId) ?? null), now),
    )
  }
  const rejected = new Map(open.filter(({ status }) => status === 'rejected').map(verdict => [verdict.id, verdict]))
  for (const { id, mentionIds } of await clusterRejected(
    run,
    mentions.filter(({ id }) => rejected.has(id)),
  )) {
    const vendorId = id ?? (await openVendor(run, mentionIds[0]!))
    for (const mention of mentionIds) placements.push(placed(rejected.get(mention)!, vendorId, now))
  }
  // What stays as it was writes no more than that it was looked at.
  const changed = placements.filter(placement => !isSame(placement, before.get(placement.id)!))
  const seen = placements.filter(placement => !changed.includes(placement)).map(({ id }) => id)
  await run(sql`
    update contractors.mentions
    set resolved_at = ${now}
    where id = any (${seen}::uuid[])
  `)
  const touched = await placeMentions(run, changed)
  touched.push(...(await mergeEmptied(run, changed, before, now)))
  await refold(run, now, touched)
  return counts
}

const isSame = (one: Placement, other: Placement) =>
  one.status === other.status &&
  one.profileId === other.profileId &&
  one.reason === other.reason &&
  JSON.stringify(one.candidates) === JSON.stringify(other.candidates)

function placed(
  { id, status, score, reason, reasons, candidates }: Verdict,
  profileId: string | null,
  now: Date,
): Placement {
  return {
    id,
    // Whom it was found to be is there no more: somebody has to look.
    status: status === 'accepted' && profileId === null ? 'review' : status,
    profileId,
    score,
    reason,
    reasons,
    candidates,
    resolvedAt: now.toISOString(),
    decidedBy: null,
    decidedByName: null,
    decidedAt: null,
  }
}

async function survivorsOf(run: Run, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await run(sql<{ id: string; home: string }>`
    select id, coalesce(merged_into, id) as home
    from contractors.contractor_profiles
    where id = any (${ids}::uuid[])
      and not is_hidden
  `)
  return new Map(rows.map(({ id, home }) => [id, home]))
}

/** With all mentions that are vendors of their own already: the new ones join them, or become vendors together. */
async function clusterRejected(
  run: Run,
  mentions: readonly Mention[],
): Promise<{ id: string | undefined; mentionIds: string[] }[]> {
  if (mentions.length === 0) return []
  const known = await run(sql<{ mention: Mention; vendor: string }>`
    select
      jsonb_build_object(
        'id', mention.id, 'name', mention.name, 'street', street, 'city', mention.city, 'state', mention.state,
        'zipCode', mention.zip_code, 'country', mention.country, 'cageCode', mention.cage_code,
        'firstSeen', seen.first_seen, 'lastSeen', seen.last_seen
      ) as mention,
      vendor.id as vendor
    from contractors.mentions as mention
    ${seen}
    join contractors.contractor_profiles as vendor on vendor.id = mention.profile_id
    where vendor.uei is null
      and vendor.merged_into is null
    order by mention.updated_at desc
    limit ${mostKnown}
  `)
  const fresh = new Set(mentions.map(({ id }) => id))
  const given = new Map(known.map(({ mention, vendor }) => [mention.id, vendor]))
  const others = known.flatMap(({ mention }) => (fresh.has(mention.id) ? [] : [mention]))
  const vendors = new Set(given.values())
  return clusterMentions([...mentions, ...others], { given }).flatMap(({ id, mentionIds }) =>
    mentionIds.some(mention => fresh.has(mention))
      ? [{ id: vendors.has(id) ? id : undefined, mentionIds: mentionIds.filter(mention => fresh.has(mention)) }]
      : [],
  )
}

/** Vendors without UEI beyond these are not looked at when a new mention looks for its like. */
const mostKnown = 20_000

/** A vendor all of whose mentions were found to be another contractor is merged into that one: lists that have it go on. */
async function mergeEmptied(
  run: Run,
  changed: readonly Placement[],
  before: ReadonlyMap<string, Placement>,
  now: Date,
): Promise<string[]> {
  const moved = new Map<string, string>()
  for (const { id, profileId } of changed) {
    const left = before.get(id)!.profileId
    if (left !== null && profileId !== null && left !== profileId) moved.set(left, profileId)
  }
  if (moved.size === 0) return []
  const emptied = await run(sql<{ id: string }>`
    select id
    from contractors.contractor_profiles as vendor
    where id = any (${[...moved.keys()]}::uuid[])
      and uei is null
      and merged_into is null
      and not exists (select from contractors.mentions as mention where mention.profile_id = vendor.id)
      and not exists (select from contractors.contractor_profiles as absorbed where absorbed.merged_into = vendor.id)
  `)
  for (const { id } of emptied)
    await note(
      run,
      'merge',
      {
        mentions: [],
        profileId: moved.get(id)!,
        otherProfileId: id,
        reason: 'All its mentions were found to be this contractor.',
      },
      { name: 'Commonhold', now },
    )
  return emptied.length > 0 ? await settleMerges(run) : []
}
