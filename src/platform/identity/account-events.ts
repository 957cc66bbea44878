import type { App } from '#platform/app.ts'
import type { Queryable } from '#platform/database'
import type { MailDefinition } from '#platform/mail'
import type { NotificationDeclaration } from '#platform/module.ts'

/** Something that happened to an account, of which its owner gets a mail as well. */
export type AccountEvent = {
  userId: string
  /** One of `accountNotifications`. */
  kind: string
  title: string
  message: string
  link: `/${string}`
}

type Listener = (app: App, tx: Queryable, event: AccountEvent) => Promise<void>

const listeners: Listener[] = []

/** Is called in the transaction that does it, which has the system scope. For a module that stands below this one, as it is loaded. */
export function onAccountEvent(listener: Listener): void {
  listeners.push(listener)
}

const withOwnMail = { mail: 'never', hasOwnMail: true } as const

/** Their names are those of the mails that tell the same. */
export const accountNotifications = {
  'identity.new_device': { description: 'Somebody signed in to your account on a new device', ...withOwnMail },
  'identity.passkey_added': { description: 'A passkey was added to your account', ...withOwnMail },
  'identity.passkey_removed': { description: 'A passkey was removed from your account', ...withOwnMail },
  'identity.sign_in_linked': { description: 'A Google account was linked to your account', ...withOwnMail },
  'identity.sign_in_unlinked': { description: 'A Google account was unlinked from your account', ...withOwnMail },
  'identity.two_factor_enabled': { description: 'Two-factor sign-in was turned on', ...withOwnMail },
  'identity.two_factor_removed': { description: 'Two-factor sign-in was turned off', ...withOwnMail },
  'identity.backup_codes_replaced': { description: 'New backup codes were made', ...withOwnMail },
  'identity.backup_code_used': { description: 'A backup code was used', ...withOwnMail },
  'identity.codes_guessed': { description: 'Wrong two-factor codes were tried', ...withOwnMail },
  'identity.email_changed': { description: 'The e-mail address of your account was changed', ...withOwnMail },
} satisfies Readonly<Record<string, NotificationDeclaration>>

const links: Readonly<Record<string, `/${string}`>> = {
  'identity.new_device': '/account/sessions',
  'identity.codes_guessed': '/account/sessions',
  'identity.email_changed': '/account',
}

/** Tells those who listen what a mail tells, in the words of its subject; mails without a declaration stay mails. */
export async function announceAccountEvent<Values extends object>(
  app: App,
  tx: Queryable,
  userId: string,
  mail: MailDefinition<Values>,
  values: Values,
): Promise<void> {
  if (!(mail.name in accountNotifications)) return
  const { subject, lines } = mail.compose(values)
  // The first line greets.
  const message = lines.slice(1).join('\n')
  const event = { userId, kind: mail.name, title: subject, message, link: links[mail.name] ?? '/account/security' }
  for (const listener of listeners) await listener(app, tx, event as AccountEvent)
}
