import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { createLogger } from '#platform/http'
import { mailsTo } from '#test/mails.ts'
import { testWorld } from '#test/world.ts'
import { loadConfig } from '../../main/config.ts'
import { defineMail, findMailFault, linkTo, listMailsOf, sendMail } from './index.ts'
import { mailModule } from './module.ts'
import { removeOldMails } from './retention.ts'
import { senderOf } from './settings.ts'
import { readSmtpUrl } from './smtp-urls.ts'

const world = await testWorld()
const { db, admin, alice } = world
const lines: string[] = []
const app = { ...world.app, log: createLogger('debug', { write: line => lines.push(line) }) }

const greeting = defineMail<{ name: string; link: string }>({
  name: 'test.greeting',
  description: 'A mail of the tests',
  compose: ({ name, link }) => ({
    subject: `Good day, ${name}`,
    lines: [`Hello ${name},`, 'This is a <b>test</b> & no more.'],
    facts: [['Device', 'Firefox on <Linux>']],
    button: { label: 'Open "it"', link },
    after: ['Or leave it.'],
  }),
})
const reminder = defineMail<object>({
  name: 'test.reminder',
  description: 'Another mail of the tests',
  compose: () => ({ subject: 'Once more', lines: ['Remember.'] }),
})

const token = 'Zm9vYmFyLXNlY3JldC10b2tlbi1vZi1hLWxpbms_43c'
const greet = (to: string, more: { name?: string; userId?: string } = {}) =>
  db.transaction({ system: true }, tx =>
    sendMail(app, tx, {
      to,
      userId: more.userId,
      mail: greeting,
      values: { name: more.name ?? 'Ada', link: linkTo(app, '/reset-password', token) },
    }),
  )
const hasCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code
const statusesOf = async (to: string) =>
  (await admin.query('select status from mail.messages where recipient = $1 order by created_at', [to])).rows.map(
    row => row.status,
  )

test('MT-04 without a mail server a mail is kept, with its link and the secret in it', async () => {
  await greet('ada@example.com')
  const [mail, ...more] = await mailsTo(world, 'Ada@Example.com')
  assert.equal(more.length, 0)
  assert.equal(mail?.subject, 'Good day, Ada')
  assert.equal(mail?.token, token)
  assert.equal(mail?.link, `${app.publicUrl}/reset-password#token=${token}`)
  assert.ok(mail?.text.includes(`Open "it":\n${mail.link}`))
  assert.deepEqual(await statusesOf('ada@example.com'), ['kept'])
})

test('MT-04 a mail is not sent unless its transaction commits', async () => {
  const failed = db.transaction({ system: true }, async tx => {
    await sendMail(app, tx, { to: 'rolled@example.com', mail: reminder, values: {} })
    throw new Error('never mind')
  })
  await assert.rejects(failed, /never mind/)
  assert.deepEqual(await mailsTo(world, 'rolled@example.com'), [])
  const { rows } = await admin.query("select from mail.quotas where inbox = 'rolled@example.com'")
  assert.equal(rows.length, 0)
})

test('VS-02 the secret of a link stands neither in the database nor in the log', async () => {
  await greet('secret@example.com')
  const { rows } = await admin.query('select to_jsonb(m)::text as row from mail.messages as m')
  assert.ok(rows.length > 0, 'control: there are rows')
  const { rows: jobs } = await admin.query('select to_jsonb(j)::text as row from jobs.job as j')
  const kept = [...rows, ...jobs].map(({ row }) => row).join('\n')
  for (const part of [token, 'Good day', 'reset-password']) assert.ok(!kept.includes(part), part)
  assert.ok(!lines.join('').includes(token))
  const { rows: two } = await admin.query(
    "select id, content from mail.messages where recipient in ('ada@example.com', 'secret@example.com') order by recipient",
  )
  await admin.query('update mail.messages set content = $1 where id = $2', [two[0].content, two[1].id])
  await assert.rejects(mailsTo(world, 'secret@example.com'), hasCode('crypto.field_altered'))
  await admin.query('delete from mail.messages where id = $1', [two[1].id])
})

test('MT-04 mails are seen by the platform alone: not by a user, not by a tenant', async () => {
  await greet('hidden@example.com', { userId: alice.userId })
  const count = sql<{ mails: number }>`select count(*) as mails from mail.messages`
  assert.deepEqual(await db.scoped(alice.scope).one(count), { mails: 0 })
  assert.ok((await db.scoped({ system: true }).one(count)).mails > 0, 'control: there are some')
  await assert.rejects(sendMail(app, db.scoped(alice.scope), { to: 'a@b.example', mail: reminder, values: {} }), {
    code: '42501',
  })
})

test('MT-04 an inbox gets five mails of one kind an hour, whatever follows a plus sign', async () => {
  for (const to of ['flood@example.com', 'Flood+1@example.com', 'flood+2@EXAMPLE.com']) {
    await Promise.all([greet(to), greet(to), greet(to)])
  }
  const { rows } = await admin.query(
    "select status, count(*)::integer from mail.messages where lower(recipient) like 'flood%' group by status order by 1",
  )
  assert.deepEqual(rows, [
    { status: 'dropped', count: 4 },
    { status: 'kept', count: 5 },
  ])
  const { rows: dropped } = await admin.query("select content from mail.messages where status = 'dropped'")
  assert.ok(dropped.every(({ content }) => content === null))
  assert.equal(lines.filter(line => line.includes('gets too many')).length, 4)
  await db.transaction({ system: true }, tx =>
    sendMail(app, tx, { to: 'flood@example.com', mail: reminder, values: {} }),
  )
  assert.equal((await statusesOf('flood@example.com')).at(-1), 'kept', 'another kind of mail is not too many')
  await admin.query("update mail.quotas set began_at = began_at - interval '1 hour' where inbox = 'flood@example.com'")
  await greet('flood@example.com')
  assert.equal((await statusesOf('flood@example.com')).at(-1), 'kept', 'an hour later')
})

test('MT-04 an inbox gets twenty mails of all kinds an hour', async () => {
  const kinds = Array.from({ length: 6 }, (_, number) =>
    defineMail<object>({
      name: `test.kind_${number}`,
      description: 'One of many',
      compose: () => ({ subject: 'One', lines: ['of many'] }),
    }),
  )
  const sends = kinds.flatMap(mail => Array.from({ length: 4 }, () => mail))
  for (const mail of sends) {
    await db.transaction({ system: true }, tx => sendMail(app, tx, { to: 'all@example.com', mail, values: {} }))
  }
  const statuses = await statusesOf('all@example.com')
  assert.deepEqual([statuses.filter(status => status === 'kept').length, statuses.length], [20, 24])
})

test('MT-04 what is not one plain address is refused', async () => {
  const wrong = [
    'ada',
    'ada@example.com, eve@evil.example',
    'ada@example.com\r\nBcc: eve@evil.example',
    'Ada <ada@example.com>',
    '"ada b"@example.com',
    `${'a'.repeat(250)}@example.com`,
    'ada@exa\u0000mple.com',
    '@example.com',
  ]
  for (const to of wrong) await assert.rejects(greet(to), hasCode('mail.address_invalid'), to)
  await greet(' fine+tag@exämple.com ')
  assert.equal((await mailsTo(world, 'fine+tag@exämple.com')).length, 1)
})

test('MT-04 a mail links nowhere but here', async () => {
  for (const link of ['https://evil.example/', `${app.publicUrl}.evil.example/`, `${app.publicUrl}@evil.example/`]) {
    const sent = db.transaction({ system: true }, tx =>
      sendMail(app, tx, { to: 'links@example.com', mail: greeting, values: { name: 'Ada', link } }),
    )
    await assert.rejects(sent, hasCode('mail.link_foreign'), link)
  }
})

test('MT-04 names and lines are text: no markup, no link, no second line', async () => {
  await greet('names@example.com', {
    name: '<img src=x onerror=alert(1)> win at https://www.evil.example/now\r\nBcc: eve@evil.example',
  })
  const [mail] = await mailsTo(world, 'names@example.com')
  assert.ok(mail)
  assert.ok(!/[\r\n]/.test(mail.subject))
  assert.ok(!mail.html.includes('<img') && !mail.html.includes('<b>'))
  assert.ok(mail.html.includes('&lt;img src=x') && mail.html.includes('&lt;b&gt;test&lt;/b&gt; &amp; no more'))
  assert.ok(mail.html.includes('Firefox on &lt;Linux&gt;') && mail.html.includes('Open &quot;it&quot;'))
  assert.ok(!/https?:\/\/www|evil\.example/.test(mail.text + mail.html))
  const links = [...mail.html.matchAll(/href="([^"]*)"/g)].map(match => match[1])
  assert.deepEqual([...new Set(links)], [mail.link])
  await greet('dotted@example.com', { name: 'J.R.R. Tolkien Jr.' })
  assert.ok((await mailsTo(world, 'dotted@example.com'))[0]?.text.startsWith('Hello J.R.R. Tolkien Jr.,'))
})

test('MT-02 mails to a person are found for the export of his data, and those to others are not', async () => {
  const userId = crypto.randomUUID()
  await greet('leaver@example.com', { userId })
  await greet('Leaver@example.com')
  await greet('earlier@example.com', { userId })
  await greet('stayer@example.com')
  const person = { userId, emails: ['LEAVER@example.com'] }
  const system = db.scoped({ system: true })
  assert.deepEqual(
    (await listMailsOf(system, person)).map(({ recipient, status }) => [recipient, status]),
    [
      ['leaver@example.com', 'kept'],
      ['Leaver@example.com', 'kept'],
      ['earlier@example.com', 'kept'],
    ],
  )
})

test('MT-04 mails are removed after thirty days, and given up when their job is gone', async () => {
  for (const to of ['old@example.com', 'young@example.com', 'lost@example.com']) await greet(to)
  await admin.query(
    "update mail.messages set created_at = now() - interval '31 days' where recipient = 'old@example.com'",
  )
  await admin.query(
    "update mail.messages set created_at = now() - interval '29 days' where recipient = 'young@example.com'",
  )
  await admin.query(
    "update mail.messages set status = 'queued', created_at = now() - interval '4 days' where recipient = 'lost@example.com'",
  )
  await admin.query("update mail.quotas set began_at = now() - interval '2 days' where inbox = 'old@example.com'")
  await removeOldMails.run({}, app)
  assert.deepEqual(await statusesOf('old@example.com'), [])
  assert.deepEqual(await statusesOf('young@example.com'), ['kept'])
  assert.deepEqual(await statusesOf('lost@example.com'), ['failed'])
  assert.equal((await admin.query("select from mail.quotas where inbox = 'old@example.com'")).rowCount, 0)
  assert.equal((await admin.query("select from mail.quotas where inbox = 'young@example.com'")).rowCount, 2)
})

test('MT-04 SMTP_URL says how the mail server is spoken to', () => {
  const server = (url: string) => readSmtpUrl(url).server
  const plain = server('smtp://mail.example.com')
  assert.deepEqual([plain?.port, plain?.secure, plain?.requireTLS, plain?.auth], [587, false, true, undefined])
  assert.equal(plain?.tls.rejectUnauthorized, true)
  const tls = server('smtps://ada%40example.com:p%3Aw%2F@mail.example.com')
  assert.deepEqual([tls?.port, tls?.secure, tls?.requireTLS], [465, true, false])
  assert.deepEqual(tls?.auth, { user: 'ada@example.com', pass: 'p:w/' })
  assert.equal(server('smtp://localhost:1025')?.requireTLS, false)
  assert.equal(server('smtp://[::1]:1025')?.host, '::1')
  assert.equal(server('smtp://mail.example.com?requireTLS=false')?.requireTLS, false)
  assert.equal(server('smtp://localhost.evil.example')?.requireTLS, true)
})

test('MT-04 a wrong SMTP_URL or sender stops the start, and its password is not shown', () => {
  const wrong = [
    'mail.example.com',
    'http://mail.example.com',
    'smtp://',
    'smtp://user@mail.example.com',
    'smtp://user:pa/ss@mail.example.com',
    'smtp://user:pass%zz@mail.example.com',
    'smtp://mail.example.com:0',
    'smtp://mail.example.com:99999',
    'smtp://mail.example.com?requireTls=false',
    'smtp://mail.example.com?requireTLS=no',
    'smtp://mail.example.com/path',
  ]
  for (const url of wrong) {
    assert.throws(
      () => loadConfig([mailModule], { SMTP_URL: url }),
      error => {
        assert.ok(error instanceof DomainError)
        assert.match(error.message, /SMTP_URL: its value is no address of a mail server: /)
        return !/pass%zz|pa\/ss/.test(error.message)
      },
      url,
    )
  }
  for (const from of ['nobody', 'Ada <ada>', 'Ada <a@b.example>, Eve <e@b.example>', 'Ada\n<a@b.example>\nBcc: x']) {
    assert.throws(() => loadConfig([mailModule], { COMMONHOLD_MAIL_FROM: from }), /COMMONHOLD_MAIL_FROM/, from)
  }
  const { settings } = loadConfig([mailModule], {
    SMTP_URL: 'smtp://mail.example.com',
    COMMONHOLD_MAIL_FROM: '"Meridian, Inc." <mail@meridian.example>',
  })
  assert.deepEqual(senderOf({ ...app, config: settings }), { name: 'Meridian, Inc.', address: 'mail@meridian.example' })
})

test('MT-04 mails come from the public host unless told, and a real host without a mail server is warned of', () => {
  const at = (publicUrl: string, smtpUrl?: string) => ({ ...app, publicUrl, config: { smtpUrl } })
  assert.deepEqual(senderOf(at('https://hold.example.com:8443')), {
    name: 'Commonhold',
    address: 'no-reply@hold.example.com',
  })
  assert.equal(senderOf(at('http://192.0.2.1:3000')).address, 'no-reply@[192.0.2.1]')
  assert.equal(senderOf(at('http://[2001:db8::1]:3000')).address, 'no-reply@[IPv6:2001:db8::1]')
  assert.match(findMailFault(at('https://hold.example.com')) ?? '', /^SMTP_URL is not set: nobody at https:/)
  assert.equal(findMailFault(at('https://hold.example.com', 'smtp://mail.example.com')), undefined)
  assert.equal(findMailFault(at('http://localhost:3000')), undefined)
})
