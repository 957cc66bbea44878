import { type NamedValue, namedValuesOf } from './named-values.tsx'
import type { Configuration, Domain, DomainFields } from './wire-types.ts'

export type Limits = { perRound: number | null; hoursPerWeek: number | null; restHours: number | null }
export type RuleDraft = { name: string; description: string; isActive: boolean; parameters: NamedValue[] }
export type Parameters = Record<string, string | number | boolean>

/** A domain as its form has it. */
export type DomainForm = {
  displayName: string
  name: string
  description: string
  version: string
  isActive: boolean
  words: Domain['words']
  strategy: string
  parameters: Parameters
  limits: Limits
  checks: string[]
  businessRules: RuleDraft[]
}

export const domainLabels: Readonly<Record<keyof DomainForm, string>> = {
  displayName: 'Name',
  name: 'Short name',
  description: 'Description',
  version: 'Version',
  isActive: 'Active',
  words: 'Words',
  strategy: 'Strategy',
  parameters: 'What the strategy is told',
  limits: 'Limits',
  checks: 'Checks',
  businessRules: 'Rules',
}

/** `known` are the checks that there are: where a domain says nothing, all of them are made. */
export const readDomainForm =
  (known: readonly string[]) =>
  (domain: Domain): DomainForm => {
    const { strategy, strategy_parameters, constraints, validation_rules } = domain.configuration
    return {
      displayName: domain.displayName,
      name: domain.name,
      description: domain.description ?? '',
      version: domain.version,
      isActive: domain.isActive,
      words: domain.words,
      strategy: strategy ?? 'optimal',
      parameters: { ...strategy_parameters },
      limits: {
        perRound: constraints?.max_assignments_per_participant ?? null,
        hoursPerWeek: constraints?.max_hours_per_week ?? null,
        restHours: constraints?.min_rest_hours ?? null,
      },
      checks: [...(validation_rules ?? known)],
      businessRules: domain.businessRules.map(rule => ({
        name: rule.name,
        description: rule.description ?? '',
        isActive: rule.isActive !== false,
        parameters: namedValuesOf(rule.parameters ?? {}),
      })),
    }
  }

/** What is sent of a form's changes; the configuration goes as a whole, with what the form does not know left in it. */
export function writeDomainForm(changes: Partial<DomainForm>, { configuration }: Domain): Partial<DomainFields> {
  const { words, strategy, parameters, limits, checks, businessRules, description, ...plain } = changes
  const isConfigured = [words, strategy, parameters, limits, checks].some(each => each !== undefined)
  return {
    ...plain,
    ...(description !== undefined && { description: description.trim() || null }),
    ...(isConfigured && {
      configuration: {
        ...(configuration as Configuration),
        ...(words && { words }),
        ...(strategy !== undefined && { strategy }),
        ...(parameters && { strategy_parameters: parameters }),
        ...(limits && { constraints: constraintsOf(limits, configuration as Configuration) }),
        ...(checks && { validation_rules: checks }),
      },
    }),
    ...(businessRules && {
      businessRules: businessRules.map(({ name, description, isActive, parameters }) => ({
        name: name.trim(),
        ...(description.trim() && { description: description.trim() }),
        ...(parameters.length > 0 && {
          parameters: Object.fromEntries(
            parameters.filter(each => each.name.trim()).map(each => [each.name.trim(), each.value]),
          ),
        }),
        isActive,
      })),
    }),
  }
}

function constraintsOf({ perRound, hoursPerWeek, restHours }: Limits, { constraints }: Configuration) {
  const {
    max_assignments_per_participant: _,
    max_hours_per_week: __,
    min_rest_hours: ___,
    ...others
  } = constraints ?? {}
  return {
    ...others,
    ...(perRound !== null && { max_assignments_per_participant: perRound }),
    ...(hoursPerWeek !== null && { max_hours_per_week: hoursPerWeek }),
    ...(restHours !== null && { min_rest_hours: restHours }),
  }
}
