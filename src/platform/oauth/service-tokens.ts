import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type App, mainApp } from '#platform/app.ts'
import { sql } from '#platform/database'

type NewToken = {
  hash: Buffer
  clientRowId: string
  /** With spaces between. */
  scopes: string
  resource: string | null
  expiresAt: Date
}

type Waiting = { token: NewToken; answer: PromiseWithResolvers<boolean> }

const queues = new WeakMap<App, Map<string, Waiting[]>>()

/** So many tokens in one statement at most. */
const mostAtOnce = 100
/** While tokens keep coming one statement is sent in so many ms: what is gathered meanwhile shares it. */
const gatheredFor = 3

/**
 * Keeps the token of a program, and resolves when it is committed; false where the application is gone. While one statement
 * is under way the tokens that a tenant's other programs ask for wait for the next and go together: a row costs a tenth
 * of what a statement with its commit does. Whether the application may have it is asked before, and again at each use.
 */
export function keepServiceToken(app: App, tenantId: string, token: NewToken): Promise<boolean> {
  const main = mainApp(app)
  const ofTenants = queues.get(main) ?? new Map<string, Waiting[]>()
  queues.set(main, ofTenants)
  const answer = Promise.withResolvers<boolean>()
  const queue = ofTenants.get(tenantId)
  if (queue) queue.push({ token, answer })
  else {
    const begun = [{ token, answer }]
    ofTenants.set(tenantId, begun)
    void writeAll(main, tenantId, begun, () => ofTenants.delete(tenantId))
  }
  return answer.promise
}

/** `end` is called in the same moment in which nobody waits any more: a token that comes later begins anew. */
async function writeAll(app: App, tenantId: string, queue: Waiting[], end: () => void): Promise<void> {
  for (;;) {
    const next = sleep(gatheredFor)
    await write(app, tenantId, queue.splice(0, mostAtOnce))
    if (queue.length === 0) return end()
    await next
  }
}

async function write(app: App, tenantId: string, waiting: readonly Waiting[]): Promise<void> {
  try {
    await insert(
      app,
      tenantId,
      waiting.map(({ token }) => token),
    )
    for (const { answer } of waiting) answer.resolve(true)
  } catch (error) {
    if (!isOfGoneClient(error)) for (const { answer } of waiting) answer.reject(error)
    else if (waiting.length === 1) waiting[0]?.answer.resolve(false)
    // One of them: the others are not to wait for nothing.
    else for (const each of waiting) await write(app, tenantId, [each])
  }
}

async function insert(app: App, tenantId: string, tokens: readonly NewToken[]): Promise<void> {
  await app.db.scoped({ system: true, tenantId }).run(sql`
    insert into oauth.oauth_access_tokens (
      tenant_id, token_hash, oauth_client_id, scopes, resource, details, expires_at
    )
    select
      ${tenantId}::uuid,
      token.hash,
      token.client_id,
      string_to_array(token.scopes, ' '),
      token.resource,
      '{"gty": "client_credentials"}',
      token.expires_at
    from unnest(
      ${tokens.map(({ hash }) => hash)}::bytea[],
      ${tokens.map(({ clientRowId }) => clientRowId)}::uuid[],
      ${tokens.map(({ scopes }) => scopes)}::text[],
      ${tokens.map(({ resource }) => resource)}::text[],
      ${tokens.map(({ expiresAt }) => expiresAt)}::timestamptz[]
    ) as token (hash, client_id, scopes, resource, expires_at)`)
}

const isOfGoneClient = (error: unknown) =>
  error instanceof pg.DatabaseError && error.constraint === 'oauth_access_tokens_service_client_id_fkey'
