import { takeUntoldRests } from '#platform/identity'
import type { Job } from '#platform/jobs'
import { linkTo, sendMail } from '#platform/mail'
import { accountRestsMail } from './mails.ts'

/** Not within the sign-in that begins the rest: an account that exists would take longer to refuse than one that does not. */
export const tellOfRests: Job = {
  name: 'accounts.tell-of-rests',
  description: 'MT-03: writes to whose account rests after wrong passwords, once a day at most',
  cron: '* * * * *',
  async run(_data, app) {
    await app.db.transaction({ system: true }, async tx => {
      for (const { id: userId, email: to, name } of await takeUntoldRests(tx)) {
        const values = { name, link: linkTo(app, '/forgot-password') }
        await sendMail(app, tx, { to, userId, mail: accountRestsMail, values })
      }
    })
  },
}
