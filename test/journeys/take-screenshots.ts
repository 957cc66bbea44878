// node test/journeys/take-screenshots.ts ADDRESS DEMO_JSON [FOLDER [PICTURE…]]: the pictures in docs/screenshots, of a running
// demonstration. Without their names all are taken.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { openBrowser } from './browser.ts'

type SignIn = { email: string; password: string }
type Picture = {
  /** Whose account at his workspace: the first part of his address. */
  of: 'alice' | 'hanna' | 'clara'
  /** `phone-dark`; all four unless told. */
  only?: readonly string[]
  show: (page: Page) => Promise<unknown>
}

const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
const pictures: Readonly<Record<string, Picture>> = {
  contractors: {
    of: 'alice',
    show: async page => {
      await page.goto('/contractors?state=VA')
      await page
        .getByRole('status')
        .getByText(/contractors/)
        .waitFor()
      await putFirstStepsAway(page)
    },
  },
  contractor: {
    of: 'alice',
    show: async page => {
      await page.goto('/contractors?q=deloitte')
      await page
        .getByRole('link', { name: /^DELOITTE CONSULTING/ })
        .first()
        .click()
      await page.getByRole('button', { name: 'Show as a table (Obligated by year of signing)' }).waitFor()
    },
  },
  list: { of: 'alice', show: openList },
  audit: {
    of: 'alice',
    show: async page => {
      await page.goto('/audit')
      await page
        .getByRole('button', { name: /^Details: .* changed the note on/ })
        .first()
        .click()
    },
  },
  'assignments-board': { of: 'hanna', only: ['desktop-light'], show: page => openBoard(page) },
  'assignments-round': {
    of: 'hanna',
    only: ['desktop-light'],
    show: async page => {
      await (await openBoard(page, 2)).click()
      await page.getByRole('list', { name: 'On Kitchen' }).waitFor()
    },
  },
  'assignments-sheet': {
    of: 'hanna',
    only: ['desktop-light'],
    show: async page => {
      await (await openBoard(page)).click()
      await page.getByRole('button', { name: /^More to do with Week of/ }).click()
      await page.getByRole('menuitem', { name: 'Sheet to print' }).click()
      await page.getByRole('article', { name: /^Sheet: / }).waitFor()
    },
  },
  'assignments-fairness': {
    of: 'hanna',
    only: ['desktop-light'],
    show: async page => {
      await page.goto('/assignments/fairness?domain=hostel')
      await page.getByRole('img', { name: /^Load of/ }).waitFor()
    },
  },
  'assignments-own': {
    of: 'clara',
    only: ['phone-light'],
    show: async page => {
      await page.goto('/my-assignments')
      await page.getByRole('list', { name: 'Ahead' }).waitFor()
    },
  },
}

async function openList(page: Page): Promise<void> {
  await page.goto('/lists')
  await page.getByRole('link', { name: 'Teaming partners, cyber' }).click()
  await page.getByRole('list', { name: /^Contractors in/ }).waitFor()
}

/** The hostel so many weeks from now; resolves to the plan of that week. */
async function openBoard(page: Page, weeksAhead = 0): Promise<Locator> {
  await page.goto('/assignments?domain=hostel')
  await page.getByRole('region', { name: 'Board' }).waitFor()
  await putFirstStepsAway(page)
  for (let week = 0; week < weeksAhead; week++) await page.getByRole('button', { name: 'The week after' }).click()
  return page.getByRole('link', { name: weeksAhead > 1 ? /^Week of .*Draft/ : /^Week of .*Published/ })
}

/** They would stand above what is to be seen. */
async function putFirstStepsAway(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  const away = page.getByRole('button', { name: 'Put away' })
  if (await away.isVisible()) await away.click()
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

const [address, demonstration, folder = 'docs/screenshots', ...names] = process.argv.slice(2)
if (!address || !demonstration) throw new Error('Say the address of the running program and where its demo.json lies')
const people = JSON.parse(readFileSync(demonstration, 'utf8')) as SignIn[]
const wanted = (name: string) => names.length === 0 || names.includes(name)
mkdirSync(folder, { recursive: true })

const browser = await openBrowser()
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const variant = `${size}-${colorScheme}`
    const shown = Object.entries(pictures).filter(
      ([name, { only }]) => wanted(name) && (only?.includes(variant) ?? true),
    )
    for (const [of, theirs] of Map.groupBy(shown, ([, picture]) => picture.of)) {
      const person = people.find(({ email }) => email.startsWith(`${of}@`))
      if (!person) throw new Error(`${demonstration} has no ${of}`)
      const context = await browser.newContext({ baseURL: address, viewport, colorScheme, reducedMotion: 'reduce' })
      const page = await context.newPage()
      const take = async (name: string) => {
        await page.waitForLoadState('networkidle')
        await page.waitForTimeout(300)
        await page.screenshot({ path: join(folder, `${name}-${variant}.png`) })
      }
      await page.goto('/sign-in')
      await page.getByLabel('E-mail').waitFor()
      if (of === 'alice' && wanted('sign-in')) await take('sign-in')
      await page.getByLabel('E-mail').fill(person.email)
      await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Sign in' }).waitFor()
      if (of === 'alice' && variant === 'desktop-light') await makeRemarks(page)
      for (const [name, { show }] of theirs) {
        await show(page)
        await take(name)
      }
      await context.close()
    }
  }
}
await browser.close()
