import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { addColleague } from './colleagues.ts'

/** `commonhold accounts …`, for operators. */
export function registerAccountsCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('Accounts in workspaces: somebody is made a member')
  parent
    .command('add-member <email>')
    .description('Make an account a member of a tenant, or give a member another role')
    .requiredOption('--tenant <slug>', 'the tenant, by its slug')
    .option('--role <name>', 'a role of that tenant', 'member')
    .option('--json', 'print the result as JSON')
    .action(async (email: string, flags: { tenant: string; role: string; json?: boolean }) => {
      await withApp(app => addColleague(app, { email, slug: flags.tenant, role: flags.role }))
      const result = { email, tenant: flags.tenant, role: flags.role }
      process.stdout.write(
        flags.json ? `${JSON.stringify(result)}\n` : `${email} is ${flags.role} of ${flags.tenant} now.\n`,
      )
    })
}
