import type { Job } from '#platform/jobs'

/** Hands one mail to the mail server. */
export const deliverMail: Job<{ messageId: string }> = {
  name: 'mail.deliver',
  description: 'Delivers a mail',
  async run() {},
}
