import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addItem } from './items.ts'
import { admin, alice, at, bob, db, done, inTx, items, makeList, settings, ueiOf } from './lists.test.world.ts'
import { updateList } from './lists.ts'
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
    'too short,,,9,urgent',
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

test('GG-10 a sheet is read as each spreadsheet program writes it: encodings, byte order marks, line ends, separators', async () => {
  const lines = ['UEI,Notes,Tags', `${ueiOf(0)},"Größe, “gut”",a`, `${ueiOf(1)},Zoë,b`]
  const notes = ['Größe, “gut”', 'Zoë']
  const dividedBy = (delimiter: string) => lines.map(line => line.replaceAll(/,(?! )/g, delimiter)).join('\r\n')
  const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
  const windows = Buffer.from(dividedBy(',').replaceAll('“', '\x93').replaceAll('”', '\x94'), 'latin1')
  for (const [how, bytes] of Object.entries({
    'UTF-8': Buffer.from(dividedBy(',')),
    'UTF-8 with a byte order mark': Buffer.from(`\ufeff${dividedBy(',')}`),
    'with semicolons': Buffer.from(dividedBy(';')),
    'Unicode text': utf16(dividedBy('\t')),
    'UTF-16, the other way round': utf16(dividedBy(',')).swap16(),
    'Windows letters': windows,
    'lines of Unix': Buffer.from(dividedBy(',').replaceAll('\r\n', '\n')),
  })) {
    const list = await makeList(alice, how)
    const report = await addSheet(db, alice, list.id, bytes, { mode: 'all', updates: false, columns: {} }, done)
    assert.deepEqual(report.columns, ['UEI', 'Notes', 'Tags'], how)
    const held = await items(alice, list.id)
    assert.deepEqual(
      held.map(item => item.notes),
      notes,
      how,
    )
  }
})

test('GG-10 numbers are read as the spreadsheet program of the sheet writes them; what may be meant in two ways is refused', async () => {
  const list = await makeList(alice, 'Sums')
  await inTx(alice, tx => updateList(tx, list.id, { settings: settings([{ id: 'fee', name: 'Fee', kind: 'number' }]) }))
  const cases: [string, string, number | null][] = [
    [',', '12,500', 12500],
    [',', '$1,250,000.50', 1250000.5],
    [',', '1.500', 1.5],
    [',', '12,50', null],
    [',', '1.250,5', null],
    [';', '12,50', 12.5],
    [';', '1.250.000,5', 1250000.5],
    [';', '1.250.000', 1250000],
    [';', '-7.25', -7.25],
    [';', '0', 0],
    [';', '12,500', null],
    [';', '1.500', null],
    ['\t', '12,500', null],
    ['\t', '1250,5', 1250.5],
    ['\t', '1,2.3,4', null],
  ]
  for (const [delimiter, text, expected] of cases) {
    const sheet = Buffer.from(`UEI${delimiter}Fee\n${ueiOf(0)}${delimiter}"${text}"`)
    await addSheet(db, alice, list.id, sheet, { mode: 'valid', updates: true, columns: {} }, done)
    const [held] = await items(alice, list.id)
    assert.equal(held?.customData.fee ?? null, expected, `${text} between ${delimiter}`)
    await admin.query('delete from contractors.contractor_list_items where list_id = $1', [list.id])
  }
})

test('GG-10 a field that is changed while a sheet is read takes nothing of it', async () => {
  const list = await makeList(alice, 'Changed meanwhile')
  const change = (kind: 'number' | 'text') =>
    inTx(alice, tx => updateList(tx, list.id, { settings: settings([{ id: 'fee', name: 'Fee', kind }]) }))
  await change('number')
  const scoped = db.transaction.bind(db)
  const between = Object.create(db, {
    transaction: {
      value: async (...given: Parameters<typeof scoped>) => {
        await change('text')
        return await scoped(...given)
      },
    },
  }) as typeof db
  const sheet = Buffer.from(`UEI,Fee\n${ueiOf(0)},5`)
  await assert.rejects(addSheet(between, alice, list.id, sheet, { mode: 'all', updates: true, columns: {} }, done), {
    code: 'contractors.sheet_fields_changed',
  })
  assert.deepEqual(await items(alice, list.id), [])
})

test('GG-10 a sheet fills the own fields of a list by their names, and finds contractors by CAGE code', async () => {
  const list = await makeList(alice, 'Pursuits')
  const fields = [
    { id: 'fee', name: 'Fee', kind: 'number' as const },
    { id: 'due', name: 'Due', kind: 'date' as const },
    { id: 'stage', name: 'Stage', kind: 'choice' as const, options: ['Lead', 'Won'] },
    { id: 'go', name: 'Go', kind: 'yes_no' as const },
    { id: 'who', name: 'Who asks', kind: 'text' as const },
  ]
  await inTx(alice, tx => updateList(tx, list.id, { settings: settings(fields) }))
  await admin.query(`update contractors.contractor_profiles set cage_code = '7LQ18' where uei = $1`, [ueiOf(3)])
  await admin.query(`update contractors.contractor_profiles set cage_code = '1ABC2' where uei = any($1)`, [
    [ueiOf(4), ueiOf(5)],
  ])
  await addItem(db.scoped(alice), list.id, { contractorId: at(2) }, { customData: { who: 'Anna', fee: 1 } })
  const sheet = [
    'CAGE code,Stage,FEE,due,Go,Notes',
    `7lq18,won,"$1,250,000.50",2027-03-31,Yes,n`,
    `${ueiOf(2)},,2,,no,`,
    `1ABC2,,,,,`,
    `9ZZZ9,,,,,`,
    `${ueiOf(6)},Lost,1.2.3,31.3.2027,maybe,`,
  ].join('\n')
  const report = await addSheet(
    db,
    alice,
    list.id,
    Buffer.from(sheet),
    { mode: 'valid', updates: true, columns: {} },
    done,
  )
  assert.deepEqual([report.mapping.uei, report.ownFields], ['CAGE code', ['Fee', 'Due', 'Stage', 'Go']])
  assert.deepEqual(
    report.rows.map(row => [row.outcome, ...row.problems]),
    [
      ['added'],
      ['updated'],
      ['unknown', 'several contractors have this CAGE code: name the one by its UEI'],
      ['unknown', 'no contractor has this CAGE code'],
      [
        'invalid',
        'what is given for “Fee” is no number',
        'what is given for “Due” is no date like 2027-03-31',
        'what is given for “Stage” is none of: Lead, Won',
        'what is given for “Go” is neither yes nor no',
      ],
    ],
  )
  const held = new Map((await items(alice, list.id)).map(item => [item.contractorId, item.customData]))
  assert.deepEqual(held.get(at(3)), { fee: 1250000.5, due: '2027-03-31', stage: 'Won', go: true })
  assert.deepEqual(held.get(at(2)), { who: 'Anna', fee: 2, go: false }, 'what the row leaves empty stays')
  const other = await makeList(alice, 'Without fields')
  const plain = await addSheet(
    db,
    alice,
    other.id,
    Buffer.from(sheet),
    { mode: 'trial', updates: false, columns: {} },
    done,
  )
  assert.deepEqual([plain.ownFields, plain.counts.invalid], [[], 0], 'control')
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
    const took = await timed(text, code)
    assert.ok(took < small * 10, `${code}: ${took} ms, a small one ${small}`)
  }
  assert.equal((await take(`UEI\n${`${ueiOf(0)}\n`.repeat(10_000)}`)).counts.repeated, 9_999, 'control')
  assert.equal((await take(`UEI${',x'.repeat(999)}\n${ueiOf(0)}`)).counts.added, 1, 'control')
})
