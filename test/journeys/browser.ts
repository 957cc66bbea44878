import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { keepWindows } from './windows.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge']
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** The Chromium or Chrome of this machine: the one that CHROME_PATH names, else the first on the PATH. */
function findBrowser(): string | undefined {
  if (process.env.CHROME_PATH) return process.env.CHROME_PATH
  const folders = (process.env.PATH ?? '').split(delimiter)
  const onPath = names.flatMap(name => folders.flatMap(folder => [join(folder, name), join(folder, `${name}.exe`)]))
  return [...onPath, ...elsewhere].find(path => existsSync(path))
}

/** Why the journeys cannot be made here; on CI their absence is a failure, not a reason. */
export function reasonToSkip(): string | false {
  if (findBrowser() || process.env.CI === 'true') return false
  return 'no Chromium or Chrome on this machine; install one, or name it in CHROME_PATH'
}

export async function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser()
  assert(executablePath, 'There is no Chromium or Chrome on this machine, and CI must not do without the journeys')
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      // What draws by software needs no process of its own: a sixth less of the processors over five pages.
      '--in-process-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  return keepWindows(browser)
}

/** What the page complains of: warnings and errors of its console, exceptions that nobody caught. */
export function hearComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`)
    }
  })
  return complaints
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * How long a page may take for what it is waited for, in milliseconds: a guard against waiting for ever, no promise about
 * its speed, which is that of a machine with much else to do.
 */
export const patience = 60_000

/** The same for what a window hears by itself: one that hears nothing asks once a minute. */
export const hearing = 20_000

// Of axe's rules those that look at colours: the others find in one scheme what they find in the other.
const ofColours = ['color-contrast', 'link-in-text-block']

/** Narrower windows are phones'. */
const isPhone = (page: Page) => (page.viewportSize()?.width ?? 1280) < 500

/**
 * Refuses what axe finds against WCAG 2.2 AA and good practice, in light and in dark, beginning with the one that is shown
 * on a desktop, and with dark on a phone.
 */
export async function checkAccess(page: Page, where: string): Promise<void> {
  const isDark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)
  const schemes = isDark || isPhone(page) ? (['dark', 'light'] as const) : (['light', 'dark'] as const)
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.waitForFunction(
      scheme => document.documentElement.getAttribute('data-mantine-color-scheme') === scheme,
      colorScheme,
    )
    // Colours fade into the other scheme; half-way they are neither.
    await settle(page)
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
    const found = await page.evaluate(
      async rules => {
        // @ts-expect-error axe has just been defined in the page
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'], preload: false, ...rules })
        return violations.map(
          (each: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }) =>
            `${each.id}: ${each.help}\n${each.nodes.map(node => `    ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`).join('\n')}`,
        ) as string[]
      },
      colorScheme === schemes[0] ? {} : { runOnly: ofColours },
    )
    assert.deepEqual(found, [], `${where}, ${colorScheme}:\n${found.join('\n')}`)
  }
}

/**
 * Nothing may stand out of the window to the side, from the narrowest phone to a wide screen (of a phone's window down to
 * the narrowest: the wider ones are the desktop's); not for a moment either: what draws itself anew when it has become
 * narrower must not hold the page open until then.
 */
export async function checkWidths(page: Page, where: string): Promise<void> {
  const usual = page.viewportSize() ?? { width: 1280, height: 800 }
  for (const width of isPhone(page) ? [320] : [320, 768, 1920]) {
    // Listeners of the window are told before any ResizeObserver.
    const told = await page.evaluateHandle(() => {
      const beyond = () => document.documentElement.scrollWidth - window.innerWidth
      return { beyond: new Promise<number>(tell => addEventListener('resize', () => tell(beyond()), { once: true })) }
    })
    await page.setViewportSize({ width, height: 800 })
    const atOnce = await told.evaluate(({ beyond }) => beyond)
    assert(atOnce <= 0, `${where} is ${atOnce} px wider than a window that has just become ${width} px wide`)
    // What measures itself, as a chart does, follows a frame later.
    await settle(page)
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert(beyond <= 0, `${where} is ${beyond} px wider than a window of ${width} px`)
  }
  await page.setViewportSize(usual)
  await settle(page)
}

/** Until nothing fades or moves any more: five frames in which no animation runs that has an end. */
export async function settle(page: Page): Promise<void> {
  // Behind another window of its browser it would draw a frame a second.
  await page.bringToFront()
  await page.evaluate(async () => {
    for (let quiet = 0; quiet < 5; quiet++) {
      await new Promise(done => requestAnimationFrame(done))
      const moves = document
        .getAnimations()
        .some(({ playState, effect }) => playState === 'running' && effect?.getComputedTiming().endTime !== Infinity)
      if (moves) quiet = -1
    }
  })
}
