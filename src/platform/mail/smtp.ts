import type { NodemailerError } from 'nodemailer/lib/errors'
import type { App } from '#platform/app.ts'
import type { Content } from './contents.ts'
import { errors } from './errors.ts'
import { oneLine } from './layout.ts'
import { senderOf } from './settings.ts'
import { type MailServer, readSmtpUrl } from './smtp-urls.ts'

export type Outcome = {
  /** `refused`: this mail to this address will never be taken. `failed`: later it may be. */
  kind: 'taken' | 'refused' | 'failed'
  /** What the server said, or why it could not be asked; free of links and secrets. */
  answer: string
  /** Host and port. */
  server: string
}

/**
 * Hands one mail to the mail server, over a connection of its own. The Message-ID follows from `id`, so that a mail
 * that is sent again, because nobody could tell whether it had been taken, is known again by those who receive it.
 */
export async function sendBySmtp(
  app: App,
  message: { id: string; recipient: string; content: Content; createdAt: Date },
): Promise<Outcome> {
  const mailServer = serverOf(app)
  const server = `${mailServer.host}:${mailServer.port}`
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    ...mailServer,
    connectionTimeout: 20_000,
    greetingTimeout: 20_000,
    socketTimeout: 60_000,
    dnsTimeout: 10_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const from = senderOf(app)
  const { recipientName = '', subject, text, html, unsubscribe } = message.content
  try {
    const { response } = await transport.sendMail({
      from,
      to: { name: oneLine(recipientName), address: message.recipient },
      envelope: { from: from.address, to: [message.recipient] },
      subject,
      text,
      html,
      messageId: `<${message.id}@${domainOf(from.address)}>`,
      date: message.createdAt,
      // RFC 3834: no answers from those who are away.
      headers: {
        'Auto-Submitted': 'auto-generated',
        'X-Auto-Response-Suppress': 'All',
        ...(unsubscribe !== undefined && {
          'List-Unsubscribe': `<${unsubscribe}>`,
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        }),
      },
    })
    return { kind: 'taken', answer: clean(response, mailServer), server }
  } catch (error) {
    return {
      kind: isRefusal(error as NodemailerError) ? 'refused' : 'failed',
      answer: answerOf(error, mailServer),
      server,
    }
  } finally {
    transport.close()
  }
}

function serverOf(app: App): MailServer {
  if (typeof app.config.smtpUrl !== 'string') throw errors.smtpMissing()
  const { server, fault } = readSmtpUrl(app.config.smtpUrl)
  if (!server) throw new Error(`SMTP_URL was not checked: ${fault}`)
  return server
}

/** A 5xx to this recipient or this content. One to our sign-in or sender is our own setting's fault, and can be mended. */
function isRefusal({ code, command, responseCode = 0 }: NodemailerError): boolean {
  if (code === 'EENVELOPE' && command === 'API') return true
  const isAboutUs = responseCode === 530 || responseCode === 535
  return (command === 'RCPT TO' || command === 'DATA') && responseCode >= 500 && responseCode < 600 && !isAboutUs
}

function answerOf(error: unknown, server: MailServer): string {
  const { response, message } = error as NodemailerError
  return clean(response || message, server)
}

/** Spam filters quote the links that they dislike; ours are as good as passwords, and the answer is kept and logged. */
function clean(answer: string, { auth }: MailServer): string {
  return oneLine(auth ? answer.replaceAll(auth.pass, '[password]') : answer)
    .replace(/https?:\/\/\S+/gi, '[link]')
    .replace(/[\w+/=-]{24,}/g, '[hidden]')
    .slice(0, 500)
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
