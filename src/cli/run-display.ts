import type { LocalLine, LocalView } from '../local/index.ts';
import type { CliContext } from './context.ts';
import { LiveBlock } from './render/live-block.ts';
import { RunPlain } from './render/run-plain.ts';
import { runTree } from './render/run-tree.ts';
import { fitTo } from './render/text.ts';
import { lookOf, print } from './terminal.ts';

/** Shows a local run while it goes on. */
export interface RunDisplay {
  changed(view: () => LocalView): void;
  lines(lines: readonly LocalLine[], view: () => LocalView): void;
  /** A sentence beside it. */
  note(text: string): void;
  /** Takes the drawing away until `resume`, for somebody else who needs the terminal. */
  suspend(): void;
  resume(): void;
  /** Leaves the last state standing. Nothing may be shown after it. */
  end(view: LocalView | null): void;
}

/** Twelve a second. */
const redrawEveryMs = 80;

/** The way that suits where the words go. */
export function runDisplay(context: CliContext, flags: { json?: boolean; verbose?: boolean }): RunDisplay {
  if (flags.json) return jsonDisplay(context);
  return context.out.live && !flags.verbose ? liveDisplay(context) : plainDisplay(context);
}

function jsonDisplay(context: CliContext): RunDisplay {
  const write = (kind: string, data: object) => print(context.out, [JSON.stringify({ kind, ...data })]);
  let last = '';
  return {
    changed: (view) => {
      const { finishedAtMs: _, ...now } = view();
      const text = JSON.stringify(now);
      if (text !== last) print(context.out, [`{"kind":"run",${text.slice(1)}`]);
      last = text;
    },
    lines: (lines) => lines.forEach((line) => write('line', line)),
    note: (text) => print(context.err, [text]),
    suspend: () => {},
    resume: () => {},
    end: (view) => {
      if (view) write('run', view);
    },
  };
}

function plainDisplay(context: CliContext): RunDisplay {
  const plain = new RunPlain(lookOf(context.out));
  return {
    changed: (view) => print(context.out, plain.changes(view())),
    lines: (lines, view) => print(context.out, plain.lines(view(), lines)),
    note: (text) => print(context.err, [text]),
    suspend: () => {},
    resume: () => {},
    end: (view) => {
      if (view) print(context.out, plain.changes(view));
    },
  };
}

function liveDisplay(context: CliContext): RunDisplay {
  const terminal = context.out;
  const block = new LiveBlock();
  const lastLines = new Map<string, LocalLine>();
  let latest: (() => LocalView) | null = null;
  let isSuspended = false;
  let note: string | null = null;
  const frame = (view: LocalView, rows: number) =>
    runTree(view, { ...lookOf(terminal), rows, nowMs: context.nowMs() }, lastLines);
  const draw = () => {
    if (!latest || isSuspended) return;
    const beside = note === null ? [] : [fitTo(note, terminal.columns())];
    const room = Math.max(1, terminal.rows() - 1 - beside.length);
    terminal.write(block.draw([...frame(latest(), room), ...beside], terminal.columns()));
  };
  const timer = setInterval(draw, redrawEveryMs);
  return {
    changed: (view) => {
      const isFirst = latest === null;
      latest = view;
      if (isFirst) draw();
    },
    lines: (lines) => lines.forEach((line) => lastLines.set(`${line.run}/${line.job}`, line)),
    note: (text) => {
      note = text;
      draw();
    },
    suspend: () => {
      isSuspended = true;
      terminal.write(block.clear(terminal.columns()));
    },
    resume: () => {
      isSuspended = false;
    },
    end: (view) => {
      clearInterval(timer);
      // Drawn over the last frame: taking that away first would leave a copy in the history of some terminals.
      if (view)
        terminal.write(block.draw(frame(view, Number.MAX_SAFE_INTEGER), terminal.columns()) + block.leave());
      else terminal.write(block.clear(terminal.columns()));
    },
  };
}
