import { defineMail } from '#platform/mail'

export const confirmLinkMail = defineMail<{ name: string; providerName: string; link: string; hours: number }>({
  name: 'federation.confirm_link',
  description: 'An administrator asks whether somebody at an identity provider is the owner of an account',
  compose: ({ name, providerName, link, hours }) => ({
    subject: `Is this you at ${providerName}?`,
    lines: [
      `Hello ${name},`,
      `Somebody signed in through ${providerName} with the address of your account, and an administrator of that workspace asks whether it was you.`,
      'If it was, sign in here your own way and confirm: from then on you can come into that workspace through the provider.',
    ],
    button: { label: 'See and confirm', link },
    after: [`The link works for ${hours} hours. If it was not you, do nothing: nobody gets into your account by this.`],
  }),
})

export const providerLinkedMail = defineMail<{ name: string; providerName: string; securityLink: string }>({
  name: 'federation.linked',
  description: 'An identity provider of a workspace was linked to somebody’s account',
  compose: ({ name, providerName, securityLink }) => ({
    subject: `${providerName} was linked to your account`,
    lines: [
      `Hello ${name},`,
      `From now on you can come into its workspace through ${providerName}. Your other workspaces and your account’s own settings stay out of its reach.`,
    ],
    button: { label: 'See your linked accounts', link: securityLink },
    after: ['If it was not you, unlink it there, end all other sessions and change your password.'],
  }),
})
