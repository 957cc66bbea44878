import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type TOTP, URI } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, baseUrl } = world

describe('two-factor sign-in in the console', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  const open = async (person: Person, options: Parameters<Browser['newContext']>[0] = {}) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    const asked: string[] = []
    page.on('request', request => asked.push(request.url()))
    const complaints = hearComplaints(page)
    await page.goto('/sign-in?next=/account/security')
    await page.getByLabel('E-mail').fill(person.email)
    await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Two-factor sign-in' }).waitFor()
    return { page, card: page.getByRole('region', { name: 'Two-factor sign-in' }), asked, complaints, context }
  }

  it('MT-05 Paula sets it up by keyboard, keeps her backup codes, makes new ones and turns it off', async () => {
    const paula = await newPerson(world, { fullName: 'Paula Porter', tenantName: 'Porter Works' })
    const { page, card, asked, complaints, context } = await open(paula)
    await checkAccess(page, 'off')
    await card.getByText('It is off.').waitFor()
    await card.getByRole('button', { name: 'Set up' }).press('Enter')

    const heading = card.getByRole('heading', { level: 3 })
    await card.getByRole('img', { name: /QR code/ }).waitFor()
    await page.waitForFunction(() => document.activeElement?.tagName === 'H3')
    await checkAccess(page, 'scan')
    await checkWidths(page, 'scan')
    const uri = (await card.getByRole('link', { name: 'Open it there' }).getAttribute('href')) as string
    const totp = URI.parse(uri) as TOTP
    assert.deepEqual([totp.issuer, totp.label], ['Commonhold', paula.email])
    assert.ok((await card.innerText()).includes(totp.secret.base32.match(/.{4}/g)?.join(' ') ?? '-'))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')

    const field = card.getByRole('textbox', { name: 'Code from the app' })
    await field.waitFor()
    assert.ok(await field.evaluate(element => element === document.activeElement))
    assert.equal(await field.getAttribute('inputmode'), 'numeric')
    assert.equal(await field.getAttribute('autocomplete'), 'one-time-code')
    const right = totp.generate()
    const wrong = right === '000000' ? '111111' : '000000'
    await page.keyboard.type(wrong)
    await card.getByRole('alert').getByText('This code is not right').waitFor()
    assert.equal(await field.getAttribute('aria-invalid'), 'true')
    assert.deepEqual(complaints.splice(0).map(refusal), ['400 /me/two-factor/verify'])
    await checkAccess(page, 'a wrong code')
    await checkWidths(page, 'a wrong code')
    // What was refused is selected: the next one takes its place.
    await page.keyboard.insertText(`${right.slice(0, 3)} ${right.slice(3)}`)

    await card.getByRole('list', { name: 'Backup codes' }).waitFor()
    assert.equal(await heading.innerText(), 'Keep these backup codes')
    await checkAccess(page, 'backup codes')
    await checkWidths(page, 'backup codes')
    const codes = await codesIn(card)
    assert.equal(codes.length, 10)
    await card.getByRole('button', { name: 'Done' }).click()
    await card.getByText('Keep them first').waitFor()
    await checkAccess(page, 'not kept yet')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      card.getByRole('button', { name: 'Download' }).click(),
    ])
    assert.equal(download.suggestedFilename(), 'commonhold-backup-codes.txt')
    const text = readFileSync(await download.path(), 'utf8')
    for (const code of codes) assert.ok(text.includes(`\n${code}\n`))
    await page.emulateMedia({ media: 'print' })
    assert.ok(await page.getByText(codes[0] as string).isVisible())
    assert.ok(!(await page.getByText('I have kept them').isVisible()), 'the codes alone are printed')
    await page.emulateMedia({ media: 'screen' })
    await card.getByRole('checkbox', { name: 'I have kept them' }).press('Space')
    await card.getByRole('button', { name: 'Done' }).press('Enter')

    await card.getByText('It is on').waitFor()
    await card.getByText('10 backup codes are left').waitFor()
    await admin.query(
      `update identity.backup_codes set used_at = now()
       where id in (select id from identity.backup_codes where user_id = $1 limit 8)`,
      [paula.userId],
    )
    await page.reload()
    await card.getByText('2 backup codes are left').waitFor()
    await checkAccess(page, 'few codes')
    await checkWidths(page, 'few codes')
    await card.getByRole('button', { name: 'Make new backup codes' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Make new codes' }).click()
    await card.getByRole('list', { name: 'Backup codes' }).waitFor()
    assert.equal(new Set([...codes, ...(await codesIn(card))]).size, 20)
    await card.getByRole('checkbox', { name: 'I have kept them' }).check()
    await card.getByRole('button', { name: 'Done' }).click()
    await card.getByText('10 backup codes are left').waitFor()

    await card.getByRole('button', { name: 'Turn off' }).click()
    const dialog = page.getByRole('dialog', { name: 'Turn two-factor sign-in off?' })
    await checkAccess(page, 'turn it off?')
    await dialog.getByRole('button', { name: 'Turn off' }).click()
    await card.getByText('It is off.').waitFor()
    assert.deepEqual(complaints, [])
    const elsewhere = asked.filter(url => !url.startsWith(`${baseUrl}/`) && !url.startsWith('blob:'))
    assert.deepEqual(elsewhere, [], 'the secret goes to nobody else')
    assert.ok(!asked.join().includes(totp.secret.base32))
    await context.close()
  })

  it('MT-05 a set-up that took too long starts again with another secret', async () => {
    const late = await newPerson(world, { tenantName: 'Late Works' })
    const { page, card, context } = await open(late, { viewport: { width: 390, height: 844 } })
    await card.getByRole('button', { name: 'Set up' }).click()
    const key = card.getByRole('link', { name: 'Open it there' })
    const first = await key.getAttribute('href')
    await card.getByRole('button', { name: 'Next' }).click()
    await admin.query(
      `update identity.two_factors set setup_started_at = now() - interval '31 minutes' where user_id = $1`,
      [late.userId],
    )
    await card.getByRole('textbox', { name: 'Code from the app' }).fill('１２３４５６')
    await card.getByText('This took too long').waitFor()
    await checkAccess(page, 'took too long')
    await checkWidths(page, 'took too long')
    await card.getByRole('button', { name: 'Start again' }).click()
    await key.waitFor()
    assert.notEqual(await key.getAttribute('href'), first)
    await context.close()
  })
})

const codesIn = async (card: ReturnType<Page['getByRole']>) =>
  (await card.getByRole('list', { name: 'Backup codes' }).getByRole('listitem').allInnerTexts()).map(text =>
    text.trim(),
  )

/** `400 /me/two-factor/verify` of what the browser complains of. */
function refusal(complaint: string): string {
  const [, status, path] = /status of (\d+).*\/api\/v1(\/[^)]*)\)/.exec(complaint) ?? [complaint, complaint, '']
  return `${status} ${path}`
}
