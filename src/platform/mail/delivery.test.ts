import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { createLogger } from '#platform/http'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { testWorld } from '#test/world.ts'
import { sendTestMail } from './commands.ts'
import { doomedKey } from './delivery.test.doomed.ts'
import { defineMail, linkTo, sendMail } from './index.ts'

const world = await testWorld()
const { db, admin, login } = world
const lines: string[] = []
const log = createLogger('debug', { write: line => lines.push(line) })

type Received = Email & { envelope: { from: string; to: string[] }; raw: string; isSecure: boolean }

/** A real mail server; `answer` may refuse by throwing, and by never ending leaves the sender waiting. */
async function mailServer(answer: Partial<SMTPServerOptions> = {}) {
  const received: Received[] = []
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', chunk => chunks.push(chunk))
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString()
        const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : ''
        const to = session.envelope.rcptTo.map(({ address }) => address)
        void PostalMime.parse(raw).then(email => {
          received.push({ ...email, envelope: { from, to }, raw, isSecure: session.secure })
          done(null, 'queued as 4711')
        })
      })
    },
    ...answer,
  })
  server.on('error', () => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as { port: number }
  const close = () => new Promise<void>(resolve => server.close(() => resolve()))
  after(close)
  return { received, port, close, app: appWith(`smtp://127.0.0.1:${port}`) }
}

const appWith = (smtpUrl: string, more: object = {}): App => ({
  ...world.app,
  log,
  config: { ...world.app.config, smtpUrl, ...more },
})

const invitation = defineMail<{ name: string; link: string }>({
  name: 'test.invitation',
  description: 'A mail of the tests',
  compose: ({ name, link }) => ({
    subject: `Come in, ${name}`,
    lines: [`Hello ${name},`, '.', 'the line above is a single dot.'],
    button: { label: 'Come in', link },
  }),
})
const raw = defineMail<{ subject: string }>({
  name: 'test.raw',
  description: 'A mail whose subject is given',
  compose: ({ subject }) => ({ subject, lines: ['Nothing more.'] }),
})

const token = 'c2VjcmV0LXRva2VuLW9mLXRoZS1saW5rLWluLW1haWw_x99'
const invite = (app: App, to: string, toName?: string) =>
  db.transaction({ system: true }, tx =>
    sendMail(app, tx, {
      to,
      ...(toName !== undefined && { toName }),
      mail: invitation,
      values: { name: 'Ada', link: linkTo(app, '/reset-password', token) },
    }),
  )
const messageTo = async (to: string) => {
  const { rows } = await admin.query('select * from mail.messages where recipient = $1', [to])
  assert.equal(rows.length, 1)
  return rows[0]
}
const againNow = () => admin.query("update jobs.job set start_after = now() where state = 'retry'")
const run = (app: App) => runJobs({ admin, app })
const isCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

test('MT-04 a mail is delivered once its transaction is committed, and then its content is emptied', async () => {
  const { app, received } = await mailServer()
  await invite(app, 'ada@example.com')
  assert.equal((await messageTo('ada@example.com')).status, 'queued')
  assert.equal(received.length, 0)
  assert.deepEqual(await run(app), ['mail.deliver'])
  const [mail] = received
  assert.ok(mail)
  assert.deepEqual(mail.envelope, { from: 'no-reply@localhost', to: ['ada@example.com'] })
  assert.deepEqual(mail.from, { address: 'no-reply@localhost', name: 'Commonhold' })
  assert.equal(mail.subject, 'Come in, Ada')
  assert.ok(mail.text?.includes(`/reset-password#token=${token}`), 'the link is whole')
  assert.ok(mail.text?.includes('\n.\n'), 'a single dot does not end the mail')
  assert.ok(mail.html?.includes(`href="${app.publicUrl}/reset-password#token=${token}"`))
  assert.ok(mail.isSecure, 'STARTTLS is used where it is offered')
  assert.match(mail.raw, /^Auto-Submitted: auto-generated\r$/im)
  const row = await messageTo('ada@example.com')
  assert.deepEqual([row.status, row.attempts, row.content, row.last_error], ['sent', 1, null, null])
  assert.ok(row.sent_at)
  assert.equal(mail.messageId, `<${row.id}@localhost>`)
})

test('MT-04 a refusal for good is noted and not tried again', async () => {
  const { app, received } = await mailServer({
    onRcptTo: (_address, _session, done) =>
      done(Object.assign(new Error('5.1.1 There is no such mailbox'), { responseCode: 550 })),
  })
  await invite(app, 'nobody@example.com')
  assert.deepEqual(await run(app), ['mail.deliver'])
  const row = await messageTo('nobody@example.com')
  assert.deepEqual([row.status, row.attempts, row.content], ['failed', 1, null])
  assert.match(row.last_error, /550 5\.1\.1 There is no such mailbox/)
  await againNow()
  assert.deepEqual(await run(app), [])
  assert.equal(received.length, 0)
})

test('MT-04 a refusal for now is repeated until the mail is taken', async () => {
  let refusals = 0
  const { app, received } = await mailServer({
    onRcptTo(_address, _session, done) {
      refusals += 1
      done(refusals < 3 ? Object.assign(new Error('4.7.1 Greylisted'), { responseCode: 451 }) : null)
    },
  })
  await invite(app, 'grey@example.com')
  for (const attempts of [1, 2]) {
    await assert.rejects(run(app), isCode('mail.not_delivered'))
    const row = await messageTo('grey@example.com')
    assert.deepEqual([row.status, row.attempts], ['queued', attempts])
    assert.match(row.last_error, /451 4\.7\.1 Greylisted/)
    assert.deepEqual(await run(app), [], 'not before the pause is over')
    await againNow()
  }
  assert.deepEqual(await run(app), ['mail.deliver'])
  assert.equal(received.length, 1)
  const row = await messageTo('grey@example.com')
  assert.deepEqual([row.status, row.attempts, row.last_error], ['sent', 3, null])
})

test('MT-04 a mail server that is away is waited for, for a day', async () => {
  const { app, close } = await mailServer()
  await close()
  await invite(app, 'away@example.com')
  await assert.rejects(run(app), isCode('mail.not_delivered'))
  assert.match((await messageTo('away@example.com')).last_error, /ECONNREFUSED/)
  await admin.query(
    "update mail.messages set created_at = now() - interval '25 hours' where recipient = 'away@example.com'",
  )
  await againNow()
  assert.deepEqual(await run(app), ['mail.deliver'])
  const row = await messageTo('away@example.com')
  assert.deepEqual([row.status, row.attempts, row.content], ['failed', 2, null])
})

test('MT-04 the mail of a worker that is killed while it sends is sent again, under the same Message-ID', async () => {
  const held = Promise.withResolvers<void>()
  const messageIds: (string | undefined)[] = []
  const { app, received, port } = await mailServer({
    onData(stream, _session, done) {
      const chunks: Buffer[] = []
      stream.on('data', chunk => chunks.push(chunk))
      stream.on('end', async () => {
        messageIds.push((await PostalMime.parse(Buffer.concat(chunks))).messageId)
        // The first time the answer never comes.
        if (messageIds.length === 1) held.resolve()
        else done(null)
      })
    },
  })
  const own = { ...app, keyring: doomedKey }
  await invite(own, 'twice@example.com')
  const doomed = fork(new URL('./delivery.test.doomed.ts', import.meta.url), [JSON.stringify(login), String(port)])
  await held.promise
  doomed.kill('SIGKILL')
  await once(doomed, 'exit')
  const during = await messageTo('twice@example.com')
  assert.deepEqual([during.status, during.attempts], ['queued', 1])
  // The heart of the worker has stopped; half a minute later its job is given to another.
  await admin.query("update jobs.job set state = 'retry', start_after = now() where state = 'active'")
  assert.deepEqual(await run(own), ['mail.deliver'])
  const row = await messageTo('twice@example.com')
  assert.deepEqual([row.status, row.attempts], ['sent', 2])
  assert.deepEqual(messageIds, [`<${row.id}@localhost>`, `<${row.id}@localhost>`])
  assert.equal(received.length, 0)
})

test('MT-04 a mail whose person was erased meanwhile is not sent', async () => {
  const { app, received } = await mailServer()
  await invite(app, 'erased@example.com')
  await admin.query("delete from mail.messages where recipient = 'erased@example.com'")
  assert.deepEqual(await run(app), ['mail.deliver'])
  assert.equal(received.length, 0)
})

test('MT-04 a queued mail is kept when the mail server was taken out of the settings', async () => {
  const { app } = await mailServer()
  await invite(app, 'later@example.com')
  await run(world.app)
  assert.equal((await messageTo('later@example.com')).status, 'kept')
  assert.equal((await mailsTo(world, 'later@example.com')).length, 1)
})

test('VS-02 what a mail server quotes of a mail, and its password, are neither kept nor logged', async () => {
  const { app, port } = await mailServer({
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(null, { user: 'ada' }),
    onRcptTo: (_address, _session, done) =>
      done(
        Object.assign(
          new Error(
            `Spam: http://localhost:0/reset-password#token=${token} or token=${token}, of ada with hunter2hunter2`,
          ),
          { responseCode: 554 },
        ),
      ),
  })
  const own = { ...app, config: { ...app.config, smtpUrl: `smtp://ada:hunter2hunter2@127.0.0.1:${port}` } }
  await invite(own, 'quoted@example.com')
  await run(own)
  const row = await messageTo('quoted@example.com')
  assert.equal(row.status, 'failed')
  assert.match(row.last_error, /Spam: \[link\] or \[hidden\], of ada with \[password\]/)
  const { rows: jobs } = await admin.query('select to_jsonb(j)::text as row from jobs.job as j')
  const seen = [lines.join(''), JSON.stringify(row), ...jobs.map(job => job.row)].join('\n')
  assert.ok(seen.includes('mail refused'), 'control: it was logged')
  for (const secret of [token, 'hunter2', 'reset-password']) assert.ok(!seen.includes(secret), secret)
})

test('MT-04 a wrong password for the mail server is our fault: mails wait until it is mended', async () => {
  const { app, port, received } = await mailServer({
    onAuth: ({ password }, _session, done) =>
      done(password === 'right' ? null : new Error('Wrong'), password === 'right' ? { user: 'ada' } : undefined),
  })
  const withPassword = (password: string) => appWith(`smtp://ada:${password}@127.0.0.1:${port}`)
  await invite(app, 'waits@example.com')
  await assert.rejects(run(withPassword('wrong')), isCode('mail.not_delivered'))
  assert.equal((await messageTo('waits@example.com')).status, 'queued')
  await againNow()
  await run(withPassword('right'))
  assert.equal((await messageTo('waits@example.com')).status, 'sent')
  assert.equal(received.length, 1)
})

test('MT-04 where TLS is wanted and not to be had, neither password nor mail is sent', async () => {
  let wasAsked = false
  const { port, received } = await mailServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth(_auth, _session, done) {
      wasAsked = true
      done(null, { user: 'ada' })
    },
  })
  for (const options of ['requireTLS=true', 'requireTLS=true&tls.rejectUnauthorized=true']) {
    const app = appWith(`smtp://ada:secret@127.0.0.1:${port}?${options}`)
    await assert.rejects(sendTestMail(app, 'ada@example.com'), isCode('mail.not_taken'))
  }
  assert.deepEqual([wasAsked, received.length], [false, 0])
  await sendTestMail(appWith(`smtp://ada:secret@127.0.0.1:${port}`), 'ada@example.com')
  assert.deepEqual([wasAsked, received.length], [true, 1], 'control: without that it is')
})

test('MT-04 a certificate that nobody vouches for is refused unless it is on this computer', async () => {
  const { port, received } = await mailServer({ secure: true })
  const strict = appWith(`smtps://127.0.0.1:${port}?tls.rejectUnauthorized=true`)
  await assert.rejects(sendTestMail(strict, 'ada@example.com'), isCode('mail.not_taken'))
  assert.equal(received.length, 0)
  await sendTestMail(appWith(`smtps://127.0.0.1:${port}`), 'ada@example.com')
  assert.ok(received[0]?.isSecure)
})

const injections = [
  'Eve\r\nBcc: eve@evil.example',
  'Eve\nBcc: eve@evil.example\n\nBody',
  'Eve\r\n\r\n<script>alert(1)</script>',
  'Eve\u2028Bcc: eve@evil.example',
  'Archer, Alice "the\\ boss" <eve@evil.example>, Bob',
  '=?utf-8?q?Eve=0D=0ABcc:_eve@evil.example?=',
  'Eve\u0000\u0007\r',
  'Ünïcøde, 名前',
]

test('MT-04 no name and no subject adds a header, a recipient or a body', async () => {
  const { app, received } = await mailServer()
  for (const [index, text] of injections.entries()) {
    const to = `inject${index}@example.com`
    await db.transaction({ system: true }, tx =>
      sendMail(app, tx, { to, toName: text, mail: raw, values: { subject: text } }),
    )
  }
  await run(app)
  assert.equal(received.length, injections.length)
  for (const [index, mail] of received.entries()) {
    const to = `inject${index}@example.com`
    const shown = (injections[index] as string)
      .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
      .replaceAll('=?', '= ?')
      .trim()
    assert.deepEqual(mail.envelope.to, [to])
    assert.deepEqual(mail.headers.map(({ key }) => key).toSorted(), [
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-auto-response-suppress',
    ])
    assert.equal(mail.to?.length, 1)
    assert.equal(mail.to?.[0]?.address, to)
    assert.equal(mail.to?.[0]?.name, shown, JSON.stringify(mail.raw.slice(0, 400)))
    assert.equal(mail.subject, shown)
    assert.equal(mail.text?.trim().split('\n')[0], 'Nothing more.')
  }
})

test('MT-04 an operator can try the mail server and is told what it said', async () => {
  const { app, received } = await mailServer()
  const { answer, server } = await sendTestMail(app, 'ada@example.com')
  assert.match(answer, /^250 .*queued as 4711/)
  assert.match(server, /^127\.0\.0\.1:\d+$/)
  assert.equal(received[0]?.envelope.to[0], 'ada@example.com')
  await assert.rejects(sendTestMail(world.app, 'ada@example.com'), isCode('mail.smtp_missing'))
  await assert.rejects(sendTestMail(app, 'nobody'), isCode('mail.address_invalid'))
  const refusing = await mailServer({
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('No'), { responseCode: 550 })),
  })
  await assert.rejects(sendTestMail(refusing.app, 'ada@example.com'), isCode('mail.recipient_refused'))
})
