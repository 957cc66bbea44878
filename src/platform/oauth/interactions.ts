import type { Adapter, AdapterPayload } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { json, sql } from '#platform/database'
import { currentRequest, momentOf } from './requests.ts'

/** An authorization request that waits for a person's answer; only the browser that began it sees it. */
export const interactionStore: Partial<Adapter> = {
  async upsert(id, payload) {
    const { app, scope, browserToken } = currentRequest()
    const { jti: _, parJti, session, ...rest } = payload
    // Cookies are kept by who has them, and here as hashes.
    const kept = { ...rest, ...(session && { session: { ...session, cookie: undefined } }) }
    const pushed =
      parJti === undefined
        ? sql`'{}'`
        : sql`coalesce((
      select jsonb_build_object('parJti', id)
      from oauth.pushed_requests
      where tenant_id = ${scope.tenantId}
        and (request_hash = ${hashToken(parJti)} or id::text = ${parJti})
    ), '{}')`
    await app.db.scoped(scope).run(sql`
      insert into oauth.interactions (id_hash, browser_hash, payload, expires_at)
      values (
        ${hashToken(id)},
        ${hashToken(browserToken)},
        ${json(withoutName(kept, id))}::jsonb || ${pushed}::jsonb,
        ${momentOf(payload.exp as number)}
      )
      on conflict on constraint interactions_pkey do update
      set payload = excluded.payload, expires_at = excluded.expires_at`)
  },

  async find(id) {
    const { app, scope, browserToken } = currentRequest()
    const row = await app.db.reads(scope).maybe(sql<{ payload: AdapterPayload }>`
      select payload
      from oauth.interactions
      where tenant_id = ${scope.tenantId}
        and id_hash = ${hashToken(id)}
        and browser_hash = ${hashToken(browserToken)}
        and expires_at > now()`)
    return row && { ...withName(row.payload, id), jti: id }
  },

  async destroy(id) {
    const { app, scope } = currentRequest()
    await app.db.scoped(scope).run(sql`
      delete from oauth.interactions
      where tenant_id = ${scope.tenantId}
        and id_hash = ${hashToken(id)}`)
  },
}

const placeholder = '{uid}'

/** Its name stands in the address where it goes on too; the table has only the hash of it. */
const withoutName = (payload: AdapterPayload, id: string): AdapterPayload =>
  JSON.parse(JSON.stringify(payload).replaceAll(id, placeholder))

/** The address where an interaction goes on, with its name. */
export const withName = (payload: AdapterPayload, id: string): AdapterPayload => ({
  ...payload,
  returnTo: payload.returnTo?.replace(placeholder, id),
})
