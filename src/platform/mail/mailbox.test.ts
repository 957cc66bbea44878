import assert from 'node:assert/strict'
import { get } from 'node:http'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { buildServer } from '#platform/http'
import { testWorld } from '#test/world.ts'
import { defineMail, hasMailbox, linkTo, sendMail } from './index.ts'
import { requireMailbox } from './mailbox.ts'
import { mailModule } from './module.ts'

const world = await testWorld()
const { app, db } = world

const greeting = defineMail<{ link: string }>({
  name: 'test.mailbox',
  description: 'A mail of the tests',
  compose: ({ link }) => ({ subject: 'Good day', lines: ['Hello,'], button: { label: 'Open it', link } }),
})
for (const to of ['ada@example.com', 'bob@example.com', 'Cy@example.org']) {
  await db.transaction({ system: true }, tx =>
    sendMail(app, tx, { to, mail: greeting, values: { link: linkTo(app, '/x', 'secret-of-the-link') } }),
  )
}

/** A server on the same database, without trust in proxies, as `commonhold start` has it. */
async function serve(changes: Partial<App>, trustedProxies: string[] = []) {
  const server = await buildServer({
    app: { ...app, ...changes },
    modules: [mailModule],
    authenticate: async () => undefined as never,
    trustedProxies,
    readiness: async () => {},
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  after(() => server.close())
  return Number(new URL(url).port)
}

type Answer = { status: number; body: string }
const ask = (port: number, path = '/mailbox', headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: `/api/v1${path}`,
      headers: { connection: 'keep-alive', ...headers },
    }
    get(options, response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    }).on('error', reject)
  })

const own = await serve({ publicUrl: 'http://localhost:3000' })
const { items } = JSON.parse((await ask(own, '/mailbox?q=test.mailbox')).body)

test('MT-04 in development kept mails can be read, newest first and by address, with their links', async () => {
  assert.deepEqual(
    items.map((item: { to: string }) => item.to),
    ['Cy@example.org', 'bob@example.com', 'ada@example.com'],
  )
  const page = JSON.parse((await ask(own, '/mailbox?limit=2&q=EXAMPLE.com%20test.mailbox')).body)
  assert.deepEqual([page.items.length, page.nextCursor], [2, null])
  const first = JSON.parse((await ask(own, '/mailbox?limit=2&q=test.mailbox')).body)
  const second = JSON.parse((await ask(own, `/mailbox?limit=2&q=test.mailbox&cursor=${first.nextCursor}`)).body)
  assert.deepEqual([...first.items, ...second.items], items)
  const mail = JSON.parse((await ask(own, `/mailbox/${items[0].id}`)).body)
  assert.equal(mail.subject, 'Good day')
  assert.equal(mail.link, `${app.publicUrl}/x#token=secret-of-the-link`)
  assert.ok(!JSON.stringify(items).includes('secret-of-the-link'), 'a list does not hold the links')
  assert.equal((await ask(own, `/mailbox/${crypto.randomUUID()}`)).status, 404)
})

test('MT-04 the mailbox answers nobody else: no other host name, no proxy', async () => {
  const foreign: Record<string, string>[] = [
    { host: 'evil.example' },
    { host: 'evil.example:3000' },
    { host: 'localhost.evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: '192.0.2.1' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-host': 'localhost' },
    { 'x-real-ip': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1' },
    { via: '1.1 proxy' },
    { connection: 'close' },
  ]
  const isShut = async (port: number, headers: Record<string, string> = {}) => {
    for (const path of ['/mailbox', `/mailbox/${items[0].id}`]) {
      const { status, body } = await ask(port, path, headers)
      assert.equal(status, 404, JSON.stringify(headers))
      assert.equal(JSON.parse(body).code, 'mail.mailbox_closed')
      assert.ok(!body.includes('example.com'))
    }
  }
  for (const headers of foreign) await isShut(own, headers)
  for (const host of ['localhost:3000', 'LOCALHOST', '127.0.0.1', '[::1]:3000']) {
    assert.equal((await ask(own, '/mailbox', { host })).status, 200, `control: ${host}`)
  }
  const from = (ipAddress: string) => () =>
    requireMailbox(
      { ...app, publicUrl: 'http://localhost:3000' },
      { scope: { ipAddress }, headers: { host: 'localhost' } },
    )
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '128.0.0.1', 'fe80::1', ''])
    assert.throws(from(address), address)
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])
    assert.doesNotThrow(from(address), address)
  const trusting = await serve({ publicUrl: 'http://localhost:3000' }, ['127.0.0.1'])
  await isShut(trusting, { 'x-forwarded-for': '127.0.0.1' })
})

test('MT-04 there is no mailbox where a mail server is set, or on a host that people reach', async () => {
  const elsewhere: Partial<App>[] = [
    { publicUrl: 'https://hold.example.com' },
    { publicUrl: 'http://localhost.example.com:3000' },
    { publicUrl: 'http://localhost:3000', config: { ...app.config, smtpUrl: 'smtp://127.0.0.1:1025' } },
  ]
  for (const changes of elsewhere) {
    assert.equal(hasMailbox({ ...app, ...changes }), false)
    const port = await serve(changes)
    for (const path of ['/mailbox', `/mailbox/${items[0].id}`]) {
      assert.equal((await ask(port, path, { host: 'localhost:3000' })).status, 404, JSON.stringify(changes))
    }
  }
  for (const publicUrl of ['http://localhost:3000', 'http://127.0.0.1:1', 'http://[::1]:3000']) {
    assert.equal(hasMailbox({ ...app, publicUrl }), true, publicUrl)
  }
})
