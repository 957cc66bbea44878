import { takeUntoldRests } from '#platform/identity'
import type { Job } from '#platform/jobs'
import { linkTo, sendMail } from '#platform/mail'
import { accountRestsMail } from './mails.ts'

/** Not within the sign-in that locks: an account that exists would take longer to refuse than one that does not. */
export const tellLockedOwners: Job = {
  name: 'accounts.tell-locked-owners',
  description: 'MT-03: writes to whose account rests after wrong passwords, once a day at most',
  cron: '* * * * *',
  async run(_data, app) {
    await app.db.transaction({ system: true }, async tx => {
      for (const { email: to, fullName } of await takeUntoldRests(tx)) {
        const values = { name: fullName ?? to, link: linkTo(app, '/forgot-password') }
        await sendMail(app, tx, { to, mail: accountRestsMail, values })
      }
    })
  },
}
