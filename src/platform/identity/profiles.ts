import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { type IfMatch, nullable, requireMatch, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { isTimezone, requireTimezone } from './timezones.ts'
import { User } from './users.ts'

/** The signed-in user as every page shows him to himself. */
export const Profile = Type.Object({
  ...User.properties,
  avatarUrl: nullable(Type.String({ description: 'Where the picture is, below this installation' })),
  timezone: Type.String({ description: 'IANA name; dates are shown in it' }),
  language: Type.String(),
})
export type Profile = Static<typeof Profile>

export function getProfile(tx: Queryable, userId: string): Promise<Profile> {
  return tx.one(sql<Profile>`
    select
      account.id,
      account.email,
      account.full_name,
      account.username,
      profile.avatar_url,
      profile.timezone,
      profile.language
    from identity.users as account
    join identity.user_profiles as profile
      on profile.user_id = account.id
    where account.id = ${userId}`)
}

/** Undefined for the account of a program, and where this program does not know the zone. Needs the system scope. */
export async function findTimezone(tx: Reader, userId: string): Promise<string | undefined> {
  const found = await tx.maybe<{ timezone: string }>(sql`
    select timezone
    from identity.user_profiles
    where user_id = ${userId}`)
  return found && isTimezone(found.timezone) ? found.timezone : undefined
}

// What moves the cursor or turns the direction of reading would change how the words around a name look.
const unshown = '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069'
const line = `^[^\\t\\n${unshown}]*$`
const filledLine = `^(?=.*\\S)[^\\t\\n${unshown}]*$`
const shortText = (maxLength: number, pattern = line) => Type.String({ maxLength, pattern })
const longText = (maxLength: number) => Type.String({ maxLength, pattern: `^[^${unshown}]*$` })

const link = Type.Optional(Type.String({ maxLength: 500, description: 'http or https' }))
const SocialLinks = Type.Object({
  website: link,
  linkedin: link,
  github: link,
  x: link,
  mastodon: link,
  bluesky: link,
  facebook: link,
  instagram: link,
  youtube: link,
})

const EmailPreferences = Type.Object({
  marketing: Type.Boolean(),
  updates: Type.Boolean(),
  security: Type.Boolean(),
  newsletter: Type.Boolean(),
})

const fields = {
  fullName: Type.String({ minLength: 1, maxLength: 255, pattern: filledLine, examples: ['Ada Lovelace'] }),
  username: nullable(
    Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{1,49}$',
      description: '2 to 50 letters without accents, digits, dots, hyphens and low lines; unique in any case',
    }),
  ),
  firstName: nullable(shortText(100)),
  lastName: nullable(shortText(100)),
  phone: nullable(
    Type.String({ maxLength: 20, pattern: '^([+(]?[0-9][0-9 ()./-]*)?$', examples: ['+44 20 7946 0018'] }),
  ),
  address: nullable(longText(500)),
  timezone: Type.String({ minLength: 1, maxLength: 50, description: 'IANA name', examples: ['Europe/Berlin'] }),
  language: Type.String({
    maxLength: 35,
    pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
    description: 'BCP 47',
    examples: ['en', 'de-CH'],
  }),
  bio: nullable(longText(2000)),
  title: nullable(shortText(100)),
  department: nullable(shortText(100)),
  socialLinks: SocialLinks,
  skills: Type.Array(shortText(50, filledLine), { maxItems: 50, description: 'Each once, in any case' }),
  preferences: Type.Record(Type.String(), Type.Unknown(), {
    description: 'Whatever programs keep for their user; at most 8,192 bytes of JSON',
  }),
}

/** All that a person tells about himself (MT-08), as he sees it himself. */
export const OwnProfile = Type.Object(
  {
    id: uuid,
    ...fields,
    fullName: nullable(fields.fullName),
    avatarUrl: nullable(Type.String()),
    emailPreferences: EmailPreferences,
  },
  { title: 'OwnProfile' },
)
export type OwnProfile = Static<typeof OwnProfile>

/** What is given is changed; lists and objects as a whole, but e-mail preferences one by one. Null and blank empty. */
export const ProfileChange = Type.Partial(Type.Object({ ...fields, emailPreferences: Type.Partial(EmailPreferences) }))
export type ProfileChange = Static<typeof ProfileChange>

export function getOwnProfile(tx: Queryable, userId: string): Promise<OwnProfile> {
  return tx.one(sql<OwnProfile>`
    select
      account.id,
      account.full_name,
      account.username,
      profile.first_name,
      profile.last_name,
      profile.phone,
      profile.address,
      profile.timezone,
      profile.language,
      profile.bio,
      profile.title,
      profile.department,
      profile.social_links,
      profile.skills,
      profile.preferences,
      profile.avatar_url,
      profile.email_preferences
    from identity.users as account
    join identity.user_profiles as profile
      on profile.user_id = account.id
    where account.id = ${userId}`)
}

/**
 * Changes what a person tells about himself, unless it is another than `ifMatch` names. `tx` is a transaction in the
 * system scope: accounts are changed by the platform alone.
 */
export async function changeProfile(
  tx: Queryable,
  userId: string,
  change: ProfileChange,
  ifMatch?: IfMatch,
): Promise<OwnProfile> {
  await tx.run(sql`select from identity.users where id = ${userId} for no key update`)
  const profile = await getOwnProfile(tx, userId)
  requireMatch(ifMatch, profile)
  const next = { ...profile, ...cleaned(change) }
  await onViolation(
    tx.run(sql`
      update identity.users
      set
        full_name = ${next.fullName},
        username = ${next.username}
      where id = ${userId}
        and (full_name, username) is distinct from (${next.fullName}, ${next.username})`),
    { users_username_unique: () => unfit('username', 'is taken', errors.usernameTaken) },
  )
  await onViolation(
    tx.run(sql`
      update identity.user_profiles
      set
        first_name = ${next.firstName},
        last_name = ${next.lastName},
        phone = ${next.phone},
        address = ${next.address},
        timezone = ${next.timezone},
        language = ${next.language},
        bio = ${next.bio},
        title = ${next.title},
        department = ${next.department},
        social_links = ${json(next.socialLinks)},
        skills = ${json(next.skills)},
        preferences = ${json(next.preferences)},
        email_preferences = ${json({ ...profile.emailPreferences, ...change.emailPreferences })}
      where user_id = ${userId}`),
    { user_profiles_preferences_size: () => unfit('preferences', 'are too large') },
  )
  return await getOwnProfile(tx, userId)
}

/** The change as it is stored; what a schema cannot say is refused here. */
function cleaned({ emailPreferences: _, ...change }: ProfileChange): Partial<OwnProfile> {
  const clean: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(change))
    clean[field] = typeof value === 'string' ? value.trim() || null : value
  if (change.timezone !== undefined) requireTimezone(change.timezone)
  if (change.language !== undefined) clean.language = canonicalLanguage(change.language)
  if (change.socialLinks) clean.socialLinks = cleanLinks(change.socialLinks)
  if (change.skills) clean.skills = cleanSkills(change.skills)
  if (change.preferences) requireFit(change.preferences)
  return clean
}

function canonicalLanguage(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] as string
  } catch {
    throw unfit('language', 'is not a language tag, such as en or de-CH')
  }
}

function cleanLinks(links: OwnProfile['socialLinks']): OwnProfile['socialLinks'] {
  const clean = Object.entries(links).filter(([, address]) => address.trim() !== '')
  return Object.fromEntries(clean.map(([name, address]) => [name, cleanLink(`socialLinks/${name}`, address.trim())]))
}

/** An address that a click may follow: no scripts, and no name and password before the host, which would pass for it. */
function cleanLink(pointer: string, address: string): string {
  const url = URL.parse(address)
  const isWeb = url !== null && /^https?:\/\//i.test(address) && /^https?:$/.test(url.protocol)
  if (!isWeb || url.username || url.password || /[\s\p{C}]/u.test(address) || url.href.length > 500)
    throw unfit(pointer, 'must be an address that begins with https:// or http://')
  return url.href
}

function cleanSkills(skills: readonly string[]): string[] {
  const clean = skills.map(skill => skill.trim().replace(/\s+/g, ' '))
  const known = new Set<string>()
  for (const [index, skill] of clean.entries()) {
    const key = skill.normalize('NFKC').toLowerCase()
    if (known.has(key)) throw unfit(`skills/${index}`, 'is there already')
    known.add(key)
  }
  return clean
}

function requireFit(preferences: Readonly<Record<string, unknown>>): void {
  if (isDeeper(preferences, 10)) throw unfit('preferences', 'are nested too deeply')
  if (Buffer.byteLength(JSON.stringify(preferences)) > 8192) throw unfit('preferences', 'are too large')
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(member => isDeeper(member, levels - 1))
}

function unfit(pointer: string, message: string, error = errors.profileUnfit) {
  return error({ errors: [{ in: 'body', pointer: `/${pointer}`, message }] })
}
