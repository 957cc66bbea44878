import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, baseUrl, app } = world
const someone = await newPerson(world, { fullName: 'Carol Cole' })
await joinAs(world, someone.userId, alice.tenantId, 'member')
const carol = await signIn(baseUrl, someone, alice.tenantId)
const [first, second] = [
  await makeContractor('LEJDDS000001', 'Leidos'),
  await makeContractor('VERJZNN00001', 'Verizon'),
]
const guest = { name: 'guest@outside.example', cookie: '' }

type Who = Person | typeof guest
type Answer = { id: string; link: string; items: Told[] }
type Told = {
  id: string
  action: string
  actor: { name: string }
  contractorId?: string
  contractor: { name: string } | null
  sharedWith: string | null
}

test('GG-12 everything that can be done to a list is in its activity once, with who did it and to what', async () => {
  const list = (await ask(alice, 'POST', '/contractor-lists', { name: 'Prime' })).id
  const path = `/contractor-lists/${list}`
  const shared = `/shared-lists/${list}`
  const seen = new Set<string>()
  assert.deepEqual(await newsOf(list), [['list.created', 'Alice Archer']])
  let item = ''
  let share = ''
  let comment = ''
  const shareWith = (wish: object) => ask(alice, 'POST', `${path}/shares`, wish)
  const items = async () => (await ask(alice, 'GET', `${path}/item-ids`)).items
  const ids = async () => (await items()).map(({ id }) => id)
  const itemOf = async (contractorId: string) =>
    (await items()).find(item => item.contractorId === contractorId)?.id ?? assert.fail('it is not in the list')
  const steps: [expected: string, who: Who, act: () => Promise<Answer | undefined>][] = [
    ['list.updated', alice, () => ask(alice, 'PATCH', path, { name: 'Primes' })],
    ['list.archived', alice, () => ask(alice, 'PATCH', path, { isArchived: true })],
    ['list.unarchived', alice, () => ask(alice, 'PATCH', path, { isArchived: false })],
    [
      'item.added Leidos',
      alice,
      async () => keep('item', ask(alice, 'POST', `${path}/items`, { contractorId: first })),
    ],
    ['item.updated Leidos', alice, () => ask(alice, 'PATCH', `${path}/items/${item}`, { notes: 'Strong in radar' })],
    ['item.removed Leidos', alice, () => ask(alice, 'DELETE', `${path}/items/${item}`)],
    ['items.added', alice, () => ask(alice, 'POST', `${path}/additions`, { contractorIds: [first, second] })],
    ['items.updated', alice, async () => ask(alice, 'POST', `${path}/changes`, { itemIds: await ids(), rating: 3 })],
    [
      'items.reordered Verizon',
      alice,
      async () => ask(alice, 'PUT', `${path}/items/${await itemOf(second)}/position`, { after: null }),
    ],
    ['share.added Carol Cole', alice, () => keep('share', shareWith({ userId: carol.userId, permission: 'view' }))],
    ['share.updated Carol Cole', alice, () => ask(alice, 'PATCH', `${path}/shares/${share}`, { permission: 'edit' })],
    [
      'item.updated Verizon',
      carol,
      async () => ask(carol, 'PATCH', `${path}/items/${await itemOf(second)}`, { notes: 'Dear' }),
    ],
    ['comment.added', carol, () => keep('comment', ask(carol, 'POST', `${path}/comments`, { body: 'Hello' }))],
    ['comment.edited', carol, () => ask(carol, 'PATCH', `${path}/comments/${comment}`, { body: 'Hello all' })],
    ['comment.removed', carol, () => ask(carol, 'DELETE', `${path}/comments/${comment}`)],
    ['share.left Carol Cole', carol, () => ask(carol, 'DELETE', `${path}/shares/${share}`)],
    [
      `share.added ${guest.name}`,
      alice,
      async () => {
        const made = await keep('share', shareWith({ email: guest.name, permission: 'edit' }))
        guest.cookie = new URLSearchParams(new URL(made.link).hash.slice(1)).get('token') ?? ''
        return made
      },
    ],
    [`share.opened ${guest.name}`, guest, open],
    [
      'item.updated Verizon',
      guest,
      async () => ask(guest, 'PATCH', `${shared}/items/${await itemOf(second)}`, { rating: 5 }),
    ],
    ['item.removed Verizon', guest, async () => ask(guest, 'DELETE', `${shared}/items/${await itemOf(second)}`)],
    ['item.added Verizon', guest, () => ask(guest, 'POST', `${shared}/items`, { uei: 'VERJZNN00001' })],
    ['comment.added', guest, () => keep('comment', ask(guest, 'POST', `${shared}/comments`, { body: 'Hello' }))],
    ['comment.edited', guest, () => ask(guest, 'PATCH', `${shared}/comments/${comment}`, { body: 'Hi' })],
    ['comment.removed', guest, () => ask(guest, 'DELETE', `${shared}/comments/${comment}`)],
    [`share.removed ${guest.name}`, alice, () => ask(alice, 'DELETE', `${path}/shares/${share}`)],
    ['items.removed', alice, async () => ask(alice, 'POST', `${path}/removals`, { itemIds: await ids() })],
  ]
  for (const [expected, who, act] of steps) {
    await act()
    assert.deepEqual(await newsOf(list), [[expected, 'fullName' in who ? who.fullName : who.name]], expected)
  }

  async function keep(name: 'item' | 'share' | 'comment', asked: Promise<Answer>) {
    const answer = await asked
    if (name === 'item') item = answer.id
    else if (name === 'share') share = answer.id
    else comment = answer.id
    return answer
  }

  /** What is in the activity since it was asked for last. */
  async function newsOf(listId: string): Promise<[string, string][]> {
    const { items } = await ask(alice, 'GET', `/contractor-lists/${listId}/activity?limit=100`)
    return items
      .filter(({ id }) => !seen.has(id) && seen.add(id))
      .map(({ action, actor, contractor, sharedWith }) => [
        [action, contractor?.name ?? sharedWith].filter(Boolean).join(' '),
        actor.name,
      ])
  }
})

async function open(): Promise<undefined> {
  const answer = await fetch(`${baseUrl}/api/v1/shared-lists`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...ownPage },
    body: JSON.stringify({ token: guest.cookie }),
  })
  assert.equal(answer.status, 200)
  guest.cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
}

const ownPage = { 'sec-fetch-site': 'same-origin', origin: app.publicUrl }

async function ask(who: Who, method: string, path: string, body?: unknown): Promise<Answer> {
  const from: Record<string, string> =
    'accessToken' in who ? { authorization: `Bearer ${who.accessToken}` } : { cookie: who.cookie, ...ownPage }
  const init: RequestInit = { method, headers: from }
  if (body !== undefined) {
    init.body = JSON.stringify(body)
    init.headers = { ...from, 'content-type': 'application/json' }
  }
  const answer = await fetch(`${baseUrl}/api/v1${path}`, init)
  const text = await answer.text()
  assert.ok(answer.ok, `${method} ${path} answered ${answer.status}: ${text}`)
  return JSON.parse(text || '{}')
}

async function makeContractor(uei: string, name: string): Promise<string> {
  const { rows } = await admin.query(
    'insert into contractors.contractor_profiles (uei, name) values ($1, $2) returning id',
    [uei, name],
  )
  return rows[0].id
}
