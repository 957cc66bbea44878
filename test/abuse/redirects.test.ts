import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { hashToken } from '#platform/crypto'
import { environmentOf, signInAt, startProvider, TestBrowser } from '#test/openid-provider.ts'
import { turnOnTwoFactor } from '#test/two-factors.ts'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'
import { safePath } from '../../src/platform/console/addresses.ts'

const provider = await startProvider()
const world = await testWorld({ environment: environmentOf(provider) })
const { app, admin, baseUrl } = world
const { origin } = new URL(app.publicUrl)

/** Addresses by which other programs have been led astray. */
const hostile = [
  'https://evil.example/',
  'http://evil.example',
  'HTTPS://EVIL.EXAMPLE',
  'https:evil.example',
  'https:/evil.example',
  'https:///evil.example',
  '//evil.example',
  '///evil.example',
  '////evil.example/%2f..',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\\/evil.example',
  '/%5cevil.example',
  '/%5Cevil.example',
  '/%2fevil.example',
  '/%2f%2fevil.example',
  '/%09/evil.example',
  '/%0d%0aLocation:%20https://evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r/evil.example',
  '/\r\nLocation: https://evil.example\r\n\r\n',
  '/\u0001/evil.example',
  '\t//evil.example',
  ' //evil.example',
  ' /\\evil.example',
  '\u00a0//evil.example',
  '\ufeff//evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/./..//evil.example',
  '/a/..//evil.example',
  '/a/../..//evil.example',
  '/%2e%2e//evil.example',
  '/%2e//evil.example',
  '/\\t/evil.example',
  '/\u2215evil.example',
  '/\u2044evil.example',
  '\uff0f\uff0fevil.example',
  '/\uff0fevil.example',
  '/\uff3cevil.example',
  '/\u3002evil.example',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  '/javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'blob:https://evil.example/1',
  'evil.example',
  '.evil.example',
  '@evil.example',
  '/@evil.example',
  '//localhost@evil.example',
  `${origin}@evil.example/`,
  `${origin}.evil.example/`,
  `//${new URL(origin).host}@evil.example/`,
  '//[::1]@evil.example',
  '//evil%E3%80%82example',
  '/;@evil.example',
  '/:80#@evil.example',
  '?next=//evil.example',
  '#//evil.example',
  '/?next=//evil.example#//evil.example',
  '/sign-in?next=https://evil.example',
  '',
]

/** Where a browser at the console goes that is told `location`. */
const leadsTo = (location: string) => new URL(location, `${origin}/api/v1/auth/google/callback?code=1`)

function staysHere(location: string, given: string): void {
  const to = leadsTo(location)
  assert.equal(to.origin, origin, JSON.stringify(given))
  assert.match(location, /^\/(?![/\\])[\x21-\x7e]*$/, JSON.stringify(given))
  assert.ok(!to.pathname.startsWith('//') && !/[\\]/.test(to.pathname), JSON.stringify(given))
  // Followed by what decodes it once too often, such as a proxy.
  assert.ok(!/^\/[\t\r\n]*[/\\]/.test(to.pathname), JSON.stringify(given))
}

const api = (path: string) => `${baseUrl}/api/v1${path}`
const fromPage = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
const begin = (browser: TestBrowser, path: string, next: string) =>
  browser.fetch(api(path), {
    method: 'POST',
    // Each from an address of its own: there are more than the route takes from one.
    headers: { ...fromPage, 'x-forwarded-for': randomAddress() },
    body: JSON.stringify({ next }),
  })

/** What the server has kept of `next` for the sign-in of this browser. */
async function keptFor(browser: TestBrowser): Promise<string> {
  const cookie = browser.cookiesOf(baseUrl).get('__Host-commonhold-google') ?? ''
  const { rows } = await admin.query(
    `select details ->> 'next' as next from identity.one_time_tokens where token_hash = $1`,
    [hashToken(cookie)],
  )
  return rows[0].next
}

async function signedIn(person: Person): Promise<TestBrowser> {
  const browser = new TestBrowser()
  const answer = await browser.fetch(api('/auth/sign-in'), {
    method: 'POST',
    headers: fromPage,
    body: JSON.stringify({ email: person.email, password: person.password }),
  })
  assert.equal(answer.status, 200)
  return browser
}

async function comeBack(browser: TestBrowser, query: Record<string, string> | string): Promise<Response> {
  const text = typeof query === 'string' ? query : String(new URLSearchParams(query))
  const answer = await browser.fetch(api(`/auth/google/callback?${text}`), {
    headers: { 'x-forwarded-for': randomAddress() },
  })
  assert.equal(answer.status, 302)
  return answer
}
const locationOf = (response: Response) => response.headers.get('location') ?? ''

describe('MT-07 where one goes on after Google', () => {
  const paths = ['/auth/google', '/auth/step-up/google', '/me/external-identities/google']

  test('whatever is asked for, only a path of this installation is kept, at each of the three beginnings', async () => {
    for (const path of paths) {
      let browser = new TestBrowser()
      for (const [index, next] of hostile.entries()) {
        // A session may begin thirty times a minute.
        if (path !== '/auth/google' && index % 25 === 0) browser = await signedIn(await newPerson(world))
        const begun = await begin(browser, path, next)
        assert.equal(begun.status, 200, `${path} ${JSON.stringify(next)}`)
        staysHere(await keptFor(browser), next)
        assert.equal(new URL((await begun.json()).url).origin, provider.issuer, 'and Google is Google')
      }
      if (path !== '/auth/google') browser = await signedIn(await newPerson(world))
      for (const next of ['/', '/contractors?q=a%20b&naics=1#top', '/lists/1']) {
        assert.equal((await begin(browser, path, next)).status, 200)
        assert.equal(await keptFor(browser), next, 'control')
      }
      assert.equal((await begin(browser, path, `/${'a'.repeat(500)}`)).status, 400)
      assert.equal((await begin(browser, path, `/${'a'.repeat(499)}`)).status, 200, 'control')
    }
  })

  test('nothing made of the signs of such addresses leads elsewhere, and the console judges as the server does', async () => {
    const browser = new TestBrowser()
    const parts = ['/', '\\', '.', '..', '%2f', '%5c', '%2e', '\t', '\n', '\r', ' ', '@', ':', '#', '?', ';', '&', '=']
    const more = [
      'evil.example',
      'https',
      'javascript',
      'localhost',
      '／',
      '＼',
      '\u2028',
      '\u0000a'.slice(1),
      'ä',
      '[',
      ']',
    ]
    const text = fc.array(fc.constantFrom(...parts, ...more), { maxLength: 12 }).map(each => each.join(''))
    await fc.assert(
      fc.asyncProperty(fc.boolean(), text, async (isPath, rest) => {
        const next = isPath ? `/${rest}` : rest
        const begun = await begin(browser, '/auth/google', next)
        assert.equal(begun.status, 200)
        const kept = await keptFor(browser)
        staysHere(kept, next)
        assert.equal(safePath(next, origin), kept)
        // What is kept is read again by the console, from the address of the step.
        assert.equal(safePath(kept, origin), kept)
      }),
      { numRuns: 250 },
    )
  })

  test('the Location of the callback stays here, also where a second factor is asked for on the way', async () => {
    const [plain, guarded] = [await newPerson(world), await newPerson(world)]
    for (const [name, person] of [
      ['plain', plain],
      ['guarded', guarded],
    ] as const) {
      provider.accounts.set(name, { sub: name, email: `${name}@gmail.example`, email_verified: true, name })
      const browser = await signedIn(person)
      const begun = await begin(browser, '/me/external-identities/google', '/account/security')
      const linked = await comeBack(browser, await signInAt(browser, (await begun.json()).url, name))
      assert.equal(locationOf(linked), '/account/security', 'control: linked')
    }
    await turnOnTwoFactor(guarded)

    // What is kept has been looked at for all of them: here is what becomes of it.
    for (const next of hostile.filter((_, index) => index % 4 === 1)) {
      for (const name of ['plain', 'guarded']) {
        const browser = new TestBrowser()
        const begun = await begin(browser, '/auth/google', next)
        const response = await comeBack(browser, await signInAt(browser, (await begun.json()).url, name))
        const location = locationOf(response)
        staysHere(location, next)
        assert.ok(!response.headers.has('refresh'))
        const hasSession = browser.cookiesOf(baseUrl).has('__Host-commonhold')
        assert.equal(hasSession, name === 'plain', 'control: who needs a second factor is not in yet')
        if (name === 'plain') continue
        const { pathname, searchParams } = leadsTo(location)
        assert.deepEqual([pathname, searchParams.get('step')], ['/sign-in', '1'])
        staysHere(searchParams.get('next') ?? '', next)
        staysHere(safePath(searchParams.get('next') ?? '', origin), next)
      }
    }
  })

  test('what a refusal leads to is a page of ours and a code of ours, whatever the callback was sent', async () => {
    const queries = [
      '',
      'error=access_denied&error_description=//evil.example',
      'error=//evil.example&state=//evil.example',
      'error=%0d%0aLocation:%20https://evil.example%0d%0a',
      'code=https://evil.example&state=javascript:alert(1)',
      'iss=https://evil.example&code=1&state=2',
    ]
    const person = await newPerson(world)
    for (const browser of [new TestBrowser(), await signedIn(person)]) {
      for (const query of queries) {
        const location = locationOf(await comeBack(browser, query))
        assert.match(location, /^\/(sign-in\?refused|account\/security\?link_failed)=[a-z_]+\.[a-z_]+$/, query)
      }
    }
    // Those that begin as they should and are refused at the end.
    for (const next of ['//evil.example', '/\\evil.example']) {
      const browser = new TestBrowser()
      const begun = await begin(browser, '/auth/google', next)
      const refused = await comeBack(browser, await signInAt(browser, (await begun.json()).url, undefined))
      assert.match(locationOf(refused), /^\/sign-in\?refused=[a-z_]+\.[a-z_]+$/)
    }
    for (const query of ['next=//evil.example', 'code=1&code=2', 'redirect_uri=https://evil.example', 'state=a%00b']) {
      const answer = await new TestBrowser().fetch(api(`/auth/google/callback?${query}`))
      assert.deepEqual([answer.status, answer.headers.get('location')], [400, null], query)
    }
  })
})

describe('where the console goes on after a sign-in', () => {
  test('safePath stays at the console for each of them, at whatever origin it is', () => {
    for (const here of [origin, 'https://commonhold.example', 'https://commonhold.example:8443']) {
      for (const next of [...hostile, `/${'a'.repeat(100_000)}`, `//${'a'.repeat(100_000)}`]) {
        const path = safePath(next, here)
        const to = new URL(path, `${here}/sign-in?next=1`)
        assert.equal(to.origin, here, JSON.stringify(next))
        assert.match(path, /^\/(?![/\\])/, JSON.stringify(next))
      }
      assert.equal(safePath('/lists/1?a=b#c', here), '/lists/1?a=b#c', 'control')
    }
    assert.equal(safePath(undefined, origin), '/')
  })

  test('no page of the server redirects by what stands in its address', async () => {
    for (const name of ['next', 'redirect', 'redirect_uri', 'return_to', 'url', 'refused', 'link_failed', 'step']) {
      for (const path of ['/sign-in', '/sign-up', '/', '/account/security', '/api/docs', '/api/v1/auth/options']) {
        for (const value of ['https://evil.example', '//evil.example', 'javascript:alert(1)']) {
          const url = `${baseUrl}${path}?${name}=${encodeURIComponent(value)}`
          const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })
          assert.deepEqual([response.headers.get('location'), response.headers.get('refresh')], [null, null], url)
          assert.ok(!(await response.text()).includes('evil.example'), url)
        }
      }
    }
  })
})

after(() => provider.accounts.clear())
