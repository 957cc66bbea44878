import pg from 'pg'
import { type Database, json, type Queryable, type Scope, sql } from '#platform/database'
import { foldProfiles, type Run } from '../imports/profiles.ts'
import { matchErrors as errors } from './match-errors.ts'
import { settleMerges } from './merges.ts'
import { lockMentions, openVendor, type Placement, placeMentions, takeTurn } from './placements.ts'

/** Who decides, and when; `now` also tells active from completed awards (its UTC day). */
export type Reviewer = { userId?: string | undefined; name: string; now: Date }

/** A decision as it was written. */
export type Decided = { id: string; kind: DecisionKind; profileId: string }
export type DecisionKind = 'accept' | 'reject' | 'split' | 'merge'

/** The mention is this contractor, one of its candidates or any other that is shown; an absorbed one leads to its survivor. */
export async function acceptMention(
  db: Database,
  scope: Scope,
  mentionId: string,
  { contractorId, reason }: { contractorId: string; reason?: string | undefined },
  reviewer: Reviewer,
): Promise<Decided> {
  return await decide(db, scope, reviewer, async run => {
    const mention = await requireUndecided(run, mentionId)
    const contractor = await requireShown(run, contractorId)
    const decided = await acceptAs(run, [{ mention, contractorId: contractor.id }], reviewer, reason)
    return { decided: decided[0]!, touched: decided.flatMap(({ touched }) => touched) }
  })
}

/** The mention is none of the known contractors: it becomes, or stays, a vendor of its own without UEI. */
export async function rejectMention(
  db: Database,
  scope: Scope,
  mentionId: string,
  { reason }: { reason: string },
  reviewer: Reviewer,
): Promise<Decided> {
  return await decide(db, scope, reviewer, async run => {
    const mention = await requireUndecided(run, mentionId)
    const vendorId = await openVendor(run, mentionId)
    const touched = await placeMentions(run, [byPerson(mention, 'rejected', vendorId, reason, reviewer)])
    const decided = await note(run, 'reject', { mentions: [mention], profileId: vendorId, reason }, reviewer)
    return { decided, touched }
  })
}

/** Takes mentions out of a contractor: together they become a vendor of their own without UEI. */
export async function splitContractor(
  db: Database,
  scope: Scope,
  contractorId: string,
  { mentionIds, reason }: { mentionIds: readonly string[]; reason: string },
  reviewer: Reviewer,
): Promise<Decided> {
  return await decide(db, scope, reviewer, async run => {
    const contractor = await requireShown(run, contractorId)
    const mentions = await lockMentions(run, mentionIds)
    const own = await run(sql<{ id: string }>`select unnest(contractors.profile_mentions(${contractor.id})) as id`)
    const strange = mentionIds.find(
      id => !own.some(mention => mention.id === id) || !mentions.some(mention => mention.id === id),
    )
    if (strange !== undefined) throw errors.mentionElsewhere({ id: strange, contractor: contractor.name })
    if (contractor.uei === null && own.length === mentions.length && !contractor.hasAbsorbed)
      throw errors.nothingLeft({ contractor: contractor.name })
    const vendorId = await openVendor(run, mentions[0]!.id)
    const touched = await placeMentions(
      run,
      mentions.map(mention => byPerson(mention, 'rejected', vendorId, reason, reviewer)),
    )
    const decided = await note(
      run,
      'split',
      { mentions, profileId: vendorId, otherProfileId: contractor.id, reason },
      reviewer,
    )
    return { decided, touched }
  })
}

/**
 * `absorbedId` is the same firm as `survivorId`, which has its records from now on; both rows and ids stay. If the
 * survivor was absorbed itself, the one that did takes this one too. Refuses stand-ins, hidden contractors, who has been
 * absorbed already, rings, and a contractor with UEI into one without.
 */
export async function mergeContractors(
  db: Database,
  scope: Scope,
  { survivorId, absorbedId, reason }: { survivorId: string; absorbedId: string; reason: string },
  reviewer: Reviewer,
): Promise<Decided> {
  return await decide(db, scope, reviewer, async run => {
    const absorbed = await requireShown(run, absorbedId, 'itself')
    const survivor = await requireShown(run, survivorId)
    if (absorbed.mergedInto !== null)
      throw errors.absorbedAlready({ contractor: absorbed.name, survivor: absorbed.survivorName })
    if (absorbed.id === survivor.id) throw errors.mergeIsRing({ contractor: absorbed.name })
    if (absorbed.uei !== null && survivor.uei === null)
      throw errors.mergeNeedsUei({ absorbed: absorbed.name, survivor: survivor.name })
    const decided = await note(
      run,
      'merge',
      { mentions: [], profileId: survivor.id, otherProfileId: absorbed.id, reason },
      reviewer,
    )
    return { decided, touched: await settleMerges(run) }
  })
}

/** Takes an absorbed contractor out of the one that absorbed it: undoes the merge that holds. */
export async function releaseContractor(
  db: Database,
  scope: Scope,
  contractorId: string,
  { absorbedId, reason }: { absorbedId: string; reason: string },
  reviewer: Reviewer,
): Promise<Decided> {
  const merge = await db.scoped(scope).maybe<{ id: string }>(sql`
    select decision.id
    from contractors.match_decisions as decision
    join contractors.contractor_profiles as absorbed on absorbed.id = decision.other_profile_id
    where decision.kind = 'merge'
      and decision.undone_at is null
      and decision.other_profile_id = ${absorbedId}
      and (absorbed.merged_into = ${contractorId} or decision.profile_id = ${contractorId})
  `)
  if (!merge) throw errors.notAbsorbed({ id: absorbedId })
  return await undoDecision(db, scope, merge.id, { reason }, reviewer)
}

/**
 * Takes a decision back: mentions are what they were before it, an absorbed contractor is itself again. Refuses one that
 * is undone already, and one after which the same mention was decided anew: that decision goes first.
 */
export async function undoDecision(
  db: Database,
  scope: Scope,
  id: string,
  { reason }: { reason: string },
  reviewer: Reviewer,
): Promise<Decided> {
  return await decide(db, scope, reviewer, run => undo(run, id, reason, reviewer))
}

/** Undoes all decisions of a bulk acceptance that still hold and were not followed by others. */
export async function undoBatch(
  db: Database,
  scope: Scope,
  batchId: string,
  { reason }: { reason: string },
  reviewer: Reviewer,
): Promise<{ undone: number; kept: number }> {
  return await decide(db, scope, reviewer, async run => {
    const decisions = await run(sql<{ id: string; isLast: boolean }>`
      select decision.id, not exists (${laterThan}) as "isLast"
      from contractors.match_decisions as decision
      where decision.batch_id = ${batchId}
        and decision.undone_at is null
    `)
    const undone = decisions.filter(({ isLast }) => isLast)
    const touched: string[] = []
    for (const { id } of undone) touched.push(...(await undo(run, id, reason, reviewer)).touched)
    return { decided: { undone: undone.length, kept: decisions.length - undone.length }, touched }
  })
}

export type BulkAcceptance = {
  /** 0 to 1. */
  minScore: number
  source?: string | undefined
  reason?: string | undefined
  dryRun?: boolean | undefined
}

/** Accepts the best candidate of each waiting mention where it has at least this score, at most 1,000 at a time. */
export async function acceptAbove(
  db: Database,
  scope: Scope,
  { minScore, source, reason, dryRun = false }: BulkAcceptance,
  reviewer: Reviewer,
): Promise<{ batchId: string | null; accepted: number; left: number }> {
  const matching = sql`
    from contractors.mentions as mention
    join contractors.contractor_profiles as candidate on candidate.id = (mention.candidates -> 0 ->> 'profileId')::uuid
    join contractors.contractor_profiles as contractor on contractor.id = coalesce(candidate.merged_into, candidate.id)
    where mention.status = 'review'
      and mention.score >= ${minScore}::real
      and not contractor.is_hidden
      and not contractor.is_placeholder
      ${source === undefined ? sql`` : sql`and mention.source = ${source}`}
  `
  if (dryRun) {
    const { count } = await db.scoped(scope).one<{ count: number }>(sql`select count(*)::integer as count ${matching}`)
    return { batchId: null, accepted: count, left: 0 }
  }
  return await decide(db, scope, reviewer, async run => {
    const found = await run(sql<{ id: string; contractor: string }>`
      select mention.id, contractor.id as contractor
      ${matching}
      order by mention.score desc, mention.id
      limit 1000
    `)
    const contractors = new Map(found.map(({ id, contractor }) => [id, contractor]))
    const mentions = await lockMentions(run, [...contractors.keys()])
    const [{ id: batchId }] = (await run(sql<{ id: string }>`select platform.uuid_v7() as id`)) as [{ id: string }]
    const decided = await acceptAs(
      run,
      mentions.map(mention => ({ mention, contractorId: contractors.get(mention.id)! })),
      reviewer,
      reason,
      batchId,
    )
    const [{ count }] = (await run(sql<{ count: number }>`select count(*)::integer as count ${matching}`)) as [
      { count: number },
    ]
    return {
      decided: { batchId: decided.length > 0 ? batchId : null, accepted: decided.length, left: count },
      touched: decided.flatMap(({ touched }) => touched),
    }
  })
}

/** One transaction for a decision, the profiles that follow from it and their families. */
async function decide<T>(
  db: Database,
  scope: Scope,
  { now }: Reviewer,
  work: (run: Run) => Promise<{ decided: T; touched: string[] }>,
): Promise<T> {
  try {
    return await db.transaction(scope, async (tx: Queryable) => {
      const run: Run = statement => tx.run(statement)
      await takeTurn(run)
      const { decided, touched } = await work(run)
      await refold(run, now, touched)
      return decided
    })
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '55P03') throw errors.catalogueBusy({}, error)
    throw error
  }
}

/** Makes these profiles anew, and the families of all of them: those that were absorbed or released have moved. */
export async function refold(run: Run, now: Date, touched: readonly string[]): Promise<void> {
  if (touched.length === 0) return
  const ids = [...new Set(touched)]
  await foldProfiles(run, now, { ids: sql`select unnest(${ids}::uuid[]) as id` })
  await run(sql`
    select contractors.refresh_families(array(
      select uei
      from contractors.contractor_profiles
      where id = any (${ids}::uuid[])
        and uei is not null
    ))
  `)
}

async function acceptAs(
  run: Run,
  choices: readonly { mention: Placement; contractorId: string }[],
  reviewer: Reviewer,
  reason: string | undefined,
  batchId?: string,
): Promise<(Decided & { touched: string[] })[]> {
  const placed = choices.map(({ mention, contractorId }) => {
    const candidate = mention.candidates.find(({ profileId }) => profileId === contractorId)
    const why = reason ?? (candidate?.reasons.map(({ text }) => text).join(' ') || 'Chosen by hand.')
    const placement = byPerson(mention, 'accepted', contractorId, why.slice(0, 1000), reviewer)
    return {
      mention,
      placement: { ...placement, score: candidate?.score ?? null, reasons: candidate?.reasons ?? [] },
    }
  })
  const touched = await placeMentions(
    run,
    placed.map(({ placement }) => placement),
  )
  const decided: (Decided & { touched: string[] })[] = []
  for (const { mention, placement } of placed)
    decided.push({
      ...(await note(
        run,
        'accept',
        {
          mentions: [mention],
          profileId: placement.profileId!,
          score: placement.score,
          reason: placement.reason!,
          batchId,
        },
        reviewer,
      )),
      touched: decided.length === 0 ? touched : [],
    })
  return decided
}

function byPerson(
  mention: Placement,
  status: 'accepted' | 'rejected',
  profileId: string,
  reason: string,
  { userId = undefined, name, now }: Reviewer,
): Placement {
  const at = now.toISOString()
  return {
    ...mention,
    status,
    profileId,
    reason,
    resolvedAt: mention.resolvedAt ?? at,
    decidedBy: userId ?? null,
    decidedByName: name,
    decidedAt: at,
  }
}

type Noted = {
  mentions: readonly Placement[]
  profileId: string
  otherProfileId?: string
  score?: number | null
  reason: string
  batchId?: string | undefined
}

export async function note(
  run: Run,
  kind: DecisionKind,
  { mentions, profileId, otherProfileId, score, reason, batchId }: Noted,
  { userId, name, now }: Reviewer,
): Promise<Decided> {
  const [decided] = await run(sql<{ id: string }>`
    insert into contractors.match_decisions
      (kind, batch_id, mention_ids, profile_id, other_profile_id, score, reason, before, decided_by, decided_by_name, decided_at)
    values (
      ${kind}, ${batchId ?? null}, ${mentions.map(({ id }) => id)}::uuid[], ${profileId}, ${otherProfileId ?? null},
      ${score ?? null}::real, ${reason}, ${json(mentions)}, ${userId ?? null}, ${name}, ${now}
    )
    returning id
  `)
  return { id: decided!.id, kind, profileId }
}

/** Decisions about a mention of `decision` that came after it and hold. */
const laterThan = sql`
  select
  from contractors.match_decisions as later
  where later.mention_ids && decision.mention_ids
    and later.undone_at is null
    and later.id > decision.id
`

async function undo(run: Run, id: string, reason: string, { userId, name, now }: Reviewer) {
  const [decision] = await run(sql<{
    kind: DecisionKind
    profile: string
    before: Placement[]
    undone: string | null
    undoer: string | null
    later: string | null
  }>`
    select kind, profile_id as profile, before, undone_at::text as undone, undone_by_name as undoer,
      (
        select later.decided_by_name
        from contractors.match_decisions as later
        where later.mention_ids && decision.mention_ids
          and later.undone_at is null
          and later.id > decision.id
        limit 1
      ) as later
    from contractors.match_decisions as decision
    where id = ${id}
  `)
  if (!decision) throw errors.decisionNotFound({ id })
  if (decision.undone !== null) throw errors.undoneAlready({ by: decision.undoer, at: decision.undone })
  if (decision.later !== null) throw errors.decidedSince({ by: decision.later })
  await run(sql`
    update contractors.match_decisions
    set undone_by = ${userId ?? null},
      undone_by_name = ${name},
      undone_at = ${now},
      undo_reason = ${reason}
    where id = ${id}
  `)
  const touched = decision.kind === 'merge' ? await settleMerges(run) : await placeMentions(run, decision.before)
  return { decided: { id, kind: decision.kind, profileId: decision.profile }, touched }
}

async function requireUndecided(run: Run, id: string): Promise<Placement> {
  const [mention] = await lockMentions(run, [id])
  if (!mention) throw errors.mentionNotFound({ id })
  if (mention.decidedAt === null) return mention
  const [chosen] = await run(sql<{ name: string }>`
    select name from contractors.contractor_profiles where id = ${mention.profileId}
  `)
  throw errors.decidedAlready({
    by: mention.decidedByName,
    at: mention.decidedAt,
    what: mention.status === 'accepted' ? `accepted it as ${chosen?.name}` : 'rejected all candidates',
    profileId: mention.profileId,
  })
}

type Shown = {
  id: string
  name: string
  uei: string | null
  mergedInto: string | null
  survivorName: string | null
  hasAbsorbed: boolean
}

async function requireShown(run: Run, id: string, which: 'survivor' | 'itself' = 'survivor'): Promise<Shown> {
  type Row = { shown: Shown & { isHidden: boolean; isPlaceholder: boolean } }
  const find = async (wanted: string) =>
    (
      await run(sql<Row>`
        select jsonb_build_object(
          'id', profile.id, 'name', profile.name, 'uei', profile.uei, 'mergedInto', profile.merged_into,
          'survivorName', survivor.name, 'isHidden', profile.is_hidden, 'isPlaceholder', profile.is_placeholder,
          'hasAbsorbed', exists (select from contractors.contractor_profiles as other where other.merged_into = profile.id)
        ) as shown
        from contractors.contractor_profiles as profile
        left join contractors.contractor_profiles as survivor on survivor.id = profile.merged_into
        where profile.id = ${wanted}
      `)
    )[0]?.shown
  let found = await find(id)
  if (found?.mergedInto && which === 'survivor') found = await find(found.mergedInto)
  if (!found || found.isHidden) throw errors.contractorUnknown({ id })
  if (found.isPlaceholder) throw errors.placeholderStays({ contractor: found.name })
  return found
}
