import type { LogLine, RolloutView, ShipView } from '../wiring/index.ts';
import type { CliContext, CommonOptions } from './context.ts';
import { LiveBlock } from './render/live-block.ts';
import { logLineText, rolloutTransitions, shipTransitions } from './render/ship-plain.ts';
import { rolloutTree, shipTree, type Screen } from './render/ship-tree.ts';
import { lookOf, print, type Terminal } from './terminal.ts';

/** Shows something under way, in the way that suits where the words go. */
export interface Display<View> {
  show(view: View): void;
  /** A sentence beside it, such as that the server does not answer. */
  note(text: string): void;
  line(line: LogLine): void;
  /** Leaves the last state standing. Nothing may be shown after it. */
  end(): void;
}

interface Ways<View> {
  tree: (view: View, screen: Screen) => string[];
  transitions: (before: View | null, after: View) => string[];
}

/** Ten a second at most. */
const redrawEveryMs = 100;

export function shipDisplay(
  context: CliContext,
  options: CommonOptions & { plain?: boolean },
): Display<ShipView> {
  return displayWith(context, options, { tree: shipTree, transitions: shipTransitions });
}

export function rolloutDisplay(context: CliContext, options: CommonOptions): Display<RolloutView> {
  return displayWith(context, options, { tree: rolloutTree, transitions: rolloutTransitions });
}

function displayWith<View>(
  context: CliContext,
  options: CommonOptions & { plain?: boolean },
  ways: Ways<View>,
): Display<View> {
  if (options.json) return jsonDisplay(context);
  return context.out.live && !options.plain ? liveDisplay(context, ways) : plainDisplay(context, ways);
}

function jsonDisplay<View>(context: CliContext): Display<View> {
  return {
    show: (view) => print(context.out, [JSON.stringify(view)]),
    note: (text) => print(context.err, [text]),
    line: () => {},
    end: () => {},
  };
}

function plainDisplay<View>(context: CliContext, { transitions }: Ways<View>): Display<View> {
  let last: View | null = null;
  return {
    show: (view) => {
      print(context.out, transitions(last, view));
      last = view;
    },
    note: (text) => print(context.err, [text]),
    line: (line) => print(context.out, [logLineText(line)]),
    end: () => {},
  };
}

function liveDisplay<View>(context: CliContext, { tree }: Ways<View>): Display<View> {
  const terminal: Terminal = context.out;
  const block = new LiveBlock();
  let last: View | null = null;
  let beside: string | null = null;
  const lines = (rows: number) =>
    last === null ? [] : tree(last, { ...lookOf(terminal), rows, nowMs: context.nowMs() });
  const draw = () => {
    // The line below the block is where the cursor stands; one more may be taken by the note.
    const room = Math.max(1, terminal.rows() - 1 - (beside === null ? 0 : 1));
    terminal.write(block.draw([...lines(room), ...(beside === null ? [] : [beside])], terminal.columns()));
  };
  const timer = setInterval(draw, redrawEveryMs);
  return {
    show: (view) => {
      last = view;
      beside = null;
    },
    note: (text) => {
      beside = text;
    },
    line: () => {},
    end: () => {
      clearInterval(timer);
      // Drawn over the last frame: taking that away first would leave a copy in the history of some terminals.
      terminal.write(block.draw(lines(Number.MAX_SAFE_INTEGER), terminal.columns()) + block.leave());
    },
  };
}
