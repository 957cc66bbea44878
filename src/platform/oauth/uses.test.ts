import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as openid from 'openid-client'
import {
  discover,
  makeServiceAccount,
  OAuthBrowser,
  registerClient,
  requestOf,
  signInAgain,
} from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'
import { authorizationCodes } from './authorization-codes.ts'
import { deviceCodes } from './device-codes.ts'
import { pushedRequests } from './pushed-requests.ts'
import { refreshTokens } from './refresh-tokens.ts'
import { type IssuerRequest, withinRequest } from './requests.ts'

const world = await testWorld()
const { app, admin, alice, bob } = world
const slug = 'meridian-capture'
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const client = await registerClient(alice, {
  grantTypes: ['authorization_code', 'refresh_token', deviceGrant],
})
const config = await discover(world, slug, client)
const browser = new OAuthBrowser(world)
await browser.signIn(alice)
const scope = 'openid offline_access contractors.lists.read'

const requestAt = (tenantId: string): IssuerRequest => ({
  app,
  issuer: { tenantId, slug, name: 'Meridian Capture' },
  scope: { system: true, tenantId, ipAddress: '192.0.2.1' },
  principal: undefined,
  browserToken: 'of nobody',
  believes: false,
  known: new Map(),
})

/** How many of 50 uses at once, each in a request of its own, are the first. */
async function countWinners(use: () => Promise<unknown>, tenantId = alice.tenantId): Promise<number> {
  const uses = await Promise.allSettled(Array.from({ length: 50 }, () => withinRequest(requestAt(tenantId), use)))
  return uses.filter(({ status }) => status === 'fulfilled').length
}

async function newCode(): Promise<string> {
  const { url } = await requestOf(config, { scope, prompt: 'consent' })
  return (await browser.authorize(url.href)).searchParams.get('code') as string
}

const revokedReasons = async (table: string, hash: string, secret: string): Promise<string[]> => {
  const { rows } = await admin.query(
    `select allowed.revoked_reason from oauth.${table} as used
     join oauth.grants as allowed on allowed.tenant_id = used.tenant_id and allowed.id = used.grant_id
     where used.${hash} = sha256($1::bytea)`,
    [secret],
  )
  return rows.map(row => row.revoked_reason)
}

test('GG-13 of 50 uses of a code at once exactly one is the first, and the family ends', async () => {
  const code = await newCode()
  assert.equal(await countWinners(async () => await authorizationCodes.consume?.(code)), 1)
  assert.deepEqual(await revokedReasons('oauth_authorization_codes', 'code_hash', code), ['replay'])
})

test('MT-21 of 50 uses of a refresh token at once exactly one is the first, and the family ends', async () => {
  const { refresh_token: token = '' } = await signInAgain(browser, config, { scope })
  assert.equal(await countWinners(async () => await refreshTokens.consume?.(token)), 1)
  assert.deepEqual(await revokedReasons('oauth_refresh_tokens', 'token_hash', token), ['replay'])
})

test('GG-13 of 50 uses of a device code at once exactly one is the first', async () => {
  const device = await openid.initiateDeviceAuthorization(config, { scope: 'openid' })
  const decided = { issuer: slug, userCode: device.user_code, decision: 'allow' }
  const { status } = await browser.api('/oauth/devices/decide', decided, { 'x-tenant-id': alice.tenantId })
  assert.equal(status, 204)
  assert.equal(await countWinners(async () => await deviceCodes.consume?.(device.device_code)), 1)
  assert.deepEqual(await revokedReasons('device_codes', 'code_hash', device.device_code), ['replay'])
})

test('GG-13 of 50 uses of a pushed request at once exactly one is the first', async () => {
  const { url } = await requestOf(config, { scope })
  const pushed = await openid.buildAuthorizationUrlWithPAR(config, Object.fromEntries(url.searchParams))
  const id = pushed.searchParams.get('request_uri')?.split(':').at(-1) as string
  assert.equal(await countWinners(async () => await pushedRequests.consume?.(id)), 1)
})

test('MT-21 nothing of one tenant is found or used at the issuer of another', async () => {
  const code = await newCode()
  const { refresh_token: token = '' } = await signInAgain(browser, config, { scope })
  const there = requestAt(bob.tenantId)
  assert.equal(await withinRequest(there, async () => await authorizationCodes.find?.(code)), undefined)
  assert.equal(await withinRequest(there, async () => await refreshTokens.find?.(token)), undefined)
  assert.equal(await countWinners(async () => await refreshTokens.consume?.(token), bob.tenantId), 0)
  const here = requestAt(alice.tenantId)
  assert.ok(await withinRequest(here, async () => await authorizationCodes.find?.(code)), 'control')
  assert.ok(await withinRequest(here, async () => await refreshTokens.find?.(token)), 'control')
})

test('MT-21 programs that ask again and again at once share statements, and each has a token that is kept', async () => {
  const program = await registerClient(alice, {
    grantTypes: ['authorization_code', 'client_credentials'],
    serviceAccountId: await makeServiceAccount(alice, 'Nightly', 'viewer'),
  })
  const asking = await discover(world, slug, program)
  const askThrice = async () => {
    const tokens: string[] = []
    for (let turn = 0; turn < 3; turn++) tokens.push((await openid.clientCredentialsGrant(asking)).access_token)
    return tokens
  }
  const tokens = (await Promise.all(Array.from({ length: 16 }, askThrice))).flat()
  const { rows } = await admin.query<{ kept: number; statements: number }>(
    `select count(*)::int as kept, count(distinct created_at)::int as statements
     from oauth.oauth_access_tokens
     where token_hash in (select sha256(token::bytea) from unnest($1::text[]) as token)`,
    [tokens],
  )
  assert.equal(new Set(tokens).size, 48)
  assert.equal(rows[0]?.kept, 48)
  assert.ok((rows[0]?.statements ?? 48) <= 24, `${rows[0]?.statements} statements`)
})
