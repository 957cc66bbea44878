import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { oneOf, uuid } from '#platform/http'
import { changeProfile, getOwnProfile } from '#platform/identity'
import type { MailChannel } from '#platform/module.ts'
import { errors } from './errors.ts'
import { getKind, kindsOf, mailChannels } from './kinds.ts'
import { listPlaces } from './recipients.ts'
import { announceTo } from './signals.ts'

const digestFields = {
  digest: oneOf(['daily', 'weekly', 'never']),
  digestHour: Type.Integer({ minimum: 0, maximum: 23, description: 'By the clock of your time zone' }),
  digestWeekday: Type.Integer({ minimum: 1, maximum: 7, description: 'Of the weekly digest; Monday is 1' }),
}

const wantsMails = Type.Boolean({
  description: 'Whether any is mailed: `emailPreferences.updates` of the profile, changed here or there',
})

const KindPreference = Type.Object({
  inConsole: Type.Boolean(),
  mail: oneOf(mailChannels),
})

/** How a person wants to be told. */
export const NotificationPreferences = Type.Object(
  {
    wantsMails,
    timezone: Type.String({ description: 'Of the profile' }),
    ...digestFields,
    kinds: Type.Array(
      Type.Object({
        kind: Type.String(),
        description: Type.String(),
        ...KindPreference.properties,
        hasOwnMail: Type.Boolean({ description: 'It is mailed by itself, whatever is chosen here' }),
      }),
    ),
    tenants: Type.Array(
      Type.Object({
        tenantId: uuid,
        name: Type.String(),
        isQuiet: Type.Boolean({ description: 'No mails and no count of what is new there' }),
      }),
    ),
  },
  { title: 'NotificationPreferences' },
)
export type NotificationPreferences = Static<typeof NotificationPreferences>

/** All of it is replaced; a kind that is not named is as its module declares it, a tenant that is not named not quiet. */
export const NotificationPreferencesChange = Type.Object({
  wantsMails,
  ...digestFields,
  kinds: Type.Record(Type.String({ maxLength: 100 }), KindPreference, { maxProperties: 200 }),
  quietTenantIds: Type.Array(uuid, { maxItems: 1000, uniqueItems: true }),
})
export type NotificationPreferencesChange = Static<typeof NotificationPreferencesChange>

type DigestPreference = Pick<NotificationPreferences, 'digest' | 'digestHour' | 'digestWeekday'>

/** Needs the system scope: his workspaces are more than the one that he is in. */
export async function getPreferences(app: App, tx: Queryable, userId: string): Promise<NotificationPreferences> {
  const { timezone, emailPreferences } = await getOwnProfile(tx, userId)
  const digest = await tx.maybe(sql<DigestPreference>`
    select digest, digest_hour, digest_weekday
    from notifications.preferences
    where user_id = ${userId}`)
  const rows = await tx.run(sql<{ kind: string; inConsole: boolean; mail: MailChannel }>`
    select kind, in_console, mail
    from notifications.kind_preferences
    where user_id = ${userId}`)
  const chosen = new Map(rows.map(row => [row.kind, row]))
  return {
    wantsMails: emailPreferences.updates,
    timezone,
    ...(digest ?? { digest: 'daily', digestHour: 8, digestWeekday: 1 }),
    // First what there is more to choose of.
    kinds: [...kindsOf(app)]
      .sort(([, a], [, b]) => Number(a.hasOwnMail ?? 0) - Number(b.hasOwnMail ?? 0))
      .map(([kind, { description, mail, hasOwnMail = false }]) => ({
        kind,
        description,
        inConsole: chosen.get(kind)?.inConsole ?? true,
        mail: chosen.get(kind)?.mail ?? mail,
        hasOwnMail,
      })),
    tenants: await listPlaces(tx, userId),
  }
}

/** Needs the system scope. */
export async function changePreferences(
  app: App,
  tx: Queryable,
  userId: string,
  change: NotificationPreferencesChange,
): Promise<NotificationPreferences> {
  const { digest, digestHour, digestWeekday } = change
  await changeProfile(tx, userId, { emailPreferences: { updates: change.wantsMails } })
  await tx.run(sql`
    insert into notifications.preferences as preference (user_id, digest, digest_hour, digest_weekday)
    values (${userId}, ${digest}, ${digestHour}, ${digestWeekday})
    on conflict (user_id) do update
    set
      digest = excluded.digest,
      digest_hour = excluded.digest_hour,
      digest_weekday = excluded.digest_weekday
    where (preference.digest, preference.digest_hour, preference.digest_weekday)
      is distinct from (excluded.digest, excluded.digest_hour, excluded.digest_weekday)`)
  await chooseKinds(app, tx, userId, change.kinds)
  await chooseQuiet(tx, userId, change.quietTenantIds)
  // What is counted may be another number now.
  await announceTo(tx, [userId])
  return await getPreferences(app, tx, userId)
}

async function chooseKinds(
  app: App,
  tx: Queryable,
  userId: string,
  kinds: NotificationPreferencesChange['kinds'],
): Promise<void> {
  const chosen = Object.entries(kinds).filter(([kind, { inConsole, mail }]) => {
    const declared = getKind(app, kind)
    if (declared.hasOwnMail && mail !== declared.mail) throw errors.mailFixed({ kind })
    return !inConsole || mail !== declared.mail
  })
  await tx.run(sql`
    delete from notifications.kind_preferences
    where user_id = ${userId}
      and kind <> all(${chosen.map(([kind]) => kind)}::text[])`)
  await tx.run(sql`
    insert into notifications.kind_preferences as preference (user_id, kind, in_console, mail)
    select ${userId}::uuid, kind, in_console, mail
    from unnest(
      ${chosen.map(([kind]) => kind)}::text[],
      ${chosen.map(([, { inConsole }]) => inConsole)}::boolean[],
      ${chosen.map(([, { mail }]) => mail)}::text[]
    ) as chosen (kind, in_console, mail)
    on conflict (user_id, kind) do update
    set in_console = excluded.in_console, mail = excluded.mail
    where (preference.in_console, preference.mail) is distinct from (excluded.in_console, excluded.mail)`)
}

async function chooseQuiet(tx: Queryable, userId: string, tenantIds: readonly string[]): Promise<void> {
  const places = new Set((await listPlaces(tx, userId)).map(({ tenantId }) => tenantId))
  const stranger = tenantIds.find(id => !places.has(id))
  if (stranger !== undefined) throw errors.tenantUnknown({ id: stranger })
  // Of what is closed now he has not been asked: it stays as it is.
  await tx.run(sql`
    delete from notifications.quiet_tenants
    where user_id = ${userId}
      and tenant_id = any(${[...places]}::uuid[])
      and tenant_id <> all(${tenantIds}::uuid[])`)
  await tx.run(sql`
    insert into notifications.quiet_tenants (tenant_id, user_id)
    select tenant_id, ${userId}::uuid
    from unnest(${tenantIds}::uuid[]) as tenant_id
    on conflict do nothing`)
}
