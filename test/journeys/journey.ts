import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Person } from '#test/world.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience } from './browser.ts'

/** The windows in which each journey is made. */
export const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const
export type Size = keyof typeof sizes

/** What axe and the widest and narrowest window find; with COMMONHOLD_TEST_SCREENSHOTS the page is pictured there. */
export async function look(page: Page, where: string): Promise<void> {
  await checkAccess(page, where)
  await checkWidths(page, where)
  const folder = process.env.COMMONHOLD_TEST_SCREENSHOTS
  if (!folder) return
  const width = page.viewportSize()?.width
  const name = where.replaceAll(/[^a-z0-9]+/gi, '-')
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.waitForTimeout(300)
    await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true })
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

/**
 * Goes to `next` as somebody who has signed in in this browser. The page of that is not asked: it has journeys of its own,
 * and to load it and to sign in there takes a second of a core each time.
 */
export async function enter(
  page: Page,
  { email, password }: Pick<Person, 'email' | 'password'>,
  next: string,
): Promise<void> {
  const answer = await page.context().request.post('/api/v1/auth/sign-in', {
    data: { email, password },
    headers: { 'sec-fetch-site': 'same-origin', 'user-agent': await page.evaluate(() => navigator.userAgent) },
  })
  assert.equal(answer.status(), 200, await answer.text())
  // What the console keeps where somebody may be signed in; without it, it leads to the sign-in page unasked.
  const remembered = await page.addInitScript(() => localStorage.setItem('commonhold-visitor', '1'))
  await page.goto(next)
  await remembered.dispose()
  await page.locator('h1').first().waitFor()
}

/** As a browser that was never signed in; leaves the console first, whose frame would ask and be refused. */
export async function forgetSession(page: Page): Promise<void> {
  await page.goto('about:blank')
  await page.context().clearCookies()
}

/** Closes the notices that lie over the page, and those that come meanwhile, until there is none. */
export async function closeNotices(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    for (const each of document.querySelectorAll<HTMLElement>('.mantine-Notification-closeButton')) each.click()
    return document.querySelector('.mantine-Notification-root') === null
  })
}

/** A browser for the journeys of a file; call it within `describe`. */
export function useBrowser(baseURL: string) {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())
  return {
    /** A visitor of his own, without cookies, with what his page complains of. */
    async open(size: Size): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
      const context = await browser.newContext({ baseURL, viewport: sizes[size], permissions: ['clipboard-write'] })
      const page = await context.newPage()
      page.setDefaultTimeout(patience)
      return { context, page, complaints: hearComplaints(page) }
    },
  }
}
