import type { Check } from '#platform/checks.ts'
import { sql } from '#platform/database'

/** One that fails is told to the owners; so many in a row nobody there has mended. */
const inARow = 3

type Failing = { slug: string; provider: string; providerId: string; since: Date; broke: number; failed: number }

export const syncChecks: readonly Check[] = [
  {
    code: 'federation.syncs',
    title: 'AG-05: identity providers whose syncs fail one after another',
    isAlarm: true,
    async run({ own }) {
      const rows = await own.run(sql<Failing>`
        select
          provider.slug,
          provider.provider_name as provider,
          provider.provider_id,
          last.since,
          last.broke,
          last.failed
        from federation.providers_of_tenants as provider
        cross join lateral (
          select
            min(started_at) as since,
            count(*) filter (where status = 'failed')::integer as broke,
            max(failed) as failed,
            count(*) filter (where status in ('failed', 'partly')) as bad
          from (
            select run.status, run.started_at, run.failed
            from federation.sync_runs as run
            where run.tenant_id = provider.tenant_id
              and run.provider_id = provider.provider_id
              and run.status <> 'running'
            order by run.started_at desc
            limit ${inARow}
          ) as recent
        ) as last
        where provider.status <> 'inactive'
          and last.bad = ${inARow}
        order by provider.slug, provider.provider_name`)
      return rows.map(({ slug, provider, providerId, since, broke, failed }) => ({
        severity: 'warning',
        object: `${slug} ${providerId}`,
        message:
          broke > 0
            ? `The last ${inARow} syncs of ${provider} of the workspace ${slug} failed, ${broke} of them broke off, since ${since.toISOString()}: people may have roles that their groups do not give them any more.`
            : `The last ${inARow} syncs of ${provider} of the workspace ${slug} failed for up to ${failed} people, since ${since.toISOString()}: they may have roles that their groups do not give them any more.`,
        advice: `An owner finds with whom and why under Single sign-on, ${provider}, Syncs; the log has the rest. Then: commonhold federation sync ${providerId}`,
      }))
    },
  },
]
