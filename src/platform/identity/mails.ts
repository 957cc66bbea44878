import { defineMail } from '#platform/mail'

export const newDeviceMail = defineMail<{
  name: string
  facts: readonly (readonly [string, string])[]
  sessionsLink: string
  passwordLink: string
}>({
  name: 'identity.new_device',
  description: 'Somebody signed in on a device that the account had not been used on',
  compose: ({ name, facts, sessionsLink, passwordLink }) => ({
    subject: 'New sign-in to your account',
    lines: [
      `Hello ${name},`,
      'Somebody has signed in to your account on a device that was not used with it before.',
      'If it was you, there is nothing to do.',
    ],
    facts,
    button: { label: 'See where you are signed in', link: sessionsLink },
    after: [
      `If it was not you, sign that device out there, and choose a new password: ${passwordLink}`,
      'You can turn these mails off in your profile.',
    ],
  }),
})

export const accountClosedMail = defineMail<{ name: string; isSuspended: boolean }>({
  name: 'identity.account_closed',
  description: 'An operator suspended or deactivated the account',
  compose: ({ name, isSuspended }) => ({
    subject: isSuspended ? 'Your account is suspended' : 'Your account is deactivated',
    lines: [
      `Hello ${name},`,
      `Your account was ${isSuspended ? 'suspended' : 'deactivated'} by an operator of this installation. You are signed out everywhere and cannot sign in for now.`,
      'Nothing was deleted. If you think this is a mistake, ask an operator.',
    ],
  }),
})

export const accountOpenedMail = defineMail<{ name: string; link: string }>({
  name: 'identity.account_opened',
  description: 'An operator reactivated or restored the account',
  compose: ({ name, link }) => ({
    subject: 'Your account is open again',
    lines: [`Hello ${name},`, 'Your account is open again: you can sign in as before.'],
    button: { label: 'Sign in', link },
  }),
})

export const accountDeletedMail = defineMail<{ name: string; erasedOn: string; isOwnWish: boolean }>({
  name: 'identity.account_deleted',
  description: 'The account was deleted, by its owner or by an operator',
  compose: ({ name, erasedOn, isOwnWish }) => ({
    subject: 'Your account is deleted',
    lines: [
      `Hello ${name},`,
      `${isOwnWish ? 'As you asked, your account was deleted' : 'Your account was deleted by an operator of this installation'}. You are signed out everywhere.`,
      `What belongs to it is erased on ${erasedOn}. Until then an operator of this installation can bring it back: ask soon, before somebody makes a new account with your address.`,
    ],
    ...(isOwnWish && { after: ['If it was not you, ask an operator at once: somebody else has used your account.'] }),
  }),
})

export const twoFactorResetMail = defineMail<{ name: string; alsoPasskeys: boolean; link: string }>({
  name: 'identity.two_factor_reset',
  description: 'An operator removed the second factor, for somebody who lost it',
  compose: ({ name, alsoPasskeys, link }) => ({
    subject: 'Your second factor was removed',
    lines: [
      `Hello ${name},`,
      `An operator of this installation has removed the authenticator app and the backup codes from your account${alsoPasskeys ? ', and your passkeys' : ''}. You are signed out everywhere.`,
      'Sign in with what is left, and set up a second factor again.',
    ],
    button: { label: 'Sign in', link },
    after: ['If you did not ask for this, tell an operator at once.'],
  }),
})

export const passkeyAddedMail = defineMail<{ name: string; passkeyName: string; securityLink: string }>({
  name: 'identity.passkey_added',
  description: 'A passkey was added to somebody’s account',
  compose: ({ name, passkeyName, securityLink }) => ({
    subject: 'A passkey was added to your account',
    lines: [`Hello ${name},`, `The passkey “${passkeyName}” can be used from now on to sign in to your account.`],
    button: { label: 'See your passkeys', link: securityLink },
    after: ['If it was not you, remove it there, end all other sessions and change your password.'],
  }),
})

export const passkeyRemovedMail = defineMail<{ name: string; passkeyName: string; securityLink: string }>({
  name: 'identity.passkey_removed',
  description: 'A passkey was removed from somebody’s account',
  compose: ({ name, passkeyName, securityLink }) => ({
    subject: 'A passkey was removed from your account',
    lines: [`Hello ${name},`, `The passkey “${passkeyName}” cannot be used any more to sign in to your account.`],
    button: { label: 'See your passkeys', link: securityLink },
    after: ['If it was not you, end all other sessions there and change your password.'],
  }),
})

/** `googleEmail` is undefined where Google tells none. */
export type LinkedSignInMail = { name: string; googleEmail: string | undefined; securityLink: string }

export const signInLinkedMail = defineMail<LinkedSignInMail>({
  name: 'identity.sign_in_linked',
  description: 'A Google account was linked to somebody’s account',
  compose: ({ name, googleEmail, securityLink }) => ({
    subject: 'A Google account was linked to your account',
    lines: [`Hello ${name},`, `${googleAccount(googleEmail)} can be used from now on to sign in to your account.`],
    button: { label: 'See your linked accounts', link: securityLink },
    after: ['If it was not you, unlink it there, end all other sessions and change your password.'],
  }),
})

export const signInUnlinkedMail = defineMail<LinkedSignInMail>({
  name: 'identity.sign_in_unlinked',
  description: 'A Google account was unlinked from somebody’s account',
  compose: ({ name, googleEmail, securityLink }) => ({
    subject: 'A Google account was unlinked from your account',
    lines: [`Hello ${name},`, `${googleAccount(googleEmail)} cannot be used any more to sign in to your account.`],
    button: { label: 'See your linked accounts', link: securityLink },
    after: ['If it was not you, end all other sessions there and change your password.'],
  }),
})

const googleAccount = (email: string | undefined) => (email ? `The Google account ${email}` : 'A Google account')

export const twoFactorEnabledMail = defineMail<{ name: string; link: string }>({
  name: 'identity.two_factor_enabled',
  description: 'Two-factor sign-in was turned on',
  compose: ({ name, link }) => ({
    subject: 'Two-factor sign-in is on',
    lines: [
      `Hello ${name},`,
      'From now on your account asks for a code of your authenticator app when you sign in with your password. Your other devices were signed out.',
      'Keep your backup codes where you find them without your phone: each lets you in once.',
    ],
    button: { label: 'See how you sign in', link },
    after: [
      'If it was not you, choose a new password at once, and ask an operator of this installation to remove that app.',
    ],
  }),
})

export const twoFactorRemovedMail = defineMail<{ name: string; link: string }>({
  name: 'identity.two_factor_removed',
  description: 'Two-factor sign-in was turned off by the account’s owner',
  compose: ({ name, link }) => ({
    subject: 'Two-factor sign-in is off',
    lines: [
      `Hello ${name},`,
      'The authenticator app and the backup codes were removed from your account. Your password alone opens it now.',
    ],
    button: { label: 'See how you sign in', link },
    after: ['If it was not you, choose a new password at once, sign out your other devices, and turn it on again.'],
  }),
})

export const backupCodesReplacedMail = defineMail<{ name: string; link: string }>({
  name: 'identity.backup_codes_replaced',
  description: 'New backup codes were made',
  compose: ({ name, link }) => ({
    subject: 'You have new backup codes',
    lines: [`Hello ${name},`, 'New backup codes were made for your account. None of the earlier ones works any more.'],
    button: { label: 'See how you sign in', link },
    after: ['If it was not you, choose a new password at once, and make new backup codes again.'],
  }),
})

export const backupCodeUsedMail = defineMail<{ name: string; left: number; link: string }>({
  name: 'identity.backup_code_used',
  description: 'Somebody signed in with a backup code',
  compose: ({ name, left, link }) => ({
    subject: 'A backup code was used',
    lines: [
      `Hello ${name},`,
      'Somebody used a backup code of your account in the place of a code of your authenticator app.',
      left === 0
        ? 'It was the last one. Make new ones, or the loss of your phone locks you out.'
        : `${left === 1 ? 'One code is' : `${left} codes are`} left.${left < 3 ? ' Make new ones before they run out.' : ''}`,
    ],
    button: { label: 'See how you sign in', link },
    after: ['If it was not you, choose a new password at once, and make new backup codes.'],
  }),
})

export const guessedCodesMail = defineMail<{ name: string; link: string }>({
  name: 'identity.codes_guessed',
  description: 'Too many wrong two-factor codes were tried, by somebody who has the password',
  compose: ({ name, link }) => ({
    subject: 'Wrong codes were tried on your account',
    lines: [
      `Hello ${name},`,
      'Somebody got past your password and then entered several wrong codes. No code is accepted for a while; the wait grows with every further one.',
      'If it was you, wait a few minutes and try again, or check that the clock of your phone is right.',
    ],
    button: { label: 'Choose a new password', link },
    after: ['If it was not you, somebody knows your password: choose a new one now. That also stops the guessing.'],
  }),
})

export const resetPasswordMail = defineMail<{
  name: string
  link: string
  minutes: number
  askedBy: 'owner' | 'operator'
}>({
  name: 'identity.reset_password',
  description: 'Somebody asked for a new password',
  byAnybody: true,
  compose: ({ name, link, minutes, askedBy }) => ({
    subject: 'Choose a new password',
    lines: [
      `Hello ${name},`,
      askedBy === 'owner'
        ? 'Somebody, probably you, asked for a new password for your account.'
        : 'An operator of this installation asks you to choose a new password for your account.',
      `The link works once, for ${minutes} minutes. When you have chosen, you are signed out everywhere else.`,
    ],
    button: { label: 'Choose a new password', link },
    after: ['Until then your password stays as it is. If it was not you who asked, there is nothing to do.'],
  }),
})

export const verifyEmailMail = defineMail<{ name: string; link: string; hours: number }>({
  name: 'identity.verify_email',
  description: 'Somebody who has an account shows that its address is his',
  compose: ({ name, link, hours }) => ({
    subject: 'Confirm your e-mail address',
    lines: [`Hello ${name},`, 'Please confirm that this is the e-mail address of your account.'],
    button: { label: 'Confirm the address', link },
    after: [`The link works once and for ${hours} hours. If you have no account here, there is nothing to do.`],
  }),
})

export const confirmOldEmailMail = defineMail<{ name: string; email: string; link: string; hours: number }>({
  name: 'identity.confirm_old_email',
  description: 'Asks at the present address whether the account may have another one',
  compose: ({ name, email, link, hours }) => ({
    subject: 'Do you want to change your e-mail address?',
    lines: [`Hello ${name},`, 'Somebody who is signed in to your account wants to give it another e-mail address:'],
    facts: [['New address', email]],
    button: { label: 'Agree to the change', link },
    after: [
      `The address is changed once it is confirmed here and at the new address. The link works for ${hours} hours.`,
      'If it was not you, do not use the link: nothing changes without it. Somebody has then used your account, so choose a new password and end your other sessions.',
    ],
  }),
})

export const confirmNewEmailMail = defineMail<{ link: string; hours: number }>({
  name: 'identity.confirm_new_email',
  description: 'Asks at the new address whether an account may have it',
  byAnybody: true,
  compose: ({ link, hours }) => ({
    subject: 'Confirm your new e-mail address',
    lines: ['Hello,', 'Somebody wants to use this e-mail address for an account. If it was you, please confirm it.'],
    button: { label: 'Confirm the address', link },
    after: [
      `The address is changed once it is confirmed here and at the present address. The link works for ${hours} hours.`,
      'If it was not you, there is nothing to do: without your confirmation nobody uses this address.',
    ],
  }),
})

export const addressInUseMail = defineMail<{ link: string }>({
  name: 'identity.address_in_use',
  description: 'Somebody wanted to change to the address of another account: its owner learns it, the asker does not',
  byAnybody: true,
  compose: ({ link }) => ({
    subject: 'You have an account already',
    lines: [
      'Hello,',
      'Somebody wants to use this e-mail address for an account, but there is an account with it already. An address belongs to one account only, so nothing was changed.',
      'If it was you, sign in to the account that has this address, and change the address of that one first, or close it.',
    ],
    button: { label: 'Sign in', link },
    after: ['If it was not you, there is nothing to do.'],
  }),
})

export const emailChangedMail = defineMail<{ name: string; email: string }>({
  name: 'identity.email_changed',
  description: 'Tells the old address that the account has another one now',
  compose: ({ name, email }) => ({
    subject: 'Your e-mail address was changed',
    lines: [
      `Hello ${name},`,
      'As was confirmed at both addresses, your account has another e-mail address now. Mails about it go there from now on, and other devices were signed out.',
    ],
    facts: [['New address', email]],
    after: [
      'If it was not you, tell an operator of this installation at once: somebody reads this mailbox and your account.',
    ],
  }),
})
