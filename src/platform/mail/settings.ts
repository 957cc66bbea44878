import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { isAddress } from './addresses.ts'
import { isLoopbackHost } from './loopback.ts'
import { readSmtpUrl } from './smtp-urls.ts'

export const mailSettings = {
  smtpUrl: Type.Optional(
    Type.Refine(
      Type.String({
        env: 'SMTP_URL',
        secret: true,
        description:
          'The mail server: smtp://user:password@host:587 (STARTTLS) or smtps://…:465, special characters as %40; mails are kept and not sent unless set',
      }),
      (url: string) => readSmtpUrl(url).server !== undefined,
      (url: string) => `is no address of a mail server: ${readSmtpUrl(url).fault}`,
    ),
  ),
  mailFrom: Type.Optional(
    Type.Refine(
      Type.String({
        env: 'COMMONHOLD_MAIL_FROM',
        description: 'Who mails come from, `Name <address>`; Commonhold <no-reply@host of the public URL> unless set',
      }),
      (text: string) => readSender(text) !== undefined,
      () => 'is not written as Name <address>',
    ),
  ),
}

export type Sender = { name: string; address: string }

/** Whether mails go out; else they are kept. */
export function hasSmtp(app: App): boolean {
  return app.config.smtpUrl !== undefined
}

export function senderOf(app: App): Sender {
  const set = typeof app.config.mailFrom === 'string' ? readSender(app.config.mailFrom) : undefined
  const host = new URL(app.publicUrl).hostname
  // An address in place of a name is written in brackets (RFC 5321, 4.1.3).
  const domain = host.replace(/^\[/, '[IPv6:').replace(/^\d+(\.\d+){3}$/, '[$&]')
  return set ?? { name: 'Commonhold', address: `no-reply@${domain}` }
}

/**
 * What is wrong with how mail is set up, in a sentence for who starts the program: on a host that people reach, mails
 * that are only kept lock everybody out who needs a link.
 */
export function findMailFault(app: App): string | undefined {
  if (hasSmtp(app) || isLocal(app)) return undefined
  return `SMTP_URL is not set: nobody at ${app.publicUrl} gets a mail, neither to confirm an address nor for a new password.`
}

/** Whether this installation is reached only on the computer it runs on, as in development. */
export function isLocal(app: App): boolean {
  return isLoopbackHost(new URL(app.publicUrl).hostname)
}

function readSender(text: string): Sender | undefined {
  const [, name = '', address = ''] = /^([^<>\p{Cc}]*)<([^<>]+)>$/u.exec(text.trim()) ?? ['', '', text.trim()]
  return isAddress(address) ? { name: name.trim().replace(/^"(.*)"$/, '$1'), address } : undefined
}
