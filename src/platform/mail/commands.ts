import type { Command } from 'commander'
import type { App } from '#platform/app.ts'
import type { CommandContext } from '#platform/module.ts'
import { checkAddress } from './addresses.ts'
import { errors } from './errors.ts'
import { renderMail } from './layout.ts'
import { getMessage, listMessages, type MailMessage } from './records.ts'
import { hasSmtp } from './settings.ts'
import { type Outcome, sendBySmtp } from './smtp.ts'

/** `commonhold mail …`, for operators. */
export function registerMailCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('Mails and what became of them; the mail server tried')
  parent
    .command('list')
    .description('Show the last 100 mails and what became of them')
    .option('--json', 'print them as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const messages = await withApp(app => listMessages(app, 100))
      process.stdout.write(json ? `${JSON.stringify(messages, null, 2)}\n` : tableOf(messages))
    })

  parent
    .command('show <id>')
    .description('Show one mail; what it says as long as it is not delivered')
    .option('--json', 'print it as JSON')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const message = await withApp(app => getMessage(app, id))
      process.stdout.write(json ? `${JSON.stringify(message, null, 2)}\n` : `${describe(message)}\n`)
    })

  parent
    .command('test <address>')
    .description('Send a mail there now, and tell what the mail server answers')
    .option('--json', 'print the answer as JSON')
    .action(async (address: string, { json }: { json?: boolean }) => {
      const { server, answer } = await withApp(app => sendTestMail(app, address))
      process.stdout.write(
        json
          ? `${JSON.stringify({ address, server, answer })}\n`
          : `The mail server ${server} took the mail for ${address}: ${answer}\n`,
      )
    })
}

/** Sends a mail at once, past the queue. Refuses where none can be sent, and what the server does not take. */
export async function sendTestMail(app: App, address: string): Promise<Outcome> {
  const recipient = checkAddress(address)
  if (!hasSmtp(app)) throw errors.smtpMissing()
  const content = renderMail(app, {
    subject: 'Test of Commonhold’s mail',
    lines: ['Hello,', 'mails of this installation reach you: somebody who runs it has just tried.'],
    button: { label: 'Open Commonhold', link: `${app.publicUrl}/` },
  })
  const outcome = await sendBySmtp(app, { id: crypto.randomUUID(), recipient, content, createdAt: app.clock.now() })
  const { kind, server, answer: reason } = outcome
  if (kind === 'refused') throw errors.recipientRefused({ server, address: recipient, reason })
  if (kind === 'failed') throw errors.notTaken({ server, reason })
  return outcome
}

function tableOf(messages: readonly MailMessage[]): string {
  if (messages.length === 0) return 'No mail was sent in the last 30 days.\n'
  const rows = messages.map(({ id, createdAt, status, name, recipient }) => [
    id,
    createdAt.toISOString().slice(0, 19).replace('T', ' '),
    status,
    name,
    recipient,
  ])
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows
    .map(
      row =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function describe(message: Awaited<ReturnType<typeof getMessage>>): string {
  const { recipient, name, status, attempts, lastError, createdAt, sentAt, subject, text } = message
  const state = status === 'sent' ? `sent ${sentAt?.toISOString()}` : `${status} after ${attempts} attempts`
  return [
    `To:      ${recipient}`,
    `Mail:    ${name}`,
    `Written: ${createdAt.toISOString()}`,
    `State:   ${state}`,
    ...(lastError === null ? [] : [`Answer:  ${lastError}`]),
    ...(subject === undefined ? [] : [`Subject: ${subject}`, '', text ?? '']),
  ].join('\n')
}
