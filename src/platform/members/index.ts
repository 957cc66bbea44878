export { type Colleague, findColleagues } from './colleagues.ts'
