/** What every answer says it is from. */
export const version = '1.0.0';
