import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { cutPage, dateTime, nullable, readCursor, timestamp, uuid } from '#platform/http'
import type { Directory } from './directories.ts'

/** What a directory asked and what it was answered. */
export const ScimRequest = Type.Object({
  id: uuid,
  askedAt: timestamp,
  method: Type.String({ examples: ['PATCH'] }),
  resource: Type.String({ examples: ['Users'] }),
  resourceId: nullable(Type.String()),
  status: Type.Integer(),
  code: nullable(Type.String({ description: 'Of a refusal' })),
  detail: nullable(Type.String({ description: 'What the directory was told' })),
  milliseconds: Type.Integer(),
  requestId: nullable(uuid),
})
export type ScimRequest = Static<typeof ScimRequest>

/** How long they are kept, in days. */
export const requestDays = 14

type Asked = { method: string; resource: string; resourceId?: string | undefined }

/** Does what was asked, and notes how it went; a refusal goes on to whoever asked. */
export async function noted<T>(
  app: App,
  scope: Scope,
  { providerId }: Directory,
  asked: Asked,
  status: number,
  work: () => Promise<T>,
): Promise<T> {
  const began = performance.now()
  const note = async (status: number, refusal?: { code: string; message: string }) => {
    await app.db.scoped(scope).run(sql`
      insert into federation.scim_requests (
        provider_id, method, resource, resource_id, status, code, detail, milliseconds, request_id
      )
      values (
        ${providerId},
        ${asked.method},
        ${asked.resource},
        ${asked.resourceId?.slice(0, 100) ?? null},
        ${status},
        ${refusal?.code ?? null},
        ${refusal?.message.slice(0, 1000) ?? null},
        ${Math.round(performance.now() - began)},
        ${scope.requestId ?? null}
      )`)
  }
  try {
    const done = await work()
    await note(status)
    return done
  } catch (error) {
    if (error instanceof DomainError) await note(statusOf(error), error)
    throw error
  }
}

/** As the HTTP layer answers each kind. */
const statuses = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  limited: 429,
  unavailable: 503,
} as const
export const statusOf = ({ kind }: DomainError): number => statuses[kind]

/** Those of a provider, the newest first. */
export async function listScimRequests(
  tx: Queryable,
  providerId: string,
  filters: { refused?: boolean | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: ScimRequest[]; nextCursor: string | null }> {
  const list = JSON.stringify(['scim requests', providerId, filters.refused])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<ScimRequest & { moment: string }>`
    select
      id, asked_at, method, resource, resource_id, status, code, detail, milliseconds, request_id,
      to_char(asked_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from federation.scim_requests
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
      ${filters.refused === undefined ? sql`` : sql`and (code is not null) = ${filters.refused}`}
      ${last ? sql`and (asked_at, id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by asked_at desc, id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...request }) => request), nextCursor }
}
