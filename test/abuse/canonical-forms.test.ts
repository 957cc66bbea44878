import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DomainError } from '#platform/errors.ts'
import { normaliseEmail } from '#platform/identity'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'

const world = await testWorld()
const { alice, baseUrl } = world

const refusal = (text: string): string | undefined => {
  try {
    normaliseEmail(text)
    return undefined
  } catch (error) {
    assert.ok(error instanceof DomainError, String(error))
    return error.code
  }
}

test('GG-01 an address has one form: case, width, ligatures, spaces around and the script of the domain make no other', () => {
  for (const [text, form] of [
    ['ADA@Example.COM', 'ada@example.com'],
    ['  ada@example.com\n', 'ada@example.com'],
    ['ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'ada@example.com'],
    ['ﬁona@example.com', 'fiona@example.com'],
    ['oﬃce@example.com', 'office@example.com'],
    ['\u212Aate@example.com', 'kate@example.com'],
    ['\u017Fam@example.com', 'sam@example.com'],
    ['ada@EXAMPLE。com', 'ada@example.com'],
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
    ['ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
    ['ada@XN--Bcher-KVA.example', 'ada@xn--bcher-kva.example'],
    ['jose\u0301@example.com', 'jos\u00e9@example.com'],
    ['JOSÉ@example.com', 'jos\u00e9@example.com'],
    ['иван@почта.рф', 'иван@xn--80a1acny.xn--p1ai'],
    ['たろうtaro@example.jp', 'たろうtaro@example.jp'],
    ['ada@localhost', 'ada@localhost'],
  ]) {
    assert.equal(normaliseEmail(text as string), form, text)
  }
})

test('GG-01 plus signs and dots are part of an address: mail servers decide whether they mean another mailbox', () => {
  const forms = [
    'ada@example.com',
    'ada+shop@example.com',
    'ada+SHOP2@example.com',
    'a.da@example.com',
    'ada-@example.com',
  ]
  assert.equal(new Set(forms.map(normaliseEmail)).size, forms.length)
  assert.equal(normaliseEmail("o'neill!#$%&*/=?^_`{|}~@example.com"), "o'neill!#$%&*/=?^_`{|}~@example.com")
})

test('GG-01 an address that reads like another is refused', () => {
  for (const text of [
    '\u0430da@example.com', // Cyrillic a
    'p\u0430ypal@example.com',
    'аdmin@example.com',
    '\u03BFda@example.com', // Greek omicron
    'сосо@example.com', // Cyrillic only, reads "coco"
    'сосо.support@example.com',
    'ada@ехаmple.com', // Cyrillic ех
    'ada@аррӏе.com', // reads "apple"
    'ada@xn--80ak6aa92e.com', // the same, written as DNS does
    'adm\u0131n@example.com', // dotless i
    '\u0251da@example.com', // Latin alpha
    'ada\u13DA@example.com', // Cherokee beside Latin
    'ada@exam\u1E37е.com',
  ]) {
    assert.equal(refusal(text), 'identity.email_deceptive', text)
  }
})

test('GG-01 signs that do not show, and what is no address at all, are refused', () => {
  for (const text of [
    'a\u200Bda@example.com',
    'ada\u00AD@example.com',
    'ada@exam\u200Dple.com',
    'ada\u202E@example.com',
    '\u2066ada@example.com',
    'ada\uFE0F@example.com',
    'ada\u3164@example.com',
    'ada@ex%61mple.com',
    'ada@127.0.0.1',
    'ada@0x7f.1',
    'ada@0x7f000001',
    'ada@2130706433',
    'ada@[127.0.0.1]',
    'ada@[IPv6:::1]',
    'ada@example.com.',
    'ada@.example.com',
    'ada@example..com',
    'ada@-example.com',
    'ada@exa_mple.com',
    'ada@example.com:25',
    'ada@example.com/x',
    'ada@example.com?cc=eve@example.com',
    'ada@example.com,eve@example.com',
    'ada@example.com;eve@example.com',
    'ada@example.com eve@example.com',
    'ada@example.com\r\nBcc: eve@example.com',
    'ada\r\nBcc: eve@example.com',
    'Ada <ada@example.com>',
    '<ada@example.com>',
    '"ada"@example.com',
    'ada@evil.example@example.com',
    'ada＠evil.example@example.com',
    'ada(comment)@example.com',
    'ad\u0660@example.com',
    '\u{1F600}@example.com',
    `${'a'.repeat(250)}@example.com`,
    `ada@${'a'.repeat(64)}.com`,
    'ada@',
    '@example.com',
    '',
  ]) {
    assert.equal(refusal(text), 'identity.email_invalid', JSON.stringify(text))
  }
})

test('GG-01 the form of a form is itself, whatever the text', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.emailAddress(),
    fc.constantFrom('ﬁ', 'İ', 'ß', 'ẞ', 'ſ', 'K', 'ａ', '。', 'ω\u0345', 'ΐ', '@', '＠', '.', 'xn--', 'é', 'я', '名'),
  )
  const texts = fc.oneof(
    fc.array(piece, { maxLength: 4 }).map(pieces => pieces.join('')),
    fc.tuple(piece, piece).map(([local, domain]) => `${local}@${domain}.example`),
  )
  let accepted = 0
  fc.assert(
    fc.property(texts, text => {
      if (refusal(text) !== undefined) return
      accepted++
      const form = normaliseEmail(text)
      assert.equal(normaliseEmail(form), form)
      assert.equal(form, form.toLowerCase())
      assert.match(form, /^[^@\s]+@[a-z0-9.-]+$/)
    }),
    { numRuns: 5_000 },
  )
  assert.ok(accepted > 100, `control: ${accepted} addresses were taken`)
})

const changeUsername = async (person: Person, username: string) => {
  const answer = await person.fetch('/me/profile', { method: 'PATCH', body: { username } })
  return { status: answer.status, ...((await answer.json()) as { code?: string; username?: string }) }
}

test('GG-01 nobody takes a user name that reads like another’s', async () => {
  const other = await newPerson(world)
  assert.equal((await changeUsername(alice, 'Kate.Smith')).status, 200)
  for (const username of ['kate.smith', 'KATE.SMITH', 'kAtE.sMiTh']) {
    assert.deepEqual((await changeUsername(other, username)).code, 'identity.username_taken', username)
  }
  for (const username of [
    'k\u0430te.smith', // Cyrillic a
    '\u212Aate.smith', // the sign of Kelvin
    'kate.\u017Fmith', // long s
    'ｋate.smith',
    'kate․smith', // one dot leader
    'kate\u200B.smith',
    'kate.smith\u00AD',
    'kate.smith\u0301',
    'kate.sm\u0131th',
    ' kate.smith',
    'kate.smith ',
    'kate smith',
    'kate.smith\n',
    'kate@smith',
    '.kate',
    '-kate',
    'k',
    'k'.repeat(51),
  ]) {
    const { status, code } = await changeUsername(other, username)
    assert.deepEqual([status, code], [400, 'http.request_invalid'], JSON.stringify(username))
  }
  assert.equal((await changeUsername(other, 'kate-smith_2')).status, 200, 'control: signs between make another name')
})

test('GG-01 an account signs in with any form of its address, and with no other that reads like it', async () => {
  const person = await newPerson(world, { email: 'jos\u00e9@xn--bcher-kva.example' })
  const signIn = async (email: string) =>
    (
      await fetch(`${baseUrl}/api/v1/auth/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress() },
        body: JSON.stringify({ email, password: person.password }),
      })
    ).status
  for (const email of ['JOSÉ@Bücher.example', 'jose\u0301@bu\u0308cher.example', 'josé＠xn--bcher-kva.example']) {
    assert.equal(await signIn(email), 200, email)
  }
  for (const email of ['jose@xn--bcher-kva.example', 'josé+x@bücher.example', 'josé@bucher.example']) {
    assert.equal(await signIn(email), 401, email)
  }
})

test('GG-01 no form of somebody’s address is free for another account', async () => {
  const person = await newPerson(world)
  for (const [round, email] of [
    'ALICE@MERIDIAN.EXAMPLE',
    'ａlice@meridian.example',
    'alice@meridian。example',
  ].entries()) {
    assert.equal((await person.fetch('/me/email', { method: 'POST', body: { email } })).status, 202, email)
    const told = (await mailsTo(world, alice.email)).filter(({ name }) => name === 'identity.address_in_use')
    assert.equal(told.length, round + 1, email)
  }
  const plus = await person.fetch('/me/email', { method: 'POST', body: { email: 'alice+1@meridian.example' } })
  assert.equal(plus.status, 202)
  const [mail] = await mailsTo(world, 'alice+1@meridian.example')
  assert.equal(mail?.name, 'identity.confirm_new_email', 'a plus sign makes another address')
})
