import type { Queryable } from '#platform/database'
import { enqueue } from '#platform/jobs'
import { resolveMentionsJob } from '../matching/resolutions.ts'
import { tellAtOnce } from '../search/alerts.ts'
import { refreshSummaryJob } from '../summary/refreshes.ts'
import type { ImportSummary } from './imports.ts'

/** What follows from imports that are in, done now and not when its time comes round: who is meant, what is new, the overview. */
export async function enqueueConsequences(tx: Queryable, imports: readonly ImportSummary[]): Promise<void> {
  const taken = imports.filter(({ dryRun }) => !dryRun)
  if (taken.length === 0) return
  // Another contractor may be the one that a text meant.
  await enqueue(tx, resolveMentionsJob, {})
  await enqueue(tx, refreshSummaryJob, {})
  if (taken.some(({ profiles }) => profiles.inserted + profiles.updated > 0)) await enqueue(tx, tellAtOnce, {})
}
