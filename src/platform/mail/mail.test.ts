import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { testWorld } from '#test/world.ts'
import { defineMail, linkTo, sendMail } from './index.ts'

const world = await testWorld()
const { app, db } = world

const greeting = defineMail<{ name: string; link: string }>({
  name: 'test.greeting',
  description: 'A mail of the tests',
  compose: ({ name, link }) => ({
    subject: `Good day, ${name}`,
    lines: [`Hello ${name},`, 'This is a <b>test</b> & no more.'],
    button: { label: 'Open it', link },
    after: ['Or leave it.'],
  }),
})

test('PE-11 a mail is kept with its link where no SMTP server is set', async () => {
  await db.transaction({ system: true }, tx =>
    sendMail(app, tx, {
      to: 'ada@example.com',
      mail: greeting,
      values: { name: 'Ada', link: linkTo(app, '/reset-password', 'a+b/c') },
    }),
  )
  const mails = await mailsTo(world, 'Ada@example.com')
  assert.equal(mails.length, 1)
  assert.equal(mails[0]?.token, 'a+b/c')
  assert.deepEqual(await runJobs(world), [])
})
