import { namesUsed } from '../../expressions/index.ts';
import { report, type StepRule } from './rule.ts';
import { expressionsIn, placeIn } from './texts.ts';

/** A script prints a secret into the log: only a plain `echo` or `printf` that nothing takes up is sure to. */
export const printedSecrets: StepRule = ({ steps }, { source }) =>
  steps.flatMap((step) => {
    if (step.kind !== 'run') return [];
    const { text, at } = step.run;
    let from = 0;
    return text.split('\n').flatMap((line) => {
      const start = from;
      from += line.length + 1;
      if (!/^\s*(?:echo|printf)\s/.test(line) || /[|>`&;]|\$\(|::add-mask::/.test(line)) return [];
      const secret = expressionsIn({ text: line, at }, source)
        .flatMap(({ expression }) => (expression.kind === 'index' ? namesUsed(expression).references : []))
        .find(({ context }) => context === 'secrets');
      if (!secret) return [];
      const name = `secrets.${secret.path[0] ?? '*'}`;
      const place = placeIn(step.run, start + line.search(/\S/), start + line.trimEnd().length, source);
      const help = 'remove the line; what must be looked at is better tested for: test -n "$NAME"';
      const message = `this prints \`${name}\` into the log, where only its mask hides it`;
      return [report('warning', 'printed-secret', message, place, { help })];
    });
  });
