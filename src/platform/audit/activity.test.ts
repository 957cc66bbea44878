import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordEvent } from '#platform/audit'
import { setUpProvider, visitor } from '#test/federation.ts'
import { identityProviderEnvironment, startIdentityProvider } from '#test/identity-providers.ts'
import { joinAs, newPerson, signIn, testWorld } from '#test/world.ts'

const world = await testWorld({ environment: identityProviderEnvironment, hasRouteLimits: false })
const { admin, db, alice, bob, viewer, baseUrl } = world

type Page = { items: { id: string; action: string; userId: string | null }[]; nextCursor: string | null }
const readPage = async (person: typeof alice, query = '', headers = {}) => {
  const response = await person.fetch(`/me/activity?${query}`, { headers })
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as Page
}
const actionsOf = ({ items }: Page) => items.map(({ action }) => action)
const did = (scope: typeof alice.scope, action: string, resourceId?: string) =>
  recordEvent(db.scoped(scope), { action, resource: 'identity.users', ...(resourceId && { resourceId }) })

test('MT-22 one sees one’s own entries of the workspace without any permission, newest first, page by page', async () => {
  for (const action of ['first', 'second', 'third']) await did(viewer.scope, action)
  const whole = await readPage(viewer)
  assert.deepEqual(actionsOf(whole).slice(0, 3), ['third', 'second', 'first'])
  const paged: string[] = []
  let cursor = ''
  do {
    const page = await readPage(viewer, `limit=2${cursor && `&cursor=${cursor}`}`)
    assert.ok(page.items.length <= 2)
    paged.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor ?? ''
  } while (cursor)
  assert.deepEqual(
    paged,
    whole.items.map(({ id }) => id),
  )
  assert.equal((await viewer.fetch('/audit-logs')).status, 403, 'control: she may not read the log')
})

test('AG-01 MT-22 what others did, also to oneself, and what nobody did is not among them', async () => {
  await did(alice.scope, 'done_to_her', viewer.userId)
  await did({ tenantId: alice.tenantId } as typeof alice.scope, 'done_by_the_system', viewer.userId)
  for (const person of [alice, viewer]) {
    const { items } = await readPage(person, 'limit=100')
    assert.ok(items.length > 0)
    assert.deepEqual([...new Set(items.map(({ userId }) => userId))], [person.userId])
  }
  assert.ok(actionsOf(await readPage(alice, 'limit=100')).includes('done_to_her'), 'control')
  const asked = await viewer.fetch(`/me/activity?userId=${alice.userId}`)
  assert.ok(!(await asked.text()).includes(alice.userId))
  const { nextCursor } = await readPage(alice, 'limit=1')
  assert.equal((await viewer.fetch(`/me/activity?cursor=${nextCursor}`)).status, 400, 'a page of somebody else’s list')
})

test('AG-01 MT-22 one’s entries of another workspace show there alone, and through its provider nowhere else', async () => {
  const person = await newPerson(world, { email: 'both@elsewhere.example', tenantName: 'His Own' })
  await joinAs(world, person.userId, bob.tenantId, 'member')
  const there = await signIn(baseUrl, person, bob.tenantId)
  await did(person.scope, 'done_at_home')
  await did(there.scope, 'done_there')
  const [home, away] = [await readPage(person, 'limit=100'), await readPage(there, 'limit=100')]
  assert.deepEqual(
    [home, away].map(page => actionsOf(page).filter(action => action.startsWith('done'))),
    [['done_at_home'], ['done_there']],
  )
  assert.equal((await there.fetch('/me/activity', { headers: { 'x-tenant-id': alice.tenantId } })).status, 403)

  const identityProvider = await startIdentityProvider('custom_oidc')
  const provider = await setUpProvider(bob, identityProvider)
  await admin.query(
    `insert into federation.iam_user_mappings (tenant_id, provider_id, user_id, external_id, sync_status)
     values ($1, $2, $3, 'both', 'synced')`,
    [bob.tenantId, provider.id, person.userId],
  )
  identityProvider.accounts.set('both', { sub: 'both' })
  const through = visitor(world)
  assert.equal(await through.signIn(bob.tenantId, provider.id, 'both'), '/')
  const ask = (headers = {}) =>
    through.browser.fetch(`${baseUrl}/api/v1/me/activity?limit=100`, {
      headers: { 'sec-fetch-site': 'same-origin', ...headers },
    })
  const shown = actionsOf((await (await ask()).json()) as Page)
  assert.ok(shown.includes('done_there') && !shown.includes('done_at_home'), shown.join())
  assert.equal((await ask({ 'x-tenant-id': person.tenantId })).status, 403)
})

test('MT-22 an API key does not read what its owner did', async () => {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  const body = { name: 'A key', scopes: ['audit.logs.read'], expiresAt }
  const made = await alice.fetch('/me/api-keys', { method: 'POST', body })
  const { key } = (await made.json()) as { key: string }
  const headers = { authorization: `Bearer ${key}` }
  assert.equal((await fetch(`${baseUrl}/api/v1/audit-logs`, { headers })).status, 200, 'control')
  assert.equal((await fetch(`${baseUrl}/api/v1/me/activity`, { headers })).status, 403)
})
