import { type Queryable, sql } from '#platform/database'
import type { Job } from '#platform/jobs'
import type { RetentionDeclaration } from '#platform/module.ts'

/** So many rows that a batch's locks are gone within a fraction of a second. */
const batch = 1_000

/** Anybody who opens an address of an issuer leaves a row: such as nobody may go on with do not wait for the night. */
export const removeInteractions: Job = {
  name: 'oauth.remove-interactions',
  description: 'GG-16: removes the requests of applications that nobody answered, every hour',
  cron: '23 * * * *',
  async run(_data, app) {
    const removed = await removePastInteractions(app.db.scoped({ system: true }))
    if (removed > 0) app.log.info({ removed }, 'unanswered requests of applications removed')
  },
}

/** Returns how many. Hand it a `tx` without a transaction, so that each batch commits by itself. */
export async function removePastInteractions(tx: Queryable): Promise<number> {
  for (let removed = 0; ; ) {
    const rows = await tx.run(sql`
      delete from oauth.interactions
      where (tenant_id, id_hash) in (
        select tenant_id, id_hash
        from oauth.interactions
        where expires_at < now()
        limit ${batch}
      )
      returning tenant_id`)
    removed += rows.length
    if (rows.length < batch) return removed
  }
}

const removed = (description: string, table: string, after: string, by = 'expires_at'): RetentionDeclaration => ({
  description,
  table: `oauth.${table}`,
  by,
  after,
  action: 'remove',
})

/** GG-16: nothing is kept that opens nothing any more, but for the days in which somebody may ask what it was. */
export const retention = {
  'oauth.authorization_codes': removed('Codes of applications that are past', 'oauth_authorization_codes', '1 day'),
  'oauth.access_tokens': removed('Access tokens of applications that are past', 'oauth_access_tokens', '1 day'),
  'oauth.refresh_tokens': removed('Refresh tokens of applications that are past', 'oauth_refresh_tokens', '1 day'),
  'oauth.device_codes': removed('Codes of devices that are past', 'device_codes', '1 day'),
  'oauth.pushed_requests': removed('Requests of applications that are past', 'pushed_requests', '1 day'),
  'oauth.interactions': {
    ...removed('Requests of applications that nobody answered', 'interactions', '0 seconds'),
    job: removeInteractions.name,
  },
  'oauth.client_secrets': removed('Secrets of applications that have ended', 'client_secrets', '30 days'),
  'oauth.browser_sessions': removed('What issuers knew of browsers', 'browser_sessions', '1 day'),
  'oauth.used_assertions': removed('Signed proofs of applications that are past', 'used_assertions', '1 day'),
  'oauth.grants': removed('What people allowed applications, and is past', 'grants', '30 days'),
  'oauth.grants_revoked': removed('What people took back from applications', 'grants', '400 days', 'revoked_at'),
  'oauth.signing_keys': removed('Keys that are published no more', 'signing_keys', '30 days', 'published_until'),
}
