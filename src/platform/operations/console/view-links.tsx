import { PageLink } from '#platform/console'
import classes from './operations.module.css'

/** The views of one page beside each other; the first is the page's own address. */
export function ViewLinks<Name extends string>({ label, to, views, view }: ViewLinksProps<Name>) {
  return (
    <nav aria-label={label} className={classes.views}>
      {views.map(({ name, label: words }, index) => (
        <PageLink
          key={name}
          to={to}
          search={index === 0 ? {} : { view: name }}
          activeOptions={{ exact: true }}
          className={classes.view}
          aria-current={name === view ? 'page' : 'false'}
        >
          {words}
        </PageLink>
      ))}
    </nav>
  )
}

type ViewLinksProps<Name extends string> = {
  label: string
  to: string
  views: readonly { name: Name; label: string }[]
  view: Name
}
