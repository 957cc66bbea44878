import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as openid from 'openid-client'
import { discover, OAuthBrowser, registerClient, requestOf } from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'

const world = await testWorld()
const { app, alice, baseUrl } = world

test('GG-13 RFC 6749 4.1, RFC 7636: an application signs somebody in by a code with PKCE and reads with his token', async () => {
  const client = await registerClient(alice)
  const config = await discover(world, 'meridian-capture', client)
  const { url, checks } = await requestOf(config, {
    scope: 'openid profile email offline_access contractors.lists.read',
    prompt: 'consent',
  })
  const browser = new OAuthBrowser(world)
  await browser.signIn(alice)
  const back = await browser.authorize(url.href)
  assert.equal(back.searchParams.get('iss'), `${app.publicUrl}/t/meridian-capture`, 'RFC 9207')
  const tokens = await openid.authorizationCodeGrant(config, back, checks)
  assert.equal(tokens.claims()?.sub, alice.userId)
  assert.equal(tokens.claims()?.name, 'Alice Archer')
  assert.equal(tokens.scope, 'contractors.lists.read')

  const caller = await fetch(`${baseUrl}/api/v1/caller`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  const { credential, userId, tenantId, permissions } = (await caller.json()) as Record<string, unknown>
  assert.deepEqual(
    { credential, userId, tenantId, permissions },
    { credential: 'oauth', userId: alice.userId, tenantId: alice.tenantId, permissions: ['contractors.lists.read'] },
  )
  const introspected = await openid.tokenIntrospection(config, tokens.access_token)
  assert.equal(introspected.active, true)
  assert.equal(introspected.sub, alice.userId)
  assert.equal(introspected.scope, 'contractors.lists.read')
  assert.equal(introspected.aud, `${app.publicUrl}/api/v1`)
})
