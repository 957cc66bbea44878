import { Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import { ScrollRegion } from '#platform/console'
import classes from './operations.module.css'

export type Column<Row> = { label: string; isNumber?: boolean; isLong?: boolean; of: (row: Row) => ReactNode }

/** A titled table, or a sentence where there is nothing to show. */
export function TablePart<Row>({ title, note, actions, rows, columns, keyOf, nothing }: TablePartProps<Row>) {
  const id = useId()
  return (
    <section aria-labelledby={id} className={`panel ${classes.part}`}>
      <div className={classes.partHead}>
        <Title order={2} size="h4" id={id}>
          {title}
        </Title>
        {actions}
      </div>
      {note && (
        <Text size="sm" c="dimmed" mb={6}>
          {note}
        </Text>
      )}
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          {nothing}
        </Text>
      ) : (
        <ScrollRegion label={`Table: ${title}`}>
          <table className="data">
            <thead>
              <tr>
                {columns.map(({ label, isNumber }) => (
                  <th key={label} className={isNumber ? 'number' : undefined}>
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(row => (
                <tr key={keyOf(row)}>
                  {columns.map(({ label, isNumber, isLong, of }) => (
                    <td key={label} className={isNumber ? 'number' : isLong ? classes.long : classes.short}>
                      {of(row)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </section>
  )
}

type TablePartProps<Row> = {
  title: string
  note?: ReactNode
  actions?: ReactNode
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  keyOf: (row: Row) => string
  /** Where there is no row. */
  nothing: string
}
