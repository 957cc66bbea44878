import { Checkbox } from '@mantine/core'
import { capital, groupByModule, type Permission } from './role-queries.ts'
import classes from './roles.module.css'

/** Every declared permission by module, with what the role has. What the person himself lacks can neither be given nor taken. */
export function RoleMatrix({ permissions, chosen, choose, isFixed, holds }: RoleMatrixProps) {
  return groupByModule(permissions).map(([module, ofModule]) => (
    <fieldset key={module} className={classes.group}>
      <legend>{capital(module)}</legend>
      <div className={classes.permissions}>
        {ofModule.map(permission => {
          const { name, description, roles } = permission
          const isLacking = !isFixed && !holds(name)
          return (
            <Checkbox
              key={name}
              label={description}
              description={
                <>
                  <span className="mono">{name}</span>
                  {isLacking
                    ? ' · You do not hold this yourself.'
                    : roles.length > 0 && ` · built into ${roles.join(', ')}`}
                </>
              }
              checked={chosen.has(name)}
              disabled={isFixed || isLacking}
              onChange={event => choose(name, event.currentTarget.checked)}
            />
          )
        })}
      </div>
    </fieldset>
  ))
}

type RoleMatrixProps = {
  permissions: readonly Permission[]
  chosen: ReadonlySet<string>
  choose: (name: string, isChosen: boolean) => void
  /** Nothing can be changed, whoever looks. */
  isFixed: boolean
  holds: (permission: string) => boolean
}
