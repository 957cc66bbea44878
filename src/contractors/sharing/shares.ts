import { type Static, Type } from 'typebox'
import { type App, mainApp } from '#platform/app.ts'
import { createTenantToken, hashToken } from '#platform/crypto'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { dateTime, nullable, oneOf, timestamp, uuid } from '#platform/http'
import { hashNewPassword, normaliseEmail } from '#platform/identity'
import { linkTo, sendMail, withoutLinks } from '#platform/mail'
import { type Colleague, findColleagues, namesOf } from '#platform/members'
import { notify } from '#platform/notifications'
import { getBrand, requireFeature } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { errors } from '../errors.ts'
import { shareErrors } from './share-errors.ts'
import { shareMail } from './share-mails.ts'

export const outsideShares = 'contractors.outside_shares'
export const permissions = ['view', 'comment', 'edit'] as const
export type Permission = (typeof permissions)[number]
const mostShares = 200

/** Whom a list is shared with, and how far. Somebody outside has an `email`, a member is a `user`. */
export const Share = Type.Object({
  id: uuid,
  user: nullable(Type.Object({ id: uuid, name: Type.String(), email: nullable(Type.String()) })),
  email: nullable(Type.String()),
  permission: oneOf(permissions),
  includesRemarks: Type.Boolean({
    description: "Whether notes, tags, ratings, priorities and the list's own fields are shown",
  }),
  isSingleUse: Type.Boolean({ description: 'The link opens the list once' }),
  hasPassword: Type.Boolean(),
  status: oneOf(['open', 'used', 'expired', 'stopped'], {
    description:
      '`used`: the link for one time has been opened. `stopped`: whoever made the link has left; send it anew',
  }),
  expiresAt: nullable(timestamp),
  sharedAt: timestamp,
  lastAccessedAt: nullable(timestamp),
  accessCount: Type.Integer({ description: 'How often the link was opened' }),
  isMine: Type.Boolean({ description: 'It is with you' }),
})
export type Share = Static<typeof Share>

/** A share with what is told once. */
export const NewShare = Type.Object({
  ...Share.properties,
  link: nullable(Type.String({ description: 'For somebody outside; kept nowhere, shown only now' })),
  isMailed: Type.Boolean(),
})
export type NewShare = Static<typeof NewShare>

const password = Type.String({ minLength: 8, maxLength: 128 })
const end = nullable({ ...dateTime, description: 'When it ends; null for no end' })

export const ShareFields = Type.Object({
  permission: oneOf(permissions),
  includesRemarks: Type.Optional(Type.Boolean({ description: 'Of somebody outside; true unless told' })),
  expiresAt: Type.Optional(end),
  isSingleUse: Type.Optional(Type.Boolean({ description: 'Of somebody outside: the link opens the list once' })),
  password: Type.Optional(nullable({ ...password, description: 'Of somebody outside, who must know it' })),
})
export type ShareFields = Static<typeof ShareFields>

export const ShareChanges = Type.Partial(Type.Omit(ShareFields, ['isSingleUse']))
export type ShareChanges = Static<typeof ShareChanges>

export type Sharee = { userId?: string | undefined; email?: string | undefined }

/** Of one's own list all; of another's the one by which one sees it. */
export async function listShares(app: App, scope: Scope, listId: string): Promise<Share[]> {
  const tx = app.db.reads(scope)
  await findList(tx, listId)
  const rows = await tx.run<ShareRow>(sql`
    ${selectShares}
    where share.list_id = ${listId}
    order by share.shared_with_user_id is null, share.shared_at, share.id
  `)
  return await described(app, scope, rows)
}

/**
 * Shares a list of one's own with a member, or by e-mail with somebody outside; the address of a member is the member.
 * Refuses with `tenancy.feature_off` where the tenant does not let lists out.
 */
export async function shareList(
  app: App,
  scope: Scope,
  listId: string,
  sharee: Sharee & { sendMail?: boolean | undefined },
  fields: ShareFields,
): Promise<NewShare> {
  if ((sharee.userId === undefined) === (sharee.email === undefined)) throw shareErrors.oneShareeNeeded()
  await findList(app.db.reads(scope), listId)
  const colleague = await findSharee(app, scope, sharee)
  if (colleague) return await shareWithColleague(app, scope, listId, colleague, fields)
  await requireFeature(app, scope.tenantId, outsideShares)
  const passwordHash = await hashSharePassword(fields.password)
  checkFields(app, fields)
  const email = normaliseEmail(sharee.email ?? '')
  const token = createTenantToken(scope.tenantId ?? '')
  const { id, isMailed } = await app.db.transaction({ ...scope, system: true }, async tx => {
    const list = await lockOwnList(tx, listId)
    await refuseTooMany(tx, listId)
    const { id } = await onViolation(
      tx.one<{ id: string }>(sql`
        insert into contractors.contractor_list_shares
          (list_id, shared_with_email, permission, includes_remarks, is_single_use, expires_at, password_hash,
            access_token_hash, issued_by, issued_at, shared_by)
        values (
          ${listId}, ${email}, ${fields.permission}, ${fields.includesRemarks ?? true}, ${fields.isSingleUse ?? false},
          ${fields.expiresAt ?? null}, ${passwordHash ?? null}, ${hashToken(token)}, platform.current_user_id(), now(),
          platform.current_user_id()
        )
        returning id
      `),
      { contractor_list_shares_once_per_email: () => shareErrors.shareTwice({ with: email }) },
    )
    const isMailed =
      sharee.sendMail !== false &&
      (await mailLink(app, tx, { email, token, list, fields, hasPassword: passwordHash !== undefined }))
    const data = { listId, shareId: id, email, permission: fields.permission }
    await emitEvent(app, tx, { type: 'contractors.list.shared', data })
    return { id, isMailed }
  })
  return { ...(await getShare(app, scope, listId, id)), link: linkTo(app, '/shared/list', token), isMailed }
}

/** Changes what is given alone. A new password, or none any more, closes what the link has opened so far. */
export async function changeShare(
  app: App,
  scope: Scope,
  listId: string,
  id: string,
  changes: ShareChanges,
): Promise<Share> {
  checkFields(app, changes)
  const passwordHash = await hashSharePassword(changes.password)
  await app.db.transaction(scope, async tx => {
    await lockOwnList(tx, listId)
    const share = await lockShare(tx, listId, id)
    if (changes.password !== undefined && share.email === null) throw shareErrors.shareHasNoLink()
    const next = {
      permission: changes.permission ?? share.permission,
      includesRemarks: changes.includesRemarks ?? share.includesRemarks,
    }
    if (next.permission === 'edit' && !next.includesRemarks) throw shareErrors.editNeedsRemarks()
    await tx.run(sql`
      update contractors.contractor_list_shares
      set
        permission = ${next.permission},
        includes_remarks = ${next.includesRemarks}
        ${changes.expiresAt === undefined ? sql`` : sql`, expires_at = ${changes.expiresAt}::timestamptz`}
        ${changes.password === undefined ? sql`` : sql`, password_hash = ${passwordHash ?? null}, closed_until = null, wrong_passwords = 0`}
      where list_id = ${listId}
        and id = ${id}
    `)
    if (changes.password !== undefined) await closeSessions(tx, id)
  })
  return await getShare(app, scope, listId, id)
}

/** Another link for somebody outside: the earlier one opens nothing from now on, and what it had opened is closed. */
export async function renewLink(
  app: App,
  scope: Scope,
  listId: string,
  id: string,
  { sendMail = true }: { sendMail?: boolean | undefined },
): Promise<NewShare> {
  await requireFeature(app, scope.tenantId, outsideShares)
  const token = createTenantToken(scope.tenantId ?? '')
  const isMailed = await app.db.transaction({ ...scope, system: true }, async tx => {
    const list = await lockOwnList(tx, listId)
    const share = await lockShare(tx, listId, id)
    if (share.email === null) throw shareErrors.shareHasNoLink()
    if (share.expiresAt && share.expiresAt <= app.clock.now()) throw shareErrors.shareEndPast()
    await tx.run(sql`
      update contractors.contractor_list_shares
      set
        access_token_hash = ${hashToken(token)},
        issued_by = platform.current_user_id(),
        issued_at = now(),
        used_at = null,
        wrong_passwords = 0,
        closed_until = null
      where list_id = ${listId}
        and id = ${id}
    `)
    await closeSessions(tx, id)
    const { email, hasPassword } = share
    return sendMail && (await mailLink(app, tx, { email, token, list, fields: share, hasPassword }))
  })
  return { ...(await getShare(app, scope, listId, id)), link: linkTo(app, '/shared/list', token), isMailed }
}

/** Ends a share: its owner takes it back, or who has it leaves the list. What a link has opened is closed. */
export async function endShare(app: App, scope: Scope, listId: string, id: string): Promise<void> {
  await app.db.transaction(scope, async tx => {
    await findList(tx, listId)
    const ended = await tx.maybe<{ userId: string | null; email: string | null }>(sql`
      delete from contractors.contractor_list_shares
      where list_id = ${listId}
        and id = ${id}
      returning shared_with_user_id as user_id, shared_with_email as email
    `)
    if (!ended) throw shareErrors.shareNotFound({ id })
    const data = { listId, shareId: id, ...(ended.userId ? { userId: ended.userId } : { email: ended.email }) }
    await emitEvent(app, tx, { type: 'contractors.list.unshared', data })
  })
}

/** Whom one may share with, by what is typed of a name or address: members of the tenant, at most eight. */
export async function findSharees(app: App, scope: Scope, q: string): Promise<Colleague[]> {
  const found = await findColleagues(mainApp(app).db.reads(scope), { q, limit: 9 })
  return found.filter(({ userId }) => userId !== scope.userId).slice(0, 8)
}

async function shareWithColleague(
  app: App,
  scope: Scope,
  listId: string,
  { userId, fullName, email }: Colleague,
  fields: ShareFields,
): Promise<NewShare> {
  if (userId === scope.userId) throw shareErrors.shareWithSelf()
  checkFields(app, { ...fields, includesRemarks: true })
  const id = await app.db.transaction(scope, async tx => {
    const list = await lockOwnList(tx, listId)
    await refuseTooMany(tx, listId)
    const { id } = await onViolation(
      tx.one<{ id: string }>(sql`
        insert into contractors.contractor_list_shares (list_id, shared_with_user_id, permission, expires_at, shared_by)
        values (${listId}, ${userId}, ${fields.permission}, ${fields.expiresAt ?? null}, platform.current_user_id())
        returning id
      `),
      {
        contractor_list_shares_once_per_user: () => shareErrors.shareTwice({ with: fullName ?? email }),
        contractor_list_shares_shared_with_user_id_fkey: () => shareErrors.shareeUnknown({ id: userId }),
      },
    )
    await notify(app, tx, {
      userId,
      kind: 'contractors.list_shared',
      title: `${scope.userName ?? 'A colleague'} shared the list “${list.name}” with you`,
      message: wordsOf(fields.permission),
      link: `/lists/${listId}`,
      data: { listId, shareId: id },
    })
    const data = { listId, shareId: id, userId, permission: fields.permission }
    await emitEvent(app, tx, { type: 'contractors.list.shared', data })
    return id
  })
  return { ...(await getShare(app, scope, listId, id)), link: null, isMailed: false }
}

async function findSharee(app: App, scope: Scope, { userId, email }: Sharee): Promise<Colleague | undefined> {
  const tx = mainApp(app).db.reads(scope)
  if (email !== undefined) return (await findColleagues(tx, { email: normaliseEmail(email) })).at(0)
  const [found] = await findColleagues(tx, { userIds: [userId ?? ''] })
  if (!found) throw shareErrors.shareeUnknown({ id: userId })
  return found
}

async function hashSharePassword(password: string | null | undefined): Promise<string | undefined> {
  if (typeof password !== 'string') return undefined
  return await hashNewPassword(password)
}

function checkFields(app: App, { permission, includesRemarks, expiresAt }: Partial<ShareFields>): void {
  if (permission === 'edit' && includesRemarks === false) throw shareErrors.editNeedsRemarks()
  if (expiresAt && new Date(expiresAt) <= app.clock.now()) throw shareErrors.shareEndPast()
}

type OwnList = { id: string; name: string; isMine: boolean; isArchived: boolean }

/** Refuses with not_found what the user does not see. */
export async function findList(tx: Queryable, id: string): Promise<OwnList> {
  const list = await tx.maybe<OwnList>(sql`
    select id, name, coalesce(user_id = platform.current_user_id(), false) as is_mine, archived_at is not null as is_archived
    from contractors.contractor_lists
    where id = ${id}
  `)
  if (!list) throw errors.listNotFound({ id })
  return list
}

/** All who change the shares of a list take turns. */
async function lockOwnList(tx: Queryable, id: string): Promise<OwnList> {
  const list = await findList(tx, id)
  if (!list.isMine) throw shareErrors.onlyOwnerShares()
  if (list.isArchived) throw errors.listArchived()
  await tx.run(sql`
    select
    from contractors.contractor_lists
    where id = ${id}
    for no key update
  `)
  return list
}

/** After `lockOwnList`, in a statement of its own: one that has waited for the lock still sees what was there before. */
async function refuseTooMany(tx: Queryable, listId: string): Promise<void> {
  const { count } = await tx.one<{ count: number }>(sql`
    select count(*) as count
    from contractors.contractor_list_shares
    where list_id = ${listId}
  `)
  if (count >= mostShares) throw shareErrors.sharesTooMany({ most: mostShares })
}

async function lockShare(tx: Queryable, listId: string, id: string) {
  const share = await tx.maybe<{
    email: string | null
    permission: Permission
    includesRemarks: boolean
    isSingleUse: boolean
    expiresAt: Date | null
    hasPassword: boolean
  }>(sql`
    select
      shared_with_email as email, permission, includes_remarks, is_single_use, expires_at,
      password_hash is not null as has_password
    from contractors.contractor_list_shares
    where list_id = ${listId}
      and id = ${id}
    for update
  `)
  if (!share) throw shareErrors.shareNotFound({ id })
  return share
}

async function closeSessions(tx: Queryable, shareId: string): Promise<void> {
  await tx.run(sql`
    delete from contractors.contractor_list_share_sessions
    where share_id = ${shareId}
  `)
}

type Linked = Pick<ShareFields, 'permission' | 'isSingleUse'> & { expiresAt?: string | Date | null | undefined }

async function mailLink(
  app: App,
  tx: Queryable,
  sending: { email: string; token: string; list: OwnList; fields: Linked; hasPassword: boolean },
): Promise<boolean> {
  const { email, token, list, fields, hasPassword } = sending
  const tenantId = tx.scope.tenantId ?? ''
  const brand = await getBrand(mainApp(app).db.reads({ tenantId, userId: tx.scope.userId }), tenantId)
  return await sendMail(app, tx, {
    to: email,
    mail: shareMail,
    values: {
      sharerName: tx.scope.userName ?? 'Somebody',
      tenantName: brand.name,
      listName: withoutLinks(list.name),
      may: wordsOf(fields.permission),
      hasPassword,
      isSingleUse: fields.isSingleUse ?? false,
      expires: fields.expiresAt
        ? `${new Date(fields.expiresAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
        : undefined,
      link: linkTo(app, '/shared/list', token),
    },
  })
}

const wordsOf = (permission: Permission) =>
  ({
    view: 'You may look at it.',
    comment: 'You may look at it and comment.',
    edit: 'You may look at it, comment and change what is in it.',
  })[permission]

async function getShare(app: App, scope: Scope, listId: string, id: string): Promise<Share> {
  const rows = await app.db.scoped(scope).run<ShareRow>(sql`
    ${selectShares}
    where share.list_id = ${listId}
      and share.id = ${id}
  `)
  const [share] = await described(app, scope, rows)
  if (!share) throw shareErrors.shareNotFound({ id })
  return share
}

type ShareRow = Omit<Share, 'user'> & { userId: string | null }

const selectShares = sql`
  select
    share.id, share.shared_with_user_id as user_id, share.shared_with_email as email, share.permission,
    share.includes_remarks, share.is_single_use, share.password_hash is not null as has_password,
    case
      when share.expires_at <= now() then 'expired'
      when share.shared_with_email is not null and share.issued_by is distinct from share.shared_by then 'stopped'
      when share.is_single_use and share.used_at is not null then 'used'
      else 'open'
    end as status,
    share.expires_at, share.shared_at, share.last_accessed_at, share.access_count,
    coalesce(share.shared_with_user_id = platform.current_user_id(), false) as is_mine
  from contractors.contractor_list_shares as share
`

async function described(app: App, scope: Scope, rows: readonly ShareRow[]): Promise<Share[]> {
  const names = await namesOf(
    app,
    scope,
    rows.map(({ userId }) => userId),
  )
  return rows.map(({ userId, ...share }) => {
    const colleague = userId === null ? undefined : names.get(userId)
    const user =
      userId === null
        ? null
        : { id: userId, name: colleague?.fullName ?? colleague?.email ?? 'Somebody', email: colleague?.email ?? null }
    return { ...share, user }
  })
}
