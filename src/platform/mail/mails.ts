import type { App } from '#platform/app.ts'
import { errors } from './errors.ts'

/** What a mail says; everything is plain text. Text and HTML are made of it by one layout. */
export type MailContent = {
  subject: string
  /** Paragraphs. */
  lines: readonly string[]
  /** Things told by name, as a small table: `['Device', 'Firefox on Linux']`. */
  facts?: readonly (readonly [label: string, value: string])[]
  /** The one thing to do; the link must lead to this installation (`linkTo`). */
  button?: { label: string; link: string }
  /** Paragraphs below the button. */
  after?: readonly string[]
  /** For mails that one may do without: a page that ends them, and the address that ends them by a POST (RFC 8058). */
  unsubscribe?: { page: string; post: string }
}

/** A kind of mail. `name` is `module.what_it_is`. */
export type MailDefinition<Values extends object> = {
  name: string
  /** Why somebody gets it, for who runs the installation. */
  description: string
  /**
   * Whoever knows an address can have it sent there. Such mails have a quota of their own, or a burglar would first use up
   * the one of the mails that tell of him.
   */
  byAnybody?: boolean
  compose: (values: Values) => MailContent
}

/**
 * Declares a kind of mail. Values whose keys end with `name` (`name`, `tenantName`) are taken as free text of strangers:
 * before `compose` gets them they are cut to 100 characters, and what mail programs would make a link of is broken up.
 */
export function defineMail<Values extends object>(definition: MailDefinition<Values>): MailDefinition<Values> {
  if (!/^[a-z_]+\.[a-z0-9_]+$/.test(definition.name)) throw new Error(`The mail ${definition.name} is misnamed`)
  if (declared.has(definition.name)) throw new Error(`The mail ${definition.name} is declared twice`)
  declared.add(definition.name)
  return definition
}

const declared = new Set<string>()

/**
 * The address of a page of this installation, with a secret for it in the fragment: browsers send that neither to
 * servers nor as Referer, so it is in nobody's log.
 */
export function linkTo(app: App, path: `/${string}`, token?: string): string {
  return `${app.publicUrl}${path}${token === undefined ? '' : `#token=${encodeURIComponent(token)}`}`
}

/** Fills a mail in. A link to elsewhere is refused, whoever asked for it. */
export function composeMail<Values extends object>(
  app: App,
  mail: MailDefinition<Values>,
  values: Values,
): MailContent {
  const content = mail.compose(
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        typeof value === 'string' && /name$/i.test(key) ? plainName(value) : value,
      ]),
    ) as Values,
  )
  const links = [content.button?.link, content.unsubscribe?.page, content.unsubscribe?.post]
  if (links.some(link => link !== undefined && !link.startsWith(`${app.publicUrl}/`))) {
    throw errors.linkForeign({ name: mail.name })
  }
  return content
}

/** Whoever signs a stranger up under the name "Win at www.evil.example" would have us send him that link. */
function plainName(name: string): string {
  const line = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()
  return withoutLinks([...line].slice(0, 100).join(''))
}

/** For text that holds names which strangers have chosen: mail programs make no links of what is in it. */
export function withoutLinks(text: string): string {
  return text.replace(/:\/\//g, ': // ').replace(/(?<=[\p{L}\p{N}])\.(?=[\p{L}\p{N}]{2})/gu, '. ')
}
