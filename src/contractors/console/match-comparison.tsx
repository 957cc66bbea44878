import { Icon, type IconName } from '#platform/console'
import classes from './matches.module.css'
import type { ComparedField, MatchDetail } from './matches.ts'

const labels: Readonly<Record<ComparedField['field'], string>> = {
  name: 'Name',
  otherNames: 'Other names',
  street: 'Street',
  city: 'City',
  state: 'State',
  zipCode: 'ZIP code',
  country: 'Country',
  cageCode: 'CAGE code',
  uei: 'UEI',
  parentUei: 'Parent',
}

const verdicts: Readonly<Record<ComparedField['verdict'], { icon: IconName; text: string } | undefined>> = {
  same: { icon: 'check', text: 'Same' },
  similar: { icon: 'info', text: 'Similar' },
  different: { icon: 'alert', text: 'Differs' },
  missing: undefined,
}

/** Two values side by side, row by row; what differs is coloured and said in words. */
export function Comparison({ one, other, fields }: { one: string; other: string; fields: readonly ComparedField[] }) {
  return (
    <table className={classes.compared} aria-label={`${one} beside ${other}`}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">{one}</th>
          <th scope="col">{other}</th>
          <th scope="col">Comparison</th>
        </tr>
      </thead>
      <tbody>
        {fields.map(({ field, one: left, other: right, verdict }) => {
          const told = verdicts[verdict]
          return (
            <tr key={field} data-verdict={verdict}>
              <th scope="row">{labels[field]}</th>
              <td data-label={one}>{left ?? '—'}</td>
              <td data-label={other}>{right ?? '—'}</td>
              <td className={classes.verdict}>
                {told ? (
                  <span style={{ display: 'inline-flex', gap: 5, alignItems: 'center' }}>
                    <Icon name={told.icon} size={14} />
                    {told.text}
                  </span>
                ) : (
                  'Not told'
                )}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** What speaks for and against, the weightiest first. */
export function Reasons({ reasons }: { reasons: MatchDetail['reasons'] }) {
  const sorted = [...reasons].sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight))
  return (
    <ul className={classes.reasons}>
      {sorted.map(({ kind, weight, text }) => (
        <li key={kind + text}>
          <span className={classes.weight}>
            {weight > 0 ? '+' : weight < 0 ? '−' : ''}
            {Math.abs(weight).toFixed(1)}
          </span>
          <span>{text}</span>
        </li>
      ))}
    </ul>
  )
}
