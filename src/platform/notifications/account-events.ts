import { onAccountEvent } from '#platform/identity'
import { notify } from './notices.ts'

/** What happens to an account its owner reads in his list too: identity stands above and knows no notifications. */
onAccountEvent(async (app, tx, { userId, kind, title, message, link }) => {
  await notify(app, tx, { userId, tenantId: null, kind, title, message, link })
})
