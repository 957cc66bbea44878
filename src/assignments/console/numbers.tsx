import { Collapse, Group, UnstyledButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Icon } from '#platform/console'
import classes from './rounds.module.css'

/** Figures for who wants them: closed until it is asked for. */
export function Numbers({ title = 'Numbers', rows, children }: NumbersProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <div>
      <UnstyledButton className={classes.disclosure} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Group gap={4}>
          <Icon name={isOpen ? 'chevronDown' : 'chevronRight'} size={15} /> {title}
        </Group>
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <dl className={classes.numbers}>
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="figures">{value}</dd>
            </div>
          ))}
        </dl>
        {children}
      </Collapse>
    </div>
  )
}

type NumbersProps = { title?: string; rows: readonly (readonly [string, ReactNode])[]; children?: ReactNode }
