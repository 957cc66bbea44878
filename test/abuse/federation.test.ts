import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeProvider, proveDomain, setUpProvider, visitor } from '#test/federation.ts'
import { identityProviderEnvironment, startIdentityProvider } from '#test/identity-providers.ts'
import { mailsTo } from '#test/mails.ts'
import { joinAs, newPerson, testWorld } from '#test/world.ts'

const world = await testWorld({ environment: identityProviderEnvironment, hasRouteLimits: false })
const { admin, alice, bob } = world
const okta = await startIdentityProvider('okta')
const evil = await startIdentityProvider('custom_oidc')
await proveDomain(world, alice.tenantId, 'acme.example')
await proveDomain(world, bob.tenantId, 'northgate.example')
const ours = await setUpProvider(alice, okta, { domains: ['acme.example'] })
const theirs = await setUpProvider(bob, evil, { domains: ['northgate.example'] })

const refused = (code: string) => `/sign-in?refused=federation.${code}`
let people = 0
/** Somebody in Acme's directory; a new one each time. */
function newAccount(provider = okta, more: object = {}) {
  const name = `person-${++people}`
  const account = {
    sub: `00u${people}`,
    email: `${name}@acme.example`,
    emailVerified: true,
    name: `Person ${people}`,
    ...more,
  }
  provider.accounts.set(name, account)
  return { ...account, login: name }
}
const mappingOf = async (sub: string) =>
  (await admin.query('select * from federation.iam_user_mappings where external_id = $1', [sub])).rows[0]

test('AG-04 AG-05 the control: who has an address of a proven domain comes in, gets an account and a membership', async () => {
  const ada = newAccount()
  const browser = visitor(world)
  assert.equal(await browser.signIn(alice.tenantId, ours.id, ada.login, '/lists'), '/lists')
  assert.equal(await browser.whoIs(), ada.email)
  const me = await (await browser.get('/me')).json()
  assert.equal(me.tenantId, alice.tenantId)
  assert.deepEqual(me.roles, ['viewer'])
  const mapping = await mappingOf(ada.sub)
  assert.equal(mapping.sync_status, 'synced')
  const again = visitor(world)
  await again.signIn(alice.tenantId, ours.id, ada.login)
  assert.equal((await (await again.get('/me')).json()).user.id, me.user.id)
})
