import { isIP } from 'node:net'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type AccountLogin, type LoginFilters, listAccountLogins } from '#platform/identity'
import type { CommandContext } from '#platform/module.ts'
import { printable } from '#platform/terminal.ts'
import { findPerson, readLimit, readTime } from './log-arguments.ts'

type Listing = Omit<LoginFilters, 'userId' | 'ipAddress'> & {
  user?: string
  ip?: string
  limit: number
  cursor?: string
  json?: boolean
}

/** `commonhold audit logins` (MT-09), for operators. */
export function registerLoginCommand(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('logins')
    .description('List sign-ins to all accounts, those that failed too, newest first')
    .option('--user <email>', 'to this account, by address or id')
    .addOption(new Option('--status <status>', 'how they ended').choices(['success', 'failed']))
    .option('--ip <address>', 'from this address, or a network such as 192.0.2.0/24', readNetwork)
    .option('--from <time>', 'since then, such as 2026-11-01T00:00:00Z', readTime)
    .option('--to <time>', 'before then', readTime)
    .option('--limit <count>', 'how many at most, up to 1000', readLimit, 50)
    .option('--cursor <text>', 'go on where the list before ended')
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      '\nWho named an unknown address has no account whose history it were: commonhold audit security-events --event sign_in_failed. Older months are archived: commonhold archive list.',
    )
    .action(async ({ user, ip: ipAddress, limit, cursor, json, ...filters }: Listing) => {
      const page = await withApp(async app => {
        const userId = user === undefined ? undefined : await findPerson(app, user)
        return await listAccountLogins(
          app.db.scoped({ system: true }),
          { ...filters, ipAddress, userId },
          { limit, cursor },
        )
      })
      process.stdout.write(json ? `${JSON.stringify(page, null, 2)}\n` : page.items.map(describe).join(''))
      if (json) return
      if (page.items.length === 0) process.stderr.write('No sign-in fits.\n')
      if (page.nextCursor) process.stderr.write(`There are more: --cursor ${page.nextCursor}\n`)
    })
}

function readNetwork(text: string): string {
  const [address = '', bits, ...rest] = text.split('/')
  const most = isIP(address) === 6 ? 128 : 32
  const isNetwork = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
  if (isIP(address) === 0 || !isNetwork || rest.length > 0)
    throw new InvalidArgumentError('It is an address such as 192.0.2.7, or a network such as 192.0.2.0/24.')
  return text
}

function describe({
  createdAt,
  status,
  failureReason,
  methods,
  device,
  place,
  ipAddress,
  ...it
}: AccountLogin): string {
  const facts = [
    createdAt.toISOString(),
    status === 'failed' ? `failed: ${failureReason}` : 'success',
    `${it.userName} <${it.email}>`,
    methods.join(' and '),
    ipAddress,
    place && [place.city, place.country].filter(Boolean).join(', '),
    device.words,
  ]
  return `${printable(facts.filter(Boolean).join('  '))}\n`
}
