import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { generateProblem } from '../../../bench/assignments/generation.ts'
import type { Problem } from './problem.ts'
import { type ProblemPost, postProblem, problemReceiver } from './problem-posts.ts'

test('VS-11 a problem that is posted piece by piece arrives as it was, and others have their turn in between', async () => {
  for (const [eligible, change] of [
    [0, undefined],
    [60, undefined],
    // What there is more to say of, and what is amiss, which the thread refuses.
    [60, { skillMatch: 0.5 }],
    [60, { minutesEach: 30 }],
    [60, { participant: 'nobody' }],
  ] as const) {
    const size = { participants: 500, targets: 100, eligible, needed: 0, maximum: 4 }
    const plain = generateProblem(size, 1)
    const problem = { ...plain, pairs: plain.pairs.map((pair, at) => (at === 15_000 ? { ...pair, ...change } : pair)) }
    const { port1, port2 } = new MessageChannel()
    const receive = problemReceiver()
    const arrived = new Promise<Problem>(resolve => {
      port2.on('message', (post: ProblemPost) => {
        const whole = receive(post)
        if (whole) resolve(whole)
      })
    })
    let turns = 0
    let ended = false
    const others = () => {
      turns++
      if (!ended) setImmediate(others)
    }
    setImmediate(others)
    try {
      await postProblem(port1, problem)
      assert.equal(turns, eligible === 0 ? 0 : 3)
      assert.deepEqual(await arrived, problem)
    } finally {
      ended = true
      port1.close()
    }
  }
})
