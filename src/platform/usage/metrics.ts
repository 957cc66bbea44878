import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { oneOf } from '#platform/http'
import { errors } from './errors.ts'

/** A metric that a module of this program declares. */
export const Metric = Type.Object({
  name: Type.String({ examples: ['contractors.list_items'] }),
  description: Type.String(),
  unit: oneOf(['count', 'bytes'] as const),
  kind: oneOf(['gauge', 'flow'] as const),
})
export type Metric = Static<typeof Metric>

/** What the modules of this program declare, in their order. */
export function metricsOf({ modules }: Pick<App, 'modules'>): Metric[] {
  return modules.flatMap(({ metrics = {} }) => Object.entries(metrics).map(([name, metric]) => ({ name, ...metric })))
}

export function getMetric(app: Pick<App, 'modules'>, name: string): Metric {
  const metric = metricsOf(app).find(each => each.name === name)
  if (!metric) throw errors.metricUnknown({ metric: name })
  return metric
}
