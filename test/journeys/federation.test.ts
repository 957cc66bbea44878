import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { proveDomain } from '#test/federation.ts'
import { identityProviderEnvironment, startIdentityProvider } from '#test/identity-providers.ts'
import { mailsTo } from '#test/mails.ts'
import { newPerson, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, forgetSession, look, type Size, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(300_000), () => {})
const world = await testWorld({ consoleDirectory, environment: identityProviderEnvironment, hasRouteLimits: false })
const baseUrl = world.baseUrl.replace('127.0.0.1', 'localhost')
world.app.publicUrl = baseUrl

/** What the provider's login page is told: a header instead of a form. */
async function choose(page: Page, account: string | undefined): Promise<void> {
  await page.setExtraHTTPHeaders(account === undefined ? {} : { 'x-account': account })
}

describe('Single sign-on in a browser', { skip }, () => {
  const browser = useBrowser(baseUrl)
  for (const size of ['desktop', 'phone'] as const satisfies readonly Size[]) {
    it(`AG-04 AG-05 a provider is set up, checked, tried and used, and its conflicts are solved (${size})`, async () => {
      const domain = `${size}.example`
      const owner = await newPerson(world, { fullName: 'Olive Owner', tenantName: `Acme ${size}` })
      await proveDomain(world, owner.tenantId, domain)
      const okta = await startIdentityProvider('okta')
      okta.accounts.set('ada', { sub: '00uAda', email: `ada@${domain}`, emailVerified: true, name: 'Ada Acme' })
      const old = await newPerson(world, { email: `old@${domain}`, fullName: 'Otto Old' })
      okta.accounts.set('otto', { sub: '00uOtto', email: old.email, emailVerified: true, name: 'Otto Old' })
      const { page, context } = await browser.open(size)

      await enter(page, owner, '/identity-providers')
      await page.getByText('No identity provider yet').waitFor()
      await look(page, 'sso none')
      await page.getByRole('button', { name: 'New provider' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name').fill('Acme’s Okta')
      await dialog.getByLabel('Issuer, where it is another').fill(okta.issuer)
      await look(page, 'sso new')
      await dialog.getByRole('button', { name: 'Go on' }).click()

      await page.getByRole('heading', { name: 'Registration' }).waitFor()
      await page.getByText('/api/v1/federation/callback/').waitFor()
      await page.getByLabel('Client id').fill(okta.clientId)
      await page.getByRole('textbox', { name: 'Client secret' }).fill('not the secret')
      await page.getByRole('button', { name: 'Save the registration' }).click()
      await page.getByText('The registration is saved.').waitFor()
      await page.getByRole('button', { name: 'Check it' }).click()
      await page.getByText('the secret is wrong or has expired').first().waitFor()
      await closeNotices(page)
      await look(page, 'sso check failed')
      await page.getByRole('textbox', { name: 'New client secret' }).fill(okta.clientSecret)
      await page.getByRole('button', { name: 'Save the registration' }).click()
      await page.getByText('The registration is saved.').waitFor()
      await page.getByRole('button', { name: 'Check it' }).click()
      await page.getByText('Nothing keeps people from signing in.').waitFor()

      await choose(page, 'ada')
      await page.getByRole('button', { name: 'Try a sign-in' }).click()
      await page.getByText('the provider vouches for it').waitFor()
      await page.getByLabel(domain).check()
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('The settings are saved.').waitFor()
      await page.getByRole('button', { name: 'Switch on' }).click()
      await page.getByRole('button', { name: 'Switch off' }).waitFor()
      await closeNotices(page)
      await look(page, 'sso provider')

      const visitor = await browser.open(size)
      await visitor.page.goto('/sign-in')
      await visitor.page.getByLabel('E-mail').fill(`anybody@${domain}`)
      await visitor.page.getByLabel('E-mail').blur()
      await visitor.page.getByRole('button', { name: 'Continue with Acme’s Okta' }).waitFor()
      await look(visitor.page, 'sso sign-in')
      await choose(visitor.page, 'otto')
      await visitor.page.getByRole('button', { name: 'Continue with Acme’s Okta' }).click()
      await visitor.page.getByText('There is an account with your address').waitFor()
      await look(visitor.page, 'sso refused')
      // At the provider Otto is still signed in.
      await forgetSession(visitor.page)
      await visitor.page.goto('/sign-in')
      await choose(visitor.page, 'ada')
      await visitor.page.getByLabel('E-mail').fill(`ada@${domain}`)
      await visitor.page.getByLabel('E-mail').blur()
      await visitor.page.getByRole('button', { name: 'Continue with Acme’s Okta' }).click()
      await visitor.page.waitForURL(({ pathname, origin }) => origin === baseUrl && pathname !== '/sign-in')
      await visitor.page.goto('/account/security')
      await visitor.page
        .getByRole('region', { name: 'Identity providers of your workspaces' })
        .getByText('Acme’s Okta')
        .waitFor()
      await look(visitor.page, 'sso own links')

      await choose(page, undefined)
      await page.getByRole('main').getByRole('link', { name: 'People' }).first().click()
      await page.getByText('Otto Old').first().waitFor()
      await look(page, 'sso people')
      await page.getByLabel('State').selectOption('conflict')
      await page.getByText('Ada Acme').waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Ask the owner by mail' }).click()
      await page.getByText('The owner of the account is asked.').waitFor()

      const token = (await mailsTo(world, old.email)).at(-1)?.token
      await forgetSession(visitor.page)
      await choose(visitor.page, undefined)
      await enter(visitor.page, old, '/account/security')
      await visitor.page.goto(`/link-sign-in#token=${token}`)
      await visitor.page.getByRole('heading', { name: 'Is this you at Acme’s Okta?' }).waitFor()
      await look(visitor.page, 'sso confirm')
      await visitor.page.getByRole('button', { name: 'Yes, link it' }).click()
      await visitor.page.waitForURL('**/account/security')

      await page.goto('/identity-providers')
      await page.getByText('Mark an owner below first').waitFor()
      await page.getByRole('checkbox', { name: 'Olive Owner' }).click()
      await page.getByRole('checkbox', { name: 'Olive Owner', checked: true }).waitFor()
      const requirement = page.getByRole('switch', { name: 'Members may sign in through' })
      await requirement.and(page.locator(':enabled')).waitFor()
      await requirement.click({ force: true })
      await page.getByText('The provider is the only way in now.').waitFor()
      await closeNotices(page)
      await look(page, 'sso required')
      assert.equal(await requirement.isChecked(), true)
      await visitor.context.close()
      await context.close()
    })
  }
})
