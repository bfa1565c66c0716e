/** What stands between `$` and the end of a reference, and what came of it. */
export type Trouble =
  /** Not a reference: a lone `$`, an open brace, a name that is none. */
  | { kind: 'bad-reference'; text: string }
  /** `${NAME?message}` and the variable is not there. */
  | { kind: 'required'; name: string; reason: string; text: string }
  /** Plain reference to a variable that is not there: empty. */
  | { kind: 'unset'; name: string; text: string };

/** Finds the value of a variable. */
export type Lookup = (name: string) => string | undefined;

const nameStart = /[A-Za-z_]/;
const wholeName = /[A-Za-z0-9_]/;
const operators = [':-', ':?', ':+', '-', '?', '+'] as const;

/** Nesting of `${a:-${b:-…}}` beyond which a template is refused. */
const deepest = 50;

/**
 * Puts variables into a text: `$V`, `${V}` and `${V<operator>word}` with the operators `:-`, `-` (default), `:?`, `?`
 * (required) and `:+`, `+` (alternative); words may hold references; `$$` is a dollar sign.
 *
 * @see Compose Specification, "Interpolation"
 */
export function interpolate(
  template: string,
  lookup: Lookup,
  onTrouble: (trouble: Trouble) => void,
  depth = 0,
): string {
  let text = '';
  let from = 0;
  for (;;) {
    const dollar = template.indexOf('$', from);
    if (dollar === -1) return text + template.slice(from);
    text += template.slice(from, dollar);
    const end = referenceEnd(template, dollar);
    const reference = template.slice(dollar, end);
    text += resolve(reference, lookup, onTrouble, depth);
    from = end;
  }
}

/** End of the reference that starts at a dollar sign. */
function referenceEnd(template: string, dollar: number): number {
  const next = template[dollar + 1];
  if (next === '$') return dollar + 2;
  if (next === '{') return bracesEnd(template, dollar);
  let end = dollar + 1;
  if (next === undefined || !nameStart.test(next)) return Math.min(end + 1, template.length);
  while (wholeName.test(template[end] ?? '')) end++;
  return end;
}

/** Braces nest where `${` opens them; an open one reaches to the end of the text. */
function bracesEnd(template: string, dollar: number): number {
  let open = 0;
  for (let index = dollar; index < template.length; index++) {
    if (template.startsWith('${', index)) {
      open++;
      index++;
    } else if (template[index] === '}' && --open === 0) return index + 1;
  }
  return template.length;
}

function resolve(
  reference: string,
  lookup: Lookup,
  onTrouble: (trouble: Trouble) => void,
  depth: number,
): string {
  if (reference === '$$') return '$';
  const bad = (): string => {
    onTrouble({ kind: 'bad-reference', text: reference });
    return '';
  };
  if (!reference.startsWith('${')) {
    const name = reference.slice(1);
    return nameStart.test(name[0] ?? '') ? plainReference(name, reference, lookup, onTrouble) : bad();
  }
  const inner = /^\$\{([A-Za-z_][A-Za-z0-9_]*)([^]*)\}$/.exec(reference);
  if (!inner || depth > deepest) return bad();
  const [, name = '', rest = ''] = inner;
  if (rest === '') return plainReference(name, reference, lookup, onTrouble);
  const operator = operators.find((candidate) => rest.startsWith(candidate));
  if (operator === undefined) return bad();
  const word = () => interpolate(rest.slice(operator.length), lookup, onTrouble, depth + 1);
  const value = lookup(name);
  const there = value !== undefined && (value !== '' || !operator.startsWith(':'));
  if (operator.endsWith('+')) return there ? word() : '';
  if (there) return value;
  if (operator.endsWith('-')) return word();
  onTrouble({ kind: 'required', name, reason: word(), text: reference });
  return '';
}

function plainReference(
  name: string,
  text: string,
  lookup: Lookup,
  onTrouble: (trouble: Trouble) => void,
): string {
  const value = lookup(name);
  if (value === undefined) onTrouble({ kind: 'unset', name, text });
  return value ?? '';
}
