import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openWindow } from '#test/event-streams.ts'
import { believedNoLonger } from '#test/world.ts'
import {
  addItem,
  admin,
  alice,
  baseUrl,
  bob,
  carol,
  makeList,
  member,
  open,
  setAddresses,
  share,
  tokenOf,
  viewer,
} from './sharing.test.world.ts'

test('GG-11 two who have a list open hear what the other changes and that he is there; who loses it is shut out at once', async () => {
  const list = await makeList(alice, 'Live')
  const shared = await share(alice, list, { userId: carol.userId, permission: 'edit' })
  const path = `/contractor-lists/${list}/stream`
  const [one, two] = [
    await openWindow(baseUrl, path, alice.accessToken),
    await openWindow(baseUrl, path, carol.accessToken),
  ]
  // What was sent before the server listens is told as `all`.
  await sleep(1_000)
  const names = (data: unknown) => (data as { people: { name: string }[] }).people.map(({ name }) => name)
  await one.until(({ event, data }) => event === 'present' && names(data).includes('Carol Cole'))
  await two.until(({ event, data }) => event === 'present' && names(data).includes('Alice Archer'))
  assert.ok(await addItem(carol, list))
  await one.until(({ event, data }) => event === 'changed' && (data as { about: string }).about === 'item')

  const outside = await share(alice, list, { email: 'live@outside.example', permission: 'edit' })
  const guest = await open(tokenOf(outside.json))
  const three = await openWindow(baseUrl, `/shared-lists/${list}/stream`, '', {
    cookie: guest.cookie,
    authorization: '',
  })
  assert.equal(three.status, 200)
  await one.until(({ event, data }) => event === 'present' && names(data).includes('live@outside.example'))
  await guest.send('POST', `/shared-lists/${list}/comments`, { body: 'Here' })
  await two.until(({ event, data }) => event === 'changed' && (data as { about: string }).about === 'comment')

  assert.equal((await openWindow(baseUrl, path, bob.accessToken)).status, 404)
  assert.equal((await openWindow(baseUrl, path, viewer.accessToken)).status, 404)
  let began = performance.now()
  await alice.fetch(`/contractor-lists/${list}/shares/${shared.json.id}`, { method: 'DELETE' })
  await two.ended()
  assert.ok((two.endedAt ?? 0) - began < 5_000)
  began = performance.now()
  await admin.query(`update contractors.contractor_list_shares set expires_at = now() where id = $1`, [outside.json.id])
  await three.ended()
  assert.ok((three.endedAt ?? 0) - began < 5_000, 'also without a signal')
  assert.equal(one.endedAt, undefined, 'control: hers stays open')
  await one.until(({ event, data }) => event === 'present' && names(data).length === 0)
  one.close()
})

test('GG-11 guests learn no address of a member who has no name', async () => {
  const nameless = await member('nameless@meridian.example', 'Nora Nameless')
  const list = await makeList(nameless, 'Unsigned')
  await admin.query('update identity.users set full_name = null where id = $1', [nameless.userId])
  await believedNoLonger()
  const made = await share(nameless, list, { email: 'curious@outside.example', permission: 'comment' })
  const guest = await open(tokenOf(made.json))
  await nameless.fetch(`/contractor-lists/${list}/comments`, { method: 'POST', body: { body: 'Hello' } })
  const seen = await Promise.all(
    ['', '/items', '/comments'].map(async part =>
      JSON.stringify((await guest.get(`/shared-lists/${list}${part}`)).json),
    ),
  )
  const hers = await openWindow(baseUrl, `/contractor-lists/${list}/stream`, nameless.accessToken)
  const theirs = await openWindow(baseUrl, `/shared-lists/${list}/stream`, '', {
    cookie: guest.cookie,
    authorization: '',
  })
  type People = { people: { name: string }[] }
  const names = (data: unknown) => (data as People).people.map(({ name }) => name)
  const told = await theirs.until(({ event, data }) => event === 'present' && names(data).length === 1)
  assert.deepEqual(names(told.data), ['A member'])
  await hers.until(({ event, data }) => event === 'present' && names(data).includes('curious@outside.example'))
  assert.ok(!seen.join().includes('nameless@'))
  hers.close()
  theirs.close()
})

test('MT-16 GG-11 the stream of a guest ends within five seconds once he may not come from where he is', async () => {
  const list = await makeList(alice, 'Watched from the office')
  const made = await share(alice, list, { email: 'watcher@outside.example', permission: 'view' })
  const watch = async (address: string) => {
    const from = { 'x-forwarded-for': address }
    const guest = await open(tokenOf(made.json), undefined, from)
    return await openWindow(baseUrl, `/shared-lists/${list}/stream`, '', {
      cookie: guest.cookie,
      authorization: '',
      ...from,
    })
  }
  const [inside, outside] = [await watch('192.0.2.7'), await watch('198.51.100.7')]
  assert.deepEqual([inside.status, outside.status], [200, 200])
  const began = performance.now()
  await setAddresses(['192.0.2.0/24'])
  await outside.ended()
  assert.ok((outside.endedAt ?? 0) - began < 5_000)
  assert.equal(inside.endedAt, undefined, 'control: who may come stays')
  assert.equal((await watch('198.51.100.7')).status, 401, 'and it opens no other')
  await setAddresses([])
  inside.close()
})
