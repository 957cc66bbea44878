import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, baseUrl } = world

describe('the profile', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  const open = async (person: Person, viewport = { width: 1280, height: 800 }) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport, timezoneId: 'Asia/Tokyo' })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    const complaints = hearComplaints(page)
    await page.goto('/sign-in?next=/account')
    await page.getByLabel('E-mail').fill(person.email)
    await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('Name', { exact: true }).waitFor()
    return { page, complaints, leave: () => context.close() }
  }
  const save = async (page: Page) => {
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Save', exact: true }).waitFor({ state: 'detached' })
  }
  const pathOf = async (link: string | undefined) => {
    assert.ok(link)
    const { pathname, hash } = new URL(link)
    return pathname + hash
  }

  for (const [name, viewport] of Object.entries({
    desktop: { width: 1280, height: 800 },
    phone: { width: 390, height: 844 },
  })) {
    it(`PE-03 MT-08 on a ${name} one says who one is, with a picture, and sees times in one’s own zone`, async () => {
      const person = await newPerson(world, { fullName: 'Ada Lovelace', tenantName: 'Meridian Capture' })
      const { page, complaints, leave } = await open(person, viewport)

      // As a telephone gives it: large, turned, and larger than may be sent.
      const photo = await sharp({
        create: {
          width: 4000,
          height: 3000,
          channels: 3,
          background: '#000',
          noise: { type: 'gaussian', mean: 150, sigma: 50 },
        },
      })
        .jpeg({ quality: 95 })
        .withMetadata({ orientation: 6 })
        .toBuffer()
      assert.ok(photo.length > 5 * 2 ** 20, 'control')
      const picture = page.getByRole('region', { name: 'Picture' })
      await picture.locator('input[type=file]').setInputFiles({ name: 'me.jpg', mimeType: 'image/jpeg', buffer: photo })
      await picture.getByRole('button', { name: 'Remove' }).waitFor()
      const shown = picture.getByRole('img', { name: 'Your picture' })
      await page.waitForFunction(
        image => image instanceof HTMLImageElement && image.naturalWidth === 256,
        await shown.elementHandle(),
      )
      await picture
        .locator('input[type=file]')
        .setInputFiles({ name: 'x.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg/>') })
      await picture.getByRole('alert').getByText('cannot be shown as a picture').waitFor()

      await page.getByLabel('User name').fill('a d a')
      await page.getByLabel('Title').fill('Analyst')
      await page.getByLabel('Website').fill('javascript:alert(1)')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('Something needs another look.').waitFor()
      await page.getByText('An address that begins with https://').waitFor()
      await page.getByLabel('User name').fill(`ada.${name}`)
      await page.getByLabel('Website').fill('https://ada.example')
      for (const skill of ['Mathematics', 'Engines']) {
        await page.getByRole('combobox', { name: 'Skills' }).fill(skill)
        await page.getByRole('combobox', { name: 'Skills' }).press('Enter')
      }
      await page.getByLabel('About you').fill('Wrote the first program.')
      await page.getByText('There it is').waitFor()
      await page.getByRole('button', { name: 'Use this device’s: Asia/Tokyo' }).click()
      await save(page)

      const { rows } = await admin.query('select * from identity.user_profiles where user_id = $1', [person.userId])
      assert.deepEqual(
        [rows[0].title, rows[0].skills, rows[0].social_links, rows[0].timezone, rows[0].bio],
        [
          'Analyst',
          ['Mathematics', 'Engines'],
          { website: 'https://ada.example/' },
          'Asia/Tokyo',
          'Wrote the first program.',
        ],
      )
      await page.getByRole('combobox', { name: 'Time zone' }).fill('sao pau')
      await page.getByRole('option', { name: 'America/Sao Paulo' }).click()
      await save(page)

      await page.getByRole('switch', { name: 'Newsletter' }).press('Space')
      await page.getByRole('switch', { name: 'Newsletter', checked: true }).waitFor()
      await page.reload()
      await page.getByRole('switch', { name: 'Newsletter', checked: true }).waitFor()
      assert.equal(await page.getByRole('combobox', { name: 'Time zone' }).inputValue(), 'America/Sao Paulo')
      if (name === 'phone') await page.getByRole('button', { name: 'Menu' }).click()
      await page
        .getByRole('button', { name: /^Account of/ })
        .locator('img')
        .waitFor()
      if (name === 'phone') await page.keyboard.press('Escape')
      await checkAccess(page, `profile on a ${name}`)
      await checkWidths(page, 'profile')
      await picture.getByRole('button', { name: 'Remove' }).click()
      await picture.getByRole('button', { name: 'Choose a picture' }).waitFor()
      assert.deepEqual(complaints, [])
      await leave()
    })
  }

  it('MT-08 what is typed is not lost by leaving, and never written over what another window saved', async () => {
    const person = await newPerson(world, { fullName: 'Grace Hopper', tenantName: 'Navy' })
    const { page, complaints, leave } = await open(person)
    await page.getByLabel('Title').fill('Admiral')
    await page.getByRole('link', { name: 'Devices and history' }).click()
    const dialog = page.getByRole('dialog', { name: 'Leave without saving?' })
    await dialog.getByRole('button', { name: 'Stay here' }).click()
    assert.equal(await page.getByLabel('Title').inputValue(), 'Admiral')

    await person.fetch('/me/profile', { method: 'PATCH', body: { department: 'Research' } })
    await save(page)
    assert.equal(await page.getByLabel('Department').inputValue(), 'Research', 'another field is taken over')

    await page.getByLabel('Title').fill('Rear admiral')
    await person.fetch('/me/profile', { method: 'PATCH', body: { title: 'Commodore' } })
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    const clash = page.getByRole('alert', { name: 'Changed elsewhere meanwhile' })
    await clash.getByText('Title: Commodore').waitFor()
    await checkAccess(page, 'profile changed elsewhere')
    await clash.getByRole('button', { name: 'Save mine' }).click()
    await clash.waitFor({ state: 'detached' })
    const { title } = (await (await person.fetch('/me/profile')).json()) as { title: string }
    assert.equal(title, 'Rear admiral')

    await page.getByLabel('Title').fill('Lost')
    await page.getByRole('button', { name: 'Discard' }).click()
    assert.equal(await page.getByLabel('Title').inputValue(), 'Rear admiral')
    const expected = complaints.filter(line => !/412/.test(line))
    assert.deepEqual(expected, [])
    await leave()
  })

  it('MT-08 MT-04 an address is changed by two links, each of which opens a page with a button', async () => {
    const person = await newPerson(world, { fullName: 'Mary Jackson', tenantName: 'Langley' })
    const email = `mary.new@elsewhere.example`
    await admin.query('update identity.users set email_verified_at = null where id = $1', [person.userId])
    const { page, complaints, leave } = await open(person)
    const card = page.getByRole('region', { name: 'E-mail address' })
    await card.getByRole('button', { name: 'Send me a link' }).click()
    await card.getByText('is on its way').waitFor()
    const follow = async (address: string, label: string) => {
      const link = (await mailsTo(world, address)).at(-1)?.link
      await page.goto(await pathOf(link))
      await page.getByRole('button', { name: 'Confirm' }).waitFor()
      assert.equal(new URL(page.url()).hash, '', 'the secret leaves the address')
      await page.getByRole('button', { name: 'Confirm' }).click()
      await page.getByRole('heading', { name: label }).waitFor()
    }
    await follow(person.email, 'Confirmed')
    await page.getByRole('link', { name: 'Go to my account' }).click()
    await card.getByText('Confirmed', { exact: true }).waitFor()

    await card.getByRole('button', { name: 'Change the address' }).click()
    await card.getByLabel('New e-mail address').fill('p\u0430ypal@example.com')
    await card.getByRole('button', { name: 'Send both links' }).click()
    await card.getByText('mixes letters that look alike').waitFor()
    await card.getByLabel('New e-mail address').fill(email)
    await card.getByRole('button', { name: 'Send both links' }).click()
    await card.getByText(`Use the link in the mail to ${email}`).waitFor()
    await checkAccess(page, 'profile with a pending change')
    await checkWidths(page, 'profile with a pending change')
    await follow(email, 'One more step')
    await checkAccess(page, 'a confirmed address')
    await checkWidths(page, 'a confirmed address')
    await follow(person.email, 'Your address is changed')
    await page.getByRole('link', { name: 'Go to my account' }).click()
    await card.getByText(email, { exact: true }).waitFor()
    await page.goto('/confirm-email#token=made-up')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByRole('alert').getByText('used already').waitFor()
    await checkAccess(page, 'a link that is not valid')
    assert.deepEqual(
      complaints.filter(line => !/status of 400/.test(line)),
      [],
    )
    await leave()
  })
})
