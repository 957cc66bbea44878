import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { hashToken } from '#platform/crypto'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, oneOf } from '#platform/http'
import { confirmEmailChange } from './email-changes.ts'
import { useVerification } from './email-verifications.ts'
import { errors } from './errors.ts'
import { announceRevocation } from './revocations.ts'

/** What the link of a mail has brought about. */
export const ConfirmedEmail = Type.Object(
  {
    kind: oneOf(['verify_email', 'change_email']),
    email: Type.String({ description: 'The address that is, or is to be, the account’s' }),
    isDone: Type.Boolean({ description: 'False while the link in the other mail has not been used' }),
    waitsFor: nullable(oneOf(['old', 'new'], { description: 'Whose link is still to be used' })),
  },
  { title: 'ConfirmedEmail' },
)
export type ConfirmedEmail = Static<typeof ConfirmedEmail>

/** Uses the link of a mail: to verify an address, or to confirm the change of one at either side. */
export async function confirmEmail(app: App, client: Scope, token: string): Promise<ConfirmedEmail> {
  const owner = await findOwner(app.db.scoped({ ...client, system: true }), token)
  if (!owner) throw errors.emailLinkInvalid()
  const scope = { ...client, system: true, userId: owner.userId, userName: owner.userName }
  const confirmed = await app.db.transaction(scope, async (tx): Promise<ConfirmedEmail | undefined> => {
    const change = await confirmEmailChange(app, tx, token)
    if (change) return { kind: 'change_email', ...change }
    const email = await useVerification(tx, token)
    return email === undefined ? undefined : { kind: 'verify_email', email, isDone: true, waitsFor: null }
  })
  if (!confirmed) throw errors.emailLinkInvalid()
  if (confirmed.kind === 'change_email' && confirmed.isDone) announceRevocation(app)
  return confirmed
}

/** Whose link it is, so that what it does stands under his name in the audit log. */
function findOwner(tx: Queryable, token: string): Promise<{ userId: string; userName: string } | undefined> {
  const tokenHash = hashToken(token)
  return tx.maybe(sql<{ userId: string; userName: string }>`
    select id as user_id, coalesce(full_name, email) as user_name
    from identity.users
    where is_active
      and id in (
        select user_id
        from identity.email_changes
        where old_token_hash = ${tokenHash}
        union
        select user_id
        from identity.email_changes
        where new_token_hash = ${tokenHash}
        union
        select user_id
        from identity.one_time_tokens
        where token_hash = ${tokenHash}
          and purpose = 'verify_email'
      )`)
}
