import { type Adapter, type AdapterPayload, errors as protocol } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { json, sql } from '#platform/database'
import { currentRequest, momentOf } from './requests.ts'

/**
 * What an issuer knows of a browser. It is worth what the browser's own session is worth at that moment, which the
 * principal of the request stands for: with the end of that, a change of users or the tenant's policy it is gone.
 */
export const browserSessions: Partial<Adapter> = {
  find: id => findBrowserSession(id, null).then(payload => payload && { ...payload, jti: id }),
  findByUid: uid => findBrowserSession(null, uid),

  async upsert(id, { jti: _, ...payload }) {
    const { app, scope, principal } = currentRequest()
    const { accountId } = payload
    if (accountId !== undefined && accountId !== principal?.userId)
      throw new protocol.AccessDenied('the session has ended')
    const sessionId = accountId === undefined ? null : principal?.sessionId
    await app.db.scoped(scope).run(sql`
      insert into oauth.browser_sessions (id_hash, uid, user_id, session_id, payload, expires_at)
      values (
        ${hashToken(id)},
        ${payload.uid},
        ${accountId ?? null},
        ${sessionId},
        ${json(payload)},
        ${momentOf(payload.exp as number)}
      )
      on conflict on constraint browser_sessions_pkey do update
      set
        user_id = excluded.user_id,
        session_id = excluded.session_id,
        payload = excluded.payload,
        expires_at = excluded.expires_at`)
  },

  async destroy(id) {
    const { app, scope } = currentRequest()
    await app.db.scoped(scope).run(sql`
      delete from oauth.browser_sessions
      where tenant_id = ${scope.tenantId}
        and id_hash = ${hashToken(id)}`)
  },
}

async function findBrowserSession(id: string | null, uid: string | null): Promise<AdapterPayload | undefined> {
  const { app, scope, principal } = currentRequest()
  const row = await app.db.reads(scope).maybe(sql<{ payload: AdapterPayload }>`
    select payload
    from oauth.find_browser_session(
      ${scope.tenantId}, ${id === null ? null : hashToken(id)}, ${uid}, ${principal?.sessionId ?? null}
    )`)
  return row?.payload
}
