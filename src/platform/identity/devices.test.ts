import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Scope } from '#platform/database'
import { mailsTo } from '#test/mails.ts'
import { writePlacesFile } from '#test/places-file.ts'
import { newPerson, testWorld } from '#test/world.ts'
import {
  distrustDevices,
  isTrustedDevice,
  type RecognisedDevice,
  recogniseDevice,
  sendNewDeviceMail,
  trustDevice,
} from './devices.ts'
import { recordLogin } from './login-histories.ts'

const world = await testWorld()
const { db, admin, app } = world

const firefox = (version: number) =>
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
const home: Scope = { ipAddress: '192.0.2.1', userAgent: firefox(132) }

/** A successful sign-in as the program makes it. */
async function signInFrom(userId: string, client: Scope, deviceToken?: string): Promise<RecognisedDevice> {
  return await db.transaction({ ...client, system: true, userId }, async tx => {
    const device = await recogniseDevice(tx, { userId, deviceToken })
    await recordLogin(app, tx, { userId, status: 'success', methods: ['password'] })
    return device
  })
}

/** Somebody who has not signed in yet. */
async function newUser(): Promise<string> {
  const { userId } = await newPerson(world)
  await admin.query('delete from identity.user_devices where user_id = $1', [userId])
  await admin.query('delete from identity.login_histories where user_id = $1', [userId])
  return userId
}

const rowsOf = async (userId: string) =>
  (await admin.query('select * from identity.user_devices where user_id = $1 order by created_at', [userId])).rows

test('MT-09 a device is new once, and known by its cookie wherever it goes', async () => {
  const userId = await newUser()
  const first = await signInFrom(userId, home)
  assert.deepEqual({ isNew: first.isNew, isFirst: first.isFirst }, { isNew: true, isFirst: true })
  const abroad = { ipAddress: '203.0.113.9', userAgent: firefox(140) }
  assert.deepEqual(await signInFrom(userId, abroad, first.token), { ...first, isNew: false, isFirst: false })
  const other = await signInFrom(userId, { ipAddress: '198.51.100.7', userAgent: 'curl/8.4.0' })
  assert.deepEqual({ isNew: other.isNew, isFirst: other.isFirst }, { isNew: true, isFirst: false })
  assert.equal((await rowsOf(userId)).length, 2)
})

test('MT-09 a program without cookies is one device while its address and kind stay', async () => {
  const userId = await newUser()
  const robot = { ipAddress: '2001:db8::5', userAgent: 'curl/8.4.0' }
  const first = await signInFrom(userId, robot)
  const again = await signInFrom(userId, robot)
  assert.deepEqual({ ...again, token: '' }, { id: first.id, isNew: false, isFirst: false, token: '' })
  assert.equal((await signInFrom(userId, { ...robot, userAgent: 'curl/8.5.0' })).isNew, false, 'updated')
  assert.equal((await signInFrom(userId, { ...robot, userAgent: 'wget/1.2' })).isNew, true, 'another program')
  assert.equal((await signInFrom(userId, { ...robot, ipAddress: '2001:db8::6' })).isNew, true, 'another address')
  const elsewhere = await newUser()
  await signInFrom(elsewhere, home)
  assert.equal((await signInFrom(elsewhere, robot)).isNew, true, 'another user')
  await admin.query('delete from identity.login_histories where user_id = $1', [userId])
  assert.equal((await signInFrom(userId, robot)).isNew, true, 'its last sign-in is forgotten')
})

test('MT-09 a private window does not take the place of the usual one, and is no news', async () => {
  const userId = await newUser()
  const usual = await signInFrom(userId, home)
  const hidden = await signInFrom(userId, home)
  assert.equal(hidden.isNew, false)
  assert.notEqual(hidden.id, usual.id)
  assert.equal((await signInFrom(userId, { ...home, ipAddress: '203.0.113.9' }, usual.token)).id, usual.id)
})

test('MT-05 a token that a client brings is never taken up, and another user’s device is not mine', async () => {
  const [userId, otherId] = [await newUser(), await newUser()]
  const mine = await signInFrom(userId, home)
  await db.transaction({ system: true }, tx => trustDevice(tx, mine.id, 30))
  for (const planted of [mine.token, 'planted'.padEnd(43, 'x'), '', '\0']) {
    const device = await signInFrom(otherId, home, planted)
    assert.notEqual(device.token, planted)
    assert.equal(device.token.length, 43)
    assert.notEqual(device.id, mine.id)
    assert.equal(await isTrustedDevice(db.scoped({ system: true }), otherId, planted), false)
  }
  assert.equal(await isTrustedDevice(db.scoped({ system: true }), userId, mine.token), true, 'control')
})

test('MT-05 a device is trusted by its cookie alone, until the days are over or the trust is ended', async () => {
  const userId = await newUser()
  const system = db.scoped({ ...home, system: true })
  const device = await signInFrom(userId, home)
  const isTrusted = (token: string | undefined) => isTrustedDevice(system, userId, token)
  assert.equal(await isTrusted(device.token), false)
  await trustDevice(system, device.id, 30)
  assert.equal(await isTrusted(device.token), true)
  assert.equal(await isTrusted(undefined), false)
  assert.equal(await isTrusted(device.token.slice(1)), false)
  const robot = { ...home, userAgent: 'curl/8.4.0' }
  const trustedRobot = await signInFrom(userId, robot)
  await trustDevice(system, trustedRobot.id, 30)
  for (const [client, trusted] of [
    [home, device],
    [robot, trustedRobot],
  ] as const) {
    const like = await signInFrom(userId, client)
    assert.notEqual(like.id, trusted.id, 'a trusted device is not taken over by one that looks like it')
    assert.equal(await isTrusted(like.token), false)
    assert.equal(await isTrusted(trusted.token), true)
  }
  await admin.query(`update identity.user_devices set trusted_until = now() where id = $1`, [device.id])
  assert.equal(await isTrusted(device.token), false)
  await trustDevice(system, device.id, 30)
  await distrustDevices(system, userId)
  assert.equal(await isTrusted(device.token), false)
})

test('MT-09 a sign-in on a new device is told by mail: when, with what, from where, in the reader’s time', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-places-'))
  after(() => rmSync(directory, { recursive: true }))
  const placesFile = join(directory, 'places.mmdb')
  writePlacesFile(placesFile, {
    '203.0.113.0/24': { city: { names: { en: 'Munich' } }, country: { names: { en: 'Germany' } } },
  })
  const placed = { ...app, config: { ...app.config, placesFile } }
  const person = await newPerson(world, { fullName: 'Ada Lovelace' })
  const { userId, email } = person
  await admin.query(`update identity.user_profiles set timezone = 'Asia/Kolkata' where user_id = $1`, [userId])
  const device = await signInFrom(userId, { ipAddress: '203.0.113.9', userAgent: firefox(132) })
  await admin.query(`update identity.user_devices set last_seen_at = '2026-11-21 18:35:00Z' where id = $1`, [device.id])
  const newMails = async () => (await mailsTo(world, email)).filter(({ name }) => name === 'identity.new_device')
  const before = (await newMails()).length
  const send = (deviceId: string, of = userId) =>
    db.transaction({ system: true }, tx => sendNewDeviceMail(placed, tx, { userId: of, deviceId }))
  await send(device.id)
  const mails = await newMails()
  assert.equal(mails.length, before + 1)
  const { text, link } = mails.at(-1) as { text: string; link: string }
  assert.match(text, /Hello Ada Lovelace,/)
  assert.match(text, /Time: +22 November 2026 at 00:05 GMT\+5:30/)
  assert.match(text, /Device: +Firefox 132 on Windows/)
  assert.match(text, /Place: +Munich, Germany/)
  assert.match(text, /Address: +203\.0\.113\.9/)
  assert.equal(link, `${app.publicUrl}/account/sessions`)
  assert.ok(text.includes(`${app.publicUrl}/forgot-password`))

  const stranger = await newPerson(world)
  await send(device.id, stranger.userId)
  assert.deepEqual(
    (await mailsTo(world, stranger.email)).filter(({ text }) => text.includes('203.0.113.9')),
    [],
    'of no other user’s device',
  )
  await admin.query(
    `update identity.user_profiles set email_preferences = email_preferences || '{"security": false}' where user_id = $1`,
    [userId],
  )
  await send(device.id)
  assert.equal((await newMails()).length, before + 1, 'whoever wants no such mails gets none')
})
