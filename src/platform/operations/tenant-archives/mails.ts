import { defineMail } from '#platform/mail'

export const arrivedMail = defineMail<{ name: string; tenantName: string; link: string }>({
  name: 'operations.tenant_arrived',
  description: 'A workspace came from another installation, and with it an account for this address',
  compose: ({ name, tenantName, link }) => ({
    subject: 'Your workspace has moved',
    lines: [
      `Hello ${name},`,
      `The workspace ${tenantName} was brought to this installation, and you have an account here now. Your password did not come with it: choose one.`,
    ],
    button: { label: 'Choose a password', link },
  }),
})
