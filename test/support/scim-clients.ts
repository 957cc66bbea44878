import { sql } from '#platform/database'
import type { Person, World } from './world.ts'

/** JSON of which tests know what is in it. */
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into at many depths
export type Body = Record<string, any>
export type Answer = { status: number; type: string | null; etag: string | null; headers: Headers; body: Body }

/** Speaks with one base address and one token, as a directory does. */
export type ScimClient = {
  base: string
  token: string
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

const patchOp = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const core = 'urn:ietf:params:scim:schemas:core:2.0'
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

export function scimClient(base: string, token: string): ScimClient {
  return {
    base,
    token,
    async ask(method, path, body, headers = {}) {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/scim+json',
          // Okta sends it with every request, also where there is no body.
          'content-type': 'application/scim+json; charset=utf-8',
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        etag: response.headers.get('etag'),
        headers: response.headers,
        body: text === '' ? {} : (JSON.parse(text) as Body),
      }
    },
  }
}

/** A provider that is switched on, with a token for its directory; its people have addresses of the given domains. */
export async function directoryOf(
  world: World,
  owner: Person,
  wanted: { name: string; type?: 'okta' | 'azure'; domains?: readonly string[]; groups?: 'claim' | 'scim' },
): Promise<ScimClient & { providerId: string; tokenId: string }> {
  const { name, type = 'okta', domains = [], groups = 'scim' } = wanted
  const { tenantId } = owner
  const [provider] = await world.app.db.scoped({ system: true, tenantId }).run(sql<{ id: string }>`
    insert into federation.iam_providers (
      provider_name, provider_type, issuer, client_id, client_secret_encrypted, status, configuration, default_role
    )
    values (
      ${name}, ${type}, ${`https://${name.toLowerCase().replace(/\W+/g, '-')}.example`}, 'client', 'none', 'active',
      jsonb_build_object('groups', jsonb_build_object('source', ${groups}::text, 'claim', 'groups', 'format', 'name')),
      'viewer'
    )
    returning id`)
  const providerId = provider?.id as string
  for (const domain of domains) await proveDomain(world, tenantId, domain)
  const { id, token } = await newToken(owner, providerId)
  // The program's own address is not the test server's.
  return { ...scimClient(`${world.baseUrl}/api/v1/scim/v2/${providerId}`, token), providerId, tokenId: id }
}

export async function newToken(owner: Person, providerId: string): Promise<{ id: string; token: string }> {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  const made = await owner.fetch(`/federation/providers/${providerId}/provisioning/tokens`, {
    method: 'POST',
    body: { expiresAt },
  })
  if (made.status !== 201) throw new Error(`No token: ${made.status} ${await made.text()}`)
  return (await made.json()) as { id: string; token: string }
}

/** As if the tenant had shown that the domain is its own. */
export async function proveDomain(world: World, tenantId: string, domain: string): Promise<void> {
  await world.admin.query(
    `insert into tenancy.tenant_domains (tenant_id, domain, token, proven_at, proven_by, checked_at)
     values ($1, $2, 'token', now(), 'dns', now())`,
    [tenantId, domain],
  )
}

const replace = (value: unknown) => ({ schemas: [patchOp], Operations: [{ op: 'replace', value }] })

/**
 * What Okta sends (developer.okta.com, SCIM 2.0 reference): an application of its integration network (`oin`) and one
 * made by its wizard (`aiw`), which differ in how users are changed.
 */
export function oktaClient(client: ScimClient) {
  const userBody = (user: OktaUser, active = true) => ({
    schemas: [`${core}:User`],
    userName: user.login,
    name: { givenName: user.givenName, familyName: user.familyName },
    emails: [{ primary: true, value: user.login, type: 'work' }],
    displayName: `${user.givenName} ${user.familyName}`,
    locale: 'en-US',
    externalId: user.oktaId,
    groups: [],
    active,
  })
  return {
    /** When the credentials are entered. */
    probe: () => client.ask('GET', '/Users?startIndex=1&count=2'),
    find: (login: string) =>
      client.ask('GET', `/Users?filter=${encodeURIComponent(`userName eq "${login}"`)}&startIndex=1&count=100`),
    import: (startIndex = 1) => client.ask('GET', `/Users?startIndex=${startIndex}&count=100`),
    create: (user: OktaUser, password = '1mz050nq') => client.ask('POST', '/Users', { ...userBody(user), password }),
    read: (id: string) => client.ask('GET', `/Users/${id}`),
    update: (id: string, user: OktaUser, active = true) =>
      client.ask('PUT', `/Users/${id}`, { ...userBody(user, active), id }),
    /** OIN: no path, and the value an object. */
    deactivate: (id: string) => client.ask('PATCH', `/Users/${id}`, replace({ active: false })),
    reactivate: (id: string) => client.ask('PATCH', `/Users/${id}`, replace({ active: true })),
    setPassword: (id: string) => client.ask('PATCH', `/Users/${id}`, replace({ password: 'T1ger!pass' })),
    createGroup: (displayName: string) =>
      client.ask('POST', '/Groups', { schemas: [`${core}:Group`], displayName, members: [] }),
    listGroups: () => client.ask('GET', '/Groups?startIndex=1&count=100'),
    readGroup: (id: string) => client.ask('GET', `/Groups/${id}`),
    /** The id is in the value, and the name comes again with each change of members. */
    renameGroup: (id: string, displayName: string) =>
      client.ask('PATCH', `/Groups/${id}`, replace({ id, displayName })),
    changeMembers: (id: string, displayName: string, added: readonly OktaMember[], removed: readonly string[]) =>
      client.ask('PATCH', `/Groups/${id}`, {
        schemas: [patchOp],
        Operations: [
          ...removed.map(userId => ({ op: 'remove', path: `members[value eq "${userId}"]` })),
          ...(added.length > 0 ? [{ op: 'add', path: 'members', value: added }] : []),
          { op: 'replace', value: { id, displayName } },
        ],
      }),
    pushMembers: (id: string, members: readonly OktaMember[]) =>
      client.ask('PATCH', `/Groups/${id}`, {
        schemas: [patchOp],
        Operations: [{ op: 'replace', path: 'members', value: members }],
      }),
    putGroup: (id: string, displayName: string, members: readonly OktaMember[]) =>
      client.ask('PUT', `/Groups/${id}`, { schemas: [`${core}:Group`], id, displayName, members }),
    deleteGroup: (id: string) => client.ask('DELETE', `/Groups/${id}`),
  }
}

export type OktaUser = { login: string; givenName: string; familyName: string; oktaId: string }
type OktaMember = { value: string; display: string }

/**
 * What Entra ID sends (learn.microsoft.com, “Develop and plan provisioning for a SCIM endpoint”): as it always did, and
 * with the flag `aadOptscim062020` in the tenant URL, which makes its PATCH as RFC 7644 wants it.
 */
export function entraClient(client: ScimClient, { withFlag = false } = {}) {
  const flagged = (path: string) => (withFlag ? `${path}${path.includes('?') ? '&' : '?'}aadOptscim062020` : path)
  const ask = (method: string, path: string, body?: unknown) => client.ask(method, flagged(path), body)
  const patch = (path: string, Operations: object[]) => ask('PATCH', path, { schemas: [patchOp], Operations })
  const op = (name: 'Add' | 'Replace' | 'Remove') => (withFlag ? name.toLowerCase() : name)
  return {
    /** “Test connection”: somebody who cannot be there. */
    probe: (random: string) => ask('GET', `/Users?filter=${encodeURIComponent(`userName eq "${random}"`)}`),
    find: (attribute: string, value: string) =>
      ask('GET', `/Users?filter=${encodeURIComponent(`${attribute} eq "${value}"`)}`),
    findBoth: (login: string, externalId: string) =>
      ask('GET', `/Users?filter=${encodeURIComponent(`userName eq "${login}" and externalId eq "${externalId}"`)}`),
    create: (user: EntraUser) =>
      ask('POST', '/Users', {
        schemas: [`${core}:User`, enterprise],
        externalId: user.nickname,
        userName: user.upn,
        active: true,
        displayName: user.displayName,
        addresses: [{ primary: false, type: 'work', country: 'USA', locality: 'Columbia' }],
        emails: [{ primary: true, type: 'work', value: user.upn }],
        meta: { resourceType: 'User' },
        name: { formatted: user.displayName, familyName: user.familyName, givenName: user.givenName },
        title: user.title,
        [enterprise]: { department: 'Research' },
      }),
    read: (id: string) => ask('GET', `/Users/${id}`),
    /** Several attributes: one operation each; with the flag one without a path, its names dotted. */
    update: (id: string, changes: Readonly<Record<string, unknown>>) =>
      withFlag
        ? patch(`/Users/${id}`, [{ op: 'replace', value: changes }])
        : patch(
            `/Users/${id}`,
            Object.entries(changes).map(([path, value]) => ({ op: 'Replace', path, value })),
          ),
    deactivate: (id: string, name: 'Add' | 'Replace' = 'Replace') =>
      patch(`/Users/${id}`, [{ op: op(name), path: 'active', value: withFlag ? false : 'False' }]),
    reactivate: (id: string) =>
      patch(`/Users/${id}`, [{ op: op('Replace'), path: 'active', value: withFlag ? true : 'True' }]),
    setManager: (id: string, managerId: string) =>
      patch(`/Users/${id}`, [{ op: op('Add'), path: `${enterprise}:manager`, value: managerId }]),
    delete: (id: string) => ask('DELETE', `/Users/${id}`),
    createGroup: (displayName: string, objectId: string) =>
      ask('POST', '/Groups', {
        schemas: [`${core}:Group`, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
        externalId: objectId,
        displayName,
        meta: { resourceType: 'Group' },
        members: [],
      }),
    findGroup: (displayName: string) =>
      ask('GET', `/Groups?excludedAttributes=members&filter=${encodeURIComponent(`displayName eq "${displayName}"`)}`),
    readGroup: (id: string) => ask('GET', `/Groups/${id}?excludedAttributes=members`),
    isMember: (groupId: string, userId: string) =>
      ask('GET', `/Groups?filter=${encodeURIComponent(`id eq "${groupId}" and members eq "${userId}"`)}`),
    renameGroup: (id: string, displayName: string) =>
      patch(`/Groups/${id}`, [{ op: op('Replace'), path: 'displayName', value: displayName }]),
    addMember: (id: string, userId: string) =>
      patch(`/Groups/${id}`, [{ op: op('Add'), path: 'members', value: [{ $ref: null, value: userId }] }]),
    removeMember: (id: string, userId: string) =>
      patch(
        `/Groups/${id}`,
        withFlag
          ? [{ op: 'remove', path: `members[value eq "${userId}"]` }]
          : [{ op: 'Remove', path: 'members', value: [{ $ref: null, value: userId }] }],
      ),
    deleteGroup: (id: string) => ask('DELETE', `/Groups/${id}`),
  }
}

export type EntraUser = {
  upn: string
  nickname: string
  displayName: string
  givenName: string
  familyName: string
  title?: string
}
