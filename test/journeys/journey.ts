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

/** Signs in by the page of that, and goes on to `next`. */
export async function enter(page: Page, person: Pick<Person, 'email' | 'password'>, next: string): Promise<void> {
  await page.goto(`/sign-in?next=${next}`)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  // The address of the sign-in page ends with it too.
  await page.waitForURL(({ pathname, search }) => pathname + search === next)
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
