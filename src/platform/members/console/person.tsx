import { Avatar, Badge } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './members.module.css'
import { type Member, nameOf } from './members.ts'

type Shown = { fullName: string | null; email: string; avatarUrl: string | null }

/** Somebody in a line: picture, name, address. `children` stands in the place of the name. */
export function PersonLine({ person, children }: { person: Shown; children?: ReactNode }) {
  return (
    <div className={classes.person}>
      <Avatar
        src={person.avatarUrl}
        alt=""
        size={32}
        radius="xl"
        name={nameOf(person)}
        classNames={{ placeholder: classes.initials ?? '' }}
      />
      <div className={classes.who}>
        {children ?? <span className={classes.name}>{nameOf(person)}</span>}
        {person.fullName !== null && <div className={classes.address}>{person.email}</div>}
      </div>
    </div>
  )
}

export function RoleBadges({ member }: { member: Member }) {
  return (
    <span className={classes.badges}>
      {member.roles.map(({ id, name, isBuiltIn }) => (
        <Badge key={id} variant={isBuiltIn ? 'light' : 'default'} tt="none" size="sm" autoContrast>
          {name}
        </Badge>
      ))}
      {!member.isAccountActive && (
        <Badge variant="light" color="yellow" tt="none" size="sm" autoContrast>
          account not active
        </Badge>
      )}
    </span>
  )
}
