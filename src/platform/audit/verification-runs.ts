import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import type { AcceptedFork } from './accepted-forks.ts'
import { adviceFor } from './advice.ts'
import type { ContinuedCopy } from './continued-copies.ts'
import type { Finding } from './findings.ts'

const text = Type.String()

/** A verification of the log of one database. */
export const VerificationRun = Type.Object({
  id: uuid,
  database: nullable(Type.String({ description: 'Of tenants with a database of their own; null for the main one' })),
  kind: nullable(oneOf(['full', 'since_checkpoint'])),
  requestedBy: nullable(text),
  state: oneOf(['running', 'sound', 'unsound', 'failed', 'silent'], {
    description: '`silent`: it has not said anything for minutes, so it was killed',
  }),
  beganAt: timestamp,
  endedAt: nullable(timestamp),
  entries: Type.Integer({ description: 'That were computed again' }),
  total: nullable(Type.Integer()),
  checkpoint: nullable(Type.Integer({ description: 'The newest that was verified' })),
  failure: nullable(text),
  archived: Type.Integer({ description: 'Entries that lie in archives, by signed records' }),
  archivesRead: Type.Array(text, { description: 'Archived months that were read and compared' }),
  archivesAway: Type.Array(text, { description: 'Archived months that are not at hand' }),
  knownForks: Type.Array(
    Type.Object({ checkpoint: Type.Integer(), forkOf: Type.Integer(), by: text, at: text, reason: text }),
    { description: 'Restores that an administrator has accepted' },
  ),
  continuedCopies: Type.Array(Type.Object({ checkpoint: nullable(Type.Integer()), by: text, at: text, reason: text }), {
    description: 'That this is a dump of another database, as an administrator has said',
  }),
  findings: Type.Array(
    Type.Object({
      kind: text,
      text,
      advice: text,
      tenantId: Type.Optional(text),
      entryId: Type.Optional(text),
      checkpoint: Type.Optional(Type.Integer()),
    }),
    { description: 'The first fifty' },
  ),
  counts: Type.Unsafe<Readonly<Record<string, number>>>(
    Type.Object({}, { additionalProperties: Type.Integer(), description: 'How many findings of each kind there were' }),
  ),
})
export type VerificationRun = Static<typeof VerificationRun>

type Lists = 'archivesRead' | 'archivesAway' | 'knownForks' | 'continuedCopies'

/** The latest first. */
export async function listVerifications(tx: Queryable, limit = 20): Promise<VerificationRun[]> {
  type Row = Omit<VerificationRun, 'findings' | 'counts' | 'archived' | Lists> & {
    archived: number | null
    archivesRead: string[] | null
    archivesAway: string[] | null
    knownForks: readonly AcceptedFork[] | null
    continuedCopies: readonly ContinuedCopy[] | null
    findings: readonly Finding[] | null
    counts: Readonly<Record<string, number>> | null
  }
  const rows = await tx.run(sql<Row>`
    select
      id,
      database,
      kind,
      requested_by,
      case
        when failure is not null then 'failed'
        when ended_at is null and coalesce(seen_at, began_at) < now() - interval '5 minutes' then 'silent'
        when ended_at is null then 'running'
        when is_sound then 'sound'
        else 'unsound'
      end as state,
      began_at,
      ended_at,
      case when ended_at is null then coalesce(done, 0) else entries end as entries,
      total,
      checkpoint,
      failure,
      (result ->> 'archived')::integer as archived,
      result -> 'archivesRead' as archives_read,
      result -> 'archivesAway' as archives_away,
      result -> 'knownForks' as known_forks,
      result -> 'continuedCopies' as continued_copies,
      result -> 'findings' as findings,
      result -> 'counts' as counts
    from audit.verifications
    order by began_at desc
    limit ${limit}`)
  return rows.map(
    ({ findings, counts, archived, archivesRead, archivesAway, knownForks, continuedCopies, ...row }) => ({
      ...row,
      archived: archived ?? 0,
      archivesRead: archivesRead ?? [],
      archivesAway: archivesAway ?? [],
      knownForks: (knownForks ?? []).map(({ checkpoint, forkOf, by, at, reason }) => ({
        ...{ checkpoint: checkpoint.number, forkOf: forkOf.number },
        ...{ by, at, reason },
      })),
      continuedCopies: (continuedCopies ?? []).map(({ checkpoint, by, at, reason }) => ({
        checkpoint: checkpoint?.number ?? null,
        ...{ by, at, reason },
      })),
      counts: counts ?? {},
      findings: (findings ?? []).slice(0, 50).map(({ kind, text, tenantId, entryId, checkpoint }) => ({
        kind,
        text,
        advice: adviceFor(kind),
        ...(tenantId !== undefined && { tenantId }),
        ...(entryId !== undefined && { entryId }),
        ...(checkpoint !== undefined && { checkpoint }),
      })),
    }),
  )
}
