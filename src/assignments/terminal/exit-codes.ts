/** What was asked for could not be had: there is no plan. */
export const withoutPlan = 6
/** Something is not as it says. */
export const notSound = 3
