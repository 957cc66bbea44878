import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, printableLines } from './terminal.ts'

test('what somebody else wrote does nothing to a terminal but stand there', () => {
  assert.equal(printable('\u001b[2J\u001b]0;title\u0007x\r\ny'), '\\u{1b}[2J\\u{1b}]0;title\\u{7}x\\u{d}\\u{a}y')
  assert.equal(printable('\u009b31m\u202egpj.exe\u2066\u2028'), '\\u{9b}31m\\u{202e}gpj.exe\\u{2066}\\u{2028}')
  assert.equal(printable('Müller & Søn 株式会社 👩‍🚒'), 'Müller & Søn 株式会社 👩‍🚒')
  assert.equal(printableLines('one\u001b\ntwo'), 'one\\u{1b}\ntwo')
})
