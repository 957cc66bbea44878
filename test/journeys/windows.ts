import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

const usual = { width: 1280, height: 720 }

/** A context that nobody is in, with a page of it, and how it is closed for good. */
type Empty = { context: BrowserContext; page: Page; end: () => Promise<void> }

/**
 * Gives a context that was closed to the next who wants one like it, emptied of all that a visitor leaves. It has the files
 * of the console already, and a process that began with them: a first page takes one CPU second there instead of two.
 */
export function keepWindows(browser: Browser): Browser {
  const idle = new Map<string, Empty[]>()
  const open = browser.newContext.bind(browser)
  browser.newContext = async ({ viewport = usual, ...others }: BrowserContextOptions = {}) => {
    const kind = JSON.stringify(others)
    const empty = idle.get(kind)?.pop() ?? (await begin(await open(others)))
    const { context, page, end } = empty
    const newPage = methodOf(context, 'newPage')
    let isFresh = true
    let isSpoilt = false
    context.newPage = async () => {
      const next = isFresh ? page : await newPage()
      isFresh = false
      if (viewport) await next.setViewportSize(viewport)
      return next
    }
    // What these do to a page lasts as long as the page.
    spy(context, 'newCDPSession', () => (isSpoilt = true))
    spy(page, 'route', () => (isSpoilt = true))
    spy(page.clock, 'install', () => (isSpoilt = true))
    context.close = async () => {
      const isClear = !isSpoilt && !page.isClosed() && (await clear(empty, others).catch(() => false))
      if (!isClear) return await end()
      idle.set(kind, [...(idle.get(kind) ?? []), empty])
    }
    return context
  }
  return browser
}

/** As the class has it, whatever stands in its place now. */
const methodOf = <Of extends object, Name extends keyof Of>(of: Of, name: Name): Of[Name] =>
  Object.getPrototypeOf(of)[name].bind(of)

function spy<Of extends object, Name extends keyof Of>(of: Of, name: Name, told: () => void): void {
  const method = methodOf(of, name) as (...given: unknown[]) => unknown
  of[name] = ((...given: unknown[]) => {
    told()
    return method(...given)
  }) as Of[Name]
}

async function begin(context: BrowserContext): Promise<Empty> {
  return { context, page: await context.newPage(), end: context.close.bind(context) }
}

async function clear({ context, page }: Empty, options: BrowserContextOptions): Promise<boolean> {
  const { baseURL, permissions, colorScheme = null, reducedMotion = null } = options
  await Promise.all(
    context
      .pages()
      .filter(other => other !== page)
      .map(other => other.close()),
  )
  await page.setExtraHTTPHeaders({})
  await page.emulateMedia({ colorScheme, reducedMotion, media: null })
  // A page of the console without its program, which would write again what is removed here.
  await page.goto(`${baseURL}/mark.svg`)
  await page.evaluate(() => {
    localStorage.clear()
    sessionStorage.clear()
  })
  await page.goto('about:blank')
  await page.mouse.move(-1, -1)
  await context.clearCookies()
  await context.clearPermissions()
  if (permissions) await context.grantPermissions(permissions)
  return true
}
