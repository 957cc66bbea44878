import type { Feature, Reason, ReasonKind, Scored } from './scoring.ts'
import { weights } from './weights.ts'

/** What speaks for and against a candidate, the weightiest first; together with the starting point they are its log-odds. */
export function reasonsOf({ features, name, nearness, known }: Scored): Reason[] {
  const weightOf = (...names: Feature[]) => names.reduce((sum, key) => sum + weights[key] * (features[key] ?? 0), 0)
  const reasons: Reason[] = []
  const say = (kind: ReasonKind, weight: number, text: string) =>
    // INC. ends with a full stop of its own.
    reasons.push({ kind, weight: Math.round(weight * 100) / 100, text: text.replace(/\.\.$/, '.') })

  const { comparison } = name
  const nameWeight = weightOf('sameName', 'missingOfOne', 'missingOfOther', 'inexact', 'surplus', 'firstWordDiffers')
  const shared = comparison.pairs.map(pair => pair.one.join(' ')).join(', ')
  if (comparison.isSame) say('name_same', nameWeight, `The same name: ${name.name}.`)
  else if (comparison.pairs.length > 0) say('name_similar', nameWeight, `${name.name} shares ${shared}.`)
  else say('name_differs', nameWeight, `${name.name} has no word in common.`)
  if (name.kind === 'former') say('former_name', weightOf('otherName'), `${known.name} was called ${name.name} before.`)
  if (name.kind === 'dba') say('dba', weightOf('otherName'), `${known.name} does business as ${name.name}.`)
  if (name.kind === 'alternative')
    say('alternative_name', weightOf('otherName'), `${known.name} is also called ${name.name}.`)
  if (comparison.surplus < 0 && comparison.pairs.length > 0)
    say('common_name', 0, 'Its words are frequent: others may have them too.')
  if (features.otherLegalForm) say('legal_form_differs', weightOf('otherLegalForm'), 'Another legal form.')
  if (features.sameCage) say('same_cage', weightOf('sameCage', 'sameCageOtherName'), 'The same CAGE code.')
  if (features.differentCage) say('different_cage', weightOf('differentCage'), 'Another CAGE code.')
  if (nearness === 'street') say('same_address', weightOf('sameStreet', 'sameStreetOtherName'), 'The same address.')
  if (nearness === 'zip') say('same_zip', weightOf('sameZip'), 'The same ZIP code.')
  if (nearness === 'city') say('same_city', weightOf('sameCity'), 'The same city.')
  if (nearness === 'state') say('same_state', weightOf('sameState'), 'The same state, another city.')
  if (nearness === 'apart') say('different_state', weightOf('apart'), 'Another state or country.')
  if (known.records >= 5) say('often_seen', weightOf('records'), `${known.records} awards are known of it.`)
  return reasons.sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight))
}
