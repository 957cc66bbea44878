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

export const confirmSignUpMail = defineMail<{ name: string; link: string; hours: number }>({
  name: 'accounts.confirm_sign_up',
  description: 'Somebody asked for an account with this address',
  byAnybody: true,
  compose: ({ name, link, hours }) => ({
    subject: 'Confirm your address',
    lines: [`Hello ${name},`, `Confirm your address to open your account. The link works once, for ${hours} hours.`],
    button: { label: 'Confirm the address', link },
    after: ['You did not ask for an account? Then do nothing: without this step there is none.'],
  }),
})

export const accountExistsMail = defineMail<{ name: string; signInLink: string; resetLink: string }>({
  name: 'accounts.account_exists',
  description: 'Somebody asked for an account with an address that has one',
  byAnybody: true,
  compose: ({ name, signInLink, resetLink }) => ({
    subject: 'You have an account already',
    lines: [
      `Hello ${name},`,
      'Somebody, probably you, asked for a new account with this address. There is one already: sign in with it.',
      `Forgot the password? Choose a new one here: ${resetLink}`,
    ],
    button: { label: 'Sign in', link: signInLink },
    after: ['If it was not you, do nothing: nothing has changed.'],
  }),
})

export const accountRestsMail = defineMail<{ name: string; link: string }>({
  name: 'accounts.account_rests',
  description: 'Wrong passwords have put an account to rest for some minutes (MT-03)',
  compose: ({ name, link }) => ({
    subject: 'Somebody tries passwords on your account',
    lines: [
      `Hello ${name},`,
      'Several wrong passwords were entered for your account. New devices have to wait some minutes now before the next try; devices on which you have signed in before do not.',
      'If it was you: wait a little, or choose a new password, which ends the wait at once.',
    ],
    button: { label: 'Choose a new password', link },
    after: [
      'If it was not you: your password has not been found. A second factor or a passkey keeps it without use to others.',
    ],
  }),
})

export const newTenantMail = defineMail<{ name: string; tenantName: string; link: string }>({
  name: 'accounts.tenant_created',
  description: 'An operator made a workspace for somebody',
  compose: ({ name, tenantName, link }) => ({
    subject: 'You have a new workspace',
    lines: [
      `Hello ${name},`,
      `The operator of this installation has made the workspace ${tenantName} for you. You own it: you can invite others and decide what they may do.`,
    ],
    button: { label: 'Open it', link },
  }),
})

export const tenantClosedMail = defineMail<{ name: string; tenantName: string; reason: string; link: string }>({
  name: 'accounts.tenant_suspended',
  description: 'A workspace was suspended by an operator (MT-12)',
  compose: ({ name, tenantName, reason, link }) => ({
    subject: 'Your workspace is suspended',
    lines: [
      `Hello ${name},`,
      `The operator of this installation has suspended the workspace ${tenantName}. Nobody can enter it until it is opened again; nothing in it is lost.`,
    ],
    facts: [['Reason', reason]],
    button: { label: 'Sign in', link },
    after: ['You get this mail because you own the workspace. Ask the operator what can be done.'],
  }),
})

export const tenantOpenedMail = defineMail<{ name: string; tenantName: string; reason: string; link: string }>({
  name: 'accounts.tenant_reactivated',
  description: 'A suspended workspace was opened again (MT-12)',
  compose: ({ name, tenantName, reason, link }) => ({
    subject: 'Your workspace is open again',
    lines: [`Hello ${name},`, `The workspace ${tenantName} can be used again, with everything that was in it.`],
    facts: [['Reason', reason]],
    button: { label: 'Open it', link },
  }),
})

export const domainFailsMail = defineMail<{
  name: string
  tenantName: string
  domain: string
  fault: string
  isLost: boolean
  link: string
}>({
  name: 'accounts.domain_fails',
  description: 'The proof of a workspace’s own domain is not found any more (GG-03)',
  compose: ({ name, tenantName, domain, fault, isLost, link }) => ({
    subject: isLost ? `${domain} leads to your workspace no more` : `The proof of ${domain} is missing`,
    lines: [
      `Hello ${name},`,
      isLost
        ? `For 7 days the proof that ${domain} is the domain of ${tenantName} could not be found. It does not lead to the workspace any more.`
        : `The proof that ${domain} is the domain of ${tenantName} could not be found today. The domain works for 7 days more; put the proof back until then.`,
    ],
    facts: [['What was found', fault]],
    button: { label: 'See the domains', link },
  }),
})
