import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isEasilyGuessed } from './common-passwords.ts'

test('PE-01 frequent passwords are refused in any case, with digits or signs around them, and repeated', async () => {
  const guessed = [
    'password',
    'PassWord',
    '12345678',
    'iloveyou1',
    'Password2024',
    '!baseball!',
    'sunshine1!',
    'passwordpassword',
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    'ｐａｓｓｗｏｒｄ',
  ]
  for (const password of guessed) assert.equal(await isEasilyGuessed(password), true, password)
})

test('PE-01 the own address and name and the product’s are refused, others’ are not', async () => {
  const ada = { email: 'ada.lovelace@example.com', fullName: 'Ada Lovelace' }
  const guessed = [
    'ada.lovelace@example.com',
    'Ada.Lovelace@Example.com',
    'AdaLovelace',
    'ada lovelace 1815',
    'Lovelace1815',
    'lovelace-ada',
    'example.com',
    'Commonhold1',
    'lovelacelovelace',
  ]
  for (const password of guessed) assert.equal(await isEasilyGuessed(password, ada), true, password)
  const grace = { email: 'grace@navy.example', fullName: null }
  assert.equal(await isEasilyGuessed('AdaLovelace', grace), false, 'control: nobody guesses that of her')
})

test('PE-01 a few unrelated words, or what a generator makes, are not refused', async () => {
  const good = [
    'correct horse battery staple',
    'a rather long passphrase',
    'kV3$wq0zPx',
    'lovelace wrote the first program',
    'sunshine82736451928',
    'Straße nach Süden',
    '鳥は木の枝で歌う',
  ]
  const ada = { email: 'ada.lovelace@example.com', fullName: 'Ada Lovelace' }
  for (const password of good) assert.equal(await isEasilyGuessed(password, ada), false, password)
})
