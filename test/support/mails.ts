import { openContent } from '../../src/platform/mail/contents.ts'
import type { World } from './world.ts'

export type TestMail = {
  name: string
  subject: string
  text: string
  html: string
  /** Where the button leads. */
  link?: string
  /** The secret in that link's fragment. */
  token?: string
  /** The address of `List-Unsubscribe`. */
  unsubscribe?: string | undefined
}

/** The mails that somebody was sent, oldest first: what is queued or kept, not what was dropped or has been delivered. */
export async function mailsTo(world: Pick<World, 'admin' | 'app'>, address: string): Promise<TestMail[]> {
  const { rows } = await world.admin.query<{ id: string; name: string; content: string }>(
    `select id, name, content
     from mail.messages
     where lower(recipient) = lower($1)
       and content is not null
     order by created_at, id`,
    [address],
  )
  return rows.map(({ id, name, content }) => {
    const { subject, text, html, link, unsubscribe } = openContent(world.app, { id, content })
    const token = link === undefined ? undefined : new URLSearchParams(new URL(link).hash.slice(1)).get('token')
    return { name, subject, text, html, unsubscribe, ...(link !== undefined && { link }), ...(token && { token }) }
  })
}
