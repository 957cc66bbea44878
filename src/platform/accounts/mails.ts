import { defineMail } from '#platform/mail'

export const passwordChangedMail = defineMail<{
  name: string
  isReset: boolean
  facts: readonly (readonly [string, string])[]
  link: string
}>({
  name: 'accounts.password_changed',
  description: 'The password of the account was changed',
  compose: ({ name, isReset, facts, link }) => ({
    subject: 'Your password was changed',
    lines: [
      `Hello ${name},`,
      isReset
        ? 'A new password was chosen for your account, by a link that we sent to this address. All devices are signed out.'
        : 'The password of your account was changed. All other devices are signed out.',
      'If it was you, there is nothing to do.',
    ],
    facts,
    button: { label: 'It was not me', link },
    after: ['Then choose a new password at once: that signs out whoever has changed it.'],
  }),
})
