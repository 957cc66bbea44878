import { Title } from '@mantine/core'
import classes from './contractor.module.css'
import type { ContractorInFull } from './contractors.ts'
import { type FieldGroup, knownBy } from './fields.ts'
import { Provenance } from './provenance.tsx'

/** A group of fields with where each value comes from. */
export function ProfileFields({ group, contractor }: { group: FieldGroup | undefined; contractor: ContractorInFull }) {
  const fields = group?.fields.filter(field => field.text !== undefined)
  if (!group || !fields?.length) return null
  return (
    <section className={`panel ${classes.group}`} aria-label={group.title}>
      <Title order={2} size="h4">
        {group.title}
      </Title>
      <dl className={classes.fields}>
        {fields.map(({ name, label, text }) => {
          const source = contractor.sources[name]
          return (
            <div key={name} className={classes.field}>
              <dt>{label}</dt>
              <dd>
                <div className="figures">{text}</div>
                {source ? (
                  <Provenance label={label} source={source} />
                ) : (
                  knownBy[name] && <span className={classes.note}>{knownBy[name]}</span>
                )}
              </dd>
            </div>
          )
        })}
      </dl>
    </section>
  )
}

/** Columns that no imported source has. */
export function Unsourced({ groups }: { groups: readonly FieldGroup[] }) {
  const missing = groups.flatMap(group => group.fields).filter(field => field.text === undefined)
  if (missing.length === 0) return null
  return (
    <details className={`panel ${classes.empty}`}>
      <summary>
        {missing.length} {missing.length === 1 ? 'field is' : 'fields are'} not in any source
      </summary>
      <ul>
        {missing.map(field => (
          <li key={field.name}>{field.label}</li>
        ))}
      </ul>
    </details>
  )
}
