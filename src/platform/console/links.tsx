import { Link, type LinkProps } from '@tanstack/react-router'
import type { ComponentProps } from 'react'
import type { Search } from './addresses.ts'

/**
 * A link to another page of the console. The router's own types know one fixed tree of routes; here each module brings
 * its pages, so that an address is text.
 */
export function PageLink({ to, search, params, ...rest }: PageLinkProps) {
  return <Link to={to} search={search as LinkProps['search']} params={params as LinkProps['params']} {...rest} />
}

type PageLinkProps = Omit<ComponentProps<'a'>, 'href'> & {
  to: string
  search?: Search
  params?: Readonly<Record<string, string>>
  preload?: false | 'intent'
  /** With `exact` a link counts as of this page at its very address only, not at those below it. */
  activeOptions?: { exact: boolean; includeSearch?: boolean }
}
