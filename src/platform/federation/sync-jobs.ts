import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { announceRevocation } from '#platform/identity'
import { enqueue, type Job } from '#platform/jobs'
import { notify } from '#platform/notifications'
import { groupErrors } from './group-errors.ts'
import { type Applied, reapplyGroups, reapplyGroupsOf } from './role-assignments.ts'
import { getSyncRun, insertSyncRun, type SyncCause, type SyncRun } from './sync-runs.ts'

/** People looked at with one statement; of them only those whose roles differ cost more. */
const batch = 500
/** People brought in line in one transaction: who signs in with other groups waits for it. */
const together = 50

export const runSync: Job<{ tenantId: string; runId: string }> = {
  name: 'federation.run-sync',
  description: 'AG-05: brings the roles of all people of an identity provider in line with their groups',
  async run({ tenantId, runId }, app) {
    await carryOut(app, tenantId, runId)
  },
}

export const syncMappings: Job<{ tenantId: string; providerId: string; changedAt: string; startedBy: string | null }> =
  {
    name: 'federation.sync-mappings',
    description: 'AG-06: begins a sync after group mappings were changed, one for several changes',
    retryLimit: 20,
    async run({ tenantId, providerId, changedAt, startedBy }, app) {
      const scope = { tenantId, system: true, ...(startedBy && { userId: startedBy }) }
      const { isDone } = await app.db.scoped(scope).one(sql<{ isDone: boolean }>`
      select
        exists (
          select
          from federation.sync_runs
          where tenant_id = ${tenantId}
            and provider_id = ${providerId}
            and cause <> 'retry'
            and status <> 'failed'
            and started_at >= ${changedAt}::timestamptz
        )
        or not exists (
          select
          from federation.iam_providers
          where tenant_id = ${tenantId}
            and id = ${providerId}
            and status <> 'inactive'
        ) as is_done`)
      if (!isDone) await syncNow(app, scope, providerId, 'mapping')
    },
  }

export const syncProviders: Job = {
  name: 'federation.sync-providers',
  description: 'AG-05: begins a sync of each identity provider whose groups give roles, every night',
  cron: '40 3 * * *',
  async run(_data, app) {
    const due = await app.db.scoped({ system: true }).run(sql<{ tenantId: string; id: string }>`
      select tenant_id, id
      from federation.iam_providers as provider
      where status <> 'inactive'
        and exists (
          select
          from federation.iam_group_mappings as mapping
          where mapping.tenant_id = provider.tenant_id
            and mapping.provider_id = provider.id
        )
        and not exists (
          select
          from federation.sync_runs as run
          where run.tenant_id = provider.tenant_id
            and run.provider_id = provider.id
            and run.status = 'running'
            and run.seen_at > now() - interval '5 minutes'
        )
      order by tenant_id, id`)
    for (const { tenantId, id } of due) await syncNow(app, { tenantId, system: true }, id, 'schedule')
  },
}

/**
 * Begins a run, which a worker carries out. Refuses with `federation.sync_running` while another one of the provider is
 * at work, and with `federation.sync_of_inactive`.
 */
export async function startSyncRun(app: App, scope: Scope, providerId: string, cause: SyncCause): Promise<SyncRun> {
  return await app.db.transaction(scope, async tx => {
    const run = await insertSyncRun(tx, { providerId, cause })
    await enqueue(tx, runSync, { tenantId: scope.tenantId as string, runId: run.id })
    return run
  })
}

/** Tries those again with whom a run failed, as a run of its own. */
export async function retrySyncRun(app: App, scope: Scope, id: string): Promise<SyncRun> {
  return await app.db.transaction(scope, async tx => {
    const { providerId, status, failed } = await getSyncRun(tx, id)
    if (status === 'running' || status === 'succeeded') throw groupErrors.nothingToRetry()
    // A run that broke off has not come to everybody.
    const retryOf = status === 'partly' && failed > 0 ? id : null
    const run = await insertSyncRun(tx, { providerId, cause: 'retry', retryOf })
    await enqueue(tx, runSync, { tenantId: scope.tenantId as string, runId: run.id })
    return run
  })
}

/** Begins a run and carries it out; see `startSyncRun` for what it refuses. */
export async function syncNow(app: App, scope: Scope, providerId: string, cause: SyncCause): Promise<SyncRun> {
  const run = await app.db.transaction(scope, tx => insertSyncRun(tx, { providerId, cause }))
  return await carryOut(app, scope.tenantId as string, run.id)
}

/** Bears being run twice: who takes up a run that broke off begins it anew. */
async function carryOut(app: App, tenantId: string, runId: string): Promise<SyncRun> {
  const scope = { tenantId, system: true }
  const run = await begin(app, scope, runId)
  if (!run) return await getSyncRun(app.db.scoped(scope), runId)
  try {
    await syncEverybody(app, scope, run)
    await end(app, scope, run, null)
  } catch (err) {
    app.log.error({ err, runId }, 'a sync of an identity provider broke off')
    await end(app, scope, run, messageOf(err))
  }
  return await getSyncRun(app.db.scoped(scope), runId)
}

type Counts = Applied & { people: number; unknown: number; failed: number }

const noCounts: Counts = { people: 0, given: 0, taken: 0, proposed: 0, kept: 0, unknown: 0, failed: 0 }

type Begun = Pick<SyncRun, 'id' | 'providerId' | 'retryOf'>

async function begin(app: App, scope: Scope, runId: string): Promise<Begun | undefined> {
  return await app.db.transaction(scope, async tx => {
    const run = await tx.maybe(sql<Begun>`
      update federation.sync_runs
      set seen_at = now(), people = 0, given = 0, taken = 0, proposed = 0, unknown = 0, failed = 0
      where tenant_id = ${scope.tenantId}
        and id = ${runId}
        and status = 'running'
      returning id, provider_id, retry_of`)
    if (run)
      await tx.run(sql`
        delete from federation.sync_run_errors
        where tenant_id = ${scope.tenantId}
          and run_id = ${runId}`)
    return run
  })
}

type Person = { userTenantId: string; isKnown: boolean; differs: boolean }

async function syncEverybody(app: App, scope: Scope, run: Begun): Promise<void> {
  const counts = { ...noCounts }
  let after: string | null = null
  for (;;) {
    const people: Person[] = await app.db.scoped(scope).run(sql<Person>`
      select user_tenant_id, is_known, differs
      from federation.list_people_to_sync(${run.providerId}, ${run.retryOf}, ${after}, ${batch})`)
    for (const person of people) {
      counts.people += 1
      if (!person.isKnown) counts.unknown += 1
    }
    const differing = people.filter(({ differs }) => differs).map(({ userTenantId }) => userTenantId)
    for (let first = 0; first < differing.length; first += together) {
      await syncPeople(app, scope, run, differing.slice(first, first + together), counts)
    }
    await app.db.scoped(scope).run(sql`
      update federation.sync_runs
      set
        seen_at = now(),
        people = ${counts.people},
        given = ${counts.given},
        taken = ${counts.taken},
        proposed = ${counts.proposed},
        unknown = ${counts.unknown},
        failed = ${counts.failed}
      where tenant_id = ${scope.tenantId}
        and id = ${run.id}
        and status = 'running'`)
    if (counts.given + counts.taken > 0) announceRevocation(app)
    if (people.length < batch) return
    after = people.at(-1)?.userTenantId ?? null
  }
}

/** Where one of them cannot be brought in line, each by himself: he keeps nobody else from it. */
async function syncPeople(
  app: App,
  scope: Scope,
  run: Begun,
  people: readonly string[],
  counts: Counts,
): Promise<void> {
  const { providerId } = run
  let applied: Applied
  try {
    applied = await app.db.transaction(scope, async tx => {
      const done = await reapplyGroupsOf(tx, { people, providerId, runId: run.id })
      await tx.run(sql`select federation.mark_people(${providerId}, ${people}::uuid[])`)
      return done
    })
  } catch (err) {
    app.log.debug({ err, runId: run.id }, 'people could not be brought in line together')
    for (const userTenantId of people) await syncPerson(app, scope, run, userTenantId, counts)
    return
  }
  counts.given += applied.given
  counts.taken += applied.taken
  counts.proposed += applied.proposed
}

async function syncPerson(app: App, scope: Scope, run: Begun, userTenantId: string, counts: Counts): Promise<void> {
  const of = { membershipId: userTenantId, providerId: run.providerId, runId: run.id }
  try {
    const applied = await app.db.transaction(scope, async tx => {
      const done = await reapplyGroups(tx, of)
      await mark(tx, of, false)
      return done
    })
    counts.given += applied.given
    counts.taken += applied.taken
    counts.proposed += applied.proposed
  } catch (err) {
    if (!(err instanceof DomainError))
      app.log.error({ err, ...of }, 'somebody could not be brought in line with his groups')
    counts.failed += 1
    await app.db.transaction(scope, async tx => {
      const code = err instanceof DomainError ? err.code : 'internal'
      await tx.run(sql`select federation.note_sync_error(${run.id}, ${userTenantId}, ${code}, ${messageOf(err)})`)
      await mark(tx, of, true)
    })
  }
}

const mark = (
  tx: Queryable,
  { providerId, membershipId }: { providerId: string; membershipId: string },
  hasFailed: boolean,
) => tx.run(sql`select federation.mark_person(${providerId}, ${membershipId}, ${hasFailed})`)

/** What is no refusal of the domain is told to the log alone. */
const messageOf = (err: unknown) =>
  err instanceof DomainError ? err.message : 'Something went wrong here; the operators find it in the log.'

async function end(app: App, scope: Scope, run: Begun, error: string | null): Promise<void> {
  await app.db.transaction(scope, async tx => {
    const ended = await tx.maybe(sql<{ status: SyncRun['status']; failed: number }>`
      update federation.sync_runs
      set
        status = case when ${error}::text is not null then 'failed' when failed > 0 then 'partly' else 'succeeded' end,
        ended_at = now(),
        error = ${error}
      where tenant_id = ${scope.tenantId}
        and id = ${run.id}
        and status = 'running'
      returning status, failed`)
    if (!ended) return
    await markMappings(tx, run, ended.status)
    if (ended.status !== 'succeeded') await tellOwners(app, tx, run, { ...ended, error })
  })
}

async function markMappings(tx: Queryable, { providerId }: Begun, status: SyncRun['status']): Promise<void> {
  await tx.run(sql`
    update federation.iam_group_mappings
    set
      sync_status = case
        when ${status} <> 'succeeded' then 'failed'
        when exists (
          select
          from federation.known_groups as known
          where known.tenant_id = ${tx.scope.tenantId}
            and known.provider_id = ${providerId}
            and known.outcome = 'known'
        ) then 'synced'
        else 'unknown'
      end,
      last_sync_at = now()
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
      and sync_status <> 'disabled'`)
}

async function tellOwners(
  app: App,
  tx: Queryable,
  run: Begun,
  { failed, error }: { failed: number; error: string | null },
): Promise<void> {
  const { name } = await tx.one(sql<{ name: string }>`
    select provider_name as name
    from federation.iam_providers
    where tenant_id = ${tx.scope.tenantId}
      and id = ${run.providerId}`)
  const owners = await tx.run(sql<{ userId: string }>`
    select user_id
    from federation.list_owners() as user_id`)
  await notify(app, tx, {
    userIds: owners.map(({ userId }) => userId),
    kind: 'federation.sync_failed',
    title: `The sync of ${name} failed${error === null ? ` for ${failed} ${failed === 1 ? 'person' : 'people'}` : ''}`,
    message: error ?? 'Their roles may differ from their groups. Look at what went wrong, then try them again.',
    link: `/identity-providers/${run.providerId}/sync-runs/${run.id}`,
  })
}
