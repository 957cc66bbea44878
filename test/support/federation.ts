import assert from 'node:assert/strict'
import type { IdentityProvider as SetUpProvider } from '../../src/platform/federation/providers.ts'
import type { IdentityProvider } from './identity-providers.ts'
import { signInAt, TestBrowser } from './openid-provider.ts'
import type { Person, World } from './world.ts'

/** A tenant's proof that a domain is its own. */
export async function proveDomain(world: World, tenantId: string, domain: string): Promise<void> {
  await world.admin.query(
    `insert into tenancy.tenant_domains (tenant_id, domain, token, proven_at, proven_by)
     values ($1, $2, 'for tests', now(), 'dns')`,
    [tenantId, domain],
  )
}

/** Sets a provider up in somebody's tenant, as the wizard does, and switches it on. */
export async function setUpProvider(
  person: Person,
  provider: IdentityProvider,
  more: { name?: string; domains?: string[]; isActive?: boolean } & Record<string, unknown> = {},
): Promise<SetUpProvider> {
  const { name = `Our ${provider.type} ${provider.issuer.replaceAll(/\D/g, '').slice(-5)}`, ...change } = more
  const made = await person.fetch('/federation/providers', {
    method: 'POST',
    body: { name, type: provider.type, issuer: provider.issuer },
  })
  assert.equal(made.status, 201, await made.clone().text())
  const { id } = (await made.json()) as SetUpProvider
  const { clientId, clientSecret } = provider
  return await changeProvider(person, id, { clientId, clientSecret, isActive: true, ...change })
}

export async function changeProvider(person: Person, id: string, change: object): Promise<SetUpProvider> {
  const changed = await person.fetch(`/federation/providers/${id}`, { method: 'PATCH', body: change })
  assert.equal(changed.status, 200, await changed.clone().text())
  return (await changed.json()) as SetUpProvider
}

const fromPage = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }

/** A browser before a world: what it is sent, where it ends, and who it is signed in as. */
export function visitor(world: World, browser = new TestBrowser()) {
  const api = (path: string) => `${world.baseUrl}/api/v1${path}`
  const post = (path: string, body: unknown) =>
    browser.fetch(api(path), { method: 'POST', headers: fromPage, body: JSON.stringify(body) })
  const here = {
    browser,
    post,
    get: (path: string) => browser.fetch(api(path)),
    /** Begins at `path` and goes through the provider; the query that it sends the browser back with. */
    async through(path: string, body: object, account: string | undefined): Promise<Record<string, string>> {
      const begun = await post(path, body)
      assert.equal(begun.status, 200, await begun.clone().text())
      return await signInAt(browser, (await begun.json()).url, account)
    },
    async comeBack(providerId: string, query: Record<string, string>): Promise<string> {
      const answer = await browser.fetch(api(`/federation/callback/${providerId}?${new URLSearchParams(query)}`))
      assert.equal(answer.status, 302, await answer.clone().text())
      return answer.headers.get('location') ?? ''
    },
    /** The whole way of somebody who signs in; where the browser ends. */
    async signIn(tenantId: string, providerId: string, account: string | undefined, next = '/'): Promise<string> {
      const query = await here.through('/federation/sign-ins', { tenantId, providerId, next }, account)
      return await here.comeBack(providerId, query)
    },
    async signInOwn(person: Person): Promise<void> {
      const answer = await post('/auth/sign-in', { email: person.email, password: person.password })
      assert.equal(answer.status, 200)
    },
    /** His address, or undefined where nobody is signed in. */
    async whoIs(): Promise<string | undefined> {
      const answer = await browser.fetch(api('/me'))
      return answer.ok ? (await answer.json()).user.email : undefined
    },
  }
  return here
}
