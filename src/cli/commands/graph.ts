import { outLook, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { graphDot, graphMermaid } from '../graph/graph-charts.ts';
import { graphText } from '../graph/graph-text.ts';
import { readGraphs, type WorkflowGraph } from '../graph/workflow-graph.ts';
import { filesOfTree, namedFiles, treeRoot } from '../lint-files.ts';
import { troubleText } from '../mistake.ts';
import { print } from '../terminal.ts';
import { unreachable } from '../../diagnostics/index.ts';
import type { Look } from '../render/text.ts';

type Format = 'text' | 'mermaid' | 'dot' | 'json';

interface GraphOptions extends CommonOptions {
  format?: Format;
}

/** Draws the jobs of the workflows that lie in the tree, or of those named; needs no git. */
export function graph(context: CliContext, options: GraphOptions): Promise<number> {
  const root = treeRoot(context.cwd);
  const named = options.words ?? [];
  const files = named.length > 0 ? namedFiles(named, context.cwd, root) : filesOfTree(root);
  const { graphs, findings, sources } = readGraphs(
    files.filter(({ kind }) => kind === 'workflow'),
    root,
  );
  const format = options.json ? 'json' : (options.format ?? 'text');
  print(context.out, drawn(graphs, format, outLook(context)));
  if (findings.length === 0) return Promise.resolve(exitCodes.done);
  context.err.write(troubleText({ findings, sources, exitCode: exitCodes.usage }, context.err.color));
  return Promise.resolve(exitCodes.usage);
}

function drawn(graphs: readonly WorkflowGraph[], format: Format, look: Look): string[] {
  switch (format) {
    case 'text':
      return graphs.length > 0 ? graphText(graphs, look) : ['there are no workflows here to draw'];
    case 'mermaid':
      return graphMermaid(graphs);
    case 'dot':
      return graphDot(graphs);
    case 'json':
      return graphs.map((one) => JSON.stringify(one));
    default:
      return unreachable(format);
  }
}
