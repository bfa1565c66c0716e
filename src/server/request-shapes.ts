import { z } from 'zod';
import { repositoryScope } from '../secrets/index.ts';

/*
 * What the API takes; anything else is answered with `server/bad-request`.
 */

/** Whatever people call something by. */
export const name = z.string().min(1).max(200);
/** Names of folders: nothing else may be asked for. */
export const folder = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/, 'letters, digits, "-" and "_", at most 63');
/** A commit in full. */
export const sha = z.string().regex(/^[0-9a-f]{40}$/, 'must be a full commit hash');
/** A branch or tag in full. */
export const ref = z
  .string()
  .regex(/^refs\/(heads|tags)\/.+$/, 'must be a full ref, such as refs/heads/main');
/** See api.ts. */
export const shipRequest = z.object({ app: folder, commit: sha, ref, actor: name, defaultBranch: name });
/** See api.ts. */
export const rollbackRequest = z.object({
  app: folder,
  environment: folder,
  actor: name,
  to: name.optional(),
  force: z.boolean().default(false),
});
/** See api.ts. */
export const wordRequest = z.object({
  app: folder,
  environment: folder,
  verb: z.enum(['promote', 'approve', 'reject', 'pause', 'resume']),
  actor: name,
  reason: z.string().max(500).optional(),
  full: z.boolean().optional(),
});
/** See api.ts. */
export const repairRequest = z.object({ app: folder, environment: folder, actor: name });
/** See api.ts. */
export const abortRequest = z.object({
  app: folder.optional(),
  environment: folder.optional(),
  rollout: name.optional(),
  actor: name,
});
/** Or `*`, for every job of the app. */
export const secretScope = z.union([folder, z.literal(repositoryScope)]);
/** See api.ts. */
export const secretRequest = z.object({
  app: folder,
  environment: secretScope,
  name,
  value: z.string(),
  actor: name,
});
