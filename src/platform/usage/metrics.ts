import type { App } from '#platform/app.ts'
import type { MetricDeclaration } from '#platform/module.ts'
import { errors } from './errors.ts'

export type Metric = MetricDeclaration & { name: string }

/** What the modules of this program declare, in their order. */
export function metricsOf({ modules }: Pick<App, 'modules'>): Metric[] {
  return modules.flatMap(({ metrics = {} }) => Object.entries(metrics).map(([name, metric]) => ({ name, ...metric })))
}

export function getMetric(app: Pick<App, 'modules'>, name: string): Metric {
  const metric = metricsOf(app).find(each => each.name === name)
  if (!metric) throw errors.metricUnknown({ metric: name })
  return metric
}
