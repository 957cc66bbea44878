import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { TSchema } from 'typebox'
import type { AnyRoute } from '#platform/http'
import type { Module } from '#platform/module.ts'
import { rowMaker } from '#test/rows.ts'
import { type Person, testWorld } from '#test/world.ts'
import { modules } from '../src/main/modules.ts'

const { admin, alice, bob, baseUrl } = await testWorld({ hasRouteLimits: false })
const declaredRoutes = modules.flatMap(({ routes }): readonly AnyRoute[] => routes ?? [])
const forOperators = new Set(
  modules.flatMap((module: Module) =>
    Object.entries(module.permissions ?? {}).flatMap(([name, declared]) => (declared.forOperators ? [name] : [])),
  ),
)
// An operator of the installation is above all tenants: what he may do is not divided by them, and nobody else may.
const routes = declaredRoutes.filter(({ allow }) => !forOperators.has(allow))

// On a busy machine this file takes longer than a sign-in is fresh, and routes that want a fresh one would refuse first.
await admin.query(`update identity.user_sessions set authenticated_at = now() + interval '1 hour'`)

// A row of every tenant-owned table for Alice's tenant; what Bob has not is found by these ids.
const makeForAlice = rowMaker(admin, alice)
const { rows: tables } = await admin.query(`
  select c.oid::regclass::text as name
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
  join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id'
  join pg_attribute i on i.attrelid = c.oid and i.attname = 'id'
  where c.relkind in ('r', 'p')
    and not c.relispartition
  order by 1`)
const made: { table: string; id: string; row: string }[] = []
for (const { name } of tables) {
  const row = await makeForAlice(name)
  made.push({ table: name, id: String(row.id), row: JSON.stringify(row) })
}
made.push(
  { table: 'tenancy.tenants', id: alice.tenantId, row: '' },
  { table: 'identity.users', id: alice.userId, row: '' },
)
// A removal is of many items, and its id that of none of its rows.
const removedItems = 'contractors.contractor_list_removed_items'
const removed = await makeForAlice(removedItems)
made.push({ table: removedItems, id: String(removed.removal_id), row: JSON.stringify(removed) })

const snapshot = async () => {
  const rows: unknown[] = []
  for (const { name } of tables) {
    if (['audit.audit_logs', 'audit.security_audit_logs'].includes(name)) continue
    rows.push(
      (
        await admin.query(`select to_jsonb(t) as row from ${name} as t where tenant_id = $1 order by id`, [
          alice.tenantId,
        ])
      ).rows,
    )
  }
  return rows
}

// A saved search has what is new in it beside it.
await admin.query(
  `insert into contractors.saved_search_states (tenant_id, saved_search_id, revision)
   select tenant_id, id, 1 from contractors.saved_searches where tenant_id = $1`,
  [alice.tenantId],
)

// What belongs together is named in one row: a leak through two ids is one through the right two, and the control below
// sees that they are among these. All combinations would be twenty thousand requests, nearly all of what is not there.
const idsOfRows = made.map(({ row }) => new Set(made.map(({ id }) => id).filter(id => row.includes(id))))
const pairs = made.flatMap((one, index) =>
  made
    .filter(({ id }, at) => id !== one.id && (at === (index + 1) % made.length || areTogether(one.id, id)))
    .map(({ id }) => [one.id, id] as const),
)

function areTogether(...ids: string[]): boolean {
  return idsOfRows.some(named => ids.every(id => named.has(id)))
}

// What everybody may refer to.
const catalogueId = String((await makeForAlice('contractors.contractor_profiles')).id)

const otherList = await (await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Another' } })).json()

function idOf(table: string): string {
  return made.find(each => each.table === table)?.id ?? ''
}

/** What no schema tells. */
const examples: Readonly<Record<string, unknown>> = {
  permission: 'contractors.lists.read',
  parent: '54',
  after: null,
  // Another one of Alice's: what names two lists is found by her, and by Bob neither.
  participantId: idOf('assignments.participants'),
  targetId: idOf('assignments.assignment_targets'),
  ...Object.fromEntries(['listId', 'fromListId', 'toListId'].map(name => [name, otherList.id])),
}

/** The smallest value that a schema takes, with the ids that it may have. */
function exampleOf(schema: TSchema & { [key: string]: unknown }, name = ''): unknown {
  if (schema.enum) return (schema.enum as unknown[])[0]
  if (name in examples) return examples[name]
  if ('const' in schema) return schema.const
  if (schema.anyOf) return exampleOf((schema.anyOf as (typeof schema)[])[0] as typeof schema, name)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object') {
    const required = new Set((schema.required as string[] | undefined) ?? [])
    const properties = Object.entries((schema.properties as Record<string, typeof schema> | undefined) ?? {})
    return Object.fromEntries(
      properties
        .filter(([name, of]) => required.has(name) || of.format === 'uuid')
        .map(([key, of]) => [key, exampleOf(of, key)]),
    )
  }
  if (type === 'array') return schema.minItems ? [exampleOf(schema.items as typeof schema, name)] : []
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1
  if (type === 'boolean') return true
  if (schema.format === 'uuid') return catalogueId
  if (schema.format === 'date') return '2100-01-01'
  if (schema.format === 'date-time') return '2100-01-01T00:00:00.000Z'
  return 'made'
}

type Query = TSchema & { properties?: Record<string, { format?: string }>; required?: string[]; [key: string]: unknown }

/** The path with what else a request says in its address; ids stand in braces wherever they are. */
function addressOf({ method, path, query }: AnyRoute, withOptional = true): string {
  const schema: Query | undefined = query
  const asked = Object.entries(schema ? (exampleOf(schema) as Record<string, unknown>) : {}).filter(
    ([name]) => withOptional || schema?.required?.includes(name),
  )
  const search = asked.map(([name, value]) => {
    const isId = schema?.properties?.[name]?.format === 'uuid' && (method === 'GET' || method === 'DELETE')
    return `${name}=${isId ? `{${name}}` : value}`
  })
  return search.length > 0 ? `${path}?${search.join('&')}` : path
}

const schemaOf = new Map(
  modules.flatMap((module: Module) => (module.routes ?? []).map(declared => [declared, module.schema] as const)),
)

/**
 * An address with each of Alice's ids, those of the route's own module first, among which the control finds its one; with
 * more, those that belong together, one of them of the route's own module or the workspace's.
 */
function pathsOf(declared: AnyRoute): string[] {
  const address = addressOf(declared)
  const parameters = address.match(/\{\w+\}/g) ?? []
  if (parameters.length === 1) {
    const isOwn = ({ table }: { table: string }) => table.split('.')[0] === schemaOf.get(declared)
    const ownFirst = made.toSorted((one, other) => Number(isOwn(other)) - Number(isOwn(one)))
    return ownFirst.map(({ id }) => address.replace(parameters[0] as string, id))
  }
  const [first = '', second = '', third, ...more] = parameters
  assert.ok(second !== '' && more.length === 0, `${address}: teach pathsOf`)
  const schemas = [schemaOf.get(declared), 'tenancy']
  const own = new Set(made.filter(({ table }) => schemas.includes(table.split('.')[0])).map(({ id }) => id))
  own.delete(alice.tenantId)
  const paths = pairs
    .filter(ids => ids.some(id => own.has(id)))
    .map(([one, other]) => ({ one, other, path: address.replace(first, one).replace(second, other) }))
  if (third === undefined) return paths.map(({ path }) => path)
  // Every row names the tenant: with it all pairs would be triples.
  return paths.flatMap(({ one, other, path }) =>
    made
      .filter(({ id }) => ![one, other, id].includes(alice.tenantId) && areTogether(one, other, id))
      .map(({ id }) => path.replace(third, id)),
  )
}

/** Status and body of an answer, without what differs from request to request: ids and the request's own. */
async function call(
  person: Person,
  { method, body, rawBody, produces }: AnyRoute,
  path: string,
): Promise<{ status: number; body: string }> {
  const response = rawBody
    ? await fetch(`${baseUrl}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${person.accessToken}`, 'content-type': rawBody.types[0] ?? '' },
        body: 'uei\nF1RST00A1B11\n',
      })
    : await person.fetch(path, { method, body: body ? exampleOf(body as never) : undefined })
  // Events go on for as long as one listens.
  if (produces === 'text/event-stream' && response.ok) {
    await response.body?.cancel()
    return { status: response.status, body: '' }
  }
  const text = await response.text()
  return { status: response.status, body: text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID') }
}

const withIds = routes.filter(declared => addressOf(declared).includes('{') && declared.allow !== 'public')
// Each with each id takes a minute: who adds a module may ask for its routes alone.
const asked = modules.find(({ name }) => name === process.env.COMMONHOLD_TEST_MODULE)?.routes

// Before the ids are asked for: what a person asked to export stands in his own log, whoever's ids he named.
test('AG-01 every list of another tenant is free of these ids', async () => {
  const lists = routes.filter(
    // A stream has no end; streams.test.ts listens to it as the other tenant. A past row is one row, and no list;
    // past-rows.test.ts asks for it as the other tenant.
    ({ method, path, allow, produces }) =>
      method === 'GET' &&
      !path.includes('{') &&
      path !== '/audit-logs/as-of' &&
      allow !== 'public' &&
      produces !== 'text/event-stream',
  )
  assert.ok(lists.length > 0, 'control: there are lists')
  for (const declared of lists) {
    const { path } = declared
    const response = await bob.fetch(addressOf(declared, false).replace(/\{\w+\}/g, bob.userId))
    const body = await response.text()
    assert.equal(response.status, 200, path)
    for (const { id, table } of made) assert.ok(!body.includes(id), `${path} shows a row of ${table}`)
  }
})

test('AG-01 every id of another tenant answers 404 on every route, or what an id of nobody answers, and nothing changes', async () => {
  assert.ok(withIds.length > 0, 'control: there are routes with ids')
  const before = await snapshot()
  for (const declared of asked ? withIds.filter(declared => asked.includes(declared)) : withIds) {
    const ofNobody = await call(
      bob,
      declared,
      addressOf(declared).replace(/\{\w+\}/g, () => randomUUID()),
    )
    // 400: a path that takes no UUID refuses it as malformed. 403: a tenant whose member he is not, if there is one.
    // 200: an empty page about a contractor, whose catalogue is shared, or of what nobody has; a file with its head only.
    assert.ok([404, 400, 403, 200].includes(ofNobody.status), `${declared.method} ${declared.path}: ${ofNobody.status}`)
    if (ofNobody.status === 400)
      assert.ok(!takesUuid(declared), `${declared.method} ${declared.path}: ${ofNobody.body}`)
    if (ofNobody.status === 200)
      assert.match(
        ofNobody.body,
        /^\{"items":\[\](,"nextCursor":null)?(,"total":0)?\}$|^id,createdAt,[\w,]+\r\n$/,
        declared.path,
      )
    for (const path of pathsOf(declared)) {
      assert.deepEqual(await call(bob, declared, path), ofNobody, `${declared.method} ${path}`)
    }
  }
  assert.deepEqual(await snapshot(), before)
})

test('AG-01 control: to the own tenant each of those routes answers for one of the ids', async () => {
  // Reading first, deleting last: a route may take away what the next one asks for.
  const steps = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
  const deepestFirst = withIds.toSorted(
    (one, other) => steps.indexOf(one.method) - steps.indexOf(other.method) || other.path.length - one.path.length,
  )
  const unanswered: string[] = []
  for (const declared of deepestFirst.filter(takesUuid)) {
    const statuses: number[] = []
    for (const path of pathsOf(declared)) {
      statuses.push((await call(alice, declared, path)).status)
      if (statuses.at(-1) !== 404) break
    }
    if (statuses.every(status => status === 404)) unanswered.push(`${declared.method} ${declared.path}`)
  }
  assert.deepEqual(
    unanswered.sort(),
    [
      // Gone with its account.
      'DELETE /api-keys/{id}',
      // A person's own, whatever the tenant.
      'DELETE /me/devices/{id}',
      'DELETE /me/external-identities/{id}',
      'DELETE /me/passkeys/{id}',
      'DELETE /me/provider-links/{id}',
      'DELETE /me/sessions/{id}',
      'PATCH /me/passkeys/{id}',
      'POST /me/invitations/{id}/acceptance',
      // One's own as a participant, who was erased before: own-routes.test.ts asks as others.
      'DELETE /me/drop-outs/{id}',
      'DELETE /me/participants/{id}/calendar-feed',
      'PUT /me/participants/{id}/calendar-feed',
      'GET /users/{id}/avatar',
      // The key that is made for all has another owner than the service account of the provider's directory.
      'DELETE /federation/providers/{id}/provisioning/tokens/{tokenId}',
      'POST /federation/providers/{id}/provisioning/tokens/{tokenId}/rotation',
      // The made export is none that is ready: requested-exports.test.ts asks as the other tenant.
      'GET /tenant/exports/{id}/file',
      'POST /tenant/exports/{id}/links',
      // Gone with what named the participant, who was erased before.
      'DELETE /participants/{id}/exceptions/{exceptionId}',
      // A pin has no id of its own: planning/moves.test.ts asks as the other tenant.
      'DELETE /assignments/{id}/pins/{participantId}/{targetId}',
      // Everybody's.
      'GET /contractors/{id}',
      'GET /contractors/{id}/award-breakdown',
      'GET /contractors/{id}/award-totals',
      'GET /contractors/{id}/awards',
      'GET /contractors/{id}/awards/{awardId}',
      'GET /contractors/{id}/awards/{awardId}/actions',
      'GET /contractors/{id}/changes',
      'GET /contractors/{id}/family',
      'GET /contractors/{id}/family-members',
      'GET /contractors/{id}/industries',
      'GET /contractors/{id}/locations',
      'GET /contractors/{id}/names',
      'GET /contractors/{id}/performance-places',
      'GET /contractors/{id}/qualifications',
      'GET /contractors/{id}/records',
      'GET /contractors/{id}/records/{recordId}',
      'GET /contractors/{id}/similar',
      'GET /contractors/{id}/values',
      // Nobody has allowed the made client anything: allowances.test.ts asks as the other tenant.
      'DELETE /me/applications/{tenantId}/{id}',
      'DELETE /oauth/clients/{id}/people/{userId}',
      // Replaced by the one before.
      'DELETE /oauth/clients/{id}/secrets/{secretId}',
      // The body names a service account that is none.
      'PATCH /oauth/clients/{id}',
      // The body names a role that is none.
      'POST /federation/providers/{id}/group-mappings',
      // The body names a member, or a parent, that is none.
      'PATCH /organizations/{id}',
      'POST /organizations/{id}/members',
    ].sort(),
  )
})

test('MT-01 what operators may do is refused to the owner of a tenant, whoever the id is of', async () => {
  const operated = declaredRoutes.filter(({ allow }) => forOperators.has(allow))
  assert.ok(operated.length > 0, 'control: there are such routes')
  for (const declared of operated) {
    const path = declared.path.replace(/\{\w+\}/g, alice.userId)
    assert.equal((await call(bob, declared, path)).status, 403, `${declared.method} ${path}`)
  }
})

test('AG-01 without a sign-in every route that is not public answers 401', async () => {
  for (const declared of declaredRoutes.filter(({ allow }) => allow !== 'public')) {
    const path = declared.path.replace(/\{\w+\}/g, made[0]?.id ?? '')
    const response = await fetch(`${baseUrl}/api/v1${path}`, {
      method: declared.method,
      ...(declared.body
        ? { body: JSON.stringify(exampleOf(declared.body as never)), headers: { 'content-type': 'application/json' } }
        : {}),
    })
    assert.equal(response.status, 401, `${declared.method} ${path}`)
  }
})

function takesUuid({ params }: AnyRoute): boolean {
  const properties = (params as { properties?: Record<string, { format?: string }> } | undefined)?.properties ?? {}
  return Object.values(properties).every(({ format }) => format === 'uuid')
}
