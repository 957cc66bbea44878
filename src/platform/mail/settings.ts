import type { App } from '#platform/app.ts'

/** Whether mails go out; else they are kept. */
export function hasSmtp(app: App): boolean {
  return app.config.smtpUrl !== undefined
}
