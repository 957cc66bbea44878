import { json, sql } from '#platform/database'
import type { Run } from '../imports/profiles.ts'
import { bringRecords } from './mentions.ts'
import type { Reason } from './scoring.ts'

export type MentionStatus = 'new' | 'accepted' | 'review' | 'rejected'

/** Why; `weight` in log-odds as the engine has it. */
export type StatedReason = { kind: Reason['kind'] | 'same_award'; weight: number; text: string }

/** A candidate as it is kept with its mention. */
export type KeptCandidate = { profileId: string; score: number; reasons: StatedReason[] }

/** What a mention is found to be; times as ISO text. */
export type Placement = {
  id: string
  status: MentionStatus
  profileId: string | null
  score: number | null
  reason: string | null
  reasons: StatedReason[]
  candidates: KeptCandidate[]
  resolvedAt: string | null
  decidedBy: string | null
  decidedByName: string | null
  decidedAt: string | null
}

/** As they are, locked: the caller decides and nobody else does meanwhile. In the order of their ids. */
export async function lockMentions(run: Run, ids: readonly string[]): Promise<Placement[]> {
  const rows = await run(sql<{ placement: Placement }>`
    select jsonb_build_object(
      'id', id, 'status', status, 'profileId', profile_id, 'score', score, 'reason', reason, 'reasons', reasons,
      'candidates', candidates, 'resolvedAt', resolved_at, 'decidedBy', decided_by, 'decidedByName', decided_by_name,
      'decidedAt', decided_at
    ) as placement
    from contractors.mentions
    where id = any (${ids}::uuid[])
    order by id
    for no key update
  `)
  return rows.map(({ placement }) => placement)
}

/** Writes what mentions are found to be and moves their records. The profiles that have won or lost some, by id. */
export async function placeMentions(run: Run, placements: readonly Placement[]): Promise<string[]> {
  if (placements.length === 0) return []
  const ids = placements.map(({ id }) => id)
  const before = await run(sql<{ id: string }>`
    select distinct profile_id as id
    from contractors.mentions
    where id = any (${ids}::uuid[])
      and profile_id is not null
  `)
  await run(sql`
    update contractors.mentions as mention
    set status = placed.status,
      profile_id = placed."profileId",
      score = placed.score,
      reason = placed.reason,
      reasons = placed.reasons,
      candidates = placed.candidates,
      resolved_at = placed."resolvedAt",
      decided_by = placed."decidedBy",
      decided_by_name = placed."decidedByName",
      decided_at = placed."decidedAt"
    from jsonb_to_recordset(${json(placements)}) as placed (
      id uuid, status text, "profileId" uuid, score real, reason text, reasons jsonb, candidates jsonb,
      "resolvedAt" timestamptz, "decidedBy" uuid, "decidedByName" text, "decidedAt" timestamptz
    )
    where mention.id = placed.id
  `)
  await bringRecords(run, sql`select unnest(${ids}::uuid[])`)
  const after = placements.flatMap(({ profileId }) => (profileId === null ? [] : [profileId]))
  return [...new Set([...before.map(({ id }) => id), ...after])]
}

/** A vendor without UEI for a mention that is none of the known: the one that it once had if nobody has that now. */
export async function openVendor(run: Run, mentionId: string): Promise<string> {
  const [vendor] = await run(sql<{ id: string }>`
    with own (id) as (
      select encode(substring(sha256(convert_to('vendor ' || ${mentionId}::text, 'UTF8')) for 16), 'hex')::uuid
    ),
    free as (
      select case
        when exists (
          select
          from contractors.mentions as mention
          where mention.profile_id = own.id
            and mention.id <> ${mentionId}
        ) or exists (
          select from contractors.contractor_profiles as profile where profile.id = own.id and profile.merged_into is not null
        ) then gen_random_uuid()
        else own.id
      end as id
      from own
    ),
    made as (
      insert into contractors.contractor_profiles (id, name)
      select free.id, mention.name
      from free
      cross join contractors.mentions as mention
      where mention.id = ${mentionId}
      on conflict (id) do nothing
    )
    select id from free
  `)
  return vendor!.id
}

/** Decisions, imports and the machine take turns: what one reads is still so when it writes. */
export async function takeTurn(run: Run): Promise<void> {
  await run(sql`select set_config('lock_timeout', '20s', true), set_config('jit', 'off', true)`)
  await run(sql`lock table contractors.contractors in share row exclusive mode`)
}
