export type { AnyRoute, Principal, RequestOf, Route } from './route.ts'
export { Reply, route } from './route.ts'
