import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TSchema } from 'typebox'
import { DomainError } from '#platform/errors.ts'
import type { AnyRoute } from '#platform/http'
import { believedNoLonger, newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'
import { modules } from '../../src/main/modules.ts'
import { compileBody } from '../../src/platform/http/inputs.ts'

const world = await testWorld()
const { admin, alice, baseUrl } = world
// What speaks SCIM leaves out what it does not know, as RFC 7644 wants it, and no person may ask it; filters.test.ts and
// protocol.test.ts there try prototypes and properties that only the server may say.
const routes = modules.flatMap(({ routes }): readonly AnyRoute[] => routes ?? []).filter(({ dialect }) => !dialect)
const withBody = routes.filter(({ body }) => body !== undefined)
const plain = routes.filter(({ method, body, rawBody }) => method !== 'GET' && body === undefined && !rawBody)

type Schema = TSchema & { [keyword: string]: unknown }
const propertiesOf = (schema: Schema) => (schema.properties ?? {}) as Record<string, Schema>

/** A value that a schema takes, so that what is refused is refused for what was added to it. */
function exampleOf(schema: Schema): unknown {
  if (schema.enum) return (schema.enum as unknown[])[0]
  if ('const' in schema) return schema.const
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined
  if (choices) return exampleOf(choices[0] as Schema)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object') {
    const required = new Set((schema.required ?? []) as string[])
    const wanted = Object.entries(propertiesOf(schema)).filter(([name]) => required.has(name))
    return Object.fromEntries(wanted.map(([name, of]) => [name, exampleOf(of)]))
  }
  if (type === 'array') return []
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1
  if (type === 'boolean') return true
  if (schema.format === 'uuid') return crypto.randomUUID()
  const examples = schema.examples as unknown[] | undefined
  return examples?.[0] ?? 'example'.padEnd(Math.min(Number(schema.minLength ?? 0), 200), 'x')
}

/** The objects within a schema, by the path to them. */
function objectsIn(schema: Schema, path: string[] = []): { path: string[]; names: string[] }[] {
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined
  if (choices) return choices.flatMap(choice => objectsIn(choice, path))
  const properties = propertiesOf(schema)
  // What is open by its own word is data of a browser, or a map.
  if (!schema.properties || schema.additionalProperties === true) return []
  return [
    { path, names: Object.keys(properties) },
    ...Object.entries(properties).flatMap(([name, of]) => objectsIn(of, [...path, name])),
  ]
}

/** The columns of the tables that hold who somebody is and what he may do, and what others call them. */
const { rows: columns } = await admin.query<{ name: string }>(
  `select distinct attname as name
   from pg_attribute
   where attnum > 0
     and not attisdropped
     and attrelid = any (array[
       'identity.users', 'identity.user_profiles', 'identity.user_sessions', 'identity.operators', 'identity.passwords',
       'identity.two_factors', 'identity.user_devices', 'identity.authenticators', 'identity.external_identities',
       'tenancy.user_tenants', 'tenancy.tenants', 'access.user_tenant_roles', 'access.roles'
     ]::regclass[])`,
)
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
const extras = [
  ...new Set([
    ...columns.flatMap(({ name }) => [name, camel(name)]),
    ...['role', 'roles', 'permissions', 'isAdmin', 'is_admin', 'admin', 'isOperator', 'is_operator', 'operator'],
    ...['userId', 'sub', 'sid', 'tid', 'scope', 'system', 'principal', 'owner', 'ownerId', 'isOwner', 'sessionId'],
    ...['emailVerified', 'email_verified', 'verified', 'isVerified', 'hash', 'authenticatedAt', 'methods', 'proof'],
    ...['constructor', 'prototype', 'toString', 'hasOwnProperty', '$where', '__defineGetter__', 'then', ''],
  ]),
]
assert.ok(columns.length > 80, 'control: the columns are found')

/** What of a person an attacker would like to change; counters that any request moves are left out. */
async function rowsOf(person: Person): Promise<unknown> {
  const { rows } = await admin.query(
    `select
       (select to_jsonb(u) - 'last_activity_at' - 'updated_at' from identity.users as u where id = $1) as account,
       (select jsonb_agg(to_jsonb(p) - 'updated_at') from identity.user_profiles as p where user_id = $1) as profile,
       (select jsonb_agg(to_jsonb(o)) from identity.operators as o where user_id = $1) as operator,
       (select jsonb_agg(to_jsonb(m) order by m.tenant_id) from tenancy.user_tenants as m where user_id = $1) as memberships,
       (select jsonb_agg(to_jsonb(r) order by r.role_id)
        from access.user_tenant_roles as r
        join tenancy.user_tenants as m on m.id = r.user_tenant_id
        where m.user_id = $1) as roles,
       (select count(*) from identity.passwords where user_id = $1) as passwords,
       (select count(*) from identity.authenticators where user_id = $1) as passkeys`,
    [person.userId],
  )
  return rows[0]
}

const operator = await newPerson(world, { tenantName: 'Operating Ltd' })
await admin.query('insert into identity.operators (user_id) values ($1)', [operator.userId])
await believedNoLonger()

const pathOf = ({ path }: AnyRoute, id = crypto.randomUUID() as string) => path.replace(/\{\w+\}/g, id)
const nameOf = ({ method, path }: AnyRoute) => `${method} ${path}`

function send(declared: AnyRoute, text: string, person = operator, id?: string): Promise<Response> {
  const isPublic = declared.allow === 'public'
  return fetch(`${baseUrl}/api/v1${pathOf(declared, id)}`, {
    method: declared.method,
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': randomAddress(),
      ...(!isPublic && { authorization: `Bearer ${person.accessToken}` }),
    },
    body: text,
  })
}

type Problem = { code?: string; errors?: { pointer: string; message: string }[] }

/** Sends one body many times over would meet the quotas: each person has his own. */
async function refusal(declared: AnyRoute, text: string, person?: Person) {
  const response = await send(declared, text, person)
  return { status: response.status, problem: (await response.json().catch(() => ({}))) as Problem }
}

function put(body: unknown, path: readonly string[], name: string, value: unknown): unknown {
  const [head, ...rest] = path
  const record = (typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {}) as Record<
    string,
    unknown
  >
  if (head === undefined) return { ...record, [name]: value }
  return { ...record, [head]: put(record[head], rest, name, value) }
}

describe('members that nobody declared', () => {
  test('CVE-2026-27946 every column of an account, in both spellings, is refused by name in every body at every depth', async () => {
    const before = await rowsOf(operator)
    assert.ok(withBody.length > 25, 'control: there are bodies')
    for (const declared of withBody) {
      const schema = declared.body as Schema
      const check = compileBody(schema)
      const example = exampleOf(schema)
      const faultsOf = (body: unknown): string[] => {
        try {
          check(structuredClone(body))
          return []
        } catch (error) {
          assert.ok(error instanceof DomainError)
          const faults = error.details.errors as { pointer: string; message: string }[]
          return faults.filter(({ message }) => message === 'is not a known property').map(({ pointer }) => pointer)
        }
      }
      assert.deepEqual(faultsOf(example), [], `control: ${nameOf(declared)} knows its own`)
      for (const { path, names } of objectsIn(schema)) {
        const surplus = extras.filter(name => !names.includes(name))
        const pointerTo = (name: string) => `/${[...path, name].join('/')}`
        for (const name of surplus) {
          const refused = faultsOf(put(example, path, name, 'x'))
          assert.ok(refused.includes(pointerTo(name)), `${nameOf(declared)} ${pointerTo(name)}`)
        }
        // And the same over HTTP, some at once.
        const some = [...surplus.slice(0, 3), 'userId', 'isOperator', 'tenantId'].filter(name => surplus.includes(name))
        const body = some.reduce((body, name) => put(body, path, name, 'x'), example)
        const { status, problem } = await refusal(declared, JSON.stringify(body), await personFor(declared))
        assert.deepEqual([status, problem.code], [400, 'http.request_invalid'], nameOf(declared))
        const told = problem.errors?.map(({ pointer }) => pointer) ?? []
        for (const name of some) assert.ok(told.includes(pointerTo(name)), `${nameOf(declared)} ${name}: ${told}`)
      }
    }
    assert.deepEqual(await rowsOf(operator), before)
  })

  test('CVE-2025-61928 routes that take no body take none of them either', async () => {
    assert.ok(plain.length > 10, 'control: there are such')
    for (const declared of plain) {
      const before = await rowsOf(operator)
      for (const name of ['userId', 'user_id', 'tenantId', 'role', 'email', 'status', 'id']) {
        const { status, problem } = await refusal(
          declared,
          JSON.stringify({ [name]: alice.userId }),
          await personFor(declared),
        )
        assert.deepEqual([status, problem.code], [400, 'http.request_invalid'], `${nameOf(declared)} ${name}`)
      }
      assert.deepEqual(await rowsOf(operator), before)
    }
  })

  test('queries take no member that is not declared', async () => {
    const read = routes.filter(({ method, allow }) => method === 'GET' && allow !== 'public')
    for (const declared of read) {
      for (const name of ['userId', 'user_id', 'tenantId', 'tenant_id', 'role', 'system', '__proto__', 'constructor']) {
        if (name in propertiesOf((declared.query ?? {}) as Schema)) continue
        const response = await operator.fetch(`${pathOf(declared)}?${name}=${alice.userId}`)
        assert.equal(response.status, 400, `${nameOf(declared)} ${name}`)
      }
    }
  })
})

// Quotas are by person and route, thirty a minute and fewer.
const used = new Map<string, { person: Person; times: number }>()
async function personFor(declared: AnyRoute): Promise<Person> {
  if (declared.allow === 'public' || !declared.rateLimit) return operator
  const known = used.get(nameOf(declared))
  if (known && known.times < Math.min(declared.rateLimit, 30) - 1) {
    known.times++
    return known.person
  }
  const person = await newPerson(world, { tenantName: 'Attacking Ltd' })
  await admin.query('insert into identity.operators (user_id) values ($1)', [person.userId])
  used.set(nameOf(declared), { person, times: 1 })
  return person
}

describe('bodies that are read in two ways', () => {
  test('__proto__ and constructor.prototype are refused as bytes, wherever they stand', async () => {
    for (const declared of withBody) {
      const text = JSON.stringify(exampleOf(declared.body as Schema))
      const poisons = [
        text.replace(/}$/, `${text === '{}' ? '' : ','}"__proto__":{"isOperator":true,"roles":["owner"]}}`),
        text.replace(/}$/, `${text === '{}' ? '' : ','}"constructor":{"prototype":{"isOperator":true}}}`),
        text.replace(/}$/, `${text === '{}' ? '' : ','}"\\u005f_proto__":{"isOperator":true}}`),
        '{"__proto__":null}',
        '[{"__proto__":{"isOperator":true}}]',
      ]
      for (const poison of poisons) {
        const { status } = await refusal(declared, poison, await personFor(declared))
        assert.equal(status, 400, `${nameOf(declared)} ${poison}`)
      }
    }
    assert.equal(({} as { isOperator?: boolean }).isOperator, undefined)
  })

  test('of a doubled key one value counts, and it is the one that is checked', async () => {
    const person = await newPerson(world)
    const [change] = routes.filter(({ method, path }) => method === 'PATCH' && path === '/me/profile')
    assert.ok(change)
    const said = await send(change, '{"fullName":"First","fullName":"Second"}', person)
    assert.equal(((await said.json()) as { fullName: string }).fullName, 'Second')
    for (const text of ['{"fullName":"First","fullName":["Second"]}', '{"fullName":"First","fullName":{"a":1}}']) {
      assert.equal((await send(change, text, person)).status, 400, text)
    }
    const signIn = routes.find(({ path }) => path === '/auth/sign-in') as AnyRoute
    const both = (first: string, second: string) =>
      `{"email":${JSON.stringify(first)},"email":${JSON.stringify(second)},"password":${JSON.stringify(person.password)}}`
    assert.equal((await send(signIn, both(person.email, alice.email.toUpperCase().repeat(2)))).status >= 400, true)
    const opened = (await (await send(signIn, both('nobody@example.com', person.email))).json()) as {
      user: { id: string }
    }
    assert.equal(opened.user.id, person.userId, 'the last one, for the account as for everything else')
  })

  test('lists, objects, numbers and null in the place of text are refused in every body', async () => {
    const before = await rowsOf(operator)
    for (const declared of withBody) {
      const schema = declared.body as Schema
      const example = exampleOf(schema) as Record<string, unknown>
      const wrongs = (of: Schema): unknown[] => {
        const types = [of.type].flat()
        if (types.includes('string') && types.length === 1) return [['x'], { $ne: null }, 12, true, [['x']]]
        if (types.includes('boolean') && types.length === 1) return ['true', 1, [true], {}]
        if (types.includes('integer') && types.length === 1) return ['8', [8], { $gt: 0 }, 8.5]
        return []
      }
      for (const [name, of] of Object.entries(propertiesOf(schema))) {
        for (const wrong of wrongs(of)) {
          const text = JSON.stringify({ ...example, [name]: wrong })
          const { status } = await refusal(declared, text, await personFor(declared))
          assert.equal(status, 400, `${nameOf(declared)} ${text}`)
        }
      }
      for (const text of ['[]', '"x"', '1', 'null', '[{}]', '']) {
        const { status } = await refusal(declared, text, await personFor(declared))
        const isOptional = (schema.required as unknown[] | undefined)?.length === 0 || schema.required === undefined
        assert.ok(status === 400 || (isOptional && status < 500), `${nameOf(declared)} ${text} ${status}`)
      }
    }
    assert.deepEqual(await rowsOf(operator), before)
  })
})

describe('the few that are worth most', () => {
  test('CVE-2026-27946 nobody makes himself verified, an operator, an owner or somebody else by his profile', async () => {
    const person = await newPerson(world, { tenantName: 'Modest Ltd' })
    await admin.query('update identity.users set email_verified_at = null where id = $1', [person.userId])
    const before = await rowsOf(person)
    const attempts: [string, string, object][] = [
      ['PATCH', '/me/profile', { emailVerifiedAt: '2026-01-01T00:00:00Z' }],
      ['PATCH', '/me/profile', { isEmailVerified: true }],
      ['PATCH', '/me/profile', { email: alice.email }],
      ['PATCH', '/me/profile', { id: alice.userId }],
      ['PATCH', '/me/profile', { emailPreferences: { isOperator: true } }],
      ['PATCH', '/me/profile', { emailPreferences: { __proto__x: true, security: true, roles: true } }],
      ['POST', '/me/email', { email: 'new@example.com', verified: true }],
      ['POST', '/tenants', { name: 'Mine', ownerId: alice.userId }],
      ['POST', '/tenants', { name: 'Mine', id: alice.tenantId }],
      ['POST', '/auth/switch-tenant', { tenantId: person.tenantId, roles: ['owner'] }],
      ['POST', '/me/password', { newPassword: 'a rather long passphrase', userId: alice.userId }],
      ['POST', '/auth/step-up', { password: person.password, userId: alice.userId }],
      ['POST', '/me/deletion', { email: person.email, userId: alice.userId }],
    ]
    for (const [method, path, body] of attempts) {
      const response = await person.fetch(path, { method, body })
      assert.equal(response.status, 400, `${method} ${path} ${JSON.stringify(body)}`)
    }
    assert.deepEqual(await rowsOf(person), before)
    const control = await person.fetch('/me/profile', { method: 'PATCH', body: { fullName: 'Modest Now' } })
    assert.equal(control.status, 200, 'control')
    assert.notDeepEqual(await rowsOf(person), before, 'control: a change is seen')
  })
})
