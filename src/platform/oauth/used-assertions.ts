import { type Adapter, errors as protocol } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { sql } from '#platform/database'
import { currentRequest, momentOf } from './requests.ts'

/** RFC 7523: a signed proof counts once. Whether it came already is found out by keeping it, not before. */
export const usedAssertions: Partial<Adapter> = {
  async find() {
    return undefined
  },

  async upsert(id, payload, expiresIn = 0) {
    const { app, scope } = currentRequest()
    const expiresAt = momentOf(payload.exp ?? Math.floor(Date.now() / 1000) + expiresIn)
    const kept = await app.db.scoped(scope).run(sql`
      insert into oauth.used_assertions (id_hash, expires_at)
      values (${hashToken(id)}, ${expiresAt})
      on conflict do nothing
      returning id_hash`)
    if (kept.length === 0) throw new protocol.InvalidClientAuth('client assertion tokens must only be used once')
  },
}
