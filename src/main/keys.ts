import type { Command } from 'commander'
import { systemClock } from '#platform/clock.ts'
import { Keyring } from '#platform/crypto'
import { errorTable } from '#platform/errors.ts'

const errors = errorTable('keys', {
  idMalformed: ['invalid', 'A key id is 1 to 32 lower-case letters, digits and hyphens: {id} is not.'],
})

/** `commonhold keys …` (GG-17). A key goes to stdout and nowhere else: who asks keeps it. */
export function registerKeyCommands(program: Command, clock = systemClock): void {
  program
    .command('keys')
    .description('Encryption keys of an installation')
    .command('create')
    .description('Print a new key for COMMONHOLD_KEYS; to rotate, put it before the ones in use, after a comma')
    .argument('[id]', 'names the key in what it encrypts; unique among your keys (default: k and the date)')
    .option('--json', 'print it as JSON')
    .action((given: string | undefined, { json }: { json?: boolean }) => {
      const id = given ?? `k${clock.now().toISOString().slice(0, 10).replaceAll('-', '')}`
      if (!/^[a-z0-9-]{1,32}$/.test(id)) throw errors.idMalformed({ id })
      const key = Keyring.generate(id)
      process.stdout.write(`${json ? JSON.stringify({ id, key }) : key}\n`)
    })
}
