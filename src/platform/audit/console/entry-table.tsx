import classes from './audit.module.css'
import { AuditEntry } from './audit-entry.tsx'
import type { AuditLog, Filters } from './audit-logs.ts'
import { RememberedRows } from './named-row.tsx'
import type { Remembered } from './sentences.ts'

type Given = {
  entries: readonly AuditLog[]
  remembered: Remembered
  change?: (change: Partial<Filters>) => void
}

/** Entries as sentences, each to be opened; `change` as `AuditEntry` has it. */
export function EntryTable({ entries, remembered, change }: Given) {
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th style={{ width: 34 }}>
            <span className="visually-hidden">Details</span>
          </th>
          <th className={classes.wide}>When</th>
          <th>What</th>
        </tr>
      </thead>
      <tbody>
        <RememberedRows value={remembered}>
          {entries.map(entry => (
            <AuditEntry key={entry.id} entry={entry} change={change} />
          ))}
        </RememberedRows>
      </tbody>
    </table>
  )
}
