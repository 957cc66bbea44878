import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { finishPasskeySignIn, type PasskeySignInAnswer, startPasskeySignIn } from '#platform/identity'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'
import { forgetSession } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(300_000), () => {})
const world = await testWorld({ consoleDirectory })
const { app, admin } = world
// Browsers make passkeys for host names only, and without encryption for this one.
const baseUrl = world.baseUrl.replace('127.0.0.1', 'localhost')
app.publicUrl = baseUrl
const system = app.db.scoped({ system: true })

type AuthenticatorOptions = { transport?: 'internal' | 'usb'; isSynced?: boolean; isUserVerified?: boolean }

describe('passkeys in a browser', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  /** A window with an authenticator; with `person` signed in. */
  const visit = async (person?: Person) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport: { width: 1280, height: 800 } })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    const devices = await context.newCDPSession(page)
    await devices.send('WebAuthn.enable')
    if (person) await signIn(page, person)
    return { page, devices, complaints: hearComplaints(page), leave: () => context.close() }
  }

  it('MT-06 a passkey is added, renamed, used and removed', async () => {
    const person = await newPerson(world, { fullName: 'Pia Passkey', tenantName: 'Pia' })
    const { page, devices, complaints, leave } = await visit(person)
    await addAuthenticator(devices)
    const card = await openCard(page)
    await card.getByText('You have none yet.').waitFor()
    await checkAccess(page, 'no passkeys')

    await addPasskey(page, 'Laptop')
    await card.getByText('Laptop', { exact: true }).waitFor()
    await card.getByText('On one device').waitFor()
    await card.getByText('not used yet').waitFor()

    await devices.send('WebAuthn.disable')
    await devices.send('WebAuthn.enable')
    await addAuthenticator(devices, { isSynced: true })
    await addPasskey(page, 'Password manager')
    await card.getByText('Synced between your devices').waitFor()

    await card.getByRole('button', { name: 'Rename Laptop' }).click()
    await page.keyboard.press('Escape')
    await card.getByRole('button', { name: 'Rename Laptop' }).click()
    await page.keyboard.type('Work laptop')
    await page.keyboard.press('Enter')
    await card.getByText('Work laptop', { exact: true }).waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Rename Work laptop')

    assert.equal(await useHere(page), person.userId)
    await page.reload()
    await card.getByText(/used (just now|\d+ seconds? ago|now|less than)/i).waitFor()

    await checkAccess(page, 'two passkeys')
    await checkWidths(page, 'two passkeys')

    await card.getByRole('button', { name: 'Remove Work laptop' }).click()
    await checkAccess(page, 'removing a passkey')
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the passkey' }).click()
    await card.getByText('Work laptop', { exact: true }).waitFor({ state: 'detached' })
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('Add a passkey'))
    assert.equal(await card.getByRole('listitem').count(), 1)
    assert.deepEqual(complaints, [])
    const subjects = (await mailsTo(world, person.email)).map(({ subject }) => subject)
    assert.deepEqual(
      subjects.filter(subject => subject.includes('passkey')),
      [
        'A passkey was added to your account',
        'A passkey was added to your account',
        'A passkey was removed from your account',
      ],
    )
    await leave()
  })

  it('MT-06 what the browser refuses is said in plain words, and can be tried again', async () => {
    const person = await newPerson(world, { tenantName: 'Una' })
    const { page, devices, leave } = await visit(person)
    const authenticatorId = await addAuthenticator(devices, { isUserVerified: false })
    const card = await openCard(page)
    await addPasskey(page, 'Refused')
    const dialog = page.getByRole('dialog')
    await dialog.getByText('No passkey was made: it was cancelled, or it took longer than two minutes.').waitFor()
    await checkAccess(page, 'a cancelled passkey')
    await devices.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
    await dialog.getByRole('button', { name: 'Try again' }).click()
    await card.getByText('Refused', { exact: true }).waitFor()

    await addPasskey(page, 'Twice')
    await dialog.getByText('This device or password manager has a passkey for your account already.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()

    await admin.query('delete from identity.passwords where user_id = $1', [person.userId])
    await card.getByRole('button', { name: 'Remove Refused' }).click()
    await dialog.getByRole('button', { name: 'Remove the passkey' }).click()
    await dialog.getByText('This is the only way into your account.').waitFor()
    await dialog.getByRole('button', { name: 'Keep it' }).click()
    await card.getByText('Refused', { exact: true }).waitFor()
    await leave()
  })

  it('MT-06 somebody signs in with a passkey alone, and not any more once it is removed', async () => {
    const person = await newPerson(world, { fullName: 'Dora Discoverable', tenantName: 'Dora' })
    const { page, devices, complaints, leave } = await visit(person)
    const authenticatorId = await addAuthenticator(devices)
    const card = await openCard(page)
    await addPasskey(page, 'Phone')
    await card.getByText('Phone', { exact: true }).waitFor()

    await openSignIn(page, devices, authenticatorId)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByRole('button', { name: /^Account of Dora Discoverable/ }).waitFor()
    await openCard(page)
    await card.getByRole('button', { name: /^just now/ }).waitFor()
    assert.ok(
      complaints.every(each => each.includes('401') && each.includes('/api/v1/me')),
      complaints.join(),
    )

    await admin.query('delete from identity.authenticators where user_id = $1', [person.userId])
    await openSignIn(page, devices, authenticatorId)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('The passkey was not accepted.').waitFor()
    await leave()
  })

  it('MT-06 the browser offers a passkey where the address is typed', async () => {
    const person = await newPerson(world, { fullName: 'Otto Offer', tenantName: 'Otto' })
    const { page, devices, leave } = await visit(person)
    await addAuthenticator(devices)
    const card = await openCard(page)
    await addPasskey(page, 'Phone')
    await card.getByText('Phone', { exact: true }).waitFor()
    await forgetSession(page)
    // This authenticator takes what it is offered.
    await page.goto('/sign-in?next=/account/data')
    await page.getByRole('button', { name: /^Account of Otto Offer/ }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/account/data')
    await leave()
  })

  it('MT-06 what the browser offers is renewed before its challenge ends, and rests elsewhere', async () => {
    const { page, devices, complaints, leave } = await visit()
    await addAuthenticator(devices)
    let asked = 0
    page.on('request', request => {
      if (request.url().endsWith('/auth/passkeys/options')) asked += 1
    })
    const answered = () => page.waitForResponse(answer => answer.url().endsWith('/auth/passkeys/options'))
    await page.clock.install()
    await Promise.all([answered(), page.goto('/sign-in')])
    await page.clock.fastForward(90_000)
    assert.equal(asked, 1)
    await Promise.all([answered(), page.clock.fastForward(15_000)])
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByRole('heading', { name: 'Create an account' }).waitFor()
    await page.clock.fastForward(300_000)
    assert.equal(asked, 2)
    await Promise.all([answered(), page.getByRole('link', { name: 'Sign in' }).click()])
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('MT-05 MT-06 a passkey is the second step after a password, and a way in for who has left that step', async () => {
    const person = await newPerson(world, { fullName: 'Tess Twofactor', tenantName: 'Tess' })
    const { page, devices, leave } = await visit(person)
    const authenticatorId = await addAuthenticator(devices)
    const card = await openCard(page)
    await addPasskey(page, 'Phone')
    await card.getByText('Phone', { exact: true }).waitFor()
    await admin.query(
      `insert into identity.two_factors (user_id, secret_encrypted, verified_at) values ($1, 'none', now())`,
      [person.userId],
    )
    const account = page.getByRole('button', { name: /^Account of Tess Twofactor/ })
    const givePassword = async () => {
      await openSignIn(page, devices, authenticatorId)
      await page.getByLabel('E-mail').fill(person.email)
      await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('heading', { name: 'Second step' }).waitFor()
    }
    await givePassword()
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await account.waitFor()

    await givePassword()
    await turnPresence(devices, authenticatorId, false)
    await page.getByRole('link', { name: 'Sign in as somebody else' }).click()
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor()
    await page.waitForLoadState('networkidle')
    await turnPresence(devices, authenticatorId, true)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await account.waitFor()
    await leave()
  })

  it('MT-06 a sign-in that is not fresh is renewed by a passkey before one is removed', async () => {
    const person = await newPerson(world, { fullName: 'Stella Stepup', tenantName: 'Stella' })
    const { page, devices, leave } = await visit(person)
    await addAuthenticator(devices)
    const card = await openCard(page)
    await addPasskey(page, 'Phone')
    await card.getByText('Phone', { exact: true }).waitFor()
    await admin.query(
      `update identity.user_sessions set authenticated_at = now() - interval '1 hour' where user_id = $1`,
      [person.userId],
    )
    await believedNoLonger()
    await card.getByRole('button', { name: 'Remove Phone' }).click()
    await page.getByRole('button', { name: 'Remove the passkey' }).click()
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await card.getByText('You have none yet.').waitFor()
    await leave()
  })
})

async function addAuthenticator(devices: CDPSession, options: AuthenticatorOptions = {}): Promise<string> {
  const { transport = 'internal', isSynced = false, isUserVerified = true } = options
  const { authenticatorId } = await devices.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: isSynced,
      defaultBackupState: isSynced,
    },
  })
  return authenticatorId
}

/** By the API, from within the page: its cookie is what counts here. */
async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.goto('/sign-in')
  const status = await page.evaluate(
    async body => {
      const headers = { 'content-type': 'application/json' }
      const options = { method: 'POST', headers, body: JSON.stringify(body) }
      return (await fetch('/api/v1/auth/sign-in', options)).status
    },
    { email, password },
  )
  assert.equal(status, 200)
}

/** Where nothing is signed in and no passkey is shown before a button asks for one. */
async function openSignIn(page: Page, devices: CDPSession, authenticatorId: string): Promise<void> {
  await forgetSession(page)
  await turnPresence(devices, authenticatorId, false)
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').waitFor()
  await page.waitForLoadState('networkidle')
  await turnPresence(devices, authenticatorId, true)
}

/** Whether somebody is there who touches the authenticator as soon as it is asked. */
async function turnPresence(devices: CDPSession, authenticatorId: string, enabled: boolean): Promise<void> {
  await devices.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
}

async function openCard(page: Page) {
  await page.goto('/account/security')
  await page.getByRole('heading', { name: 'Passkeys' }).waitFor()
  return page.getByRole('region', { name: 'Passkeys' })
}

async function addPasskey(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click()
}

/** Has this window's authenticator answer a sign-in without an address, and says whose passkey it was. */
async function useHere(page: Page): Promise<string> {
  const { options, challengeToken } = await startPasskeySignIn(app, system)
  const answer = await page.evaluate(async options => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON)
    const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential
    return credential.toJSON()
  }, options)
  const given = { challengeToken, answer: answer as PasskeySignInAnswer }
  return (await finishPasskeySignIn(app, system, given)).userId
}
