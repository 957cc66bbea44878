// The program with people, contractors and lists to share; each file of tests has one of its own.

import type { Json } from '#test/json.ts'
import { believedNoLonger, joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'

export const world = await testWorld({ hasRouteLimits: false })
export const { admin, alice, bob, viewer, baseUrl, app, db } = world

export const carol = await member('carol@meridian.example', 'Carol Cole')
export const leidos = await makeContractor('LEJDDS000001', 'Leidos')
export const verizon = await makeContractor('VERJZNN00001', 'Verizon')

export type Made = {
  id: string
  link: string | null
  isMailed: boolean
  user: { id: string } | null
  status: string
  lastAccessedAt: string | null
  accessCount: number
}

export async function member(email: string, fullName: string): Promise<Person> {
  const person = await newPerson(world, { email, fullName })
  await joinAs(world, person.userId, alice.tenantId, 'member')
  return await signIn(baseUrl, person, alice.tenantId)
}

export async function setRole(person: Person, role: string): Promise<void> {
  await admin.query('alter table access.user_tenant_roles disable trigger user')
  await admin.query(
    `update access.user_tenant_roles as held
     set role_id = role.id
     from access.roles as role, tenancy.user_tenants as membership
     where role.tenant_id = held.tenant_id and role.name = $3 and membership.tenant_id = held.tenant_id
       and membership.id = held.user_tenant_id and membership.user_id = $1 and membership.tenant_id = $2`,
    [person.userId, person.tenantId, role],
  )
  await admin.query('alter table access.user_tenant_roles enable trigger user')
  await believedNoLonger()
}

export async function makeContractor(uei: string, name: string): Promise<string> {
  const { rows } = await admin.query(
    'insert into contractors.contractor_profiles (uei, name, total_contract_value) values ($1, $2, 1000) returning id',
    [uei, name],
  )
  return rows[0].id
}

export async function makeList(person: Person, name: string): Promise<string> {
  return (await json<{ id: string }>(person.fetch('/contractor-lists', { method: 'POST', body: { name } }))).id
}

export async function addItem(person: Person, list: string, fields: object = {}): Promise<string> {
  const body = { contractorId: leidos, ...fields }
  return (await json<{ id: string }>(person.fetch(`/contractor-lists/${list}/items`, { method: 'POST', body }))).id
}

export async function share(person: Person, list: string, body: object, headers: Record<string, string> = {}) {
  const answer = await person.fetch(`/contractor-lists/${list}/shares`, { method: 'POST', body, headers })
  return { status: answer.status, json: (await answer.json()) as Made & { code: string } }
}

export const tokenOf = ({ link }: Pick<Made, 'link'>) =>
  new URLSearchParams(new URL(link ?? '').hash.slice(1)).get('token') ?? ''

/** As a browser of somebody without an account. */
export async function open(token: string, password?: string, from: Record<string, string> = {}) {
  const own = { ...from, 'sec-fetch-site': 'same-origin', origin: app.publicUrl }
  const answer = await fetch(`${baseUrl}/api/v1/shared-lists`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...own },
    body: JSON.stringify({ token, ...(password !== undefined && { password }) }),
  })
  const body = (await answer.json()) as { code: string; requestId?: string }
  const setCookie = answer.headers.get('set-cookie') ?? ''
  const cookie = setCookie.split(';')[0] ?? ''
  const ask = async (path: string, init: RequestInit): Promise<{ status: number; headers: Headers; json: Json }> => {
    const answer = await fetch(`${baseUrl}/api/v1${path}`, init)
    return { status: answer.status, headers: answer.headers, json: await answer.json().catch(() => undefined) }
  }
  return {
    status: answer.status,
    code: body.code,
    answer: { ...body, requestId: undefined },
    setCookie,
    cookie,
    get: (path: string, headers: Record<string, string> = {}) =>
      ask(path, { headers: { cookie, ...from, ...headers } }),
    send: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      ask(path, {
        method,
        headers: { cookie, ...own, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  }
}

export async function json<T>(asked: Promise<Response>): Promise<T> {
  return (await (await asked).json()) as T
}

export async function status(asked: Promise<Response>): Promise<number> {
  return (await asked).status
}

/** From where members and guests of Alice's workspace may come; none: from anywhere. */
export async function setAddresses(allowedRanges: string[], blockList: string[] = []): Promise<void> {
  await admin.query(
    `update tenancy.tenants
     set security_policy = jsonb_set(security_policy, '{ipRestrictions}', $2)
     where id = $1`,
    [alice.tenantId, { enabled: allowedRanges.length > 0, allowedIPs: [], allowedRanges, blockList }],
  )
}
