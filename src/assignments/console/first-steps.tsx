import { Anchor } from '@mantine/core'
import { Icon, PageLink } from '#platform/console'
import classes from './assignments.module.css'
import { inDomain } from './domain-choice.tsx'
import type { Domain } from './wire-types.ts'
import { counted } from './words.ts'

/** What is still to be done before the first round of a domain; gone once it has people and something to do. */
export function FirstSteps({ domain }: { domain: Domain }) {
  const { words, participantCount, targetCount } = domain
  if (participantCount > 0 && targetCount > 0) return null
  const steps = [
    {
      to: '/assignments/targets',
      label: `Say what there is to do: ${words.target.plural}`,
      done: targetCount,
      word: words.target,
    },
    {
      to: '/assignments/people',
      label: `Enter your ${words.participant.plural}`,
      done: participantCount,
      word: words.participant,
    },
  ]
  return (
    <section className={`panel ${classes.section}`} aria-label="First steps" style={{ marginBottom: 16 }}>
      <ol className={classes.steps}>
        {steps.map(({ to, label, done, word }) => (
          <li key={to} data-done={done > 0 || undefined}>
            {done > 0 && <Icon name="check" size={16} />}
            <span>
              <Anchor component={PageLink} to={to} search={inDomain(domain)} inherit>
                {label}
              </Anchor>
              {done > 0 && ` (${counted(done, word)})`}
            </span>
          </li>
        ))}
        <li>
          <span>Make the first {words.assignment.singular}: it is planned for you</span>
        </li>
      </ol>
    </section>
  )
}
