import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addItem } from './items.ts'
import { alice, at, bob, db, done, items, makeList, ueiOf } from './lists.test.world.ts'
import { addSheet } from './sheets.ts'

test('GG-10 a sheet is tried first, row by row; then what is valid is taken, or all, or nothing', async () => {
  const list = await makeList(alice, 'Sheet')
  await addItem(db.scoped(alice), list.id, { contractorId: at(1) }, { notes: 'there', tags: ['a'] })
  const sheet = [
    'Unique Entity ID,Remarks,Tags,Rating,Priority',
    `${ueiOf(0)},"Says ""hello"", twice",x; y,4,High`,
    `${ueiOf(1)},from sheet,b,,`,
    `${ueiOf(0)},again,,,`,
    'ZZZZZZZZZZZZ,,,,',
    'short,,,9,urgent',
  ].join('\r\n')
  const take = (mode: 'trial' | 'valid' | 'all', updates = false, text = sheet, scope = alice) =>
    addSheet(db, scope, list.id, Buffer.from(text), { mode, updates, columns: {} }, done)
  const trial = await take('trial')
  const counts = { added: 1, updated: 0, already_in: 1, repeated: 1, unknown: 1, invalid: 1 }
  assert.deepEqual([trial.isTaken, trial.counts], [false, counts])
  assert.deepEqual(trial.mapping, {
    uei: 'Unique Entity ID',
    notes: 'Remarks',
    tags: 'Tags',
    rating: 'Rating',
    priority: 'Priority',
  })
  assert.deepEqual(
    trial.rows.map(row => [row.line, row.outcome, row.problems.length]),
    [
      [2, 'added', 0],
      [3, 'already_in', 0],
      [4, 'repeated', 0],
      [5, 'unknown', 1],
      [6, 'invalid', 3],
    ],
  )
  await assert.rejects(take('all'), { code: 'contractors.sheet_has_faults' })
  assert.equal((await items(alice, list.id)).length, 1, 'nothing is taken half')
  assert.equal((await take('valid', true)).counts.updated, 1)
  const [first, second] = await items(alice, list.id)
  assert.deepEqual(
    [first?.notes, first?.tags, first?.rating, first?.priority],
    ['Says "hello", twice', ['x', 'y'], 4, 'high'],
  )
  assert.deepEqual([second?.notes, second?.tags], ['from sheet', ['a', 'b']])
  for (const [text, code] of [
    ['', 'contractors.sheet_empty'],
    ['Name\nLeidos', 'contractors.sheet_without_uei'],
  ] as const) {
    await assert.rejects(take('trial', false, text), { code })
  }
  await assert.rejects(take('valid', false, sheet, bob), { code: 'contractors.list_not_found' })
})

test('GG-10 of a sheet no more is read than can be taken, however many lines and columns are in it', async () => {
  const list = await makeList(alice, 'Huge sheet')
  const take = (text: string) =>
    addSheet(db, alice, list.id, Buffer.from(text), { mode: 'trial', updates: false, columns: {} }, done)
  const timed = async (text: string, code: string) => {
    const began = performance.now()
    await assert.rejects(take(text), { code })
    return performance.now() - began
  }
  const small = Math.max(50, await timed(`UEI\n${',\n'.repeat(10_001)}`, 'contractors.sheet_too_long'))
  for (const [text, code] of [
    [`UEI\n${',\n'.repeat(4_000_000)}`, 'contractors.sheet_too_long'],
    [`UEI\n${'\0\n'.repeat(4_000_000)}`, 'contractors.sheet_too_long'],
    [`UEI${',x'.repeat(1_000)}`, 'contractors.sheet_too_wide'],
  ] as const) {
    assert.ok((await timed(text, code)) < small * 10, code)
  }
  assert.equal((await take(`UEI\n${`${ueiOf(0)}\n`.repeat(10_000)}`)).counts.repeated, 9_999, 'control')
  assert.equal((await take(`UEI${',x'.repeat(999)}\n${ueiOf(0)}`)).counts.added, 1, 'control')
})
