import { ActionIcon } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { Icon } from '#platform/console'
import classes from './profile.module.css'

/** A code by which others know the contractor, and a button that copies it. */
export function Identifier({ label, code }: { label: string; code: string }) {
  const { copy, copied, error } = useClipboard({ timeout: 3_000 })
  const said = error ? 'Select and copy it by hand' : copied ? 'Copied' : `Copy ${label}`
  return (
    <span className={classes.identifier}>
      {label} <span className="code">{code}</span>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        title={said}
        aria-label={`Copy ${label} ${code}`}
        onClick={() => copy(code)}
      >
        <Icon name={copied ? 'check' : 'copy'} size={14} />
      </ActionIcon>
      <span className="visually-hidden" aria-live="polite">
        {copied || error ? said : ''}
      </span>
    </span>
  )
}
