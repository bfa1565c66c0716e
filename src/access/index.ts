export {
  requireName,
  requireRole,
  requireWhere,
  withGrant,
  withoutGrant,
  withReview,
  type Revocation,
} from './change.ts';
export { grantsOf, isInForce, may, mayShip, reviewersOf } from './decide.ts';
export {
  nobodyElse,
  rightsOf,
  roles,
  type Caller,
  type Grant,
  type Person,
  type Place,
  type Policy,
  type Right,
  type Role,
  type Where,
  type Wish,
} from './model.ts';
export { refusal, requireRight } from './refuse.ts';
export { grantsText, grantText, whereText } from './words.ts';
