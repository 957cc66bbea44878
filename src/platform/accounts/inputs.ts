import { Type } from 'typebox'

export const email = Type.String({ minLength: 3, maxLength: 255, examples: ['ada@example.com'] })
// A wrong password is wrong whatever its length: only a new one has to fit.
export const password = Type.String({ minLength: 1, maxLength: 1024 })
// The rules are said in words by what hashes it: these bounds only keep nonsense out.
export const newPassword = Type.String({
  minLength: 1,
  maxLength: 1024,
  description: '8 to 128 characters; of a member, as the rules of his tenants want it: `GET /me/password` tells them',
})
export const fullName = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S', examples: ['Ada Lovelace'] })
export const timezone = Type.Optional(
  Type.String({
    maxLength: 50,
    description: 'IANA name, for the dates shown; UTC unless given',
    examples: ['Europe/Berlin'],
  }),
)
export const tenantName = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S', examples: ['Meridian Capture'] })
export const templateName = Type.Optional(
  Type.String({
    maxLength: 50,
    description: 'What it starts with: `GET /tenant-templates`; the standard unless given',
  }),
)
/** The secret of a link or of a challenge. */
export const token = Type.String({ minLength: 1, maxLength: 200 })
export const stepToken = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, description: 'Of the answer before; browsers have it in a cookie' }),
)
/** A path of the console, to go on to afterwards. */
export const next = Type.Optional(Type.String({ maxLength: 500, examples: ['/contractors'] }))
/** Sign-ins, sign-ups and the like of one address, a minute. */
export const attempts = 30

/** What may be wrong with an address, and with a new password: for `refusals`. */
export const refusedEmails = ['identity.email_invalid', 'identity.email_deceptive']
export const refusedPasswords = ['identity.password_length', 'identity.password_common', 'identity.hashing_busy']
