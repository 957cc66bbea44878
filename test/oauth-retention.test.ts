import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discover, OAuthBrowser, registerClient, requestOf } from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'
import { removeInteractions } from '../src/platform/oauth/retention.ts'
import { runRetention } from '../src/platform/operations/retention/runs.ts'

const world = await testWorld({ hasRouteLimits: false })
const { app, admin, alice, bob } = world
const count = async (sql: string) =>
  (await admin.query(`select count(*)::integer as n from ${sql}`)).rows[0].n as number

test('GG-16 what anybody leaves at an issuer and nobody answers is gone within the hour, of all workspaces, and what is good stays', async () => {
  for (const [person, slug] of [
    [alice, 'meridian-capture'],
    [bob, 'northgate-partners'],
  ] as const) {
    const config = await discover(world, slug, await registerClient(person))
    const browser = new OAuthBrowser(world)
    await browser.signIn(person)
    for (let n = 0; n < 3; n++) await browser.follow((await requestOf(config, { prompt: 'consent' })).url.href)
  }
  assert.equal(await count('oauth.interactions'), 6)
  await admin.query(
    `update oauth.interactions set expires_at = now() - interval '1 second'
     where id_hash in (select id_hash from oauth.interactions where tenant_id = $1 limit 2)
       or id_hash in (select id_hash from oauth.interactions where tenant_id = $2 limit 1)`,
    [alice.tenantId, bob.tenantId],
  )
  assert.match(removeInteractions.cron ?? '', /^\d+ \* \* \* \*$/, 'every hour')
  await removeInteractions.run({}, app)
  assert.equal(await count('oauth.interactions'), 3)
  assert.equal(await count('oauth.interactions where expires_at < now()'), 0)
  await admin.query(`update oauth.interactions set expires_at = now() - interval '1 second'`)
  const [run] = await runRetention(app, { name: 'oauth.interactions' })
  assert.deepEqual([run?.status, run?.removed], ['done', 3], 'and the retention engine knows of it')
})

test('GG-16 a secret of an application is kept for 30 days after its end, and one that stays for good', async () => {
  const client = await registerClient(alice)
  for (let n = 0; n < 2; n++) {
    const rotated = await alice.fetch(`/oauth/clients/${client.id}/secrets`, {
      method: 'POST',
      body: { overlapHours: 0 },
    })
    assert.equal(rotated.status, 201, await rotated.text())
  }
  const of = `oauth.client_secrets where client_id = '${client.id}'`
  assert.equal(await count(of), 3)
  const retain = async () => (await runRetention(app, { name: 'oauth.client_secrets' }))[0]?.removed
  assert.equal(await retain(), 0)
  await admin.query(
    `update oauth.client_secrets set expires_at = now() - interval '31 days', created_at = now() - interval '40 days'
     where id = (select id from ${of} and expires_at is not null limit 1)`,
  )
  assert.equal(await retain(), 1)
  assert.equal(await count(of), 2)
  assert.equal(await count(`${of} and expires_at is null`), 1)
})
