import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashToken } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'
import { testWorld } from '#test/world.ts'

const { admin, alice, db } = await testWorld()

test('GG-11 of two who open a link for one time at the same moment the second finds it used', async () => {
  const list = await post('/contractor-lists', { name: 'Once' })
  const wish = { email: 'guest@outside.example', permission: 'view', isSingleUse: true, sendMail: false }
  const { link } = await post(`/contractor-lists/${list.id}/shares`, wish)
  const token = new URLSearchParams(new URL(String(link)).hash.slice(1)).get('token') ?? ''
  const open = (tx: Queryable, session: string) =>
    tx.run(sql`
      select list_id
      from contractors.open_share(${hashToken(token)}, null, ${hashToken(session)}, 8)
    `)
  const scope = { tenantId: alice.tenantId }
  let second: Promise<unknown[]> = Promise.resolve([])
  const first = await db.transaction(scope, async tx => {
    const opened = await open(tx, 'first')
    // It has looked already whether the link is unused, and waits for the row that the first has taken.
    second = db.transaction(scope, other => open(other, 'second'))
    await waiting()
    return opened
  })
  assert.deepEqual([first, await second], [[{ listId: list.id }], []])
  const { rows } = await admin.query(
    'select count(*)::integer as sessions from contractors.contractor_list_share_sessions',
  )
  assert.deepEqual(rows, [{ sessions: 1 }])
})

/** Until somebody waits for a lock in this database. */
async function waiting(): Promise<void> {
  for (;;) {
    const { rows } = await admin.query(`
      select from pg_stat_activity
      where datname = current_database()
        and wait_event_type = 'Lock'
        and query like '%open_share%'`)
    if (rows.length > 0) return
  }
}

async function post(path: string, body: unknown): Promise<{ id: string; link?: string }> {
  const answer = await alice.fetch(path, { method: 'POST', body })
  assert.equal(answer.status, 201)
  return (await answer.json()) as { id: string; link?: string }
}
