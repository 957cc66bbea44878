import { defineMail, withoutLinks } from '#platform/mail'

type Unsubscribe = { page: string; post: string }

export type NotificationMail = {
  title: string
  message: string
  tenantName: string | undefined
  link: string
  preferencesLink: string
  unsubscribe: Unsubscribe
}

/** Colleagues can cause it: it must not use up the quota of the mails that tell of a burglar. */
export const notificationMail = defineMail<NotificationMail>({
  name: 'notifications.notification',
  description: 'Something that somebody wants to be told at once',
  byAnybody: true,
  compose: ({ title, message, tenantName, link, preferencesLink, unsubscribe }) => ({
    subject: withoutLinks(title),
    lines: [withoutLinks(title), ...(message ? [withoutLinks(message)] : [])],
    ...(tenantName && { facts: [['Workspace', tenantName]] as const }),
    button: { label: 'Open it', link },
    after: [`Choose what is mailed to you at ${preferencesLink}`],
    unsubscribe,
  }),
})

export type DigestMail = {
  items: readonly { where: string; title: string }[]
  more: number
  link: string
  preferencesLink: string
  unsubscribe: Unsubscribe
}

export const digestMail = defineMail<DigestMail>({
  name: 'notifications.digest',
  description: 'What is new and unread, in one mail, at the hour that its reader has chosen',
  byAnybody: true,
  compose: ({ items, more, link, preferencesLink, unsubscribe }) => ({
    subject: items.length + more === 1 ? '1 new notification' : `${items.length + more} new notifications`,
    lines: ['This is new since your last digest, and you have not read it yet:'],
    facts: items.map(({ where, title }) => [withoutLinks(where), withoutLinks(title)] as const),
    button: { label: 'See all', link },
    after: [
      ...(more > 0 ? [`And ${more} more.`] : []),
      `Choose when this comes, and what is in it, at ${preferencesLink}`,
    ],
    unsubscribe,
  }),
})
