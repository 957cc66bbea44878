import type { App } from '#platform/app.ts'
import type { RenderedMail } from './layout.ts'

/** What is kept encrypted of a message: the mail, and the name that stands beside the address. */
export type Content = RenderedMail & { recipientName?: string }

export function sealContent(app: App, id: string, content: Content): string {
  return app.keyring.encrypt(JSON.stringify(content), contextOf(id))
}

/** The content of a message that is queued or kept. */
export function openContent(app: App, message: { id: string; content: string }): Content {
  return JSON.parse(app.keyring.decrypt(message.content, contextOf(message.id)))
}

const contextOf = (id: string) => `mail.messages.content:${id}`
