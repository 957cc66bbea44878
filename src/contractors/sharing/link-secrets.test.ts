import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashToken } from '#platform/crypto'
import { testWorld } from '#test/world.ts'

const { admin, alice, app, baseUrl } = await testWorld()

test('GG-11 neither the secret of a link, nor that of its cookie, nor its password is anywhere in the database', async () => {
  const list = await post('/contractor-lists', { name: 'Secret' })
  const password = 'a quiet harbour at dawn'
  const wish = { email: 'guest@outside.example', permission: 'view', password }
  const { link } = await post(`/contractor-lists/${list.id}/shares`, wish)
  const token = new URLSearchParams(new URL(String(link)).hash.slice(1)).get('token') ?? ''
  const opened = await fetch(`${baseUrl}/api/v1/shared-lists`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', origin: app.publicUrl },
    body: JSON.stringify({ token, password }),
  })
  assert.equal(opened.status, 200)
  const cookie = opened.headers.get('set-cookie')?.split(';')[0]?.split('=')[1] ?? ''
  assert.ok(token.length === 64 && cookie.length === 64 && token !== cookie)

  const found = await tablesWith([token, cookie, password].flatMap(formsOf))
  assert.deepEqual(found, [])
  // What is there, and is found by the same search, are the hashes.
  assert.deepEqual(await tablesWith([hashToken(token).toString('hex')]), ['contractors.contractor_list_shares'])
  assert.deepEqual(await tablesWith([hashToken(cookie).toString('hex')]), [
    'contractors.contractor_list_share_sessions',
  ])
})

/** As it is, as bytes of a column, and what the text stands for as such. */
function formsOf(secret: string): string[] {
  const random = Buffer.from(secret, 'base64url').subarray(16)
  return [secret, Buffer.from(secret).toString('hex'), ...(random.length === 32 ? [random.toString('hex')] : [])]
}

async function tablesWith(texts: readonly string[]): Promise<string[]> {
  const { rows: tables } = await admin.query<{ name: string }>(`
    select c.oid::regclass::text as name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm')
      and not c.relispartition
      and n.nspname !~ '^pg_|^information_schema$'
    order by 1`)
  assert.ok(tables.length > 100)
  const found: string[] = []
  for (const { name } of tables) {
    const { rows } = await admin.query(`select from ${name} as t where t::text like any ($1) limit 1`, [
      texts.map(text => `%${text}%`),
    ])
    if (rows.length > 0) found.push(name)
  }
  return found
}

async function post(path: string, body: unknown): Promise<{ id: string; link?: string }> {
  const answer = await alice.fetch(path, { method: 'POST', body })
  assert.equal(answer.status, 201)
  return (await answer.json()) as { id: string; link?: string }
}
