import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DomainError } from '#platform/errors.ts'
import { runCommand } from '#test/commands.ts'
import { registerSolveCommands } from './solve-commands.ts'

const folder = mkdtempSync(join(tmpdir(), 'commonhold-problems-'))
after(() => rmSync(folder, { recursive: true }))

/** The problem of the documentation, as one reads it there. */
const documented = /```json\n([^`]+)```/.exec(readFileSync('docs/assignment-problems.md', 'utf8'))![1]!

const run = (...words: string[]) => runCommand(registerSolveCommands, words)

function fileOf(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('VS-11 a problem in a file is solved, and its answer is checked: one that says what is not so is refused', async () => {
  const problem = fileOf('problem.json', documented)
  const { written, exitCode } = await run('solve', problem, '--json')
  const answer = JSON.parse(written)
  assert.deepEqual([exitCode, answer.status, answer.cost, answer.lowerBound], [undefined, 'optimal', 3, 3])
  const pairs = [
    { participant: 'ben', target: 'early' },
    { participant: 'anna', target: 'late' },
  ]
  assert.deepEqual(answer.pairs, pairs)
  const check = await run('check-answer', problem, fileOf('answer.json', written), '--json')
  assert.deepEqual([check.exitCode, JSON.parse(check.written).provenBound], [undefined, 3])
  for (const lie of [
    { cost: 2, lowerBound: 2 },
    { lowerBound: 4 },
    { pairs: pairs.slice(1) },
    { status: 'infeasible' },
    { certificate: { ...answer.certificate, targets: { early: 3 } } },
  ]) {
    const told = await run('check-answer', problem, fileOf('lie.json', JSON.stringify({ ...answer, ...lie })))
    assert.equal(told.exitCode, 3, JSON.stringify(lie))
    assert.match(told.written, /^It does not hold\./)
  }
})

test('VS-11 what a target takes of somebody is his own: three jobs of one minute each fill two agents', async () => {
  const job = (id: string, at: number) => ({
    id,
    minimum: 1,
    maximum: 1,
    occurrences: [{ startsAt: at, endsAt: at + 1 }],
  })
  const agent = (id: string) => ({ id, maximum: 3, minuteLimits: [{ from: 0, to: 3, maximum: 10 }] })
  const pairs = ['one', 'two', 'three'].flatMap((target, place) => [
    { participant: 'quick', target, cost: 1, minutesEach: 4 },
    { participant: 'slow', target, cost: 5 + place, minutesEach: 10 },
  ])
  const problem = {
    participants: [agent('quick'), agent('slow')],
    targets: [job('one', 0), job('two', 1), job('three', 2)],
    pairs,
  }
  const solved = async (name: string, changed: object) =>
    await run('solve', fileOf(name, JSON.stringify({ ...problem, ...changed })), '--json')
  // Three times four are more than ten: the cheapest of the others goes to who takes ten for it.
  assert.equal(JSON.parse((await solved('jobs.json', {})).written).cost, 7)
  const control = pairs.map(({ minutesEach: _, ...pair }) => pair)
  const quick = await solved('control.json', { pairs: control })
  assert.equal(JSON.parse(quick.written).cost, 3)
  const told = await run('check-answer', join(folder, 'jobs.json'), fileOf('quick.json', quick.written))
  assert.deepEqual([told.exitCode, /quick has 12 minutes/.test(told.written)], [3, true])
  const both = pairs.map(pair => ({ ...pair, minutesEach: 6 }))
  const none = await solved('none.json', { pairs: both })
  const { status, certificate } = JSON.parse(none.written)
  assert.deepEqual([none.exitCode, status, certificate.kind], [6, 'infeasible', 'conflict'])
})

test('VS-11 a file that is no problem is refused with the place, and what it names twice or not at all', async () => {
  const problem = JSON.parse(documented)
  const pair = { participant: 'anna', target: 'late', cost: 1 }
  const cases: [string, RegExp][] = [
    ['{', /is no problem/],
    ['{"participants": []}', /targets, pairs/],
    [JSON.stringify({ ...problem, oops: 1 }), /oops|additional/],
    [JSON.stringify({ ...problem, pairs: [{ ...pair, cost: 1.5 }] }), /\/pairs\/0\/cost/],
    [JSON.stringify({ ...problem, pairs: [pair, pair] }), /there twice/],
    [JSON.stringify({ ...problem, pairs: [{ ...pair, target: 'night' }] }), /night/],
    [JSON.stringify({ ...problem, pairs: [{ ...pair, minutesEach: -1 }] }), /\/pairs\/0\/minutesEach/],
  ]
  for (const [content, reason] of cases)
    await assert.rejects(
      run('solve', fileOf('bad.json', content)),
      (error: unknown) =>
        error instanceof DomainError &&
        error.code === 'assignments.problem_file_malformed' &&
        reason.test(error.message),
      content,
    )
  await assert.rejects(run('solve', join(folder, 'nowhere.json')), { code: 'files.not_found' })
  await assert.rejects(run('solve', fileOf('latin.json', Buffer.from('"é"', 'latin1'))), /UTF-8/)
  await assert.rejects(run('solve', fileOf('empty.json', '')), { code: 'files.empty' })
  await assert.rejects(run('solve', fileOf('good.json', documented), '--strategy', 'luck'), { exitCode: 2 })
})
