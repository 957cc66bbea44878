import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import {
  callback,
  callerBy,
  discover,
  OAuthBrowser,
  registerClient,
  requestOf,
  signInAgain,
} from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, baseUrl, login, adminConfig, keys } = world
const slug = 'meridian-capture'
const client = await registerClient(alice)
const config = await discover(world, slug, client)
const browser = new OAuthBrowser(world)
await browser.signIn(alice)
const scope = 'openid offline_access contractors.lists.read'

async function newCode() {
  const { url, checks } = await requestOf(config, { scope, prompt: 'consent' })
  const code = (await browser.authorize(url.href)).searchParams.get('code') as string
  return { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: checks.pkceCodeVerifier }
}

const askToken = async (fields: Record<string, string>, at = baseUrl) => {
  const answer = await fetch(`${at}/t/${slug}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.clientId}:${client.secret}`)}` },
    body: new URLSearchParams(fields),
  })
  return (await answer.json()) as { error?: string; access_token: string; refresh_token: string }
}

/** While it holds, whoever writes into the table waits just before. */
async function holdBefore(table: string) {
  await admin.query(`
    create function public.wait_here() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(4711);
      return new;
    end $$;
    create trigger aa_wait_here before insert on ${table} for each row execute function public.wait_here()`)
  await admin.query('select pg_advisory_lock(4711)')
  return {
    async waiters(): Promise<number[]> {
      const { rows } = await admin.query(
        `select pid from pg_locks where locktype = 'advisory' and objid = 4711 and not granted`,
      )
      return rows.map(({ pid }) => pid as number)
    },
    async release() {
      await admin.query('select pg_advisory_unlock(4711)')
      await admin.query(`drop trigger aa_wait_here on ${table}; drop function public.wait_here()`)
    },
  }
}

/** One more server on this database, killed with what it has open there once it waits before `table`. */
async function killedBefore(table: string, ask: (at: string) => Promise<unknown>): Promise<void> {
  const doomed = fork(new URL('./oauth-crashes.test.doomed.ts', import.meta.url), [
    JSON.stringify({ login, adminConfig, keys }),
  ])
  after(() => doomed.kill('SIGKILL'))
  const [at] = (await once(doomed, 'message')) as [string]
  const held = await holdBefore(table)
  const asked = ask(at).then(
    () => 'answered',
    () => 'broken off',
  )
  let waiting = await held.waiters()
  while (waiting.length === 0) waiting = await held.waiters()
  doomed.kill('SIGKILL')
  await once(doomed, 'exit')
  // As the server sees it when the connection is gone: what was not committed is not there.
  await admin.query('select pg_terminate_backend(pid) from unnest($1::integer[]) as pid', [waiting])
  while ((await held.waiters()).length > 0) await new Promise(resolve => setTimeout(resolve, 20))
  await held.release()
  assert.equal(await asked, 'broken off')
}

const familyOf = async (table: string, column: string, secret: string) => {
  const { rows } = await admin.query(
    `select of.used_at is not null as used, of_grant.revoked_reason as ended,
       (select count(*)::integer from oauth.oauth_access_tokens as token where token.grant_id = of.grant_id) as access,
       (select count(*)::integer from oauth.oauth_refresh_tokens as token where token.grant_id = of.grant_id) as refresh
     from oauth.${table} as of
     join oauth.grants as of_grant on of_grant.tenant_id = of.tenant_id and of_grant.id = of.grant_id
     where of.${column} = sha256($1::bytea)`,
    [secret],
  )
  return rows[0]
}

for (const table of ['oauth.oauth_access_tokens', 'oauth.oauth_refresh_tokens']) {
  test(`GG-13 RFC 6749 4.1.2: a server that is killed after it took a code, before ${table}, leaves a used code and nothing that works`, async () => {
    const control = await askToken(await newCode())
    assert.equal((await callerBy(world, control.access_token)).status, 200, 'the control')
    const grant = await newCode()
    await killedBefore(table, at => askToken(grant, at))
    const left = await familyOf('oauth_authorization_codes', 'code_hash', grant.code)
    assert.equal(left.used, true, 'it was taken before')
    assert.equal(left.refresh, 0)
    // Nobody has been told a token: who comes with the code again is not told whether it was he before, or a thief.
    assert.equal((await askToken(grant)).error, 'invalid_grant')
    assert.equal((await familyOf('oauth_authorization_codes', 'code_hash', grant.code)).ended, 'replay')
    assert.equal((await callerBy(world, control.access_token)).status, 200, 'another family goes on')
    assert.equal((await callerBy(world, (await askToken(await newCode())).access_token)).status, 200)
  })
}

test('MT-21 a server that is killed after it took a refresh token leaves no second one that works', async () => {
  const first = await signInAgain(browser, config, { scope })
  const grant = { grant_type: 'refresh_token', refresh_token: first.refresh_token as string }
  await killedBefore('oauth.oauth_refresh_tokens', at => askToken(grant, at))
  const left = await familyOf('oauth_refresh_tokens', 'token_hash', grant.refresh_token)
  assert.deepEqual([left.used, left.refresh], [true, 1])
  assert.equal((await askToken(grant)).error, 'invalid_grant')
  assert.equal((await callerBy(world, first.access_token)).status, 401, 'and the family has ended')
})
