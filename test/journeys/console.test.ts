import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { joinAs, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'
import { seedCatalogue } from './catalogue.ts'
import { forgetSession } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { baseUrl, alice, bob, viewer } = world
await seedCatalogue(world.owner)

describe('the console', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  const visit = async (options: Parameters<Browser['newContext']>[0] = {}) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport: { width: 1280, height: 800 }, ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    return { page, complaints: hearComplaints(page), leave: () => context.close() }
  }

  it('GG-06 GG-10 PE-08 Alice finds a misspelt contractor, keeps it and sees that in the audit log; Bob sees none of it', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/')
    await page.waitForURL('**/sign-in')
    await signIn(page, alice)

    await page.getByRole('searchbox').fill('verizno')
    await page.getByText('Showing results for').waitFor()
    assert.match(page.url(), /q=verizno/)
    await page.getByRole('link', { name: 'VERIZON FEDERAL INC.' }).click()
    await page.getByRole('heading', { level: 1, name: 'VERIZON FEDERAL INC.' }).waitFor()
    assert.match(await page.title(), /^(\(\d+\) )?VERIZON FEDERAL INC\./)
    await page.getByRole('button', { name: 'Add to favourites' }).click()
    await page.getByRole('button', { name: 'In favourites' }).waitFor()

    await openFavourites(page)
    const list = new URL(page.url()).pathname
    await page.getByRole('link', { name: 'VERIZON FEDERAL INC.' }).waitFor()
    await page.getByLabel('Notes on VERIZON FEDERAL INC.').fill('Ask about the Ashburn ring')
    const saved = page.waitForResponse(answer => answer.request().method() === 'PATCH')
    await page.getByLabel('Notes on VERIZON FEDERAL INC.').blur()
    assert.equal((await saved).status(), 200)
    await page.getByText('Saved', { exact: true }).waitFor()

    await page.getByRole('link', { name: 'Audit log' }).click()
    const told = (did: string) =>
      page.getByRole('button', { name: `Details: ${alice.fullName} ${did} the list Favourites` })
    await told('added VERIZON FEDERAL INC. to').waitFor()
    await told('changed the note on VERIZON FEDERAL INC. in').click()
    await page.getByText('Ask about the Ashburn ring').waitFor()
    const resource = page.getByLabel('Resource')
    await resource.selectOption('List item')
    await page.getByLabel('From').fill('2001-01-01')
    await page.getByLabel('To', { exact: true }).fill('2001-01-02')
    await page.getByText('Nothing was done that fits').waitFor()
    await page.reload()
    await page.getByText('Nothing was done that fits').waitFor()
    await resource.getByRole('option', { name: 'List item', exact: true }).waitFor({ state: 'attached' })
    await resource.getByRole('option', { name: 'Session', exact: true }).waitFor({ state: 'attached' })
    await page.getByRole('search').getByRole('button', { name: 'Clear' }).click()
    await told('changed the note on VERIZON FEDERAL INC. in').waitFor()
    assert.equal(
      await page.getByRole('table').getByRole('link', { name: 'Favourites' }).first().getAttribute('href'),
      list,
    )
    assert.deepEqual(complaints, [])

    await signOut(page, alice)
    await page.goto(list)
    await page.waitForURL('**/sign-in?*')
    assert.deepEqual(await refusals(complaints), ['401 /me'], 'control: only the question who is signed in was refused')
    await signIn(page, bob)
    await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
    assert.equal(new URL(page.url()).pathname, list)
    assert.deepEqual(await refusals(complaints), [`404 /contractor-lists/${list.split('/').at(-1)}`])

    await page.getByRole('link', { name: 'Audit log' }).click()
    await page.getByRole('cell', { name: bob.fullName }).first().waitFor()
    assert.equal(await page.getByText(alice.fullName).count(), 0)
    await openFavourites(page)
    await page.getByText('Nothing is in this list yet').waitFor()
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('GG-10 the whole way goes by keyboard alone', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/sign-in')
    await page.waitForFunction(() => document.activeElement?.getAttribute('type') === 'email')
    await page.keyboard.type(alice.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(alice.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Contractors' }).waitFor()

    await page.reload()
    await page.getByRole('searchbox').waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Skip to the content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('/')
    await page.keyboard.type('tidewater')
    await page.getByRole('status').getByText('140 contractors').waitFor()
    await page.keyboard.press('ArrowDown')
    assert.equal(await focused(page), 'TIDEWATER WORKS 140, LLC')
    for (let number = 139; number >= 80; number--) {
      await page.keyboard.press('ArrowDown')
      await waitForFocus(page, `TIDEWATER WORKS ${number}, LLC`)
    }
    await page.keyboard.press('Home')
    await waitForFocus(page, 'TIDEWATER WORKS 140, LLC')
    await page.keyboard.press('Tab')
    assert.match(await focused(page), /^Lists of TIDEWATER WORKS 140/)
    await page.keyboard.press('Enter')
    await page.getByRole('menuitemcheckbox', { name: 'Favourites' }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'TIDEWATER WORKS 140, LLC' }).waitFor()
    await page.keyboard.press('/')
    await page.getByRole('searchbox').waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'searchbox')
    await page.goBack()
    await page.goBack()
    assert.match(page.url(), /q=tidewater/)
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('GG-06 filters stand in the address, and the back button takes them away', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/contractors?q=&state=MD')
    await signIn(page, alice)
    complaints.length = 0
    await page.getByRole('status').getByText('1 contractor').waitFor()
    await page.getByRole('checkbox', { name: 'Virginia' }).check()
    await page.getByRole('status').getByText('145 contractors').waitFor()
    assert.match(page.url(), /state=MD&state=VA/)
    await page.getByRole('button', { name: 'Remove the filter Virginia' }).click()
    await page.getByRole('status').getByText('1 contractor').waitFor()
    await page.getByRole('button', { name: 'Remove the filter Maryland' }).click()
    await page.getByRole('status').getByText('145 contractors').waitFor()
    await page.getByRole('checkbox', { name: /^541611/ }).check()
    await page.getByRole('link', { name: 'DELOITTE CONSULTING LLP' }).waitFor()
    await page.getByRole('status').getByText('1 contractor').waitFor()
    assert.match(page.url(), /naics=541611/)
    await page.getByRole('checkbox', { name: /^541611/ }).focus()
    await page.keyboard.press('/')
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'searchbox')
    await page.goBack()
    await page.getByRole('status').getByText('145 contractors').waitFor()
    await page.getByLabel('Total contract value from').fill('1m')
    await page.keyboard.press('Enter')
    await page.getByRole('status').getByText('4 contractors').waitFor()
    assert.match(page.url(), /minValue=1000000/)
    await page.getByLabel('Total contract value up to').fill('lots')
    await page.getByText('Not an amount.').waitFor()
    await page.getByLabel('Total contract value up to').fill('5k')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'No value is in this range' }).waitFor()
    await page.getByRole('button', { name: 'Clear the range' }).click()
    await page.getByRole('status').getByText('145 contractors').waitFor()
    await page.getByRole('searchbox').fill('zzzzqqqq')
    await page.getByRole('heading', { name: 'No contractor fits' }).waitFor()
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('an address that names nothing usable is told or mended, not answered by skeletons', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/contractors?minValue=abc&naics=x&state=VIR&state=md&q=leidos')
    await signIn(page, alice)
    complaints.length = 0
    await page.getByRole('status').getByText('1 contractor').waitFor()
    assert.equal(new URL(page.url()).search, '?q=leidos&state=MD')
    for (const path of ['/contractors/not-a-uuid', '/lists/not-a-uuid']) {
      await page.goto(path)
      await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
    }
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('GG-10 notes of two windows do not overwrite one another unseen', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/sign-in')
    await signIn(page, alice)
    await page.getByRole('link', { name: 'DELOITTE CONSULTING LLP' }).click()
    await page.getByRole('button', { name: 'Add to favourites' }).click()
    await page.getByRole('button', { name: 'In favourites' }).waitFor()
    await openFavourites(page)
    const other = await page.context().newPage()
    // A window that hears of nothing, else it would have the other's words before it writes.
    await other.route(/\/stream$/, route => route.abort())
    await other.goto(page.url())
    const notes = 'Notes on DELOITTE CONSULTING LLP'
    await other.getByLabel(notes).waitFor()

    await page.getByLabel(notes).fill('from the first window')
    await page.getByText('Saved', { exact: true }).waitFor()
    await page.getByLabel(notes).press('End')
    await page.keyboard.type(', and on')
    await page.getByText('Not saved yet').waitFor()
    await page.getByText('Saved', { exact: true }).waitFor()
    await other.getByLabel('Priority of DELOITTE CONSULTING LLP').selectOption('high')
    await other.getByText('Saved', { exact: true }).waitFor()
    assert.equal(await other.getByLabel(notes).inputValue(), 'from the first window, and on')
    await page.getByLabel(notes).fill('changed again')
    await page.getByText('Saved', { exact: true }).waitFor()
    assert.equal(await page.getByLabel('Priority of DELOITTE CONSULTING LLP').inputValue(), 'high')
    assert.deepEqual(
      complaints.filter(complaint => !complaint.includes('status of 412')),
      [],
    )

    await other.getByLabel(notes).fill('from the second window')
    const dispute = other.getByRole('alert').filter({ hasText: 'This was changed elsewhere' })
    await dispute.getByRole('radio', { name: 'There now changed again' }).waitFor()
    assert.ok(await dispute.getByRole('radio', { name: /^Both changed again/ }).isChecked())
    await dispute.getByRole('radio', { name: 'Yours from the second window' }).check()
    await dispute.getByRole('button', { name: 'Save what is chosen' }).click()
    await other.getByText('Saved', { exact: true }).waitFor()
    await page.reload()
    await page.getByLabel(notes).waitFor()
    assert.equal(await page.getByLabel(notes).inputValue(), 'from the second window')
    await page.getByLabel(notes).fill('third')
    await page.getByText('Saved', { exact: true }).waitFor()
    await other.getByLabel(notes).fill('fourth')
    await dispute.getByRole('button', { name: 'Leave all as it is there' }).click()
    await dispute.waitFor({ state: 'detached' })
    assert.equal(await other.getByLabel(notes).inputValue(), 'third')
    await leave()
  })

  it('GG-09 GG-10 a list is made, filled, emptied with a way back, and deleted', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/sign-in')
    await signIn(page, alice)
    await page.getByRole('searchbox').fill('leidos')
    await page.getByRole('button', { name: /^Lists of LEIDOS/ }).click()
    await page.getByRole('menuitem', { name: 'New list with it' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Recompete 2027')
    await page.getByRole('radio', { name: 'Rust' }).check()
    await page.getByRole('radio', { name: 'target' }).check()
    await page.getByLabel('Public in this workspace').check()
    await page.getByRole('button', { name: 'Create the list' }).click()
    await page.getByRole('heading', { level: 1, name: 'Recompete 2027' }).waitFor()
    await page.getByText('$817,900,000.00 in contracts').waitFor()

    const tagged = page.getByRole('list', { name: 'Contractors in Recompete 2027' }).getByText('prime', { exact: true })
    const fourStars = await page.getByRole('radio', { name: '4 stars' }).first().getAttribute('id')
    await page.locator(`label[for="${fourStars}"]`).click()
    await page.getByLabel('Priority of LEIDOS').selectOption('high')
    await page.getByRole('combobox', { name: /^Tags of LEIDOS/ }).fill('prime')
    await page.keyboard.press('Enter')
    // Leaving earlier is warned of: the changes go one after the other.
    await page.getByText('Saved', { exact: true }).waitFor()
    await page.reload()
    await tagged.waitFor()
    assert.equal(await page.getByLabel('Priority of LEIDOS').inputValue(), 'high')
    assert(await page.getByRole('radio', { name: '4 stars' }).first().isChecked())

    await page.getByRole('button', { name: /^Remove LEIDOS/ }).click()
    await page.getByText('Nothing is in this list yet').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await tagged.waitFor()

    const other = await visit()
    await other.page.goto(new URL(page.url()).pathname)
    await signIn(other.page, viewer)
    await other.page.getByText('public list of a colleague').waitFor()
    assert.equal(await other.page.getByRole('button', { name: /^Remove/ }).count(), 0)
    await other.leave()

    await page.getByRole('button', { name: 'More to do with Recompete 2027' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('button', { name: 'Delete the list' }).click()
    await page.getByRole('heading', { level: 1, name: 'Lists' }).waitFor()
    assert.equal(await page.getByText('Recompete 2027').count(), 0)
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('every page is open to assistive technology, in light and dark, from 320 to 1920 pixels', async () => {
    const { page, complaints, leave } = await visit()
    const look = async (where: string) => {
      await page.waitForLoadState('networkidle')
      await checkAccess(page, where)
      await checkWidths(page, where)
    }
    for (const path of ['/sign-in', '/sign-up', '/setup#token=abc', '/setup']) {
      await page.goto(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await look(path)
    }
    await page.goto('/sign-up')
    await page.getByRole('button', { name: 'Create the account' }).click()
    await page.getByText('Enter an e-mail address.').waitFor()
    await look('/sign-up refused')

    await page.goto('/sign-in')
    await signIn(page, alice)
    await look('/contractors')
    await page.getByRole('searchbox').fill('verizno')
    await page.getByText('Showing results for').waitFor()
    await look('/contractors corrected')
    await page.getByRole('button', { name: /^Lists of VERIZON/ }).click()
    await page.getByRole('menuitemcheckbox').first().waitFor()
    await checkAccess(page, 'list menu')
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'VERIZON FEDERAL INC.' }).click()
    await page.getByRole('heading', { name: 'Obligated by year of signing' }).waitFor()
    await look('/contractors/{id}')
    await page.getByRole('button', { name: 'Show as a table (Obligated by year of signing)' }).click()
    await page.getByRole('cell', { name: '$30,127,344.00' }).first().waitFor()
    await page.getByText('not in any source').click()
    await look('/contractors/{id} as tables')

    await page.goto('/lists?create=new')
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).waitFor()
    await checkAccess(page, 'new list')
    await page.keyboard.press('Escape')
    await look('/lists')
    await openFavourites(page)
    await look('/lists/{id}')
    await page.goto('/audit')
    await page
      .getByRole('button', { name: /^Details/ })
      .first()
      .click()
    await look('/audit')
    await page.goto('/audit?from=2001-01-01&to=2001-01-02')
    await page.getByText('Nothing was done that fits').waitFor()
    await look('/audit empty')
    await page.goto('/nowhere')
    await page.getByText('There is nothing at this address').waitFor()
    assert.match(await page.title(), /Nothing at this address · Commonhold$/)
    await look('nowhere')
    await page.goto('/workspaces/new')
    await page.getByLabel('Workspace name').waitFor()
    await look('/workspaces/new')

    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto('/contractors')
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'Lists' }).waitFor()
    await checkAccess(page, 'menu on a phone')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Filters' }).click()
    await page.getByRole('dialog').getByLabel('Total contract value from').waitFor()
    await checkAccess(page, 'filters on a phone')
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('VS-03 a viewer is offered nothing that is refused to him', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/sign-in')
    await signIn(page, viewer)
    await page.getByRole('link', { name: 'VERIZON FEDERAL INC.' }).waitFor()
    assert.equal(await page.getByRole('button', { name: /VERIZON/ }).count(), 0)
    assert.equal(await page.getByRole('link', { name: 'Audit log' }).count(), 0)
    await page.goto('/audit')
    await page.getByRole('heading', { name: 'This is not open to your role' }).waitFor()
    await checkAccess(page, '/audit as a viewer')
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('a switch of workspace stays in the section and takes nothing along', async () => {
    await joinAs(world, alice.userId, bob.tenantId, 'viewer')
    const { page, complaints, leave } = await visit()
    await page.goto('/sign-in')
    await signIn(page, alice)
    await openFavourites(page)
    await page.getByRole('link', { name: 'VERIZON FEDERAL INC.' }).waitFor()
    const window = await page.context().newPage()
    await window.goto('/contractors')
    await window.getByRole('button', { name: /Meridian Capture/ }).waitFor()

    await page.getByRole('button', { name: /Meridian Capture/ }).click()
    await page.getByRole('menuitem', { name: /Northgate Partners/ }).click()
    await page.getByRole('button', { name: /Northgate Partners/ }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/lists')
    await openFavourites(page)
    await page.getByText('Nothing is in this list yet').waitFor()
    assert.equal(await page.getByRole('link', { name: 'Audit log' }).count(), 0)

    // The cookie is that of both windows; the other one stays in the workspace that it shows.
    await openFavourites(window)
    await window.getByRole('link', { name: 'VERIZON FEDERAL INC.' }).waitFor()
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('GG-03 one who signed up without a workspace makes one, and from there another', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/sign-in')
    await page.getByRole('link', { name: 'Create an account' }).click()
    await fillAccount(page, 'Nora Newman', 'nora@lonely.example')
    await page.getByRole('button', { name: 'Create the account' }).click()
    await page.getByRole('heading', { level: 1, name: 'Check your mail' }).waitFor()
    await checkAccess(page, '/sign-up sent')
    await confirmAccount(page, 'nora@lonely.example')
    await page.getByRole('heading', { level: 1, name: 'You are in no workspace yet' }).waitFor()
    assert.match(await page.title(), /New workspace · Commonhold$/)
    await page.getByLabel('Workspace name').waitFor()
    await checkAccess(page, 'no workspace')
    await checkWidths(page, 'no workspace')
    await page.goto('/lists')
    await page.waitForURL('**/workspaces/new')
    await page.getByRole('button', { name: 'Create the workspace' }).click()
    await page.getByText('Name the workspace.').waitFor()
    await page.getByLabel('Workspace name').fill('Newman & Daughters')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'VERIZON FEDERAL INC.' }).waitFor()

    await page.getByRole('button', { name: /Newman & Daughters/ }).click()
    await page.getByRole('menuitem', { name: 'New workspace' }).click()
    await page.getByRole('heading', { level: 1, name: 'New workspace' }).waitFor()
    await page.getByLabel('Workspace name').fill('Newman Labs')
    await page.getByRole('button', { name: 'Create the workspace' }).click()
    await page.getByRole('button', { name: /Newman Labs/ }).click()
    await page.getByRole('menuitem', { name: /Newman & Daughters/ }).waitFor()
    await page.getByRole('menuitem', { name: 'New workspace' }).waitFor()
    await checkAccess(page, 'workspace menu')
    assert.equal(await page.getByRole('menuitem', { name: /Meridian Capture/ }).count(), 0)
    assert.deepEqual(await refusals(complaints), ['403 /auth/verify-sign-up'])
    await leave()
  })

  it('GG-04 one who was added to a workspace while in none goes there', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/sign-up')
    await fillAccount(page, 'Mia Mover', 'mia@mover.example')
    await page.getByRole('button', { name: 'Create the account' }).click()
    await page.getByRole('heading', { level: 1, name: 'Check your mail' }).waitFor()
    await confirmAccount(page, 'mia@mover.example')
    await page.getByRole('heading', { level: 1, name: 'You are in no workspace yet' }).waitFor()
    const { rows } = await world.admin.query(`select id from identity.users where email = 'mia@mover.example'`)
    await joinAs(world, rows[0].id, bob.tenantId, 'viewer')
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Choose a workspace' }).waitFor()
    await checkAccess(page, 'choice of a workspace')
    await page.getByRole('main').getByRole('button', { name: 'Northgate Partners' }).click()
    await page.getByRole('link', { name: 'VERIZON FEDERAL INC.' }).waitFor()
    assert.deepEqual(await refusals(complaints), ['403 /auth/verify-sign-up'])
    await leave()
  })

  it('a newer link of the first administrator counts when it is pasted over an old one', async () => {
    await world.admin.query(
      `insert into identity.one_time_tokens (purpose, token_hash, expires_at)
       values ('first_administrator', sha256('newer'), now() + interval '1 hour')`,
    )
    const { page, complaints, leave } = await visit()
    await page.goto('/setup#token=older')
    await fillAccount(page, 'Fay First', 'fay@first.example')
    await page.getByLabel('Workspace name').fill('First')
    await page.getByRole('button', { name: 'Set up' }).click()
    await page.getByText('This link has been used').waitFor()
    await page.goto('/setup#token=newer')
    await page.getByText('This link has been used').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Set up' }).click()
    await page.getByRole('button', { name: /^Account of Fay First/ }).waitFor()
    assert.deepEqual(await refusals(complaints), ['403 /auth/first-administrator'])
    await leave()
  })

  it('a closed or empty installation offers no sign-up', async () => {
    const { page, complaints, leave } = await visit()
    const { config } = world.app
    world.app.config = { ...config, signUp: 'closed' }
    try {
      await page.goto('/sign-up')
      await page.getByText('Sign-up is closed here').waitFor()
      assert.equal(await page.getByLabel('E-mail').count(), 0)
      await checkAccess(page, '/sign-up closed')
      await page.goto('/sign-in')
      await page.waitForLoadState('networkidle')
      assert.equal(await page.getByRole('link', { name: 'Create an account' }).count(), 0)
      await signIn(page, viewer)
      await page.getByRole('button', { name: /Meridian Capture/ }).click()
      await page.getByRole('menuitem', { name: /Meridian Capture/ }).waitFor()
      await page.waitForLoadState('networkidle')
      assert.equal(await page.getByRole('menuitem', { name: 'New workspace' }).count(), 0)
      await page.goto('/workspaces/new')
      await page.getByText('No workspace can be made here').waitFor()
      assert.equal(await page.getByLabel('Workspace name').count(), 0)
      await checkAccess(page, '/workspaces/new closed')
      await page.getByRole('button', { name: /^Account of/ }).click()
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      await page.waitForURL('**/sign-in')
    } finally {
      world.app.config = config
    }
    await page.route('**/api/v1/auth/options', route =>
      route.fulfill({ json: { signUp: 'open', needsFirstAdministrator: true, google: false, mailbox: false } }),
    )
    for (const path of ['/sign-in', '/sign-up']) {
      await page.goto(path)
      await page.getByText('Open the link that the server printed').waitFor()
      assert.equal(await page.getByLabel('E-mail').count(), 0)
      await checkAccess(page, `${path} of an empty installation`)
    }
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('a server out of reach is told, and asked again on demand', async () => {
    const { page, leave } = await visit()
    await page.goto('/sign-in')
    await signIn(page, alice)
    await page.route('**/api/v1/audit-logs?*', route => route.abort())
    await page.getByRole('link', { name: 'Audit log' }).click()
    await page.getByText('The server cannot be reached').waitFor()
    await page.unroute('**/api/v1/audit-logs?*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('cell', { name: alice.fullName }).first().waitFor()
    await leave()
  })

  it('a session that ended leads through the sign-in page back to where one was', async () => {
    const { page, complaints, leave } = await visit()
    await page.goto('/sign-in')
    await signIn(page, alice)
    await page.waitForLoadState('networkidle')
    const start = new URL(page.url()).pathname
    await page.context().clearCookies()
    const ended = page.getByText('Your session has ended')
    // What the frame asks by itself may notice it before the click is done.
    await Promise.any([page.getByRole('link', { name: 'Audit log' }).click(), ended.waitFor()])
    await ended.waitFor()
    assert((await refusals(complaints)).every(refusal => refusal.startsWith('401 ')))
    const next = new URL(page.url()).searchParams.get('next')
    assert(next === '/audit' || next === start, `${next}`)
    await signIn(page, alice)
    assert.equal(new URL(page.url()).pathname, next)

    await page.waitForLoadState('networkidle')
    await forgetSession(page)
    await page.goto('/sign-in?next=//elsewhere.example/')
    await signIn(page, alice)
    assert.equal(new URL(page.url()).origin, baseUrl)
    await leave()
  })
})

async function signIn(page: Page, person: Person): Promise<void> {
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: new RegExp(`^Account of ${person.fullName}`) }).waitFor()
}

async function fillAccount(page: Page, name: string, email: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(chosen)
}

const chosen = 'a rather long passphrase'

/** Follows the link of the mail, and shows that it is the same person. */
async function confirmAccount(page: Page, email: string): Promise<void> {
  await runJobs(world)
  const link = (await mailsTo(world, email)).at(-1)?.link as string
  const { pathname, hash } = new URL(link)
  await page.goto(pathname + hash)
  await page.getByRole('textbox', { name: 'Password' }).fill('something else')
  await page.getByRole('button', { name: 'Confirm and sign in' }).click()
  await page.getByText('not the password that was chosen').waitFor()
  assert.equal(new URL(page.url()).hash, '', 'the secret is out of the address')
  await checkAccess(page, '/verify-email refused')
  await page.getByRole('textbox', { name: 'Password' }).fill(chosen)
  await page.getByRole('button', { name: 'Confirm and sign in' }).click()
}

async function signOut(page: Page, person: Person): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^Account of ${person.fullName}`) }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL('**/sign-in')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
}

async function openFavourites(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Lists', exact: true }).click()
  await page.getByRole('link', { name: 'Favourites' }).click()
  await page.getByRole('heading', { level: 1, name: 'Favourites' }).waitFor()
}

/** The browser itself reports each answer of 400 and more; anything else in its console makes this fail. */
async function refusals(complaints: string[]): Promise<string[]> {
  const lines = complaints.splice(0).map(complaint => {
    const [, status, path] = /status of (\d+).*\/api\/v1(\/[^?)]*)/.exec(complaint) ?? []
    assert(status && path, complaint)
    return `${status} ${path}`
  })
  return [...new Set(lines)]
}

function focused(page: Page): Promise<string> {
  return page.evaluate(
    () => document.activeElement?.getAttribute('aria-label') ?? (document.activeElement as HTMLElement).innerText,
  )
}

async function waitForFocus(page: Page, text: string): Promise<void> {
  await page.waitForFunction(text => (document.activeElement as HTMLElement).innerText === text, text)
}
