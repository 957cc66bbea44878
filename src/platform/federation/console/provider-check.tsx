import { Text } from '@mantine/core'
import { Icon, type IconName } from '#platform/console'
import type { ProviderCheck } from './own-providers.ts'
import classes from './providers.module.css'

const marks: Record<ProviderCheck['lines'][number]['outcome'], { icon: IconName; word: string }> = {
  passed: { icon: 'check', word: 'Good' },
  warned: { icon: 'alert', word: 'Look at this' },
  failed: { icon: 'close', word: 'Wrong' },
  skipped: { icon: 'clock', word: 'Not looked at' },
}

/** What the check has found, line by line. */
export function CheckResult({ check: { isUsable, lines } }: { check: ProviderCheck }) {
  return (
    <div role="status">
      <Text size="sm" fw={550} mb="xs">
        {isUsable ? 'Nothing keeps people from signing in.' : 'People cannot sign in before this is mended.'}
      </Text>
      <ul className={classes.lines}>
        {lines.map(({ step, outcome, message }) => (
          <li key={step} className={classes.line} data-outcome={outcome}>
            <Icon name={marks[outcome].icon} size={16} />
            <span className={classes.word}>{marks[outcome].word}</span>
            <span className={classes.message}>{message}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
