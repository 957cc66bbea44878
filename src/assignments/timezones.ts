import { type App, mainApp } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { getTimezone } from '#platform/tenancy'

/** Of the scope's tenant, whose days and weeks rounds are planned in: `Europe/Stockholm`. */
export const timezoneOf = (app: Pick<App, 'db'>, { tenantId }: Pick<Scope, 'tenantId'>): Promise<string> =>
  getTimezone(mainApp(app as App), tenantId as string)
