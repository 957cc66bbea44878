import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { verifyPassword } from '#platform/identity'
import { newPerson, testWorld } from '#test/world.ts'
import { hashPassword } from './hashing.ts'
import { importUsers } from './user-imports.ts'

const world = await testWorld()
const { admin, db, alice } = world
const folder = mkdtempSync(join(tmpdir(), 'commonhold-users-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let number = 0
function file(content: string | Buffer, name = 'users.csv'): string {
  const path = join(folder, `${++number}-${name}`)
  writeFileSync(path, content)
  return path
}

const bcrypt = '$2b$12$8EILfkGcaXu.pPyd4a7vKO9gZM1HrxuLJm8ESmrj59PiXWnNGm0Zi'
const all = async () =>
  (
    await admin.query(`
      select account.email, account.full_name, account.username, account.status, account.is_email_verified as verified,
        profile.timezone, profile.language, password.password_hash
      from identity.users as account
      left join identity.user_profiles as profile on profile.user_id = account.id
      left join identity.passwords as password on password.user_id = account.id and password.replaced_at is null
      where account.email like '%@import.example'
      order by account.email`)
  ).rows
beforeEach(() => admin.query(`delete from identity.users where email like '%@import.example'`))

test('PE-01 a file of users becomes accounts with profiles and the hashes that it has', async () => {
  const argon = await hashPassword('an imported passphrase')
  const path = file(
    `email,full_name,User Name,passwordHash,email_verified,timezone,language,status
ada@Import.Example,"Lovelace, Ada",ada,${bcrypt},true,Europe/London,en-GB,
ben@import.example,,,"${argon}",no,,,inactive
cy@import.example,Cy \\N \\. Tab,,,,,,suspended
`,
  )
  const summary = await importUsers(db, path, { actor: 'the tests' })
  assert.deepEqual(summary.rows, { read: 3, inserted: 3, known: 0, rejected: 0 })
  const plain = { verified: false, timezone: 'UTC', language: 'en', username: null }
  assert.deepEqual(await all(), [
    {
      email: 'ada@import.example',
      full_name: 'Lovelace, Ada',
      username: 'ada',
      status: 'active',
      verified: true,
      timezone: 'Europe/London',
      language: 'en-GB',
      password_hash: bcrypt,
    },
    { email: 'ben@import.example', full_name: null, status: 'inactive', password_hash: argon, ...plain },
    { email: 'cy@import.example', full_name: 'Cy \\N \\. Tab', status: 'suspended', password_hash: null, ...plain },
  ])
  assert.equal(await verifyPassword((await all())[1].password_hash, 'an imported passphrase'), true)
  const { rows } = await admin.query(
    `select user_name, details from audit.audit_logs where action = 'import' order by created_at desc limit 1`,
  )
  assert.equal(rows[0].user_name, 'the tests')
  assert.equal(rows[0].details.inserted, 3)
})

test('PE-01 JSON lines, packed, with a byte order mark or CRLF make the same accounts', async () => {
  const csv = `email,fullName,emailVerified\nada@import.example,Ada,true\n`
  const line = { email: 'ada@import.example', full_name: 'Ada', emailVerified: true, username: null }
  const variants: [string | Buffer, string][] = [
    [csv, 'users.csv'],
    [`\ufeff${csv.replaceAll('\n', '\r\n')}`, 'users.csv'],
    [gzipSync(csv), 'users.csv.gz'],
    [`${JSON.stringify(line)}\n`, 'users.jsonl'],
    [gzipSync(JSON.stringify(line)), 'users.ndjson.gz'],
  ]
  let first: unknown
  for (const [content, name] of variants) {
    await admin.query(`delete from identity.users where email like '%@import.example'`)
    assert.equal((await importUsers(db, file(content, name), {})).rows.inserted, 1, name)
    first ??= await all()
    assert.deepEqual(await all(), first, name)
  }
  const unnamed = file(csv, 'users.txt')
  await assert.rejects(importUsers(db, unnamed, {}), isCode('identity.import_format_unknown'))
  assert.equal((await importUsers(db, unnamed, { format: 'csv' })).rows.known, 1)
})

const isCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

test('PE-01 a second import changes nothing: who is there keeps name, status and password', async () => {
  const path = file(`email,fullName,passwordHash\nada@import.example,Ada,${bcrypt}\n`)
  await importUsers(db, path, {})
  const before = await all()
  const again = file(
    `email,fullName,passwordHash,status\nADA@import.example,Somebody,"${await hashPassword('another one')}",suspended\n${alice.email},Mallory,${bcrypt},active\n`,
  )
  assert.deepEqual((await importUsers(db, again, {})).rows, { read: 2, inserted: 0, known: 2, rejected: 0 })
  assert.deepEqual(await all(), before)
  assert.equal((await alice.fetch('/me')).status, 200)
})

const badRows: [what: string, values: string, column: string, reason: RegExp][] = [
  ['no address', ',Name,,,,,,', 'email', /missing/],
  ['no at sign', 'ada,Name,,,,,,', 'email', /no. an e-mail address|not an e-mail/],
  ['two addresses', 'a@b.example@c.example,N,,,,,,', 'email', /not an e-mail/],
  ['a header in the address', '"a@import.example\nBcc: x@y.example",N,,,,,,', 'email', /do not show/],
  ['a letter that deceives', 'аda@import.example,N,,,,,,', 'email', /./],
  ['a bell in the name', 'a@import.example,Na\u0007me,,,,,,', 'fullName', /do not show/],
  ['a turned name', 'a@import.example,\u202egnirts,,,,,,', 'fullName', /do not show/],
  ['a long name', `a@import.example,${'x'.repeat(256)},,,,,,`, 'fullName', /longer than 255/],
  ['a huge name', `a@import.example,${'x'.repeat(900_000)},,,,,,`, 'fullName', /longer than 255/],
  ['a user name with a space', 'a@import.example,N,a b,,,,,', 'username', /no user name/],
  ['a password in clear', 'a@import.example,N,,hunter2,,,,', 'passwordHash', /neither/],
  ['MD5', 'a@import.example,N,,5f4dcc3b5aa765d61d8327deb882cf99,,,,', 'passwordHash', /neither/],
  ['bcrypt of 31 rounds', `a@import.example,N,,${bcrypt.replace('$12$', '$31$')},,,,`, 'passwordHash', /too much work/],
  [
    'Argon2 of 4 TiB',
    'a@import.example,N,,"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHRzb21l$RdescudvJCsgt3ub+b0dWRWJTmaaJObG1Rdescudvcg",,,,',
    'passwordHash',
    /too much work/,
  ],
  ['perhaps', 'a@import.example,N,,,perhaps,,,', 'emailVerified', /neither true nor false/],
  ['Mars', 'a@import.example,N,,,,Mars/Base,,', 'timezone', /no time zone/],
  ['a language of digits', 'a@import.example,N,,,,,12,', 'language', /no language/],
  ['deleted', 'a@import.example,N,,,,,,deleted', 'status', /not active/],
  ['too few values', 'a@import.example,N', '', /has 2 values, the head has 8/],
]
const head = 'email,fullName,username,passwordHash,emailVerified,timezone,language,status\n'

test('PE-01 a bad row is refused with its line and reason, never with its hash, and the others go in', async () => {
  const rejectsPath = join(folder, 'rejects.csv')
  const path = file(
    `${head}good@import.example,Good,,,,,,\n${badRows.map(([, values]) => `${values}\n`).join('')}last@import.example,Last,,,,,,\n`,
  )
  const summary = await importUsers(db, path, { rejectsPath })
  assert.deepEqual(summary.rows, { read: badRows.length + 2, inserted: 2, known: 0, rejected: badRows.length })
  const rejects = readFileSync(rejectsPath, 'utf8')
  for (const secret of ['hunter2', '$2b$', '$argon2', '5f4dcc']) assert.ok(!rejects.includes(secret), secret)
  const told = rejects.trim().split('\n').slice(1)
  assert.equal(told.length, badRows.length)
  for (const [index, [what, , column, reason]] of badRows.entries()) {
    assert.match(told[index] as string, new RegExp(`^\\d+,${column},`), what)
    assert.match(told[index] as string, reason, what)
  }
  assert.deepEqual(
    (await all()).map(({ email }) => email),
    ['good@import.example', 'last@import.example'],
  )
})

test('PE-01 in JSON lines each line is judged by itself', async () => {
  const bad = [
    '{',
    '[]',
    '"text"',
    'null',
    '{"email": 1}',
    '{"email": "a@import.example", "role": "owner"}',
    '{"email": "a@import.example", "full_name": "A", "fullName": "B"}',
    '{"email": "a@import.example", "fullName": "\\ud800"}',
    '{"email": "a@import.example", "fullName": "a\\u0000b"}',
    '{"email": "a@import.example", "emailVerified": {}}',
    '{"__proto__": {"email": "a@import.example"}}',
    '{"email": "a@import.example", "constructor": "x"}',
  ]
  const path = file(`${bad.join('\n')}\n{"email": "good@import.example"}\n`, 'users.jsonl')
  const { rows, rejects } = await importUsers(db, path, {})
  assert.deepEqual(rows, { read: bad.length + 1, inserted: 1, known: 0, rejected: bad.length })
  assert.deepEqual(
    rejects.map(({ line }) => line),
    bad.map((_, index) => index + 1),
  )
})

test('GG-01 addresses and user names are unique within the file and with those that are there', async () => {
  await admin.query(`update identity.users set username = 'TakenName' where id = $1`, [alice.userId])
  const path = file(`email,username
one@import.example,first
ONE@import.example,second
two@import.example,FIRST
three@import.example,takenname
four@import.example,fourth
`)
  const { rows, rejects } = await importUsers(db, path, {})
  assert.deepEqual(rows, { read: 5, inserted: 2, known: 0, rejected: 3 })
  assert.deepEqual(
    rejects.map(({ line, column, reason }) => [line, column, reason]),
    [
      [3, 'email', 'stands in line 2 already'],
      [4, 'username', 'stands in line 2 already'],
      [5, 'username', 'another account has it'],
    ],
  )
})

test('PE-01 a file that is none of users is refused whole', async () => {
  const refusals: [string, string | Buffer, string][] = [
    ['identity.import_columns_unknown', 'email,is_admin\na@import.example,true\n', 'users.csv'],
    ['identity.import_column_repeated', 'email,full_name,fullName\na@import.example,A,B\n', 'users.csv'],
    ['identity.import_email_missing', 'fullName\nAda\n', 'users.csv'],
    ['identity.import_email_missing', '\n\n', 'users.csv'],
    ['files.empty', '', 'users.csv'],
    ['files.damaged', gzipSync('email\na@import.example\n'.repeat(1000)).subarray(0, 60), 'users.csv.gz'],
  ]
  for (const [code, content, name] of refusals) {
    await assert.rejects(importUsers(db, file(content, name), {}), isCode(code), code)
  }
  await assert.rejects(importUsers(db, join(folder, 'none.csv'), {}), isCode('files.not_found'))
  assert.deepEqual(await all(), [])
})

test('PE-01 a dry run tells the same and changes nothing; so does an interruption', async () => {
  const path = file('email\na@import.example\nb@import.example\nbad\n')
  const summary = await importUsers(db, path, { dryRun: true, rejectsPath: join(folder, 'dry.csv') })
  assert.deepEqual(summary.rows, { read: 3, inserted: 2, known: 0, rejected: 1 })
  assert.ok(existsSync(join(folder, 'dry.csv')))
  const stop = new AbortController()
  await assert.rejects(
    importUsers(db, path, { signal: stop.signal, onProgress: ({ phase }) => phase === 'writing' && stop.abort() }),
    isCode('files.interrupted'),
  )
  assert.deepEqual(await all(), [])
})

test('PE-01 an import whose connection is cut leaves nothing behind', async () => {
  const path = file(`email\n${Array.from({ length: 3000 }, (_, index) => `p${index}@import.example\n`).join('')}`)
  const cut = importUsers(db, path, {
    async afterwards(tx) {
      const { pid } = await tx.one(sql<{ pid: number }>`select pg_backend_pid() as pid`)
      await admin.query('select pg_terminate_backend($1)', [pid])
      await tx.run(sql`select 1`)
      return 0
    },
  })
  await assert.rejects(cut, /terminat|not queryable/i)
  assert.deepEqual(await all(), [])
})

test('PE-01 two imports of one file at once make each account once', async () => {
  const path = file(`email\n${Array.from({ length: 500 }, (_, index) => `q${index}@import.example\n`).join('')}`)
  const done = await Promise.all([importUsers(db, path, {}), importUsers(db, path, {})])
  assert.equal(
    done.reduce((sum, { rows }) => sum + rows.inserted, 0),
    500,
  )
  assert.equal((await all()).length, 500)
})

test('MT-02 the address of a deleted account is free for an import', async () => {
  const ada = await newPerson(world, { email: 'gone@import.example' })
  await admin.query(`update identity.users set status = 'deleted', deleted_at = now() where id = $1`, [ada.userId])
  assert.equal((await importUsers(db, file('email\ngone@import.example\n'), {})).rows.inserted, 1)
})
