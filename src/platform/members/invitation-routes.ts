import { Type } from 'typebox'
import { clientOf, replyTo, SignInAnswer } from '#platform/accounts'
import { dateTime, idParams, nullable, oneOf, pageOf, pageQuery, requireOwnSignIn, route, uuid } from '#platform/http'
import { acceptInvitation, getOffer, listOffers, Offer, signUpInvited } from './invitation-acceptances.ts'
import { InvitationImport, importAtMost, importInvitations } from './invitation-imports.ts'
import {
  cancelInvitation,
  getInvitation,
  Invitation,
  invitationStatuses,
  invite,
  listInvitations,
  resendInvitation,
} from './invitations.ts'

const read = 'members.invitations.read'
const write = 'members.invitations.write'
const roleIds = Type.Array(uuid, { minItems: 1, maxItems: 20, uniqueItems: true })
const grants = ['access.grant_exceeded', 'access.owners_only']
const token = Type.String({ minLength: 1, maxLength: 200, description: 'The secret of the link in the mail' })
/** What keeps an invitation from being accepted. */
const closed = [
  'members.invitation_unknown',
  'members.invitation_used',
  'members.invitation_cancelled',
  'members.invitation_expired',
  'members.invitation_void',
  'members.invitations_tenant_closed',
]
const { rules: _, ...ownOffer } = Offer.properties
/** Attempts of one address or person, a minute. */
const attempts = 30

/** Asking people to work in a tenant, and their answers (MT-18). */
export const invitationRoutes = [
  route({
    method: 'GET',
    path: '/invitations',
    allow: read,
    summary: 'List the invitations, the newest first',
    query: Type.Object({ ...pageQuery, status: Type.Optional(oneOf(invitationStatuses)) }),
    response: pageOf(Invitation),
    async handle({ query: { limit, cursor, ...filters }, scope }, app) {
      return await listInvitations(app.db.reads(scope), filters, { limit, cursor })
    },
  }),
  route({
    method: 'GET',
    path: '/invitations/{id}',
    allow: read,
    summary: 'Get an invitation',
    params: idParams,
    refusals: ['members.invitation_not_found'],
    response: Invitation,
    async handle({ params, scope }, app) {
      return await getInvitation(app.db.reads(scope), params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/invitations',
    allow: write,
    summary: 'Invite somebody',
    description: 'A mail with a link goes to the address; it works once, for seven days, and for this address only.',
    body: Type.Object({
      email: Type.String({ minLength: 3, maxLength: 255 }),
      roleIds,
      membershipExpiresAt: Type.Optional(
        nullable({ ...dateTime, description: 'When the membership is to end; null for no end' }),
      ),
    }),
    refusals: [
      'members.invited_is_member',
      'members.invitation_twice',
      'members.invitations_too_many',
      'identity.email_invalid',
      'identity.email_deceptive',
      'access.role_not_found',
      ...grants,
    ],
    response: Invitation,
    status: 201,
    rateLimit: 120,
    async handle({ body, scope }, app) {
      return await invite(app, scope, body)
    },
  }),
  route({
    method: 'POST',
    path: '/invitations/import',
    allow: write,
    summary: 'Invite everybody in a CSV file',
    description: `Columns \`email\` and \`roles\` (names, separated by semicolons); ${importAtMost} rows at most. All or nobody; with \`dryRun\` nothing is done and every row reported.`,
    rawBody: { types: ['text/csv', 'text/plain'], limit: 262_144 },
    query: Type.Object({
      dryRun: Type.Boolean({ default: false }),
      roleIds: Type.Optional(Type.Array(uuid, { maxItems: 20, description: 'For rows without roles of their own' })),
    }),
    refusals: ['members.import_invalid', 'members.import_empty', 'members.invitations_too_many', ...grants],
    response: InvitationImport,
    rateLimit: 30,
    async handle({ query, rawBody, scope }, app) {
      return await importInvitations(app, scope, rawBody, { roleIds: query.roleIds ?? [], isDryRun: query.dryRun })
    },
  }),
  route({
    method: 'POST',
    path: '/invitations/{id}/resend',
    allow: write,
    summary: 'Send an invitation again',
    description:
      'With another link, for seven days from now; the earlier link is void. Whoever sends it answers for it.',
    params: idParams,
    refusals: ['members.invitation_not_found', 'members.invitation_settled', 'members.invitation_twice', ...grants],
    response: Invitation,
    rateLimit: attempts,
    async handle({ params, scope }, app) {
      return await resendInvitation(app, scope, params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/invitations/{id}/cancel',
    allow: write,
    summary: 'Withdraw an invitation',
    params: idParams,
    refusals: ['members.invitation_not_found', 'members.invitation_settled'],
    response: Invitation,
    async handle({ params, scope }, app) {
      return await cancelInvitation(app, scope, params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/invitation',
    allow: 'public',
    summary: 'What an invitation offers',
    body: Type.Object({ token }),
    refusals: closed,
    response: Offer,
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      return await getOffer(app, scope, body.token)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/invitation/sign-up',
    allow: 'public',
    summary: 'Accept an invitation with a new account',
    description: 'Its address is the invited one, confirmed by the link. Open also where sign-up is closed.',
    body: Type.Object({
      token,
      fullName: Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' }),
      password: Type.String({ minLength: 1, maxLength: 1024 }),
      timezone: Type.Optional(Type.String({ maxLength: 50, description: 'IANA name; UTC unless given' })),
    }),
    refusals: [
      ...closed,
      'members.invited_has_account',
      'identity.email_taken',
      'identity.timezone_unknown',
      'identity.password_length',
      'identity.password_common',
      'identity.hashing_busy',
    ],
    response: SignInAnswer,
    status: 201,
    rateLimit: attempts,
    async handle(request, app) {
      return replyTo(201, await signUpInvited(app, clientOf(request), request.body))
    },
  }),
  route({
    method: 'POST',
    path: '/auth/invitation/acceptance',
    allow: 'session',
    summary: 'Accept an invitation as who I am',
    description: 'The confirmed address of the account must be the invited one. `/auth/switch-tenant` goes there.',
    body: Type.Object({ token }),
    refusals: [...closed, 'members.invitation_for_another', 'members.invitation_address_unconfirmed'],
    response: Type.Object({ tenantId: uuid }),
    rateLimit: attempts,
    async handle({ body, principal, scope }, app) {
      return await acceptInvitation(app, scope, principal.userId, body)
    },
  }),
  route({
    method: 'GET',
    path: '/me/invitations',
    allow: 'session',
    summary: 'What I am invited to',
    description: 'Invitations that wait for the confirmed address of my account.',
    response: Type.Object({ items: Type.Array(Type.Object(ownOffer)) }),
    async handle({ principal, scope }, app) {
      return { items: await listOffers(app, scope, principal.userId) }
    },
  }),
  route({
    method: 'POST',
    path: '/me/invitations/{id}/acceptance',
    allow: 'session',
    summary: 'Accept an invitation to my address',
    params: idParams,
    refusals: [...closed, 'members.invitation_not_found', 'http.own_sign_in_required'],
    response: Type.Object({ tenantId: uuid }),
    rateLimit: attempts,
    async handle({ params, principal, scope }, app) {
      // A provider speaks for him in its own workspace; the link of the mail, which proves the address, is another matter.
      requireOwnSignIn(principal)
      return await acceptInvitation(app, scope, principal.userId, { id: params.id })
    },
  }),
]
