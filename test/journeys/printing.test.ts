import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { extractText, getDocumentProxy } from 'unpdf'
import { testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { seedCatalogue } from './catalogue.ts'
import { enter, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(180_000), () => {})
const { owner, baseUrl, alice } = await testWorld({ consoleDirectory })
await seedCatalogue(owner)
const { rows } = await owner.query(`select id from contractors.contractor_profiles where uei = 'C12NSYAH27N4'`)

describe('the console on paper', { skip }, () => {
  const browser = useBrowser(baseUrl)

  test('a printed page has its headings, tables and chosen filters, and nothing that is pressed', async () => {
    const { context, page } = await browser.open('desktop')
    await enter(page, alice, '/contractors')
    for (const { path, shown, kept, pressed } of pages) {
      await page.goto(path)
      await page.getByText(shown).locator('visible=true').first().waitFor()
      // Control: it is on the screen.
      for (const words of pressed)
        await page.waitForFunction(text => document.querySelector('main')?.innerText.includes(text), words)
      const paper = await print(page, path)
      for (const words of kept) assert.ok(paper.includes(words), `${path} keeps “${words}” in: ${paper.slice(0, 1500)}`)
      for (const words of [...pressed, 'Skip to the content'])
        assert.ok(!paper.includes(words), `${path} prints “${words}” in: ${paper.slice(0, 1500)}`)
    }
    await context.close()
  })

  test('what is shown in dark colours is printed in light ones, and dark again afterwards', async () => {
    const { context, page } = await browser.open('desktop')
    await enter(page, alice, '/contractors')
    await page.evaluate(() => localStorage.setItem('commonhold-color-scheme', 'dark'))
    await page.reload()
    await page.getByRole('heading', { name: 'Contractors' }).waitFor()
    const ink = () => page.evaluate(() => getComputedStyle(document.querySelector('h1') as Element).color)
    const dark = await ink()
    await page.evaluate(() => {
      window.addEventListener('beforeprint', () => {
        document.body.dataset.printed = getComputedStyle(document.querySelector('h1') as Element).color
      })
    })
    await page.pdf({ format: 'A4' })
    assert.equal(await page.evaluate(() => document.body.dataset.printed), 'rgb(29, 29, 26)')
    assert.equal(await ink(), dark)
    assert.notEqual(dark, 'rgb(29, 29, 26)', 'control')
    await context.close()
  })
})

const pages = [
  {
    path: '/contractors?q=tidewater&state=VA',
    shown: 'TIDEWATER WORKS 140, LLC',
    kept: ['Contractors', '140 contractors', 'Contract value', 'TIDEWATER WORKS 140, LLC', 'tidewater'],
    pressed: ['First steps', 'Save search', 'Export', 'Industry (NAICS)', 'Load more'],
  },
  {
    path: `/contractors/${rows[0].id}`,
    shown: 'VERIZON FEDERAL INC.',
    kept: ['UEI C12NSYAH27N4', 'Overview', 'Obligated by year of signing', 'Department of Defense $48.1M'],
    pressed: ['All contractors', 'Add to favourites', 'Certifications', 'Show as a table'],
  },
  {
    path: '/lists',
    shown: 'Favourites',
    kept: ['Lists', 'Favourites default 0 contractors'],
    pressed: ['New list', 'Shared with me', 'Archived'],
  },
  {
    path: '/members',
    shown: 'Vera Viewer',
    kept: ['Member Roles Organizations End Last active', 'vera@meridian.example', '2 members'],
    pressed: ['Invite people', 'Invitations', 'Name or address', 'Within 7 days'],
  },
  {
    path: '/audit',
    shown: 'made the role',
    kept: ['Audit log', 'Everything', 'When What', 'made the role owner'],
    pressed: ['Export CSV', 'Security', 'All actions', 'Text'],
  },
  {
    path: '/settings/security',
    shown: 'Sessions at once',
    kept: ['Sessions at once', '1000', '1 hours', 'Activity extends the session'],
    pressed: ['Appearance', 'Deletion', 'seconds'],
  },
]

/** The text of the page as it is printed. */
async function print(page: Page, path: string): Promise<string> {
  const pdf = await page.pdf({ format: 'A4' })
  const folder = process.env.COMMONHOLD_TEST_SCREENSHOTS
  if (folder) {
    await page.emulateMedia({ media: 'print' })
    await page.screenshot({ path: `${folder}/paper${path.replaceAll(/[^a-z0-9]+/gi, '-')}.png`, fullPage: true })
    await page.emulateMedia({ media: null })
  }
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(pdf)), { mergePages: true })
  return text.replaceAll(/\s+/g, ' ')
}
