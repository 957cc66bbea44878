import { setImmediate as turnOfLoop } from 'node:timers/promises'
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
/** `go` is called when as many wait as are `enough` for the next statement. */
type Queue = { waiting: Waiting[]; enough: number; go: () => void }

const queues = new WeakMap<App, Map<string, Queue>>()

/** So many tokens in one statement at most. */
const mostAtOnce = 100
/** How long a statement waits for those that went with the one before, ms from the beginning of that. */
const gatheredFor = 10

/**
 * Keeps the token of a program, and resolves when it is committed; false where the application is gone. While one statement
 * is under way the tokens that a tenant's other programs ask for wait for the next and go together: a row costs a tenth
 * of what a statement with its commit does. Whether the application may have it is asked before, and again at each use.
 */
export function keepServiceToken(app: App, tenantId: string, token: NewToken): Promise<boolean> {
  const main = mainApp(app)
  const ofTenants = queues.get(main) ?? new Map<string, Queue>()
  queues.set(main, ofTenants)
  const answer = Promise.withResolvers<boolean>()
  const queue = ofTenants.get(tenantId)
  if (queue) {
    queue.waiting.push({ token, answer })
    if (queue.waiting.length >= queue.enough) queue.go()
  } else {
    const begun = { waiting: [{ token, answer }], enough: mostAtOnce, go: () => {} }
    ofTenants.set(tenantId, begun)
    void writeAll(main, tenantId, begun, () => ofTenants.delete(tenantId))
  }
  return answer.promise
}

/** `end` is called in the same moment in which nobody waits any more: a token that comes later begins anew. */
async function writeAll(app: App, tenantId: string, queue: Queue, end: () => void): Promise<void> {
  do {
    // What comes in the same turn of the loop goes with it.
    await turnOfLoop()
    const gathering = performance.now() + gatheredFor
    const tokens = queue.waiting.splice(0, mostAtOnce)
    await write(app, tenantId, tokens)
    // Who asks alone never waits. Of many each asks again when he was answered, and they stay together.
    if (tokens.length > 1) await gather(queue, tokens.length, gathering - performance.now())
  } while (queue.waiting.length > 0)
  end()
}

function gather(queue: Queue, enough: number, ms: number): Promise<void> {
  if (queue.waiting.length >= enough || ms <= 0) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  queue.enough = enough
  queue.go = () => {
    clearTimeout(timer)
    resolve()
  }
  return promise
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
