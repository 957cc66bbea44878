import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Keyring } from '#platform/crypto'
import { runCommand } from '#test/commands.ts'
import { registerRestoreCommand } from './restore-commands.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'commonhold-restore-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))
const settings = {
  config: { dataDir, backupDir: join(dataDir, 'backups') },
  keyring: Keyring.parse(Keyring.generate('k1')),
}
const withApp = () => assert.fail('the database is down')
const restore = (...words: string[]) =>
  runCommand(program => registerRestoreCommand(program, { withApp, readSettings: () => settings }), words)

test('GG-21 the whole server is put back at the command line once that is confirmed, where there is one', async () => {
  const nothing = { code: 'backups.no_backup' }
  await assert.rejects(restore('--latest'), nothing, 'nothing is lost: nothing is asked')
  mkdirSync(join(dataDir, 'postgres'))
  writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '18')
  await assert.rejects(restore('--latest'), { code: 'backups.not_confirmed' })
  await assert.rejects(restore('--latest', '--yes'), nothing)
  await assert.rejects(restore('--latest', '--to', join(dataDir, 'beside')), nothing, 'beside nothing is replaced')
  assert.ok(existsSync(join(dataDir, 'postgres', 'PG_VERSION')))
})

test('GG-21 what does not go together, or is no time or timeline, is refused before anything is done', async () => {
  const refusals: [string[], string][] = [
    [[], 'target_missing'],
    [['--latest', '--at', '2027-01-31T12:00:00Z'], 'target_missing'],
    [['--at', 'yesterday'], 'time_malformed'],
    [['--at', '2027-02-31T12:00:00'], 'time_malformed'],
    [['--latest', '--timeline', 'abc'], 'timeline_malformed'],
    [['--latest', '--in-place'], 'flags_unfit'],
    [['--latest', '--dry-run'], 'flags_unfit'],
    [['--latest', '--table', 'a.b', '--to', dataDir], 'flags_unfit'],
    [['--latest', '--table', 'a.b', '--in-place', '--into', 'a.c'], 'flags_unfit'],
    [['--latest', '--tenant', 'acme'], 'mode_missing'],
    [['--latest', '--tenant', 'acme', '--mode', 'merge'], 'not_confirmed'],
    [['--latest', '--table', 'a.b', '--in-place'], 'not_confirmed'],
  ]
  for (const [words, code] of refusals)
    await assert.rejects(restore(...words), { code: `backups.${code}` }, words.join(' '))
})
