import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientOf, describeUserAgent, familyOf } from './user-agents.ts'

const chrome = (platform: string, more = '') =>
  `Mozilla/5.0 (${platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 ${more}Safari/537.36`

test('MT-09 an agent is told in words', () => {
  const told: Record<string, [string, string]> = {
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0': [
      'Firefox 132 on Windows',
      'computer',
    ],
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1':
      ['Safari 17 on iOS', 'phone'],
    'Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1':
      ['Safari 16 on iOS', 'tablet'],
    [chrome('Linux; Android 14; Pixel 8', 'Mobile ')]: ['Chrome 130 on Android', 'phone'],
    [`${chrome('Macintosh; Intel Mac OS X 10_15_7')} Edg/130.0.2849`]: ['Microsoft Edge 130 on macOS', 'computer'],
    'curl/8.4.0': ['A program (curl)', 'program'],
    'python-requests/2.31.0': ['A program (python-requests)', 'program'],
    node: ['A program (node)', 'program'],
    'Mozilla/5.0': ['An unknown browser', 'unknown'],
    'Win at www.evil.example/1.0': ['A program (Win)', 'program'],
    'www.evil.example/1.0': ['An unknown program', 'unknown'],
    '<script>': ['An unknown program', 'unknown'],
    '': ['An unknown program', 'unknown'],
  }
  for (const [agent, [words, kind]] of Object.entries(told)) {
    assert.deepEqual(describeUserAgent(agent), { words, kind }, agent)
  }
  assert.deepEqual(describeUserAgent(undefined), describeUserAgent(null))
})

test('MT-09 whatever an agent says, there are short plain words for it, soon', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 2_000 }),
    fc.string({ maxLength: 400 }).map(text => `Mozilla/5.0 ${text}`),
    fc.constantFrom(
      `Mozilla/5.0 (${'('.repeat(100_000)}`,
      `Mozilla/5.0 (Android ${';'.repeat(100_000)}`,
      `Opera/9.80 ${'Version/'.repeat(50_000)}`,
      `Mozilla/5.0 ${'a '.repeat(60_000)}Chrome/${'9'.repeat(10_000)}`,
    ),
  )
  const began = performance.now()
  fc.assert(
    fc.property(nasty, agent => {
      assert.match(describeUserAgent(agent).words, /^[A-Za-z0-9 ()+_-]{1,100}$/)
    }),
    { numRuns: 500 },
  )
  assert.ok(performance.now() - began < 5_000)
})

test('an update of a browser is no other browser', () => {
  const firefox = (version: number) =>
    `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
  assert.equal(familyOf(firefox(132)), familyOf(firefox(133)))
  assert.notEqual(familyOf(firefox(132)), familyOf(chrome('X11; Linux x86_64')))
})

test('a request’s client is fit for the database', () => {
  assert.deepEqual(clientOf({ ipAddress: 'fe80::1%eth0', userAgent: 'x'.repeat(5_000) }), {
    address: 'fe80::1',
    agent: 'x'.repeat(1_000),
  })
  assert.deepEqual(clientOf({ ipAddress: '' }), { address: null, agent: null })
})
