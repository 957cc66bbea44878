import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { publicKeyOf } from '#platform/audit'
import { listDocumentKeys, openDocumentSigner } from '#platform/identity'
import type { CommandContext } from '#platform/module.ts'
import { type ChangedKey, changeSigningKey, type Handover } from './key-changes.ts'

/** `commonhold audit key` and `audit rotate-key`: what checkpoints are signed with. */
export function registerKeyCommands(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('key')
    .description('Print the public key that checkpoints are signed with, its thumbprint, and the keys of before')
    .option('--all', 'print the keys of before whole, for proofs of their time')
    .option('--json', 'print all of them as JSON')
    .action(async ({ all, json }: { all?: boolean; json?: boolean }) => {
      const { key, before } = await withApp(async app => {
        const key = publicKeyOf(await openDocumentSigner(app))
        return { key, before: (await listDocumentKeys(app)).filter(({ keyId }) => keyId !== key.keyId) }
      })
      if (json) {
        process.stdout.write(`${JSON.stringify({ ...key, before }, null, 2)}\n`)
        return
      }
      process.stdout.write(`${key.pem}Thumbprint: ${key.thumbprint}\n`)
      for (const { pem, thumbprint, retiredAt } of before)
        process.stdout.write(`${all ? pem : ''}Until ${retiredAt?.toISOString()}: ${thumbprint}\n`)
    })

  parent
    .command('rotate-key')
    .description(
      'Sign checkpoints with a new key from now on, which the old one names in each log; what the old one signs later is found',
    )
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nEnds with 6 where a log was not reached: its next checkpoint hands it over. The old public key is kept: commonhold audit key --all.',
    )
    .action(async ({ reason, json }: { reason: string; json?: boolean }) => {
      const by = `${userInfo().username} at the command line`
      const changed = await withApp(app => changeSigningKey(app, { reason, by }))
      process.stdout.write(json ? `${JSON.stringify(changed, null, 2)}\n` : describe(changed))
      if (changed.databases.some(({ failure }) => failure !== null)) process.exitCode = 6
    })
}

function describe({ from, to, databases }: ChangedKey): string {
  return [
    `The key ${to} signs from now on, in the place of ${from}.`,
    ...databases.map(sentenceOf),
    'Give the new one to whoever checks proofs: commonhold audit key. Proofs of before hold, with the key of before.',
    '',
  ].join('\n')
}

const sentenceOf = ({ database, checkpoint, failure }: Handover): string => {
  const log = database ?? 'The main database'
  return failure === null
    ? `${log}: handed over with checkpoint ${checkpoint}.`
    : `${log}: NOT handed over yet (${failure}); its next checkpoint does it.`
}
