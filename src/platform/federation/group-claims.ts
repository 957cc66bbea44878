import { type Static, Type } from 'typebox'
import { uuidPattern } from '#platform/database'
import { oneOf } from '#platform/http'

/** A group as the provider names it: `id` in the form that is compared, `name` as people know it. */
export type ExternalGroup = { id: string; name?: string | undefined }

/**
 * What a provider said of somebody's groups. Only `known` may take roles away: an answer that may be cut short, or that is
 * none, changes nothing.
 */
export type GroupsAnswer =
  | { outcome: 'known'; groups: readonly ExternalGroup[] }
  | { outcome: 'unknown'; reason: UnknownReason }
  | { outcome: 'inactive' }

export const unknownReasons = {
  elsewhere: 'The groups of this provider are read from another source.',
  not_sent: 'This provider sends no groups when somebody signs in.',
  missing: 'The claim was not sent.',
  overage: 'There were too many groups for the token: the provider sent a reference to them.',
  cut: 'There were exactly as many groups as the provider sends at most: some may be missing.',
  no_list: 'The claim is not a list of groups.',
  unreadable: 'The list has something in it that is not the name of a group.',
  other_form: 'The list has groups in another form than the one set.',
  too_many: 'There were more groups than can be kept.',
} as const
export type UnknownReason = keyof typeof unknownReasons

export const groupSources = ['claim', 'scim'] as const
export const groupFormats = ['name', 'guid', 'domain', 'path'] as const
export type GroupFormat = (typeof groupFormats)[number]

/** Where the groups of a provider's people are read. */
export const GroupSettings = Type.Object({
  source: oneOf(groupSources, { description: '`claim`: when somebody signs in. `scim`: as the provider sends them' }),
  claim: Type.String({
    minLength: 1,
    maxLength: 255,
    description: 'The name of the claim, to the letter: dots and slashes are part of it',
    examples: ['groups', 'https://acme.example/roles'],
  }),
  format: oneOf(groupFormats, {
    description: '`guid`: object ids. `domain`: DOMAIN\\name. `path`: /parent/child. `name`: anything else',
  }),
})
export type GroupSettings = Static<typeof GroupSettings>

/** The most groups of one person, and characters of one group. */
export const mostGroups = 5_000
export const longestGroup = 500

/** Okta ends the claim there without a word. */
const oktaLimit = 100
/** Beyond it Entra sends a reference in place of the groups; a longer list did not come from there. */
const entraLimit = 200

type Claims = Readonly<Record<string, unknown>>

/**
 * Reads somebody's groups from what his provider said at a sign-in: the claims of the ID token, and those of the userinfo
 * endpoint for what the token leaves out. References to groups elsewhere (`_claim_names`, `hasgroups`) are never followed.
 */
export function readGroups(
  provider: { type: string; settings: GroupSettings },
  ...answers: readonly (Claims | undefined)[]
): GroupsAnswer {
  const { type, settings } = provider
  if (settings.source !== 'claim') return unknown('elsewhere')
  if (type === 'google') return unknown('not_sent')
  const given = answers.filter(answer => answer !== undefined)
  if (given.some(claims => isReferred(claims, settings.claim))) return unknown('overage')
  const telling = given.find(claims => Object.hasOwn(claims, settings.claim) && claims[settings.claim] !== null)
  if (!telling) return unknown('missing')
  return readList(type, settings.format, telling[settings.claim])
}

const unknown = (reason: UnknownReason): GroupsAnswer => ({ outcome: 'unknown', reason })

/** OpenID Connect Core 5.6.2 (distributed claims), as Entra uses it; and what Entra says in the implicit flow. */
function isReferred(claims: Claims, claim: string): boolean {
  const { _claim_names: names, _claim_sources: sources, hasgroups } = claims
  if (claim === 'groups' && hasgroups !== undefined && hasgroups !== false && hasgroups !== 'false') return true
  if (names === undefined) return sources !== undefined && !Object.hasOwn(claims, claim)
  return typeof names !== 'object' || names === null || Object.hasOwn(names, claim)
}

function readList(type: string, format: GroupFormat, said: unknown): GroupsAnswer {
  const list = typeof said === 'string' ? readSingle(said) : said
  if (!Array.isArray(list)) return unknown('no_list')
  if (list.length > mostGroups) return unknown('too_many')
  if (type === 'okta' && list.length === oktaLimit) return unknown('cut')
  if (type === 'azure' && list.length > entraLimit) return unknown('cut')
  const groups = new Map<string, ExternalGroup>()
  for (const entry of list) {
    if (!isReadable(entry)) return unknown('unreadable')
    const group = readGroup(format, entry)
    if (!group) return unknown('other_form')
    if (!groups.has(group.id)) groups.set(group.id, group)
  }
  return { outcome: 'known', groups: [...groups.values()] }
}

/** Some send the only group without a list. What may be several in one text is not guessed at. */
const readSingle = (text: string) => (text.trim() === '' || /[,;|[{]/.test(text) ? undefined : [text])

const isReadable = (entry: unknown): entry is string =>
  typeof entry === 'string' &&
  entry.trim() !== '' &&
  entry.length <= longestGroup &&
  entry.isWellFormed() &&
  !/\p{Cc}/u.test(entry)

/** A group in the form that is compared; undefined where the text has another form. */
export function readGroup(format: GroupFormat, text: string): ExternalGroup | undefined {
  const name = text.normalize('NFC').trim()
  switch (format) {
    case 'guid':
      return uuidPattern.test(name) ? { id: name.toLowerCase() } : undefined
    case 'domain':
      return domainName.test(name) ? { id: name.toLowerCase(), name } : undefined
    case 'path':
      return /^\/[^/]/.test(name) ? { id: name.replace(/\/+$/, ''), name } : undefined
    case 'name':
      return { id: name, name }
  }
}

const domainName = /^[^\\]+\\[^\\]+$/

/** The names, without a domain, and ids of groups in which everybody is. */
const everybody =
  /^(.*\\)?(everyone|everybody|all users|all company|domain users|authenticated users)$|^builtin\\users$|^s-1-1-0$|^s-1-5-11$|^s-1-5-32-545$|^s-1-5-21-[0-9-]+-513$/i

/** Whether a group is one of all people by its name, or a pattern: such a group gives no role (AG-06). */
export const isEverybody = (group: ExternalGroup): boolean =>
  group.id.includes('*') || [group.id, group.name ?? ''].some(name => everybody.test(name.trim()))

/** What a provider's product does unless somebody says otherwise. */
export const usualSettings = (type: string): GroupSettings => ({
  source: 'claim',
  claim: 'groups',
  format: type === 'azure' ? 'guid' : 'name',
})
