// The release command of a version whose migration fails.
throw new Error('this migration fails');
