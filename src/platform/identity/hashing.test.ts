import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { test } from 'node:test'
import { DomainError } from '#platform/errors.ts'
import { hashPassword, verifyPassword } from './hashing.ts'

test('GG-02 a password verifies against its own Argon2id hash only', async () => {
  const hash = await hashPassword('correct horse')
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal(await verifyPassword(hash, 'correct horse'), true)
  assert.equal(await verifyPassword(hash, 'Correct horse'), false)
  assert.notEqual(await hashPassword('correct horse'), hash, 'every hash has its own salt')
})

test('without a hash the answer is no, after the same work', async () => {
  assert.equal(await verifyPassword(undefined, 'anything'), false)
})

test('GG-02 hashing is bounded: too many at once are refused as unavailable, the others done, the loop stays free', async () => {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const answers = await Promise.allSettled(Array.from({ length: 400 }, () => hashPassword('many at once')))
  delay.disable()
  const refused = answers.filter(answer => answer.status === 'rejected')
  const done = answers.filter(answer => answer.status === 'fulfilled')
  assert.ok(refused.length > 0 && done.length > 0, `${refused.length} refused, ${done.length} done`)
  for (const { reason } of refused) {
    assert.ok(reason instanceof DomainError && reason.kind === 'unavailable' && reason.code === 'identity.hashing_busy')
  }
  assert.ok(delay.percentile(50) / 1e6 < 50, `median delay of the event loop ${delay.percentile(50) / 1e6} ms`)
  assert.equal(await verifyPassword(await hashPassword('afterwards'), 'afterwards'), true)
})
