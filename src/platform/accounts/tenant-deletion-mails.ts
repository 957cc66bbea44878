import { defineMail } from '#platform/mail'

type Waiting = {
  name: string
  tenantName: string
  /** The day and time at which the removal begins, by the clock of who reads it. */
  moment: string
  link: string
  byOperator: boolean
}

const whoCancels = (byOperator: boolean) =>
  byOperator
    ? 'An operator of this installation has asked for it, and only an operator can cancel it: write to them if you want to keep the workspace.'
    : 'Any owner can cancel this until then. Afterwards nobody can bring it back.'

export const deletionRequestedMail = defineMail<Waiting & { byName: string }>({
  name: 'accounts.tenant_deletion_requested',
  description: 'The deletion of a workspace was requested (MT-11)',
  compose: ({ name, tenantName, moment, link, byOperator, byName }) => ({
    subject: `${tenantName} will be deleted`,
    lines: [
      `Hello ${name},`,
      byOperator
        ? `An operator of this installation has asked for the deletion of ${tenantName}.`
        : `${byName} has asked for the deletion of ${tenantName}.`,
      'It is closed for its members from now on. Then everything in it is removed: lists, notes, roles, keys, settings and memberships. The accounts of its members stay.',
      whoCancels(byOperator),
    ],
    facts: [['Removal begins', moment]],
    button: { label: 'See the deletion', link },
  }),
})

export const deletionNearsMail = defineMail<Waiting & { isLast: boolean }>({
  name: 'accounts.tenant_deletion_nears',
  description: 'The deletion of a workspace is half-way, or a day away (MT-11)',
  compose: ({ name, tenantName, moment, link, byOperator, isLast }) => ({
    subject: isLast ? `Last notice: ${tenantName} is about to be deleted` : `${tenantName} will be deleted soon`,
    lines: [
      `Hello ${name},`,
      isLast
        ? `This is the last notice: within a day everything in ${tenantName} is removed.`
        : `${tenantName} waits for its deletion. Half of the time is over.`,
      whoCancels(byOperator),
    ],
    facts: [['Removal begins', moment]],
    button: { label: 'See the deletion', link },
  }),
})

export const deletionCancelledMail = defineMail<{ name: string; tenantName: string; isActive: boolean; link: string }>({
  name: 'accounts.tenant_deletion_cancelled',
  description: 'The deletion of a workspace was cancelled (MT-11)',
  compose: ({ name, tenantName, isActive, link }) => ({
    subject: `${tenantName} will not be deleted`,
    lines: [
      `Hello ${name},`,
      `The deletion of ${tenantName} was cancelled. Nothing was removed.`,
      isActive ? 'Its members can work in it again.' : 'It is suspended, as it was before.',
    ],
    button: { label: 'Open the console', link },
  }),
})

export const tenantDeletedMail = defineMail<{
  name: string
  tenantName: string
  tenantId: string
  rows: number
  number: number
  signed: string
}>({
  name: 'accounts.tenant_deleted',
  description: 'A workspace was removed, with its certificate (MT-11)',
  compose: ({ name, tenantName, tenantId, rows, number, signed }) => ({
    subject: `${tenantName} is deleted`,
    lines: [
      `Hello ${name},`,
      `${tenantName} and everything in it was removed. Your account stays.`,
      'Below is the certificate of that, signed by this installation. It says when and how many rows of each table were removed; the name of the workspace stands in it as a hash only. Save it as a file: "commonhold tenants certificate verify" checks it, and so does any program that knows JWS (RFC 7515).',
      signed,
    ],
    facts: [
      ['Workspace', tenantId],
      ['Rows removed', String(rows)],
      ['Certificate', `No. ${number}`],
    ],
    after: [
      'The log of what was done in the workspace is kept as long as the law wants it, and only operators can read it.',
    ],
  }),
})
