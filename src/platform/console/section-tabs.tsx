import { PageLink } from './links.tsx'
import classes from './section-tabs.module.css'
import { useSession } from './session.ts'

export type Section = { to: string; label: string; permission?: string }

/** The pages of one subject beside each other, under their common title; those that one may open. */
export function SectionTabs({ label, sections }: { label: string; sections: readonly Section[] }) {
  const { can } = useSession()
  const shown = sections.filter(({ permission }) => permission === undefined || can(permission))
  if (shown.length < 2) return null
  return (
    <nav aria-label={label} className={classes.sections}>
      {shown.map(({ to, label }) => (
        <PageLink key={to} to={to} activeOptions={{ exact: true, includeSearch: false }} className={classes.section}>
          {label}
        </PageLink>
      ))}
    </nav>
  )
}
