import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { decodeProtectedHeader } from 'jose'
import { discover, OAuthBrowser, reached, registerClient, signInAgain } from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'
import { createProvider } from './providers.ts'
import { areKeysDue, forgetKeySet, openKeySet, rotateKeys } from './signing-keys.ts'

const world = await testWorld()
const { app, admin, alice, db } = world
const slug = 'meridian-capture'
const client = await registerClient(alice)
const browser = new OAuthBrowser(world)
await browser.signIn(alice)

async function publishedKids(): Promise<(string | undefined)[]> {
  const answer = await fetch(reached(world, `${app.publicUrl}/t/${slug}/jwks`))
  const { keys } = (await answer.json()) as { keys: Record<string, string>[] }
  for (const key of keys)
    assert.deepEqual(
      Object.keys(key).filter(part => ['d', 'p', 'q'].includes(part)),
      [],
    )
  return keys.map(({ kid }) => kid)
}

/** By which key an ID token is signed now; openid-client has checked it with the published ones. */
async function signingKid(): Promise<string | undefined> {
  const tokens = await signInAgain(browser, await discover(world, slug, client), { scope: 'openid' })
  return decodeProtectedHeader(tokens.id_token as string).kid
}

async function rotate(atOnce: boolean): Promise<void> {
  await db.transaction({ system: true }, tx => rotateKeys(tx, app.keyring, { atOnce }))
  forgetKeySet(app)
}

test('GG-13 a new key is published a day before it signs, and an old one a week after', async () => {
  const first = await signingKid()
  const before = await publishedKids()
  assert.equal(before.length, 2, 'RS256 and ES256')
  await rotate(false)
  const both = await publishedKids()
  assert.equal(both.length, 4)
  assert.ok(before.every(kid => both.includes(kid)))
  assert.equal(await signingKid(), first, 'those who keep a copy of the keys do not have the new one yet')

  await admin.query(
    `update oauth.signing_keys set signs_from = signs_from - interval '25 hours', signs_until = signs_until - interval '25 hours', published_until = published_until - interval '25 hours'`,
  )
  forgetKeySet(app)
  const second = await signingKid()
  assert.notEqual(second, first)
  assert.equal((await publishedKids()).length, 4, 'what the old one signed can be checked still')

  await admin.query(`update oauth.signing_keys set published_until = now() where published_until is not null`)
  forgetKeySet(app)
  assert.equal((await publishedKids()).length, 2)
})

test('GG-13 a key that somebody else may have signs nothing more, and nothing that it signed counts', async () => {
  const first = await signingKid()
  await rotate(true)
  assert.ok(!(await publishedKids()).includes(first))
  assert.notEqual(await signingKid(), first)
})

test('GG-13 keys are due for successors after 90 days, once', async () => {
  const tx = db.scoped({ system: true })
  assert.equal(await areKeysDue(tx), false)
  await admin.query(`update oauth.signing_keys set signs_from = now() - interval '91 days' where signs_until is null`)
  assert.equal(await areKeysDue(tx), true)
  await rotate(false)
  assert.equal(await areKeysDue(tx), false)
})

test('GG-13 of the first keys that several servers make at once one set stays', async () => {
  await admin.query(`delete from oauth.signing_keys`)
  const sets = await Promise.all(
    Array.from({ length: 5 }, () => {
      forgetKeySet(app)
      return openKeySet(app)
    }),
  )
  assert.equal(new Set(sets.map(({ version }) => version)).size, 1)
  assert.equal(sets[0]?.keys.length, 2)
})

test('VS-02 private keys stand encrypted in the database', async () => {
  const { rows } = await admin.query(`select private_key_encrypted, public_key from oauth.signing_keys`)
  assert.ok(rows.length > 0)
  for (const row of rows) {
    assert.match(row.private_key_encrypted, /^v1\.k1\./)
    assert.equal(row.public_key.d, undefined)
  }
})

test('GG-13 1,000 issuers in one process cost less than 100 MB', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const keySet = await openKeySet(app)
  const make = (number: number) => {
    const provider = createProvider(app, { tenantId: alice.tenantId, slug: `tenant-${number}`, name: 'T' }, keySet)
    const { Client, Grant, AccessToken, AuthorizationCode, RefreshToken, Session, Interaction, IdToken } = provider
    return [
      provider.callback(),
      Client,
      Grant,
      AccessToken,
      AuthorizationCode,
      RefreshToken,
      Session,
      Interaction,
      IdToken,
    ]
  }
  for (let number = 0; number < 20; number++) make(number)
  collect()
  const before = process.memoryUsage().heapUsed
  const kept = Array.from({ length: 100 }, (_, number) => make(number))
  collect()
  const each = (process.memoryUsage().heapUsed - before) / kept.length
  assert.ok(each < 100_000, `${Math.round(each)} bytes each`)
})
