import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { makeOperator } from '#platform/identity'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, forgetSession, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { app, admin, alice } = world
const baseUrl = world.baseUrl.replace('127.0.0.1', 'localhost')
app.publicUrl = baseUrl

const { rows } = await admin.query('select slug from tenancy.tenants where id = $1', [alice.tenantId])
const issuer = `${baseUrl}/t/${rows[0].slug}`

type Made = { id: string; clientId: string; secret: string }

async function newClient(wanted: object): Promise<Made> {
  const made = await alice.fetch('/oauth/clients', { method: 'POST', body: wanted })
  assert.equal(made.status, 201, await made.clone().text())
  return (await made.json()) as Made
}

const web = (name: string, port: number) => ({
  type: 'confidential',
  name,
  grantTypes: ['authorization_code', 'refresh_token'],
  redirectUris: [`http://localhost:${port}/back`],
  scopes: ['openid', 'profile', 'offline_access', 'contractors.lists.read', 'contractors.lists.write'],
})

/** A step of the application's own: it sends the browser to the issuer. */
function authorization(client: Made, redirectUri: string, scope: string) {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const query = new URLSearchParams({
    client_id: client.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    state: 'a-state-of-the-application',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    // offline_access is heard with it only (OpenID Connect 11).
    ...(scope.includes('offline_access') && { prompt: 'consent' }),
  })
  return { verifier, address: `${issuer}/auth?${query}` }
}

const ask = (client: Made, fields: Record<string, string>) =>
  fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.clientId}:${client.secret}`).toString('base64')}` },
    body: new URLSearchParams(fields),
  })

/** Where the application would be: the browser is sent there, and nobody answers. */
async function landing(page: Page, redirectUri: string): Promise<URLSearchParams> {
  let landed: URLSearchParams | undefined
  await page.route(`${redirectUri}**`, route => {
    landed = new URL(route.request().url()).searchParams
    return route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><title>There</title><h1>The application</h1>',
    })
  })
  await page.getByRole('heading', { name: 'The application' }).waitFor()
  assert.ok(landed)
  return landed
}

const lists = (token: string) =>
  fetch(`${baseUrl}/api/v1/contractor-lists`, { headers: { authorization: `Bearer ${token}` } })

describe('OAuth in a browser', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-13 on a ${size} an application is made, tried with the whole flow, and taken back`, async () => {
      const { context, page, complaints } = await open(size)
      await enter(page, alice, '/oauth-clients')
      if (size === 'desktop') {
        await page.getByText('No application yet').waitFor()
        await look(page, 'no application yet')
      }
      await page.getByRole('button', { name: 'New application' }).click()
      const form = page.getByRole('dialog', { name: 'New application' })
      await form.getByRole('button', { name: 'Make it' }).click()
      await form.getByText('Say where people are sent back to.').waitFor()
      await form.getByLabel('Name').fill(`Reports on a ${size}`)
      const redirects = form.getByLabel('Addresses to which people are sent back')
      await redirects.fill('https://reports.example/*')
      await form.getByRole('button', { name: 'Make it' }).click()
      await form.getByText(/Nobody can be sent back to https:\/\/reports\.example\/\*/).waitFor()
      await look(page, 'new application')
      // The browser itself says that the server refused something.
      assert.match(complaints.splice(0).join(), /^error: [^,]*status of 400[^,]*oauth\/clients\)$/)
      await redirects.fill('https://reports.example/callback')
      await form
        .getByRole('combobox', { name: 'What it may ask for at most' })
        .or(form.getByRole('textbox', { name: 'What it may ask for at most' }))
        .fill('contractors.lists.read')
      await page.getByRole('option', { name: 'contractors.lists.read' }).click()
      await form.getByRole('button', { name: 'Make it' }).click()
      const secret = page.getByRole('status', { name: 'Client secret' })
      assert.match((await secret.textContent()) ?? '', /^chs_/)
      await look(page, 'client secret')
      await page.getByRole('button', { name: 'I have kept it' }).click()
      await page.getByRole('heading', { name: `Reports on a ${size}` }).waitFor()
      await page.getByText(`${issuer}/.well-known/openid-configuration`).waitFor()
      await page.getByText('Nobody has allowed it anything yet.').waitFor()
      await look(page, 'application')

      await page.getByRole('button', { name: 'New secret' }).click()
      await page.getByRole('button', { name: 'Make the new secret' }).click()
      await page.getByRole('button', { name: 'I have kept it' }).click()
      await page.getByText(/^ends /).waitFor()
      assert.equal(await page.getByRole('list', { name: 'Secrets' }).getByRole('listitem').count(), 2)
      await look(page, 'application with two secrets')

      await page.getByRole('link', { name: 'Try it' }).click()
      await page.getByRole('button', { name: 'Begin' }).waitFor()
      await look(page, 'a try')
      await page.getByRole('button', { name: 'Begin' }).click()
      await page.getByRole('heading', { name: `Reports on a ${size} wants to act for you` }).waitFor()
      await page.getByText('your password or a way to sign in as you').waitFor()
      await look(page, 'consent')
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.getByText('All of it works.').waitFor()
      const steps = page.getByRole('list', { name: 'Steps' }).getByRole('listitem')
      assert.equal(await steps.count(), 5)
      await steps.getByText(alice.fullName).first().waitFor()
      await look(page, 'a try that works')
      assert.ok(!(await page.content()).includes('access_token'))
      const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))
      assert.ok(!/verifier|secret|token/.test(kept), kept)

      await page.getByRole('link', { name: 'What I allowed' }).click()
      const row = page.getByRole('listitem').filter({ hasText: `Reports on a ${size}` })
      await row.getByText('in Meridian Capture').waitFor()
      await look(page, 'applications that I allowed')
      await row.getByRole('button', { name: /Take back/ }).click()
      await look(page, 'an application taken back')
      await page.getByRole('button', { name: 'Take it back' }).click()
      await row.waitFor({ state: 'detached' })
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`GG-13 on a ${size} who is not signed in signs in, allows a part, and takes it back: the token is dead`, async () => {
      const redirectUri = size === 'desktop' ? 'http://localhost:4711/back' : 'http://localhost:4712/back'
      const client = await newClient(web(`Board on a ${size}`, size === 'desktop' ? 4711 : 4712))
      const { context, page, complaints } = await open(size)
      const scope = 'openid profile offline_access contractors.lists.read contractors.lists.write'
      const { verifier, address } = authorization(client, redirectUri, scope)
      await page.goto(address)
      await page.getByLabel('E-mail').fill(alice.email)
      await page.getByRole('textbox', { name: 'Password' }).fill(alice.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('heading', { name: `Board on a ${size} wants to act for you` }).waitFor()
      await page.getByText('You are signed in as').waitFor()
      await page.getByRole('checkbox', { name: /^Make lists of contractors/ }).uncheck()
      await look(page, 'consent to a part')
      const back = landing(page, redirectUri)
      await page.getByRole('button', { name: 'Allow' }).focus()
      await page.keyboard.press('Enter')
      const answer = await back
      assert.equal(answer.get('state'), 'a-state-of-the-application')
      assert.equal(answer.get('iss'), issuer)
      const got = await ask(client, {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: verifier,
      })
      const tokens = (await got.json()) as { access_token: string; refresh_token: string; scope: string }
      assert.equal(got.status, 200, JSON.stringify(tokens))
      assert.ok(!tokens.scope.includes('lists.write'), tokens.scope)
      assert.equal((await lists(tokens.access_token)).status, 200)

      await page.goto('/account/applications')
      const row = page.getByRole('listitem').filter({ hasText: `Board on a ${size}` })
      await row.getByRole('button', { name: /Take back/ }).click()
      await page.getByRole('button', { name: 'Take it back' }).click()
      await row.waitFor({ state: 'detached' })
      assert.equal((await lists(tokens.access_token)).status, 401)
      const refreshed = await ask(client, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
      assert.equal(refreshed.status, 400)
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('GG-13 a denial goes back to the application, and an answered request is over', async () => {
    const client = await newClient(web('Denied', 4713))
    const { context, page } = await open('phone')
    await enter(page, alice, '/account')
    const { address } = authorization(client, 'http://localhost:4713/back', 'openid contractors.lists.read')
    await page.goto(address)
    await page.getByRole('heading', { name: 'Denied wants to act for you' }).waitFor()
    const consent = page.url()
    const back = landing(page, 'http://localhost:4713/back')
    await page.getByRole('button', { name: 'Deny' }).click()
    assert.equal((await back).get('error'), 'access_denied')
    await page.goto(consent)
    await page.getByText('This request is over').waitFor()
    await look(page, 'a request that is over')
    await context.close()
  })

  it('AG-01 who is no member of the workspace is told so, and can go back', async () => {
    const client = await newClient(web('Elsewhere', 4714))
    const { context, page } = await open('phone')
    await enter(page, world.bob, '/account')
    await page.goto(authorization(client, 'http://localhost:4714/back', 'openid').address)
    await page.getByText('you are no member of that workspace').waitFor()
    await look(page, 'no member')
    const back = landing(page, 'http://localhost:4714/back')
    await page.getByRole('button', { name: 'Back to the application' }).click()
    assert.equal((await back).get('error'), 'access_denied')
    await context.close()
  })

  it('MT-21 a device shows a code, which somebody types, and it gets a token', async () => {
    const grantTypes = ['urn:ietf:params:oauth:grant-type:device_code']
    const client = await newClient({
      type: 'public',
      name: 'Terminal',
      grantTypes,
      scopes: ['openid', 'contractors.*'],
    })
    const begun = await fetch(`${issuer}/device/auth`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: client.clientId, scope: 'openid contractors.lists.read' }),
    })
    const device = (await begun.json()) as { device_code: string; user_code: string; verification_uri: string }
    assert.equal(begun.status, 200, JSON.stringify(device))
    const { context, page, complaints } = await open('phone')
    await enter(page, alice, '/account')
    await page.goto(device.verification_uri)
    await page.getByLabel('Code').fill(device.user_code.toLowerCase())
    await look(page, 'device code')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('heading', { name: 'Terminal on a device wants to act for you' }).waitFor()
    await look(page, 'device asks')
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByText('The device is connected').waitFor()
    await look(page, 'device connected')
    const got = await fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: client.clientId,
        grant_type: grantTypes[0] ?? '',
        device_code: device.device_code,
      }),
    })
    const { access_token: token } = (await got.json()) as { access_token: string }
    assert.equal((await lists(token)).status, 200)
    assert.deepEqual(complaints, [])
    await context.close()
  })

  it('GG-13 an administrator sees who allowed what, and takes it back; an operator makes what every workspace knows', async () => {
    const operator = await newPerson(world, { fullName: 'Olga Operator' })
    await joinAs(world, operator.userId, alice.tenantId, 'owner')
    await app.db.transaction({ system: true }, tx => makeOperator(tx, operator.userId))
    const again: Person = await signIn(world.baseUrl, operator, alice.tenantId)
    const { context, page, complaints } = await open('desktop')
    await enter(page, again, '/installation/applications')
    await page.getByText('No application yet').waitFor()
    await look(page, 'no application of the installation')
    await page.getByRole('button', { name: 'New application' }).click()
    const form = page.getByRole('dialog', { name: 'New application' })
    await form.getByLabel('Name').fill('Pocket')
    await form.getByRole('radio', { name: 'An application in people’s hands' }).check()
    await form.getByLabel('Addresses to which people are sent back').fill('http://localhost/back')
    await form.getByRole('button', { name: 'Make it' }).click()
    await page.getByRole('heading', { name: 'Pocket' }).waitFor()
    const clientId = (await page.getByText(/^platform_/).textContent()) ?? ''
    await look(page, 'application of the installation')

    const visitor = await open('phone')
    await enter(visitor.page, alice, '/account')
    const pocket = { id: '', clientId, secret: '' }
    await visitor.page.goto(authorization(pocket, 'http://localhost:4715/back', 'openid profile').address)
    await visitor.page.getByRole('heading', { name: 'Pocket wants to know who you are' }).waitFor()
    await visitor.page.getByText('It belongs to this installation.').waitFor()
    await look(visitor.page, 'consent to one of the installation')
    const back = landing(visitor.page, 'http://localhost:4715/back')
    await visitor.page.getByRole('button', { name: 'Allow' }).click()
    assert.ok((await back).get('code'))
    await visitor.context.close()

    await page.goto('/oauth-clients')
    await page.getByRole('link', { name: 'Pocket' }).click()
    await page.getByText(alice.fullName).waitFor()
    await look(page, 'who allowed one of the installation')
    await page.getByRole('button', { name: 'Take back from everybody' }).click()
    await page.getByRole('button', { name: 'Take it back' }).click()
    await page.getByText('Nobody has allowed it anything yet.').waitFor()
    await closeNotices(page)
    await forgetSession(page)
    assert.deepEqual(complaints, [])
    await context.close()
  })
})
