import { type Adapter, type AdapterPayload, errors as protocol } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { json, sql } from '#platform/database'
import { currentRoute } from './current-route.ts'
import { currentRequest, epoch, momentOf } from './requests.ts'

type PushedRow = { payload: AdapterPayload; createdAt: Date; expiresAt: Date; usedAt: Date | null }

/**
 * By its request_uri; or by its row, as an interaction knows it, which counts where that goes on and nowhere else: whoever
 * reads the table has nothing that he could show.
 */
const named = (id: string) =>
  currentRoute() === 'resume' && /^[0-9a-f-]{36}$/.test(id) ? sql`id = ${id}` : sql`request_hash = ${hashToken(id)}`

/** RFC 9126: good once. */
export const pushedRequests: Partial<Adapter> = {
  async upsert(id, { jti: _, ...payload }) {
    const { app, scope } = currentRequest()
    await app.db.scoped(scope).run(sql`
      insert into oauth.pushed_requests (request_hash, payload, expires_at)
      values (${hashToken(id)}, ${json(payload)}, ${momentOf(payload.exp as number)})`)
  },

  async find(id) {
    const { app, scope } = currentRequest()
    const row = await app.db.reads(scope).maybe(sql<PushedRow>`
      select payload, created_at, expires_at, used_at
      from oauth.pushed_requests
      where tenant_id = ${scope.tenantId}
        and ${named(id)}`)
    return row && { ...row.payload, jti: id, ...(row.usedAt && { consumed: epoch(row.usedAt) }) }
  },

  async consume(id) {
    const { app, scope } = currentRequest()
    const used = await app.db.scoped(scope).run(sql`
      update oauth.pushed_requests
      set used_at = now()
      where tenant_id = ${scope.tenantId}
        and ${named(id)}
        and used_at is null
      returning id`)
    if (used.length === 0) throw new protocol.InvalidRequestUri('request_uri was already used')
  },
}
