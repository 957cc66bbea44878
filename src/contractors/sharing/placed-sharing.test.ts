import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWindow } from '#test/event-streams.ts'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { joinAs, newPerson, signIn, testWorld } from '#test/world.ts'

const world = await testWorld({ hasRouteLimits: false, placed: true })
const { admin, alice, baseUrl } = world

const { rows } = await admin.query(
  `insert into contractors.contractor_profiles (uei, name) values ('LEJDDS000001', 'Leidos'), ('VERJZNN00001', 'Verizon') returning id`,
)
const newcomer = await newPerson(world, { email: 'carol@meridian.example', fullName: 'Carol Cole' })
await joinAs(world, newcomer.userId, alice.tenantId, 'member')
const carol = await signIn(baseUrl, newcomer, alice.tenantId)

test('MT-17 GG-11 lists of a tenant with a database of its own are shared, opened, edited and watched as others are', async () => {
  const send = async <T>(path: string, body: unknown, method = 'POST') => {
    const answer = await alice.fetch(path, { method, body })
    return (await answer.json().catch(() => undefined)) as T
  }
  const { id: list } = await send<{ id: string }>('/contractor-lists', { name: 'Elsewhere' })
  const { id: item } = await send<{ id: string }>(`/contractor-lists/${list}/items`, { contractorId: rows[0].id })
  const inMain = await admin.query('select from contractors.contractor_lists where id = $1', [list])
  assert.equal(inMain.rowCount, 0, 'control: it is elsewhere')

  const inside = await send<{ id: string }>(`/contractor-lists/${list}/shares`, {
    userId: carol.userId,
    permission: 'view',
  })
  const outside = await send<{ id: string; link: string; isMailed: boolean }>(`/contractor-lists/${list}/shares`, {
    email: 'guest@outside.example',
    permission: 'edit',
  })
  await runJobs(world)
  const [mail] = await mailsTo(world, 'guest@outside.example')
  assert.equal(mail?.link, outside.link)
  const told = (await (await carol.fetch('/notifications')).json()) as { items: { kind: string }[] }
  assert.ok(told.items.some(({ kind }) => kind === 'contractors.list_shared'))

  const own = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
  const opened = await fetch(`${baseUrl}/api/v1/shared-lists`, {
    method: 'POST',
    headers: own,
    body: JSON.stringify({ token: mail?.token }),
  })
  assert.equal(opened.status, 200)
  const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const guest = (path: string, method = 'GET', body?: unknown) =>
    fetch(`${baseUrl}/api/v1/shared-lists/${list}${path}`, {
      method,
      headers: { ...own, cookie },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  const seen = (await (await guest('')).json()) as { name: string; sharedByName: string }
  assert.deepEqual([seen.name, seen.sharedByName], ['Elsewhere', 'Alice Archer'])

  const window = await openWindow(baseUrl, `/contractor-lists/${list}/stream`, carol.accessToken)
  // The first look, some seconds after the opening, is what later ones are compared with.
  await window.until(({ event, data }) => event === 'present' && (data as { count: number }).count === 0)
  await new Promise(resolve => setTimeout(resolve, 3_500))
  const before = window.events.length
  assert.equal((await guest(`/items/${item}`, 'PATCH', { notes: 'From outside' })).status, 200)
  assert.equal((await guest('/items', 'POST', { uei: 'VERJZNN00001' })).status, 201)
  assert.equal((await guest('/comments', 'POST', { body: 'Here', itemId: item })).status, 201)
  await window.until(event => event.event === 'changed' && window.events.indexOf(event) >= before, 6)
  const { items } = (await (await alice.fetch(`/contractor-lists/${list}/activity`)).json()) as {
    items: { action: string; actor: { name: string } }[]
  }
  assert.deepEqual(
    items.slice(0, 4).map(({ action, actor }) => [action, actor.name]),
    [
      ['comment.added', 'guest@outside.example'],
      ['item.added', 'guest@outside.example'],
      ['item.updated', 'guest@outside.example'],
      ['share.opened', 'guest@outside.example'],
    ],
  )

  for (const { id } of [inside, outside])
    await alice.fetch(`/contractor-lists/${list}/shares/${id}`, { method: 'DELETE' })
  assert.equal((await guest('')).status, 401)
  await window.ended(6)
})
