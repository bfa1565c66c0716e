import type { FileGrant } from './model.ts';
import { anyText, fields, fileMode, text } from './shapes.ts';
import type { Shape } from './shapes.ts';

const longForm = fields(
  { source: text, target: text, uid: anyText, gid: anyText, mode: fileMode },
  { of: 'a secret or config of a service' },
);

/** One item of `secrets` or `configs` of a service; `folder` is where a file stands that names no absolute path. */
export function grant(folder: string): Shape<FileGrant> {
  return (tree, path, findings) => {
    const read =
      tree.kind === 'map' ? longForm(tree, path, findings) : { source: text(tree, path, findings) };
    if (read === undefined) return undefined;
    const { source, target, uid, gid, mode } = {
      target: undefined,
      uid: null,
      gid: null,
      mode: null,
      ...read,
    };
    if (source === undefined) {
      if (tree.kind === 'map' && !tree.entries.has('source'))
        findings.error('compose/missing-key', `${path} has no source`, tree.at, {
          help: 'add "source: NAME"',
        });
      return undefined;
    }
    const name = target ?? source;
    return { source, target: name.startsWith('/') ? name : `${folder}${name}`, uid, gid, mode, at: tree.at };
  };
}
