import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callerAt, RateLimits } from './rate-limits.ts'

const quota = { name: 'q', requests: 2, seconds: 10 }

test('a caller has his quota in each window, whatever others take', () => {
  let now = 0
  const limits = new RateLimits(() => now)
  assert.equal(limits.take(quota, 'a'), '"q";r=1;t=10')
  assert.equal(limits.take(quota, 'a'), '"q";r=0;t=10')
  assert.throws(() => limits.take(quota, 'a'), { code: 'http.too_many_requests', kind: 'limited' })
  assert.equal(limits.take(quota, 'b'), '"q";r=1;t=10')
  assert.equal(limits.take({ ...quota, name: 'other' }, 'a'), '"other";r=1;t=10')
  now = 9_999
  assert.throws(() => limits.take(quota, 'a'), { details: { retryAfter: 1, rateLimit: '"q";r=0;t=1' } })
  now = 10_000
  assert.equal(limits.take(quota, 'a'), '"q";r=1;t=10')
})

test('a flood of callers does not fill the memory', () => {
  let now = 0
  const limits = new RateLimits(() => now)
  for (let i = 0; i < 120_000; i++) {
    now += 0.001
    limits.take(quota, `caller ${i}`)
  }
  const { windows } = limits as unknown as { windows: Map<string, unknown> }
  assert.ok(windows.size <= 50_001, String(windows.size))
  now += 20_000
  limits.take(quota, 'late')
  assert.equal(windows.size, 1, 'ended windows are forgotten')
})

test('an IPv6 caller is his /64, an IPv4 caller his address', () => {
  for (const [address, caller] of [
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '::ffff:203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::', 'fe80:0:0:0'],
  ] as const) {
    assert.equal(callerAt(address), caller, address)
  }
})
