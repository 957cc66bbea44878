// node test/journeys/take-screenshots.ts ADDRESS DEMO_JSON [FOLDER]: the pictures in docs/screenshots, of a running demonstration.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { openBrowser } from './browser.ts'

type SignIn = { email: string; password: string }

const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
const views: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  contractors: async page => {
    await page.goto('/contractors?state=VA')
    await page
      .getByRole('status')
      .getByText(/contractors/)
      .waitFor()
  },
  contractor: async page => {
    await page.goto('/contractors?q=deloitte')
    await page
      .getByRole('link', { name: /^DELOITTE CONSULTING/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'Show as a table (Obligated by year of signing)' }).waitFor()
  },
  list: openList,
  audit: async page => {
    await page.goto('/audit')
    await page
      .getByRole('button', { name: /^Details: .* changed the note on/ })
      .first()
      .click()
  },
}

async function openList(page: Page): Promise<void> {
  await page.goto('/lists')
  await page.getByRole('link', { name: 'Teaming partners, cyber' }).click()
  await page.getByRole('list', { name: /^Contractors in/ }).waitFor()
}

/** Something noted, so that the list and the audit log have something to show. */
async function makeRemarks(page: Page): Promise<void> {
  await openList(page)
  const rated = page.waitForResponse(answer => answer.request().method() === 'PATCH')
  await page
    .getByLabel(/^Priority of/)
    .first()
    .selectOption('high')
  await rated
  const noted = page.getByRole('textbox', { name: /^Notes on/ }).first()
  for (const text of ['Met at the industry day', 'Met at the industry day. Asks for a cleared partner in Norfolk.']) {
    const saved = page.waitForResponse(answer => answer.request().method() === 'PATCH')
    await noted.fill(text)
    await noted.blur()
    await saved
  }
}

const [address, demonstration, folder = 'docs/screenshots'] = process.argv.slice(2)
if (!address || !demonstration) throw new Error('Say the address of the running program and where its demo.json lies')
const [person] = JSON.parse(readFileSync(demonstration, 'utf8')) as SignIn[]
if (!person) throw new Error(`${demonstration} names nobody`)
mkdirSync(folder, { recursive: true })

const browser = await openBrowser()
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ baseURL: address, viewport, colorScheme, reducedMotion: 'reduce' })
    const page = await context.newPage()
    const take = async (name: string) => {
      await page.waitForLoadState('networkidle')
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) })
    }
    await page.goto('/sign-in')
    await page.getByLabel('E-mail').waitFor()
    await take('sign-in')
    await page.getByLabel('E-mail').fill(person.email)
    await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Contractors' }).waitFor()
    if (size === 'desktop' && colorScheme === 'light') await makeRemarks(page)
    for (const [name, show] of Object.entries(views)) {
      await show(page)
      await take(name)
    }
    await context.close()
  }
}
await browser.close()
