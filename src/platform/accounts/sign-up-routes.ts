import { Type } from 'typebox'
import { Reply, route } from '#platform/http'
import { errors } from './errors.ts'
import {
  attempts,
  email,
  fullName,
  newPassword,
  password,
  refusedEmails,
  refusedPasswords,
  templateName,
  tenantName,
  timezone,
  token,
} from './inputs.ts'
import { clientOf, replyTo, SignInAnswer } from './replies.ts'
import {
  askForAccount,
  confirmAccount,
  EntranceOptions,
  getEntranceOptions,
  signUpFirstAdministrator,
} from './sign-ups.ts'

/** How an account begins. */
export const signUpRoutes = [
  route({
    method: 'GET',
    path: '/auth/options',
    allow: 'public',
    summary: 'How one may come in here',
    description: 'On the own host name of a tenant also how that one looks.',
    response: EntranceOptions,
    async handle({ scope, hostTenantId }, app) {
      return await getEntranceOptions(app, scope, hostTenantId)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/sign-up',
    allow: 'public',
    summary: 'Ask for an account',
    description:
      'Sends a link that confirms the address; the account is made when it is followed. With `tenantName` also a tenant, whose owner the account becomes. The answer is the same where the address has an account: then the mail says so.',
    body: Type.Object({
      email,
      password: newPassword,
      fullName,
      tenantName: Type.Optional(tenantName),
      template: templateName,
      timezone,
    }),
    refusals: [
      'accounts.sign_up_closed',
      'accounts.set_up_first',
      'identity.timezone_unknown',
      'tenancy.template_unknown',
      ...refusedEmails,
      ...refusedPasswords,
    ],
    response: Type.Null(),
    status: 202,
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      if (app.config.signUp === 'closed') throw errors.signUpClosed()
      await askForAccount(app, scope, body)
      return new Reply(202, null)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/verify-sign-up',
    allow: 'public',
    summary: 'Confirm the address of an account that was asked for',
    description:
      'Takes the secret of the mail’s link and the password that was chosen; makes the account and signs in.',
    body: Type.Object({ token, password }),
    refusals: [
      'accounts.sign_up_link_invalid',
      'accounts.sign_up_password_wrong',
      'identity.email_taken',
      'identity.hashing_busy',
    ],
    response: SignInAnswer,
    status: 201,
    rateLimit: attempts,
    async handle(request, app) {
      return replyTo(201, await confirmAccount(app, clientOf(request), request.body))
    },
  }),
  route({
    method: 'POST',
    path: '/auth/first-administrator',
    allow: 'public',
    summary: 'Make the first administrator of a new installation',
    description: 'Takes the secret of the link that the server printed at its first start.',
    body: Type.Object({ token, email, password: newPassword, fullName, tenantName, timezone }),
    refusals: [
      'accounts.setup_link_invalid',
      'identity.email_taken',
      'identity.timezone_unknown',
      ...refusedEmails,
      ...refusedPasswords,
    ],
    response: SignInAnswer,
    status: 201,
    rateLimit: attempts,
    async handle(request, app) {
      return replyTo(201, await signUpFirstAdministrator(app, clientOf(request), request.body))
    },
  }),
]
