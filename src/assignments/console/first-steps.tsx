import { Anchor } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Icon, PageLink, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { inDomain } from './domain-choice.tsx'
import { hasRoundsQuery } from './domains.ts'
import type { Domain } from './wire-types.ts'
import { counted } from './words.ts'

/** What is still to be done in a domain until its first round; gone once that is made. */
export function FirstSteps({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const { words, participantCount, targetCount } = domain
  const isComplete = participantCount > 0 && targetCount > 0
  const mayPlan = can('assignments.assignments.write')
  const rounds = useQuery({ ...hasRoundsQuery(domain.id), enabled: isComplete && mayPlan })
  if (!mayPlan || (isComplete && rounds.data !== false)) return null
  const steps = [
    {
      to: '/assignments/targets',
      label: `Say what there is to do: ${words.target.plural}`,
      told: targetCount > 0 && counted(targetCount, words.target),
    },
    {
      to: '/assignments/people',
      label: `Enter your ${words.participant.plural}`,
      told: participantCount > 0 && counted(participantCount, words.participant),
    },
    { to: '/assignments', label: `Make the first ${words.assignment.singular}: it is planned for you`, told: false },
  ]
  return (
    <section className={`panel ${classes.section}`} aria-label="First steps" style={{ marginBottom: 16 }}>
      <ol className={classes.steps}>
        {steps.map(({ to, label, told }) => (
          <li key={to} data-done={told ? true : undefined}>
            {told && <Icon name="check" size={16} />}
            <Anchor component={PageLink} to={to} search={inDomain(domain)} inherit>
              {label}
            </Anchor>
            {told && ` (${told})`}
          </li>
        ))}
      </ol>
    </section>
  )
}
