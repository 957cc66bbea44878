import { Button, Text, Title } from '@mantine/core'
import { type ReactNode, useId, useState } from 'react'
import { ScrollRegion } from '#platform/console'
import classes from './operations.module.css'

export type Column<Row> = { label: string; isNumber?: boolean; isLong?: boolean; of: (row: Row) => ReactNode }

/** A titled table, or a sentence where there is nothing to show. On a phone each row is a block of its own. */
export function TablePart<Row>({ title, note, actions, rows, columns, keyOf, nothing, first }: TablePartProps<Row>) {
  const id = useId()
  const [isWhole, setWhole] = useState(false)
  const folds = first !== undefined && rows.length > first + 2
  const shown = folds && !isWhole ? rows.slice(0, first) : rows
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
          <table className={`data ${classes.blocks}`}>
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
              {shown.map(row => (
                <tr key={keyOf(row)}>
                  {columns.map(({ label, isNumber, isLong, of }) => (
                    <td
                      key={label}
                      data-label={label}
                      className={isNumber ? 'number' : isLong ? classes.long : classes.short}
                    >
                      <div>{of(row)}</div>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      {folds && (
        <Button
          variant="subtle"
          size="compact-sm"
          mt={8}
          aria-expanded={isWhole}
          aria-label={`${isWhole ? `Show the first ${first}` : `Show all ${rows.length}`}: ${title}`}
          onClick={() => setWhole(!isWhole)}
        >
          {isWhole ? `Show the first ${first}` : `Show all ${rows.length}`}
        </Button>
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
  /** So many rows are shown at first, where there are more. */
  first?: number
  /** Where there is no row. */
  nothing: string
}
