import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type App, appFor } from '#platform/app.ts'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { type Person, testWorld } from '#test/world.ts'
import { contractorsModule } from '../module.ts'
import { tellAtOnce, tellPerson } from './alerts.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice } = world
const app = appFor(contractorsModule, world.app)
let made = 0

test('GG-06 of two workers who have found the same at one moment one tells', async () => {
  const saved = await save(alice, 'Sonars', { q: 'sonar' })
  await make('SONAR ONE')
  // Both have read since when and found what is new before either of them writes it down.
  const together = meeting(2)
  const meetingApp = {
    ...app,
    db: {
      ...app.db,
      scoped: app.db.scoped.bind(app.db),
      async transaction(...asked: Parameters<App['db']['transaction']>) {
        const result = await app.db.transaction(...asked)
        await together()
        return result
      },
    },
  } as unknown as App
  const work = { tenantId: alice.tenantId, userId: alice.userId, alert: 'at_once' } as const
  await Promise.all([tellPerson.run(work, meetingApp), tellPerson.run(work, meetingApp)])
  await runJobs(world)
  const { rows } = await admin.query(`select title from notifications.notifications where user_id = $1`, [alice.userId])
  assert.deepEqual(rows, [{ title: '1 new contractor in “Sonars”' }])
  const { newCount } = await (await alice.fetch(`/saved-searches/${saved.id}`)).json()
  assert.equal(newCount, 1)
})

test('GG-06 what is new comes by mail too, with its names and the way to the search', async () => {
  const saved = await save(alice, 'Lasers', { q: 'laser' })
  await make('LASER ONE', 20)
  await make('LASER TWO', 10)
  await tellAtOnce.run({}, app)
  await runJobs(world)
  const mails = (await mailsTo(world, alice.email)).filter(({ subject }) => subject.includes('Lasers'))
  assert.equal(mails.length, 1)
  const [mail] = mails
  assert.match(mail?.subject ?? '', /2 new contractors in “Lasers”/)
  assert.match(mail?.text ?? '', /LASER ONE[\s\S]*LASER TWO/)
  assert.equal(mail?.link, `${app.publicUrl}/saved-searches/${saved.id}`)
  assert.ok(mail?.unsubscribe)
})

test('GG-06 what a registrant calls himself adds no header, no markup and no link to the mail', async () => {
  const forged = 'MASER <img src=x onerror=alert(1)> https://evil.example/sign-in www.evil.example'
  const name = '<b>Masers</b> https://evil.example'
  await save(alice, name, { q: 'maser' })
  await make(forged, 20)
  await tellAtOnce.run({}, app)
  await runJobs(world)
  const mails = (await mailsTo(world, alice.email)).filter(({ subject }) => subject.includes('Masers'))
  assert.equal(mails.length, 1)
  const { subject, html, text } = mails[0] as (typeof mails)[number]
  assert.doesNotMatch(subject, /[\r\n]/)
  assert.match(html, /&lt;img/, 'control: it is shown as it is written')
  assert.doesNotMatch(html, /<img[^>]*onerror|<b>Masers/)
  for (const part of [subject, html, text]) assert.doesNotMatch(part, /evil\.example/)
  await save(alice, 'Split\r\nBcc: all@evil.example', { q: 'maser' })
  await make('MASER TWO', 5)
  await tellAtOnce.run({}, app)
  await runJobs(world)
  const split = (await mailsTo(world, alice.email)).filter(mail => mail.subject.includes('Split'))
  assert.equal(split.length, 1)
  assert.doesNotMatch(split[0]?.subject ?? '', /[\r\n]/)
})

/** Whoever comes waits until so many are there; later ones pass. */
function meeting(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let here = 0
  return async () => {
    if (++here >= count) resolve()
    await promise
  }
}

async function save(person: Person, name: string, search: object): Promise<{ id: string }> {
  const answer = await person.fetch('/saved-searches', { method: 'POST', body: { name, search, alert: 'at_once' } })
  assert.equal(answer.status, 201)
  return await answer.json()
}

async function make(name: string, value = 0) {
  await admin.query(
    `insert into contractors.contractor_profiles (uei, name, state, total_contract_value) values ($1, $2, 'VA', $3)`,
    [`S${String(++made).padStart(11, '0')}`, name, value],
  )
}
